//! A part of a recording: what was heard in each track, when it is asked where the device is, and where it truly was.

use std::collections::BTreeMap;

use model::floor::Point;
use model::ids::ReceiverId;
use model::time::{Millis, Timestamp};

use crate::names;
use crate::table::{Column, Error, Row, Table};

/// When every track begins: the last millisecond of a half second, so that a question at a whole second comes as a window ends.
pub const START: Timestamp = Timestamp(1_700_000_000_499);

/// Nothing is asked in the first seconds of a piece, as recordings ask nothing in the first ones of a track.
const SILENT_S: f64 = 3.0;
/// Latest moment of a track, in seconds: a recording is no calendar.
const SECONDS_MAX: f64 = 1e7;

/// A frame that was heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// When, in seconds from the start of its track.
    pub t: f64,
    /// By which receiver; or, where phones hear beacons, of which beacon.
    pub receiver: ReceiverId,
    /// How strong, in dBm.
    pub rssi: f32,
}

/// A question: where is the device now?
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Its name.
    pub sample: String,
    /// When, in seconds from the start of its track.
    pub t: f64,
}

/// Everything of one track, in the order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Track {
    /// Its name.
    pub name: String,
    /// The device, where the recording tells devices apart; else empty.
    pub device: String,
    /// What was heard.
    pub frames: Vec<Frame>,
    /// What is asked.
    pub queries: Vec<Query>,
}

/// Where a device truly was when it was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The question's name.
    pub sample: String,
    /// Its track.
    pub track: String,
    /// When, in seconds from the start of its track.
    pub t: f64,
    /// Where, if that is told: of some walks only the path is known.
    pub point: Option<Point>,
    /// In which zone, as the recording names it; empty in none.
    pub zone: String,
    /// On which floor, where the recording names floors.
    pub floor: Option<String>,
}

/// A part of a recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// Its tracks, by name.
    pub tracks: Vec<Track>,
    /// The truth, in the order of its file; empty where it is not told.
    pub truth: Vec<Truth>,
    /// Frames left out because no radio gives such a strength; 127 is how some say that they do not know.
    pub implausible: usize,
}

/// A moment of a track on the clock of the play.
#[must_use]
pub fn moment(t: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a track's seconds are bounded when they are read")]
    let ms = (t * 1_000.0).round() as i64;
    START + Millis(ms)
}

impl Part {
    /// Reads `rssi.csv`, `queries.csv` and perhaps `truth.csv`.
    ///
    /// # Errors
    /// [`Error`] names file, line and column of the first thing that is wrong.
    pub fn parse(rssi: &str, queries: &str, truth: Option<&str>) -> Result<Self, Error> {
        let mut tracks = Tracks::default();
        tracks.read_frames("rssi.csv", rssi, "track")?;
        tracks.read_queries(queries)?;
        let truth = truth.map_or_else(|| Ok(Vec::new()), read_truth)?;
        Ok(Self { implausible: tracks.implausible, tracks: tracks.finish(), truth })
    }

    /// Reads frames that nobody labelled: `rssi.csv`, and of `survey_raw120s.csv`, where there is one, all but the places.
    ///
    /// # Errors
    /// [`Error`] names file, line and column of the first thing that is wrong.
    pub fn unlabelled(rssi: &str, raw: Option<&str>) -> Result<Self, Error> {
        let mut tracks = Tracks::default();
        tracks.read_frames("rssi.csv", rssi, "track")?;
        if let Some(raw) = raw {
            tracks.read_frames("survey_raw120s.csv", raw, "point")?;
        }
        Ok(Self { implausible: tracks.implausible, tracks: tracks.finish(), truth: Vec::new() })
    }

    /// Reads the first minutes of each survey point as a track on which nothing moves, asked every ten seconds.
    /// `zone_at` names the zone at a place.
    ///
    /// # Errors
    /// [`Error`] names file, line and column of the first thing that is wrong.
    pub fn still(survey_raw: &str, zone_at: impl Fn(Point) -> String) -> Result<Self, Error> {
        let file = "survey_raw120s.csv";
        let mut tracks = Tracks::default();
        tracks.read_frames(file, survey_raw, "point")?;
        let table = Table::parse(file, survey_raw)?;
        let [point, x, y] = [table.column("point")?, table.column("x")?, table.column("y")?];
        let mut places: BTreeMap<&str, Point> = BTreeMap::new();
        for row in table.rows() {
            if !places.contains_key(row.text(point)) {
                places.insert(row.text(point), Point { x: row.number(x)?, y: row.number(y)? });
            }
        }
        let mut part = Self { implausible: tracks.implausible, tracks: tracks.finish(), truth: Vec::new() };
        for track in &mut part.tracks {
            let (Some(place), Some(last)) = (places.get(track.name.as_str()), track.frames.last()) else { continue };
            let mut t = 10.0;
            while t <= last.t + 1.0 {
                let sample = format!("{}_{t:03}", track.name);
                let (track_name, zone) = (track.name.clone(), zone_at(*place));
                let truth =
                    Truth { sample: sample.clone(), track: track_name, t, point: Some(*place), zone, floor: None };
                part.truth.push(truth);
                track.queries.push(Query { sample, t });
                t += 10.0;
            }
        }
        Ok(part)
    }

    /// The tracks whose names are chosen, with their truth.
    #[must_use]
    pub fn only(&self, chosen: impl Fn(&str) -> bool) -> Self {
        Self {
            tracks: self.tracks.iter().filter(|track| chosen(&track.name)).cloned().collect(),
            truth: self.truth.iter().filter(|truth| chosen(&truth.track)).cloned().collect(),
            implausible: 0,
        }
    }

    /// The same cut into pieces of so many seconds, each a track of its own that begins with them.
    #[must_use]
    pub fn pieces(&self, seconds: f64) -> Self {
        let name = |track: &str, t: f64| format!("{track} {:03}", (t / seconds).floor());
        let within = |t: f64| t.rem_euclid(seconds);
        let asked = |t: f64| within(t) >= SILENT_S;
        let mut tracks: BTreeMap<String, Track> = BTreeMap::new();
        for Track { name: whole, device, frames, queries } in &self.tracks {
            let piece = |name: &String| Track { name: name.clone(), device: device.clone(), ..Track::default() };
            for frame in frames {
                let track = tracks.entry(name(whole, frame.t)).or_insert_with_key(piece);
                track.frames.push(Frame { t: within(frame.t), ..frame.clone() });
            }
            for query in queries.iter().filter(|query| asked(query.t)) {
                let track = tracks.entry(name(whole, query.t)).or_insert_with_key(piece);
                track.queries.push(Query { t: within(query.t), ..query.clone() });
            }
        }
        let truth = self.truth.iter().filter(|truth| asked(truth.t));
        let truth =
            truth.map(|truth| Truth { track: name(&truth.track, truth.t), t: within(truth.t), ..truth.clone() });
        Self { truth: truth.collect(), tracks: tracks.into_values().collect(), implausible: self.implausible }
    }

    /// The track with this name.
    #[must_use]
    pub fn track(&self, name: &str) -> Option<&Track> {
        let place = self.tracks.binary_search_by(|track| track.name.as_str().cmp(name)).ok()?;
        Some(&self.tracks[place])
    }
}

impl Track {
    /// The frames with `from` <= t < `to`.
    #[must_use]
    pub fn between(&self, from: f64, to: f64) -> &[Frame] {
        let place = |t: f64| self.frames.partition_point(|frame| frame.t < t);
        &self.frames[place(from)..place(to).max(place(from))]
    }

    /// The frames of the last `seconds` before `t`, `t` itself included.
    #[must_use]
    pub fn before(&self, t: f64, seconds: f64) -> &[Frame] {
        let from = self.frames.partition_point(|frame| frame.t <= t - seconds);
        let to = self.frames.partition_point(|frame| frame.t <= t);
        &self.frames[from..to.max(from)]
    }
}

#[derive(Default)]
struct Tracks {
    tracks: BTreeMap<String, Track>,
    receivers: BTreeMap<String, ReceiverId>,
    implausible: usize,
}

impl Tracks {
    fn read_frames(&mut self, file: &str, text: &str, key: &str) -> Result<(), Error> {
        let table = Table::parse(file, text)?;
        let [track, t, rx, rssi] = [table.column(key)?, table.column("t")?, table.column("rx")?, table.column("rssi")?];
        let device = device_column(&table);
        for row in table.rows() {
            let receiver = self.receiver(row.name(rx)?);
            let (t, rssi) = (seconds(row, t)?, row.number(rssi)?);
            let track = self.track(row.name(track)?, device.map(|device| row.text(device)));
            match strength(rssi) {
                Some(rssi) => track.frames.push(Frame { t, receiver, rssi }),
                None => self.implausible += 1,
            }
        }
        Ok(())
    }

    fn read_queries(&mut self, text: &str) -> Result<(), Error> {
        let table = Table::parse("queries.csv", text)?;
        let [sample, track, t] = [table.column("sample_id")?, table.column("track")?, table.column("t")?];
        let device = device_column(&table);
        for row in table.rows() {
            let query = Query { sample: row.name(sample)?.to_owned(), t: seconds(row, t)? };
            self.track(row.name(track)?, device.map(|device| row.text(device))).queries.push(query);
        }
        Ok(())
    }

    fn receiver(&mut self, name: &str) -> ReceiverId {
        if let Some(known) = self.receivers.get(name) {
            return known.clone();
        }
        self.receivers.entry(name.to_owned()).or_insert_with(|| names::receiver(name)).clone()
    }

    fn track(&mut self, name: &str, device: Option<&str>) -> &mut Track {
        if !self.tracks.contains_key(name) {
            self.tracks.insert(name.to_owned(), Track { name: name.to_owned(), ..Track::default() });
        }
        let track = self.tracks.get_mut(name).expect("it was put there");
        if let Some(device) = device.filter(|_| track.device.is_empty()) {
            device.clone_into(&mut track.device);
        }
        track
    }

    fn finish(self) -> Vec<Track> {
        let mut tracks: Vec<Track> = self.tracks.into_values().collect();
        for track in &mut tracks {
            track.frames.sort_by(|a, b| a.t.total_cmp(&b.t));
            track.queries.sort_by(|a, b| a.t.total_cmp(&b.t));
        }
        tracks
    }
}

fn device_column(table: &Table<'_>) -> Option<Column> {
    table.optional("phone").or_else(|| table.optional("device"))
}

/// Reads `truth.csv`.
///
/// # Errors
/// [`Error`] names line and column of the first thing that is wrong.
pub fn read_truth(text: &str) -> Result<Vec<Truth>, Error> {
    let table = Table::parse("truth.csv", text)?;
    let [sample, track, t] = [table.column("sample_id")?, table.column("track")?, table.column("t")?];
    let place = table.optional("x").zip(table.optional("y"));
    let (zone, floor) = (table.optional("zone"), table.optional("floor"));
    let read = |row: Row<'_>| {
        Ok(Truth {
            sample: row.name(sample)?.to_owned(),
            track: row.name(track)?.to_owned(),
            t: seconds(row, t)?,
            point: match place {
                Some((x, y)) if !(row.text(x).is_empty() && row.text(y).is_empty()) => {
                    Some(Point { x: row.number(x)?, y: row.number(y)? })
                }
                Some(_) | None => None,
            },
            zone: zone.map_or_else(String::new, |zone| row.text(zone).to_owned()),
            floor: floor.map(|floor| row.text(floor).to_owned()),
        })
    };
    table.rows().map(read).collect()
}

fn seconds(row: Row<'_>, column: Column) -> Result<f64, Error> {
    let t = row.number(column)?;
    if (-SECONDS_MAX..=SECONDS_MAX).contains(&t) {
        return Ok(t);
    }
    Err(row.error(column, format_args!("{t} is no time"), "write seconds from the start of the track"))
}

/// A strength as radios give it, in dBm.
fn strength(rssi: f64) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "a strength in dBm fits an f32")]
    (-127.0..=20.0).contains(&rssi).then_some(rssi as f32)
}

#[cfg(test)]
mod tests;

//! Surveys out of the labelled half of a recording: what was heard where.

use std::collections::BTreeMap;

use model::floor::Point;
use model::ids::ReceiverId;
use model::survey::{Heard, Spot, Survey};

use crate::names;
use crate::part::{Frame, Part};
use crate::set::Set;
use crate::table::{Error, Table};

/// The power at 1 m that every frame of a recording claims, in dBm.
pub const CLAIM: f64 = -59.0;
/// How long a tag stood on each point of a histogram, in seconds.
const POINT_SECONDS: f64 = 1_800.0;
/// What is heard within this time around a labelled moment of a walk belongs to it, in seconds.
const MOMENT: f64 = 1.0;

/// The sum of the strengths and the frames, by receiver.
type Sums = BTreeMap<ReceiverId, (f64, u32)>;

/// The labelled files of a recording, as far as it has them.
#[derive(Debug, Clone, Default)]
pub struct Labelled {
    /// How often each strength was heard at each point where somebody stood.
    pub points: Vec<(String, Spot)>,
    /// Tracks with their truth.
    pub tracks: Part,
}

impl Labelled {
    /// Takes `survey_hist.csv` where there is one, and labelled tracks.
    ///
    /// # Errors
    /// [`Error`] names file, line and column of the first thing that is wrong.
    pub fn new(set: &Set, histogram: Option<&str>, tracks: Part) -> Result<Self, Error> {
        let points = histogram.map_or_else(|| Ok(Vec::new()), |text| read_points(set, text))?;
        Ok(Self { points, tracks })
    }
}

/// The survey made of the points where somebody stood; without any, of the labelled moments of the tracks.
/// `keep` chooses among points or tracks by name and place.
///
/// # Errors
/// When a label names a floor that the plan does not have.
pub fn survey(set: &Set, labelled: &Labelled, keep: impl Fn(&str, Point) -> bool) -> Result<Survey, Error> {
    if !labelled.points.is_empty() {
        let kept = labelled.points.iter().filter(|(name, spot)| keep(name, spot.point));
        return Ok(Survey { spots: kept.map(|(_, spot)| spot.clone()).collect() });
    }
    let mut spots = Vec::new();
    for truth in &labelled.tracks.truth {
        let Some(point) = truth.point.filter(|point| keep(&truth.track, *point)) else { continue };
        let Some(track) = labelled.tracks.track(&truth.track) else { continue };
        let floor = set.floor(truth.floor.as_deref().unwrap_or_default());
        let floor = floor.map_err(|problem| Error::of("truth.csv", problem, "name a floor of the plan"))?;
        let moving = track.frames.last().is_some_and(|frame| frame.t > 0.0);
        let frames =
            if moving { track.between(truth.t - MOMENT / 2.0, truth.t + MOMENT / 2.0) } else { &track.frames[..] };
        spots.push(Spot { floor, point, device: track.device.clone(), seconds: MOMENT, heard: heard(frames) });
    }
    Ok(Survey { spots })
}

/// What each receiver heard, on the mean.
pub(crate) fn heard(frames: &[Frame]) -> Vec<Heard> {
    let mut sums: BTreeMap<&ReceiverId, (f64, u32)> = BTreeMap::new();
    for frame in frames {
        let (sum, count) = sums.entry(&frame.receiver).or_default();
        *sum += f64::from(frame.rssi);
        *count += 1;
    }
    sums.into_iter().map(|(receiver, (sum, frames))| mean(receiver.clone(), sum, frames)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a level in dB fits an f32")]
fn mean(receiver: ReceiverId, sum: f64, frames: u32) -> Heard {
    Heard { receiver, level: (sum / f64::from(frames.max(1)) - CLAIM) as f32, frames }
}

fn read_points(set: &Set, text: &str) -> Result<Vec<(String, Spot)>, Error> {
    let file = "survey_hist.csv";
    let table = Table::parse(file, text)?;
    let [point, x, y] = [table.column("point")?, table.column("x")?, table.column("y")?];
    let [rx, rssi, count] = [table.column("rx")?, table.column("rssi")?, table.column("count")?];
    let mut places: BTreeMap<String, (Point, Sums)> = BTreeMap::new();
    for row in table.rows() {
        let place = Point { x: row.number(x)?, y: row.number(y)? };
        let frames: u32 = row.text(count).parse().map_err(|_| {
            row.error(count, format_args!("{:?} is not a count", row.text(count)), "write a whole number")
        })?;
        let (_, heard) = places.entry(row.name(point)?.to_owned()).or_insert_with(|| (place, Sums::new()));
        let (sum, total) = heard.entry(names::receiver(row.name(rx)?)).or_default();
        *sum += row.number(rssi)? * f64::from(frames);
        *total = total.saturating_add(frames);
    }
    let floor = set.floor("").map_err(|problem| Error::of(file, problem, "name the floor of each point"))?;
    let spot = |(point, heard): (Point, Sums)| Spot {
        floor: floor.clone(),
        point,
        device: String::new(),
        seconds: POINT_SECONDS,
        heard: heard.into_iter().map(|(receiver, (sum, frames))| mean(receiver, sum, frames)).collect(),
    };
    Ok(places.into_iter().map(|(name, place)| (name, spot(place))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::set::SetFiles;

    fn set() -> Set {
        let zones_csv = Some("zone,x0,y0,x1,y1\na,0,0,5,6\n".into());
        Set::parse(&SetFiles { zones_csv, ..SetFiles::default() }).expect("a place")
    }

    #[test]
    fn a_histogram_makes_a_spot_for_each_point() {
        let text =
            "point,x,y,z,rx,rssi,count\np,1,2,1,r1,-60,1\np,1,2,1,r1,-70,3\np,1,2,1,r2,-80,2\nq,3,4,1,r1,-59,9\n";
        let labelled = Labelled::new(&set(), Some(text), Part::default()).expect("points");
        let survey = survey(&set(), &labelled, |name, _| name != "q").expect("a survey");
        assert_eq!(survey.spots.len(), 1);
        let heard: Vec<(f32, u32)> = survey.spots[0].heard.iter().map(|heard| (heard.level, heard.frames)).collect();
        assert_eq!(heard, [(-8.5, 4), (-21.0, 2)]);
    }

    #[test]
    fn a_walk_makes_a_spot_for_each_labelled_moment() {
        let rssi = "track,t,rx,rssi\na,0.4,r1,-60\na,0.5,r1,-70\na,1.2,r1,-72\na,1.5,r1,-99\n";
        let truth = "sample_id,track,t,x,y,zone\na1,a,1,2,3,a\na9,a,9,2,3,a\n";
        let tracks = Part::parse(rssi, "sample_id,track,t\n", Some(truth)).expect("a part");
        let labelled = Labelled::new(&set(), None, tracks).expect("tracks");
        let survey = survey(&set(), &labelled, |_, _| true).expect("a survey");
        assert_eq!(survey.spots.iter().map(|spot| spot.heard.len()).collect::<Vec<_>>(), [1, 0]);
        assert_eq!((survey.spots[0].heard[0].level, survey.spots[0].heard[0].frames), (-12.0, 2));
    }
}

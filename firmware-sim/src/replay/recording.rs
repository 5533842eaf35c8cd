//! A recording's files: who heard what when, where receivers and zones are, and when to ask.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use model::ids::{ReceiverId, ZoneId};

/// Most lines of a file that are read.
const LINES_MAX: usize = 5_000_000;
/// Height of a receiver whose file does not say it, in metres.
const HEIGHT: f64 = 2.5;

/// A receiver.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Receiver {
    pub(super) id: ReceiverId,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) z: f64,
}

/// A zone, a box.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zone {
    pub(super) id: ZoneId,
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
}

/// A receiver heard the tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub(super) t: f64,
    pub(super) receiver: usize,
    pub(super) rssi: f64,
}

/// Ask now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) t: f64,
    pub(super) sample: String,
}

/// One walk of the tag.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Track {
    pub(super) name: String,
    /// Seconds of all tracks before it.
    pub(super) offset: f64,
    pub(super) rows: Vec<Row>,
    pub(super) queries: Vec<Query>,
}

/// A whole recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Recording {
    pub(super) receivers: Vec<Receiver>,
    pub(super) zones: Vec<Zone>,
    pub(super) tracks: Vec<Track>,
}

impl Recording {
    /// Reads `rssi.csv` and, if it is there, `queries.csv` of a folder; `receivers.csv` and `zones.csv` of its parent.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.canonicalize().with_context(|| format!("open {}", folder.display()))?;
        let parent = folder.parent().context("the folder has no parent with receivers.csv")?;
        let receivers = receivers(&Table::read(&parent.join("receivers.csv"))?)?;
        let zones = zones(&Table::read(&parent.join("zones.csv"))?)?;
        let mut tracks = tracks(&Table::read(&folder.join("rssi.csv"))?, &receivers)?;
        let queries = folder.join("queries.csv");
        if queries.exists() {
            add_queries(&Table::read(&queries)?, &mut tracks)?;
        }
        let mut offset = 0.0;
        for track in &mut tracks {
            track.rows.sort_by(|a, b| a.t.total_cmp(&b.t));
            track.queries.sort_by(|a, b| a.t.total_cmp(&b.t));
            track.offset = offset;
            offset += track.seconds();
        }
        Ok(Self { receivers, zones, tracks })
    }

    /// How long it lasts.
    pub(super) fn seconds(&self) -> f64 {
        self.tracks.last().map_or(0.0, |track| track.offset + track.seconds())
    }
}

impl Track {
    fn seconds(&self) -> f64 {
        let row = self.rows.last().map_or(0.0, |row| row.t);
        self.queries.last().map_or(row, |query| query.t.max(row))
    }
}

/// A file of comma-separated values with a header and without quotes.
struct Table {
    name: String,
    columns: BTreeMap<String, usize>,
    lines: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("read {name}"))?;
        let cut =
            |line: &str| line.trim_end_matches('\r').split(',').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let mut lines = text.lines().map(cut);
        let header = lines.next().with_context(|| format!("{name} is empty"))?;
        let columns = header.into_iter().enumerate().map(|(index, column)| (column, index)).collect();
        let lines: Vec<Vec<String>> = lines.filter(|line| line.len() > 1).take(LINES_MAX).collect();
        Ok(Self { name, columns, lines })
    }

    fn text<'a>(&self, line: usize, column: &str, cells: &'a [String]) -> anyhow::Result<&'a str> {
        let found = self.columns.get(column).and_then(|index| cells.get(*index));
        found
            .map(String::as_str)
            .with_context(|| format!("{} line {}: the column {column} is missing", self.name, line + 2))
    }

    fn number(&self, line: usize, column: &str, cells: &[String]) -> anyhow::Result<f64> {
        let text = self.text(line, column, cells)?;
        match text.parse() {
            Ok(number) if f64::is_finite(number) => Ok(number),
            Ok(_) | Err(_) => bail!("{} line {}: {column} is {text:?}, not a number", self.name, line + 2),
        }
    }

    fn each(&self) -> impl Iterator<Item = (usize, &Vec<String>)> {
        self.lines.iter().enumerate()
    }
}

fn receivers(table: &Table) -> anyhow::Result<Vec<Receiver>> {
    let receiver = |(line, cells): (usize, &Vec<String>)| {
        let id = ReceiverId::new(table.text(line, "rx", cells)?).with_context(|| format!("{}: rx", table.name))?;
        let z = if table.columns.contains_key("z") { table.number(line, "z", cells)? } else { HEIGHT };
        Ok(Receiver { id, x: table.number(line, "x", cells)?, y: table.number(line, "y", cells)?, z })
    };
    table.each().map(receiver).collect()
}

fn zones(table: &Table) -> anyhow::Result<Vec<Zone>> {
    let zone = |(line, cells): (usize, &Vec<String>)| {
        let id = ZoneId::new(table.text(line, "zone", cells)?).with_context(|| format!("{}: zone", table.name))?;
        let corner = |x, y| Ok([table.number(line, x, cells)?, table.number(line, y, cells)?]) as anyhow::Result<_>;
        Ok(Zone { id, low: corner("x0", "y0")?, high: corner("x1", "y1")? })
    };
    table.each().map(zone).collect()
}

/// Tracks in the order in which the file names them first. Rows of receivers without a place are left out.
fn tracks(table: &Table, receivers: &[Receiver]) -> anyhow::Result<Vec<Track>> {
    let mut tracks: Vec<Track> = Vec::new();
    let places: BTreeMap<&str, usize> = receivers.iter().enumerate().map(|(i, r)| (r.id.as_str(), i)).collect();
    for (line, cells) in table.each() {
        let name = table.text(line, "track", cells)?;
        let Some(receiver) = places.get(table.text(line, "rx", cells)?) else { continue };
        let row =
            Row { t: table.number(line, "t", cells)?, receiver: *receiver, rssi: table.number(line, "rssi", cells)? };
        match tracks.iter_mut().rfind(|track| track.name == name) {
            Some(track) => track.rows.push(row),
            None => tracks.push(Track { name: name.to_owned(), rows: vec![row], ..Track::default() }),
        }
    }
    if tracks.is_empty() {
        bail!("{} holds no row of a receiver in receivers.csv", table.name);
    }
    Ok(tracks)
}

fn add_queries(table: &Table, tracks: &mut [Track]) -> anyhow::Result<()> {
    for (line, cells) in table.each() {
        let name = table.text(line, "track", cells)?;
        let query =
            Query { t: table.number(line, "t", cells)?, sample: table.text(line, "sample_id", cells)?.to_owned() };
        if let Some(track) = tracks.iter_mut().find(|track| track.name == name) {
            track.queries.push(query);
        }
    }
    Ok(())
}

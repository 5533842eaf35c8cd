//! Plays the labelled part of a position recording through the shop machine on virtual time, and writes where it believed
//! the tag to be at each query. `score_positions.py` beside the recordings scores the file.
//!
//! `positions DIR OUT [survey]`: DIR holds `receivers.csv`, `zones.csv` and `dev/`; with `survey` the points of
//! `dev/survey_raw120s.csv` are the tracks, and their truth is written beside OUT.

#![expect(
    clippy::disallowed_methods,
    reason = "the machine under test is pure; this program around it reads files and its stop-watch"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::shop::{Config, Input, Shop};
use model::ids::{ReceiverId, StoreId, TagId, ZoneId};
use model::position::Position;
use model::shop::Shop as Plan;
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::units::Dbm;

/// When every track begins.
const START: Timestamp = Timestamp(1_700_000_000_000);
/// Another zone must be so much likelier than the last answer to become the answer.
const MARGIN: f64 = 0.15;

type Row = BTreeMap<String, String>;
type Failure = Box<dyn Error>;

struct Query {
    id: String,
    at: Timestamp,
}

#[derive(Default)]
struct Track {
    heard: Vec<(Timestamp, ReceiverId, Dbm)>,
    queries: Vec<Query>,
}

#[derive(Default)]
struct Cost {
    sightings: usize,
    queries: usize,
    spent: Duration,
    slowest: Duration,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/positions/tetam");
    let dir = arguments.next().map_or(default, PathBuf::from);
    let out = PathBuf::from(arguments.next().unwrap_or_else(|| "positions.csv".into()));
    let survey = arguments.next().as_deref() == Some("survey");
    let plan = Arc::new(plan(&dir)?);
    let tracks = if survey { survey_tracks(&dir, &plan, &out)? } else { drive_tracks(&dir)? };
    let mut cost = Cost::default();
    let mut answers = String::from("sample_id,x,y,zone\n");
    for track in tracks.values() {
        play(track, &plan, &mut answers, &mut cost)?;
    }
    std::fs::write(&out, answers)?;
    let each = cost.spent / u32::try_from(cost.queries.max(1))?;
    writeln!(
        std::io::stdout(),
        "{} sightings, {} queries; {each:?} of computing between two queries, {:?} at most",
        cost.sightings,
        cost.queries,
        cost.slowest
    )?;
    Ok(())
}

/// Feeds a track in the order of time and answers each query from what was heard before it.
fn play(track: &Track, plan: &Arc<Plan>, answers: &mut String, cost: &mut Cost) -> Result<(), Failure> {
    let subject = Subject::Tag(TagId::new("tag")?);
    let mut shop = Shop::new(Config::new(StoreId::new("recorded")?), 7);
    shop.handle(Input::Plan(Arc::clone(plan)), START);
    let mut heard = track.heard.iter().peekable();
    let mut zone = None;
    for query in &track.queries {
        let begun = Instant::now();
        while let Some((at, receiver, rssi)) = heard.next_if(|(at, _, _)| *at <= query.at) {
            let sighting = sighting(*at, receiver, *rssi);
            shop.handle(Input::Sighting { subject: subject.clone(), sighting }, *at);
            cost.sightings += 1;
        }
        let position = shop.position(&subject, query.at);
        let spent = begun.elapsed();
        cost.spent += spent;
        cost.slowest = cost.slowest.max(spent);
        cost.queries += 1;
        let Some(position) = position else { continue };
        zone = answer(&position, zone);
        let name = zone.as_ref().map_or("", ZoneId::as_str);
        writeln!(answers, "{},{:.3},{:.3},{name}", query.id, position.point.x, position.point.y)?;
    }
    Ok(())
}

fn sighting(at: Timestamp, receiver: &ReceiverId, rssi: Dbm) -> Sighting {
    Sighting {
        receiver: receiver.clone(),
        transmitter: Transmitter::Beacon { uuid: [0; 16], major: 1, minor: 1 },
        at,
        window: Millis::ZERO,
        count: 1,
        rssi: RssiSummary { mean: rssi, min: rssi, max: rssi, variance: None },
        power_at_1m: None,
    }
}

/// The likeliest zone, unless the last answer is nearly as likely.
fn answer(position: &Position, last: Option<ZoneId>) -> Option<ZoneId> {
    let belief = |zone: &ZoneId| position.zones.iter().find(|(other, _)| other == zone).map_or(0.0, |(_, p)| p.get());
    let Some((best, p)) = position.zones.first() else { return last };
    match last {
        Some(last) if p.get() <= belief(&last) + MARGIN => Some(last),
        Some(_) | None => Some(best.clone()),
    }
}

fn drive_tracks(dir: &Path) -> Result<BTreeMap<String, Track>, Failure> {
    let mut tracks: BTreeMap<String, Track> = BTreeMap::new();
    for row in rows(&dir.join("dev/rssi.csv"))? {
        tracks.entry(text(&row, "track")?).or_default().heard.push(heard(&row)?);
    }
    for row in rows(&dir.join("dev/queries.csv"))? {
        let query = Query { id: text(&row, "sample_id")?, at: START + span(&row, "t")? };
        tracks.entry(text(&row, "track")?).or_default().queries.push(query);
    }
    sort(&mut tracks);
    Ok(tracks)
}

/// Each survey point as a track of two minutes on which nothing moves, asked every ten seconds.
fn survey_tracks(dir: &Path, plan: &Plan, out: &Path) -> Result<BTreeMap<String, Track>, Failure> {
    let index = locate::zones::ZoneIndex::of(plan);
    let floor = plan.floors.first().ok_or("the plan has no floor")?;
    let mut tracks: BTreeMap<String, Track> = BTreeMap::new();
    let mut truth = String::from("sample_id,track,t,x,y,zone\n");
    for row in rows(&dir.join("dev/survey_raw120s.csv"))? {
        let name = text(&row, "point")?;
        let point = model::floor::Point { x: number(&row, "x")?, y: number(&row, "y")? };
        let track = tracks.entry(name.clone()).or_default();
        if track.heard.is_empty() {
            let zone = index.at(&floor.id, point).first().map_or(String::new(), |zone| zone.id.to_string());
            for t in (10..=120).step_by(10) {
                let id = format!("{name}_{t:03}");
                writeln!(truth, "{id},{name},{t},{},{},{zone}", point.x, point.y)?;
                track.queries.push(Query { id, at: START + Millis::seconds(t) });
            }
        }
        track.heard.push(heard(&row)?);
    }
    std::fs::write(out.with_extension("truth.csv"), truth)?;
    sort(&mut tracks);
    Ok(tracks)
}

fn sort(tracks: &mut BTreeMap<String, Track>) {
    for track in tracks.values_mut() {
        track.heard.sort_by_key(|(at, _, _)| *at);
        track.queries.sort_by_key(|query| query.at);
    }
}

fn heard(row: &Row) -> Result<(Timestamp, ReceiverId, Dbm), Failure> {
    #[expect(clippy::cast_possible_truncation, reason = "a signal strength in dBm fits an f32")]
    let rssi = Dbm(number(row, "rssi")? as f32);
    Ok((START + span(row, "t")?, ReceiverId::new(&text(row, "rx")?)?, rssi))
}

fn plan(dir: &Path) -> Result<Plan, Failure> {
    let zones = rows(&dir.join("zones.csv"))?;
    let (mut width, mut depth) = (0.0_f64, 0.0_f64);
    let mut features = String::new();
    for zone in &zones {
        let [x0, y0, x1, y1] = [number(zone, "x0")?, number(zone, "y0")?, number(zone, "x1")?, number(zone, "y1")?];
        (width, depth) = (width.max(x1), depth.max(y1));
        let properties = format!(r#"{{"feature":"zone","id":"{}","floor":"f","kind":"department"}}"#, zone["zone"]);
        write!(features, ",{}", rectangle(&properties, [x0, y0, x1, y1]))?;
    }
    if let Ok(corners) = rows(&dir.join("layout_walls.csv")) {
        for pair in corners.windows(2) {
            let [a, b] = [&pair[0], &pair[1]].map(|corner| format!("[{},{}]", corner["x"], corner["y"]));
            write!(
                features,
                r#",{{"type":"Feature","properties":{{"feature":"wall","floor":"f"}},"geometry":{{"type":"LineString","coordinates":[{a},{b}]}}}}"#
            )?;
        }
    }
    let floor = rectangle(r#"{"feature":"floor","id":"f"}"#, [0.0, 0.0, width, depth]);
    let floor = format!(r#"{{"type":"FeatureCollection","features":[{floor}{features}]}}"#);
    let mut shop = String::from("[store]\nid = \"recorded\"\nname = \"Recorded\"\ntimezone = \"Etc/UTC\"\n");
    for receiver in rows(&dir.join("receivers.csv"))? {
        let place = |key| receiver.get(key).and_then(|value: &String| value.parse::<f64>().ok());
        let (x, y, z) = (number(&receiver, "x")?, number(&receiver, "y")?, place("z").unwrap_or(2.5));
        let id = text(&receiver, "rx")?;
        write!(shop, "[[receiver]]\nid = \"{id}\"\nfloor = \"f\"\nx = {x:.3}\ny = {y:.3}\nz = {z:.3}\n")?;
    }
    Plan::parse(&shop, &floor).map_err(|errors| format!("{errors:?}").into())
}

fn rectangle(properties: &str, [x0, y0, x1, y1]: [f64; 4]) -> String {
    format!(
        r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":[[[{x0},{y0}],[{x1},{y0}],[{x1},{y1}],[{x0},{y1}],[{x0},{y0}]]]}}}}"#
    )
}

/// The rows of a plain table with a header line.
fn rows(path: &Path) -> Result<Vec<Row>, Failure> {
    let table = std::fs::read_to_string(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    let mut lines = table.lines().map(|line| line.split(',').map(|cell| cell.trim().to_owned()));
    let header: Vec<String> = lines.next().ok_or("the table is empty")?.collect();
    Ok(lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect())
}

fn text(row: &Row, key: &str) -> Result<String, Failure> {
    row.get(key).cloned().ok_or_else(|| format!("the column {key:?} is missing").into())
}

fn number(row: &Row, key: &str) -> Result<f64, Failure> {
    Ok(text(row, key)?.parse()?)
}

fn span(row: &Row, key: &str) -> Result<Millis, Failure> {
    #[expect(clippy::cast_possible_truncation, reason = "a track lasts minutes")]
    let ms = (number(row, key)? * 1_000.0).round() as i64;
    Ok(Millis(ms))
}

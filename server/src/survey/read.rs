//! The reader of a survey's table.

use std::collections::{BTreeMap, BTreeSet};

use evaluate::table::{Column, Error, Row, Table};
use geo::{Area as _, Distance as _, Euclidean};
use model::floor::{Floor, Point};
use model::ids::{FloorId, ReceiverId};
use model::shop::Shop;
use model::survey::{Heard, Spot, Survey};

/// Most lines of a table, without its header.
const ROWS_MAX: usize = 200_000;
/// What frames claim to be heard at in 1 m, in dBm.
const CLAIM_DBM: f64 = -59.0;
/// So far outside its floor a spot may be, in metres.
const OUTSIDE_MAX_M: f64 = 1.0;
/// Longest stay at one spot, in seconds.
const SECONDS_MAX: f64 = 86_400.0;
/// Most frames of one receiver at one spot.
const FRAMES_MAX: f64 = 1e6;
/// Levels that a radio can give, in dBm.
const RSSI: std::ops::RangeInclusive<f64> = -130.0..=20.0;
/// Longest name of a device, in bytes.
const DEVICE_LEN_MAX: usize = 64;
/// Side of the squares in which a floor counts as covered, in metres.
const SQUARE_M: f64 = 2.0;

/// What a survey covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Spots.
    pub spots: usize,
    /// Devices.
    pub devices: usize,
    /// How long in all.
    pub seconds: f64,
    /// Receivers that heard something.
    pub receivers: usize,
    /// Receivers of the plan that heard nothing.
    pub silent: Vec<ReceiverId>,
    /// Receivers that the plan does not have.
    pub unplanned: Vec<ReceiverId>,
    /// Each floor of the plan.
    pub floors: Vec<FloorSummary>,
}

/// What a survey covers of one floor.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorSummary {
    /// Which.
    pub id: FloorId,
    /// Spots on it.
    pub spots: usize,
    /// Square metres of it with a spot: in squares of 2 m.
    pub covered: f64,
    /// Its square metres.
    pub area: f64,
}

/// A square of a floor, by its column and row.
type Square = (i64, i64);

struct Columns {
    floor: Column,
    x: Column,
    y: Column,
    device: Option<Column>,
    seconds: Column,
    receiver: Column,
    rssi: Column,
    frames: Column,
}

/// Reads a survey of a shop; `file` is its name in errors. Lines in sequence with one place, device and time are one spot.
///
/// # Errors
/// The first thing that is wrong, with line, column and what to do about it.
pub fn read(file: &str, text: &str, shop: &Shop) -> Result<(Survey, Summary), Error> {
    let rows = text.lines().count().saturating_sub(1);
    if rows > ROWS_MAX {
        let fix = "write one line for each receiver and spot, with the mean of its frames";
        return Err(Error::of(file, format_args!("has {rows} lines, at most {ROWS_MAX} are read"), fix));
    }
    let table = Table::parse(file, text)?;
    let columns = Columns {
        floor: table.column("floor")?,
        x: table.column("x")?,
        y: table.column("y")?,
        device: table.optional("device"),
        seconds: table.column("seconds")?,
        receiver: table.column("receiver")?,
        rssi: table.column("rssi")?,
        frames: table.column("frames")?,
    };
    let mut spots: Vec<Spot> = Vec::new();
    for row in table.rows() {
        let (spot, heard) = columns.read(row, shop)?;
        match spots.last_mut() {
            Some(last) if is_same(last, &spot) => {
                if last.heard.iter().any(|known| known.receiver == heard.receiver) {
                    let problem = format_args!("{} is named twice at one spot", heard.receiver);
                    return Err(row.error(columns.receiver, problem, "write one line, with the mean of all frames"));
                }
                last.heard.push(heard);
            }
            Some(_) | None => spots.push(Spot { heard: vec![heard], ..spot }),
        }
    }
    if spots.is_empty() {
        return Err(Error::of(file, "has no lines below its header", "write one for each receiver and spot"));
    }
    let survey = Survey { spots };
    let summary = Summary::of(&survey, shop);
    Ok((survey, summary))
}

fn is_same(one: &Spot, other: &Spot) -> bool {
    one.floor == other.floor && one.point == other.point && one.device == other.device && one.seconds == other.seconds
}

impl Columns {
    /// One line: the spot, as yet without receivers, and what one heard there.
    fn read(&self, row: Row<'_>, shop: &Shop) -> Result<(Spot, Heard), Error> {
        let point = Point { x: row.number(self.x)?, y: row.number(self.y)? };
        let floor = self.floor(row, point, shop)?;
        let device = self.device.map_or("", |column| row.text(column));
        if let Some(column) = self.device
            && device.len() > DEVICE_LEN_MAX
        {
            return Err(row.error(
                column,
                format_args!("has {} bytes", device.len()),
                "write a name of at most 64 bytes",
            ));
        }
        let seconds = row.number(self.seconds)?;
        if !(seconds > 0.0 && seconds <= SECONDS_MAX) {
            let fix = "write how long the device was there, above 0 and at most 86400";
            return Err(row.error(self.seconds, format_args!("{seconds} is no time at a spot"), fix));
        }
        let receiver: ReceiverId = match row.name(self.receiver)?.parse() {
            Ok(receiver) => receiver,
            Err(cause) => return Err(row.error(self.receiver, cause, "write the receiver's id as in shop.toml")),
        };
        let rssi = row.number(self.rssi)?;
        if !RSSI.contains(&rssi) {
            let fix = "write the mean in dBm, such as -67.5; leave the line out where nothing was heard";
            return Err(row.error(self.rssi, format_args!("{rssi} is no signal strength"), fix));
        }
        let frames = row.number(self.frames)?;
        if !(1.0..=FRAMES_MAX).contains(&frames) || frames.fract() != 0.0 {
            let fix = "write a whole number from 1 to 1000000; leave the line out where nothing was heard";
            return Err(row.error(self.frames, format_args!("{frames} is no count of frames"), fix));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both were bounded above")]
        let heard = Heard { receiver, level: (rssi - CLAIM_DBM) as f32, frames: frames as u32 };
        Ok((Spot { floor: floor.id.clone(), point, device: device.to_owned(), seconds, heard: vec![] }, heard))
    }

    fn floor<'s>(&self, row: Row<'_>, point: Point, shop: &'s Shop) -> Result<&'s Floor, Error> {
        let name = row.name(self.floor)?;
        let Some(floor) = shop.floors.iter().find(|floor| floor.id.as_str() == name) else {
            let known = shop.floors.iter().map(|floor| floor.id.as_str()).collect::<Vec<_>>().join(", ");
            let fix = format!("write one of the plan: {known}");
            return Err(row.error(self.floor, format_args!("{name:?} is not a floor of the shop"), &fix));
        };
        let away = Euclidean.distance(&geo::Point::new(point.x, point.y), &floor.outline);
        if away > OUTSIDE_MAX_M {
            let fix = "write metres from the plan's origin, x to the right and y up";
            return Err(row.error(self.x, format_args!("the spot is {away:.1} m outside floor {name}"), fix));
        }
        Ok(floor)
    }
}

impl Summary {
    fn of(survey: &Survey, shop: &Shop) -> Self {
        let heard: BTreeSet<_> =
            survey.spots.iter().flat_map(|spot| &spot.heard).map(|heard| &heard.receiver).collect();
        let planned: BTreeSet<_> = shop.receivers.iter().chain(&shop.beacons).map(|receiver| &receiver.id).collect();
        let devices: BTreeSet<_> = survey.spots.iter().map(|spot| &spot.device).collect();
        let mut squares: BTreeMap<&FloorId, (usize, BTreeSet<Square>)> = BTreeMap::new();
        for spot in &survey.spots {
            let (spots, squares) = squares.entry(&spot.floor).or_default();
            *spots += 1;
            #[expect(clippy::cast_possible_truncation, reason = "a floor has not so many squares")]
            squares.insert(((spot.point.x / SQUARE_M).floor() as i64, (spot.point.y / SQUARE_M).floor() as i64));
        }
        let floors = shop.floors.iter().map(|floor| {
            let (spots, squares) = squares.remove(&floor.id).unwrap_or_default();
            let area = floor.outline.unsigned_area();
            #[expect(clippy::cast_precision_loss, reason = "there are not so many squares")]
            let covered = (squares.len() as f64 * SQUARE_M * SQUARE_M).min(area);
            FloorSummary { id: floor.id.clone(), spots, covered, area }
        });
        Self {
            floors: floors.collect(),
            spots: survey.spots.len(),
            devices: devices.len(),
            seconds: survey.spots.iter().map(|spot| spot.seconds).sum(),
            receivers: heard.len(),
            silent: planned.difference(&heard).map(|id| (*id).clone()).collect(),
            unplanned: heard.difference(&planned).map(|id| (*id).clone()).collect(),
        }
    }
}

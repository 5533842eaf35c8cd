//! What a box kept while its line was down: laid onto its disk as the box itself writes it, without the waiting.

use std::path::Path;

use gateway::spool::medium::Folder;
use gateway::spool::{Entry, Limits, Spool};
use model::ids::{ReceiverId, SensorId};
use model::reading::{Reading, ReadingKind};
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::subject::Pseudonym;
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use wire::ble::rolling::{self, AirKey};
use wire::uplink::{Batch, decode, encode};

use crate::walker::{Air, RECEIVERS};

/// How long a batch's window is.
const WINDOW: Millis = Millis(500);
/// A stranger stays for so many windows.
const STAY: u64 = 600;
/// In so many windows one person comes in.
const DOOR_EVERY: u64 = 40;
/// Batches that share one sync, as the box's own thread has it.
const GROUP: u64 = 200;

/// What is to be laid.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The end of it.
    pub until: Timestamp,
    /// How many windows before that.
    pub batches: u64,
    /// Sightings in each window.
    pub sightings: u64,
    /// Somebody whom the server knows, who stands at the wine all the time.
    pub known: Option<&'a Air>,
    /// The most that the box may keep.
    pub bytes_max: u64,
}

/// What lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Laid {
    /// Batches.
    pub batches: u64,
    /// Sightings in them.
    pub sightings: u64,
    /// People who came in.
    pub entered: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Lays it into a box's data folder.
///
/// # Errors
/// When the disk refuses.
pub fn lay(data: &Path, order: Order<'_>) -> anyhow::Result<Laid> {
    let limits = Limits::new(order.bytes_max, Millis::hours(1_000));
    let (mut spool, _) = Spool::open(Folder::open(&data.join("spool"))?, limits, rand::random())?;
    let mut laid = Laid { batches: 0, sightings: 0, entered: 0, bytes: 0 };
    let span = i64::try_from(order.batches)? * WINDOW.0;
    for number in 0..order.batches {
        let at = Timestamp(order.until.0 - span + i64::try_from(number)? * WINDOW.0);
        let sightings: Vec<Sighting> =
            (0..order.sightings).map(|place| sighting(order, number, place, at)).collect::<anyhow::Result<_>>()?;
        laid.batches += 1;
        laid.sightings += sightings.len() as u64;
        spool.push(entry(at, spool.id(), sightings, Vec::new()));
        if number % DOOR_EVERY == 0 {
            laid.batches += 1;
            laid.entered += 1;
            let kind = ReadingKind::Crossing { entered: 1, left: 0 };
            spool.push(entry(at, spool.id(), Vec::new(), vec![Reading { sensor: SensorId::new("door")?, at, kind }]));
        }
        if number % GROUP == GROUP - 1 {
            spool.commit()?;
        }
    }
    spool.commit()?;
    spool.enforce(order.until);
    let lost = spool.standing().over_bounds.batches + spool.standing().disk_refused.batches;
    anyhow::ensure!(lost == 0, "{lost} batches do not fit into {} bytes", order.bytes_max);
    Ok(Laid { bytes: spool.standing().bytes, ..laid })
}

fn entry(at: Timestamp, spool: [u8; 16], sightings: Vec<Sighting>, readings: Vec<Reading>) -> Entry {
    let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let (seen, read) = (count(sightings.len()), count(readings.len()));
    // Field by field as it stands on the wire: what lies on a disk may be of an older make than this one.
    let head = [&[0x0a, 6][..], b"edge-1", &[0x12, 16], &spool, &[0x1a, 16], &[1; 16]].concat();
    let empty = decode(&head).expect("a batch without content");
    let batch = Batch { sent_at: at, sightings, readings, ..empty };
    Entry { at, sightings: seen, readings: read, state: None, batch: encode(&batch).to_vec() }
}

fn sighting(order: Order<'_>, number: u64, place: u64, at: Timestamp) -> anyhow::Result<Sighting> {
    let receivers = RECEIVERS.len() as u64;
    let (person, room) = (place / receivers, usize::try_from(place % receivers)?);
    let transmitter = match order.known {
        Some(air) if person == 0 => {
            Transmitter::Rolling(rolling::rolling_id(&AirKey(air.key), air.prefix, rolling::seconds(at)))
        }
        Some(_) | None => Transmitter::Anonymous(Pseudonym((number / STAY) << 16 | person)),
    };
    // At the wine: the last but one receiver hears it best.
    let mean = if room == RECEIVERS.len() - 2 { -55.0 } else { -75.0 };
    let rssi = RssiSummary { mean: Dbm(mean), min: Dbm(mean), max: Dbm(mean), variance: None };
    let receiver = ReceiverId::new(RECEIVERS[room].0)?;
    Ok(Sighting { receiver, transmitter, at, window: WINDOW, count: 2, rssi, power_at_1m: None })
}

//! Which readings were heard already. A reading that comes twice is passed on once.

use std::collections::{BTreeMap, BTreeSet};

use model::ids::SensorId;
use model::reading::{Reading, ReadingKind};
use model::time::Timestamp;

/// Readings remembered of each sensor. One older than all of them can't be told from a repeat, and counts as one.
const REMEMBERED_MAX: usize = 512;

type Key = (Timestamp, u8, i64, i64);

/// The last readings of each sensor of the plan.
#[derive(Debug, Default)]
pub(super) struct Readings {
    heard: BTreeMap<SensorId, BTreeSet<Key>>,
}

impl Readings {
    /// Whether the reading is a new one; it is remembered.
    pub(super) fn accept(&mut self, reading: &Reading) -> bool {
        let heard = self.heard.entry(reading.sensor.clone()).or_default();
        let full = heard.len() >= REMEMBERED_MAX;
        let key = key(reading);
        if full && heard.first().is_some_and(|oldest| key < *oldest) {
            return false;
        }
        let new = heard.insert(key);
        if heard.len() > REMEMBERED_MAX {
            heard.pop_first();
        }
        new
    }
}

fn key(reading: &Reading) -> Key {
    let (kind, a, b) = match reading.kind {
        ReadingKind::Crossing { entered, left } => (0, i64::from(entered), i64::from(left)),
        ReadingKind::Level(people) => (1, i64::from(people), 0),
        ReadingKind::Presence(somebody) => (2, i64::from(somebody), 0),
        ReadingKind::ShelfDelta(items) => (3, i64::from(items), 0),
    };
    (reading.at, kind, a, b)
}

//! How well a shop places its people, by its own account: small sums over everybody, kept as it goes.
//!
//! Nothing in it is about a person: seconds by zone, what was believed while each zone was named, what receivers heard beside
//! what the plan lets expect, and seconds by patch of floor. Two of them add up to one.

mod gauge;

use std::collections::BTreeMap;

use model::ids::{FloorId, ReceiverId, ZoneId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use gauge::Gauge;

/// Side of a patch, in metres.
pub const PATCH_M: f64 = 2.0;
/// Most patches; those that come later are left out.
const PATCHES_MAX: usize = 4_096;
/// Most zones, and most zones believed in while one is named.
const ZONES_MAX: usize = 2_048;
const TRUTHS_MAX: usize = 64;
/// Most receivers.
const RECEIVERS_MAX: usize = 2_048;

/// What a shop says of itself over some time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// Person-seconds in all.
    pub seconds: f64,
    /// While no zone was named.
    pub nowhere: ZoneQuality,
    /// By the zone that was named.
    pub zones: BTreeMap<ZoneId, ZoneQuality>,
    /// By receiver.
    pub receivers: BTreeMap<ReceiverId, ReceiverQuality>,
    /// By patch of floor: the floor, and how many patches right of and above its origin.
    #[serde(with = "patches")]
    pub patches: BTreeMap<(FloorId, i32, i32), PatchQuality>,
}

/// What was believed while a zone was named, or none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ZoneQuality {
    /// Person-seconds for which that lasted.
    pub seconds: f64,
    /// Uncertainty in metres, summed over these seconds.
    pub uncertainty: f64,
    /// Belief in every zone, this one included, summed over these seconds.
    pub truth: BTreeMap<ZoneId, f64>,
}

/// What a receiver heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiverQuality {
    /// Looks in which it was one of those that heard somebody best.
    pub heard: u64,
    /// Looks at somebody so near that it should have been one of the two best.
    pub near: u64,
    /// Of these, looks in which it heard.
    pub near_heard: u64,
    /// Levels that could be compared with those of other receivers.
    pub compared: u64,
    /// How much louder it heard than the plan and the others let expect, in dB, summed over them.
    pub residual: f64,
    /// The squares of the same, summed.
    pub residual_square: f64,
    /// When it last heard anybody.
    pub last: Option<Timestamp>,
}

/// What was believed while somebody was on a patch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PatchQuality {
    /// Person-seconds.
    pub seconds: f64,
    /// Uncertainty in metres, summed over these seconds.
    pub uncertainty: f64,
}

impl Quality {
    /// Whether nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seconds <= 0.0 && self.receivers.is_empty()
    }

    /// Of the time that somebody is believed to have been in a zone, the share in which it was named, 0 to 1;
    /// none when nobody was.
    #[must_use]
    pub fn found(&self, zone: &ZoneId) -> Option<f64> {
        let there = |quality: &ZoneQuality| quality.truth.get(zone).copied().unwrap_or(0.0);
        let all = self.zones.values().map(there).sum::<f64>() + there(&self.nowhere);
        (all > 0.0).then(|| self.zones.get(zone).map_or(0.0, there) / all)
    }

    /// Adds another time's sums.
    pub fn merge(&mut self, other: &Self) {
        self.seconds += other.seconds;
        self.nowhere.merge(&other.nowhere);
        for (id, more) in &other.zones {
            if let Some(zone) = room(&mut self.zones, id, ZONES_MAX) {
                zone.merge(more);
            }
        }
        for (id, more) in &other.receivers {
            if let Some(receiver) = room(&mut self.receivers, id, RECEIVERS_MAX) {
                receiver.merge(more);
            }
        }
        for (place, more) in &other.patches {
            if let Some(patch) = room(&mut self.patches, place, PATCHES_MAX) {
                patch.add(more.seconds, more.uncertainty);
            }
        }
    }
}

impl ZoneQuality {
    fn merge(&mut self, other: &Self) {
        self.seconds += other.seconds;
        self.uncertainty += other.uncertainty;
        for (id, more) in &other.truth {
            if let Some(sum) = room(&mut self.truth, id, TRUTHS_MAX) {
                *sum += more;
            }
        }
    }

    /// Belief in a zone while this one was named, 0 to 1; none before it was named at all.
    #[must_use]
    pub fn belief(&self, zone: &ZoneId) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.truth.get(zone).copied().unwrap_or(0.0) / self.seconds)
    }
}

impl ReceiverQuality {
    fn merge(&mut self, other: &Self) {
        self.heard = self.heard.saturating_add(other.heard);
        self.near = self.near.saturating_add(other.near);
        self.near_heard = self.near_heard.saturating_add(other.near_heard);
        self.compared = self.compared.saturating_add(other.compared);
        self.residual += other.residual;
        self.residual_square += other.residual_square;
        self.last = self.last.max(other.last);
    }

    /// How much louder it hears than expected, in dB: the mean and how far it spreads; none when it was never compared.
    #[must_use]
    pub fn residual(&self) -> Option<(f64, f64)> {
        let n = self.compared as f64;
        (self.compared > 0).then(|| {
            let mean = self.residual / n;
            (mean, (self.residual_square / n - mean * mean).max(0.0).sqrt())
        })
    }
}

impl PatchQuality {
    fn add(&mut self, seconds: f64, uncertainty: f64) {
        self.seconds += seconds;
        self.uncertainty += uncertainty;
    }
}

/// The entry of a key, made when there is room for one more.
fn room<'a, K: Ord + Clone, V: Default>(map: &'a mut BTreeMap<K, V>, key: &K, max: usize) -> Option<&'a mut V> {
    if map.len() >= max && !map.contains_key(key) {
        return None;
    }
    Some(map.entry(key.clone()).or_default())
}

/// Patches as a list: a place is no key of a JSON object.
mod patches {
    use std::collections::BTreeMap;

    use model::ids::FloorId;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::PatchQuality;

    type Patches = BTreeMap<(FloorId, i32, i32), PatchQuality>;
    type Entry = (FloorId, i32, i32, f64, f64);

    pub(super) fn serialize<S: Serializer>(patches: &Patches, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            patches
                .iter()
                .map(|((floor, x, y), patch)| (floor, x, y, tenths(patch.seconds), tenths(patch.uncertainty))),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Patches, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        let patch = |(floor, x, y, seconds, uncertainty)| ((floor, x, y), PatchQuality { seconds, uncertainty });
        Ok(entries.into_iter().map(patch).collect())
    }

    /// Nobody needs a patch more exactly, and the rows stay small.
    fn tenths(sum: f64) -> f64 {
        (sum * 10.0).round() / 10.0
    }
}

#[cfg(test)]
mod tests;

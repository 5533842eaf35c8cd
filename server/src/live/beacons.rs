//! The shops' own beacons, tags and sensors: when they were heard, how strong their batteries are, and whether they are still there.

use std::collections::BTreeMap;

use model::anchor::Advertised;
use model::floor::Point;
use model::ids::{ReceiverId, StoreId};
use model::shop::Shop;
use model::sighting::{Sighting, Transmitter};
use model::time::{Millis, Timestamp};
use wire::uplink::{BeaconHealth, Bearer};

/// What was not heard for so long is missing, a tag is away, and what a receiver heard of it then says nothing any more.
pub(super) const MISSING: Millis = Millis::minutes(10);
/// Half of what a receiver heard of a beacon is forgotten within about so many sightings.
const KEEP: f64 = 0.95;
/// Sightings by a receiver before its level says anything.
const SIGHTINGS_MIN: u32 = 20;
/// A beacon that is heard best so far from its place, in metres, and clearly better than beside it, was moved.
const MOVED_M: f64 = 8.0;
/// A receiver so close to a beacon's place, in metres, would hear it well if it were there.
const BESIDE_M: f64 = 5.0;
/// How much better, in dB.
const MOVED_DB: f64 = 10.0;
/// At or below so much a battery is low: percent, and millivolt of a coin cell.
const LOW: (u8, u16) = (15, 2_400);

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It has a place.
    Fixed,
    /// It is carried.
    Tag,
    /// It measures.
    Sensor,
}

/// Whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Never,
    Heard,
    Missing,
    Away,
    Moved,
    /// It said goodbye, or the broker did for it.
    Offline,
}

/// What a sensor, or the broker for it, says of its being there.
#[derive(Debug, Clone, Copy)]
struct Word {
    is_there: bool,
    /// Since when it is said.
    since: Timestamp,
    /// When a box last passed it on.
    at: Timestamp,
}

/// A battery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatteryNow {
    pub(crate) percent: Option<u8>,
    pub(crate) millivolts: Option<u16>,
    pub(crate) at: Timestamp,
}

impl BatteryNow {
    pub(crate) fn is_low(self) -> bool {
        self.percent.is_some_and(|percent| percent <= LOW.0) || self.millivolts.is_some_and(|mv| mv <= LOW.1)
    }
}

/// One beacon as a page shows it.
#[derive(Debug, Clone)]
pub(crate) struct BeaconNow {
    pub(crate) id: String,
    pub(crate) store: StoreId,
    pub(crate) kind: Kind,
    pub(crate) state: Presence,
    pub(crate) last_heard: Option<Timestamp>,
    pub(crate) last_receiver: Option<ReceiverId>,
    pub(crate) battery: Option<BatteryNow>,
}

/// What is remembered of a shop's beacons. Only those of its plan are, so that its size is the plan's.
#[derive(Debug, Default)]
pub(super) struct Beacons(BTreeMap<Bearer, Memory>);

#[derive(Debug)]
struct Memory {
    id: String,
    kind: Kind,
    place: Option<(model::ids::FloorId, Point)>,
    last_heard: Option<Timestamp>,
    last_receiver: Option<ReceiverId>,
    battery: Option<BatteryNow>,
    word: Option<Word>,
    /// How strong receivers hear it.
    levels: BTreeMap<ReceiverId, Level>,
}

/// How strong one receiver hears it.
#[derive(Debug, Clone, Copy)]
struct Level {
    dbm: f64,
    sightings: u32,
    at: Timestamp,
}

impl Level {
    fn with(self, dbm: f64, at: Timestamp) -> Self {
        Self { dbm: self.dbm * KEEP + dbm * (1.0 - KEEP), sightings: self.sightings.saturating_add(1), at }
    }

    /// What it says, once there is enough of it and while it is not too old.
    fn told(self, now: Timestamp) -> Option<f64> {
        (self.sightings >= SIGHTINGS_MIN && now.since(self.at) <= MISSING).then_some(self.dbm)
    }
}

impl Memory {
    const fn new(id: String, kind: Kind) -> Self {
        let (last_heard, last_receiver, battery) = (None, None, None);
        Self { id, kind, place: None, last_heard, last_receiver, battery, word: None, levels: BTreeMap::new() }
    }
}

impl Beacons {
    /// Keeps what the plan has.
    pub(super) fn put_plan(&mut self, plan: &Shop) {
        let mut old = std::mem::take(&mut self.0);
        let fixed = plan.beacons.iter().filter_map(|beacon| {
            let place = Some((beacon.floor.clone(), beacon.point()));
            let memory = Memory { place, ..Memory::new(beacon.id.to_string(), Kind::Fixed) };
            Some((Bearer::Beacon(beacon.advertised()?), memory))
        });
        let tags = plan.tags.iter().filter_map(|tag| {
            let numbers = Advertised { uuid: tag.uuid_bytes()?, major: tag.major, minor: tag.minor };
            Some((Bearer::Beacon(numbers), Memory::new(tag.id.to_string(), Kind::Tag)))
        });
        let sensor =
            |id: &model::ids::SensorId| (Bearer::Sensor(id.clone()), Memory::new(id.to_string(), Kind::Sensor));
        let sensors = plan.sensors.iter().map(|known| sensor(&known.id));
        self.0 = fixed.chain(tags).chain(sensors).collect();
        for (who, memory) in &mut self.0 {
            // A beacon with another place has to be heard anew before it is called moved.
            let Some(known) = old.remove(who) else { continue };
            let levels = if known.place == memory.place { known.levels } else { BTreeMap::new() };
            (memory.last_heard, memory.last_receiver) = (known.last_heard, known.last_receiver);
            (memory.battery, memory.word, memory.levels) = (known.battery, known.word, levels);
        }
    }

    /// A receiver of the shop heard something; strangers and customers are passed over.
    pub(super) fn heard(&mut self, sighting: &Sighting, now: Timestamp) {
        let Transmitter::Beacon { uuid, major, minor } = sighting.transmitter else { return };
        let who = Bearer::Beacon(Advertised { uuid, major, minor });
        let Some(memory) = self.0.get_mut(&who) else { return };
        (memory.last_heard, memory.last_receiver) = (Some(now), Some(sighting.receiver.clone()));
        if memory.place.is_some() {
            let dbm = f64::from(sighting.rssi.mean.0);
            let level = memory.levels.entry(sighting.receiver.clone()).or_insert(Level { dbm, sightings: 0, at: now });
            *level = level.with(dbm, now);
        }
    }

    /// What one of them says of itself.
    pub(super) fn reported(&mut self, report: &BeaconHealth, now: Timestamp) {
        let Some(memory) = self.0.get_mut(&report.who) else { return };
        if let Some(is_there) = report.there {
            let known = memory.word.filter(|word| word.is_there == is_there);
            memory.word = Some(Word { is_there, since: known.map_or(now, |word| word.since), at: now });
        }
        if report.battery_percent.is_none() && report.battery_mv.is_none() {
            return;
        }
        let at = Timestamp(report.at.0.min(now.0));
        memory.last_heard = memory.last_heard.max(Some(at));
        let (percent, millivolts) = (report.battery_percent, report.battery_mv);
        if memory.battery.is_none_or(|battery| battery.at <= at) {
            memory.battery = Some(BatteryNow { percent, millivolts, at });
        }
    }

    /// A sensor said something.
    pub(super) fn sensor_heard(&mut self, sensor: &model::ids::SensorId, at: Timestamp) {
        if let Some(memory) = self.0.get_mut(&Bearer::Sensor(sensor.clone())) {
            memory.last_heard = memory.last_heard.max(Some(at));
        }
    }

    /// Those that were ever heard and those that have a place; sensors only when they have a battery or say whether they
    /// are there. `is_hearing` says whether a receiver has been there all along for [`MISSING`].
    pub(super) fn snapshot(
        &self,
        plan: &Shop,
        is_hearing: impl Fn(&ReceiverId) -> bool,
        now: Timestamp,
    ) -> impl Iterator<Item = BeaconNow> {
        let shown = self.0.values().filter(|memory| memory.is_shown());
        shown.map(move |memory| BeaconNow {
            id: memory.id.clone(),
            store: plan.store.id.clone(),
            kind: memory.kind,
            state: memory.presence(plan, &is_hearing, now),
            last_heard: memory.last_heard,
            last_receiver: memory.last_receiver.clone(),
            battery: memory.battery,
        })
    }
}

impl Memory {
    const fn is_shown(&self) -> bool {
        match self.kind {
            Kind::Fixed | Kind::Tag => true,
            Kind::Sensor => self.battery.is_some() || self.word.is_some(),
        }
    }

    fn presence(&self, plan: &Shop, is_hearing: impl Fn(&ReceiverId) -> bool, now: Timestamp) -> Presence {
        if let Some(word) = self.word.filter(|word| now.since(word.at) <= MISSING) {
            // Whoever is heard again is there, also before he has said so.
            let is_heard_since = self.last_heard.is_some_and(|last| last > word.since);
            match (word.is_there, is_heard_since) {
                (true, _) => return Presence::Heard,
                (false, false) => return Presence::Offline,
                (false, true) => {}
            }
        }
        let Some(last) = self.last_heard else { return Presence::Never };
        if now.since(last) > MISSING {
            return match self.kind {
                Kind::Tag => Presence::Away,
                Kind::Fixed | Kind::Sensor => Presence::Missing,
            };
        }
        if self.is_moved(plan, is_hearing, now) { Presence::Moved } else { Presence::Heard }
    }

    /// Whether it is heard best far from its place, and clearly better than right beside it. A receiver beside it that is there
    /// and does not hear it at all speaks as well; one that is not there says nothing.
    fn is_moved(&self, plan: &Shop, is_hearing: impl Fn(&ReceiverId) -> bool, now: Timestamp) -> bool {
        let Some((floor, place)) = &self.place else { return false };
        let mut best = (f64::NEG_INFINITY, false);
        let mut beside: Option<f64> = None;
        for receiver in &plan.receivers {
            let is_same_floor = receiver.floor == *floor;
            let metres = (receiver.x - place.x).hypot(receiver.y - place.y);
            let level = self.levels.get(&receiver.id).and_then(|level| level.told(now));
            if is_same_floor && metres <= BESIDE_M && (level.is_some() || is_hearing(&receiver.id)) {
                beside = Some(beside.unwrap_or(f64::NEG_INFINITY).max(level.unwrap_or(f64::NEG_INFINITY)));
            }
            if let Some(level) = level.filter(|level| *level > best.0) {
                best = (level, !is_same_floor || metres >= MOVED_M);
            }
        }
        best.1 && beside.is_some_and(|beside| best.0 - beside >= MOVED_DB)
    }
}

#[cfg(test)]
mod tests;

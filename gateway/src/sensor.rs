//! Sensors: from what they publish to readings, so that nobody is ever counted twice.
//!
//! What a sensor stood at is kept with the batch that tells of it, and comes back after a restart.

mod air;
mod liveness;
mod meter;
mod zigbee;

use std::collections::BTreeMap;

use model::ids::SensorId;
use model::reading::{Reading, ReadingKind};
use model::time::Timestamp;
use wire::ble::bthome::Measures;
use wire::ble::frame::Frame;
use wire::vendor::counter::{self, Totals};
use wire::vendor::shelf::{self, Scale};
use wire::vendor::{Rejected, presence, shelly};

use crate::config::{Sensor, SensorKind};
use crate::now::Now;
use air::Ears;
use liveness::Wills;
use meter::{Counter, Level, Presence, Shelf, Window};
use zigbee::Bridge;

pub use meter::Ignored;

/// Readings of one sensor are moved apart as long as the clock is not further behind them than this; then it was set back.
const CROWDED_MS: i64 = 1_000;

/// Why a report gave no reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No sensor is declared for the topic.
    Undeclared,
    /// The message can't be read.
    Unreadable(Rejected),
    /// It was read and must not count.
    Ignored(Ignored),
    /// It came over the air and is not taken.
    Unheard(wire::ble::bthome::Refused),
}

impl Refused {
    /// The stable code for counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Undeclared => "unknown-sensor",
            Self::Unreadable(rejected) => rejected.code(),
            Self::Ignored(ignored) => ignored.code(),
            Self::Unheard(refused) => refused.code(),
        }
    }
}

/// What a sensor stood at, by the way its numbers are read.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Standing {
    Cumulative(Counter),
    Delta(Window),
    Shelf(Shelf),
    Level(Level),
    Presence(Presence),
}

/// What a sensor over the air said.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// What counts.
    pub readings: Vec<Reading>,
    /// Its battery in percent, also of a packet that was sealed.
    pub battery: Option<u8>,
}

/// All sensors of the box.
#[derive(Debug)]
pub struct Sensors {
    declared: BTreeMap<SensorId, Sensor>,
    by_topic: BTreeMap<String, Vec<SensorId>>,
    ears: Ears,
    bridge: Option<Bridge>,
    standings: BTreeMap<SensorId, Standing>,
    changed: bool,
    last: BTreeMap<SensorId, Timestamp>,
    wills: Wills,
}

impl Sensors {
    /// The declared sensors, as they stood at the last restart. With the base topic of zigbee2mqtt, its sensors are found as well.
    ///
    /// A state that can't be read is told and left out: the next report of each sensor is then its new beginning.
    #[must_use]
    pub fn new(declared: &BTreeMap<SensorId, Sensor>, zigbee2mqtt: Option<&str>, state: Option<&[u8]>) -> Self {
        let mut by_topic: BTreeMap<String, Vec<SensorId>> = BTreeMap::new();
        for (id, sensor) in declared.iter().filter(|(_, sensor)| !sensor.topic.is_empty()) {
            by_topic.entry(sensor.topic.clone()).or_default().push(id.clone());
        }
        let standings = state.map(serde_json::from_slice::<BTreeMap<SensorId, Standing>>).transpose();
        let mut standings = standings.unwrap_or_else(|cause| {
            tracing::warn!(%cause, "what the sensors stood at can't be read, each begins anew");
            None
        });
        if let Some(standings) = &mut standings {
            standings.retain(|id, _| declared.contains_key(id));
        }
        Self {
            declared: declared.clone(),
            by_topic,
            ears: Ears::new(declared),
            bridge: zigbee2mqtt.map(Bridge::new),
            standings: standings.unwrap_or_default(),
            changed: false,
            last: BTreeMap::new(),
            wills: Wills::new(declared),
        }
    }

    /// The topics of all sensors.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        let declared = self.by_topic.keys().map(String::as_str);
        declared.chain(self.wills.topics()).chain(self.bridge.iter().map(Bridge::filter))
    }

    /// Whether a topic belongs to a sensor.
    #[must_use]
    pub fn knows(&self, topic: &str) -> bool {
        self.by_topic.contains_key(topic) || self.bridge.as_ref().is_some_and(|bridge| bridge.below(topic).is_some())
    }

    /// Whether an address is a sensor's: then it is no person's.
    #[must_use]
    pub fn knows_address(&self, address: [u8; 6]) -> bool {
        self.ears.knows(address)
    }

    /// The sensors that have an address.
    #[must_use]
    pub fn ids_of(&self, address: [u8; 6]) -> &[SensorId] {
        self.ears.ids(address)
    }

    /// Takes a report in. No reading when nothing changed.
    ///
    /// # Errors
    /// [`Refused`] says why it must not count.
    pub fn report(&mut self, topic: &str, payload: &[u8], retained: bool, now: Now) -> Result<Vec<Reading>, Refused> {
        if let Some(ids) = self.by_topic.get(topic).cloned() {
            let (mut readings, mut refused) = (Vec::new(), None);
            for id in ids {
                match self.report_of(&id, payload, retained, now) {
                    Ok(reading) => readings.extend(reading),
                    Err(cause) => refused = Some(cause),
                }
            }
            return all_that_is_read(readings, refused);
        }
        let bridge = self.bridge.as_mut().ok_or(Refused::Undeclared)?;
        let name = bridge.below(topic).ok_or(Refused::Undeclared)?;
        if name == "bridge/devices" {
            bridge.learn(payload).map_err(Refused::Unreadable)?;
            return Ok(Vec::new());
        }
        // Lamps and switches talk here, too; that is nobody's fault.
        let Some(id) = bridge.sensor(name).cloned() else { return Ok(Vec::new()) };
        let kind = self.presence(&id, None, payload, retained)?;
        Ok(kind.map(|kind| self.reading(&id, kind, now)).into_iter().collect())
    }

    /// Takes in what was heard over the air under an address; nothing when it is no sensor's, or says nothing that is measured.
    ///
    /// # Errors
    /// [`Refused`] says why it must not count.
    pub fn hear(&mut self, address: [u8; 6], frame: &Frame, now: Now) -> Option<Result<Said, Refused>> {
        let (measures, ids) = match self.ears.hear(address, frame)? {
            Ok(heard) => heard,
            Err(refused) => return Some(Err(Refused::Unheard(refused))),
        };
        let (mut readings, mut refused) = (Vec::new(), None);
        for id in ids {
            match self.measured(&id, &measures, now) {
                Ok(kind) => readings.extend(kind.map(|kind| self.reading(&id, kind, now))),
                Err(cause) => refused = Some(cause),
            }
        }
        let readings = all_that_is_read(readings, refused);
        Some(readings.map(|readings| Said { readings, battery: measures.battery }))
    }

    fn report_of(
        &mut self,
        id: &SensorId,
        payload: &[u8],
        retained: bool,
        now: Now,
    ) -> Result<Option<Reading>, Refused> {
        let sensor = self.declared.get(id).cloned().ok_or(Refused::Undeclared)?;
        let part = sensor.part.as_deref();
        let kind = match sensor.kind {
            SensorKind::CounterCumulative => self.cumulative(id, payload, part, now)?,
            SensorKind::CounterDelta => self.delta(id, payload, part, retained)?,
            SensorKind::CounterLevel => self.level(id, payload, part)?,
            SensorKind::Shelf => self.shelf(id, &sensor, payload)?,
            SensorKind::Presence => self.presence(id, sensor.field.as_deref(), payload, retained)?,
        };
        Ok(kind.map(|kind| self.reading(id, kind, now)))
    }

    fn reading(&mut self, id: &SensorId, kind: ReadingKind, now: Now) -> Reading {
        Reading { at: self.own_moment(id, now.wall), sensor: id.clone(), kind }
    }

    /// A moment that no other reading of the sensor has: two people in one millisecond are two, and the server takes two
    /// equal readings of one moment for a repeat.
    fn own_moment(&mut self, id: &SensorId, now: Timestamp) -> Timestamp {
        let after = |last: &Timestamp| Timestamp(last.0.saturating_add(1));
        let crowded = |last: &&Timestamp| last.0 >= now.0 && last.0 - now.0 < CROWDED_MS;
        let at = self.last.get(id).filter(crowded).map_or(now, after);
        self.last.insert(id.clone(), at);
        at
    }

    /// What all sensors stand at, if that changed since the last call.
    ///
    /// # Panics
    /// Never: ids are texts and numbers are finite.
    pub fn take_state(&mut self) -> Option<Vec<u8>> {
        std::mem::take(&mut self.changed)
            .then(|| serde_json::to_vec(&self.standings).expect("a map from texts to plain numbers"))
    }

    fn cumulative(
        &mut self,
        id: &SensorId,
        payload: &[u8],
        part: Option<&str>,
        now: Now,
    ) -> Result<Option<ReadingKind>, Refused> {
        let totals = counter::read_totals(payload, part).map_err(Refused::Unreadable)?;
        self.count_up(id, totals.crossed, totals.stamp, now)
    }

    fn count_up(
        &mut self,
        id: &SensorId,
        totals: Totals,
        stamp: Option<u64>,
        now: Now,
    ) -> Result<Option<ReadingKind>, Refused> {
        let fresh = || Standing::Cumulative(Counter::default());
        let standing = self.standing(id, |standing| matches!(standing, Standing::Cumulative(_)), fresh);
        let Standing::Cumulative(meter) = standing else { return Ok(None) };
        meter.step(totals, stamp, now).map_err(Refused::Ignored)
    }

    fn delta(
        &mut self,
        id: &SensorId,
        payload: &[u8],
        part: Option<&str>,
        retained: bool,
    ) -> Result<Option<ReadingKind>, Refused> {
        let records = counter::read_records(payload, part).map_err(Refused::Unreadable)?;
        // A kept message comes again with every new subscription, and it was counted when it was new.
        if retained {
            return Err(Refused::Ignored(Ignored::Retained));
        }
        let fresh = || Standing::Delta(Window::default());
        let standing = self.standing(id, |standing| matches!(standing, Standing::Delta(_)), fresh);
        let Standing::Delta(seen) = standing else { return Ok(None) };
        seen.step(&records).map_err(Refused::Ignored)
    }

    fn level(&mut self, id: &SensorId, payload: &[u8], part: Option<&str>) -> Result<Option<ReadingKind>, Refused> {
        let Some(level) = counter::read_level(payload, part).map_err(Refused::Unreadable)? else { return Ok(None) };
        self.stand_at(id, level)
    }

    fn stand_at(&mut self, id: &SensorId, level: counter::Level) -> Result<Option<ReadingKind>, Refused> {
        let fresh = || Standing::Level(Level::default());
        let standing = self.standing(id, |standing| matches!(standing, Standing::Level(_)), fresh);
        let Standing::Level(meter) = standing else { return Ok(None) };
        meter.step(level).map(Some).map_err(Refused::Ignored)
    }

    fn shelf(&mut self, id: &SensorId, sensor: &Sensor, payload: &[u8]) -> Result<Option<ReadingKind>, Refused> {
        let scale = match (sensor.counts_per_g, std::str::from_utf8(payload).map(|text| text.trim().parse::<i32>())) {
            (Some(counts), Ok(Ok(raw))) => {
                #[expect(clippy::cast_precision_loss, reason = "a load cell has 24 bits")]
                let tare = sensor.tare_counts.unwrap_or(0) as f64;
                let bare = f64::from(raw) - tare;
                Scale { weight_kg: bare / f64::from(counts.max(1)) / 1_000.0, count: None }
            }
            (Some(_) | None, _) => shelf::read(payload).map_err(Refused::Unreadable)?,
        };
        Ok(self.weigh(id, scale, sensor.item_g))
    }

    fn weigh(&mut self, id: &SensorId, scale: Scale, item_g: Option<u32>) -> Option<ReadingKind> {
        let item_kg = item_g.map(|grams| f64::from(grams) / 1_000.0);
        let fresh = || Standing::Shelf(Shelf::default());
        let standing = self.standing(id, |standing| matches!(standing, Standing::Shelf(_)), fresh);
        let Standing::Shelf(meter) = standing else { return None };
        meter.step(scale, item_kg)
    }

    fn presence(
        &mut self,
        id: &SensorId,
        field: Option<&str>,
        payload: &[u8],
        retained: bool,
    ) -> Result<Option<ReadingKind>, Refused> {
        let found = match field {
            Some(component) if component.starts_with("bthome") => shelly::read_component(payload, component),
            field => presence::read(payload, field),
        };
        let Some(somebody) = found.map_err(Refused::Unreadable)? else { return Ok(None) };
        self.notice(id, somebody, retained)
    }

    fn notice(&mut self, id: &SensorId, somebody: bool, retained: bool) -> Result<Option<ReadingKind>, Refused> {
        let fresh = || Standing::Presence(Presence::default());
        let standing = self.standing(id, |standing| matches!(standing, Standing::Presence(_)), fresh);
        let Standing::Presence(meter) = standing else { return Ok(None) };
        meter.step(somebody, retained).map_err(Refused::Ignored)
    }

    /// What a sensor over the air measured, by what it is declared as.
    fn measured(&mut self, id: &SensorId, measures: &Measures, now: Now) -> Result<Option<ReadingKind>, Refused> {
        let Some(sensor) = self.declared.get(id).cloned() else { return Ok(None) };
        match sensor.kind {
            SensorKind::Presence => {
                match measures.somebody.or(measures.open).or(measures.button.map(|button| button > 0)) {
                    Some(somebody) => self.notice(id, somebody, false),
                    None => Ok(None),
                }
            }
            SensorKind::Shelf => Ok(measures.mass_g.and_then(|grams| {
                self.weigh(id, Scale { weight_kg: f64::from(grams) / 1_000.0, count: None }, sensor.item_g)
            })),
            SensorKind::CounterCumulative => match measures.count {
                Some(entered) => self.count_up(id, Totals { entered, left: 0 }, None, now),
                None => Ok(None),
            },
            SensorKind::CounterLevel => match measures.count {
                Some(count) => self.stand_at(id, counter::Level { count, at: None }),
                None => Ok(None),
            },
            // Nothing over the air tells a repeat of a difference from a second one.
            SensorKind::CounterDelta => Ok(None),
        }
    }

    /// What a sensor stands at; anew when it was read in another way before.
    fn standing(
        &mut self,
        id: &SensorId,
        fits: impl Fn(&Standing) -> bool,
        fresh: impl Fn() -> Standing,
    ) -> &mut Standing {
        self.changed = true;
        let standing = self.standings.entry(id.clone()).or_insert_with(&fresh);
        if !fits(standing) {
            *standing = fresh();
        }
        standing
    }
}

/// What one sensor can't read of a message takes nothing from the others that can.
fn all_that_is_read(readings: Vec<Reading>, refused: Option<Refused>) -> Result<Vec<Reading>, Refused> {
    match refused {
        Some(cause) if readings.is_empty() => Err(cause),
        Some(_) | None => Ok(readings),
    }
}

#[cfg(test)]
mod tests;

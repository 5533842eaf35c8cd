//! Sensors: from what they publish to readings, so that nobody is ever counted twice.
//!
//! What a sensor stood at is kept with the batch that tells of it, and comes back after a restart.

mod meter;
mod stamp;

use std::collections::BTreeMap;

use model::ids::SensorId;
use model::reading::{Reading, ReadingKind};
use model::time::Timestamp;
use wire::vendor::{Rejected, counter, shelf};

use crate::config::{Sensor, SensorKind};
use crate::now::Now;
use meter::{Counter, Shelf, Window};

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
}

impl Refused {
    /// The stable code for counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Undeclared => "unknown-sensor",
            Self::Unreadable(rejected) => rejected.code(),
            Self::Ignored(ignored) => ignored.code(),
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
}

/// All sensors of the box.
#[derive(Debug)]
pub struct Sensors {
    by_topic: BTreeMap<String, (SensorId, Sensor)>,
    standings: BTreeMap<SensorId, Standing>,
    changed: bool,
    last: BTreeMap<SensorId, Timestamp>,
}

impl Sensors {
    /// The declared sensors, as they stood at the last restart.
    ///
    /// A state that can't be read is told and left out: the next report of each sensor is then its new beginning.
    #[must_use]
    pub fn new(declared: &BTreeMap<SensorId, Sensor>, state: Option<&[u8]>) -> Self {
        let by_topic = declared.iter().map(|(id, s)| (s.topic.clone(), (id.clone(), s.clone()))).collect();
        let standings = state.map(serde_json::from_slice::<BTreeMap<SensorId, Standing>>).transpose();
        let mut standings = standings.unwrap_or_else(|cause| {
            tracing::warn!(%cause, "what the sensors stood at can't be read, each begins anew");
            None
        });
        if let Some(standings) = &mut standings {
            standings.retain(|id, _| declared.contains_key(id));
        }
        Self { by_topic, standings: standings.unwrap_or_default(), changed: false, last: BTreeMap::new() }
    }

    /// The topics of all sensors.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.by_topic.keys().map(String::as_str)
    }

    /// Whether a topic belongs to a sensor.
    #[must_use]
    pub fn knows(&self, topic: &str) -> bool {
        self.by_topic.contains_key(topic)
    }

    /// Takes a report in. No reading when nothing changed.
    ///
    /// # Errors
    /// [`Refused`] says why it must not count.
    pub fn report(
        &mut self,
        topic: &str,
        payload: &[u8],
        retained: bool,
        now: Now,
    ) -> Result<Option<Reading>, Refused> {
        let (id, sensor) = self.by_topic.get(topic).ok_or(Refused::Undeclared)?;
        let (id, sensor) = (id.clone(), sensor.clone());
        let kind = match sensor.kind {
            SensorKind::CounterCumulative => self.cumulative(&id, payload, now)?,
            SensorKind::CounterDelta => self.delta(&id, payload, retained)?,
            SensorKind::CounterLevel => Some(counter::read_level(payload).map_err(Refused::Unreadable)?),
            SensorKind::Shelf => self.shelf(&id, &sensor, payload)?,
        };
        Ok(kind.map(|kind| Reading { at: self.own_moment(&id, now.wall), sensor: id, kind }))
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

    fn cumulative(&mut self, id: &SensorId, payload: &[u8], now: Now) -> Result<Option<ReadingKind>, Refused> {
        let totals = counter::read_totals(payload).map_err(Refused::Unreadable)?;
        let stamp = stamp::read(payload);
        let fresh = || Standing::Cumulative(Counter::default());
        let standing = self.standings.entry(id.clone()).or_insert_with(fresh);
        if !matches!(standing, Standing::Cumulative(_)) {
            *standing = fresh();
        }
        let Standing::Cumulative(meter) = standing else { return Ok(None) };
        self.changed = true;
        meter.step(totals, stamp, now).map_err(Refused::Ignored)
    }

    fn delta(&mut self, id: &SensorId, payload: &[u8], retained: bool) -> Result<Option<ReadingKind>, Refused> {
        let kind = counter::read_delta(payload).map_err(Refused::Unreadable)?;
        // A kept message comes again with every new subscription, and it was counted when it was new.
        if retained {
            return Err(Refused::Ignored(Ignored::Retained));
        }
        let stamp = stamp::read(payload);
        let standing = self.standings.entry(id.clone()).or_insert_with(|| Standing::Delta(Window::default()));
        if !matches!(standing, Standing::Delta(_)) {
            *standing = Standing::Delta(Window::default());
        }
        let Standing::Delta(seen) = standing else { return Ok(None) };
        self.changed = true;
        seen.check(stamp).map_err(Refused::Ignored)?;
        Ok(Some(kind).filter(|kind| *kind != ReadingKind::Crossing { entered: 0, left: 0 }))
    }

    fn shelf(&mut self, id: &SensorId, sensor: &Sensor, payload: &[u8]) -> Result<Option<ReadingKind>, Refused> {
        let scale = shelf::read(payload).map_err(Refused::Unreadable)?;
        let item_kg = sensor.item_g.map(|grams| f64::from(grams) / 1_000.0);
        let standing = self.standings.entry(id.clone()).or_insert_with(|| Standing::Shelf(Shelf::default()));
        if !matches!(standing, Standing::Shelf(_)) {
            *standing = Standing::Shelf(Shelf::default());
        }
        let Standing::Shelf(meter) = standing else { return Ok(None) };
        self.changed = true;
        Ok(meter.step(scale, item_kg))
    }
}

#[cfg(test)]
mod tests;

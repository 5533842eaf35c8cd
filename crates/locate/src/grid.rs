//! Where one subject is: a causal Bayes filter over the cells of the floor plan, in the dB domain.
//!
//! Time runs in slots of half a second. Within a slot the order of sightings does not matter; a sighting may come up to
//! [`LATE_SLOTS`] slots late and still changes all that follows; one that comes twice, or later than that, changes nothing.
//! A slot is not an average: every sighting keeps its own factor in the likelihood.

mod belief;
mod field;
mod radio;
mod walls;

use std::collections::VecDeque;
use std::sync::Arc;

use model::floor::Point;
use model::ids::{FloorId, ReceiverId, ZoneId};
use model::position::{Patch, Spread};
use model::sighting::Sighting;
use model::time::{Millis, Timestamp};
use model::units::{Dbm, Metres, Probability};

use belief::{Belief, Motion};
pub use field::Field;
use radio::Echo;
pub use radio::Workspace;

/// Length of a slot.
pub const SLOT: Millis = Millis(500);
/// So many slots back a sighting is still put in its place.
pub const LATE_SLOTS: i64 = 4;
/// Most sightings of one subject in one slot.
pub const SLOT_SIGHTINGS_MAX: usize = 64;
/// Longer windows are taken for so long.
const WINDOW_MAX: Millis = Millis(1_000);
/// After so many silent slots the belief stops moving on: it has long been everywhere that a walk leads to.
const SILENT_SLOTS_MAX: i64 = 240;
/// Receivers named in an estimate.
const HEARD_MAX: usize = 4;

/// What became of a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// It went into the slot with this number.
    Taken(i64),
    /// It was there already.
    Duplicate,
    /// Its slot is closed for good.
    Late,
    /// Its receiver is not on the plan.
    UnknownReceiver,
    /// Its numbers are none that a radio gives.
    Implausible,
    /// Its slot is full.
    Flood,
}

/// Where a subject is believed to be at the end of a slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The end of the slot.
    pub at: Timestamp,
    /// The likeliest floor.
    pub floor: FloorId,
    /// The mean of the belief on that floor.
    pub point: Point,
    /// Root mean square distance of the belief from the point.
    pub uncertainty: Metres,
    /// How the belief spreads on that floor.
    pub spread: Spread,
    /// Where the belief lies on that floor, likeliest first, at most 64 patches.
    pub cloud: Vec<Patch>,
    /// Belief for every zone of the plan, in its order.
    pub zones: Vec<(ZoneId, Probability)>,
    /// The receivers that heard the subject in the slot, strongest first, at most 4.
    pub heard: Vec<(ReceiverId, Dbm)>,
}

/// The slot that a moment belongs to; a slot ends with its last millisecond, exclusive.
#[must_use]
pub const fn slot_of(at: Timestamp) -> i64 {
    at.0.div_euclid(SLOT.0)
}

/// The end of a slot.
#[must_use]
pub const fn slot_end(slot: i64) -> Timestamp {
    Timestamp(slot.saturating_add(1).saturating_mul(SLOT.0))
}

/// One subject's belief, with the few last slots kept open.
#[derive(Debug)]
pub struct Filter {
    field: Arc<Field>,
    motion: Motion,
    /// The belief at the end of slot `base_slot`; nothing before it is open any more.
    base: Belief,
    base_slot: i64,
    /// Slots with sightings, oldest first, all after `base_slot`.
    slots: VecDeque<Slot>,
}

#[derive(Debug)]
struct Slot {
    number: i64,
    /// In the order of time and receiver, whatever the order of coming.
    heard: Vec<(i64, Echo, f32)>,
    /// The belief at the slot's end, once it is computed.
    belief: Option<Belief>,
}

impl Filter {
    /// A subject that has just been heard for the first time, at `at`.
    #[must_use]
    pub fn new(field: Arc<Field>, at: Timestamp) -> Self {
        Self {
            motion: Motion::new(SLOT.as_seconds(), field.cell),
            base: Belief::anywhere(&field),
            base_slot: slot_of(at) - 1 - LATE_SLOTS,
            slots: VecDeque::new(),
            field,
        }
    }

    /// A subject known to have been in these zones just before `at`.
    #[must_use]
    pub fn within(field: Arc<Field>, zones: &[ZoneId], at: Timestamp) -> Self {
        let mut filter = Self::new(field, at);
        filter.base.favour(&filter.field, zones);
        filter
    }

    /// Takes the field of a new plan; the belief stays where it was, as far as the new plan has the place.
    #[must_use]
    pub fn moved(mut self, field: Arc<Field>, work: &mut Workspace) -> Self {
        let last = self.slots.back().map_or(self.base_slot, |slot| slot.number);
        self.compute(self.slots.len(), work);
        let belief = self.slots.pop_back().and_then(|slot| slot.belief).unwrap_or(self.base);
        Self {
            motion: Motion::new(SLOT.as_seconds(), field.cell),
            base: belief.onto(&self.field, &field),
            base_slot: last,
            slots: VecDeque::new(),
            field,
        }
    }

    /// Takes a sighting into its slot.
    pub fn hear(&mut self, sighting: &Sighting) -> Hearing {
        let Some(receiver) = self.field.receiver(&sighting.receiver) else { return Hearing::UnknownReceiver };
        let rssi = sighting.rssi.mean.0;
        if !(-127.0..=20.0).contains(&rssi) || sighting.count == 0 {
            return Hearing::Implausible;
        }
        // What a window holds was heard about its middle: it must not count as heard in the slot after it.
        let number = slot_of(sighting.at - Millis(sighting.window.0.clamp(0, WINDOW_MAX.0) / 2));
        if number <= self.base_slot {
            return Hearing::Late;
        }
        let echo = Echo { receiver, level: rssi - power(sighting), sharpness: radio::sharpness(sighting.count) };
        let slot = self.slot(number);
        let entry = (sighting.at.0, echo, rssi);
        let key = |(at, echo, rssi): &(i64, Echo, f32)| (*at, echo.receiver, rssi.to_bits());
        match slot.heard.binary_search_by_key(&key(&entry), key) {
            Ok(_) => return Hearing::Duplicate,
            Err(_) if slot.heard.len() >= SLOT_SIGHTINGS_MAX => return Hearing::Flood,
            Err(place) => slot.heard.insert(place, entry),
        }
        self.slots.iter_mut().filter(|slot| slot.number >= number).for_each(|slot| slot.belief = None);
        Hearing::Taken(number)
    }

    /// Where the subject is believed to be at the end of a slot, from all that was heard up to then.
    pub fn estimate(&mut self, slot: i64, work: &mut Workspace) -> Estimate {
        let known = self.slots.iter().take_while(|open| open.number <= slot).count();
        self.compute(known, work);
        let last = known.checked_sub(1).map(|last| &self.slots[last]);
        let (from, heard) = last.map_or((self.base_slot, &[][..]), |last| (last.number, &last.heard));
        let belief = last.and_then(|last| last.belief.as_ref()).unwrap_or(&self.base);
        if from >= slot {
            return self.describe(slot, belief, heard);
        }
        let mut belief = belief.clone();
        self.advance(&mut belief, slot - from, work);
        self.describe(slot, &belief, &[])
    }

    /// Closes for good all slots that are too far back for late sightings.
    pub fn commit(&mut self, latest: i64, work: &mut Workspace) {
        while self.slots.front().is_some_and(|slot| slot.number <= latest - LATE_SLOTS) {
            self.compute(1, work);
            let Some(Slot { number, belief: Some(belief), .. }) = self.slots.pop_front() else { return };
            (self.base, self.base_slot) = (belief, number);
        }
    }

    fn slot(&mut self, number: i64) -> &mut Slot {
        let place = self.slots.partition_point(|slot| slot.number < number);
        if self.slots.get(place).is_none_or(|slot| slot.number != number) {
            self.slots.insert(place, Slot { number, heard: Vec::new(), belief: None });
        }
        &mut self.slots[place]
    }

    /// Computes the beliefs of the first `count` slots, as far as they are not known.
    fn compute(&mut self, count: usize, work: &mut Workspace) {
        for place in 0..count {
            if self.slots[place].belief.is_some() {
                continue;
            }
            let (from, before) = match place.checked_sub(1) {
                Some(before) => (self.slots[before].number, self.slots[before].belief.as_ref().unwrap_or(&self.base)),
                None => (self.base_slot, &self.base),
            };
            let mut belief = before.clone();
            self.advance(&mut belief, self.slots[place].number - from, work);
            belief.place(&mut work.place);
            let echoes = self.slots[place].heard.iter().map(|(_, echo, _)| *echo);
            let corrected: Vec<Echo> = echoes.clone().map(|echo| belief.correct(echo)).collect();
            radio::weigh(&self.field, corrected.iter().copied(), &mut belief.radio, work);
            self.hush(place, &mut belief, work);
            belief.weigh(&work.likelihood);
            radio::learn(&self.field, echoes, &mut belief, work);
            self.slots[place].belief = Some(belief);
        }
    }

    /// Weighs the receivers that heard nothing in a slot in which others did.
    fn hush(&self, place: usize, belief: &mut Belief, work: &mut Workspace) {
        let slot = &self.slots[place];
        let Some((_, first, rssi)) = slot.heard.first() else { return };
        radio::hush(&self.field, rssi - first.level, slot.number, belief, work);
        slot.heard.iter().for_each(|(_, echo, _)| belief.last[usize::from(echo.receiver)] = Some(slot.number));
    }

    fn advance(&self, belief: &mut Belief, slots: i64, work: &mut Workspace) {
        for _ in 0..slots.min(SILENT_SLOTS_MAX) {
            belief.step(&self.field, self.motion, &mut work.flux);
        }
    }

    fn describe(&self, slot: i64, belief: &Belief, heard: &[(i64, Echo, f32)]) -> Estimate {
        let (floor, point, spread) = belief.moments(&self.field);
        let mut strongest: Vec<(u16, f32)> = heard.iter().map(|(_, echo, rssi)| (echo.receiver, *rssi)).collect();
        strongest.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        strongest.dedup_by_key(|(receiver, _)| *receiver);
        strongest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        strongest.truncate(HEARD_MAX);
        let name = |receiver: u16| self.field.hearing[usize::from(receiver)].id.clone();
        Estimate {
            at: slot_end(slot),
            cloud: belief.cloud(&self.field, &floor),
            floor,
            point,
            uncertainty: Metres((spread.xx + spread.yy).sqrt()),
            spread,
            zones: belief.zones(&self.field),
            heard: strongest.into_iter().map(|(receiver, rssi)| (name(receiver), Dbm(rssi))).collect(),
        }
    }
}

/// The power at 1 m that a frame claims, or the usual one when it claims none or nonsense.
fn power(sighting: &Sighting) -> f32 {
    match sighting.power_at_1m {
        Some(power) if (-100..=-20).contains(&power) => f32::from(power),
        Some(_) | None => radio::POWER_DBM,
    }
}

#[cfg(test)]
mod tests;

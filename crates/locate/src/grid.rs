//! Where one subject is: a causal Bayes filter over the cells of the floor plan, in the dB domain.
//!
//! Time runs in slots of half a second. Within a slot the order of sightings does not matter; a sighting may come up to
//! [`LATE_SLOTS`] slots late and still changes all that follows; one that comes twice, or later than that, changes nothing.
//! A slot is not an average: every sighting keeps its own factor in the likelihood.

mod belief;
mod blind;
mod checkpoint;
mod device;
mod estimate;
mod facing;
pub(crate) mod field;
pub(crate) mod ground;
mod heed;
mod kept;
mod reading;
mod trail;
pub(crate) mod walls;
mod weigh;

use std::collections::VecDeque;
use std::sync::Arc;

use model::ids::ZoneId;
use model::sighting::Sighting;
use model::time::{Millis, Timestamp};

use crate::calibrate::Traffic;

use belief::Motion;
use checkpoint::Checkpoint;
pub use estimate::Estimate;
pub use field::Field;
pub use ground::Ground;
use kept::Kept;
use weigh::Echo;
pub use weigh::Workspace;

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
/// Slots with sightings that may be open before the oldest ones are closed by computing them anew.
const SLOTS_MAX: usize = 12;
/// The usual claim of a frame that makes none, in dBm.
const POWER_DBM: i8 = -59;

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
///
/// Three beliefs are kept: one behind which nothing is open any more, the newest one, and one between them. A sighting that comes
/// late makes those after it void, and they are computed again from the last one that holds.
#[derive(Debug)]
pub struct Filter {
    field: Arc<Field>,
    motion: Motion,
    /// The belief at the end of slot `base_slot`; nothing before it is open any more. None for somebody who may be anywhere.
    base: Option<Kept>,
    base_slot: i64,
    /// Whether the base is of a slot that was heard, and not of before all that was heard.
    begun: bool,
    middle: Checkpoint,
    newest: Checkpoint,
    /// Slots with sightings, oldest first, all after `base_slot`.
    slots: VecDeque<Slot>,
    /// Rooms of closed slots, for the next ones.
    spare: Vec<Vec<Heard>>,
}

#[derive(Debug)]
struct Slot {
    number: i64,
    /// In the order of time and receiver, whatever the order of coming.
    heard: Vec<Heard>,
}

/// A sighting in its slot; small, since many are kept.
#[derive(Debug, Clone, Copy)]
struct Heard {
    rssi: f32,
    receiver: u16,
    frames: u16,
    /// Milliseconds since the slot began.
    after: i16,
    /// The power at 1 m that it claims, in dBm.
    power: i8,
}

impl Heard {
    fn echo(&self) -> Echo {
        Echo { receiver: self.receiver, level: self.rssi - f32::from(self.power), frames: self.frames }
    }
}

impl Filter {
    /// A subject that has just been heard for the first time, at `at`.
    #[must_use]
    pub fn new(field: Arc<Field>, at: Timestamp) -> Self {
        Self {
            motion: Motion::new(SLOT.as_seconds(), field.ground.cell),
            base: None,
            // One more than may be late: a window belongs to the slot of its middle.
            base_slot: slot_of(at) - 2 - LATE_SLOTS,
            begun: false,
            middle: Checkpoint::default(),
            newest: Checkpoint::default(),
            slots: VecDeque::new(),
            spare: Vec::new(),
            field,
        }
    }

    /// A subject known to have been in these zones just before `at`.
    #[must_use]
    pub fn within(field: Arc<Field>, zones: &[ZoneId], at: Timestamp, work: &mut Workspace) -> Self {
        let mut filter = Self::new(field, at);
        work.belief.anywhere(&filter.field);
        work.belief.favour(&filter.field.ground, zones);
        filter.base = Some(Kept::new(&work.belief));
        filter
    }

    /// Takes another field: of a new plan, or with new knowledge. The belief stays where it was, as far as the field has the place.
    #[must_use]
    pub fn moved(mut self, field: Arc<Field>, work: &mut Workspace) -> Self {
        let last = self.slots.back().map_or(self.base_slot, |slot| slot.number);
        self.compute(last, work);
        let mut moved = Self::new(field, slot_end(last));
        (moved.base_slot, moved.begun) = (last, true);
        moved.base = Some(Kept::new(&work.belief.onto(&self.field, &moved.field)));
        moved
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
        // At most a slot and half a window.
        let after = (sighting.at.0 - number * SLOT.0) as i16;
        let slot = self.slot(number);
        let entry = Heard { rssi, receiver, frames: sighting.count, after, power: power(sighting) };
        let key = |heard: &Heard| (heard.after, heard.receiver, heard.rssi.to_bits(), heard.power, heard.frames);
        match slot.heard.binary_search_by_key(&key(&entry), key) {
            Ok(_) => return Hearing::Duplicate,
            Err(_) if slot.heard.len() >= SLOT_SIGHTINGS_MAX => return Hearing::Flood,
            Err(place) => slot.heard.insert(place, entry),
        }
        for checkpoint in [&mut self.middle, &mut self.newest] {
            checkpoint.slot = checkpoint.slot.filter(|slot| *slot < number);
        }
        Hearing::Taken(number)
    }

    /// Computes where the subject is believed to be at the end of a slot, from all that was heard up to then, and leaves it in
    /// the workspace. It allocates nothing once the rooms are as large as they need to be.
    pub fn update(&mut self, slot: i64, work: &mut Workspace) {
        let from = self.compute(slot, work);
        if from < slot {
            self.advance(slot - from, work);
        }
    }

    /// Where the subject is believed to be at the end of a slot, from all that was heard up to then.
    pub fn estimate(&mut self, slot: i64, work: &mut Workspace) -> Estimate {
        self.update(slot, work);
        let heard = self.slots.iter().find(|open| open.number == slot).map_or(&[][..], |open| &open.heard);
        self.describe(slot, heard, work)
    }

    /// Gives what the belief of the last update says about the slot's sightings to those who learn from it.
    pub fn teach(&self, slot: i64, work: &mut Workspace, traffic: &mut Traffic) {
        let Some(open) = self.slots.iter().find(|open| open.number == slot) else { return };
        work.belief.place(&mut work.place);
        let offset = work.belief.device.offset;
        let echoes = open.heard.iter().map(Heard::echo);
        let heard = echoes.map(|echo| (echo.receiver, echo.level - offset, echo.frames));
        traffic.hear(&self.field, &work.place, SLOT.as_seconds(), heard);
    }

    /// Closes for good all slots that are too far back for late sightings.
    pub fn commit(&mut self, latest: i64, work: &mut Workspace) {
        let closed = latest - LATE_SLOTS - 1;
        if self.slots.len() > SLOTS_MAX && self.middle.valid(closed).is_none() {
            let last = self.slots.iter().take_while(|slot| slot.number <= closed).last().map(|slot| slot.number);
            if let Some(last) = last {
                self.compute(last, work);
                // Not the belief anew: to keep twice is to round twice, and others would go on from another belief.
                self.middle.copy(last, &self.newest);
            }
        }
        if let Some((slot, kept)) = self.middle.valid(closed) {
            match &mut self.base {
                Some(base) => base.copy(kept),
                None => self.base = Some(Kept::new_copy(kept)),
            }
            (self.base_slot, self.begun) = (slot, true);
            self.middle.slot = None;
            while self.slots.front().is_some_and(|open| open.number <= slot) {
                if let Some(Slot { mut heard, .. }) = self.slots.pop_front() {
                    heard.clear();
                    self.spare.push(heard);
                }
            }
        }
        if self.middle.slot.is_none()
            && let Some(slot) = self.newest.slot
            && slot > self.base_slot
        {
            self.middle.copy(slot, &self.newest);
        }
    }

    /// Bytes that the filter takes, the rooms that it keeps for later included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let kept = [self.base.as_ref(), self.middle.kept.as_ref(), self.newest.kept.as_ref()];
        let slots = self.slots.iter().map(|slot| slot.heard.capacity()).chain(self.spare.iter().map(Vec::capacity));
        size_of::<Self>()
            + kept.into_iter().flatten().map(Kept::bytes).sum::<usize>()
            + self.slots.capacity() * size_of::<Slot>()
            + slots.sum::<usize>() * size_of::<Heard>()
    }

    fn slot(&mut self, number: i64) -> &mut Slot {
        let place = self.slots.partition_point(|slot| slot.number < number);
        if self.slots.get(place).is_none_or(|slot| slot.number != number) {
            let heard = self.spare.pop().unwrap_or_default();
            self.slots.insert(place, Slot { number, heard });
        }
        &mut self.slots[place]
    }

    /// Computes the belief at the end of the last slot with sightings up to `until`, and says which slot that is.
    fn compute(&mut self, until: i64, work: &mut Workspace) -> i64 {
        let (mut from, kept) = match self.newest.valid(until).or_else(|| self.middle.valid(until)) {
            Some((slot, kept)) => (slot, Some(kept)),
            None => (self.base_end(), self.base.as_ref()),
        };
        match kept {
            Some(kept) => kept.take(&self.field, &mut work.belief),
            None => work.belief.anywhere(&self.field),
        }
        let first = self.slots.partition_point(|slot| slot.number <= from);
        let count = self.slots.iter().skip(first).take_while(|slot| slot.number <= until).count();
        for place in first..first + count {
            let number = self.slots[place].number;
            self.advance(number - from, work);
            let field = &*self.field;
            let echoes = self.slots[place].heard.iter().map(Heard::echo).filter(|echo| field.trusts(echo.receiver));
            work.weigh(&self.field, echoes, number);
            // What is kept is what is gone on from: both ways must lead to the same belief.
            self.newest.put(number, &work.belief);
            if let Some(kept) = &self.newest.kept {
                kept.take(&self.field, &mut work.belief);
            }
            from = number;
        }
        from
    }

    /// The slot at whose end the base is. Before anything is closed that hangs on what was heard, not on what came first.
    fn base_end(&self) -> i64 {
        match self.slots.front() {
            Some(first) if !self.begun => first.number - 1 - LATE_SLOTS,
            Some(_) | None => self.base_slot,
        }
    }

    fn advance(&self, slots: i64, work: &mut Workspace) {
        for _ in 0..slots.min(SILENT_SLOTS_MAX) {
            work.belief.step(&self.field, self.motion, &mut work.flux);
        }
    }
}

/// The power at 1 m that a frame claims, or the usual one when it claims none or nonsense.
fn power(sighting: &Sighting) -> i8 {
    match sighting.power_at_1m {
        Some(power) if (-100..=-20).contains(&power) => power,
        Some(_) | None => POWER_DBM,
    }
}

#[cfg(test)]
mod tests;

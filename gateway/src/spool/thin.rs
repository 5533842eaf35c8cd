//! Making room by class: sightings go first, from the oldest on; what sensors read goes only when nothing else is left.
//!
//! A batch of sightings leaves its number behind, so that the numbers of a segment have no gap. Redemptions and consents
//! never come here: phone and till bring them to the server themselves.

use std::io;

use super::Spool;
use super::medium::Medium;
use super::segment::{self, Item, Segment};

/// Why something goes before the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// There is no room, or it can't be read back.
    Bounds,
    /// Its time is over.
    Old,
}

impl<M: Medium> Spool<M> {
    /// Lets the oldest sightings go, or the oldest segment if none are left; false when nothing may go.
    ///
    /// A full disk may have no room to write a segment anew: then the oldest goes whole that holds nothing but sightings.
    pub(super) fn make_room(&mut self) -> bool {
        if self.segments.len() < 2 {
            return false;
        }
        let last = self.segments.len() - 1;
        for index in 0..last {
            if !self.segments[index].holds_sightings(self.acked) {
                continue;
            }
            if self.thin(index, Why::Bounds, |_| true).is_ok() {
                return true;
            }
            if !self.segments[index].holds_readings(self.acked) {
                self.drop_at(index, Why::Bounds);
                return true;
            }
        }
        self.drop_oldest(Why::Bounds);
        true
    }

    /// Lets a segment go whole, wherever it stands; its numbers are read as empty batches.
    pub(super) fn drop_at(&mut self, index: usize, why: Why) {
        if index == 0 {
            return self.drop_oldest(why);
        }
        if let Some(gone) = self.segments.remove(index) {
            self.count_gone(&gone, why, |_, _| true);
            self.remove(&gone);
        }
    }

    /// Writes a segment anew without the sightings of some batches, and counts each of them.
    pub(super) fn thin(&mut self, index: usize, why: Why, goes: impl Fn(u64) -> bool) -> io::Result<()> {
        let thick = &self.segments[index];
        let bytes = self.medium.read(&thick.name(), 0, segment::FILE_BYTES_MAX)?;
        let (thin_bytes, thin) = thick.without_sightings(&bytes, &goes)?;
        self.medium.replace(&thick.name(), &thin_bytes)?;
        let thick = std::mem::replace(&mut self.segments[index], thin);
        self.count_gone(&thick, why, |seq, item| item.is_raw() && goes(seq));
        Ok(())
    }

    /// Counts what of a segment is let go, and the server does not keep: its sightings, or all of it.
    pub(super) fn count_gone(&mut self, segment: &Segment, why: Why, is_gone: impl Fn(u64, &Item) -> bool) {
        let beyond = self.beyond;
        let is_kept = |seq| beyond.is_some_and(|(from, to)| (from..=to).contains(&seq));
        let lost = match why {
            Why::Bounds => &mut self.over_bounds,
            Why::Old => &mut self.too_old,
        };
        for (_, item) in segment.numbered_after(self.acked).filter(|(seq, item)| !is_kept(*seq) && is_gone(*seq, item))
        {
            lost.add(item.sightings, item.readings);
        }
    }

    /// Lets the oldest sightings go that wait for the disk, or the oldest entry if there are none.
    pub(super) fn shed_pending(&mut self) {
        let index = self.pending.iter().position(|entry| entry.readings == 0).unwrap_or(0);
        let Some(mut shed) = self.pending.remove(index) else {
            return;
        };
        self.disk_refused.add(shed.sightings, shed.readings);
        // The meters moved on with it; what they counted is in the figures of what was dropped.
        if let (Some(next), Some(state)) = (self.pending.get_mut(index), shed.state.take()) {
            next.state.get_or_insert(state);
        }
    }
}

/// Whether a batch of so much holds nothing but sightings.
pub(super) const fn is_raw(sightings: u32, readings: u32) -> bool {
    sightings > 0 && readings == 0
}

impl Item {
    /// Whether it holds nothing but sightings.
    pub(super) const fn is_raw(&self) -> bool {
        is_raw(self.sightings, self.readings)
    }
}

impl Segment {
    /// Whether a batch after `acked` holds nothing but sightings.
    pub(super) fn holds_sightings(&self, acked: u64) -> bool {
        self.numbered_after(acked).any(|(_, item)| item.is_raw())
    }

    /// Whether a batch after `acked` holds a reading.
    fn holds_readings(&self, acked: u64) -> bool {
        self.numbered_after(acked).any(|(_, item)| item.readings > 0)
    }
}

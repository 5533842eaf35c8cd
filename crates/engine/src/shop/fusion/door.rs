//! The counters at the entrances: how many people can be inside.
//!
//! Crossings of the last seconds are kept in the order of their own times, so that readings that come out of order count the same.
//! The count begins anew in the night. It is not a door: it opens nothing.

use std::collections::BTreeSet;

use decide::local::days_between;
use model::ids::SensorId;
use model::time::{Millis, Timestamp};

/// So late a crossing is still put in its place.
const OPEN: Millis = Millis::seconds(10);
/// Most crossings kept open.
const OPEN_MAX: usize = 256;
/// A new day begins at this local hour.
const NIGHT: Millis = Millis::hours(4);
/// After so long without a crossing, the counters bound nothing: they may be dead.
const SILENT: Millis = Millis::hours(2);
/// Most people that one reading may let in or out.
const CROSSING_MAX: u32 = 1_000;
/// A visit outlasts its last sighting by so much until its going out is counted, at most.
const OUT_EARLIER: Millis = Millis::seconds(30);
/// Miscounts that are always possible.
const SLACK: u64 = 2;

/// The people that the counters let in and out.
#[derive(Debug)]
pub(in crate::shop) struct Door {
    timezone: String,
    /// None when the process began while people were inside.
    settled: Option<Count>,
    /// The last crossing that is settled.
    settled_at: Option<Timestamp>,
    /// Crossings that others may still come before: when, where, entered and left.
    open: BTreeSet<(Timestamp, SensorId, u32, u32)>,
    last: Option<Timestamp>,
    last_out: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    inside: u64,
    /// All that was counted since the night; each may have been a miscount.
    crossings: u64,
}

impl Count {
    const fn cross(self, (entered, left): (u32, u32)) -> Self {
        let (entered, left) = (entered as u64, left as u64);
        Self {
            // Nobody goes out who is not inside: what is missing was not counted when it came in.
            inside: (self.inside + entered).saturating_sub(left),
            crossings: self.crossings + entered + left,
        }
    }
}

impl Default for Door {
    fn default() -> Self {
        Self {
            timezone: "UTC".into(),
            settled: Some(Count::default()),
            settled_at: None,
            open: BTreeSet::new(),
            last: None,
            last_out: None,
        }
    }
}

impl Door {
    /// Takes the store's time zone.
    pub(super) fn set_timezone(&mut self, timezone: &str) {
        if self.timezone != timezone {
            timezone.clone_into(&mut self.timezone);
        }
    }

    /// People are inside whom nobody counted: the count is known again from the next night on.
    pub(super) fn lose_count(&mut self) {
        self.settled = None;
    }

    /// Takes a reading that was not heard before.
    pub(super) fn cross(&mut self, sensor: &SensorId, at: Timestamp, entered: u32, left: u32) {
        let (entered, left) = (entered.min(CROSSING_MAX), left.min(CROSSING_MAX));
        if (entered, left) == (0, 0) {
            return;
        }
        self.open.insert((at, sensor.clone(), entered, left));
        self.last = self.last.max(Some(at));
        if left > 0 {
            self.last_out = self.last_out.max(Some(at));
        }
        let newest = self.last.unwrap_or(at);
        while let Some((first, ..)) = self.open.first()
            && (*first < newest - OPEN || self.open.len() > OPEN_MAX)
        {
            self.settle();
        }
    }

    /// So many are heard inside who are one person each: there are no fewer.
    pub(super) fn at_least(&mut self, people: u64) {
        if self.now().is_none_or(|count| count.inside >= people) {
            return;
        }
        while !self.open.is_empty() {
            self.settle();
        }
        if let Some(settled) = &mut self.settled {
            settled.inside = people;
        }
    }

    /// How many are inside by the count; none when the counters can't tell.
    pub(super) fn inside(&self, now: Timestamp) -> Option<u64> {
        self.hears(now).then(|| self.now()).flatten().map(|count| count.inside)
    }

    /// How many can be inside at most: the count, a tenth of it, one for fifty crossings since the night, and two.
    pub(super) fn ceiling(&self, now: Timestamp) -> Option<u64> {
        let count = self.hears(now).then(|| self.now()).flatten()?;
        Some(count.inside + count.inside.div_ceil(10) + count.crossings / 50 + SLACK)
    }

    /// Whether the counters are at work and have let nobody out since somebody was last heard.
    pub(in crate::shop) fn kept_in(&self, last_heard: Timestamp) -> bool {
        self.hears(last_heard) && !self.let_out(last_heard)
    }

    /// Whether the counters have let somebody out since somebody was last heard, or just before.
    pub(in crate::shop) fn let_out(&self, last_heard: Timestamp) -> bool {
        self.last_out.is_some_and(|out| out >= last_heard - OUT_EARLIER)
    }

    fn hears(&self, now: Timestamp) -> bool {
        self.last.is_some_and(|last| now.since(last) <= SILENT)
    }

    /// The count with the open crossings in the order of their times.
    fn now(&self) -> Option<Count> {
        let (mut count, mut before) = (self.settled, self.settled_at);
        for (at, _, entered, left) in &self.open {
            count = self.next(count, before, *at, (*entered, *left));
            before = before.max(Some(*at));
        }
        count
    }

    fn settle(&mut self) {
        let Some((at, _, entered, left)) = self.open.pop_first() else { return };
        self.settled = self.next(self.settled, self.settled_at, at, (entered, left));
        self.settled_at = self.settled_at.max(Some(at));
    }

    fn next(
        &self,
        count: Option<Count>,
        before: Option<Timestamp>,
        at: Timestamp,
        crossing: (u32, u32),
    ) -> Option<Count> {
        let a_night = before.is_some_and(|before| days_between(&self.timezone, before - NIGHT, at - NIGHT) > 0);
        let count = if a_night { Some(Count::default()) } else { count };
        count.map(|count| count.cross(crossing))
    }
}

#[cfg(test)]
mod tests;

//! From totals to differences. Totals repeat, come late, begin anew and jump; none of that may count anybody twice.

use std::collections::VecDeque;

use model::reading::ReadingKind;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use wire::vendor::counter::{self, Record, Totals};
use wire::vendor::shelf::{Items, Scale};

use crate::now::Now;

/// No door lets more people through in a second.
const PEOPLE_PER_SECOND: i64 = 10;
/// So many may have crossed before the first second is over.
const PEOPLE_AT_ONCE: i64 = 20;
/// A counter whose reports are all older or lower than before is believed after so many in a row ...
const RIVAL_REPORTS: u32 = 3;
/// ... over at least this time, so that a burst of old messages can't do it.
const RIVAL_SPAN: Millis = Millis::seconds(60);
/// So many reports are remembered to tell repeats.
const STAMPS_MAX: usize = 256;
/// A level that is older than the last one by more than this comes from a clock that was set back.
const CLOCK_SET_BACK: Millis = Millis::hours(1);

/// Why a report must not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It is older than what was counted already.
    Stale,
    /// More people than can cross in that time: the counter jumped. It is the new beginning.
    Implausible,
    /// It was counted already.
    Repeated,
    /// A kept message of a sensor that reports differences.
    Retained,
}

impl Ignored {
    /// The stable code for counters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stale => "stale-report",
            Self::Implausible => "implausible-report",
            Self::Repeated => "repeated-report",
            Self::Retained => "retained-report",
        }
    }
}

/// A report that was believed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Mark {
    entered: u32,
    left: u32,
    stamp: Option<u64>,
    at: Timestamp,
}

/// Reports that contradict the mark, but agree with each other.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rival {
    mark: Mark,
    reports: u32,
    since: Millis,
}

/// A counter that reports totals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Counter {
    mark: Option<Mark>,
    #[serde(skip)]
    rival: Option<Rival>,
}

impl Counter {
    /// Who crossed since the last report. None for the very first report, which may be hours old, and when nobody did.
    pub(super) fn step(
        &mut self,
        totals: Totals,
        stamp: Option<u64>,
        now: Now,
    ) -> Result<Option<ReadingKind>, Ignored> {
        let new = Mark { entered: totals.entered, left: totals.left, stamp, at: now.wall };
        let Some(mark) = self.mark else {
            self.mark = Some(new);
            return Ok(None);
        };
        let order = stamp.zip(mark.stamp).map(|(new, old)| new.cmp(&old));
        let lower = new.entered < mark.entered || new.left < mark.left;
        let since = match (order, lower) {
            (Some(std::cmp::Ordering::Less), _) | (Some(std::cmp::Ordering::Equal) | None, true) => {
                return self.contradict(new, now);
            }
            // Newer and lower: it began anew, at midnight or after a power cut.
            (Some(std::cmp::Ordering::Greater), true) => Mark { entered: 0, left: 0, ..mark },
            (Some(std::cmp::Ordering::Equal | std::cmp::Ordering::Greater) | None, false) => mark,
        };
        self.rival = None;
        self.mark = Some(new);
        difference(since, new)
    }

    /// A report that is old, or comes from a counter whose clock or totals were set back. Only time tells which.
    fn contradict(&mut self, new: Mark, now: Now) -> Result<Option<ReadingKind>, Ignored> {
        let rival = match self.rival {
            Some(rival) if rival.mark.is_followed_by(&new) => Rival { mark: new, reports: rival.reports + 1, ..rival },
            Some(_) | None => Rival { mark: new, reports: 1, since: now.monotonic },
        };
        self.rival = Some(rival);
        if rival.reports >= RIVAL_REPORTS && now.monotonic.0 - rival.since.0 >= RIVAL_SPAN.0 {
            self.mark = Some(new);
            self.rival = None;
        }
        Err(Ignored::Stale)
    }
}

impl Mark {
    fn is_followed_by(&self, new: &Self) -> bool {
        let later = match (self.stamp, new.stamp) {
            (Some(old), Some(new)) => new > old,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        later && new.entered >= self.entered && new.left >= self.left
    }
}

fn difference(old: Mark, new: Mark) -> Result<Option<ReadingKind>, Ignored> {
    let (entered, left) = (new.entered - old.entered, new.left - old.left);
    let seconds = (new.at.since(old.at).0 / 1_000).max(0);
    let possible = PEOPLE_AT_ONCE.saturating_add(seconds.saturating_mul(PEOPLE_PER_SECOND));
    if i64::from(entered) + i64::from(left) > possible {
        return Err(Ignored::Implausible);
    }
    Ok((entered > 0 || left > 0).then_some(ReadingKind::Crossing { entered, left }))
}

/// The newest spans of a sensor that reports differences, and what was counted in each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Window {
    #[serde(default)]
    counted: VecDeque<(u64, u32, u32)>,
}

impl Window {
    /// Who crossed that was not counted yet. A span that is told again, corrected, counts by what it has more than before:
    /// people who were counted can't be taken back.
    ///
    /// Without a time of its own nothing tells a repeat, and a report counts.
    pub(super) fn step(&mut self, records: &[Record]) -> Result<Option<ReadingKind>, Ignored> {
        let (mut sum, mut refused) = (Totals::default(), None);
        for record in records {
            match self.fresh(record) {
                Ok(fresh) => {
                    sum.entered = sum.entered.saturating_add(fresh.entered);
                    sum.left = sum.left.saturating_add(fresh.left);
                }
                Err(ignored) => refused = Some(ignored),
            }
        }
        match (sum, refused) {
            (Totals { entered: 0, left: 0 }, Some(ignored)) => Err(ignored),
            (Totals { entered: 0, left: 0 }, None) => Ok(None),
            (Totals { entered, left }, _) => Ok(Some(ReadingKind::Crossing { entered, left })),
        }
    }

    fn fresh(&mut self, record: &Record) -> Result<Totals, Ignored> {
        let Totals { entered, left } = record.crossed;
        let Some(stamp) = record.stamp else { return Ok(record.crossed) };
        if let Some((_, before_in, before_out)) = self.counted.iter_mut().find(|(seen, ..)| *seen == stamp) {
            let more = Totals { entered: entered.saturating_sub(*before_in), left: left.saturating_sub(*before_out) };
            (*before_in, *before_out) = (entered.max(*before_in), left.max(*before_out));
            return if more == Totals::default() { Err(Ignored::Repeated) } else { Ok(more) };
        }
        if self.counted.len() >= STAMPS_MAX {
            // Older than all that is remembered: whether it was counted is not known any more.
            if self.counted.iter().all(|(seen, ..)| stamp < *seen) {
                return Err(Ignored::Stale);
            }
            // By its stamp, not by when it came: a backfill comes out of order.
            let oldest = self.counted.iter().enumerate().min_by_key(|(_, (seen, ..))| *seen);
            oldest.map(|(place, _)| place).map(|place| self.counted.remove(place));
        }
        self.counted.push_back((stamp, entered, left));
        Ok(record.crossed)
    }
}

/// How many people there were, by the last report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Level {
    last: Option<(Timestamp, u32)>,
}

impl Level {
    /// How many people there are. A report that is told again is no second one, and one that was corrected replaces the first;
    /// an older one is too late, unless it is so old that the sensor's clock was set back.
    pub(super) fn step(&mut self, level: counter::Level) -> Result<ReadingKind, Ignored> {
        if let Some(at) = level.at {
            if let Some((before, count)) = self.last {
                let behind = before.0 - at.0;
                if (1..CLOCK_SET_BACK.0).contains(&behind) {
                    return Err(Ignored::Stale);
                }
                if behind == 0 && count == level.count {
                    return Err(Ignored::Repeated);
                }
            }
            self.last = Some((at, level.count));
        }
        Ok(ReadingKind::Level(level.count))
    }
}

/// Whether somebody was there, as it was told last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Presence {
    told: Option<bool>,
}

impl Presence {
    /// Whether somebody is there, if that is new. A kept message may be of yesterday: it ends a presence and never begins one.
    pub(super) fn step(&mut self, somebody: bool, retained: bool) -> Result<Option<ReadingKind>, Ignored> {
        if retained && (somebody || self.told != Some(true)) {
            return Err(Ignored::Retained);
        }
        let is_new = self.told.replace(somebody) != Some(somebody);
        Ok(is_new.then_some(ReadingKind::Presence(somebody)))
    }
}

/// A shelf, by its last report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Shelf {
    last: Option<(f64, Option<u32>)>,
}

impl Shelf {
    /// Items picked up or put back since the last report, also over a restart.
    pub(super) fn step(&mut self, scale: Scale, item_kg: Option<f64>) -> Option<ReadingKind> {
        let last = self.last.replace((scale.weight_kg, scale.count));
        let mut items = Items::new(item_kg);
        if let Some((weight_kg, count)) = last {
            items.step(Scale { weight_kg, count });
        }
        items.step(scale)
    }
}

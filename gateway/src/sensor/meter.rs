//! From totals to differences. Totals repeat, come late, begin anew and jump; none of that may count anybody twice.

use std::collections::VecDeque;

use model::reading::ReadingKind;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use wire::vendor::counter::Totals;
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
const STAMPS_MAX: usize = 32;

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

/// The newest reports of a sensor that reports differences.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Window {
    stamps: VecDeque<u64>,
}

impl Window {
    /// Whether a report is a new one. Without a time of its own nothing tells a repeat, and it counts.
    pub(super) fn check(&mut self, stamp: Option<u64>) -> Result<(), Ignored> {
        let Some(stamp) = stamp else {
            return Ok(());
        };
        if self.stamps.contains(&stamp) {
            return Err(Ignored::Repeated);
        }
        if self.stamps.len() >= STAMPS_MAX {
            // Older than all that is remembered: whether it was counted is not known any more.
            if self.stamps.iter().all(|seen| stamp < *seen) {
                return Err(Ignored::Stale);
            }
            self.stamps.pop_front();
        }
        self.stamps.push_back(stamp);
        Ok(())
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

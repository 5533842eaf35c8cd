//! Declared moments over a bounded journal of what happened around one customer.
//!
//! What fires follows from the set of marks alone: marks are kept in the order of their time, known ones are dropped by
//! their key, so late and repeated input changes nothing.

use std::collections::BTreeSet;

use model::ids::{MomentId, ProductId, StoreId, VisitId, ZoneId};
use model::pattern::{Pattern, Scope};
use model::shop::Shop;
use model::signal::Signal;
use model::time::{Millis, Timestamp};
use model::units::Probability;
use model::zone::ZoneKind;
use serde::{Deserialize, Serialize};

use crate::keyed;

/// Most marks kept; the oldest is forgotten first.
pub const MARKS_MAX: usize = 64;
/// A pattern that a later signal can spoil waits so long for what is on its way.
pub const GRACE: Millis = Millis::seconds(2);
/// What is older than this fires nothing any more: its moment has passed.
pub const STALE: Millis = Millis::seconds(30);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Tells marks apart: the same thing told twice has the same key.
    pub key: u64,
    /// What.
    pub signal: Signal,
    /// In which store.
    pub store: StoreId,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<ZoneId>,
    /// In which visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitId>,
    /// Which product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// Belief that it was this customer.
    pub probability: Probability,
}

/// What happened around one customer lately.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Journal {
    /// In the order of time, then of key.
    marks: Vec<Mark>,
}

/// A pattern that was completed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// Which pattern.
    pub pattern: MomentId,
    /// The mark that completed it.
    pub last: Mark,
    /// When it fires: with its last mark, or the declared time after it.
    pub at: Timestamp,
    /// Follows from the pattern and its last mark, so it is the same whatever the order of arrival.
    pub id: u64,
}

impl Journal {
    /// Takes a mark in. False when it is known already, or older than all that is kept in a full journal.
    pub fn note(&mut self, mark: Mark) -> bool {
        let place = match self.marks.binary_search_by_key(&(mark.at, mark.key), |known| (known.at, known.key)) {
            Ok(_) => return false,
            Err(place) => place,
        };
        if self.marks.iter().any(|known| known.key == mark.key) {
            return false;
        }
        if self.marks.len() < MARKS_MAX {
            self.marks.insert(place, mark);
            return true;
        }
        if place == 0 {
            return false;
        }
        self.marks.insert(place, mark);
        self.marks.remove(0);
        true
    }

    /// The patterns that fire at `now`, in the order of the file; each once, by its latest completion.
    ///
    /// The caller remembers the ids of what it has answered: a pattern goes on being told while it is fresh.
    #[must_use]
    pub fn fired(&self, patterns: &[Pattern], shop: &Shop, now: Timestamp) -> Vec<Fired> {
        let placed = self.placed();
        let due = |pattern: &Pattern| {
            placed.completions(pattern, shop).into_iter().rfind(|fired| {
                let at = fired.at + if pattern.without.is_empty() { Millis::ZERO } else { GRACE };
                at <= now && now.since(at) <= STALE
            })
        };
        patterns.iter().filter_map(due).collect()
    }

    /// When the next pattern will fire if nothing more happens.
    #[must_use]
    pub fn next_due(&self, patterns: &[Pattern], shop: &Shop, now: Timestamp) -> Option<Timestamp> {
        let placed = self.placed();
        let waits = |pattern: &Pattern| {
            let grace = if pattern.without.is_empty() { Millis::ZERO } else { GRACE };
            let later = placed.completions(pattern, shop).into_iter().map(move |fired| fired.at + grace);
            later.filter(|at| *at > now).min()
        };
        patterns.iter().filter_map(waits).min()
    }

    /// What is kept, in the order of time.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Takes another journal of the same customer in.
    pub fn absorb(&mut self, other: Self) {
        for mark in other.marks {
            self.note(mark);
        }
    }

    /// The same journal with what was done put where its doer was at that time, as far as the marks of stays tell: what
    /// was noted when it arrived may have been too early or too late to know.
    fn placed(&self) -> Self {
        let place = |mark: &Mark| match mark.signal {
            Signal::PickedUp
            | Signal::PutBack
            | Signal::Viewed
            | Signal::Added
            | Signal::Removed
            | Signal::AppOpened => self.place_at(&mark.store, mark.at),
            Signal::VisitStarted | Signal::Entered | Signal::Dwelling | Signal::Left | Signal::VisitEnded => None,
        };
        let put = |mark: &Mark| match place(mark) {
            Some(stay) => Mark { zone: stay.zone.clone(), visit: stay.visit, ..mark.clone() },
            None => mark.clone(),
        };
        Self { marks: self.marks.iter().map(put).collect() }
    }

    /// The mark that began the stay of then: of several the one that began last.
    fn place_at(&self, store: &StoreId, at: Timestamp) -> Option<&Mark> {
        let mut stays: Vec<&Mark> = Vec::new();
        for mark in self.marks.iter().filter(|mark| mark.store == *store && mark.at <= at) {
            match mark.signal {
                Signal::Entered => stays.push(mark),
                Signal::Left => stays.retain(|stay| stay.zone != mark.zone),
                Signal::VisitEnded => stays.retain(|stay| stay.visit != mark.visit),
                Signal::VisitStarted
                | Signal::Dwelling
                | Signal::PickedUp
                | Signal::PutBack
                | Signal::Viewed
                | Signal::Added
                | Signal::Removed
                | Signal::AppOpened => {}
            }
        }
        stays.pop()
    }

    /// Every time the pattern was completed and has kept its rest, in the order of time.
    fn completions(&self, pattern: &Pattern, shop: &Shop) -> Vec<Fired> {
        let mut fired: Vec<Fired> = Vec::new();
        for (index, last) in self.marks.iter().enumerate() {
            if pattern.on.last() != Some(&last.signal) || !self.is_complete(pattern, shop, index) {
                continue;
            }
            let at = last.at + Millis::seconds(i64::from(pattern.after_s));
            let rest = Millis::seconds(i64::from(pattern.rest_s));
            let rested = fired.iter().all(|before| {
                let elsewhere = pattern.scope == Scope::Zone && before.last.zone != last.zone;
                elsewhere || at.since(before.at) >= rest
            });
            if rested {
                fired.push(Fired { pattern: pattern.id.clone(), last: last.clone(), at, id: id(pattern, last) });
            }
        }
        fired
    }

    /// Whether the mark at `index` completes the pattern.
    fn is_complete(&self, pattern: &Pattern, shop: &Shop, index: usize) -> bool {
        let last = &self.marks[index];
        let Some(first) = self.first_of(pattern, index) else { return false };
        let until = last.at + Millis::seconds(i64::from(pattern.after_s));
        is_there(pattern, shop, last)
            && !self.is_spoilt(pattern, &self.marks[first], last, until)
            && self.is_nth(pattern, shop, last)
            && (!pattern.unbought || self.is_unbought(first, last, until))
    }

    /// Where the steps begin, when they are all there in their order: each step as late as it can be.
    fn first_of(&self, pattern: &Pattern, last: usize) -> Option<usize> {
        let mut at = last;
        for step in pattern.on.iter().rev().skip(1) {
            at = self.marks[..at]
                .iter()
                .rposition(|m| m.signal == *step && same(pattern.scope, m, &self.marks[last]))?;
        }
        let span = self.marks[last].at.since(self.marks[at].at);
        (span <= Millis::seconds(i64::from(pattern.within_s))).then_some(at)
    }

    fn is_spoilt(&self, pattern: &Pattern, first: &Mark, last: &Mark, until: Timestamp) -> bool {
        // What fires later presumes that the stay goes on.
        let ends = |signal: Signal| match pattern.scope {
            Scope::Zone => pattern.after_s > 0 && matches!(signal, Signal::Left | Signal::VisitEnded),
            Scope::Visit => pattern.after_s > 0 && signal == Signal::VisitEnded,
            Scope::Customer => false,
        };
        self.marks.iter().any(|mark| {
            let between = mark.at >= first.at && mark.at <= until && same(pattern.scope, mark, last);
            let after = mark.at > last.at || (mark.at == last.at && mark.key > last.key);
            between && (pattern.without.contains(&mark.signal) || (after && ends(mark.signal)))
        })
    }

    /// Whether this is the stay that counts: separate ones are told apart by what ended between them.
    fn is_nth(&self, pattern: &Pattern, shop: &Shop, last: &Mark) -> bool {
        let Some(times) = pattern.times else { return true };
        let since = last.at - Millis::hours(i64::from(times.hours));
        let (mut count, mut open) = (0_u32, false);
        for mark in self.marks.iter().filter(|m| m.at >= since && (m.at, m.key) <= (last.at, last.key)) {
            let alike = mark.store == last.store && (pattern.scope != Scope::Zone || mark.zone == last.zone);
            if !alike && mark.signal != Signal::VisitEnded {
                continue;
            }
            if matches!(mark.signal, Signal::Left | Signal::VisitEnded) {
                open = false;
            }
            if Some(&mark.signal) == pattern.on.last() && !open && is_there(pattern, shop, mark) {
                count += 1;
                open = mark.signal != Signal::VisitEnded && mark.signal != Signal::Left;
            }
        }
        count == times.count
    }

    /// Whether a product touched on the way is neither bought nor put back; a purchase removes the marks of its product.
    fn is_unbought(&self, first: usize, last: &Mark, until: Timestamp) -> bool {
        let visit = self.marks.iter().filter(|m| m.store == last.store && m.visit == last.visit && m.at <= until);
        let mut open: BTreeSet<&ProductId> = BTreeSet::new();
        let from = self.marks[first].at;
        for mark in visit.filter(|mark| last.visit.is_some() || mark.at >= from) {
            let Some(product) = &mark.product else { continue };
            match mark.signal {
                Signal::PickedUp | Signal::Added => {
                    open.insert(product);
                }
                Signal::PutBack | Signal::Removed => {
                    open.remove(product);
                }
                Signal::VisitStarted
                | Signal::Entered
                | Signal::Dwelling
                | Signal::Left
                | Signal::VisitEnded
                | Signal::Viewed
                | Signal::AppOpened => {}
            }
        }
        !open.is_empty()
    }

    /// What was bought is no longer open: its marks go.
    pub fn bought(&mut self, product: &ProductId) {
        self.marks.retain(|mark| mark.product.as_ref() != Some(product));
    }
}

/// Whether two marks belong together.
fn same(scope: Scope, a: &Mark, b: &Mark) -> bool {
    match scope {
        Scope::Zone => a.store == b.store && (a.zone == b.zone || (a.zone.is_none() && a.visit == b.visit)),
        Scope::Visit => a.store == b.store && a.visit == b.visit,
        Scope::Customer => true,
    }
}

/// Whether the pattern counts where the mark was made.
fn is_there(pattern: &Pattern, shop: &Shop, mark: &Mark) -> bool {
    let Some(zone) = &mark.zone else { return pattern.zones.is_empty() && pattern.kinds.is_empty() };
    let Some(kind) = shop.zone(zone).map(|zone| zone.kind) else { return false };
    let kinds = if pattern.kinds.is_empty() { kind != ZoneKind::Private } else { pattern.kinds.contains(&kind) };
    kinds && (pattern.zones.is_empty() || pattern.zones.contains(zone))
}

fn id(pattern: &Pattern, last: &Mark) -> u64 {
    let digest = keyed::digest(0, "pattern", &[pattern.id.as_str().as_bytes(), &last.key.to_be_bytes()]);
    u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
}

#[cfg(test)]
mod tests;

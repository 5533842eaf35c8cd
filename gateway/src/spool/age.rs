//! What is too old goes: sightings first, what sensors read later. Where nothing of earlier runs may stay beyond its age,
//! their wall clocks say how old it is, and what nobody can date goes at once.

use std::collections::BTreeMap;

use model::time::{Millis, Timestamp};
use wire::uplink::clock::CLOCK_SET;

use super::medium::Medium;
use super::segment::Segment;
use super::terms::Past;
use super::thin::Why;
use super::{Item, Spool};

/// A clock that was set back by less is no reason to give up what seems to be of the future.
const AHEAD_MAX: Millis = Millis::minutes(5);
/// With what is too old goes what will be within so long, so that no file is written anew at every look.
const SOON_MAX: Millis = Millis::minutes(15);

/// By how much stamps of earlier runs are moved onto the line of this run, by the segment that they stand in. A segment is
/// of one run.
#[derive(Debug, Default)]
pub(super) struct Shifts(BTreeMap<u64, Millis>);

impl<M: Medium> Spool<M> {
    /// From now on the wall clock says how old it is what earlier runs left, and what nobody can date is too old.
    pub fn date(&mut self, past: Past) {
        let shift = |segment: &Segment| Some((segment.ordinal(), self.shift(segment, past)?));
        self.shifts = Some(Shifts(self.segments.iter().filter_map(shift).collect()));
    }

    fn shift(&self, segment: &Segment, past: Past) -> Option<Millis> {
        // The last batch knows best how the clock of its run stood.
        let seq = segment.last_raw()?;
        let mut found = Vec::new();
        segment.read(&self.medium, seq, 1, &mut found).ok()?;
        let drift = (past.drift_of)(&found.first()?.batch)?;
        Some(Millis(drift.0 - past.drift?.0))
    }

    /// Lets sightings go that are too old, and then whole segments with readings that are.
    pub(super) fn let_old_go(&mut self, now: Timestamp) {
        for index in (0..self.segments.len()).rev() {
            let segment = &self.segments[index];
            let ordinal = segment.ordinal();
            if segment.oldest_raw().is_some_and(|at| self.is_too_old(ordinal, at, now)) {
                self.let_old_sightings_go(index, now);
            }
        }
        while self.segments.front().is_some_and(|oldest| self.is_over_all(oldest, now)) {
            // The id and the meters live in the last file, so another one must hold them before it goes.
            if self.segments.len() == 1 {
                self.seal();
                if self.try_group().is_err() {
                    self.disk_errors += 1;
                    return;
                }
            }
            self.drop_oldest(Why::Old);
        }
    }

    fn let_old_sightings_go(&mut self, index: usize, now: Timestamp) {
        let is_last = index + 1 == self.segments.len();
        if is_last {
            self.seal();
        }
        let ordinal = self.segments[index].ordinal();
        let soon = Millis((self.limits.age_max.0 / 64).min(SOON_MAX.0));
        let old: Vec<u64> = self.segments[index]
            .numbered_after(0)
            .filter(|(_, item)| item.is_raw() && self.is_too_old(ordinal, item.at(), now + soon))
            .map(|(seq, _)| seq)
            .collect();
        let thinned = self.thin(index, Why::Old, |seq| old.binary_search(&seq).is_ok());
        let is_empty = !self.segments[index].holds_anything(self.acked);
        // A disk that is too full to write a file anew may not make anybody's pseudonym last.
        let must_go = thinned.is_err() && self.shifts.is_some();
        if !is_last && (is_empty || must_go) {
            self.drop_at(index, Why::Old);
        }
    }

    fn is_too_old(&self, ordinal: u64, at: Timestamp, now: Timestamp) -> bool {
        let age_max = self.limits.age_max;
        if ordinal >= self.ordinal_of_run {
            // One line dates both, unless somebody set the clock and a line began anew between them.
            let is_one_line = at >= CLOCK_SET || now < CLOCK_SET;
            return is_one_line && now.since(at) > age_max;
        }
        let Some(Shifts(shifts)) = &self.shifts else { return self.is_over_since_start(now, age_max) };
        shifts.get(&ordinal).is_none_or(|shift| {
            let age = now.since(at + *shift);
            age > age_max || age.0 < -AHEAD_MAX.0
        })
    }

    /// Each run stamps along a line of its own, and by that of now nobody can tell how old a stamp of another one is: what
    /// earlier runs left is as old as this run.
    fn is_over_since_start(&self, now: Timestamp, age_max: Millis) -> bool {
        self.looked_at.is_some_and(|since| now.since(since) > age_max)
    }

    /// Whether also what sensors read is too old in it.
    fn is_over_all(&self, segment: &Segment, now: Timestamp) -> bool {
        let age_max = self.limits.readings_age_max;
        if segment.ordinal() < self.ordinal_of_run {
            return self.is_over_since_start(now, age_max);
        }
        segment.newest_at().filter(|at| *at >= CLOCK_SET).is_some_and(|at| now.since(at) > age_max)
    }
}

impl Segment {
    /// Whether anything after `acked` is more than a number.
    fn holds_anything(&self, acked: u64) -> bool {
        self.numbered_after(acked).any(|(_, item): (u64, &Item)| item.sightings > 0 || item.readings > 0)
    }
}

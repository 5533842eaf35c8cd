//! Which batches of one spool are committed: the highest number, and the gaps below it that are to be filled later. Pure.
//!
//! New batches come in order. When a line comes back, a box sends what is new first and names where that begins;
//! what it skips becomes a gap, which its backlog then fills from the beginning.

/// Most gaps of one spool; with more, nothing new is taken before the oldest of them is filled.
pub(crate) const GAPS_MAX: usize = 256;

/// What is committed of one spool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The highest number that was taken.
    high: u64,
    /// What is missing below it, first and last number, in order; no two touch.
    gaps: Vec<(u64, u64)>,
}

/// Where a batch stands in its spool's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It was taken before.
    Repeat,
    /// It is the next new one.
    Next,
    /// It is the next of what was kept back.
    Late,
    /// Something before it is missing and still comes.
    Gap,
}

impl Marks {
    /// What was written down.
    pub(crate) fn new(high: u64, gaps: &str) -> Option<Self> {
        let gap = |text: &str| {
            let (from, to) = text.split_once('-')?;
            Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?))
        };
        let gaps: Vec<_> = gaps.split(',').filter(|text| !text.is_empty()).map(gap).collect::<Option<_>>()?;
        let in_order = gaps.windows(2).all(|two| two[0].1 + 1 < two[1].0);
        let inside = gaps.iter().all(|(from, to)| *from > 0 && from <= to && *to < high);
        (in_order && inside && gaps.len() <= GAPS_MAX).then_some(Self { high, gaps })
    }

    /// The highest number that was taken.
    pub(crate) const fn high(&self) -> u64 {
        self.high
    }

    /// The gaps, to be written down.
    pub(crate) fn gaps(&self) -> String {
        self.gaps.iter().map(|(from, to)| format!("{from}-{to}")).collect::<Vec<_>>().join(",")
    }

    /// The gaps, first and last number of each.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        self.gaps.iter().copied()
    }

    /// Everything up to here is taken, or will never come.
    pub(crate) fn through(&self) -> u64 {
        self.gaps.first().map_or(self.high, |(from, _)| from - 1)
    }

    /// Besides, everything from the first to the second of these numbers.
    pub(crate) fn beyond(&self) -> Option<(u64, u64)> {
        self.gaps.last().map(|(_, to)| (to + 1, self.high))
    }

    /// Takes a batch, unless it was taken or something before it is missing.
    ///
    /// `oldest` is the lowest number that the box still holds, `live_from` where it says that the new ones begin.
    pub(crate) fn take(&mut self, seq: u64, oldest: u64, live_from: u64) -> Place {
        self.give_up_below(oldest);
        if seq <= self.high {
            return self.fill(seq);
        }
        // What the box does not hold any more is not waited for.
        let next = (self.high + 1).max(oldest);
        if seq != next {
            let skips = seq == live_from && self.gaps.len() < GAPS_MAX;
            if !skips {
                return Place::Gap;
            }
            self.gaps.push((next, seq - 1));
        }
        self.high = seq;
        Place::Next
    }

    fn fill(&mut self, seq: u64) -> Place {
        let Some(first) = self.gaps.iter_mut().find(|(from, to)| (*from..=*to).contains(&seq)) else {
            return Place::Repeat;
        };
        if first.0 != seq {
            return Place::Gap;
        }
        first.0 += 1;
        self.gaps.retain(|(from, to)| from <= to);
        Place::Late
    }

    fn give_up_below(&mut self, oldest: u64) {
        for (from, _) in &mut self.gaps {
            *from = (*from).max(oldest);
        }
        self.gaps.retain(|(from, to)| from <= to);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn marks(high: u64, gaps: &str) -> Marks {
        Marks::new(high, gaps).expect("marks")
    }

    #[test]
    fn batches_are_taken_once_and_in_order() {
        assert_eq!(marks(0, "").take(1, 1, 0), Place::Next);
        assert_eq!(marks(7, "").take(7, 1, 0), Place::Repeat);
        assert_eq!(marks(7, "").take(8, 1, 0), Place::Next);
        assert_eq!(marks(7, "").take(9, 1, 0), Place::Gap);
        // The spool dropped 8 to 11: 12 is the oldest it can still send.
        assert_eq!(marks(7, "").take(12, 12, 0), Place::Next);
        assert_eq!(marks(7, "").take(13, 12, 0), Place::Gap);
    }

    #[test]
    fn what_is_new_goes_before_a_gap_that_is_filled_later() {
        let mut all = marks(7, "");
        assert_eq!(all.take(12, 8, 12), Place::Next);
        assert_eq!((all.through(), all.beyond(), all.gaps().as_str()), (7, Some((12, 12)), "8-11"));
        assert_eq!(all.take(14, 8, 12), Place::Gap, "13 is under way");
        assert_eq!(all.take(9, 8, 12), Place::Gap, "8 comes first");
        assert_eq!(all.take(8, 8, 12), Place::Late);
        assert_eq!(all.take(8, 8, 12), Place::Repeat);
        assert_eq!(all.take(13, 9, 12), Place::Next);
        assert_eq!((all.gaps().as_str(), all.through(), all.beyond()), ("9-11", 8, Some((12, 13))));
        // The box had to let 9 and 10 go.
        assert_eq!(all.take(11, 11, 12), Place::Late);
        assert_eq!((all.gaps().as_str(), all.through(), all.beyond()), ("", 13, None));
    }

    #[test]
    fn what_was_written_down_is_read_and_nonsense_is_not() {
        for (high, gaps) in [(0, ""), (9, ""), (9, "1-8"), (20, "3-4,6-6,10-19")] {
            assert_eq!(marks(high, gaps).gaps(), gaps);
        }
        for (high, gaps) in [(9, "1-9"), (9, "5-4"), (9, "x"), (9, "1-2,3-4"), (9, "0-3"), (9, "4-5,1-2"), (9, "3")] {
            assert_eq!(Marks::new(high, gaps), None, "{gaps}");
        }
    }

    #[test]
    fn gaps_are_bounded() {
        let mut all = Marks::default();
        let mut seq = 1;
        while all.take(seq, 1, seq) == Place::Next {
            seq += 2;
        }
        assert_eq!(all.gaps.len(), GAPS_MAX);
        assert_eq!(all.take(1, 1, 0), Place::Repeat);
        assert_eq!(all.take(2, 1, 0), Place::Late);
        assert_eq!(all.take(seq, 1, seq), Place::Next, "there is room again");
    }

    proptest! {
        /// Against a set of all numbers: nothing is taken twice, whatever comes in whatever order.
        #[test]
        fn nothing_is_taken_twice(batches in prop::collection::vec((1u64..60, 1u64..10, 0u64..60), 0..300)) {
            let (mut all, mut taken) = (Marks::default(), BTreeSet::new());
            for (seq, oldest, live_from) in batches {
                let place = all.take(seq, oldest.min(seq), live_from);
                match place {
                    Place::Next | Place::Late => prop_assert!(taken.insert(seq), "{seq} twice"),
                    Place::Repeat | Place::Gap => {}
                }
                prop_assert_eq!(marks(all.high(), &all.gaps()), all.clone());
                prop_assert!(all.through() <= all.high());
            }
        }
    }
}

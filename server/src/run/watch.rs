//! Watches what the stores count: crowds and empty hours, offers that nobody takes up any more, and answers that stay away.
//!
//! What is to be expected follows from what the database has counted in the last four weeks, so a restart loses only the
//! evidence of the quarters before it.

use std::collections::BTreeMap;

use engine::core::Command;
use measure::anomaly::{self, Alarm, DAY, DAYS, Way};
use model::ids::StoreId;
use model::time::{Millis, Timestamp};

use super::owner::Owner;
use crate::store::{QUARTER_MS, Tally};

/// So long after its end a quarter is looked at: what belongs to it has come by then.
const SETTLED: Millis = Millis::minutes(2);
/// So many quarters after it was told, what was to be taken up has been.
const ANSWERED: i64 = 8;
/// With fewer offers told before nobody knows how many are answered.
const TOLD_MIN: u64 = 100;
/// After a pause of the server the quarters before these are not looked at.
const MISSED_MAX: i64 = 4;

/// What is watched of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Count {
    /// Stays that begin.
    Footfall,
    /// Offers that are taken up.
    Redemption,
    /// Offers of which devices tell anything.
    Feedback,
}

impl Count {
    const fn name(self) -> &'static str {
        match self {
            Self::Footfall => "footfall",
            Self::Redemption => "redemption",
            Self::Feedback => "feedback",
        }
    }
}

/// The evidence so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The last quarter that was looked at.
    last: Option<i64>,
    alarms: BTreeMap<(StoreId, Count), Alarm>,
    /// What each store counted, so that of what is older than a day nothing is read again.
    known: BTreeMap<StoreId, Known>,
}

/// What a store counted in the last four weeks.
#[derive(Debug)]
struct Known {
    /// Up to which quarter, without it.
    before: i64,
    tallies: BTreeMap<i64, Tally>,
}

impl Watch {
    /// The quarters that are over and were not looked at yet.
    fn due(&mut self, now: Timestamp) -> std::ops::RangeInclusive<i64> {
        let over = (now - SETTLED).0.div_euclid(QUARTER_MS) - 1;
        let last = self.last.replace(over).unwrap_or(over);
        last.max(over - MISSED_MAX) + 1..=over
    }

    /// From which quarter on a store's counts are to be read to look at one: all of them at first and after a long pause,
    /// then those of a day, in which what comes late has come.
    fn unread(&self, store: &StoreId, quarter: i64) -> i64 {
        let known = self.known.get(store).is_some_and(|known| known.before >= quarter - DAY);
        if known { quarter - DAY } else { oldest(quarter) }
    }

    /// Takes in what was read from a quarter on, and gives all that is known.
    fn learn(&mut self, store: &StoreId, read: BTreeMap<i64, Tally>, from: i64, quarter: i64) -> BTreeMap<i64, Tally> {
        let mut tallies = self.known.remove(store).map(|known| known.tallies).unwrap_or_default();
        tallies.retain(|at, _| (oldest(quarter)..from).contains(at));
        tallies.extend(read);
        tallies
    }

    /// Looks at one quarter of a store; gives the alarms that begin, and which way.
    pub(super) fn look(&mut self, store: &StoreId, tallies: &BTreeMap<i64, Tally>, quarter: i64) -> Vec<(Count, Way)> {
        let came: BTreeMap<i64, u64> = tallies.iter().map(|(at, tally)| (*at, tally.came)).collect();
        let of = |at: i64| tallies.get(&at).copied().unwrap_or_default();
        let before: Vec<&Tally> = tallies.range(..quarter - ANSWERED).map(|(_, tally)| tally).collect();
        let told: u64 = before.iter().map(|tally| tally.told).sum();
        let share = |part: fn(&Tally) -> u64| {
            (told >= TOLD_MIN).then(|| number(before.iter().map(|tally| part(tally)).sum()) / number(told))
        };
        let now = of(quarter);
        let late = of(quarter - ANSWERED);
        let expected = [
            (Count::Footfall, anomaly::forecast(&came, quarter), now.came),
            (Count::Redemption, share(|tally| tally.taken).map(|share| share * number(late.told)), late.taken),
            (Count::Feedback, share(|tally| tally.heard).map(|share| share * number(now.told)), now.heard),
        ];
        let mut begun = Vec::new();
        for (count, expected, seen) in expected {
            // Where nothing was told, nothing is missing.
            let told = match count {
                Count::Footfall => true,
                Count::Redemption => late.told > 0,
                Count::Feedback => now.told > 0,
            };
            let Some(expected) = expected.filter(|_| told) else { continue };
            let alarm = self.alarms.entry((store.clone(), count)).or_default();
            let raised = alarm.push(expected, seen);
            let is_on = if alarm.raised().is_some() { 1.0 } else { 0.0 };
            metrics::gauge!("alarm_raised", "store" => store.to_string(), "what" => count.name()).set(is_on);
            if let Some(raised) = raised {
                let (what, e) = (count.name(), raised.e);
                tracing::warn!(%store, what, expected, seen, e, "{what} of store {store} is not what it should be");
                begun.push((count, raised.way));
            }
        }
        begun
    }
}

/// The first quarter that an expectation rests on.
const fn oldest(quarter: i64) -> i64 {
    quarter - DAYS * DAY - 1
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}

impl Owner {
    /// Looks at what the stores counted in the quarters that are over; says how many alarms began.
    pub(super) async fn watch(&mut self, now: Timestamp) -> usize {
        let mut begun = 0;
        let within = [SETTLED, Millis(ANSWERED * QUARTER_MS)];
        for quarter in self.watch.due(now) {
            for store in self.versions.keys().cloned().collect::<Vec<_>>() {
                let from = self.watch.unread(&store, quarter);
                match self.store.tallies(&store, from, quarter + 1, within).await {
                    Ok(read) => {
                        let tallies = self.watch.learn(&store, read, from, quarter);
                        for (count, _) in self.watch.look(&store, &tallies, quarter) {
                            begun += 1;
                            let alarm = Command::Alarm { store: store.clone(), what: count.name().to_owned() };
                            self.effects.take(alarm, &self.identity, &self.places);
                        }
                        self.watch.known.insert(store.clone(), Known { before: quarter + 1, tallies });
                    }
                    Err(cause) => tracing::warn!(%cause, %store, "could not read what the store counted"),
                }
            }
        }
        begun
    }
}

#[cfg(test)]
mod tests;

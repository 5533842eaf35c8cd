//! Counts that are not what they should be: crowds, empty shops, outcomes that no longer come in.
//!
//! Each window is a small bet that the rate has left the band around the expected one, upwards or downwards. Whatever
//! the rate within the band, no bet gains on average; a restarted product of bets therefore reaches the bar on average at
//! most once in so many windows as the bar is high.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// False alarms of both detectors come on average at most once in half so many windows: a month of quarters of an hour.
pub const BAR: f64 = 3_000.0;
/// The expected rate may be off by so much without any alarm: forecasts are.
pub const SLACK: f64 = 0.2;
/// After so many windows in a row that speak against it an alarm is over.
const CALM_WINDOWS: u32 = 3;
/// Rates that the bets are on, as multiples of the expected one.
const MORE: [f64; 3] = [1.7, 3.0, 5.0];
const FEWER: [f64; 3] = [0.5, 0.2, 0.02];

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// More than expected.
    More,
    /// Fewer than expected.
    Fewer,
}

/// An alarm has begun.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    /// Which way.
    pub way: Way,
    /// The evidence.
    pub e: f64,
}

/// Watches one count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Logarithms of the restarted products, 0 at least.
    more: f64,
    fewer: f64,
    raised: Option<Way>,
    calm: u32,
}

impl Alarm {
    /// A watch that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { more: 0.0, fewer: 0.0, raised: None, calm: 0 }
    }

    /// The alarm that is on, if any.
    #[must_use]
    pub const fn raised(&self) -> Option<Way> {
        self.raised
    }

    /// One more window, in which `expected` were to come and `seen` did. Says so once when an alarm begins.
    pub fn push(&mut self, expected: f64, seen: u64) -> Option<Raised> {
        #[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
        let count = seen as f64;
        if !(expected.is_finite() && expected >= 0.0) {
            return None;
        }
        // Where nobody is expected, a few are no crowd.
        let expected = expected.max(0.5);
        let bet = |edge: f64, rates: [f64; 3]| {
            let gains = rates.map(|rate| count * (rate / edge).ln() - (rate - edge) * expected);
            let most = gains.into_iter().fold(f64::NEG_INFINITY, f64::max);
            most + (gains.iter().map(|gain| (gain - most).exp()).sum::<f64>() / 3.0).ln()
        };
        let (more, fewer) = (bet(1.0 + SLACK, MORE), bet(1.0 - SLACK, FEWER));
        self.more = (self.more + more).max(0.0);
        self.fewer = (self.fewer + fewer).max(0.0);
        if let Some(way) = self.raised {
            self.calm(match way {
                Way::More => more,
                Way::Fewer => fewer,
            });
            return None;
        }
        let (way, most) = if self.more >= self.fewer { (Way::More, self.more) } else { (Way::Fewer, self.fewer) };
        if most < BAR.ln() {
            return None;
        }
        (self.raised, self.calm) = (Some(way), 0);
        Some(Raised { way, e: most.exp() })
    }

    /// A window that speaks against the alarm is a calm one.
    const fn calm(&mut self, evidence: f64) {
        self.calm = if evidence < 0.0 { self.calm + 1 } else { 0 };
        if self.calm >= CALM_WINDOWS {
            *self = Self::new();
        }
    }
}

/// Windows of a day.
pub const DAY: i64 = 96;
/// So many days back a forecast looks.
pub const DAYS: i64 = 28;

/// What is to be expected in a quarter of an hour by what was counted before: the mean of the same weekday's quarters and
/// their neighbours, or of all days before while there are no two such weeks; none after fewer than three days.
///
/// `counts` holds the quarters in which anything was counted, by their number; days before the first are not known.
#[must_use]
pub fn forecast(counts: &BTreeMap<i64, u64>, quarter: i64) -> Option<f64> {
    let (first, _) = counts.first_key_value()?;
    let known = |day: &i64| quarter - day * DAY > *first;
    let alike: Vec<i64> = (1..=DAYS / 7).map(|week| week * 7).filter(known).collect();
    let days = if alike.len() >= 2 { alike } else { (1..=DAYS).filter(known).collect() };
    if days.len() < 2 || (days.len() < 3 && days[0] < 7) {
        return None;
    }
    let three =
        |day: &i64| (-1..=1).map(|near| counts.get(&(quarter - day * DAY + near)).copied().unwrap_or(0)).sum::<u64>();
    #[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
    Some(days.iter().map(three).sum::<u64>() as f64 / (3 * days.len()) as f64)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// A Poisson count, by the times between arrivals.
    fn poisson(chance: &mut ChaCha8Rng, rate: f64) -> u64 {
        let (mut time, mut count) = (0.0, 0);
        loop {
            time -= (1.0 - chance.random::<f64>()).ln();
            if time > rate {
                return count;
            }
            count += 1;
        }
    }

    /// People expected in each quarter of an hour of a shop's day of 12 hours.
    fn forecast(window: u32) -> f64 {
        let hour = f64::from(window % 48) / 4.0;
        10.0 + 20.0 * (-(hour - 8.0).powi(2) / 8.0).exp()
    }

    /// In how many of 50 shops a crowd of three times as many is seen in two windows from this one of the third day on.
    fn crowds_seen(from: u32) -> usize {
        let seen = |seed: &u64| {
            let mut chance = ChaCha8Rng::seed_from_u64(*seed);
            let mut alarm = Alarm::new();
            let from = 96 + from;
            for window in 0..from {
                let _quiet = alarm.push(forecast(window), poisson(&mut chance, forecast(window)));
            }
            let begun = (from..from + 2).find_map(|w| alarm.push(forecast(w), poisson(&mut chance, 3.0 * forecast(w))));
            begun.is_some_and(|raised| raised.way == Way::More)
        };
        (0..50).filter(seen).count()
    }

    #[test]
    fn a_crowd_of_three_times_as_many_is_seen_in_two_windows() {
        assert_eq!(crowds_seen(32), 50, "at the busy hour");
        assert!(crowds_seen(0) >= 47, "of ten people a window: {}", crowds_seen(0));
    }

    #[test]
    fn thirty_quiet_days_raise_no_alarm() {
        let mut alarms = 0;
        for seed in 0..20 {
            let mut chance = ChaCha8Rng::seed_from_u64(100 + seed);
            let mut alarm = Alarm::new();
            for day in 0..30 {
                // A day is busier or quieter than foreseen, by up to a fifth.
                let off = 0.8 + 0.4 * chance.random::<f64>();
                let windows = day * 48..(day + 1) * 48;
                alarms += windows
                    .filter(|w| alarm.push(forecast(*w), poisson(&mut chance, off * forecast(*w))).is_some())
                    .count();
            }
        }
        assert!(alarms <= 1, "{alarms} in 600 days");
    }

    #[test]
    fn outcomes_that_no_longer_come_in_are_missed() {
        let mut chance = ChaCha8Rng::seed_from_u64(5);
        let mut alarm = Alarm::new();
        for _ in 0..200 {
            assert_eq!(alarm.push(4.0, poisson(&mut chance, 4.0)), None);
        }
        let lost = (1..10).find(|_| alarm.push(4.0, 0).is_some_and(|raised| raised.way == Way::Fewer));
        assert!(lost.is_some_and(|windows| windows <= 6), "{lost:?}");
        // It says so once, and is over when they come again.
        assert!((0..5).all(|_| alarm.push(4.0, 0).is_none()) && alarm.raised() == Some(Way::Fewer));
        for _ in 0..3 {
            alarm.push(4.0, 4);
        }
        assert_eq!(alarm.raised(), None);
    }

    #[test]
    fn a_quarter_is_forecast_by_its_weekday_and_before_two_weeks_by_all_days() {
        // Every day from day 0 on ten come in each quarter of noon's hour; on every seventh day thirty.
        let of_days = |days: i64| -> BTreeMap<i64, u64> {
            let noon = |day: i64| (46..52).map(move |n| (day * DAY + n, if day % 7 == 0 { 30 } else { 10 }));
            (0..days).flat_map(noon).collect()
        };
        let noon = |day: i64| day * DAY + 48;
        assert_eq!(super::forecast(&of_days(2), noon(2)), None, "two days are too few");
        assert_eq!(super::forecast(&of_days(4), noon(4)), Some(15.0), "of all four days");
        assert_eq!(super::forecast(&of_days(28), noon(28)), Some(30.0));
        assert_eq!(super::forecast(&of_days(28), noon(29)), Some(10.0));
        assert_eq!(super::forecast(&of_days(28), noon(28) + 20), Some(0.0), "nobody comes in the evening");
        assert_eq!(super::forecast(&BTreeMap::new(), 5), None);
    }

    #[test]
    fn where_nobody_is_expected_one_is_no_crowd() {
        let mut alarm = Alarm::new();
        assert!((0..50).all(|window| alarm.push(0.0, u64::from(window % 5 == 0)).is_none()));
        assert_eq!(alarm.push(f64::NAN, 1_000), None);
    }
}

//! Spreads a budget over its time: a brake that closes when more is spent than planned and opens when it is less.

use serde::{Deserialize, Serialize};

/// How hard a lead over the plan brakes, at once.
const NOW: f64 = 2.0;
/// How hard it brakes for every hour that it lasts.
const LASTING: f64 = 1.0;

/// A proportional and integral controller; 1 is no brake, 0 says nothing any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// What lasting leads have added up to: 0 no brake, 1 full.
    held: f64,
}

impl Pace {
    /// No brake yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { held: 0.0 }
    }

    /// The factor for the next decisions, 0 to 1. `planned` and `spent` are since the budget began, in its own units;
    /// `hours` since the last step.
    pub fn step(&mut self, planned: f64, spent: f64, hours: f64) -> f64 {
        // By how much of the plan it is ahead; before anything is planned, one unit counts as all.
        let ahead = ((spent - planned) / planned.max(1.0)).clamp(-1.0, 1.0);
        // It doesn't wind up beyond what a brake can do.
        self.held = (LASTING * hours.clamp(0.0, 24.0)).mul_add(ahead, self.held).clamp(0.0, 1.0);
        (1.0 - NOW.mul_add(ahead.max(0.0), self.held)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day of 12 hours in steps of 6 minutes, in which `demand` units an hour would be spent without a brake.
    fn day(budget: f64, demand: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut pace = Pace::new();
        let (mut spent, mut course) = (0.0_f64, Vec::new());
        for step in 0..120 {
            let hour = f64::from(step) / 10.0;
            let brake = pace.step(budget * hour / 12.0, spent, 0.1);
            // The hard stop is elsewhere: a budget is reserved unit by unit.
            spent = (spent + brake * demand(hour) * 0.1).min(budget);
            course.push(spent);
        }
        course
    }

    #[test]
    fn a_budget_lasts_through_the_day_and_is_used() {
        // Three times as much could be spent, with a rush at noon.
        let course = day(1_000.0, |hour| 250.0 + 300.0 * (-(hour - 6.0).powi(2)).exp());
        assert!((0.45..0.62).contains(&(course[59] / 1_000.0)), "half way: {}", course[59]);
        assert!(course[119] >= 950.0, "end: {}", course[119]);
        assert!(course[110] < 1_000.0, "it is not used up before the end: {}", course[110]);
    }

    #[test]
    fn a_slow_day_is_not_braked() {
        let course = day(1_000.0, |_| 40.0);
        assert!((course[119] - 480.0).abs() < 1e-9, "{}", course[119]);
    }
}

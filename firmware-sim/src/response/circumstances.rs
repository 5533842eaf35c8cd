//! In what state shoppers are met, and how much readier or less ready to listen each part of it makes them: as hidden as
//! their answers.

use crate::chance::Chance;

/// In what state somebody is met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circumstances {
    /// Seconds that they have stood there.
    pub dwell_s: f64,
    /// People on 10 m² around them.
    pub crowding: f64,
    /// How many they are with.
    pub company: u32,
    /// Whether it rains. It changes nothing.
    pub rain: bool,
    /// Days since they complained, 8 or more; none if they never did.
    pub complaint_days: Option<f64>,
    /// Visits before this one.
    pub visits: u32,
    /// Minutes at the till the last time.
    pub wait_min: f64,
    /// Hours since they looked at these things at home.
    pub looked_h: f64,
    /// Euro spent so far.
    pub spent: f64,
}

impl Circumstances {
    pub(super) fn drawn(chance: &Chance) -> Self {
        let mut draws = chance.draws();
        let complained = draws.happens(0.3);
        let days = draws.between(8.0, 40.0);
        Self {
            dwell_s: draws.between(5.0, 120.0),
            crowding: draws.between(0.0, 8.0),
            company: u32::try_from(draws.below(4)).unwrap_or(0),
            rain: draws.happens(0.4),
            complaint_days: complained.then_some(days),
            visits: u32::try_from(draws.below(30)).unwrap_or(0),
            wait_min: draws.between(0.0, 20.0),
            looked_h: draws.between(0.5, 96.0),
            spent: draws.between(0.0, 800.0),
        }
    }

    /// What the moment, the relation and the person each make of their readiness, as parts of the share who buy when told.
    #[must_use]
    pub fn pulls(&self) -> [f64; 3] {
        let moment = 0.5 * (self.dwell_s / 60.0 - 1.0) - 0.08 * (self.crowding - 4.0) - 0.12 * f64::from(self.company);
        let complaint = if self.complaint_days.is_some() { 0.6 } else { 0.0 };
        let relation = 0.03 * (f64::from(self.visits) - 15.0) - 0.02 * (self.wait_min - 10.0) - complaint;
        let person = 0.008 * (48.0 - self.looked_h) + 0.0015 * (self.spent - 400.0);
        [moment, relation, person]
    }

    /// How ready to listen they are: the share who buy when told is so many times what it is of average people.
    #[must_use]
    pub fn readiness(&self) -> f64 {
        (1.0 + self.pulls().iter().sum::<f64>()).clamp(0.05, 3.0)
    }
}

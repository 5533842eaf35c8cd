//! A segment: a declared group of customers, read from `[[segment]]` of `shop.toml` in the order of priority.

use serde::{Deserialize, Serialize};

use crate::ids::SegmentId;

/// A group of customers; the first of the file whose rule holds is a customer's segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its id.
    pub id: SegmentId,
    /// Who belongs to it, in CEL.
    pub rule: String,
    /// What is said to it is worth so many times as much, 0.2 to 5.
    #[serde(default = "one")]
    pub weight: f64,
    /// The last share of every offer's budget, 0 to 1, is kept for it: nobody in a segment after it, or in none, gets
    /// a unit of that.
    #[serde(default)]
    pub budget_share: f64,
}

impl Segment {
    /// How many units of a budget are kept for it.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "budgets are counted, far below 2^53, and a share is never negative"
    )]
    pub fn units_of(&self, budget: u64) -> u64 {
        (budget as f64 * self.budget_share).round() as u64
    }
}

/// Most segments of a shop.
pub const SEGMENTS_MAX: usize = 32;

const fn one() -> f64 {
    1.0
}

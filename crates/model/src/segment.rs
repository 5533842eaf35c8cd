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
}

/// Most segments of a shop.
pub const SEGMENTS_MAX: usize = 32;

const fn one() -> f64 {
    1.0
}

//! An outcome: what became of a decision.

use serde::{Deserialize, Serialize};

use crate::ids::DecisionId;
use crate::time::Timestamp;

/// What became of it, in the order of the funnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// The device showed it.
    Delivered,
    /// The customer opened it.
    Opened,
    /// The customer put it away.
    Dismissed,
    /// The customer wants to hear nothing like it any more.
    Muted,
    /// The customer said "not now".
    Later,
    /// The customer asked for more like it.
    More,
    /// The customer went to the product.
    Visited,
    /// The customer used it.
    Redeemed,
    /// The customer bought the product.
    Purchased,
    /// Nothing happened in time.
    Expired,
}

impl OutcomeKind {
    /// Whether the offer was taken up.
    #[must_use]
    pub const fn is_taken_up(self) -> bool {
        match self {
            Self::Redeemed | Self::Purchased => true,
            Self::Delivered
            | Self::Opened
            | Self::Dismissed
            | Self::Muted
            | Self::Later
            | Self::More
            | Self::Visited
            | Self::Expired => false,
        }
    }
}

/// What became of a decision, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Of which decision.
    pub decision: DecisionId,
    /// What.
    pub kind: OutcomeKind,
    /// When.
    pub at: Timestamp,
}

//! Holds back customers of the holdout, so that lift can be measured. Asked last: they go through the whole decision.

use model::decision::Refusal;
use model::ids::CustomerId;

use super::Case;
use crate::keyed;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    if case.scene.held_out { Err(Refusal::Holdout) } else { Ok(()) }
}

/// Whether a customer belongs to a holdout of this share: sticky, because it is a salted hash of who they are, and
/// a customer held out at a smaller share stays so at a larger one. It is the same in every store of the chain.
#[must_use]
pub fn is_held_out(seed: u64, customer: &CustomerId, share: f64) -> bool {
    keyed::share(seed, "holdout", &[customer.as_str().as_bytes()]) < share
}

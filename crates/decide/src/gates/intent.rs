//! Refuses when the customer's interest is lower than the offer asks for.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let min = case.offer.intent_min;
    // Written so that a not-a-number would be refused.
    if case.intent >= min { Ok(()) } else { Err(Refusal::Intent { intent: case.intent, min }) }
}

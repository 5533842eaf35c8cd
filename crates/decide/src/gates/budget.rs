//! Refuses when no unit of the offer's budget could be reserved. The reservation was made before the evaluation.

use model::decision::Refusal;

use super::Case;

/// The gate. What only runs in shadow spends nothing.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    match case.offer.budget {
        Some(budget) if !case.scene.shadow && !case.context.granted.contains(&case.offer.id) => {
            Err(Refusal::Budget { budget })
        }
        Some(_) | None => Ok(()),
    }
}

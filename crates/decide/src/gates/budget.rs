//! Refuses when no unit of the offer's budget could be reserved. The reservation was made before the evaluation.

use model::decision::Refusal;

use super::Case;

/// The gate. What only runs in shadow spends nothing.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let Some(budget) = case.offer.budget.filter(|_| !case.scene.shadow) else { return Ok(()) };
    let kept = kept(case);
    if case.context.granted.contains(&case.offer.id) { Ok(()) } else { Err(Refusal::Budget { budget, kept }) }
}

/// What of the offer's budget the customer must leave for the segments before theirs.
pub(crate) fn kept(case: &Case<'_>) -> u64 {
    let catalogue = case.context.catalogue;
    if catalogue.segments.iter().all(|segment| segment.budget_share == 0.0) {
        return 0;
    }
    let own = case.scene.segment(case.context).map(|index| &catalogue.segments[index].id);
    catalogue.kept_from(own, case.offer)
}

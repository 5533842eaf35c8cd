//! Refuses an offer that is for other customers. A customer's segment is the first of the file whose rule holds.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    if case.offer.segments.is_empty() {
        return Ok(());
    }
    let segments = &case.context.catalogue.segments;
    let own = case.scene.segment(case.context).map(|index| &segments[index].id);
    if own.is_some_and(|own| case.offer.segments.contains(own)) {
        return Ok(());
    }
    Err(Refusal::Segment { segment: own.cloned() })
}

//! Refuses an offer that is not said by this way, or not at this place of a page.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (moment, offer) = (&case.context.moment, case.offer);
    let placed = match &moment.placement {
        Some(placement) => offer.placements.is_empty() || offer.placements.contains(placement),
        None => true,
    };
    if placed && offer.goes_by(moment.channel) { Ok(()) } else { Err(Refusal::Channel { channel: moment.channel }) }
}

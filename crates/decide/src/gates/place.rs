//! Refuses an offer whose place is elsewhere, or when it is not sure enough where the customer is.

use model::decision::Refusal;
use model::zone::ZoneKind;

use super::Case;

/// The least belief that the customer is in the zone: the one at which a presence begins, so that a presence that
/// has weakened since does not speak.
pub const PROBABILITY_MIN: f64 = 0.7;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (shop, moment) = (case.context.catalogue, &case.context.moment);
    let private = shop.zone(&moment.zone).is_none_or(|zone| zone.kind == ZoneKind::Private);
    let here = shop.offer_zones(case.offer).contains(&moment.zone);
    if private || !here || moment.probability.get() < PROBABILITY_MIN {
        return Err(Refusal::Place { zone: moment.zone.clone(), probability: moment.probability });
    }
    Ok(())
}

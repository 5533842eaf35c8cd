//! Refuses when the customer was told often enough: of this offer, or of all together.

use model::decision::Refusal;
use model::ids::OfferId;
use model::offer::{Cap, CapScope};
use model::time::Millis;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    within(case, case.offer.cap, Some(&case.offer.id))?;
    within(case, case.context.catalogue.store.cap, None)
}

/// Counts a sliding window. A telling from the future (the clock was set back) counts too: never more than the cap.
fn within(case: &Case<'_>, cap: Cap, offer: Option<&OfferId>) -> Result<(), Refusal> {
    let scope = if offer.is_some() { CapScope::Offer } else { CapScope::All };
    let window = Millis::hours(i64::from(cap.hours));
    let recent = case
        .context
        .history
        .told()
        .iter()
        .filter(|told| offer.is_none_or(|offer| told.offer == *offer) && case.context.now.since(told.at) < window);
    let told = u32::try_from(recent.count()).unwrap_or(u32::MAX);
    if told >= cap.times {
        return Err(Refusal::Cap { told, times: cap.times, hours: cap.hours, scope });
    }
    Ok(())
}

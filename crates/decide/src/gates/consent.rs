//! Refuses what the customer has not allowed. Nothing said is nothing allowed.

use model::consent::Purpose;
use model::decision::Refusal;

use super::Case;

/// What an offer at a place needs: to know who is there, what they want, and that they want to be told.
const NEEDED: [Purpose; 3] = [Purpose::Locating, Purpose::Profiling, Purpose::MarketingPush];

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    match NEEDED.into_iter().find(|purpose| !case.context.consent.allows(*purpose)) {
        Some(missing) => Err(Refusal::Consent { missing }),
        None => Ok(()),
    }
}

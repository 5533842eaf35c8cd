//! Refuses what the customer has not allowed. Nothing said is nothing allowed.

use model::consent::Purpose;
use model::decision::Refusal;
use model::offer::Channel;

use super::Case;

/// What an offer at a place needs: to know who is there, what they want, and that they want to be told.
const PUSHED: [Purpose; 3] = [Purpose::Locating, Purpose::Profiling, Purpose::MarketingPush];
/// What an answer to a page, kiosk, screen or till needs: to know what they want. The customer is looking at it.
const SHOWN: [Purpose; 1] = [Purpose::Profiling];

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let needed: &[Purpose] = match case.context.moment.channel {
        Channel::Push => &PUSHED,
        Channel::Web | Channel::Kiosk | Channel::Screen | Channel::Till => &SHOWN,
    };
    match needed.iter().find(|purpose| !case.context.consent.allows(**purpose)) {
        Some(missing) => Err(Refusal::Consent { missing: *missing }),
        None => Ok(()),
    }
}

//! Refuses an offer that is paused, not yet valid, or no longer valid.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (offer, now) = (case.offer, case.context.now);
    let early = offer.starts.is_some_and(|starts| now < starts);
    let late = offer.ends.is_some_and(|ends| now >= ends);
    if offer.paused || early || late {
        return Err(Refusal::Schedule { paused: offer.paused, starts: offer.starts, ends: offer.ends });
    }
    Ok(())
}

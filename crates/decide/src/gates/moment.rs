//! Refuses an offer that is for other moments than this one.

use model::decision::{Refusal, Trigger};

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let wanted = &case.offer.moments;
    let now = match (&case.context.moment.pattern, case.context.moment.trigger) {
        (Some(pattern), _) => pattern.as_str(),
        (None, Trigger::Entered) => "entered",
        (None, Trigger::Dwelling) => "dwelling",
        (None, Trigger::Intent) => "intent",
        (None, Trigger::Pattern) => "pattern",
        // Whoever asks has chosen the moment.
        (None, Trigger::Asked) => return Ok(()),
    };
    if wanted.is_empty() || wanted.iter().any(|id| id.as_str() == now) {
        return Ok(());
    }
    Err(Refusal::Moment { now: now.to_owned() })
}

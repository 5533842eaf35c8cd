//! Refuses an offer whose place is elsewhere, or when it is not sure enough where the customer is.

use model::decision::{Refusal, Trigger};
use model::offer::Channel;
use model::zone::ZoneKind;

use super::Case;

/// The least belief that the customer is in the zone: the one at which a presence begins, so that a presence that
/// has weakened since does not speak.
pub const PROBABILITY_MIN: f64 = 0.7;

/// The gate. A page or a till that asks, and knows no place, has none to be elsewhere of.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (moment, kind) = (&case.context.moment, case.scene.kind);
    let anywhere = moment.trigger == Trigger::Asked && matches!(moment.channel, Channel::Web | Channel::Till);
    if kind.is_none() && anywhere {
        return Ok(());
    }
    let private = kind.is_none_or(|kind| kind == ZoneKind::Private);
    if private || !case.scene.here[case.index] || moment.probability.get() < PROBABILITY_MIN {
        return Err(Refusal::Place { zone: moment.zone.clone(), probability: moment.probability });
    }
    Ok(())
}

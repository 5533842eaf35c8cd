//! Refuses what a person has banned or not approved yet, what the policy turns off, and what was stopped as harmful.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (context, offer) = (case.context, &case.offer.id);
    let lever = context.levers.get(offer).copied().unwrap_or_default();
    let banned = lever.ban || context.policy.off.contains(offer);
    let stopped = case.scene.course(offer).is_some_and(|course| course.stopped);
    if banned || stopped || !lever.approved { Err(Refusal::Approval { banned, stopped }) } else { Ok(()) }
}

//! Refuses to promote anything for some days after a complaint. What serves the customer passes.

use model::decision::Refusal;
use model::offer::About;
use model::time::Millis;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let days = i64::from(case.context.catalogue.store.complaint_pause_days);
    let until = case.context.person.complaint_at.map(|at| at + Millis::hours(24 * days));
    match until.filter(|until| case.context.now < *until) {
        Some(until) if case.offer.about == About::Promotion => Err(Refusal::Complaint { until }),
        Some(_) | None => Ok(()),
    }
}

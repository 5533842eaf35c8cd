//! Refuses what is not let out so far: a pilot elsewhere or for others, and what only runs in shadow.

use model::decision::{Refusal, StageKind};
use model::ids::{CustomerId, OfferId};
use model::offer::Stage;

use super::Case;
use crate::keyed;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let context = case.context;
    let refused = |stage, share| Err(Refusal::Stage { stage, share });
    match &case.offer.stage {
        Stage::Live if !case.scene.shadow => Ok(()),
        Stage::Live => refused(StageKind::Live, None),
        Stage::Shadow if case.scene.shadow => Ok(()),
        Stage::Shadow => refused(StageKind::Shadow, None),
        Stage::Pilot { share, .. } if case.scene.shadow => refused(StageKind::Pilot, Some(*share)),
        Stage::Pilot { stores, zones, share } => {
            let there = (stores.is_empty() || stores.contains(&context.moment.store))
                && (zones.is_empty() || zones.contains(&context.moment.zone));
            let chosen = is_in_pilot(context.seed, &case.offer.id, context.customer, *share);
            if there && chosen { Ok(()) } else { refused(StageKind::Pilot, Some(*share)) }
        }
    }
}

/// Whether a customer is in a pilot of this share: sticky, and who is in at a share is in at every larger one.
#[must_use]
pub fn is_in_pilot(seed: u64, offer: &OfferId, customer: &CustomerId, share: f64) -> bool {
    keyed::share(seed, "stage", &[offer.as_str().as_bytes(), customer.as_str().as_bytes()]) < share
}

/// Whether a customer is kept without one offer: sticky, and apart from the store's holdout.
#[must_use]
pub fn is_in_control(seed: u64, offer: &OfferId, customer: &CustomerId, share: f64) -> bool {
    share > 0.0 && keyed::share(seed, "control", &[offer.as_str().as_bytes(), customer.as_str().as_bytes()]) < share
}

//! Refuses when the customer was told something else a moment ago.

use model::decision::Refusal;
use model::time::Millis;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let seconds = case.context.catalogue.store.pause_s;
    match case.scene.last_told {
        Some(last) if case.context.now.since(last) < Millis::seconds(i64::from(seconds)) => {
            Err(Refusal::Pause { last, seconds })
        }
        Some(_) | None => Ok(()),
    }
}

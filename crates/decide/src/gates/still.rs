//! Refuses to speak to somebody who walks by or stands at the till. The till's own display may.

use model::decision::Refusal;
use model::offer::Channel;
use model::zone::ZoneKind;

use super::Case;

/// Faster than this is walking by, in metres a second: a slow stroll along a shelf stays below.
pub const SPEED_MAX: f64 = 1.0;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (store, scene) = (&case.context.catalogue.store, case.scene);
    if case.context.moment.channel != Channel::Push {
        return Ok(());
    }
    let till = store.till_silent && scene.kind == Some(ZoneKind::Checkout);
    let speed = scene.speed.filter(|speed| *speed > SPEED_MAX);
    if till || speed.is_some() { Err(Refusal::Still { till, speed }) } else { Ok(()) }
}

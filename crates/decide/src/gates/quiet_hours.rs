//! Refuses when the store keeps quiet, by its local clock. The offer is dropped: what is held until later is too late.

use jiff::civil::Time;
use model::decision::Refusal;
use model::shop::QuietHours;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let Some(quiet) = &case.context.catalogue.store.quiet_hours else { return Ok(()) };
    let local = case.scene.local.time();
    if is_quiet(local, quiet) {
        return Err(Refusal::QuietHours { local: format!("{:02}:{:02}", local.hour(), local.minute()) });
    }
    Ok(())
}

/// Whether it is quiet at a local time. Hours that can't be read are always quiet: they come from people, and nobody
/// wanted to be disturbed by a slip of the pen.
pub(crate) fn is_quiet(local: Time, quiet: &QuietHours) -> bool {
    match (read(&quiet.from), read(&quiet.to)) {
        (Some(from), Some(to)) => is_between(local, from, to),
        (None, _) | (_, None) => true,
    }
}

fn read(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text).ok()
}

/// From the first quiet minute to the first that is not; over midnight when it begins later than it ends, and the
/// whole day when both are the same.
fn is_between(local: Time, from: Time, to: Time) -> bool {
    if from < to { from <= local && local < to } else { from <= local || local < to }
}

//! Refuses when the store keeps quiet, by its local clock. The offer is dropped: what is held until later is too late.

use jiff::civil::Time;
use model::decision::Refusal;

use super::Case;
use crate::local::wall_clock;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let store = &case.context.catalogue.store;
    let Some(quiet) = &store.quiet_hours else { return Ok(()) };
    let local = wall_clock(&store.timezone, case.context.now).time();
    let (Some(from), Some(to)) = (read(&quiet.from), read(&quiet.to)) else { return Ok(()) };
    if is_between(local, from, to) {
        return Err(Refusal::QuietHours { local: format!("{:02}:{:02}", local.hour(), local.minute()) });
    }
    Ok(())
}

/// The shop's files were checked, so both times can be read.
fn read(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text).ok()
}

/// From the first quiet minute to the first that is not; over midnight when it begins later than it ends, and the
/// whole day when both are the same.
fn is_between(local: Time, from: Time, to: Time) -> bool {
    if from < to { from <= local && local < to } else { from <= local || local < to }
}

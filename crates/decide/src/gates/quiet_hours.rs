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

/// How much of the time between two moments of the wall clock, in its milliseconds, is not quiet.
pub(crate) fn awake_ms(quiet: Option<&QuietHours>, from: i64, to: i64) -> i64 {
    let all = to.saturating_sub(from).max(0);
    let Some(quiet) = quiet else { return all };
    let (Some(begins), Some(ends)) = (read(&quiet.from), read(&quiet.to)) else { return 0 };
    let of_day = |time: Time| (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60_000;
    let (begins, ends) = (of_day(begins), of_day(ends));
    // Quiet time since the clock began.
    let quiet_until = |at: i64| {
        let (days, rest) = (at.div_euclid(DAY_MS), at.rem_euclid(DAY_MS));
        let (a_day, today) = if begins < ends {
            (ends - begins, (rest.min(ends) - begins).max(0))
        } else {
            (DAY_MS - begins + ends, rest.min(ends) + (rest - begins).max(0))
        };
        days * a_day + today
    };
    all - (quiet_until(to.max(from)) - quiet_until(from))
}

const DAY_MS: i64 = 86_400_000;

fn read(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text).ok()
}

/// From the first quiet minute to the first that is not; over midnight when it begins later than it ends, and the
/// whole day when both are the same.
fn is_between(local: Time, from: Time, to: Time) -> bool {
    if from < to { from <= local && local < to } else { from <= local || local < to }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_time_is_left_out_over_midnight_and_within_a_day() {
        let hours = |from: &str, to: &str| QuietHours { from: from.into(), to: to.into() };
        let awake = |quiet: &QuietHours, from: i64, to: i64| awake_ms(Some(quiet), from * 3_600_000, to * 3_600_000);
        let night = hours("20:00", "08:00");
        assert_eq!(awake(&night, 0, 24), 12 * 3_600_000);
        assert_eq!(awake(&night, 21, 31), 0, "all night");
        assert_eq!(awake(&night, 19, 33), 2 * 3_600_000);
        assert_eq!(awake(&night, -24, 24 * 10), 11 * 12 * 3_600_000);
        let siesta = hours("13:00", "15:00");
        assert_eq!(awake(&siesta, 14, 16), 3_600_000);
        assert_eq!(awake(&siesta, 0, 48), 44 * 3_600_000);
        assert_eq!(awake(&hours("09:00", "09:00"), 0, 24), 0, "always quiet");
        assert_eq!(awake_ms(None, 5, 7), 2);
        assert_eq!(awake_ms(None, 7, 5), 0);
    }
}

//! When to try again, and which push services to leave alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use model::time::{Millis, Timestamp};

/// The first wait.
const FIRST: Millis = Millis::seconds(1);
/// The longest wait; an offer lives minutes.
const LONGEST: Millis = Millis::seconds(30);
/// A service that refuses our key is asked again after this, and then after twice as long, up to [`PAUSE_MAX`].
const PAUSE_FIRST: Millis = Millis::seconds(30);
const PAUSE_MAX: Millis = Millis::minutes(15);

/// The wait before the next try: doubling, and spread so that many don't come back at once.
/// What a service asks for is waited at least. `spread` is a draw from 0 to 1.
#[must_use]
pub(super) fn wait(attempts: u32, asked: Option<Millis>, spread: f64) -> Millis {
    let doubled = FIRST.0.saturating_mul(1 << attempts.min(10)).min(LONGEST.0);
    let jitter = |base: i64, from: f64| {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "at most an hour of ms")]
        let spread = (base as f64 * (from + spread / 2.0)) as i64;
        Millis(spread)
    };
    // After a time that was asked for, nobody may come early.
    let spread = jitter(doubled, 0.5);
    asked.map_or(spread, |asked| Millis(asked.0 + spread.0.min(1_000)))
}

/// Push services that refused our key (401, 403): nothing is sent to them for a while. No subscription is deleted.
#[derive(Debug, Default)]
pub(super) struct Pauses(Mutex<BTreeMap<String, Pause>>);

#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Timestamp,
    length: Millis,
}

impl Pauses {
    /// How long a service is to be left alone yet.
    pub(super) fn left(&self, origin: &str, now: Timestamp) -> Option<Millis> {
        let pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = pauses.get(origin)?;
        // Bounded by its own length, so that a clock set back does not stretch it.
        (pause.until > now).then(|| Millis(pause.until.since(now).0.min(pause.length.0)))
    }

    /// The service refused our key: raises the alarm and stops sending to it. Returns for how long.
    pub(super) fn refuse(&self, origin: &str, status: u16, now: Timestamp) -> Millis {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let length = match pauses.get(origin) {
            Some(pause) if pause.until > now => pause.length,
            Some(pause) => Millis((pause.length.0 * 2).min(PAUSE_MAX.0)),
            None => PAUSE_FIRST,
        };
        let alarm = pauses.insert(origin.to_owned(), Pause { until: now + length, length }).is_none();
        if alarm {
            tracing::error!(origin, status, "the push service refuses our key: check the clock and [push] subject");
        }
        metrics::gauge!("push_services_paused").set(pauses.len() as f64);
        length
    }

    /// The service takes our key again.
    pub(super) fn accept(&self, origin: &str) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pauses.remove(origin).is_some() {
            tracing::info!(origin, "the push service takes our key again");
            metrics::gauge!("push_services_paused").set(pauses.len() as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_are_spread() {
        let ms = |attempts, spread| wait(attempts, None, spread).0;
        assert_eq!((ms(0, 0.0), ms(0, 1.0)), (500, 1_000));
        assert_eq!((ms(3, 0.0), ms(3, 1.0)), (4_000, 8_000));
        assert_eq!((ms(50, 0.0), ms(50, 1.0)), (15_000, 30_000));
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept() {
        assert_eq!(wait(0, Some(Millis::seconds(7)), 0.0), Millis(7_500));
        assert_eq!(wait(9, Some(Millis::seconds(7)), 1.0), Millis(8_000));
    }

    #[test]
    fn a_refusing_service_is_left_alone_for_longer_each_time() {
        let pauses = Pauses::default();
        assert_eq!(pauses.left("https://a", Timestamp(0)), None);
        assert_eq!(pauses.refuse("https://a", 403, Timestamp(0)), PAUSE_FIRST);
        assert_eq!(pauses.left("https://a", Timestamp(10_000)), Some(Millis::seconds(20)));
        assert_eq!(pauses.left("https://b", Timestamp(10_000)), None);
        assert_eq!(pauses.left("https://a", Timestamp(30_000)), None);
        assert_eq!(pauses.refuse("https://a", 401, Timestamp(30_000)), Millis::seconds(60));
        assert_eq!(pauses.left("https://a", Timestamp(-1_000_000)), Some(Millis::seconds(60)));
        pauses.accept("https://a");
        assert_eq!(pauses.left("https://a", Timestamp(30_001)), None);
    }
}

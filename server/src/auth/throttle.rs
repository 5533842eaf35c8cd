//! Slows down guessing: a bucket of tries per key, in bounded memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use model::time::{Millis, Timestamp};

/// Keys remembered at once. At the bound the fullest bucket is forgotten: it is the one that holds nobody back.
const KEYS_MAX: usize = 10_000;

/// So many tries at once, and then one every so often.
#[derive(Debug)]
pub struct Throttle {
    burst: i64,
    refill: Millis,
    /// Per key: the moment from which the bucket is full again.
    full_at: Mutex<BTreeMap<String, Timestamp>>,
}

impl Throttle {
    /// `burst` tries at once, then one per `refill`.
    #[must_use]
    pub fn new(burst: i64, refill: Millis) -> Self {
        Self { burst, refill, full_at: Mutex::default() }
    }

    /// Takes one try.
    ///
    /// # Errors
    /// The time to wait when none is left.
    pub fn take(&self, key: &str, now: Timestamp) -> Result<(), Millis> {
        let mut full_at = self.full_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let whole = Millis(self.refill.0 * self.burst);
        let known = full_at.get(key).copied().unwrap_or(now);
        // A clock set back must not lock anybody out for longer than an empty bucket does.
        let from = known.max(now).min(now + whole);
        let next = from + self.refill;
        if next > now + whole {
            full_at.insert(key.to_owned(), from);
            return Err(next.since(now + whole));
        }
        if full_at.len() >= KEYS_MAX && !full_at.contains_key(key) {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= KEYS_MAX
                && let Some(fullest) = full_at.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone())
            {
                full_at.remove(&fullest);
            }
        }
        full_at.insert(key.to_owned(), next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Throttle {
        Throttle::new(5, Millis::seconds(24))
    }

    #[test]
    fn ten_thousand_guesses_in_ten_minutes_are_thirty_tries() {
        let throttle = login();
        let passed = (0..10_000).filter(|i| throttle.take("owner", Timestamp(i * 60)).is_ok()).count();
        assert!((29..=30).contains(&passed), "{passed}");
    }

    #[test]
    fn keys_do_not_share_a_bucket_and_the_wait_is_told() {
        let throttle = login();
        for _ in 0..5 {
            assert_eq!(throttle.take("a", Timestamp(0)), Ok(()));
        }
        assert_eq!(throttle.take("a", Timestamp(0)), Err(Millis::seconds(24)));
        assert_eq!(throttle.take("b", Timestamp(0)), Ok(()));
        assert_eq!(throttle.take("a", Timestamp(24_000)), Ok(()));
    }

    #[test]
    fn a_clock_set_back_a_day_locks_nobody_out() {
        let throttle = login();
        for _ in 0..5 {
            let _ = throttle.take("a", Timestamp(86_400_000));
        }
        assert_eq!(throttle.take("a", Timestamp(0)), Err(Millis::seconds(24)));
        let _ = throttle.take("b", Timestamp(86_400_000));
        assert_eq!(throttle.take("b", Timestamp(0)), Err(Millis::seconds(24)));
        assert_eq!(throttle.take("b", Timestamp(24_000)), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(5, Millis::hours(1));
        for i in 0..(KEYS_MAX as i64 + 500) {
            let _ = throttle.take(&i.to_string(), Timestamp(i));
        }
        assert!(throttle.full_at.lock().expect("a lock").len() <= KEYS_MAX);
    }
}

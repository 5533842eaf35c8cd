//! How much one sender may send: a bucket of events per write key, so that one app can't drown the others.

use std::collections::BTreeMap;
use std::sync::Mutex;

use model::time::{Millis, Timestamp};

/// Senders remembered at once; they are keys that staff made, so there are few.
const SENDERS_MAX: usize = 10_000;
/// Microseconds in a millisecond: the grain in which the bucket refills.
const MICROS: i64 = 1_000;

/// `burst` events at once, and then so many a second.
#[derive(Debug)]
pub struct Rate {
    /// Microseconds that one event takes to refill.
    each: i64,
    /// Microseconds that the whole bucket takes to refill.
    whole: i64,
    /// Per sender: the moment, in microseconds, from which the bucket is full again.
    full_at: Mutex<BTreeMap<String, i64>>,
}

impl Rate {
    /// `a_second` and `burst` are at least 1.
    #[must_use]
    pub fn new(a_second: u32, burst: u32) -> Self {
        let each = (1_000 * MICROS / i64::from(a_second.max(1))).max(1);
        Self { each, whole: each * i64::from(burst.max(1)), full_at: Mutex::default() }
    }

    /// Takes `events` out of a sender's bucket. A batch larger than the bucket passes when the bucket is full.
    ///
    /// # Errors
    /// The time to wait when there are not so many left.
    pub fn take(&self, sender: &str, events: usize, now: Timestamp) -> Result<(), Millis> {
        let mut full_at = self.full_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = now.0.saturating_mul(MICROS);
        let cost = self.each.saturating_mul(i64::try_from(events).unwrap_or(i64::MAX)).min(self.whole);
        // A clock set back must not hold anybody back for longer than an empty bucket does.
        let from = full_at.get(sender).copied().unwrap_or(now).max(now).min(now + self.whole);
        let next = from + cost;
        if next > now + self.whole {
            return Err(Millis((next - now - self.whole + MICROS - 1) / MICROS));
        }
        if full_at.len() >= SENDERS_MAX && !full_at.contains_key(sender) {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= SENDERS_MAX
                && let Some(fullest) = full_at.iter().min_by_key(|(_, at)| **at).map(|(sender, _)| sender.clone())
            {
                full_at.remove(&fullest);
            }
        }
        full_at.insert(sender.to_owned(), next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills_at_its_rate() {
        let rate = Rate::new(500, 5_000);
        assert_eq!(rate.take("app", 5_000, Timestamp(0)), Ok(()));
        assert_eq!(rate.take("app", 1, Timestamp(0)), Err(Millis(2)));
        assert_eq!(rate.take("app", 500, Timestamp(0)), Err(Millis(1_000)));
        assert_eq!(rate.take("other", 1, Timestamp(0)), Ok(()), "nobody else is held back");
        assert_eq!(rate.take("app", 500, Timestamp(1_000)), Ok(()));
        assert_eq!(rate.take("app", 1, Timestamp(1_000)), Err(Millis(2)));
    }

    #[test]
    fn a_batch_larger_than_the_bucket_passes_when_it_is_full() {
        let rate = Rate::new(10, 20);
        assert_eq!(rate.take("app", 2_500, Timestamp(0)), Ok(()));
        assert_eq!(rate.take("app", 2_500, Timestamp(1_999)), Err(Millis(1)));
        assert_eq!(rate.take("app", 2_500, Timestamp(2_000)), Ok(()));
    }

    #[test]
    fn a_clock_set_back_holds_nobody_back_for_longer() {
        let rate = Rate::new(10, 20);
        let _ = rate.take("app", 20, Timestamp(86_400_000));
        assert_eq!(rate.take("app", 20, Timestamp(0)), Err(Millis(2_000)));
    }
}

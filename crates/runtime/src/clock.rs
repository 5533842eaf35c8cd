//! The one place where a clock is read. Everything else gets time as a value.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use model::time::{Millis, Timestamp};

/// A source of time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall clock: may jump either way.
    fn now(&self) -> Timestamp;
    /// Time since the process started: never goes back.
    fn monotonic(&self) -> Millis;
}

/// The machine's own clocks.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where clocks are read")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where clocks are read")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is as wrong as one at 1970, and the latter needs no negative numbers.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Millis {
        Millis(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands until it is moved; both faces move together.
#[derive(Debug, Clone)]
pub struct ManualClock {
    start: i64,
    now: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { start: now.0, now: Arc::new(AtomicI64::new(now.0)) }
    }

    /// Moves the clock on.
    pub fn advance(&self, span: Millis) {
        self.now.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Millis {
        Millis(self.now.load(Ordering::SeqCst) - self.start)
    }
}

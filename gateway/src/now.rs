//! Now, as both clocks say it: the wall for what is sent, the monotonic one for what is waited for.

use model::time::{Millis, Timestamp};
use runtime::clock::Clock;

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: may jump.
    pub wall: Timestamp,
    /// Time since the start: never goes back.
    pub monotonic: Millis,
}

impl Now {
    /// Reads a clock.
    #[must_use]
    pub fn read(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic: clock.monotonic() }
    }
}

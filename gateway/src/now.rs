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
    /// How far the wall clock, and with it local midnight, is ahead of `wall`: a time that goes on evenly does not jump
    /// with it.
    pub drift: Millis,
}

impl Now {
    /// A moment whose wall clock is the system's own.
    #[must_use]
    pub const fn new(wall: Timestamp, monotonic: Millis) -> Self {
        Self { wall, monotonic, drift: Millis::ZERO }
    }

    /// Reads a clock.
    #[must_use]
    pub fn read(clock: &dyn Clock) -> Self {
        Self::new(clock.now(), clock.monotonic())
    }
}

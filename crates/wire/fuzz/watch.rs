//! Watches over the decoders from beside them: one that never returns can't tell it itself.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Nothing is under way.
const NOTHING: usize = usize::MAX;

/// What one of the jobs is at.
#[derive(Debug)]
pub(crate) struct Place {
    target: AtomicUsize,
    message: AtomicU64,
}

impl Place {
    /// A job that has not begun.
    pub(crate) const fn new() -> Self {
        Self { target: AtomicUsize::new(NOTHING), message: AtomicU64::new(0) }
    }

    /// Message number `message` is given to a decoder now.
    pub(crate) fn at(&self, target: usize, message: u64) {
        self.message.store(message, Ordering::Relaxed);
        self.target.store(target, Ordering::Relaxed);
    }

    /// The decoder has borne its messages.
    pub(crate) fn rests(&self) {
        self.target.store(NOTHING, Ordering::Relaxed);
    }

    fn seen(&self) -> (usize, u64) {
        (self.target.load(Ordering::Relaxed), self.message.load(Ordering::Relaxed))
    }
}

/// Who looks at the jobs now and then.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    limit: Duration,
    jobs: Vec<(&'a Place, (usize, u64), Instant)>,
}

impl<'a> Watch<'a> {
    /// Looks after jobs of which none may be at one message for longer than `limit`.
    pub(crate) fn new(places: &'a [Place], limit: Duration, now: Instant) -> Self {
        Self { limit, jobs: places.iter().map(|place| (place, place.seen(), now)).collect() }
    }

    /// The decoder and the message of a job that has been at it for too long.
    pub(crate) fn look(&mut self, now: Instant) -> Option<(usize, u64)> {
        let limit = self.limit;
        self.jobs.iter_mut().find_map(|(place, before, since)| {
            let seen = place.seen();
            if seen != *before || seen.0 == NOTHING {
                (*before, *since) = (seen, now);
            }
            (now.duration_since(*since) >= limit).then_some(seen)
        })
    }
}

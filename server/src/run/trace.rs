//! The notes of what came in about customers: numbered, and marked where an empty core can begin to play them.

use engine::core::Core;
use model::time::{Millis, Timestamp};

use crate::store::Recorded;

/// So often all is noted anew, so that a part of the notes can be played without those before.
const CHECKPOINT_EVERY: Millis = Millis::hours(24);

/// Where the notes stand.
#[derive(Debug, Default)]
pub(super) struct Trace {
    next: i64,
    started: Timestamp,
    /// The next note is the first that an empty core needs.
    start: bool,
}

impl Trace {
    /// The core is empty; its notes go on with this number.
    pub(super) const fn restart(&mut self, next: i64, now: Timestamp) {
        *self = Self { next, started: now, start: true };
    }

    /// Takes the notes into a commit.
    pub(super) fn collect(&mut self, core: &mut Core, rows: &mut Vec<Recorded>, now: Timestamp) {
        self.take(core, rows);
        if !self.start && now.since(self.started) >= CHECKPOINT_EVERY {
            core.checkpoint();
            (self.start, self.started) = (true, now);
            self.take(core, rows);
        }
    }

    fn take(&mut self, core: &mut Core, rows: &mut Vec<Recorded>) {
        for entry in core.take_trace() {
            rows.push(Recorded { seq: self.next, start: std::mem::take(&mut self.start), entry });
            self.next += 1;
        }
    }
}

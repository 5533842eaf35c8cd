//! Processor time of this thread, as Linux counts it: what others do on the machine does not matter.

use std::time::Duration;

/// Adds up the time between starts and stops.
#[derive(Debug, Default)]
pub(super) struct Cpu {
    total: Duration,
}

impl Cpu {
    pub(super) fn start(&self) -> Option<Duration> {
        on_cpu()
    }

    pub(super) fn stop(&mut self, started: Option<Duration>, counts: bool) {
        if let (Some(started), Some(now), true) = (started, on_cpu(), counts) {
            self.total += now.saturating_sub(started);
        }
    }

    /// The sum; nothing where the system does not tell.
    pub(super) const fn total(&self) -> Option<Duration> {
        if self.total.is_zero() { None } else { Some(self.total) }
    }
}

fn on_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

//! Which batch is sent when: a window of batches under way, and all of them again when the server stays silent. Pure.

use std::ops::RangeInclusive;

use model::time::Millis;

/// Most batches under way that the server has not acknowledged.
pub const UNDER_WAY_MAX: u64 = 16;
/// Without an acknowledgement for so long, everything under way is sent again.
pub const PATIENCE: Millis = Millis::seconds(5);

/// Knows what was sent and what was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// The server has everything up to here.
    acked: u64,
    /// The next one to send.
    next: u64,
    /// The last one that can be sent.
    last: u64,
    connected: bool,
    progress_at: Millis,
}

impl Sender {
    /// Begins with what the spool holds: its first batch that is not acknowledged, and its last.
    #[must_use]
    pub const fn new(oldest: u64, last: u64) -> Self {
        let acked = oldest.saturating_sub(1);
        Self { acked, next: acked + 1, last, connected: false, progress_at: Millis::ZERO }
    }

    /// The broker is there. What was under way before is sent again: nobody knows what became of it.
    pub const fn connected(&mut self, now: Millis) {
        self.connected = true;
        self.next = self.acked + 1;
        self.progress_at = now;
    }

    /// The broker is gone.
    pub const fn disconnected(&mut self) {
        self.connected = false;
    }

    /// What the spool holds now. It may have let the oldest go.
    pub fn holds(&mut self, oldest: u64, last: u64) {
        self.last = self.last.max(last);
        self.acked = self.acked.max(oldest.saturating_sub(1));
        self.next = self.next.max(self.acked + 1);
    }

    /// The server has everything up to `through`.
    pub fn acked(&mut self, through: u64, now: Millis) {
        if through > self.acked {
            self.acked = through;
            self.next = self.next.max(through + 1);
            self.progress_at = now;
        }
    }

    /// Batches to send now.
    #[must_use]
    pub fn poll(&mut self, now: Millis) -> Option<RangeInclusive<u64>> {
        if !self.connected {
            return None;
        }
        if self.under_way() > 0 && now.0 - self.progress_at.0 >= PATIENCE.0 {
            self.next = self.acked + 1;
        }
        let last = self.last.min(self.acked.saturating_add(UNDER_WAY_MAX));
        (self.next <= last).then_some(self.next..=last)
    }

    /// Tells that `seq` was handed to the broker's connection.
    pub const fn sent(&mut self, seq: u64, now: Millis) {
        if self.under_way() == 0 || seq == self.acked + 1 {
            // The wait begins with the first one under way.
            self.progress_at = now;
        }
        self.next = seq + 1;
    }

    /// When [`Sender::poll`] has to be asked again at the latest.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Millis> {
        if self.connected && self.under_way() > 0 { Some(Millis(self.progress_at.0 + PATIENCE.0)) } else { None }
    }

    /// Whether everything that can be sent was acknowledged.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.acked >= self.last
    }

    const fn under_way(&self) -> u64 {
        self.next.saturating_sub(self.acked + 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn send(sender: &mut Sender, now: Millis) -> Vec<u64> {
        let range: Vec<u64> = sender.poll(now).into_iter().flatten().collect();
        range.iter().for_each(|seq| sender.sent(*seq, now));
        range
    }

    #[test]
    fn no_more_than_a_window_is_under_way() {
        let mut sender = Sender::new(1, 100);
        assert!(send(&mut sender, Millis(0)).is_empty(), "not connected");
        sender.connected(Millis(0));
        assert_eq!(send(&mut sender, Millis(0)), (1..=16).collect::<Vec<_>>());
        assert!(send(&mut sender, Millis(10)).is_empty());
        sender.acked(4, Millis(20));
        assert_eq!(send(&mut sender, Millis(20)), [17, 18, 19, 20]);
    }

    #[test]
    fn silence_and_a_new_connection_both_send_again() {
        let mut sender = Sender::new(5, 6);
        sender.connected(Millis(0));
        assert_eq!(send(&mut sender, Millis(0)), [5, 6]);
        assert_eq!(sender.poll_timeout(), Some(Millis(5_000)));
        assert!(send(&mut sender, Millis(4_999)).is_empty());
        assert_eq!(send(&mut sender, Millis(5_000)), [5, 6]);
        sender.acked(5, Millis(6_000));
        sender.disconnected();
        assert_eq!((send(&mut sender, Millis(9_000)), sender.poll_timeout()), (vec![], None));
        sender.connected(Millis(9_000));
        assert_eq!(send(&mut sender, Millis(9_000)), [6]);
        sender.acked(6, Millis(9_100));
        assert!(sender.is_done());
        assert_eq!(sender.poll_timeout(), None);
    }

    #[test]
    fn what_the_spool_let_go_is_not_waited_for() {
        let mut sender = Sender::new(1, 3);
        sender.connected(Millis(0));
        send(&mut sender, Millis(0));
        sender.holds(50, 60);
        assert_eq!(send(&mut sender, Millis(1)), (50..=60).collect::<Vec<_>>());
    }

    proptest! {
        /// The server takes only the next number; whatever is lost on the way, everything arrives.
        #[test]
        fn everything_arrives_over_a_bad_line(losses in prop::collection::vec(any::<(bool, bool, bool)>(), 1..200)) {
            let mut sender = Sender::new(1, 40);
            sender.connected(Millis(0));
            let (mut watermark, mut now) = (0, Millis(0));
            let mut losses = losses.into_iter();
            for _ in 0..500 {
                now = Millis(now.0 + 1_000);
                let (lose_batches, lose_ack, reconnect) = losses.next().unwrap_or_default();
                if reconnect {
                    sender.connected(now);
                }
                let sent = send(&mut sender, now);
                prop_assert!(sent.len() as u64 <= UNDER_WAY_MAX);
                if !lose_batches {
                    sent.iter().for_each(|seq| if *seq == watermark + 1 { watermark = *seq });
                }
                if !lose_ack && !sent.is_empty() {
                    sender.acked(watermark, now);
                }
            }
            prop_assert_eq!(watermark, 40);
            prop_assert!(sender.is_done());
        }
    }
}

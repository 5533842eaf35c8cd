//! Twins: one frame that a receiver publishes twice, under two topics or through two subscriptions. It counts once.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use model::time::Millis;
use wire::vendor::Heard;

/// Places in the table; an older entry makes room for a newer one.
const PLACES: usize = 4_096;
/// Under another topic the same frame comes this much later at most.
const OTHER_TOPIC: Millis = Millis(1_000);
/// Under the same topic only the broker itself is this fast.
const SAME_TOPIC: Millis = Millis(20);

#[derive(Debug, Clone, Copy)]
struct Seen {
    frame: u64,
    topic: u64,
    message: u64,
    at: Millis,
}

/// Remembers the last frames, in a table that never grows.
#[derive(Debug)]
pub struct Twins {
    // Keyed by nothing, so that the same messages give the same sightings; whoever makes two frames meet on one place
    // gains one frame counted twice.
    hasher: BuildHasherDefault<DefaultHasher>,
    message: u64,
    places: Vec<Option<Seen>>,
}

impl Default for Twins {
    fn default() -> Self {
        Self { hasher: BuildHasherDefault::default(), message: 0, places: vec![None; PLACES] }
    }
}

impl Twins {
    /// Starts a message: frames within one message are never twins, they are a list of what was heard in turn.
    pub const fn start_message(&mut self) {
        self.message += 1;
    }

    /// Whether the frame was heard just now under another topic, or twice in an instant under this one.
    pub fn is_twin(&mut self, topic: &str, heard: &Heard, now: Millis) -> bool {
        let frame = self.hasher.hash_one((&heard.receiver, heard.address, heard.frames, heard.rssi.0.to_bits()));
        let topic = self.hasher.hash_one(topic);
        let index = usize::try_from(frame % PLACES as u64).unwrap_or(0);
        let twin = self.places[index].is_some_and(|seen| {
            let span = if seen.topic == topic { SAME_TOPIC } else { OTHER_TOPIC };
            seen.frame == frame && seen.message != self.message && now.0 - seen.at.0 < span.0
        });
        if !twin {
            self.places[index] = Some(Seen { frame, topic, message: self.message, at: now });
        }
        twin
    }
}

#[cfg(test)]
mod tests {
    use model::ids::ReceiverId;
    use model::units::Dbm;

    use super::*;

    fn heard(receiver: &str, rssi: f32) -> Heard {
        let receiver = ReceiverId::new(receiver).expect("an id");
        let frames = wire::ble::frame::Frames::default();
        Heard { receiver, address: None, frames, rssi: Dbm(rssi), variance: None, power_at_1m: None, at: None }
    }

    #[test]
    fn one_frame_under_two_topics_counts_once_and_two_receivers_count_twice() {
        let mut twins = Twins::default();
        twins.start_message();
        assert!(!twins.is_twin("home/a/BTtoMQTT/1", &heard("a", -70.0), Millis(0)));
        twins.start_message();
        assert!(twins.is_twin("home/presence/a", &heard("a", -70.0), Millis(5)));
        assert!(!twins.is_twin("home/b/BTtoMQTT/1", &heard("b", -70.0), Millis(5)));
        assert!(!twins.is_twin("home/a/BTtoMQTT/1", &heard("a", -71.0), Millis(6)));
    }

    #[test]
    fn a_steady_signal_is_no_twin_of_itself() {
        let mut twins = Twins::default();
        twins.start_message();
        assert!(!twins.is_twin("t", &heard("a", -70.0), Millis(0)));
        assert!(!twins.is_twin("t", &heard("a", -70.0), Millis(0)), "a second one in the same list");
        twins.start_message();
        assert!(twins.is_twin("t", &heard("a", -70.0), Millis(10)), "two subscriptions of ours");
        assert!(!twins.is_twin("t", &heard("a", -70.0), Millis(100)), "the next advertisement");
        assert!(!twins.is_twin("u", &heard("a", -70.0), Millis(1_100)));
    }
}

//! What a receiver says of itself: how much its radio heard, and how much it sent on. ESPresense nodes do, every 15 s.

use model::ids::ReceiverId;
use serde::Deserialize;

use crate::topics::{self, Topic};

/// Longest message that is read, in bytes.
const PAYLOAD_LEN_MAX: usize = 4 * 1024;

/// A receiver's account of itself, since its own start. Fields come and go with its firmware.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// Frames that its radio heard.
    pub on_air: Option<u64>,
    /// Messages that it sent.
    pub sent: Option<u64>,
}

#[derive(Deserialize)]
struct Espresense {
    #[serde(default)]
    adverts: Option<u64>,
    #[serde(default)]
    seen: Option<u64>,
    #[serde(default)]
    reported: Option<u64>,
}

/// Reads a node's telemetry; none when the topic or the message is another.
#[must_use]
pub fn decode(topic: &str, payload: &[u8]) -> Option<(ReceiverId, Telemetry)> {
    let Some(Topic::EspresenseTelemetry { room }) = Topic::parse(topic) else { return None };
    if payload.len() > PAYLOAD_LEN_MAX {
        return None;
    }
    let Espresense { adverts, seen, reported } = serde_json::from_slice(payload).ok()?;
    Some((ReceiverId::new(room).ok()?, Telemetry { on_air: adverts.or(seen), sent: reported }))
}

/// The receiver that keeps an account of a message of this topic.
#[must_use]
pub fn accountable(topic: &str) -> Option<ReceiverId> {
    if !topics::matches(topics::ESPRESENSE_DEVICES, topic) {
        return None;
    }
    match Topic::parse(topic) {
        Some(Topic::EspresenseDevice { room, .. }) => ReceiverId::new(room).ok(),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telemetry_of_old_and_new_firmware_is_read_and_nothing_else() {
        let topic = "espresense/rooms/wine/telemetry";
        let wine = ReceiverId::new("wine").expect("an id");
        let full = br#"{"ip":"10.0.0.9","uptime":90,"firm":"esp32","adverts":5200,"seen":900,"reported":420,"freeHeap":1}"#;
        let read = Telemetry { on_air: Some(5_200), sent: Some(420) };
        assert_eq!(decode(topic, full), Some((wine.clone(), read)));
        let old = Telemetry { on_air: Some(900), sent: None };
        assert_eq!(decode(topic, br#"{"seen":900,"maxAllocHeap":3}"#), Some((wine.clone(), old)));
        for (topic, payload) in [(topic, "online"), (topic, r#"{"adverts":-1}"#), ("espresense/rooms/wine/status", "{}")] {
            assert_eq!(decode(topic, payload.as_bytes()), None, "{topic} {payload}");
        }
        assert_eq!(decode(topic, &vec![b' '; PAYLOAD_LEN_MAX + 1]), None);
        assert_eq!(accountable("espresense/devices/iBeacon:x/wine"), Some(wine));
        assert_eq!(accountable("home/omg/BTtoMQTT/1"), None);
    }
}

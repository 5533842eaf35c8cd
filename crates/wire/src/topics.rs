//! Every MQTT topic that Attimo reads or writes, both ways, in one place.
//!
//! ```
//! use wire::topics::{self, Topic};
//!
//! let topic = "espresense/devices/iBeacon:a7710001/wine";
//! assert_eq!(Topic::parse(topic), Some(Topic::EspresenseDevice { id: "iBeacon:a7710001", room: "wine" }));
//! assert_eq!(Topic::EspresenseDevice { id: "iBeacon:a7710001", room: "wine" }.to_string(), topic);
//!
//! assert_eq!(topics::gateway_up("shop-1"), "gw/shop-1/up");
//! assert!(topics::matches(topics::ESPRESENSE_DEVICES, topic));
//! ```

use std::fmt;

/// Everything that ESPresense nodes hear.
pub const ESPRESENSE_DEVICES: &str = "espresense/devices/+/+";
/// Whether ESPresense nodes are there; retained.
pub const ESPRESENSE_STATUS: &str = "espresense/rooms/+/status";
/// How ESPresense nodes fare, every 15 s.
pub const ESPRESENSE_TELEMETRY: &str = "espresense/rooms/+/telemetry";
/// Everything that Theengs Gateway and OpenMQTTGateway hear.
pub const BT_TO_MQTT: &str = "home/+/BTtoMQTT/+";
/// Whether Theengs Gateway and OpenMQTTGateway are there; retained.
pub const BT_STATUS: &str = "home/+/LWT";
/// Everything that Minew gateways hear, by default; the devices let it be set.
pub const MINEW: &str = "minew/+/status";
/// What OpenMQTTGateway publishes a second time, by its default presence topic.
pub const OMG_PRESENCE: &str = "home/presence/+";
/// What Kontakt.io tells of each beacon.
pub const KONTAKT: &str = "/stream/+/all";
/// Everything that Ruuvi gateways hear, and whether they are there.
pub const RUUVI: &str = "ruuvi/+/+";
/// Everything that MOKO gateways say.
pub const MOKO: &str = "mokosmart/+";
/// Everything that Cassia gateways hear.
pub const CASSIA: &str = "up/+/scan";
/// Raddecs of reelyActive's software.
pub const RADDEC: &str = "raddec/#";
/// What Shelly devices relay.
pub const SHELLY: &str = "+/events/rpc";
/// Whether Shelly devices are there; retained.
pub const SHELLY_STATUS: &str = "+/online";
/// What Tasmota switches and motion sensors say.
pub const TASMOTA_STATES: &str = "stat/+/+";
/// What Tasmota sensors report.
pub const TASMOTA_SENSORS: &str = "tele/+/SENSOR";
/// Whether Tasmota devices are there; retained.
pub const TASMOTA_STATUS: &str = "tele/+/LWT";
/// What people counters report.
pub const COUNTERS: &str = "counter/+";
/// Batches of all gateways, numbered and acknowledged.
pub const GATEWAYS_UP: &str = "gw/+/up";
/// What all gateways say now or never.
pub const GATEWAYS_LIVE: &str = "gw/+/live";
/// Births and wills of all gateways; retained.
pub const GATEWAYS_STATE: &str = "gw/+/state";

/// What became of the settings that gateways were sent; retained.
pub const GATEWAYS_REPORTED: &str = "gw/+/reported";
/// Packs of what gateways had kept back; numbered and acknowledged as their batches.
pub const GATEWAYS_PAST: &str = "gw/+/past";
/// Requests of gateways for their next certificate.
pub const GATEWAYS_RENEWAL: &str = "gw/+/renewal";

/// Those who objected, in each store; retained.
pub const OBJECTIONS: &str = "store/+/objections";

/// Longest topic that is read, in bytes.
pub const TOPIC_LEN_MAX: usize = 512;

/// A topic, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic<'a> {
    /// An ESPresense node heard something. `id` is only for looks: identity stands in the payload.
    EspresenseDevice {
        /// The node's name for the transmitter.
        id: &'a str,
        /// The node.
        room: &'a str,
    },
    /// An ESPresense node came or went.
    EspresenseStatus {
        /// The node.
        room: &'a str,
    },
    /// An ESPresense node tells how it fares.
    EspresenseTelemetry {
        /// The node.
        room: &'a str,
    },
    /// Theengs Gateway or OpenMQTTGateway heard something. `leaf` is only for looks: identity stands in the payload.
    BtToMqtt {
        /// The gateway.
        gateway: &'a str,
        /// An address, a UUID, or `undecoded`.
        leaf: &'a str,
    },
    /// A Minew gateway heard something.
    Minew {
        /// The gateway's address.
        mac: &'a str,
    },
    /// A Tasmota sensor reports.
    TasmotaSensor {
        /// The device.
        name: &'a str,
    },
    /// A people counter reports.
    Counter {
        /// The counter.
        sensor: &'a str,
    },
    /// A gateway's numbered batches: QoS 1, spooled until the server acknowledges them.
    GatewayUp {
        /// The gateway.
        gateway: &'a str,
    },
    /// A gateway's volatile lane: QoS 0, never on disk.
    GatewayLive {
        /// The gateway.
        gateway: &'a str,
    },
    /// The server's acknowledgements to a gateway.
    GatewayAck {
        /// The gateway.
        gateway: &'a str,
    },
    /// A gateway's birth and will; retained.
    GatewayState {
        /// The gateway.
        gateway: &'a str,
    },
}

impl<'a> Topic<'a> {
    /// Takes a topic apart; none if it is not one of ours.
    #[must_use]
    pub fn parse(topic: &'a str) -> Option<Self> {
        if topic.len() > TOPIC_LEN_MAX {
            return None;
        }
        let (root, rest) = topic.split_once('/')?;
        match root {
            "espresense" => Self::parse_espresense(rest),
            "home" => {
                let (gateway, leaf) = rest.split_once("/BTtoMQTT/")?;
                Some(Self::BtToMqtt { gateway: level(gateway)?, leaf: level(leaf)? })
            }
            "minew" => Some(Self::Minew { mac: level(rest.strip_suffix("/status")?)? }),
            "tele" => Some(Self::TasmotaSensor { name: level(rest.strip_suffix("/SENSOR")?)? }),
            "counter" => Some(Self::Counter { sensor: level(rest)? }),
            "gw" => Self::parse_gateway(rest),
            _ => None,
        }
    }

    fn parse_espresense(rest: &'a str) -> Option<Self> {
        if let Some(rest) = rest.strip_prefix("devices/") {
            let (id, room) = rest.rsplit_once('/')?;
            return Some(Self::EspresenseDevice { id: level(id)?, room: level(room)? });
        }
        let (room, leaf) = rest.strip_prefix("rooms/")?.split_once('/')?;
        let room = level(room)?;
        match leaf {
            "status" => Some(Self::EspresenseStatus { room }),
            "telemetry" => Some(Self::EspresenseTelemetry { room }),
            _ => None,
        }
    }

    fn parse_gateway(rest: &'a str) -> Option<Self> {
        let (gateway, leaf) = rest.split_once('/')?;
        let gateway = level(gateway)?;
        match leaf {
            "up" => Some(Self::GatewayUp { gateway }),
            "live" => Some(Self::GatewayLive { gateway }),
            "ack" => Some(Self::GatewayAck { gateway }),
            "state" => Some(Self::GatewayState { gateway }),
            _ => None,
        }
    }
}

impl fmt::Display for Topic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EspresenseDevice { id, room } => write!(f, "espresense/devices/{id}/{room}"),
            Self::EspresenseStatus { room } => write!(f, "espresense/rooms/{room}/status"),
            Self::EspresenseTelemetry { room } => write!(f, "espresense/rooms/{room}/telemetry"),
            Self::BtToMqtt { gateway, leaf } => write!(f, "home/{gateway}/BTtoMQTT/{leaf}"),
            Self::Minew { mac } => write!(f, "minew/{mac}/status"),
            Self::TasmotaSensor { name } => write!(f, "tele/{name}/SENSOR"),
            Self::Counter { sensor } => write!(f, "counter/{sensor}"),
            Self::GatewayUp { gateway } => write!(f, "gw/{gateway}/up"),
            Self::GatewayLive { gateway } => write!(f, "gw/{gateway}/live"),
            Self::GatewayAck { gateway } => write!(f, "gw/{gateway}/ack"),
            Self::GatewayState { gateway } => write!(f, "gw/{gateway}/state"),
        }
    }
}

/// Where a gateway publishes its numbered batches.
#[must_use]
pub fn gateway_up(gateway: &str) -> String {
    Topic::GatewayUp { gateway }.to_string()
}

/// Where a gateway publishes what is worth nothing later.
#[must_use]
pub fn gateway_live(gateway: &str) -> String {
    Topic::GatewayLive { gateway }.to_string()
}

/// Where the server acknowledges a gateway's batches.
#[must_use]
pub fn gateway_ack(gateway: &str) -> String {
    Topic::GatewayAck { gateway }.to_string()
}

/// Where a gateway's birth and will stand.
#[must_use]
pub fn gateway_state(gateway: &str) -> String {
    Topic::GatewayState { gateway }.to_string()
}

/// Where a gateway sends packs of what it had kept back.
#[must_use]
pub fn gateway_past(gateway: &str) -> String {
    format!("gw/{gateway}/past")
}

/// Where a gateway asks for its next certificate.
#[must_use]
pub fn gateway_renewal(gateway: &str) -> String {
    format!("gw/{gateway}/renewal")
}

/// Where the server gives it to it.
#[must_use]
pub fn gateway_certificate(gateway: &str) -> String {
    format!("gw/{gateway}/certificate")
}

/// Where the settings that a gateway is to have stand; retained.
#[must_use]
pub fn gateway_desired(gateway: &str) -> String {
    format!("gw/{gateway}/desired")
}

/// Where the list of those who objected in a store stands; retained.
#[must_use]
pub fn objections(store: &str) -> String {
    format!("store/{store}/objections")
}

/// Where a gateway says what became of them; retained.
#[must_use]
pub fn gateway_reported(gateway: &str) -> String {
    format!("gw/{gateway}/reported")
}

/// Whether an MQTT filter, with `+` and `#`, takes in a topic.
///
/// ```
/// assert!(wire::topics::matches("gw/+/up", "gw/shop-1/up"));
/// assert!(wire::topics::matches("gw/#", "gw"));
/// assert!(!wire::topics::matches("#", "$SYS/uptime"), "a wildcard does not reach the broker's own topics");
/// ```
#[must_use]
pub fn matches(filter: &str, topic: &str) -> bool {
    under(filter, topic).is_some()
}

/// What a topic has where the filter has its first `+`, if it has one; nothing at all when the filter does not take the topic in.
#[must_use]
pub fn under<'t>(filter: &str, topic: &'t str) -> Option<Option<&'t str>> {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return None;
    }
    let (mut wanted, mut found, mut captured) = (Some(filter), Some(topic), None);
    while let Some(filter) = wanted {
        let (level, rest) = first_level(filter);
        if level == "#" {
            return Some(captured);
        }
        let behind = if level == "+" {
            let (name, behind) = first_level(found?);
            captured = captured.or(Some(name));
            behind
        } else {
            let behind = found?.strip_prefix(level)?;
            if behind.is_empty() { None } else { Some(behind.strip_prefix('/')?) }
        };
        (wanted, found) = (rest, behind);
    }
    found.is_none().then_some(captured)
}

/// A topic's first level, and what stands behind it.
fn first_level(topic: &str) -> (&str, Option<&str>) {
    match topic.bytes().position(|byte| byte == b'/') {
        Some(end) => (&topic[..end], Some(&topic[end + 1..])),
        None => (topic, None),
    }
}

/// The level of a topic that stands where the filter has its first `+`: the device's name under a topic that people may set.
///
/// ```
/// assert_eq!(wire::topics::captured("/gw/+/status", "/gw/AC233FC001EA/status"), Some("AC233FC001EA"));
/// assert_eq!(wire::topics::captured("gw/+/up", "gw/shop-1/down"), None);
/// ```
#[must_use]
pub fn captured<'a>(filter: &str, topic: &'a str) -> Option<&'a str> {
    if topic.len() > TOPIC_LEN_MAX { None } else { under(filter, topic)? }
}

/// One level of a topic: not empty, and nothing that parts or matches levels.
fn level(text: &str) -> Option<&str> {
    (!text.is_empty() && !text.contains(['/', '+', '#'])).then_some(text)
}

#[cfg(test)]
mod tests;

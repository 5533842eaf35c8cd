//! ESPresense nodes: one JSON object per transmitter and report.
//!
//! The node filters strengths itself and has taken its own adjustment off them already; `rssiVar` is the noise that is left.
//! Identity stands in `id`, never in the topic. Names and freshly enrolled keys are not read.

use model::anchor::Advertised;
use model::ids::ReceiverId;
use model::units::Dbm;
use serde::Serialize;

use super::json::{Range, Tree, document, fields, to_json};
use super::{Heard, Message, Rejected, digits, receiver};
use crate::ble::address::{Address, AddressKind};
use crate::ble::eddystone::Uid;
use crate::ble::frame::Frame;
use crate::ble::ibeacon::IBeacon;
use crate::topics::Topic;

/// Path loss exponent that nodes use for their own distance, unless told otherwise.
const ABSORPTION: f64 = 2.7;
/// Strength at 1 m that nodes take for a transmitter that does not say its own, in dBm.
const POWER_DEFAULT: i8 = -59;
/// Eddystone gives its power at 0 m; nodes turn it into the power at 1 m with this difference.
const EDDYSTONE_LOSS: i8 = 41;

/// What a node publishes about one transmitter, in its order.
#[derive(Serialize)]
struct Report<'a> {
    mac: &'a str,
    id: &'a str,
    #[serde(rename = "rssi@1m")]
    power: i8,
    rssi: f64,
    #[serde(rename = "rxAdj", skip_serializing_if = "Option::is_none")]
    adjustment: Option<i8>,
    #[serde(rename = "rssiVar", skip_serializing_if = "Option::is_none")]
    rssi_variance: Option<f64>,
    distance: f64,
    #[serde(rename = "var", skip_serializing_if = "Option::is_none")]
    distance_variance: Option<f64>,
    #[serde(rename = "int")]
    interval_ms: u32,
}

/// What a node publishes about itself, as far as we use it.
#[derive(Serialize)]
struct NodeReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adverts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reported: Option<u32>,
}

/// Reads what a node heard, other nodes included.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode(topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let Some(Topic::EspresenseDevice { room, .. }) = Topic::parse(topic) else { return Err(Rejected::UnknownTopic) };
    let receiver = receiver("room", room)?;
    let document = document(payload)?;
    let report = document.object()?;
    fields!(report; mac = "mac", id = "id", power_at_1m = "rssi@1m", rssi = "rssi", variance = "rssiVar");
    let id = id.text("id")?.ok_or(Rejected::MissingField { field: "id" })?;
    let power_at_1m = power_at_1m.whole_only("rssi@1m", &Range::POWER)?;
    let power_at_1m = power_at_1m.and_then(|power| i8::try_from(power).ok());
    let frame = read_id(id, power_at_1m.unwrap_or(0));
    let address = read_address(mac)?;
    if address.is_none() && frame.is_none() {
        return Err(Rejected::MissingField { field: "mac" });
    }
    let rssi = rssi.number_only("rssi", &Range::RSSI)?;
    let rssi = rssi.ok_or(Rejected::MissingField { field: "rssi" })?;
    let variance = variance.number_only("rssiVar", &Range::VARIANCE)?;
    Ok(vec![Heard {
        receiver,
        address,
        frames: frame.into(),
        rssi: Dbm(narrow(rssi)),
        variance: variance.map(narrow),
        power_at_1m,
        at: None,
    }])
}

/// Reads whether a node is there.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_status(topic: &str, payload: &[u8]) -> Result<(ReceiverId, bool), Rejected> {
    let Some(Topic::EspresenseStatus { room }) = Topic::parse(topic) else { return Err(Rejected::UnknownTopic) };
    let receiver = receiver("room", room)?;
    match payload {
        b"online" => Ok((receiver, true)),
        b"offline" => Ok((receiver, false)),
        _ => Err(Rejected::Malformed { field: "the message", expected: "online or offline" }),
    }
}

/// How a node fares. Firmware versions differ in what they tell, so everything may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// Which node.
    pub receiver: ReceiverId,
    /// Seconds since its start.
    pub uptime_s: Option<u32>,
    /// Advertisements heard since its start.
    pub adverts: Option<u32>,
    /// Reports since its start.
    pub reported: Option<u32>,
}

/// Reads how a node fares.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_telemetry(topic: &str, payload: &[u8]) -> Result<Telemetry, Rejected> {
    let Some(Topic::EspresenseTelemetry { room }) = Topic::parse(topic) else { return Err(Rejected::UnknownTopic) };
    let document = document(payload)?;
    let node = document.object()?;
    let count = |key| {
        let count = node.get(key).whole_only(key, &Range::U32)?;
        Ok(count.and_then(|count| u32::try_from(count).ok())) as Result<_, Rejected>
    };
    Ok(Telemetry {
        receiver: receiver("room", room)?,
        uptime_s: count("uptime")?,
        adverts: count("adverts")?,
        reported: count("reported")?,
    })
}

/// Writes what a node publishes, or nothing where a node says nothing: it loses ephemeral ids, and it keeps transmitters
/// with a rotating address and no id of their own to itself.
///
/// `interval_ms` is the mean time between the transmitter's advertisements.
#[must_use]
pub fn encode(heard: &Heard, interval_ms: u32) -> Option<Message> {
    let address = heard.address?;
    let id = write_id(heard.frame().as_ref(), address)?;
    let power = heard.power_at_1m.unwrap_or(POWER_DEFAULT);
    let rssi = f64::from(heard.rssi.0);
    let distance = 10f64.powf((f64::from(power) - rssi) / (10.0 * ABSORPTION));
    let slope = distance * std::f64::consts::LN_10 / (10.0 * ABSORPTION);
    let variance = heard.variance.map(f64::from);
    let report = Report {
        mac: &address.to_lower(),
        id: &id,
        power,
        rssi: two_places(rssi),
        adjustment: variance.map(|_| 0),
        rssi_variance: variance.map(two_places),
        distance: two_places(distance),
        distance_variance: variance.map(|variance| two_places(slope * slope * variance)),
        interval_ms,
    };
    let topic = Topic::EspresenseDevice { id: &id, room: heard.receiver.as_str() }.to_string();
    Some(Message { topic, payload: to_json(&report) })
}

/// Writes a node's retained word that it is there, or its will.
#[must_use]
pub fn encode_status(receiver: &ReceiverId, is_online: bool) -> Message {
    let topic = Topic::EspresenseStatus { room: receiver.as_str() }.to_string();
    let word = if is_online { "online" } else { "offline" };
    Message { topic, payload: word.into() }
}

/// Writes how a node fares.
#[must_use]
pub fn encode_telemetry(telemetry: &Telemetry) -> Message {
    let topic = Topic::EspresenseTelemetry { room: telemetry.receiver.as_str() }.to_string();
    let node = NodeReport { uptime: telemetry.uptime_s, adverts: telemetry.adverts, reported: telemetry.reported };
    Message { topic, payload: to_json(&node) }
}

fn read_address(mac: Tree<'_>) -> Result<Option<Address>, Rejected> {
    let Some(text) = mac.text("mac")? else { return Ok(None) };
    let address = Address::parse(text, AddressKind::Unknown);
    address.map(Some).ok_or(Rejected::Malformed { field: "mac", expected: "12 hexadecimal digits" })
}

/// Reads the ids that carry a frame's own numbers; every other id is a name for something that we know by its address alone.
fn read_id(id: &str, power: i8) -> Option<Frame> {
    if let Some(name) = id.strip_prefix("node:") {
        let Advertised { uuid, major, minor } = Advertised::node(name);
        return Some(Frame::IBeacon(IBeacon { uuid, major, minor, power }));
    }
    if let Some(numbers) = id.strip_prefix("iBeacon:") {
        let mut parts = numbers.rsplitn(3, '-');
        let minor = parts.next()?.parse().ok()?;
        let major = parts.next()?.parse().ok()?;
        let uuid = digits::uuid("id", parts.next()?).ok()?;
        return Some(Frame::IBeacon(IBeacon { uuid, major, minor, power }));
    }
    let (namespace, instance) = id.strip_prefix("eddy:")?.split_once('-')?;
    let mut uid = Uid { namespace: [0; 10], instance: [0; 6], power_at_0m: power.saturating_add(EDDYSTONE_LOSS) };
    hex::decode_to_slice(undouble(namespace)?, &mut uid.namespace).ok()?;
    hex::decode_to_slice(instance, &mut uid.instance).ok()?;
    Some(Frame::Uid(uid))
}

/// Takes out the namespace's fifth byte where a node has written it twice.
fn undouble(namespace: &str) -> Option<String> {
    match namespace.len() {
        20 => Some(namespace.to_owned()),
        22 => {
            let (head, fifth, sixth, tail) =
                (namespace.get(..8)?, namespace.get(8..10)?, namespace.get(10..12)?, namespace.get(12..)?);
            (fifth == sixth).then(|| format!("{head}{fifth}{tail}"))
        }
        _ => None,
    }
}

fn write_id(frame: Option<&Frame>, address: Address) -> Option<String> {
    let by_address = || (!address.may_rotate()).then(|| address.to_lower());
    match frame {
        Some(Frame::IBeacon(beacon)) => {
            let [a, b, c, d, e] = [0..4, 4..6, 6..8, 8..10, 10..16].map(|part| hex::encode(&beacon.uuid[part]));
            Some(format!("iBeacon:{a}-{b}-{c}-{d}-{e}-{}-{}", beacon.major, beacon.minor))
        }
        // A node compares the wrong two bytes, so an AltBeacon becomes "some manufacturer data, 26 bytes".
        Some(Frame::AltBeacon(beacon)) => Some(format!("md:{:04x}:26", beacon.company)),
        Some(Frame::Uid(uid)) => {
            let namespace = hex::encode(uid.namespace);
            let doubled = format!("{}{}{}", &namespace[..10], &namespace[8..10], &namespace[10..]);
            Some(format!("eddy:{doubled}-{}", hex::encode(uid.instance)))
        }
        // The rolling id is thrown away by the node; every phone that sends one looks alike.
        Some(Frame::Exposure(_)) => Some("exp:20".to_owned()),
        Some(
            Frame::Eid(_)
            | Frame::Tlm(_)
            | Frame::EncryptedTlm(_)
            | Frame::Service(_)
            | Frame::Measures(_)
            | Frame::SealedMeasures(_)
            | Frame::Overflow(_),
        )
        | None => by_address(),
    }
}

fn two_places(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
const fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests;

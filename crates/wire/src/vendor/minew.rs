//! Minew gateways: a JSON list of what was heard (JSON-LONG, JSON-RAW), or the same in binary (BINARY-LONG).
//!
//! Times are to the second, so the order of the list is what counts. Addresses are in upper case without colons, and say not what kind they are.

mod binary;

use model::ids::ReceiverId;
use model::time::Timestamp;
use model::units::Dbm;
use serde::Serialize;

use super::json::{Fields, Range, Wanted, each_object, to_json};
use super::{Heard, Message, PAYLOAD_LEN_MAX, Rejected, gateway_name};
use crate::ble::address::{Address, AddressKind};
use crate::ble::frame::{self, Frame};
use crate::ble::ibeacon::IBeacon;
use crate::topics::{self, Topic};

pub use binary::encode as encode_binary;

const KEYS: [&str; 10] = [
    "type",
    "mac",
    "gateway",
    "rssi",
    "rawData",
    "ibeaconUuid",
    "ibeaconMajor",
    "ibeaconMinor",
    "ibeaconTxPower",
    "timestamp",
];

type Element<'a> = Fields<'a, { KEYS.len() }>;

/// What a gateway heard, and which elements of its list were of no use.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Elements {
    /// What could be read, in the order of the list.
    pub heard: Vec<Heard>,
    /// Why the others were dropped.
    pub rejected: Vec<Rejected>,
}

/// Reads a message under the usual topic. One useless element does not spoil the others.
///
/// # Errors
/// [`Rejected`] when the list can't be read, or none of its elements.
pub fn decode(topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let mut elements = decode_under(topics::MINEW, topic, payload)?;
    if elements.heard.is_empty() && !elements.rejected.is_empty() {
        return Err(elements.rejected.swap_remove(0));
    }
    Ok(elements.heard)
}

/// Reads a message under a topic that people have set; the level under the filter's first `+` is the gateway's name.
///
/// # Errors
/// [`Rejected`] when the list itself can't be read.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Elements, Rejected> {
    if !topics::matches(filter, topic) {
        return Err(Rejected::UnknownTopic);
    }
    if payload.len() > PAYLOAD_LEN_MAX {
        return Err(Rejected::TooLarge { len: payload.len(), max: PAYLOAD_LEN_MAX });
    }
    let from_topic = topics::captured(filter, topic).map(gateway_name).transpose()?;
    if binary::is_binary(payload) { binary::decode(payload) } else { decode_json(from_topic, payload) }
}

fn decode_json(from_topic: Option<ReceiverId>, payload: &[u8]) -> Result<Elements, Rejected> {
    let mut gateway = from_topic;
    let mut elements = Elements::default();
    each_object(payload, Wanted::flat(&KEYS), |element: Element<'_>| match read_element(&element, &mut gateway) {
        Ok(Some(heard)) => elements.heard.push(heard),
        Ok(None) => {}
        Err(rejected) => elements.rejected.push(rejected),
    })?;
    Ok(elements)
}

/// Reads one element; the gateway's own element comes first and says who hears the rest.
fn read_element(element: &Element<'_>, gateway: &mut Option<ReceiverId>) -> Result<Option<Heard>, Rejected> {
    // JSON-RAW, of gateways that measure angles, names itself so and says nothing of what was heard but how strong it was.
    if let Some(name) = element.text("gateway")? {
        *gateway = Some(gateway_name(name)?);
        return Ok(None);
    }
    let mac = element.text("mac")?.ok_or(Rejected::MissingField { field: "mac" })?;
    let kind = element.text("type")?;
    if kind == Some("Gateway") {
        *gateway = Some(gateway_name(mac)?);
        return Ok(None);
    }
    let receiver = gateway.clone().ok_or(Rejected::MissingField { field: "the Gateway element" })?;
    let address = Address::parse(mac, AddressKind::Unknown);
    let address = address.ok_or(Rejected::Malformed { field: "mac", expected: "12 hexadecimal digits" })?;
    let rssi = element.number("rssi", &Range::RSSI)?.ok_or(Rejected::MissingField { field: "rssi" })?;
    let frame = match read_ibeacon(element)? {
        Some(beacon) => Some(Frame::IBeacon(beacon)),
        None => read_raw(element)?,
    };
    #[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
    let rssi = Dbm(rssi as f32);
    let at = element.text("timestamp").ok().flatten().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    Ok(Some(Heard {
        receiver,
        address: Some(address),
        frame,
        rssi,
        variance: None,
        power_at_1m: frame.as_ref().and_then(Frame::power_at_1m),
        at: at.map(|at| Timestamp(at.as_millisecond())),
    }))
}

fn read_ibeacon(element: &Element<'_>) -> Result<Option<IBeacon>, Rejected> {
    let (Some(uuid), Some(major), Some(minor)) = (
        element.text_or_false("ibeaconUuid")?,
        element.whole("ibeaconMajor", &Range::U16)?,
        element.whole("ibeaconMinor", &Range::U16)?,
    ) else {
        return Ok(None);
    };
    let narrow = |number| u16::try_from(number).expect("the range was checked when the field was read");
    let power = element.whole("ibeaconTxPower", &Range::POWER)?.and_then(|power| i8::try_from(power).ok());
    let (major, minor) = (narrow(major), narrow(minor));
    let mut beacon = IBeacon { uuid: [0; 16], major, minor, power: power.unwrap_or(0) };
    let expected = "32 hexadecimal digits";
    hex::decode_to_slice(uuid, &mut beacon.uuid).map_err(|_| Rejected::Malformed { field: "ibeaconUuid", expected })?;
    Ok(Some(beacon))
}

fn read_raw(element: &Element<'_>) -> Result<Option<Frame>, Rejected> {
    let Some(digits) = element.text_or_false("rawData")? else { return Ok(None) };
    if digits.len() > 2 * frame::ADVERTISEMENT_LEN_MAX {
        return Err(Rejected::OutOfRange { field: "rawData", range: "at most 3300 digits" });
    }
    let expected = "an even number of hexadecimal digits";
    let raw = hex::decode(digits).map_err(|_| Rejected::Malformed { field: "rawData", expected })?;
    Ok(frame::decode(&raw).best())
}

/// One element of a gateway's list, in its order.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    timestamp: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    mac: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_free: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_load: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ble_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ibeacon_uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ibeacon_major: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ibeacon_minor: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rssi: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ibeacon_tx_power: Option<i8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    battery: Option<u8>,
}

/// Writes what a gateway publishes at once in JSON-LONG. Transmitters without an address can't be told and are left out.
#[must_use]
pub fn encode(gateway: &ReceiverId, at: Timestamp, heard: &[Heard]) -> Message {
    let time = jiff::Timestamp::from_second(at.0.div_euclid(1_000)).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string();
    let own = Written {
        timestamp: &time,
        kind: "Gateway",
        mac: gateway.to_string(),
        gateway_free: Some(98),
        gateway_load: Some(0.05),
        ..Written::default()
    };
    let others = heard.iter().filter_map(|heard| write_element(heard, &time));
    let list: Vec<Written<'_>> = std::iter::once(own).chain(others).collect();
    Message { topic: Topic::Minew { mac: gateway.as_str() }.to_string(), payload: to_json(&list) }
}

fn write_element<'a>(heard: &Heard, timestamp: &'a str) -> Option<Written<'a>> {
    #[expect(clippy::cast_possible_truncation, reason = "strengths lie between -127 and 20")]
    let rssi = Some(heard.rssi.0.round() as i32);
    let element = Written { timestamp, mac: heard.address?.to_upper(), ble_name: Some(""), rssi, ..Written::default() };
    Some(match &heard.frame {
        Some(Frame::IBeacon(beacon)) => Written {
            kind: "iBeacon",
            ibeacon_uuid: Some(hex::encode_upper(beacon.uuid)),
            ibeacon_major: Some(beacon.major),
            ibeacon_minor: Some(beacon.minor),
            ibeacon_tx_power: Some(beacon.power),
            battery: Some(0),
            ..element
        },
        frame => {
            let raw = frame.as_ref().map(Frame::to_advertisement).unwrap_or_default();
            Written { kind: "Unknown", raw_data: Some(hex::encode_upper(raw)), ..element }
        }
    })
}

#[cfg(test)]
mod tests;

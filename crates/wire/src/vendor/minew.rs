//! Minew gateways: a JSON list of what was heard (JSON-LONG, JSON-RAW), or the same in binary (BINARY-LONG).
//!
//! Times are to the second, so the order of the list is what counts. Addresses are in upper case without colons, and say not what kind they are.

mod binary;

use model::ids::ReceiverId;
use model::time::Timestamp;
use model::units::Dbm;
use serde::Serialize;

use super::json::{Range, Tree, document, fields, to_json};
use super::{
    Heard, Message, PAYLOAD_LEN_MAX, Rejected, digits, gateway_name, gateway_of, heard, read_address, read_frames,
};
use crate::ble::address::AddressKind;
use crate::ble::frame::{Frame, Frames};
use crate::ble::ibeacon::IBeacon;
use crate::topics::{self, Topic};

pub use binary::encode as encode_binary;

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
    let from_topic = gateway_of(filter, topic)?;
    if payload.len() > PAYLOAD_LEN_MAX {
        return Err(Rejected::TooLarge { len: payload.len(), max: PAYLOAD_LEN_MAX });
    }
    if binary::is_binary(payload) { binary::decode(payload) } else { decode_json(from_topic, payload) }
}

fn decode_json(from_topic: Option<ReceiverId>, payload: &[u8]) -> Result<Elements, Rejected> {
    let document = document(payload)?;
    let mut list = List { gateway: from_topic, time: None };
    let mut elements = Elements::default();
    for element in document.list()? {
        match list.read(element) {
            Ok(Some(heard)) => elements.heard.push(heard),
            Ok(None) => {}
            Err(rejected) => elements.rejected.push(rejected),
        }
    }
    Ok(elements)
}

/// What one element of a list says for those behind it.
struct List<'t> {
    gateway: Option<ReceiverId>,
    /// Times are to the second, so that many elements have the same.
    time: Option<(&'t str, Option<Timestamp>)>,
}

impl<'t> List<'t> {
    /// Reads one element; the gateway's own element comes first and says who hears the rest.
    fn read(&mut self, element: Tree<'t>) -> Result<Option<Heard>, Rejected> {
        if !element.is_object() {
            return Err(Rejected::WrongType { field: "the message", expected: "a JSON list of objects" });
        }
        fields!(element; gateway = "gateway", mac = "mac", kind = "type", rssi = "rssi", raw = "rawData", time = "timestamp",
            uuid = "ibeaconUuid", major = "ibeaconMajor", minor = "ibeaconMinor", power = "ibeaconTxPower");
        // JSON-RAW, of gateways that measure angles, names itself so and says nothing of what was heard but how strong it was.
        if let Some(name) = gateway.text("gateway")? {
            self.gateway = Some(gateway_name(name)?);
            return Ok(None);
        }
        let mac = mac.text("mac")?.ok_or(Rejected::MissingField { field: "mac" })?;
        if kind.text("type")? == Some("Gateway") {
            self.gateway = Some(gateway_name(mac)?);
            return Ok(None);
        }
        let receiver = self.gateway.clone().ok_or(Rejected::MissingField { field: "the Gateway element" })?;
        let address = read_address(mac, "mac", AddressKind::Unknown)?;
        let rssi = rssi.number_only("rssi", &Range::RSSI)?;
        let rssi = rssi.ok_or(Rejected::MissingField { field: "rssi" })?;
        #[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
        let rssi = Dbm(rssi as f32);
        let decoded = read_ibeacon(uuid, [major, minor], power)?.map(Frame::IBeacon);
        let raw = match raw.text_or_false("rawData").and_then(|raw| read_frames("rawData", [raw])) {
            Ok(raw) => raw,
            // What was decoded is not lost because of what stands beside it.
            Err(_) if decoded.is_some() => Frames::default(),
            Err(rejected) => return Err(rejected),
        };
        // What the gateway has decoded already stands in the raw bytes as well.
        let beside = raw.iter().filter(|frame| decoded.is_none() || !matches!(frame, Frame::IBeacon(_)));
        let frames = decoded.into_iter().chain(beside).collect();
        let at = self.time(time);
        Ok(Some(heard(receiver, Some(address), frames, rssi, at)))
    }

    /// A time that is none does not spoil the rest.
    fn time(&mut self, time: Tree<'t>) -> Option<Timestamp> {
        let text = time.text("timestamp").ok().flatten()?;
        match self.time {
            Some((last, at)) if last == text => at,
            Some(_) | None => {
                let at = text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()));
                self.time = Some((text, at));
                at
            }
        }
    }
}

fn read_ibeacon(uuid: Tree<'_>, numbers: [Tree<'_>; 2], power: Tree<'_>) -> Result<Option<IBeacon>, Rejected> {
    let number = |key: &'static str, value: Tree<'_>| {
        let number = value.whole_only(key, &Range::U16)?;
        Ok(number.and_then(|number| u16::try_from(number).ok())) as Result<Option<u16>, Rejected>
    };
    let uuid = uuid.text_or_false("ibeaconUuid")?;
    let (Some(uuid), Some(major), Some(minor)) =
        (uuid, number("ibeaconMajor", numbers[0])?, number("ibeaconMinor", numbers[1])?)
    else {
        return Ok(None);
    };
    let power = power.whole_only("ibeaconTxPower", &Range::POWER)?;
    let power = power.and_then(|power| i8::try_from(power).ok()).unwrap_or(0);
    Ok(Some(IBeacon { uuid: digits::uuid("ibeaconUuid", uuid)?, major, minor, power }))
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
    Some(match &heard.frame() {
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

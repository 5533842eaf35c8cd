//! MOKO gateways: lists of what was heard, in two kinds of message (3004 and 3070) that name their fields differently.
//!
//! Names of devices are not read.

use model::ids::ReceiverId;
use model::time::Timestamp;

use super::json::{Range, Tree, document, fields};
use super::{
    Heard, Rejected, from_seconds, gateway_named, gateway_under, heard, of_elements, read_address, read_frames,
    read_rssi,
};
use crate::ble::address::AddressKind;

/// Kinds of message that tell what was heard.
const HEARD: [i64; 2] = [3_004, 3_070];

/// Reads a message under a topic that people have set; other kinds of message give nothing.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let from_topic = gateway_under(filter, topic)?;
    let document = document(payload)?;
    let message = document.root();
    let kind = message.get("msg_id").whole("msg_id", &Range::U32)?;
    let kind = kind.ok_or(Rejected::MissingField { field: "msg_id" })?;
    if !HEARD.contains(&kind) {
        return Ok(Vec::new());
    }
    let name = message.get("device_info").get("mac").text("device_info.mac")?;
    let gateway = gateway_named("device_info.mac", name, from_topic)?;
    let elements = message.get("data").each();
    of_elements(elements.map(|element| {
        let value = element.get("value");
        read_element(&gateway, if value.is_object() { value } else { element })
    }))
}

fn read_element(gateway: &ReceiverId, element: Tree<'_>) -> Result<Option<Heard>, Rejected> {
    fields!(element; mac = "mac", rssi = "rssi", time = "timestamp", raw = "raw", spaced = "raw data", adv = "adv_data",
        rsp = "rsp_data");
    let address = mac.text("mac")?.ok_or(Rejected::MissingField { field: "mac" })?;
    let address = read_address(address, "mac", AddressKind::Unknown)?;
    let raws = [raw.text("raw")?, spaced.text("raw data")?, adv.text("adv_data")?, rsp.text("rsp_data")?];
    let frames = read_frames("raw", raws)?;
    Ok(Some(heard(gateway.clone(), Some(address), frames, read_rssi(rssi)?, read_time(time))))
}

/// Seconds, or a text such as `2021-01-01&17:10:16+08`. A time that is none is no reason to drop what was heard.
fn read_time(time: Tree<'_>) -> Option<Timestamp> {
    if let Ok(Some(seconds)) = time.number("timestamp", &Range::SECONDS) {
        return Some(from_seconds(seconds));
    }
    let text = time.text("timestamp").ok()??.replace('&', "T");
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

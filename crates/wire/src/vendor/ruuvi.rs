//! Ruuvi gateways: one message per advertisement over MQTT, or a list of tags over HTTP, always with the raw bytes.
//!
//! Times are seconds, written as texts. Over MQTT the tag's address stands in the topic alone, at its end.

use model::ids::ReceiverId;

use super::json::{Range, Tree, document, fields};
use super::{
    Heard, Rejected, from_seconds, gateway_name, gateway_of, heard, of_elements, read_address, read_frames, read_rssi,
};
use crate::ble::address::AddressKind;

/// Reads a message under a topic that people have set; the level under the filter's first `+` is the gateway's name.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let from_topic = gateway_of(filter, topic)?;
    let document = document(payload)?;
    let message = document.object()?;
    let list = message.get("data");
    if list.is_object() {
        let gateway = read_gateway(list, from_topic)?;
        let tags = list.get("tags").entries();
        return of_elements(tags.map(|(address, tag)| read_tag(&gateway, address, "the tag's address", tag)));
    }
    let gateway = read_gateway(message, from_topic)?;
    let address = topic.rsplit('/').next().unwrap_or_default();
    of_elements([read_tag(&gateway, address, "the topic's end", message)])
}

fn read_gateway(of: Tree<'_>, from_topic: Option<ReceiverId>) -> Result<ReceiverId, Rejected> {
    match of.get("gw_mac").text("gw_mac")? {
        Some(name) => gateway_name(name),
        None => from_topic.ok_or(Rejected::MissingField { field: "gw_mac" }),
    }
}

fn read_tag(
    gateway: &ReceiverId,
    address: &str,
    field: &'static str,
    tag: Tree<'_>,
) -> Result<Option<Heard>, Rejected> {
    let address = read_address(address, field, AddressKind::Unknown)?;
    fields!(tag; data = "data", rssi = "rssi", ts = "ts", timestamp = "timestamp");
    let frames = read_frames("data", [data.text("data")?])?;
    let time = if ts.is_nothing() { timestamp } else { ts };
    let time = time.number("ts", &Range::SECONDS)?.map(from_seconds);
    Ok(Some(heard(gateway.clone(), Some(address), frames, read_rssi(rssi)?, time)))
}

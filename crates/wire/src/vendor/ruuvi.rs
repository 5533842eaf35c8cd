//! Ruuvi gateways: one message per advertisement over MQTT, or a list of tags over HTTP, always with the raw bytes.
//!
//! Times are seconds, written as texts. Over MQTT the tag's address stands in the topic alone, at its end.

use std::iter::once_with;

use model::ids::ReceiverId;

use super::json::{Range, Tree, document, fields};
use super::{
    Heard, Rejected, from_seconds, gateway_named, gateway_under, heard, of_elements, read_address, read_frames,
    read_rssi,
};
use crate::ble::address::AddressKind;

/// Reads a message under a topic that people have set; the level under the filter's first `+` is the gateway's name.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let from_topic = gateway_under(filter, topic)?;
    let document = document(payload)?;
    let message = Tag::of(document.object()?);
    if message.data.is_object() {
        let list = message.data;
        fields!(list; gateway = "gw_mac", tags = "tags");
        let gateway = gateway_named("gw_mac", gateway.text("gw_mac")?, from_topic)?;
        let read = |(address, tag)| Tag::of(tag).read(&gateway, address, "the tag's address");
        return of_elements(tags.entries().map(read));
    }
    let gateway = gateway_named("gw_mac", message.gateway.text("gw_mac")?, from_topic)?;
    let address = topic.rsplit('/').next().unwrap_or_default();
    of_elements(once_with(|| message.read(&gateway, address, "the topic's end")))
}

/// What was heard of a tag; over MQTT, with who heard it.
struct Tag<'t> {
    gateway: Tree<'t>,
    data: Tree<'t>,
    rssi: Tree<'t>,
    ts: Tree<'t>,
    timestamp: Tree<'t>,
}

impl<'t> Tag<'t> {
    fn of(tag: Tree<'t>) -> Self {
        fields!(tag; gateway = "gw_mac", data = "data", rssi = "rssi", ts = "ts", timestamp = "timestamp");
        Self { gateway, data, rssi, ts, timestamp }
    }

    fn read(&self, gateway: &ReceiverId, address: &str, field: &'static str) -> Result<Option<Heard>, Rejected> {
        let address = read_address(address, field, AddressKind::Unknown)?;
        let frames = read_frames("data", [self.data.text("data")?])?;
        let time = if self.ts.is_nothing() { self.timestamp } else { self.ts };
        let time = time.number("ts", &Range::SECONDS)?.map(from_seconds);
        Ok(Some(heard(gateway.clone(), Some(address), frames, read_rssi(self.rssi)?, time)))
    }
}

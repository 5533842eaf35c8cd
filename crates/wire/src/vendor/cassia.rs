//! Cassia gateways: scan results as they come from the gateway's own interface, alone, in a list, or in the envelope of MQTT.
//!
//! What goes over the air in one advertisement and in its scan response stands side by side. Names of devices are not read.

use model::ids::ReceiverId;
use model::time::Timestamp;

use super::json::{Range, Tree, document, fields};
use super::{Heard, Rejected, gateway_named, gateway_under, heard, of_elements, read_address, read_frames, read_rssi};
use crate::ble::address::AddressKind;

/// The kind of message that tells what was heard.
const SCAN: &str = "data.scan";

/// Reads a message under a topic that people have set; other kinds of message give nothing.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let from_topic = gateway_under(filter, topic)?;
    let document = document(payload)?;
    let message = document.root();
    if message.get("action").text("action")?.is_some_and(|action| action != SCAN) {
        return Ok(Vec::new());
    }
    let gateway = gateway_named("gateway", message.get("gateway").text("gateway")?, from_topic)?;
    let at = message.get("timestamp").number("timestamp", &Range::MILLISECONDS).ok().flatten();
    #[expect(clippy::cast_possible_truncation, reason = "within the range that was checked")]
    let at = at.map(|at| Timestamp(at as i64));
    of_elements(scans(message).each().map(|scan| read_scan(&gateway, scan, at)))
}

/// The scan results, wherever this firmware puts them.
fn scans(message: Tree<'_>) -> Tree<'_> {
    let data = message.get("data");
    let list = data.get("dataList");
    match (list.is_nothing(), data.is_nothing()) {
        (false, _) => list,
        (true, false) => data,
        (true, true) => message,
    }
}

fn read_scan(gateway: &ReceiverId, scan: Tree<'_>, at: Option<Timestamp>) -> Result<Option<Heard>, Rejected> {
    fields!(scan; addresses = "bdaddrs", rssi = "rssi", adv = "adData", response = "scanData");
    let first = addresses.each().next().ok_or(Rejected::MissingField { field: "bdaddrs" })?;
    let kind = first.get("bdaddrType").text("bdaddrType")?.and_then(AddressKind::from_name);
    let kind = kind.unwrap_or(AddressKind::Unknown);
    let address = first.get("bdaddr").text("bdaddr")?.ok_or(Rejected::MissingField { field: "bdaddr" })?;
    let address = read_address(address, "bdaddr", kind)?;
    let raw = [adv.text("adData")?, response.text("scanData")?];
    let frames = read_frames("adData", raw)?;
    Ok(Some(heard(gateway.clone(), Some(address), frames, read_rssi(rssi)?, at)))
}

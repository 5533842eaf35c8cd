//! Kontakt.io: telemetry of beacons, from gateways through the maker's cloud.
//!
//! The cloud passes on one update in 30 s unless something changed: good for battery and buttons, too slow for a position.
//! `timestamp` is when the cloud had it, `beaconTimestamp` is the beacon's own clock and is not read.

use super::json::{Range, Tree, document, fields, rounded};
use super::{Heard, Rejected, gateway_name, heard, of_elements, read_rssi};
use crate::ble::address::{Address, AddressKind};
use crate::ble::bthome::Measures;
use crate::ble::frame::Frame;
use crate::topics;

/// Reads a message, one beacon or a list of them. The gateway names itself, for the topic names the beacon or the place.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    // Whatever stands in the topic is no gateway, so it need not be an id.
    if !topics::matches(filter, topic) {
        return Err(Rejected::UnknownTopic);
    }
    let document = document(payload)?;
    of_elements(document.root().each().map(read_element))
}

fn read_element(element: Tree<'_>) -> Result<Option<Heard>, Rejected> {
    fields!(element; source = "sourceId", tracked = "trackingId", rssi = "rssi", at = "timestamp", battery = "batteryLevel",
        temperature = "temperature", humidity = "humidity", clicks = "clickCounter");
    let gateway = source.text("sourceId")?.ok_or(Rejected::MissingField { field: "sourceId" })?;
    let tracked = tracked.text("trackingId")?.ok_or(Rejected::MissingField { field: "trackingId" })?;
    // Usually an address in lower case; else the maker's own number, by which nobody is told from anybody.
    let address = Address::parse(tracked, AddressKind::Unknown);
    let at = at.text("timestamp").ok().flatten();
    let at = at.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let frame = Frame::Measures(read_measures(battery, temperature, humidity, clicks)?);
    let at = at.map(|at| model::time::Timestamp(at.as_millisecond()));
    Ok(Some(heard(gateway_name(gateway)?, address, Some(frame).into(), read_rssi(rssi)?, at)))
}

fn read_measures(
    battery: Tree<'_>,
    temperature: Tree<'_>,
    humidity: Tree<'_>,
    clicks: Tree<'_>,
) -> Result<Measures, Rejected> {
    let mut measures = Measures::default();
    let hundredths = |value: Tree<'_>, key: &'static str, range: &Range| {
        value.number(key, range).map(|number| number.map(|number| rounded(number * 100.0)))
    };
    if let Some(battery) = battery.whole("batteryLevel", &Range::PERCENT)? {
        measures.take(0x01, battery);
    }
    if let Some(temperature) = hundredths(temperature, "temperature", &Range::CELSIUS)? {
        measures.take(0x02, temperature);
    }
    if let Some(humidity) = hundredths(humidity, "humidity", &Range::PERCENT)? {
        measures.take(0x03, humidity);
    }
    // How often the button was pressed, ever. The time since the last press stays at 65535 and is no event.
    if let Some(clicks) = clicks.whole("clickCounter", &Range::U32)? {
        measures.take(0x3e, clicks);
    }
    Ok(measures)
}

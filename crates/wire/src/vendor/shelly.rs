//! Shelly BLU sensors, relayed by Shelly devices: a script's own JSON, or the events of the third generation.
//!
//! Several devices relay the same packet: its number tells, and each device's strength is its own.
//! Values stand under names that may hold spaces, and under lists where a sensor has several of a kind. Names of devices are not read.

use model::ids::ReceiverId;

use super::json::{Range, Tree, document};
use super::{Heard, Rejected, gateway_name, gateway_of, heard, of_elements, read_address, read_rssi};
use crate::ble::address::AddressKind;
use crate::ble::bthome::Measures;
use crate::ble::frame::Frame;

/// The receiver's name when neither topic nor message tells which device relays.
const NAMELESS: &str = "shelly";

/// What a value's name stands for: its name again, the object of BTHome, and its unit's share.
fn object_of(key: &str) -> Option<(&'static str, u8, f64)> {
    Some(match key {
        "pid" | "packet id" => ("pid", 0x00, 1.0),
        "battery" => ("battery", 0x01, 1.0),
        "temperature" => ("temperature", 0x02, 100.0),
        "humidity" => ("humidity", 0x03, 100.0),
        "illuminance" => ("illuminance", 0x05, 100.0),
        "mass" | "mass_kg" => ("mass", 0x06, 100.0),
        "count" => ("count", 0x3e, 1.0),
        "voltage" => ("voltage", 0x0c, 1_000.0),
        "distance" | "distance_mm" => ("distance", 0x40, 1.0),
        "opening" => ("opening", 0x11, 1.0),
        "door" => ("door", 0x1a, 1.0),
        "window" => ("window", 0x2d, 1.0),
        "motion" => ("motion", 0x21, 1.0),
        "moving" => ("moving", 0x22, 1.0),
        "occupancy" => ("occupancy", 0x23, 1.0),
        "presence" => ("presence", 0x25, 1.0),
        "button" => ("button", 0x3a, 1.0),
        _ => return None,
    })
}

/// Reads what a script or a device tells of sensors that it hears. Events without a sensor's address give nothing.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let from_topic = match gateway_of(filter, topic) {
        Ok(from_topic) => from_topic,
        Err(Rejected::BadName { .. }) => None,
        Err(rejected) => return Err(rejected),
    };
    let document = document(payload)?;
    let message = document.object()?;
    if message.get("method").is_nothing() {
        // The topic of the script is the sensor's address, which is no receiver.
        let address = address_of(message).text("address")?;
        let is_sensor = |name: &ReceiverId| address.is_some_and(|address| gateway_name(address).as_ref() == Ok(name));
        let receiver = from_topic.filter(|name| !is_sensor(name));
        let receiver = receiver.map_or_else(|| super::receiver("gateway", NAMELESS), Ok)?;
        return of_elements([read_sensor(&receiver, message)]);
    }
    let receiver = match message.get("src").text("src")? {
        Some(name) => gateway_name(name)?,
        None => from_topic.ok_or(Rejected::MissingField { field: "src" })?,
    };
    let events = message.get("params").get("events").each();
    let data = events.map(|event| event.get("data")).filter(|data| !address_of(*data).is_nothing());
    of_elements(data.map(|data| read_sensor(&receiver, data)))
}

/// The newest value of one component, such as `bthomesensor:200`, as a truth value; a push of a button is one, too.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read_component(payload: &[u8], component: &str) -> Result<Option<bool>, Rejected> {
    let document = document(payload)?;
    let message = document.root();
    let params = message.get("params");
    if params.is_nothing() {
        return Err(Rejected::MissingField { field: "params" });
    }
    let pushed = params.get("events").each().any(|event| {
        let of_it = matches!(event.get("component").text("component"), Ok(Some(name)) if name == component);
        of_it && matches!(event.get("event").text("event"), Ok(Some(event)) if event.ends_with("_push"))
    });
    if pushed {
        return Ok(Some(true));
    }
    Ok(params.get(component).get("value").truth())
}

fn address_of(sensor: Tree<'_>) -> Tree<'_> {
    let address = sensor.get("address");
    if address.is_nothing() { sensor.get("addr") } else { address }
}

fn read_sensor(receiver: &ReceiverId, sensor: Tree<'_>) -> Result<Option<Heard>, Rejected> {
    let address = address_of(sensor).text("address")?.ok_or(Rejected::MissingField { field: "address" })?;
    let address = read_address(address, "address", AddressKind::Unknown)?;
    let inner = sensor.get("service_data");
    let values = if inner.is_object() { inner } else { sensor };
    let frame = match (values.get("encryption").truth(), read_measures(values)?) {
        // A script without the key passes on nothing but that there is something.
        (Some(true), measures) if measures == Measures::default() => None,
        (Some(_) | None, measures) => Some(Frame::Measures(measures)),
    };
    Ok(Some(heard(receiver.clone(), Some(address), frame.into(), read_rssi(sensor.get("rssi"))?, None)))
}

fn read_measures(values: Tree<'_>) -> Result<Measures, Rejected> {
    let mut measures = Measures::default();
    for (key, values) in values.entries() {
        let Some((name, object, units)) = object_of(key) else { continue };
        for value in values.each() {
            let number = match (value.number(name, &Range::ANY), value.truth()) {
                (Err(_), Some(is)) => f64::from(u8::from(is)),
                (number, _) => number?.unwrap_or(0.0),
            };
            #[expect(clippy::cast_possible_truncation, reason = "within the range that was checked")]
            measures.take(object, (number * units).round() as i64);
        }
    }
    Ok(measures)
}

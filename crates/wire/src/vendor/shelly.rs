//! Shelly BLU sensors, relayed by Shelly devices: a script's own JSON, or the events of the third generation.
//!
//! Several devices relay the same packet: its number tells, and each device's strength is its own.
//! Values stand under names that may hold spaces, and under lists where a sensor has several of a kind. Names of devices are not read.

use std::iter::once_with;

use model::ids::ReceiverId;

use super::json::{Range, Tree, document, fields, rounded};
use super::{Heard, Rejected, gateway_name, gateway_of, heard, is_named, of_elements, read_address, read_rssi};
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
    fields!(message; method = "method", src = "src", params = "params");
    if method.is_nothing() {
        let sensor = Sensor::of(message);
        // The topic of the script is the sensor's address, which is no receiver.
        let address = sensor.address.text("address")?;
        let receiver = from_topic.filter(|name| !address.is_some_and(|address| is_named(name, address)));
        let receiver = receiver.map_or_else(|| super::receiver("gateway", NAMELESS), Ok)?;
        return of_elements(once_with(|| sensor.read(&receiver)));
    }
    let receiver = match src.text("src")? {
        Some(name) => gateway_name(name)?,
        None => from_topic.ok_or(Rejected::MissingField { field: "src" })?,
    };
    let events = params.get("events").each();
    let sensors = events.map(|event| Sensor::of(event.get("data"))).filter(|sensor| !sensor.address.is_nothing());
    of_elements(sensors.map(|sensor| sensor.read(&receiver)))
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

/// What a sensor told.
struct Sensor<'t> {
    address: Tree<'t>,
    rssi: Tree<'t>,
    encryption: Tree<'t>,
    values: Tree<'t>,
}

impl<'t> Sensor<'t> {
    fn of(sensor: Tree<'t>) -> Self {
        fields!(sensor; address = "address", addr = "addr", rssi = "rssi", encryption = "encryption", inner = "service_data");
        let address = if address.is_nothing() { addr } else { address };
        if inner.is_object() {
            return Self { address, rssi, encryption: inner.get("encryption"), values: inner };
        }
        Self { address, rssi, encryption, values: sensor }
    }

    fn read(&self, receiver: &ReceiverId) -> Result<Option<Heard>, Rejected> {
        let address = self.address.text("address")?.ok_or(Rejected::MissingField { field: "address" })?;
        let address = read_address(address, "address", AddressKind::Unknown)?;
        let frame = match (self.encryption.truth(), read_measures(self.values)?) {
            // A script without the key passes on nothing but that there is something.
            (Some(true), measures) if measures == Measures::default() => None,
            (Some(_) | None, measures) => Some(Frame::Measures(measures)),
        };
        Ok(Some(heard(receiver.clone(), Some(address), frame.into(), read_rssi(self.rssi)?, None)))
    }
}

fn read_measures(values: Tree<'_>) -> Result<Measures, Rejected> {
    let mut measures = Measures::default();
    for (key, values) in values.entries() {
        let Some((name, object, units)) = object_of(key) else { continue };
        for value in values.each() {
            let number = match value.number(name, &Range::ANY) {
                Ok(number) => number.unwrap_or(0.0),
                Err(rejected) => value.truth().map(|is| f64::from(u8::from(is))).ok_or(rejected)?,
            };
            measures.take(object, rounded(number * units));
        }
    }
    Ok(measures)
}

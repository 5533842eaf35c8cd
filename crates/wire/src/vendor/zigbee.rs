//! zigbee2mqtt's own list of devices: which of them tell whether somebody is there, so that nobody has to write them down.
//!
//! Names that people gave may hold slashes and spaces.

use model::ids::SensorId;

use super::Rejected;
use super::json::{Tree, document_up_to};

/// Longest list that is read, in bytes: it describes every device at length.
pub const DEVICES_LEN_MAX: usize = 1 << 20;
/// Most devices that are read.
pub const DEVICES_MAX: usize = 1_000;
/// Properties that tell whether somebody is there.
const PROPERTIES: [&str; 2] = ["occupancy", "presence"];

/// A device that tells whether somebody is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name that people gave it; its topic is the bridge's with this behind.
    pub name: String,
    /// The sensor's id that follows from it.
    pub sensor: SensorId,
}

/// Reads the retained list of devices.
///
/// # Errors
/// [`Rejected`] when it is no such list.
pub fn decode_devices(payload: &[u8]) -> Result<Vec<Found>, Rejected> {
    let document = document_up_to(payload, DEVICES_LEN_MAX)?;
    Ok(document.list()?.take(DEVICES_MAX).filter_map(found).collect())
}

/// The id of a device's sensor: its name with what can't stand in an id made `-`.
#[must_use]
pub fn sensor_of(name: &str) -> Option<SensorId> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    let id: String = name.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    SensorId::new(&id).ok()
}

fn found(device: Tree<'_>) -> Option<Found> {
    let name = device.get("friendly_name").text("friendly_name").ok()??;
    let tells = |expose: Tree<'_>| matches!(expose.get("property").text("property"), Ok(Some(property)) if PROPERTIES.contains(&property));
    let mut exposes = device.get("definition").get("exposes").each();
    let is_one = exposes.any(|expose| tells(expose) || expose.get("features").each().any(tells));
    let plain = !name.contains(['+', '#']) && device.get("disabled").truth() != Some(true);
    Some(Found { sensor: sensor_of(name)?, name: name.to_owned() }).filter(|_| is_one && plain)
}

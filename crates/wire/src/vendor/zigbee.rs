//! zigbee2mqtt's own list of devices: which of them tell whether somebody is there, so that nobody has to write them down.
//!
//! Names that people gave may hold slashes and spaces.

use model::ids::SensorId;
use serde::Deserialize;

use super::Rejected;

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

#[derive(Deserialize)]
struct Device {
    friendly_name: Option<String>,
    #[serde(default)]
    disabled: bool,
    definition: Option<Definition>,
}

#[derive(Deserialize)]
struct Definition {
    #[serde(default)]
    exposes: Vec<Expose>,
}

#[derive(Deserialize)]
struct Expose {
    property: Option<String>,
    #[serde(default)]
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    property: Option<String>,
}

/// Reads the retained list of devices.
///
/// # Errors
/// [`Rejected`] when it is no such list.
pub fn decode_devices(payload: &[u8]) -> Result<Vec<Found>, Rejected> {
    if payload.len() > DEVICES_LEN_MAX {
        return Err(Rejected::TooLarge { len: payload.len(), max: DEVICES_LEN_MAX });
    }
    let text = std::str::from_utf8(payload).map_err(|_| Rejected::NotUtf8)?;
    if super::json::is_too_deep(payload) {
        return Err(Rejected::TooDeep);
    }
    let devices: Vec<Device> =
        serde_json::from_str(text).map_err(|error| super::json::reject(&error, "zigbee2mqtt's list of devices"))?;
    Ok(devices.into_iter().take(DEVICES_MAX).filter_map(found).collect())
}

/// The id of a device's sensor: its name with what can't stand in an id made `-`.
#[must_use]
pub fn sensor_of(name: &str) -> Option<SensorId> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    let id: String = name.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    SensorId::new(&id).ok()
}

fn found(device: Device) -> Option<Found> {
    let name = device.friendly_name?;
    let tells = |property: &Option<String>| property.as_deref().is_some_and(|name| PROPERTIES.contains(&name));
    let exposes = device.definition?.exposes;
    let is_one =
        exposes.iter().any(|expose| tells(&expose.property) || expose.features.iter().any(|f| tells(&f.property)));
    let plain = !name.contains(['+', '#']) && !device.disabled;
    Some(Found { sensor: sensor_of(&name)?, name }).filter(|_| is_one && plain)
}

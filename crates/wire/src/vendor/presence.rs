//! Sensors that tell whether somebody is there: zigbee2mqtt, Tasmota's PIR and radar, anything that says ON and OFF.

use super::json::{Range, Tree, document, truth_of};
use super::{PAYLOAD_LEN_MAX, Rejected};

/// Under which names sensors tell it, the surest first.
const KEYS: [&str; 7] = ["occupancy", "presence", "motion", "PIR1", "MOTION", "person_detected", "occupied"];

/// Reads whether somebody is there, by the usual names or by the one that people have set; nothing when the message tells
/// something else, such as how long nobody was there.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read(payload: &[u8], field: Option<&str>) -> Result<Option<bool>, Rejected> {
    if payload.len() > PAYLOAD_LEN_MAX {
        return Err(Rejected::TooLarge { len: payload.len(), max: PAYLOAD_LEN_MAX });
    }
    let text = std::str::from_utf8(payload).map_err(|_| Rejected::NotUtf8)?;
    if let Some(word) = truth_of(text) {
        return Ok(Some(word));
    }
    let document = document(payload)?;
    let message = document.root();
    if !message.is_object() {
        return Err(Rejected::WrongType { field: "the message", expected: "ON, OFF or a JSON object" });
    }
    if let Some(field) = field {
        return Ok(message.get(field).truth());
    }
    let radar = message.get("LD2410");
    if radar.is_object() {
        return read_radar(radar).map(Some);
    }
    Ok(KEYS.iter().find_map(|key| message.get(key).truth()))
}

/// Distances in centimetres and energies are all 0 while nobody is there.
fn read_radar(radar: Tree<'_>) -> Result<bool, Rejected> {
    let mut is_somebody = false;
    for key in ["Distance", "Energy"] {
        for value in radar.get(key).each() {
            is_somebody |= value.number("LD2410", &Range::U16)?.is_some_and(|value| value > 0.0);
        }
    }
    Ok(is_somebody)
}

//! Tasmota devices that hear iBeacons: `{"Time", "IBEACON": {"MAC", "RSSI", "STATE", "UID", "MAJOR", "MINOR"}}`.
//!
//! A strength of 0 says that somebody is gone, and so does the state OFF. Times are local and without a zone: they are not read.
//! What else Tasmota reports are sensors: see [`super::presence`] and [`super::shelf`].

use model::units::Dbm;

use super::json::{Range, Tree, document, fields};
use super::{Heard, Rejected, digits, gateway_of, heard, read_address};
use crate::ble::address::AddressKind;
use crate::ble::frame::Frame;
use crate::ble::ibeacon::IBeacon;

/// Reads a message under a topic that people have set; the level under the filter's first `+` is the device's name.
/// Nothing comes out when somebody is gone, or when the device tells of something else.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let receiver = gateway_of(filter, topic)?;
    let document = document(payload)?;
    let report = document.object()?.get("IBEACON");
    if report.is_nothing() {
        return Ok(Vec::new());
    }
    fields!(report; mac = "MAC", uuid = "UID", major = "MAJOR", minor = "MINOR", rssi = "RSSI", state = "STATE");
    let rssi = rssi.number("RSSI", &Range::RSSI)?.ok_or(Rejected::MissingField { field: "RSSI" })?;
    if rssi == 0.0 || state.truth() == Some(false) {
        return Ok(Vec::new());
    }
    let receiver = receiver.ok_or(Rejected::MissingField { field: "the device's name" })?;
    let address = mac.text("MAC")?.ok_or(Rejected::MissingField { field: "MAC" })?;
    let address = read_address(address, "MAC", AddressKind::Unknown)?;
    let frame = read_ibeacon(uuid, major, minor)?.map(Frame::IBeacon);
    #[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
    Ok(vec![heard(receiver, Some(address), frame.into(), Dbm(rssi as f32), None)])
}

fn read_ibeacon(uuid: Tree<'_>, major: Tree<'_>, minor: Tree<'_>) -> Result<Option<IBeacon>, Rejected> {
    let number = |key: &'static str, value: Tree<'_>| {
        let number = value.whole(key, &Range::U16)?;
        Ok(number.and_then(|number| u16::try_from(number).ok())) as Result<Option<u16>, Rejected>
    };
    let (Some(uuid), Some(major), Some(minor)) = (uuid.text("UID")?, number("MAJOR", major)?, number("MINOR", minor)?)
    else {
        return Ok(None);
    };
    let beacon = IBeacon { uuid: digits::uuid("UID", uuid)?, major, minor, power: 0 };
    // Beacons without an iBeacon frame are told with zeros.
    Ok((beacon.uuid != [0; 16]).then_some(beacon))
}

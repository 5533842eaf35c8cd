//! Theengs Gateway and OpenMQTTGateway: one JSON object per advertisement, decoded or with its raw parts.
//!
//! Identity never comes from the topic's leaf: it may be an address, a UUID or `undecoded`. The gateways' distance is not read,
//! for it is nonsense when a beacon does not say its power.

mod write;

use model::ids::ReceiverId;
use model::units::Dbm;

use super::json::{Fields, Range, Wanted, object};
use super::{Heard, Rejected, receiver};
use crate::ble::address::{Address, AddressKind};
use crate::ble::frame::{self, Frame};
use crate::ble::ibeacon::IBeacon;
use crate::topics::Topic;

pub use write::{Flavour, encode};

const KEYS: [&str; 13] = [
    "id",
    "mac",
    "mac_type",
    "rssi",
    "uuid",
    "major",
    "minor",
    "txpower",
    "volt",
    "manufacturerdata",
    "servicedata",
    "servicedatauuid",
    "presence",
];

/// Longest advertising data that is read, in hexadecimal digits: what an extended advertisement can carry.
const HEX_LEN_MAX: usize = 2 * frame::ADVERTISEMENT_LEN_MAX;

type Report<'a> = Fields<'a, { KEYS.len() }>;

/// Reads what a gateway heard; nothing comes out when it says that somebody is gone.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode(topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let Some(Topic::BtToMqtt { gateway, .. }) = Topic::parse(topic) else { return Err(Rejected::UnknownTopic) };
    read(receiver("gateway", gateway)?, payload)
}

/// Reads a report, whoever heard it and whatever its topic.
pub(super) fn read(receiver: ReceiverId, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let report: Report<'_> = object(payload, Wanted::flat(&KEYS))?;
    if report.text("presence")? == Some("absent") {
        return Ok(Vec::new());
    }
    let address = read_address(&report)?;
    let frame = match read_ibeacon(&report)? {
        Some(beacon) => Some(Frame::IBeacon(beacon)),
        None => read_raw(&report)?,
    };
    if address.is_none() && frame.is_none() {
        return Err(Rejected::MissingField { field: "id" });
    }
    let rssi = report.number("rssi", &Range::RSSI)?.ok_or(Rejected::MissingField { field: "rssi" })?;
    #[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
    let rssi = Dbm(rssi as f32);
    let power_at_1m = frame.as_ref().and_then(Frame::power_at_1m);
    Ok(vec![Heard { receiver, address, frame, rssi, variance: None, power_at_1m, at: None }])
}

/// The address is in `mac` where `id` was made the beacon's UUID, else in `id`.
fn read_address(report: &Report<'_>) -> Result<Option<Address>, Rejected> {
    let kind = match report.whole("mac_type", &Range::U16)? {
        Some(0) => AddressKind::Public,
        Some(_) => AddressKind::Random,
        None => AddressKind::Unknown,
    };
    if let Some(mac) = report.text("mac")? {
        let address = Address::parse(mac, kind);
        return address
            .map(Some)
            .ok_or(Rejected::Malformed { field: "mac", expected: "an address such as AA:BB:CC:DD:EE:FF" });
    }
    Ok(report.text("id")?.and_then(|id| Address::parse(id, kind)))
}

fn read_ibeacon(report: &Report<'_>) -> Result<Option<IBeacon>, Rejected> {
    let (Some(uuid), Some(major), Some(minor)) =
        (report.text("uuid")?, report.whole("major", &Range::U16)?, report.whole("minor", &Range::U16)?)
    else {
        return Ok(None);
    };
    let mut beacon = IBeacon { uuid: [0; 16], major: narrow(major), minor: narrow(minor), power: read_power(report)? };
    let expected = "32 hexadecimal digits";
    hex::decode_to_slice(uuid.replace('-', ""), &mut beacon.uuid)
        .map_err(|_| Rejected::Malformed { field: "uuid", expected })?;
    Ok(Some(beacon))
}

/// The decoder takes a power byte without its sign bit for a battery and publishes a tenth of it as volts.
fn read_power(report: &Report<'_>) -> Result<i8, Rejected> {
    let power = report.whole("txpower", &Range::POWER)?;
    let volts = report.number("volt", &Range::VOLT)?;
    #[expect(clippy::cast_possible_truncation, reason = "a tenth of a byte, times ten")]
    let power = power.or_else(|| volts.map(|volts| (volts * 10.0).round() as i64));
    Ok(power.and_then(|power| i8::try_from(power).ok()).unwrap_or(0))
}

fn read_raw(report: &Report<'_>) -> Result<Option<Frame>, Rejected> {
    let manufacturer = read_hex(report, "manufacturerdata")?;
    let service = read_hex(report, "servicedata")?;
    let from_manufacturer = manufacturer.as_deref().and_then(|data| {
        let (company, data) = data.split_first_chunk()?;
        frame::from_manufacturer(u16::from_le_bytes(*company), data)
    });
    if from_manufacturer.is_some() {
        return Ok(from_manufacturer);
    }
    let Some(uuid) = report.text("servicedatauuid")? else { return Ok(None) };
    let expected = "4 hexadecimal digits";
    let short = uuid.len() <= 6;
    let uuid = u16::from_str_radix(uuid.trim_start_matches("0x"), 16);
    let uuid = uuid.ok().filter(|_| short).ok_or(Rejected::Malformed { field: "servicedatauuid", expected })?;
    Ok(service.as_deref().and_then(|data| frame::from_service(uuid, data)))
}

fn read_hex(report: &Report<'_>, field: &'static str) -> Result<Option<Vec<u8>>, Rejected> {
    let Some(digits) = report.text(field)? else { return Ok(None) };
    if digits.len() > HEX_LEN_MAX {
        return Err(Rejected::OutOfRange { field, range: "at most 3300 digits" });
    }
    let expected = "an even number of hexadecimal digits";
    hex::decode(digits).map(Some).map_err(|_| Rejected::Malformed { field, expected })
}

fn narrow(number: i64) -> u16 {
    u16::try_from(number).expect("the range was checked when the field was read")
}

#[cfg(test)]
mod tests;

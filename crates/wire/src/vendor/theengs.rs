//! Theengs Gateway and OpenMQTTGateway: one JSON object per advertisement, decoded or with its raw parts.
//!
//! Identity never comes from the topic's leaf: it may be an address, a UUID or `undecoded`. The gateways' distance is not read,
//! for it is nonsense when a beacon does not say its power.

mod write;

use model::ids::ReceiverId;
use model::units::Dbm;

use super::json::{Range, Tree, document, fields, rounded};
use super::{Heard, Rejected, digits, heard, receiver};
use crate::ble::address::{Address, AddressKind};
use crate::ble::frame::{self, Frame, Frames};
use crate::ble::ibeacon::IBeacon;
use crate::topics::Topic;

pub use write::{Flavour, encode};

/// The fields of a report.
struct Report<'t> {
    id: Tree<'t>,
    mac: Tree<'t>,
    mac_type: Tree<'t>,
    rssi: Tree<'t>,
    uuid: Tree<'t>,
    major: Tree<'t>,
    minor: Tree<'t>,
    txpower: Tree<'t>,
    volt: Tree<'t>,
    manufacturerdata: Tree<'t>,
    servicedata: Tree<'t>,
    servicedatauuid: Tree<'t>,
    presence: Tree<'t>,
}

impl<'t> Report<'t> {
    fn of(report: Tree<'t>) -> Self {
        fields!(report; id = "id", mac = "mac", mac_type = "mac_type", rssi = "rssi", uuid = "uuid", major = "major",
            minor = "minor", txpower = "txpower", volt = "volt", manufacturerdata = "manufacturerdata",
            servicedata = "servicedata", servicedatauuid = "servicedatauuid", presence = "presence");
        Self {
            id,
            mac,
            mac_type,
            rssi,
            uuid,
            major,
            minor,
            txpower,
            volt,
            manufacturerdata,
            servicedata,
            servicedatauuid,
            presence,
        }
    }
}

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
    let document = document(payload)?;
    let report = Report::of(document.object()?);
    if report.presence.text("presence")? == Some("absent") {
        return Ok(Vec::new());
    }
    let address = read_address(&report)?;
    let decoded = read_ibeacon(&report)?.map(Frame::IBeacon);
    let beside = match read_raw(&report, decoded.is_some()) {
        Ok(beside) => beside,
        // What was decoded is not lost because of what stands beside it.
        Err(_) if decoded.is_some() => [None; 2],
        Err(rejected) => return Err(rejected),
    };
    let frames: Frames = decoded.into_iter().chain(beside.into_iter().flatten()).collect();
    if address.is_none() && frames.is_empty() {
        return Err(Rejected::MissingField { field: "id" });
    }
    let rssi = report.rssi.number_only("rssi", &Range::RSSI)?;
    let rssi = rssi.ok_or(Rejected::MissingField { field: "rssi" })?;
    #[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
    let rssi = Dbm(rssi as f32);
    Ok(vec![heard(receiver, address, frames, rssi, None)])
}

/// The address is in `mac` where `id` was made the beacon's UUID, else in `id`.
fn read_address(report: &Report<'_>) -> Result<Option<Address>, Rejected> {
    let kind = match report.mac_type.whole_only("mac_type", &Range::U16)? {
        Some(0) => AddressKind::Public,
        Some(_) => AddressKind::Random,
        None => AddressKind::Unknown,
    };
    if let Some(mac) = report.mac.text("mac")? {
        let address = Address::parse(mac, kind);
        return address
            .map(Some)
            .ok_or(Rejected::Malformed { field: "mac", expected: "an address such as AA:BB:CC:DD:EE:FF" });
    }
    Ok(report.id.text("id")?.and_then(|id| Address::parse(id, kind)))
}

fn read_ibeacon(report: &Report<'_>) -> Result<Option<IBeacon>, Rejected> {
    let number = |key: &'static str, value: Tree<'_>| {
        let number = value.whole_only(key, &Range::U16)?;
        Ok(number.and_then(|number| u16::try_from(number).ok())) as Result<Option<u16>, Rejected>
    };
    let (Some(uuid), Some(major), Some(minor)) =
        (report.uuid.text("uuid")?, number("major", report.major)?, number("minor", report.minor)?)
    else {
        return Ok(None);
    };
    Ok(Some(IBeacon { uuid: digits::uuid("uuid", uuid)?, major, minor, power: read_power(report)? }))
}

/// The decoder takes a power byte without its sign bit for a battery and publishes a tenth of it as volts.
fn read_power(report: &Report<'_>) -> Result<i8, Rejected> {
    let power = report.txpower.whole_only("txpower", &Range::POWER)?;
    let volts = report.volt.number_only("volt", &Range::VOLT)?;
    let power = power.or_else(|| volts.map(|volts| rounded(volts * 10.0)));
    Ok(power.and_then(|power| i8::try_from(power).ok()).unwrap_or(0))
}

/// What is passed on undecoded. With an advertisement on, a gateway tells manufacturer data a second time: then it is passed over.
fn read_raw(report: &Report<'_>, is_decoded: bool) -> Result<[Option<Frame>; 2], Rejected> {
    let of_company = |data: &[u8]| {
        let (company, data) = data.split_first_chunk()?;
        frame::from_manufacturer(u16::from_le_bytes(*company), data)
    };
    let manufacturer = read_hex("manufacturerdata", report.manufacturerdata, of_company)?.filter(|_| !is_decoded);
    let of_service = |uuid: Option<u16>| move |data: &[u8]| uuid.and_then(|uuid| frame::from_service(uuid, data));
    let service = match report.servicedatauuid.text("servicedatauuid")? {
        Some(uuid) => read_hex("servicedata", report.servicedata, of_service(Some(short(uuid)?)))?,
        // Old gateways don't say whose data it is.
        None => read_hex("servicedata", report.servicedata, of_service(None))?,
    };
    Ok([manufacturer, service])
}

fn short(uuid: &str) -> Result<u16, Rejected> {
    let malformed = Rejected::Malformed { field: "servicedatauuid", expected: "4 hexadecimal digits" };
    let number = u16::from_str_radix(uuid.trim_start_matches("0x"), 16);
    number.ok().filter(|_| uuid.len() <= 6).ok_or(malformed)
}

fn read_hex(
    field: &'static str,
    value: Tree<'_>,
    read: impl FnOnce(&[u8]) -> Option<Frame>,
) -> Result<Option<Frame>, Rejected> {
    let Some(digits) = value.text(field)? else { return Ok(None) };
    digits::with_bytes(field, digits, read)
}

#[cfg(test)]
mod tests;

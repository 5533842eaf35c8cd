//! What Theengs Gateway and OpenMQTTGateway publish.

use model::units::Dbm;
use serde::Serialize;

use crate::ble::address::{Address, AddressKind};
use crate::ble::frame::Frame;
use crate::ble::ibeacon::{COMPANY, IBeacon};
use crate::ble::{bthome, eddystone, exposure};
use crate::topics::Topic;
use crate::vendor::json::to_json;
use crate::vendor::{Heard, Message};

/// Which gateway, and how it was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Theengs Gateway, publishing everything.
    Theengs,
    /// OpenMQTTGateway as it comes.
    OpenMqttGateway,
    /// OpenMQTTGateway with the beacon's UUID as `id` and as the topic's leaf.
    OpenMqttGatewayByUuid,
}

/// One advertisement, in the gateways' order.
#[derive(Serialize)]
struct Report {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac_type: Option<u8>,
    rssi: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    decoded: Option<Decoded>,
    #[serde(flatten)]
    raw: Raw,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
}

/// What the gateways' decoder makes of an iBeacon.
#[derive(Serialize)]
struct Decoded {
    brand: &'static str,
    model: &'static str,
    model_id: &'static str,
    mfid: &'static str,
    uuid: String,
    major: u16,
    minor: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    txpower: Option<i8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volt: Option<f64>,
}

/// What is passed on undecoded.
#[derive(Default, Serialize)]
struct Raw {
    #[serde(skip_serializing_if = "Option::is_none")]
    manufacturerdata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servicedata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servicedatauuid: Option<String>,
}

impl Raw {
    fn service(uuid: u16, data: &[u8]) -> Self {
        let servicedatauuid = Some(format!("{uuid:04x}"));
        Self { manufacturerdata: None, servicedata: Some(hex::encode(data)), servicedatauuid }
    }

    fn manufacturer(company: u16, data: &[u8]) -> Self {
        let data = [&company.to_le_bytes()[..], data].concat();
        Self { manufacturerdata: Some(hex::encode(data)), ..Self::default() }
    }
}

/// Writes what a gateway publishes; nothing without an address, for both always name it.
#[must_use]
pub fn encode(heard: &Heard, flavour: Flavour) -> Option<Message> {
    let address = heard.address?;
    #[expect(clippy::cast_possible_truncation, reason = "strengths lie between -127 and 20")]
    let rssi = heard.rssi.0.round() as i32;
    let mut report = Report {
        id: address.to_colons(),
        mac_type: if flavour == Flavour::Theengs { None } else { mac_type(address) },
        rssi,
        distance: None,
        decoded: None,
        raw: Raw::default(),
        mac: None,
    };
    let mut leaf = address.to_upper();
    match &heard.frame() {
        Some(Frame::IBeacon(beacon)) => {
            report.distance = (flavour != Flavour::Theengs).then(|| distance(heard.rssi, beacon.power));
            report.decoded = Some(decoded(beacon));
            if flavour == Flavour::OpenMqttGatewayByUuid {
                leaf = hex::encode(beacon.uuid);
                report.mac = Some(std::mem::replace(&mut report.id, leaf.clone()));
            }
        }
        Some(Frame::AltBeacon(beacon)) => {
            report.raw = Raw::manufacturer(beacon.company, &beacon.to_manufacturer());
        }
        Some(Frame::Overflow(overflow)) => report.raw = Raw::manufacturer(COMPANY, &overflow.to_manufacturer()),
        Some(Frame::Eid(eid)) => report.raw = Raw::service(eddystone::SERVICE, &eid.to_service()),
        Some(Frame::Uid(uid)) => report.raw = Raw::service(eddystone::SERVICE, &uid.to_service()),
        Some(Frame::Tlm(tlm)) => report.raw = Raw::service(eddystone::SERVICE, &tlm.to_service()),
        Some(Frame::EncryptedTlm(tlm)) => report.raw = Raw::service(eddystone::SERVICE, &tlm.to_service()),
        Some(Frame::Measures(measures)) => report.raw = Raw::service(bthome::SERVICE, &bthome::to_service(measures)),
        Some(Frame::SealedMeasures(sealed)) => report.raw = Raw::service(bthome::SERVICE, &sealed.to_service()),
        Some(Frame::Exposure(exposure)) => report.raw = Raw::service(exposure::SERVICE, &exposure.to_service()),
        // A gateway cuts the UUID to four digits, which of a long one are nobody's.
        Some(Frame::Service(service)) => {
            report.raw = service.short().map(|short| Raw::service(short, service.data())).unwrap_or_default();
        }
        None => {}
    }
    let topic = Topic::BtToMqtt { gateway: heard.receiver.as_str(), leaf: &leaf }.to_string();
    Some(Message { topic, payload: to_json(&report) })
}

const fn mac_type(address: Address) -> Option<u8> {
    match address.kind {
        AddressKind::Public => Some(0),
        AddressKind::Random => Some(1),
        AddressKind::Unknown => None,
    }
}

fn decoded(beacon: &IBeacon) -> Decoded {
    Decoded {
        brand: "GENERIC",
        model: "iBeacon",
        model_id: "IBEACON",
        mfid: "4c00",
        uuid: hex::encode(beacon.uuid),
        major: beacon.major,
        minor: beacon.minor,
        txpower: (beacon.power < 0).then_some(beacon.power),
        volt: (beacon.power >= 0).then(|| f64::from(beacon.power) / 10.0),
    }
}

/// The gateways' own curve, in metres.
fn distance(rssi: Dbm, power: i8) -> f64 {
    let power = if power >= 0 { -59.0 } else { f64::from(power) };
    let ratio = f64::from(rssi.0) / power;
    if ratio < 1.0 { ratio.powi(10) } else { 0.89976f64.mul_add(ratio.powf(7.7095), 0.111) }
}

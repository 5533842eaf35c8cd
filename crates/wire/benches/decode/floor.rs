//! The floor of each maker: `serde_json` into a typed struct of the fields that our decoder reads, nested ones included, then
//! the same addresses, UUIDs, times and bytes made of their texts. It is what a person would write for this one message by hand.
//!
//! It checks no range, forgives no field of another type, looks for no frame in the bytes and says no reason: there it has less to do.

use std::hint::black_box;

use serde::Deserialize;

/// Reads one message; what it makes of it goes into a black box.
pub(crate) type Floor = fn(&[u8]);

/// The floors, by the names of the makers.
pub(crate) const FLOORS: [(&str, Floor); 11] = [
    ("espresense", espresense),
    ("theengs", report),
    ("openmqttgateway", report),
    ("minew-json", minew),
    ("ruuvi", ruuvi),
    ("moko", moko),
    ("cassia", cassia),
    ("kontakt", kontakt),
    ("shelly", shelly),
    ("tasmota", tasmota),
    ("raddec", raddec),
];

fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> T {
    serde_json::from_slice(payload).expect("the corpus has the fields of its floor")
}

fn address(text: &str) -> [u8; 6] {
    let mut bytes = [0; 6];
    if text.len() == 12 {
        let _ = hex::decode_to_slice(text, &mut bytes);
    } else {
        let _ = hex::decode_to_slice(text.replace(':', ""), &mut bytes);
    }
    bytes
}

fn uuid(text: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    if text.len() == 32 {
        let _ = hex::decode_to_slice(text, &mut bytes);
    } else {
        let _ = hex::decode_to_slice(text.replace('-', ""), &mut bytes);
    }
    bytes
}

fn raw(digits: Option<&str>) -> Option<Vec<u8>> {
    digits.and_then(|digits| hex::decode(digits).ok())
}

fn time(text: Option<&str>) -> Option<i64> {
    text.and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_millisecond)
}

#[derive(Deserialize)]
struct Espresense<'a> {
    mac: &'a str,
    id: &'a str,
    rssi: f64,
    #[serde(rename = "rssi@1m")]
    power: Option<i8>,
    #[serde(rename = "rssiVar")]
    variance: Option<f64>,
}

fn espresense(payload: &[u8]) {
    let report: Espresense<'_> = read(payload);
    let mut parts = report.id.trim_start_matches("iBeacon:").rsplitn(3, '-');
    let minor: Option<u16> = parts.next().and_then(|number| number.parse().ok());
    let major: Option<u16> = parts.next().and_then(|number| number.parse().ok());
    let uuid = parts.next().map(uuid);
    black_box((
        "bakery".to_owned(),
        address(report.mac),
        uuid,
        major,
        minor,
        report.rssi,
        report.power,
        report.variance,
    ));
}

#[derive(Deserialize)]
struct Report<'a> {
    id: &'a str,
    mac: Option<&'a str>,
    mac_type: Option<u8>,
    rssi: f64,
    uuid: Option<&'a str>,
    major: Option<u16>,
    minor: Option<u16>,
    txpower: Option<i8>,
    volt: Option<f64>,
    manufacturerdata: Option<&'a str>,
    servicedata: Option<&'a str>,
    servicedatauuid: Option<&'a str>,
    presence: Option<&'a str>,
}

fn report(payload: &[u8]) {
    let report: Report<'_> = read(payload);
    let power = (report.txpower, report.volt);
    let raws = (raw(report.manufacturerdata), raw(report.servicedata), report.servicedatauuid, report.presence);
    let beacon = (report.uuid.map(uuid), report.major, report.minor, power);
    black_box(("gw".to_owned(), address(report.mac.unwrap_or(report.id)), report.mac_type, report.rssi, beacon, raws));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Minew<'a> {
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    mac: &'a str,
    gateway: Option<&'a str>,
    rssi: Option<f64>,
    raw_data: Option<&'a str>,
    ibeacon_uuid: Option<&'a str>,
    ibeacon_major: Option<u16>,
    ibeacon_minor: Option<u16>,
    ibeacon_tx_power: Option<i8>,
    timestamp: Option<&'a str>,
}

fn minew(payload: &[u8]) {
    let list: Vec<Minew<'_>> = read(payload);
    for one in list {
        let beacon = (one.ibeacon_uuid.map(uuid), one.ibeacon_major, one.ibeacon_minor, one.ibeacon_tx_power);
        let who = (one.kind, one.gateway.map(str::to_owned), address(one.mac));
        black_box((who, one.rssi, raw(one.raw_data), beacon, time(one.timestamp)));
    }
}

#[derive(Deserialize)]
struct Ruuvi<'a> {
    gw_mac: &'a str,
    rssi: f64,
    ts: &'a str,
    data: &'a str,
}

fn ruuvi(payload: &[u8]) {
    let tag: Ruuvi<'_> = read(payload);
    let name = tag.gw_mac.replace(':', "");
    black_box((name, address("F41F0C28CBD6"), tag.rssi, tag.ts.parse::<i64>().ok(), raw(Some(tag.data))));
}

#[derive(Deserialize)]
struct Moko<'a> {
    msg_id: u32,
    #[serde(borrow)]
    device_info: MokoDevice<'a>,
    data: Vec<MokoElement<'a>>,
}

#[derive(Deserialize)]
struct MokoDevice<'a> {
    mac: &'a str,
}

#[derive(Deserialize)]
struct MokoElement<'a> {
    #[serde(borrow)]
    value: MokoValue<'a>,
}

#[derive(Deserialize)]
struct MokoValue<'a> {
    timestamp: &'a str,
    mac: &'a str,
    rssi: f64,
    #[serde(alias = "raw data")]
    raw: Option<&'a str>,
    adv_data: Option<&'a str>,
    rsp_data: Option<&'a str>,
}

fn moko(payload: &[u8]) {
    let message: Moko<'_> = read(payload);
    let gateway = message.device_info.mac.to_owned();
    for MokoElement { value } in message.data {
        let raws = (raw(value.raw), raw(value.adv_data), raw(value.rsp_data));
        black_box((address(value.mac), value.rssi, raws, time(Some(&value.timestamp.replace('&', "T")))));
    }
    black_box((gateway, message.msg_id));
}

#[derive(Deserialize)]
struct Cassia<'a> {
    action: &'a str,
    timestamp: i64,
    gateway: &'a str,
    #[serde(borrow)]
    data: Vec<Scan<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scan<'a> {
    #[serde(borrow)]
    bdaddrs: Vec<ScanAddress<'a>>,
    rssi: f64,
    ad_data: Option<&'a str>,
    scan_data: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScanAddress<'a> {
    bdaddr: &'a str,
    bdaddr_type: &'a str,
}

fn cassia(payload: &[u8]) {
    let message: Cassia<'_> = read(payload);
    for scan in message.data {
        let first = &scan.bdaddrs[0];
        let raws = (raw(scan.ad_data), raw(scan.scan_data));
        black_box((address(first.bdaddr), first.bdaddr_type == "random", scan.rssi, raws));
    }
    black_box((message.gateway.replace(':', ""), message.timestamp, message.action == "data.scan"));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kontakt<'a> {
    source_id: &'a str,
    tracking_id: &'a str,
    rssi: f64,
    timestamp: &'a str,
    battery_level: Option<u8>,
    click_counter: Option<u32>,
    temperature: Option<f64>,
    humidity: Option<f64>,
}

fn kontakt(payload: &[u8]) {
    let beacon: Kontakt<'_> = read(payload);
    let measured = (beacon.battery_level, beacon.click_counter, beacon.temperature, beacon.humidity);
    let who = (beacon.source_id.to_owned(), address(beacon.tracking_id));
    black_box((who, beacon.rssi, measured, time(Some(beacon.timestamp))));
}

#[derive(Deserialize)]
struct Shelly<'a> {
    encryption: bool,
    address: &'a str,
    rssi: f64,
    pid: Option<u8>,
    battery: Option<u8>,
    temperature: Option<f64>,
    humidity: Option<f64>,
    illuminance: Option<f64>,
    mass: Option<f64>,
    count: Option<u32>,
    voltage: Option<f64>,
    distance: Option<f64>,
    opening: Option<u8>,
    door: Option<u8>,
    window: Option<u8>,
    motion: Option<u8>,
    moving: Option<u8>,
    occupancy: Option<u8>,
    presence: Option<u8>,
    button: Vec<u8>,
}

fn shelly(payload: &[u8]) {
    let sensor: Shelly<'_> = read(payload);
    let who = ("s".to_owned(), address(sensor.address), sensor.encryption, sensor.rssi);
    let numbers =
        (sensor.temperature, sensor.humidity, sensor.illuminance, sensor.mass, sensor.voltage, sensor.distance);
    let doors = (sensor.opening, sensor.door, sensor.window);
    let people = (sensor.motion, sensor.moving, sensor.occupancy, sensor.presence);
    black_box((who, numbers, doors, people, sensor.pid, sensor.battery, sensor.count, sensor.button));
}

#[derive(Deserialize)]
struct Tasmota<'a> {
    #[serde(rename = "IBEACON", borrow)]
    beacon: TasmotaBeacon<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct TasmotaBeacon<'a> {
    mac: &'a str,
    uid: Option<&'a str>,
    major: Option<u16>,
    minor: Option<u16>,
    rssi: f64,
    state: Option<&'a str>,
}

fn tasmota(payload: &[u8]) {
    let TasmotaBeacon { mac, uid, major, minor, rssi, state } = read::<Tasmota<'_>>(payload).beacon;
    black_box(("ib".to_owned(), address(mac), uid.map(uuid), major, minor, rssi, state == Some("ON")));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raddec<'a> {
    transmitter_id: &'a str,
    transmitter_id_type: u8,
    #[serde(borrow)]
    rssi_signature: Vec<Decoding<'a>>,
    packets: Vec<&'a str>,
    timestamp: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decoding<'a> {
    receiver_id: &'a str,
    rssi: f64,
}

fn raddec(payload: &[u8]) {
    let raddec: Raddec<'_> = read(payload);
    let packets: Vec<_> = raddec.packets.iter().map(|digits| raw(Some(digits))).collect();
    for one in &raddec.rssi_signature {
        black_box((one.receiver_id.to_owned(), one.rssi));
    }
    black_box((address(raddec.transmitter_id), raddec.transmitter_id_type, packets, raddec.timestamp));
}

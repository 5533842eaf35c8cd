//! An observation as JSON, for a person to read: what was heard, by whom, and whose it is.

use model::sighting::Transmitter;
use serde_json::{Map, Value, json};
use wire::ble::bthome::Measures;
use wire::ble::frame::{self, Frame, Frames};
use wire::ble::hci::Report;
use wire::vendor::Heard;

use crate::config::Config;

/// What a receiver heard.
pub(super) fn heard(heard: &Heard, config: &Config, addresses: bool) -> Value {
    let mut line = Map::new();
    line.insert("kind".into(), "heard".into());
    line.insert("receiver".into(), heard.receiver.as_str().into());
    line.insert("rssi".into(), json!(heard.rssi.0));
    put(&mut line, "variance", heard.variance);
    put(&mut line, "power_at_1m", heard.power_at_1m);
    put(&mut line, "at_ms", heard.at.map(|at| at.0));
    if let Some(address) = heard.address {
        line.insert("address_kind".into(), address.kind.name().into());
        put(&mut line, "address", addresses.then(|| address.to_colons()));
    }
    line.insert("transmitter".into(), whose(&heard.frames, config).into());
    put(&mut line, "frame", heard.frame().as_ref().map(frame));
    let beside: Vec<Value> =
        heard.frames.iter().filter(|one| heard.frame() != Some(*one)).map(|one| frame(&one)).collect();
    put(&mut line, "beside", (!beside.is_empty()).then_some(beside));
    Value::Object(line)
}

/// A frame of an advertisement.
pub(super) fn advertisement(found: &Frame, config: &Config) -> Value {
    let mut line = Map::new();
    line.insert("kind".into(), "advertisement".into());
    line.insert("transmitter".into(), whose(&Some(*found).into(), config).into());
    put(&mut line, "power_at_1m", found.power_at_1m());
    line.insert("frame".into(), frame(found));
    Value::Object(line)
}

/// What a controller reports of an advertisement.
pub(super) fn report(report: &Report<'_>, config: &Config, addresses: bool) -> Value {
    let mut line = Map::new();
    line.insert("kind".into(), "report".into());
    put(&mut line, "rssi", report.rssi);
    line.insert("connectable".into(), report.connectable.into());
    if let Some(address) = report.address {
        line.insert("address_kind".into(), address.kind.name().into());
        put(&mut line, "address", addresses.then(|| address.to_colons()));
    }
    let frames = frame::decode(report.data);
    line.insert("transmitter".into(), whose(&frames, config).into());
    let all: Vec<Value> = frames.iter().map(|one| self::frame(&one)).collect();
    line.insert("frames".into(), all.into());
    Value::Object(line)
}

fn put<T: serde::Serialize>(line: &mut Map<String, Value>, key: &str, value: Option<T>) {
    if let Some(value) = value {
        line.insert(key.into(), json!(value));
    }
}

/// Whose it is, as far as this box may say.
fn whose(frames: &Frames, config: &Config) -> &'static str {
    let tags: Vec<[u8; 16]> = config.gateway.tag_uuids.iter().map(|uuid| uuid.0).collect();
    match frames.iter().find_map(|frame| frame.known(config.gateway.prefix.0, &tags)) {
        Some(Transmitter::Rolling(_)) => "customer",
        Some(Transmitter::Eid(_)) => "ephemeral id",
        Some(Transmitter::Beacon { .. }) => "beacon of the store",
        Some(Transmitter::Device(_)) => "device",
        Some(Transmitter::Anonymous(_)) | None => "stranger",
    }
}

fn frame(frame: &Frame) -> Value {
    let mut fields = match frame {
        Frame::IBeacon(beacon) => json!({
            "uuid": hex::encode(beacon.uuid), "major": beacon.major, "minor": beacon.minor, "power": beacon.power,
        }),
        Frame::AltBeacon(beacon) => json!({
            "company": beacon.company, "id": hex::encode(beacon.id), "power": beacon.power, "reserved": beacon.reserved,
        }),
        Frame::Eid(eid) => json!({"eid": hex::encode(eid.eid), "power_at_0m": eid.power_at_0m}),
        Frame::Uid(uid) => json!({
            "namespace": hex::encode(uid.namespace), "instance": hex::encode(uid.instance), "power_at_0m": uid.power_at_0m,
        }),
        Frame::Tlm(tlm) => json!({
            "battery_mv": tlm.battery_mv, "temperature_c": tlm.temperature_256.map(|t| f64::from(t) / 256.0),
            "adverts": tlm.adverts, "uptime_s": f64::from(tlm.uptime_ds) / 10.0,
        }),
        Frame::EncryptedTlm(tlm) => json!({"sealed": hex::encode(tlm.sealed)}),
        Frame::Service(service) => json!({"uuid": hex::encode(service.uuid), "data": hex::encode(service.data())}),
        Frame::Measures(measures) => measured(measures),
        Frame::SealedMeasures(sealed) => json!({"counter": sealed.counter()}),
        Frame::Exposure(exposure) => json!({"id": hex::encode(exposure.id)}),
        Frame::Overflow(overflow) => json!({"bits": overflow.bits().collect::<Vec<u8>>()}),
    };
    if let Value::Object(fields) = &mut fields {
        fields.insert("format".into(), frame.name().into());
    }
    fields
}

fn measured(measures: &Measures) -> Value {
    let mut fields = Map::new();
    #[expect(clippy::cast_precision_loss, reason = "hundredths of what a sensor measures lie within 2^53")]
    let hundredths = |value: Option<i64>| value.map(|value| value as f64 / 100.0);
    put(&mut fields, "packet", measures.packet);
    put(&mut fields, "battery_percent", measures.battery);
    put(&mut fields, "voltage_mv", measures.voltage_mv);
    put(&mut fields, "temperature_c", hundredths(measures.temperature_centi.map(i64::from)));
    put(&mut fields, "humidity_percent", hundredths(measures.humidity_centi.map(i64::from)));
    put(&mut fields, "light_lux", hundredths(measures.light_centi.map(i64::from)));
    put(&mut fields, "mass_g", measures.mass_g);
    put(&mut fields, "count", measures.count);
    put(&mut fields, "distance_mm", measures.distance_mm);
    put(&mut fields, "somebody", measures.somebody);
    put(&mut fields, "moving", measures.moving);
    put(&mut fields, "open", measures.open);
    put(&mut fields, "button", measures.button);
    Value::Object(fields)
}

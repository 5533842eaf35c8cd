//! Advertisements and messages decoded in a second, format by format; JSON beside its floor, `serde_json` into a typed struct.

#[path = "../../locate/benches/laps.rs"]
mod laps;
#[path = "../fuzz/targets.rs"]
#[expect(dead_code, reason = "the corpus is timed, not spoilt")]
mod targets;

use std::hint::black_box;
use std::io;

use laps::{Work, compare};
use serde::Deserialize;
use targets::{TARGETS, Target};
use wire::vendor::{
    Heard, Rejected, cassia, espresense, kontakt, minew, moko, openmqttgateway, raddec, ruuvi, shelly, tasmota, theengs,
};

/// Advertisements of air frames, by name.
const AIR: [(&str, usize); 12] = [
    ("iBeacon", 0),
    ("AltBeacon", 1),
    ("Eddystone UID", 2),
    ("Eddystone EID", 3),
    ("Eddystone TLM", 4),
    ("Eddystone eTLM", 5),
    ("BTHome", 6),
    ("BTHome sealed", 7),
    ("exposure", 8),
    ("iOS overflow", 9),
    ("service data 128", 10),
    ("our id in FEAA", 11),
];

type Decode = fn(&[u8]) -> Result<Vec<Heard>, Rejected>;

/// The makers that speak JSON.
const MAKERS: [(&str, Decode); 11] = [
    ("espresense", |bytes| espresense::decode("espresense/devices/x/bakery", bytes)),
    ("theengs", |bytes| theengs::decode("home/gw/BTtoMQTT/x", bytes)),
    ("openmqttgateway", |bytes| openmqttgateway::decode_under("home/presence/+", "home/presence/gw", bytes)),
    ("minew-json", |bytes| minew::decode("minew/AC233FC001EA/status", bytes)),
    ("ruuvi", |bytes| ruuvi::decode_under("r/+/+", "r/C8252D8E9C2C/F41F0C28CBD6", bytes)),
    ("moko", |bytes| moko::decode_under("m/+", "m/gw", bytes)),
    ("cassia", |bytes| cassia::decode_under("up/+/scan", "up/gw/scan", bytes)),
    ("kontakt", |bytes| kontakt::decode_under("/stream/+/all", "/stream/x/all", bytes)),
    ("shelly", |bytes| shelly::decode_under("+/events/rpc", "s/events/rpc", bytes)),
    ("tasmota", |bytes| tasmota::decode_under("tele/+/SENSOR", "tele/ib/SENSOR", bytes)),
    ("raddec", raddec::decode),
];

/// The floor: what a decoder of one maker would write by hand, with nothing checked.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what is parsed is the cost")]
struct Floor<'a> {
    #[serde(borrow)]
    mac: Option<&'a str>,
    id: Option<&'a str>,
    rssi: Option<f64>,
    #[serde(rename = "rssi@1m")]
    power: Option<f64>,
    #[serde(rename = "rssiVar")]
    variance: Option<f64>,
    distance: Option<f64>,
    uuid: Option<&'a str>,
    major: Option<u16>,
    minor: Option<u16>,
    data: Option<serde::de::IgnoredAny>,
}

fn main() -> io::Result<()> {
    let advertisements: Vec<Vec<u8>> = targets::AIR.iter().map(|digits| hex::decode(digits).expect("digits")).collect();
    let mut works: Vec<Work<'_>> = Vec::new();
    for (name, place) in AIR {
        let bytes = &advertisements[place];
        works.push((
            name,
            Box::new(move || {
                black_box(wire::ble::frame::decode(black_box(bytes)).best());
            }),
        ));
    }
    compare("air frames", &mut works)?;
    for (name, decode) in MAKERS {
        let Some(target) = TARGETS.iter().find(|target| target.name == name) else { continue };
        beside_floor(target, decode)?;
    }
    let target = TARGETS.iter().find(|target| target.name == "minew-binary");
    let seeds = target.map(Target::seeds).unwrap_or_default();
    let mut works: Vec<Work<'_>> = vec![(
        "minew-binary",
        Box::new(|| drop(black_box(wire::vendor::minew::decode("minew/AC233FC001EA/status", black_box(&seeds[0]))))),
    )];
    compare("binary", &mut works)
}

/// One maker's first message beside the floor of the same message.
fn beside_floor(target: &Target, decode: Decode) -> io::Result<()> {
    let seed = target.seeds().remove(0);
    let text = String::from_utf8(seed.clone()).expect("JSON");
    let (seed, text) = (&seed, &text);
    let floor: Box<dyn FnMut()> = if text.starts_with('[') {
        Box::new(move || drop(black_box(serde_json::from_str::<Vec<Floor<'_>>>(black_box(text)))))
    } else {
        Box::new(move || drop(black_box(serde_json::from_str::<Floor<'_>>(black_box(text)))))
    };
    let mut works: Vec<Work<'_>> =
        vec![("serde_json, typed", floor), (target.name, Box::new(move || drop(black_box(decode(black_box(seed))))))];
    compare(&format!("{} bytes", text.len()), &mut works)
}

//! Advertisements and messages decoded in a second, format by format; JSON beside its floor, a typed parse of the same fields.

#[path = "decode/floor.rs"]
mod floor;
#[path = "../fuzz/target.rs"]
#[expect(dead_code, reason = "the corpus is timed, not spoilt")]
mod target;
#[path = "../fuzz/targets.rs"]
mod targets;
#[path = "decode/turns.rs"]
mod turns;

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use floor::FLOORS;
use target::Target;
use targets::TARGETS;
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

/// A topic of Minew gateways.
const MINEW: &str = "minew/AC233FC001EA/status";

type Decode = fn(&[u8]) -> Result<Vec<Heard>, Rejected>;

/// The makers that speak JSON.
const MAKERS: [(&str, Decode); 11] = [
    ("espresense", |bytes| espresense::decode("espresense/devices/x/bakery", bytes)),
    ("theengs", |bytes| theengs::decode("home/gw/BTtoMQTT/x", bytes)),
    ("openmqttgateway", |bytes| openmqttgateway::decode_under("home/presence/+", "home/presence/gw", bytes)),
    ("minew-json", |bytes| minew::decode(MINEW, bytes)),
    ("ruuvi", |bytes| ruuvi::decode_under("r/+/+", "r/C8252D8E9C2C/F41F0C28CBD6", bytes)),
    ("moko", |bytes| moko::decode_under("m/+", "m/gw", bytes)),
    ("cassia", |bytes| cassia::decode_under("up/+/scan", "up/gw/scan", bytes)),
    ("kontakt", |bytes| kontakt::decode_under("/stream/+/all", "/stream/x/all", bytes)),
    ("shelly", |bytes| shelly::decode_under("+/events/rpc", "s/events/rpc", bytes)),
    ("tasmota", |bytes| tasmota::decode_under("tele/+/SENSOR", "tele/ib/SENSOR", bytes)),
    ("raddec", raddec::decode),
];

/// One decoder with what it reads.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) run: Box<dyn FnMut()>,
}

/// A decoder by its name.
type Named = (&'static str, fn(&[u8]));

/// Everything that a peer may read as well.
fn works() -> Vec<Work> {
    let work = |name, bytes: Vec<u8>, decode: fn(&[u8])| {
        let own = bytes.clone();
        Work { name, bytes, run: Box::new(move || decode(black_box(&own))) }
    };
    let air = |(name, place): (&'static str, usize)| {
        work(name, hex::decode(targets::AIR[place]).expect("digits"), |bytes| {
            black_box(wire::ble::frame::decode(bytes).best());
        })
    };
    let seed = |name: &str| TARGETS.iter().find(|target| target.name == name).map(|target| target.seeds().remove(0));
    let of_makers: [Named; 3] = [
        ("minew-json", |bytes| drop(black_box(minew::decode(MINEW, bytes)))),
        ("minew-binary", |bytes| drop(black_box(minew::decode(MINEW, bytes)))),
        ("raddec", |bytes| drop(black_box(raddec::decode(bytes)))),
    ];
    let makers = of_makers.into_iter().filter_map(|(name, decode)| Some(work(name, seed(name)?, decode)));
    AIR.into_iter().map(air).chain(makers).collect()
}

fn main() -> io::Result<()> {
    if std::env::args().any(|word| word == "--turns") {
        return turns::serve(&mut works());
    }
    let advertisements: Vec<Vec<u8>> = targets::AIR.iter().map(|digits| hex::decode(digits).expect("digits")).collect();
    for (name, place) in AIR {
        let bytes = &advertisements[place];
        alone(name, &mut || {
            black_box(wire::ble::frame::decode(black_box(bytes)).best());
        })?;
    }
    for (name, decode) in MAKERS {
        let (Some(target), Some((_, floor))) =
            (TARGETS.iter().find(|target| target.name == name), FLOORS.iter().find(|(maker, _)| *maker == name))
        else {
            continue;
        };
        let seed = target.seeds().remove(0);
        assert!(decode(&seed).is_ok_and(|heard| !heard.is_empty()), "{name} reads its own message");
        beside(name, seed.len(), &mut || floor(black_box(&seed)), &mut || drop(black_box(decode(black_box(&seed)))))?;
    }
    let target = TARGETS.iter().find(|target| target.name == "minew-binary");
    let seeds = target.map(Target::seeds).unwrap_or_default();
    let decode = |bytes: &[u8]| minew::decode(MINEW, bytes);
    alone("minew-binary", &mut || drop(black_box(decode(black_box(&seeds[0])))))
}

/// Laps of each work. Many and short ones: on a shared machine most of them run through undisturbed.
const LAPS: usize = 2_001;
/// What one lap lasts, about, in seconds.
const LAP_S: f64 = 100e-6;

fn alone(name: &str, work: &mut dyn FnMut()) -> io::Result<()> {
    let count = calls(work);
    let laps: Vec<f64> = (0..LAPS).map(|_| lap(work, count)).collect();
    writeln!(io::stdout(), "{name:<18} {:>9.3} us, at best {:>9.3} us", median(laps.clone()), least(&laps))
}

/// Runs both by turns and tells the median of the laps' ratios, and the ratio of the shortest laps.
fn beside(name: &str, bytes: usize, floor: &mut dyn FnMut(), ours: &mut dyn FnMut()) -> io::Result<()> {
    let (floor_calls, our_calls) = (calls(floor), calls(ours));
    let (mut floors, mut own) = (Vec::with_capacity(LAPS), Vec::with_capacity(LAPS));
    for _ in 0..LAPS {
        floors.push(lap(floor, floor_calls));
        own.push(lap(ours, our_calls));
    }
    let ratio = median(own.iter().zip(&floors).map(|(own, floor)| own / floor).collect());
    let (best, floor) = (least(&own), least(&floors));
    let at_best = best / floor;
    writeln!(
        io::stdout(),
        "{name:<18} {bytes:>4} bytes, at best {best:>7.3} us, floor {floor:>7.3} us: {at_best:>5.2} x, median {ratio:>5.2} x"
    )
}

/// So many calls make a lap.
fn calls(work: &mut dyn FnMut()) -> u32 {
    let tries = (0..50).map(|_| lap(work, 20)).collect::<Vec<f64>>();
    (LAP_S * 1e6 / least(&tries).max(1e-3)).clamp(1.0, 1e6) as u32
}

/// Microseconds of one call.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn lap(work: &mut dyn FnMut(), count: u32) -> f64 {
    let start = Instant::now();
    (0..count).for_each(|_| work());
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

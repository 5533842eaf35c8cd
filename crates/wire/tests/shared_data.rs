//! The team's shared vectors and captures, which lie beside the repository. Without them these tests say so and pass.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use serde_json::Value;
use wire::ble::eddystone::{EncryptedTlm, Tlm};
use wire::ble::eid::ephemeral_id;
use wire::ble::frame::{self, Frame};
use wire::vendor::counter::{self, Totals};
use wire::vendor::{self, Heard, Rejected, kontakt, moko, presence, ruuvi, shelly, tasmota};

/// A file of the shared data, or a printed note that it is not there.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the crate is pure and silent; its tests read their vectors"
)]
fn shared(name: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("note: {} is not there, so nothing was compared with it", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("shared data is JSON"))
}

#[test]
fn ephemeral_ids_match_the_shared_vectors() {
    let Some(vectors) = shared("edge/vectors.json") else { return };
    let chain = &vectors["eddystone_eid"];
    let mut key = [0; 16];
    hex::decode_to_slice(chain["key_exchange"]["identity_key"].as_str().expect("a key"), &mut key).expect("16 bytes");
    let all = chain["eid"].as_array().expect("a list");
    assert!(all.len() >= 11);
    for vector in all {
        let k = u8::try_from(vector["k"].as_u64().expect("k")).expect("a byte");
        let seconds = u32::try_from(vector["t"].as_u64().expect("t")).expect("seconds");
        assert_eq!(hex::encode(ephemeral_id(&key, k, seconds)), vector["eid"].as_str().expect("an id"), "{vector}");
    }
}

#[test]
fn the_shared_key_exchange_gives_the_identity_key() {
    let Some(vectors) = shared("edge/vectors.json") else { return };
    let exchange = &vectors["eddystone_eid"]["key_exchange"];
    let of = |name: &str| hex::decode(exchange[name].as_str().expect("digits")).expect("hexadecimal digits");
    let (resolver, beacon) = (of("resolver_or_service_pub"), of("beacon_pub"));
    // The file calls it the beacon's; it is the half of the resolver's public key.
    let private = PrivateKey::from_private_key(&X25519, &of("beacon_priv")).expect("32 bytes");
    assert_eq!(private.compute_public_key().expect("a public key").as_ref(), resolver);
    let peer = UnparsedPublicKey::new(&X25519, &beacon);
    let secret = agreement::agree(&private, peer, (), |secret| Ok(secret.to_vec())).expect("a secret that both have");
    assert_eq!(secret, of("shared"));
    let mut key = [0; 16];
    let salt = [resolver, beacon].concat();
    hkdf::Hkdf::<sha2::Sha256>::new(Some(&salt), &secret).expand(&[], &mut key).expect("16 bytes");
    assert_eq!(key.as_slice(), of("identity_key"));
}

#[test]
fn sealed_telemetry_matches_the_shared_vectors() {
    let Some(vectors) = shared("edge/vectors.json") else { return };
    let chain = &vectors["eddystone_eid"];
    let mut key = [0; 16];
    hex::decode_to_slice(chain["key_exchange"]["identity_key"].as_str().expect("a key"), &mut key).expect("16 bytes");
    for vector in chain["etlm"].as_array().expect("a list") {
        let of = |name: &str| hex::decode(vector[name].as_str().expect("digits")).expect("hexadecimal digits");
        let k = u8::try_from(vector["k"].as_u64().expect("k")).expect("a byte");
        let seconds = u32::try_from(vector["t"].as_u64().expect("t")).expect("seconds");
        let sealed = EncryptedTlm::from_service(&of("service_data_after_uuid")).expect("sealed telemetry");
        let plain = Tlm::from_service(&[vec![0x20, 0], of("plain")].concat()).expect("telemetry");
        assert_eq!(sealed.open(&key, k, seconds), Some(plain), "{vector}");
    }
}

#[test]
fn shared_frames_are_told_apart() {
    let Some(vectors) = shared("edge/vectors.json") else { return };
    let frames = vectors["frames"].as_object().expect("frames");
    for (name, digits) in frames {
        let bytes = hex::decode(digits.as_str().expect("digits").to_lowercase()).expect("hexadecimal digits");
        let found = match name.strip_suffix("_mfr") {
            Some(_) => frame::from_manufacturer(u16::from_le_bytes([bytes[0], bytes[1]]), &bytes[2..]),
            None => frame::decode(&bytes).best(),
        };
        let kind = found.map_or("none", |frame| match frame {
            Frame::IBeacon(_) => "ibeacon",
            Frame::AltBeacon(_) => "altbeacon",
            Frame::Eid(_) => "eid",
            Frame::Uid(_) => "uid",
            Frame::Tlm(_) | Frame::EncryptedTlm(_) => "tlm",
            Frame::Measures(_) | Frame::SealedMeasures(_) => "bthome",
            Frame::Service(_) => "service",
            Frame::Exposure(_) => "exposure",
            Frame::Overflow(_) => "overflow",
        });
        let expected = match name.as_str() {
            name if name.starts_with("altbeacon") => "altbeacon",
            name if name.starts_with("theengs_ibeacon") => "ibeacon",
            "eddystone_uid" => "uid",
            "bthome_plain" => "bthome",
            "ios_overflow" => "overflow",
            _ => "none",
        };
        assert_eq!(kind, expected, "{name}");
    }
}

/// What a capture must give.
#[derive(Debug, PartialEq)]
enum Read {
    /// Transmitters: how many, how many of them with an address, and the frames they carry, in order.
    Heard { all: usize, addresses: usize, frames: Vec<&'static str> },
    /// People who crossed.
    Crossed { entered: u32, left: u32 },
    /// People who are there.
    Level(u32),
    /// Whether somebody is there.
    Somebody(bool),
    /// Nothing: another program's question, which no receiver sends.
    Nothing,
}

fn heard(result: Result<Vec<Heard>, Rejected>) -> Read {
    let all = result.expect("a capture of a receiver");
    let frames = all.iter().flat_map(|heard| heard.frames.iter().map(|frame| frame.name()).collect::<Vec<_>>());
    Read::Heard {
        all: all.len(),
        addresses: all.iter().filter(|heard| heard.address.is_some()).count(),
        frames: frames.collect(),
    }
}

/// Reads a capture by the reader that its topic, or a sensor's kind, would choose.
fn read(source: &str, topic: &str, payload: &[u8]) -> Read {
    match source {
        "espresense" | "theengs-undecoded" | "omg-ibeacon" | "omg-ibeacon-uuid-id" => {
            heard(vendor::decode(topic, payload))
        }
        "minew-json-long" => heard(vendor::decode("minew/AC233FC001EA/status", payload)),
        "ruuvi" => heard(ruuvi::decode_under("ruuvi/+/+", topic, payload)),
        "moko" => heard(moko::decode_under("mokosmart/+", topic, payload)),
        "kontakt-telemetry" => heard(kontakt::decode_under("/stream/+/all", topic, payload)),
        "shelly-blu" => heard(shelly::decode_under("+", topic, payload)),
        "tasmota-ibeacon" => heard(tasmota::decode_under("tele/+/SENSOR", topic, payload)),
        "z2m" | "tasmota-ld2410" => {
            Read::Somebody(presence::read(payload, None).expect("a capture of a sensor").expect("it says"))
        }
        "axis-counter" | "milesight-lorawan" => {
            let Totals { entered, left } = counter::read_totals(payload, None).expect("a capture of a counter").crossed;
            Read::Crossed { entered, left }
        }
        "milesight-vs121p" | "density" => {
            Read::Level(counter::read_level(payload, None).expect("a capture of a counter").expect("it says").count)
        }
        "find3" => {
            let readers = [
                vendor::decode(topic, payload),
                ruuvi::decode_under("#", topic, payload),
                moko::decode_under("#", topic, payload),
                kontakt::decode_under("#", topic, payload),
                shelly::decode_under("#", topic, payload),
                tasmota::decode_under("#", topic, payload),
            ];
            let nobody = readers.iter().all(|read| read.as_ref().map_or(true, Vec::is_empty));
            assert!(nobody, "a scan of another program's phones is nobody's: {readers:?}");
            Read::Nothing
        }
        other => panic!("{other}: a capture that nobody reads; read it, or say here why not"),
    }
}

#[test]
fn captures_of_real_devices_are_read() {
    let Some(samples) = shared("edge/samples.json") else { return };
    let of = |all, addresses, frames: &[&'static str]| Read::Heard { all, addresses, frames: frames.to_vec() };
    let mut expected = BTreeMap::from([
        ("espresense", of(1, 1, &[])),
        ("theengs-undecoded", of(1, 1, &[])),
        ("omg-ibeacon", of(1, 1, &["ibeacon"])),
        ("omg-ibeacon-uuid-id", of(1, 1, &["ibeacon"])),
        ("minew-json-long", of(3, 3, &["ibeacon"])),
        ("ruuvi", of(1, 1, &[])),
        // The page that it comes from cut its telemetry short.
        ("moko", of(1, 1, &[])),
        // The capture names no address but the maker's own words.
        ("kontakt-telemetry", of(1, 0, &["bthome"])),
        ("shelly-blu", of(1, 1, &["bthome"])),
        ("tasmota-ibeacon", of(1, 1, &[])),
        ("z2m", Read::Somebody(true)),
        ("tasmota-ld2410", Read::Somebody(true)),
        ("axis-counter", Read::Crossed { entered: 12, left: 318 }),
        ("milesight-lorawan", Read::Crossed { entered: 72, left: 200 }),
        ("milesight-vs121p", Read::Level(10)),
        ("density", Read::Level(47)),
        ("find3", Read::Nothing),
    ]);
    for sample in samples.as_array().expect("a list") {
        let source = sample["src"].as_str().expect("a source");
        let topic = sample["topic"].as_str().unwrap_or_default();
        let found = read(source, topic, sample["payload"].to_string().as_bytes());
        assert_eq!(Some(found), expected.remove(source), "{source}");
    }
    assert!(expected.is_empty(), "captures that were not there: {expected:?}");
}

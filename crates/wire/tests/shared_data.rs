//! The team's shared vectors and captures, which lie beside the repository. Without them these tests say so and pass.

use std::path::PathBuf;

use serde_json::Value;
use wire::ble::eid::ephemeral_id;
use wire::ble::frame::{self, Frame};
use wire::vendor::{self, counter};

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

#[test]
fn captures_of_real_devices_are_read() {
    let Some(samples) = shared("edge/samples.json") else { return };
    let mut read = 0;
    for sample in samples.as_array().expect("a list") {
        let source = sample["src"].as_str().expect("a source");
        let payload = sample["payload"].to_string().into_bytes();
        let expected = match source {
            "espresense" | "theengs-undecoded" => (1, 0),
            "omg-ibeacon" | "omg-ibeacon-uuid-id" => (1, 1),
            "minew-json-long" => (3, 1),
            "axis-counter" => {
                let totals = counter::read_totals(&payload, None).expect("an Axis capture");
                assert_eq!(totals.crossed, counter::Totals { entered: 12, left: 318 });
                read += 1;
                continue;
            }
            "milesight-vs121p" => {
                let level = counter::read_level(&payload, None).expect("a Milesight capture");
                assert_eq!(level.map(|level| level.count), Some(10));
                read += 1;
                continue;
            }
            _ => continue,
        };
        let topic = sample["topic"].as_str().unwrap_or("minew/AC233FC001EA/status");
        let heard = vendor::decode(topic, &payload).unwrap_or_else(|rejected| panic!("{source}: {rejected}"));
        let framed = heard.iter().filter(|heard| matches!(heard.frame(), Some(Frame::IBeacon(_)))).count();
        assert_eq!((heard.len(), framed), expected, "{source}");
        assert!(heard.iter().all(|heard| heard.address.is_some()), "{source}");
        read += 1;
    }
    assert_eq!(read, 7, "every capture of a device that we read was there");
}

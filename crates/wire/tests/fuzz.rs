//! A short run of the fuzzer: every decoder bears some thousand spoilt messages. `make fuzz` runs millions.

use std::collections::BTreeSet;

#[path = "../fuzz/bear.rs"]
mod bear;
#[path = "../fuzz/spoil.rs"]
mod spoil;
#[path = "../fuzz/target.rs"]
mod target;
#[path = "../fuzz/targets.rs"]
mod targets;
#[path = "../fuzz/watch.rs"]
mod watch;

use std::time::{Duration, Instant};

use spoil::Corpus;
use targets::TARGETS;
use watch::{Place, Watch};

const SEED: u64 = 20_261_122;
/// A message of 64 KiB may become so many bytes, no more.
const BYTES_MAX: u64 = 16 << 20;

#[test]
fn every_decoder_bears_spoilt_messages_without_panic_or_bomb() {
    bear::assert_all_bear(TARGETS, SEED, BYTES_MAX);
}

#[test]
fn the_corpus_is_read_by_its_own_decoder() {
    for (name, advertisement) in targets::AIR.iter().enumerate() {
        let bytes = hex::decode(advertisement).expect("digits");
        assert!(
            wire::ble::frame::decode(&bytes).best().is_some(),
            "{name}: {}",
            String::from_utf8_lossy(advertisement)
        );
    }
    bear::assert_all_read_their_corpus(TARGETS);
}

#[test]
fn the_worst_message_of_64_kib_costs_a_bounded_memory() {
    let worst = format!("{{\"data\":[{}0]}}", "[],".repeat(wire::vendor::PAYLOAD_LEN_MAX / 3 - 8));
    assert!(worst.len() <= wire::vendor::PAYLOAD_LEN_MAX);
    for target in TARGETS {
        let used = allocation_counter::measure(|| {
            (target.run)(worst.as_bytes());
        });
        assert!(used.bytes_max <= BYTES_MAX, "{}: {} bytes", target.name, used.bytes_max);
    }
}

#[test]
fn the_same_seed_makes_the_same_messages_and_what_is_read_leads_further() {
    let target = TARGETS.iter().find(|target| target.name == "counter").expect("a target");
    let walk = |seed| {
        let (mut corpus, mut message, mut read) = (Corpus::new(target.seeds(), seed), Vec::new(), BTreeSet::new());
        for _ in 0..5_000 {
            corpus.next(&mut message);
            if (target.run)(&message) {
                corpus.was_read(&message);
                read.insert(message.clone());
            }
        }
        read
    };
    let read = walk(7);
    assert_eq!(read, walk(7));
    assert_ne!(read, walk(8));
    assert!(read.len() > 100, "only {} spoilt messages were still read", read.len());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a moment to reckon from; nothing is measured")]
fn who_never_returns_from_a_message_is_named_with_it() {
    let (began, limit) = (Instant::now(), Duration::from_secs(10));
    let after = |seconds| began + Duration::from_secs(seconds);
    let places = [Place::new(), Place::new()];
    let mut watch = Watch::new(&places, limit, began);
    assert_eq!(watch.look(after(60)), None, "nobody has begun");
    places[0].at(4, 0);
    places[1].at(7, 0);
    assert_eq!(watch.look(after(61)), None);
    places[0].at(4, 1);
    assert_eq!(watch.look(after(70)), None, "one goes on, the other is at it for nine seconds");
    assert_eq!(watch.look(after(71)), Some((7, 0)));
    places[1].rests();
    assert_eq!(watch.look(after(79)), None);
    assert_eq!(watch.look(after(80)), Some((4, 1)), "the same message of the same decoder");
    places[0].at(5, 1);
    assert_eq!(watch.look(after(81)), None, "another decoder's message of the same number");
}

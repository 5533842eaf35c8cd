//! What is read of a gateway's message, and what is refused.

use proptest::prelude::*;

use std::collections::BTreeSet;

use model::ids::BootId;
use model::time::Timestamp;
use wire::uplink::pack::{Kept, encode_pack};
use wire::uplink::{Ack, Batch};

use super::read::{self, read_batch, step_over};
use super::*;

fn batch(gateway: &str) -> Batch {
    Batch {
        gateway: GatewayId::new(gateway).expect("an id"),
        spool: [1; 16],
        boot: BootId(1),
        seq: 1,
        oldest: 1,
        sent_at: Timestamp(1),
        sightings: vec![],
        readings: vec![],
        health: None,
        live_from: 0,
        historical: false,
        clocks: None,
    }
}

#[test]
fn a_batch_is_taken_only_from_the_gateway_it_names() {
    let bytes = uplink::encode(&batch("shop-1"));
    assert_eq!(read_batch("shop-1", &bytes).map(|(gateway, _)| gateway.to_string()), Ok("shop-1".to_owned()));
    assert_eq!(read_batch("shop-2", &bytes).map(|_| ()), Err("foreign-gateway"));
    assert_eq!(read_batch("a b", &bytes).map(|_| ()), Err("bad-gateway"));
}

#[test]
fn a_batch_whose_content_is_spoilt_is_stepped_over_by_its_gateway_only() {
    let mut right = batch("shop-1");
    right.readings = vec![model::reading::Reading {
        sensor: model::ids::SensorId::new("door").expect("an id"),
        at: Timestamp(1_700_000_000_000),
        kind: model::reading::ReadingKind::Level(1),
    }];
    let bytes = uplink::encode(&right);
    // "door" becomes a name that no sensor can have; everything around it stays whole.
    let place = bytes.windows(4).position(|window| window == b"door").expect("the sensor's name");
    let mut spoilt = bytes.to_vec();
    spoilt[place] = b'/';
    assert!(read_batch("shop-1", &spoilt).is_err());
    let (gateway, empty) = step_over("shop-1", &spoilt).expect("its numbers can be read");
    assert_eq!((gateway.as_str(), empty.spool, empty.seq, empty.readings.len()), ("shop-1", [1; 16], 1, 0));
    assert!(step_over("shop-2", &spoilt).is_none(), "nobody steps over another's batch");
    assert!(step_over("shop-1", b"nothing").is_none());
}

#[test]
fn a_pack_whose_head_is_spoilt_is_stepped_over_by_its_gateway_only() {
    let kept = (7..=9).map(|seq| Kept { seq, batch: uplink::encode(&batch("shop-1")) }).collect::<Vec<_>>();
    let pack = |sent_at| encode_pack(&Batch { seq: 7, oldest: 5, live_from: 20, sent_at, ..batch("shop-1") }, &kept);
    assert!(read::pack("shop-1", &pack(Timestamp(1))).expect("a pack").refused.is_empty());
    let spoilt = pack(Timestamp(-1));
    let read = read::pack("shop-1", &spoilt).expect("its numbers can be read");
    assert_eq!((read.gateway.as_str(), &read.refused), ("shop-1", &BTreeSet::from([7, 8, 9])));
    let numbers = |batch: &Batch| (batch.spool, batch.seq, batch.oldest, batch.live_from, batch.historical);
    let expected = [7, 8, 9].map(|seq| ([1; 16], seq, 5, 20, true));
    assert_eq!(read.batches.iter().map(numbers).collect::<Vec<_>>(), expected);
    assert!(read::pack("shop-2", &spoilt).is_none(), "nobody steps over another's pack");
    assert!(read::pack("shop-1", b"nothing").is_none());
}

#[test]
fn an_answer_names_what_was_refused_and_nothing_else() {
    let ack = |through, refused| Ack { spool: [1; 16], through, beyond: None, offset: None, packs: true, refused };
    let answers = |refused: &[u64]| {
        let mut acks = Vec::new();
        (1..=5).for_each(|seq| read::answer(&mut acks, ack(seq, None), refused.contains(&seq).then_some(seq)));
        acks
    };
    assert_eq!(answers(&[]), [ack(5, None)]);
    assert_eq!(answers(&[1, 2, 3, 4, 5]), [ack(5, Some((1, 5)))]);
    assert_eq!(answers(&[2, 3, 5]), [ack(3, Some((2, 3))), ack(5, Some((5, 5)))]);
    assert_eq!(answers(&[4]), [ack(4, Some((4, 4))), ack(5, None)]);
}

proptest! {
    #[test]
    fn garbage_and_cut_batches_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512), cut in 1usize..40) {
        let whole = uplink::encode(&batch("shop-1"));
        let _ = read_batch("shop-1", &bytes);
        let _ = read_batch("shop-1", &whole[..whole.len().saturating_sub(cut)]);
    }
}

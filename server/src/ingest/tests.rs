//! What is read of a gateway's message, and what is refused.

use proptest::prelude::*;

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

proptest! {
    #[test]
    fn garbage_and_cut_batches_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512), cut in 1usize..40) {
        let whole = uplink::encode(&batch("shop-1"));
        let _ = read_batch("shop-1", &bytes);
        let _ = read_batch("shop-1", &whole[..whole.len().saturating_sub(cut)]);
    }
}

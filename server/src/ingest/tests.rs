//! What is read of a gateway's message, and what is refused.

use model::ids::BootId;
use model::time::Timestamp;
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
    }
}

#[test]
fn a_batch_is_taken_only_from_the_gateway_it_names() {
    let bytes = uplink::encode(&batch("shop-1"));
    assert_eq!(read_batch("shop-1", &bytes).map(|(gateway, _)| gateway.to_string()), Ok("shop-1".to_owned()));
    assert_eq!(read_batch("shop-2", &bytes).map(|_| ()), Err("foreign-gateway"));
    assert_eq!(read_batch("a b", &bytes).map(|_| ()), Err("bad-gateway"));
}

proptest! {
    #[test]
    fn garbage_and_cut_batches_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512), cut in 1usize..40) {
        let whole = uplink::encode(&batch("shop-1"));
        let _ = read_batch("shop-1", &bytes);
        let _ = read_batch("shop-1", &whole[..whole.len().saturating_sub(cut)]);
    }
}

//! Boxes and servers of an older version.

use prost::Message as _;

use super::*;

/// A batch with health as boxes wrote it before it told more.
#[derive(Clone, PartialEq, prost::Message)]
struct OldBatch {
    #[prost(string, tag = "1")]
    gateway: String,
    #[prost(bytes = "vec", tag = "2")]
    spool: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    boot: Vec<u8>,
    #[prost(int64, tag = "6")]
    sent_at: i64,
    #[prost(message, optional, tag = "10")]
    health: Option<OldHealth>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OldHealth {
    #[prost(uint64, tag = "1")]
    spool_batches: u64,
    #[prost(message, repeated, tag = "7")]
    receivers: Vec<OldReceiver>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OldReceiver {
    #[prost(string, tag = "1")]
    receiver: String,
    #[prost(int64, tag = "2")]
    last_heard: i64,
    #[prost(uint64, tag = "3")]
    heard: u64,
}

#[test]
fn the_health_of_an_older_box_is_read_and_an_older_server_reads_ours() {
    let old = OldBatch {
        gateway: "shop-1".into(),
        spool: vec![7; 16],
        boot: 99u128.to_be_bytes().to_vec(),
        sent_at: SENT_AT,
        health: Some(OldHealth {
            spool_batches: 2,
            receivers: vec![OldReceiver { receiver: "bakery".into(), last_heard: SENT_AT, heard: 8 }],
        }),
    };
    let read = decode(&old.encode_to_vec()).expect("a batch of an older box").health.expect("health");
    let receivers = vec![receiver("bakery", Timestamp(SENT_AT), 8)];
    assert_eq!(read, Health { spool_batches: 2, receivers, ..Health::default() });
    let back = OldBatch::decode(encode(&batch())).expect("an older server passes over what it does not know");
    assert_eq!(back.health, old.health);
}

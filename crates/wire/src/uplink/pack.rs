//! Packs: many batches of one spool in one message, as they lie on the box's disk. What was kept back goes up so: each
//! batch keeps its number, and is taken or refused by it alone.

use bytes::Bytes;
use prost::Message as _;

use super::clock::{Clocks, Made};
use super::{BATCH_LEN_MAX, Batch, Error, Numbers, check_length, decode, message, read, write};

/// Most batches in a pack.
pub const PACK_BATCHES_MAX: usize = 256;

/// One batch as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number in the spool.
    pub seq: u64,
    /// The batch as it was encoded when it was made; empty when nothing of it is left but its number.
    pub batch: Bytes,
}

/// The numbers of a pack, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackNumbers {
    /// Those of its first batch.
    pub first: Numbers,
    /// The number of its last one.
    pub last: u64,
}

/// What was in a pack.
#[derive(Debug)]
pub struct Unpacked {
    /// Every batch, in order, with what the pack says of all. One that can't be read is here without content, so that the
    /// server can step over it.
    pub batches: Vec<Batch>,
    /// Which could not be read, and why.
    pub unreadable: Vec<(u64, Error)>,
}

/// Writes a pack. `head` is a batch without content that says what is the same for all; its number is that of the first.
#[must_use]
pub fn encode_pack(head: &Batch, kept: &[Kept]) -> Bytes {
    let kept = kept.iter().map(|kept| message::Kept { seq: kept.seq, batch: kept.batch.clone() }).collect();
    message::Pack { head: Some(write::batch(head)), kept }.encode_to_vec().into()
}

/// Reads a pack.
///
/// # Errors
/// [`Error`] names the field that makes all of it useless.
pub fn decode_pack(payload: &[u8]) -> Result<Unpacked, Error> {
    check_length(payload, BATCH_LEN_MAX)?;
    let message::Pack { head, kept } = message::Pack::decode(payload).map_err(Error::NotProtobuf)?;
    let head = read::batch(head.ok_or(Error::Missing { field: "head" })?)?;
    check_count(kept.len())?;
    check_order(head.seq, kept.iter().map(|kept| kept.seq))?;
    let empty = Batch { sightings: Vec::new(), readings: Vec::new(), health: None, historical: true, ..head };
    let mut unpacked = Unpacked { batches: Vec::with_capacity(kept.len()), unreadable: Vec::new() };
    for message::Kept { seq, batch } in kept {
        let numbered = Batch { seq, ..empty.clone() };
        let batch = if batch.is_empty() { Ok(None) } else { decode(&batch).map(Some) };
        unpacked.batches.push(match batch {
            Ok(Some(stored)) => filled(numbered, stored),
            Ok(None) => numbered,
            Err(cause) => {
                unpacked.unreadable.push((seq, cause));
                numbered
            }
        });
    }
    Ok(unpacked)
}

/// Reads the numbers of a pack whose head may be useless, so that the server can step over all of it. It may be longer than any
/// that is read: nothing else of it is looked at.
///
/// # Errors
/// [`Error`] names the field without which even that is not possible.
pub fn decode_pack_numbers(payload: &[u8]) -> Result<PackNumbers, Error> {
    let message::PackNumbers { head, kept } = message::PackNumbers::decode(payload).map_err(Error::NotProtobuf)?;
    let first = read::numbers(&head.ok_or(Error::Missing { field: "head" })?)?;
    check_count(kept.len())?;
    check_order(first.seq, kept.iter().map(|kept| kept.seq))?;
    let last = first.seq + kept.len() as u64 - 1;
    Ok(PackNumbers { first, last })
}

fn check_count(len: usize) -> Result<(), Error> {
    if (1..=PACK_BATCHES_MAX).contains(&len) {
        return Ok(());
    }
    Err(Error::TooMany { field: "kept", len, max: PACK_BATCHES_MAX })
}

fn check_order(first: u64, numbers: impl Iterator<Item = u64>) -> Result<(), Error> {
    let in_order = (0..).zip(numbers).all(|(n, number)| first.checked_add(n) == Some(number));
    if first > 0 && in_order {
        return Ok(());
    }
    Err(Error::OutOfRange { field: "kept.seq", range: "from the head's number on, without a gap" })
}

fn filled(numbered: Batch, stored: Batch) -> Batch {
    let made = Made::by_another(&stored, numbered.boot);
    let clocks = numbered.clocks.map(|clocks| Clocks { made, ..clocks });
    Batch { sightings: stored.sightings, readings: stored.readings, clocks, ..numbered }
}

#[cfg(test)]
mod tests {
    use model::ids::{BootId, GatewayId, SensorId};
    use model::reading::{Reading, ReadingKind};
    use model::time::{Millis, Timestamp};

    use super::super::clock::Belief;
    use super::super::encode;
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn empty(boot: u128, sent_at: Timestamp) -> Batch {
        let empty = Batch::empty(GatewayId::new("shop-1").expect("a name"), BootId(boot), sent_at);
        let clocks = Clocks { wall: sent_at + Millis(300), monotonic: Millis(7), belief: Belief::Free, made: None };
        Batch { spool: [7; 16], clocks: Some(clocks), ..empty }
    }

    fn head() -> Batch {
        Batch { seq: 41, oldest: 40, live_from: 99, historical: true, ..empty(2, NOW) }
    }

    /// As it lies on the disk: without a number.
    fn stored(boot: u128, at: Timestamp) -> Batch {
        let reading = Reading {
            sensor: SensorId::new("door").expect("a name"),
            at: at - Millis(900),
            kind: ReadingKind::Crossing { entered: 2, left: 1 },
        };
        Batch { readings: vec![reading], ..empty(boot, at) }
    }

    fn kept(seq: u64, batch: &Batch) -> Kept {
        Kept { seq, batch: encode(batch) }
    }

    #[test]
    fn each_batch_comes_out_under_its_number_as_if_it_had_come_alone() {
        let (earlier, now) = (stored(1, NOW - Millis::hours(9)), stored(2, NOW - Millis::hours(3)));
        let nothing = Kept { seq: 42, batch: Bytes::new() };
        let pack = encode_pack(&head(), &[kept(41, &earlier), nothing, kept(43, &now)]);
        let unpacked = decode_pack(&pack).expect("a pack");
        assert!(unpacked.unreadable.is_empty());
        let made = Made { boot: BootId(1), drift: Millis(300), belief: Belief::Free };
        let clocks = |made| head().clocks.map(|clocks| Clocks { made, ..clocks });
        let expected = [
            Batch { readings: earlier.readings, clocks: clocks(Some(made)), ..head() },
            Batch { seq: 42, ..head() },
            Batch { seq: 43, readings: now.readings, ..head() },
        ];
        assert_eq!(unpacked.batches, expected);
    }

    #[test]
    fn one_that_can_not_be_read_is_stepped_over_alone() {
        let whole = stored(2, NOW);
        let broken = Kept { seq: 42, batch: Bytes::from_static(b"not a batch") };
        let pack = encode_pack(&head(), &[kept(41, &whole), broken, kept(43, &whole)]);
        let unpacked = decode_pack(&pack).expect("a pack");
        assert_eq!(unpacked.unreadable.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [42]);
        assert_eq!(unpacked.batches.iter().map(|batch| batch.readings.len()).collect::<Vec<_>>(), [1, 0, 1]);
        assert_eq!(unpacked.batches.iter().map(|batch| batch.seq).collect::<Vec<_>>(), [41, 42, 43]);
    }

    #[test]
    fn of_a_pack_with_a_useless_head_the_numbers_can_still_be_read() {
        let long = Kept { seq: 42, batch: vec![1; BATCH_LEN_MAX].into() };
        // A time that is none.
        let head = Batch { sent_at: Timestamp(-1), ..head() };
        let pack = encode_pack(&head, &[kept(41, &stored(1, NOW)), long]);
        assert!(decode_pack(&pack).is_err());
        let Batch { gateway, spool, oldest, live_from, .. } = head;
        let first = Numbers { gateway, spool, seq: 41, oldest, live_from };
        assert_eq!(decode_pack_numbers(&pack).expect("its numbers"), PackNumbers { first, last: 42 });
        let code = |pack: &[u8]| decode_pack_numbers(pack).expect_err("no numbers").code();
        assert_eq!(code(b""), "missing-field");
        assert_eq!(code(&encode_pack(&self::head(), &[])), "too-many");
        assert_eq!(code(&encode_pack(&self::head(), &[kept(42, &stored(1, NOW))])), "out-of-range");
    }

    #[test]
    fn a_pack_that_cannot_be_is_refused_with_its_code() {
        let whole = stored(2, NOW);
        let code = |pack: &[u8]| decode_pack(pack).expect_err("a bad pack").code();
        let many: Vec<Kept> = (41..).take(PACK_BATCHES_MAX + 1).map(|seq| kept(seq, &whole)).collect();
        assert_eq!(code(b""), "missing-field");
        assert_eq!(code(&vec![0; BATCH_LEN_MAX + 1]), "too-large");
        assert_eq!(code(&encode_pack(&head(), &[])), "too-many");
        assert_eq!(code(&encode_pack(&head(), &many)), "too-many");
        assert_eq!(code(&encode_pack(&head(), &[kept(42, &whole)])), "out-of-range");
        assert_eq!(code(&encode_pack(&head(), &[kept(41, &whole), kept(43, &whole)])), "out-of-range");
        assert_eq!(
            code(&encode_pack(&Batch { seq: 0, oldest: 0, live_from: 0, ..head() }, &[kept(0, &whole)])),
            "out-of-range"
        );
        let good = encode_pack(&head(), &[kept(41, &whole)]);
        assert_eq!(code(&good[..good.len() - 1]), "not-protobuf");
    }

    #[test]
    fn the_bytes_on_the_wire_stay_what_they_are() {
        let bare = Batch { clocks: None, ..head() };
        assert_eq!(
            hex::encode(encode_pack(&bare, &[Kept { seq: 41, batch: Bytes::from_static(b"x") }])),
            concat!(
                "0a3b0a0673686f702d311210070707070707070707070707070707071a10000000000000000000000000000000022029282830",
                "80d8c1a28c3458636001",
                "120508291201",
                "78"
            )
        );
    }
}

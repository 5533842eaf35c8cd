//! From a message of a gateway to its batches. What can't be read is stepped over by its numbers, and the gateway is told so:
//! without an answer it would send it for ever, and nothing behind it would ever come through.

use std::collections::BTreeSet;

use model::ids::{BootId, GatewayId};
use model::time::Timestamp;
use wire::uplink::{self, Ack, Batch, Numbers, pack};

use super::refuse;

/// What was read of a message.
#[derive(Debug)]
pub(super) struct Read {
    /// Who sent it.
    pub(super) gateway: GatewayId,
    /// Its batches, in order; those that could not be read are empty.
    pub(super) batches: Vec<Batch>,
    /// The numbers of those.
    pub(super) refused: BTreeSet<u64>,
}

/// Reads a message with one batch; nothing when nobody could be answered.
pub(super) fn batch(name: &str, payload: &[u8]) -> Option<Read> {
    match read_batch(name, payload) {
        Ok((gateway, batch)) => Some(Read { gateway, batches: vec![batch], refused: BTreeSet::new() }),
        Err(reason) => {
            refuse(reason);
            let (gateway, batch) = step_over(name, payload)?;
            let refused = BTreeSet::from([batch.seq]);
            Some(Read { gateway, batches: vec![batch], refused })
        }
    }
}

/// Reads a pack of what a box had kept back; nothing when nobody could be answered.
pub(super) fn pack(name: &str, payload: &[u8]) -> Option<Read> {
    read_pack(name, payload).map_or_else(
        |reason| {
            refuse(reason);
            step_over_pack(name, payload)
        },
        Some,
    )
}

/// Adds what is to be said of one more batch. The last acknowledgement answers for all before it; each names one run of
/// batches that were `refused`.
pub(super) fn answer(acks: &mut Vec<Ack>, ack: Ack, refused: Option<u64>) {
    let before = acks.last().copied();
    let run = match (before.and_then(|before| before.refused), refused) {
        (Some((from, to)), Some(seq)) if to + 1 == seq => Some((from, seq)),
        (_, refused) => refused.map(|seq| (seq, seq)),
    };
    let goes_on =
        before.is_some_and(|before| before.refused.is_none_or(|(from, _)| run.is_some_and(|run| run.0 == from)));
    if goes_on {
        acks.pop();
    }
    acks.push(Ack { refused: run, ..ack });
}

/// Reads a batch, and checks that who sent it is who it says.
pub(super) fn read_batch(name: &str, payload: &[u8]) -> Result<(GatewayId, Batch), &'static str> {
    let gateway = GatewayId::new(name).map_err(|_| "bad-gateway")?;
    let batch = uplink::decode(payload).map_err(|cause| cause.code())?;
    if batch.gateway != gateway {
        return Err("foreign-gateway");
    }
    Ok((gateway, batch))
}

/// Reads a pack, and checks that who sent it is who it says. A batch in it that can't be read is stepped over.
fn read_pack(name: &str, payload: &[u8]) -> Result<Read, &'static str> {
    let gateway = GatewayId::new(name).map_err(|_| "bad-gateway")?;
    let pack::Unpacked { batches, unreadable } = pack::decode_pack(payload).map_err(|cause| cause.code())?;
    if batches.iter().any(|batch| batch.gateway != gateway) {
        return Err("foreign-gateway");
    }
    let mut refused = BTreeSet::new();
    for (seq, cause) in unreadable {
        refuse(cause.code());
        tracing::warn!(%gateway, seq, %cause, "a batch in a pack can't be read and is stepped over");
        refused.insert(seq);
    }
    Ok(Read { gateway, batches, refused })
}

/// The same batch without its content, when only the content can't be read.
pub(super) fn step_over(name: &str, payload: &[u8]) -> Option<(GatewayId, Batch)> {
    let numbers = uplink::decode_numbers(payload).ok().filter(|numbers| numbers.gateway.as_str() == name)?;
    tracing::warn!(gateway = %numbers.gateway, seq = numbers.seq, "a batch can't be read and is stepped over");
    Some((numbers.gateway.clone(), emptied(numbers)))
}

/// The batches of a pack without their content, when what it says of all of them can't be read.
fn step_over_pack(name: &str, payload: &[u8]) -> Option<Read> {
    let numbers = pack::decode_pack_numbers(payload).ok().filter(|numbers| numbers.first.gateway.as_str() == name)?;
    let pack::PackNumbers { first, last } = numbers;
    tracing::warn!(gateway = %first.gateway, first = first.seq, last, "a pack can't be read and is stepped over");
    let numbers = first.seq..=last;
    let batches = numbers.clone().map(|seq| emptied(Numbers { seq, ..first.clone() })).collect();
    Some(Read { gateway: first.gateway, batches, refused: numbers.collect() })
}

fn emptied(numbers: Numbers) -> Batch {
    let Numbers { gateway, spool, seq, oldest, live_from } = numbers;
    let empty = Batch::empty(gateway, BootId(0), Timestamp(0));
    Batch { spool, seq, oldest, live_from, historical: true, ..empty }
}

//! From `model` types to the uplink's messages.

use std::collections::BTreeMap;

use model::ids::ReceiverId;
use model::reading::{Reading, ReadingKind};
use model::sighting::{Sighting, Transmitter};
use model::time::Timestamp;

use super::{Ack, Batch, BeaconHealth, Bearer, Health, ReceiverHealth, clock, message};

pub(super) fn batch(batch: &Batch) -> message::Batch {
    let mut receivers = Receivers::default();
    let sightings = batch.sightings.iter().map(|s| sighting(s, receivers.place(&s.receiver), batch.sent_at)).collect();
    message::Batch {
        gateway: batch.gateway.to_string(),
        spool: batch.spool.to_vec(),
        boot: batch.boot.0.to_be_bytes().to_vec(),
        seq: batch.seq,
        oldest: batch.oldest,
        sent_at: batch.sent_at.0,
        receivers: receivers.names,
        sightings,
        readings: batch.readings.iter().map(|r| reading(r, batch.sent_at)).collect(),
        health: batch.health.as_ref().map(health),
        live_from: batch.live_from,
        historical: batch.historical,
        clocks: batch.clocks.as_ref().map(clock::write),
    }
}

pub(super) fn ack(ack: Ack) -> message::Ack {
    let (beyond_from, beyond_to) = ack.beyond.unwrap_or_default();
    let offset = ack.offset.map(|offset| offset.0);
    let (refused_from, refused_to) = ack.refused.unwrap_or_default();
    message::Ack {
        spool: ack.spool.to_vec(),
        through: ack.through,
        beyond_from,
        beyond_to,
        offset,
        packs: ack.packs,
        refused_from,
        refused_to,
    }
}

/// The batch's list of receivers, each named once.
#[derive(Default)]
struct Receivers<'a> {
    names: Vec<String>,
    places: BTreeMap<&'a ReceiverId, u32>,
}

impl<'a> Receivers<'a> {
    fn place(&mut self, receiver: &'a ReceiverId) -> u32 {
        *self.places.entry(receiver).or_insert_with(|| {
            self.names.push(receiver.to_string());
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

fn sighting(sighting: &Sighting, receiver: u32, sent_at: Timestamp) -> message::Sighting {
    message::Sighting {
        receiver,
        at: sighting.at.0.wrapping_sub(sent_at.0),
        window_ms: u32::try_from(sighting.window.0).unwrap_or(u32::MAX),
        count: u32::from(sighting.count),
        mean: sighting.rssi.mean.0,
        min: sighting.rssi.min.0,
        max: sighting.rssi.max.0,
        variance: sighting.rssi.variance,
        power_at_1m: sighting.power_at_1m.map(i32::from),
        transmitter: Some(transmitter(&sighting.transmitter)),
    }
}

fn transmitter(transmitter: &Transmitter) -> message::Transmitter {
    match transmitter {
        Transmitter::Rolling(id) => message::Transmitter::Rolling(message::Rolling {
            prefix: u32::from_be_bytes(id.prefix),
            eid: u64::from_be_bytes(id.eid),
            tag: u64::from_be_bytes(id.tag),
        }),
        Transmitter::Eid(eid) => message::Transmitter::Eid(u64::from_be_bytes(*eid)),
        Transmitter::Beacon { uuid, major, minor } => message::Transmitter::Beacon(beacon(uuid, *major, *minor)),
        Transmitter::Device(id) => {
            let (high, low) = halves(id.0);
            message::Transmitter::Device(message::Device { high, low })
        }
        Transmitter::Anonymous(pseudonym) => message::Transmitter::Anonymous(pseudonym.0),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "each half is taken on purpose")]
const fn halves(number: u128) -> (u64, u64) {
    ((number >> 64) as u64, number as u64)
}

fn reading(reading: &Reading, sent_at: Timestamp) -> message::Reading {
    let kind = match reading.kind {
        ReadingKind::Crossing { entered, left } => message::ReadingKind::Crossing(message::Crossing { entered, left }),
        ReadingKind::Level(people) => message::ReadingKind::Level(people),
        ReadingKind::Presence(somebody) => message::ReadingKind::Presence(somebody),
        ReadingKind::ShelfDelta(items) => message::ReadingKind::ShelfDelta(items),
    };
    message::Reading { sensor: reading.sensor.to_string(), at: reading.at.0.wrapping_sub(sent_at.0), kind: Some(kind) }
}

fn health(health: &Health) -> message::Health {
    message::Health {
        spool_batches: health.spool_batches,
        spool_bytes: health.spool_bytes,
        oldest_unsent_ms: health.oldest_unsent_ms,
        adverts_heard: health.adverts_heard,
        sightings_sent: health.sightings_sent,
        dropped: health
            .dropped
            .iter()
            .map(|(code, count)| message::Dropped { code: code.clone(), count: *count })
            .collect(),
        receivers: health.receivers.iter().map(receiver_health).collect(),
        sightings_lost: health.sightings_lost,
        readings_lost: health.readings_lost,
        backlog: health.backlog,
        beacons: health.beacons.iter().map(beacon_health).collect(),
    }
}

fn receiver_health(from: &ReceiverHealth) -> message::ReceiverHealth {
    message::ReceiverHealth {
        receiver: from.receiver.to_string(),
        last_heard: from.last_heard.0,
        heard: from.heard,
        kind: from.kind.clone(),
        forwarded: from.forwarded,
        overflowed: from.overflowed,
        gaps: from.gaps,
        gap_ms: from.gap_ms,
        missed: from.missed,
        on_air: from.on_air,
        there: from.there,
    }
}

fn beacon_health(from: &BeaconHealth) -> message::BeaconHealth {
    let who = match &from.who {
        Bearer::Beacon(numbers) => message::Bearer::Beacon(beacon(&numbers.uuid, numbers.major, numbers.minor)),
        Bearer::Sensor(sensor) => message::Bearer::Sensor(sensor.to_string()),
    };
    message::BeaconHealth {
        who: Some(who),
        at: from.at.0,
        battery_percent: from.battery_percent.map(u32::from),
        battery_mv: from.battery_mv.map(u32::from),
        there: from.there,
    }
}

fn beacon(uuid: &[u8; 16], major: u16, minor: u16) -> message::Beacon {
    let (uuid_high, uuid_low) = halves(u128::from_be_bytes(*uuid));
    message::Beacon { uuid_high, uuid_low, major: u32::from(major), minor: u32::from(minor) }
}

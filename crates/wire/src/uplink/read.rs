//! From the uplink's messages to `model` types. Everything is checked: what comes out can be used as it is.

use model::anchor::Advertised;
use model::ids::{BootId, DeviceId, GatewayId, IdError, ReceiverId, SensorId};
use model::reading::{Reading, ReadingKind};
use model::sighting::{RollingId, RssiSummary, Sighting, Transmitter};
use model::subject::Pseudonym;
use model::time::{Millis, Timestamp};
use model::units::Dbm;

use super::{Ack, Batch, BeaconHealth, Bearer, Error, Health, Numbers, ReceiverHealth, WINDOW_MAX, clock, message};
use super::{BEACONS_MAX, DROP_CODES_MAX, READINGS_MAX, RECEIVERS_MAX, SIGHTINGS_MAX};

const RSSI_RANGE: std::ops::RangeInclusive<f32> = -127.0..=20.0;
const VARIANCE_RANGE: std::ops::RangeInclusive<f32> = 0.0..=10_000.0;
const CODE_LEN_MAX: usize = 64;

pub(super) fn batch(batch: message::Batch) -> Result<Batch, Error> {
    check_count("receivers", batch.receivers.len(), RECEIVERS_MAX)?;
    check_count("sightings", batch.sightings.len(), SIGHTINGS_MAX)?;
    check_count("readings", batch.readings.len(), READINGS_MAX)?;
    check_numbers(batch.seq, batch.oldest)?;
    let live_from = live_from(batch.live_from, batch.seq)?;
    let sent_at = time("sent_at", batch.sent_at)?;
    let receivers: Vec<ReceiverId> =
        batch.receivers.iter().map(|name| take_name("receivers", name, ReceiverId::new)).collect::<Result<_, _>>()?;
    Ok(Batch {
        gateway: take_name("gateway", &batch.gateway, GatewayId::new)?,
        spool: sixteen("spool", &batch.spool)?,
        boot: BootId(u128::from_be_bytes(sixteen("boot", &batch.boot)?)),
        seq: batch.seq,
        oldest: batch.oldest,
        sent_at,
        sightings: batch.sightings.iter().map(|s| sighting(s, &receivers, sent_at)).collect::<Result<_, _>>()?,
        readings: batch.readings.iter().map(|r| reading(r, sent_at)).collect::<Result<_, _>>()?,
        health: batch.health.map(health).transpose()?,
        live_from,
        historical: batch.historical,
        clocks: batch.clocks.as_ref().map(clock::read).transpose()?,
    })
}

pub(super) fn numbers(numbers: &message::Numbers) -> Result<Numbers, Error> {
    check_numbers(numbers.seq, numbers.oldest)?;
    Ok(Numbers {
        gateway: take_name("gateway", &numbers.gateway, GatewayId::new)?,
        spool: sixteen("spool", &numbers.spool)?,
        seq: numbers.seq,
        oldest: numbers.oldest,
        live_from: live_from(numbers.live_from, numbers.seq)?,
    })
}

pub(super) fn ack(ack: &message::Ack) -> Result<Ack, Error> {
    let beyond = match (ack.beyond_from, ack.beyond_to) {
        (0, 0) => None,
        (from, to) if from > ack.through && from <= to => Some((from, to)),
        (_, _) => return Err(Error::OutOfRange { field: "beyond", range: "above through, its beginning first" }),
    };
    let offset = ack.offset.map(|offset| span("offset", offset)).transpose()?;
    let refused = match (ack.refused_from, ack.refused_to) {
        (0, 0) => None,
        (from, to) if from > 0 && from <= to => Some((from, to)),
        (_, _) => return Err(Error::OutOfRange { field: "refused", range: "from 1, its beginning first" }),
    };
    Ok(Ack { spool: sixteen("spool", &ack.spool)?, through: ack.through, beyond, offset, packs: ack.packs, refused })
}

/// Boxes that send in one order only say nothing here.
fn live_from(number: u64, seq: u64) -> Result<u64, Error> {
    if number > 0 && seq == 0 {
        return Err(Error::OutOfRange { field: "live_from", range: "0 on the volatile lane" });
    }
    Ok(number)
}

fn sighting(from: &message::Sighting, receivers: &[ReceiverId], sent_at: Timestamp) -> Result<Sighting, Error> {
    let place = usize::try_from(from.receiver).unwrap_or(usize::MAX);
    let receiver = receivers.get(place).ok_or(Error::Missing { field: "sightings.receiver" })?;
    if i64::from(from.window_ms) > WINDOW_MAX.0 {
        return Err(Error::OutOfRange { field: "sightings.window", range: "0 to 60 s" });
    }
    let count = u16::try_from(from.count).ok().filter(|count| *count > 0);
    let power_at_1m = from.power_at_1m.map(i8::try_from).transpose();
    Ok(Sighting {
        receiver: receiver.clone(),
        transmitter: transmitter(from.transmitter.ok_or(Error::Missing { field: "sightings.transmitter" })?)?,
        at: time("sightings.at", sent_at.0.wrapping_add(from.at))?,
        window: Millis(i64::from(from.window_ms)),
        count: count.ok_or(Error::OutOfRange { field: "sightings.count", range: "1 to 65535" })?,
        rssi: rssi(from)?,
        power_at_1m: power_at_1m
            .map_err(|_| Error::OutOfRange { field: "sightings.power_at_1m", range: "-128 to 127 dBm" })?,
    })
}

fn rssi(from: &message::Sighting) -> Result<RssiSummary, Error> {
    let all_possible = [from.min, from.mean, from.max].iter().all(|value| RSSI_RANGE.contains(value));
    if !all_possible || from.min > from.mean || from.mean > from.max {
        return Err(Error::OutOfRange { field: "sightings.rssi", range: "min <= mean <= max, -127 to 20 dBm" });
    }
    if from.variance.is_some_and(|variance| !VARIANCE_RANGE.contains(&variance)) {
        return Err(Error::OutOfRange { field: "sightings.variance", range: "0 to 10000 dB²" });
    }
    Ok(RssiSummary { mean: Dbm(from.mean), min: Dbm(from.min), max: Dbm(from.max), variance: from.variance })
}

fn transmitter(from: message::Transmitter) -> Result<Transmitter, Error> {
    Ok(match from {
        message::Transmitter::Rolling(id) => Transmitter::Rolling(RollingId {
            prefix: id.prefix.to_be_bytes(),
            eid: id.eid.to_be_bytes(),
            tag: id.tag.to_be_bytes(),
        }),
        message::Transmitter::Eid(eid) => Transmitter::Eid(eid.to_be_bytes()),
        message::Transmitter::Beacon(beacon) => {
            let Advertised { uuid, major, minor } = advertised("sightings.beacon", beacon)?;
            Transmitter::Beacon { uuid, major, minor }
        }
        message::Transmitter::Device(id) => Transmitter::Device(DeviceId(join(id.high, id.low))),
        message::Transmitter::Anonymous(pseudonym) => Transmitter::Anonymous(Pseudonym(pseudonym)),
    })
}

fn advertised(field: &'static str, beacon: message::Beacon) -> Result<Advertised, Error> {
    let number = |number: u32| {
        u16::try_from(number).map_err(|_| Error::OutOfRange { field, range: "major and minor 0 to 65535" })
    };
    let uuid = join(beacon.uuid_high, beacon.uuid_low).to_be_bytes();
    Ok(Advertised { uuid, major: number(beacon.major)?, minor: number(beacon.minor)? })
}

fn join(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

fn reading(from: &message::Reading, sent_at: Timestamp) -> Result<Reading, Error> {
    let kind = match from.kind.ok_or(Error::Missing { field: "readings.kind" })? {
        message::ReadingKind::Crossing(message::Crossing { entered, left }) => ReadingKind::Crossing { entered, left },
        message::ReadingKind::Level(people) => ReadingKind::Level(people),
        message::ReadingKind::Presence(somebody) => ReadingKind::Presence(somebody),
        message::ReadingKind::ShelfDelta(items) => ReadingKind::ShelfDelta(items),
    };
    Ok(Reading {
        sensor: take_name("readings.sensor", &from.sensor, SensorId::new)?,
        at: time("readings.at", sent_at.0.wrapping_add(from.at))?,
        kind,
    })
}

fn health(from: message::Health) -> Result<Health, Error> {
    check_count("health.dropped", from.dropped.len(), DROP_CODES_MAX)?;
    check_count("health.receivers", from.receivers.len(), RECEIVERS_MAX)?;
    check_count("health.beacons", from.beacons.len(), BEACONS_MAX)?;
    Ok(Health {
        spool_batches: from.spool_batches,
        spool_bytes: from.spool_bytes,
        oldest_unsent_ms: from.oldest_unsent_ms,
        adverts_heard: from.adverts_heard,
        sightings_sent: from.sightings_sent,
        dropped: from.dropped.into_iter().map(dropped).collect::<Result<_, _>>()?,
        receivers: from.receivers.iter().map(receiver_health).collect::<Result<_, _>>()?,
        sightings_lost: from.sightings_lost,
        readings_lost: from.readings_lost,
        backlog: from.backlog,
        beacons: from.beacons.into_iter().map(beacon_health).collect::<Result<_, _>>()?,
    })
}

fn beacon_health(from: message::BeaconHealth) -> Result<BeaconHealth, Error> {
    let who = match from.who.ok_or(Error::Missing { field: "health.beacons.who" })? {
        message::Bearer::Beacon(beacon) => Bearer::Beacon(advertised("health.beacons", beacon)?),
        message::Bearer::Sensor(name) => Bearer::Sensor(take_name("health.beacons.sensor", &name, SensorId::new)?),
    };
    let percent = from.battery_percent.map(u8::try_from).transpose().ok();
    let percent = percent.filter(|percent| percent.is_none_or(|percent| percent <= 100));
    let percent = percent.ok_or(Error::OutOfRange { field: "health.beacons.battery", range: "0 to 100 percent" })?;
    let battery_mv = from.battery_mv.map(u16::try_from).transpose();
    Ok(BeaconHealth {
        who,
        at: time("health.beacons.at", from.at)?,
        battery_percent: percent,
        battery_mv: battery_mv
            .map_err(|_| Error::OutOfRange { field: "health.beacons.battery", range: "0 to 65535 millivolt" })?,
        there: from.there,
    })
}

/// A reason becomes a metric's label and a word on a page, so it must look like one of our codes.
fn dropped(from: message::Dropped) -> Result<(String, u64), Error> {
    if from.code.is_empty() || !is_code(&from.code) {
        return Err(Error::OutOfRange { field: "health.dropped", range: "a code of 1 to 64 of a-z, 0-9 and '-'" });
    }
    Ok((from.code, from.count))
}

fn is_code(code: &str) -> bool {
    code.len() <= CODE_LEN_MAX && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn receiver_health(from: &message::ReceiverHealth) -> Result<ReceiverHealth, Error> {
    if !is_code(&from.kind) {
        return Err(Error::OutOfRange { field: "health.receivers.kind", range: "a code of 64 of a-z, 0-9 and '-'" });
    }
    Ok(ReceiverHealth {
        kind: from.kind.clone(),
        forwarded: from.forwarded,
        overflowed: from.overflowed,
        gaps: from.gaps,
        gap_ms: from.gap_ms,
        missed: from.missed,
        on_air: from.on_air,
        there: from.there,
        receiver: take_name("health.receivers", &from.receiver, ReceiverId::new)?,
        last_heard: time("health.receivers.last_heard", from.last_heard)?,
        heard: from.heard,
    })
}

fn check_count(field: &'static str, len: usize, max: usize) -> Result<(), Error> {
    if len > max { Err(Error::TooMany { field, len, max }) } else { Ok(()) }
}

fn check_numbers(seq: u64, oldest: u64) -> Result<(), Error> {
    if oldest > seq || (oldest == 0) != (seq == 0) {
        return Err(Error::OutOfRange { field: "oldest", range: "1 to seq, or both 0 on the volatile lane" });
    }
    Ok(())
}

pub(super) fn time(field: &'static str, millis: i64) -> Result<Timestamp, Error> {
    let at = Timestamp(millis);
    if super::is_possible(at) {
        Ok(at)
    } else {
        Err(Error::OutOfRange { field, range: "milliseconds from 1970 to the year 9999" })
    }
}

/// A difference of two possible times.
pub(super) fn span(field: &'static str, millis: i64) -> Result<Millis, Error> {
    let is_possible = millis.checked_abs().is_some_and(|length| super::is_possible(Timestamp(length)));
    if is_possible { Ok(Millis(millis)) } else { Err(Error::OutOfRange { field, range: "at most 8000 years" }) }
}

pub(super) fn sixteen(field: &'static str, bytes: &[u8]) -> Result<[u8; 16], Error> {
    bytes.try_into().map_err(|_| Error::OutOfRange { field, range: "16 bytes" })
}

fn take_name<T>(field: &'static str, name: &str, new: fn(&str) -> Result<T, IdError>) -> Result<T, Error> {
    new(name).map_err(|source| Error::BadName { field, source })
}

//! What a replay comes to, in numbers and without a single address.

use std::collections::{BTreeMap, BTreeSet};

use model::sighting::{Sighting, Transmitter};
use model::time::Timestamp;
use serde_json::{Value, json};

use super::source::{Form, Source};
use crate::pipeline::Pipeline;
use crate::radio::port::RawAdvertisement;

/// Senders are counted up to here.
const SENDERS_MAX: usize = 1 << 20;

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Summary {
    form: Value,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    adverts: u64,
    senders: BTreeSet<[u8; 6]>,
    adapters: BTreeMap<String, u64>,
    kinds: BTreeMap<&'static str, u64>,
    known: BTreeSet<Transmitter>,
    kept: u64,
    passing: u64,
    parcels: u64,
    readings: u64,
    problems: BTreeMap<&'static str, u64>,
}

impl Summary {
    pub(super) fn heard(&mut self, raw: &RawAdvertisement) {
        self.first = Some(self.first.map_or(raw.time, |first| first.min(raw.time)));
        self.last = Some(self.last.map_or(raw.time, |last| last.max(raw.time)));
        self.adverts += 1;
        if self.senders.len() < SENDERS_MAX {
            self.senders.insert(raw.address.bytes);
        }
        *self.adapters.entry(raw.adapter.clone()).or_default() += 1;
    }

    /// A parcel went out; with a number of readings it is one that is kept until it is acknowledged.
    pub(super) fn parcel(&mut self, sightings: &[Sighting], readings: Option<usize>) {
        self.parcels += 1;
        self.readings += readings.unwrap_or(0) as u64;
        let lane = if readings.is_some() { &mut self.kept } else { &mut self.passing };
        *lane += sightings.len() as u64;
        for sighting in sightings {
            let kind = kind(&sighting.transmitter);
            *self.kinds.entry(kind).or_default() += 1;
            if kind != "stranger" && self.known.len() < SENDERS_MAX {
                self.known.insert(sighting.transmitter.clone());
            }
        }
    }

    /// What the file was, and what in it was of no use.
    pub(super) fn source(&mut self, source: &Source<'_>) {
        self.form = match &source.form {
            Form::Btsnoop => json!("btsnoop"),
            Form::Recording { why } => json!({ "recording": { "why": why } }),
        };
        self.problems = source.problems.clone();
    }

    /// All of it, as JSON for people.
    pub(super) fn text(&self, file: &str, pipeline: &Pipeline) -> String {
        let seconds = match (self.first, self.last) {
            (Some(first), Some(last)) => last.since(first).0 / 1_000,
            _ => 0,
        };
        let value = json!({
            "file": file,
            "form": self.form,
            "from": self.first.map(time),
            "until": self.last.map(time),
            "seconds": seconds,
            "heard": {
                "advertisements": self.adverts,
                "senders": self.senders.len(),
                "by_adapter": self.adapters,
            },
            "would_send": {
                "sightings": self.kinds,
                "known_transmitters": self.known.len(),
                "kept_until_acknowledged": self.kept,
                "sent_now_or_never": self.passing,
                "readings": self.readings,
                "parcels": self.parcels,
            },
            "left_out": pipeline.counts().dropped,
            "of_no_use": self.problems,
            "sent": false,
        });
        serde_json::to_string_pretty(&value).unwrap_or_default()
    }
}

/// One sighting as a line of JSON.
pub(super) fn line(sighting: &Sighting) -> String {
    let value = json!({
        "at": time(sighting.at),
        "receiver": sighting.receiver,
        "kind": kind(&sighting.transmitter),
        "transmitter": name(&sighting.transmitter),
        "count": sighting.count,
        "rssi": { "mean": sighting.rssi.mean.0, "min": sighting.rssi.min.0, "max": sighting.rssi.max.0 },
        "power_at_1m": sighting.power_at_1m,
    });
    value.to_string()
}

const fn kind(transmitter: &Transmitter) -> &'static str {
    match transmitter {
        Transmitter::Rolling(_) => "customer",
        Transmitter::Eid(_) => "eid",
        Transmitter::Beacon { .. } => "tag",
        Transmitter::Device(_) => "device",
        Transmitter::Anonymous(_) => "stranger",
    }
}

fn name(transmitter: &Transmitter) -> String {
    match transmitter {
        Transmitter::Rolling(id) => hex::encode(id.to_bytes()),
        Transmitter::Eid(eid) => hex::encode(eid),
        Transmitter::Beacon { uuid, major, minor } => format!("{}-{major}-{minor}", hex::encode(uuid)),
        Transmitter::Device(device) => device.to_string(),
        Transmitter::Anonymous(pseudonym) => format!("{:016x}", pseudonym.0),
    }
}

fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

//! An ESPresense node: smooths each transmitter's strengths over a window, and reports it from time to time.

use std::collections::{BTreeMap, VecDeque};

use model::ids::ReceiverId;
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use wire::ble::address::Address;
use wire::vendor::Heard;
use wire::vendor::espresense::{self, Telemetry};

use super::Output;
use crate::scenario::DeviceFigures;

/// How often a node tells how it fares.
const TELEMETRY: Millis = Millis::seconds(15);
/// Transmitters not heard for so long are forgotten.
const FORGET: Millis = Millis::seconds(150);
/// Transmitters that an ESP32-S3 keeps.
const TRANSMITTERS_MAX: usize = 150;

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) receiver: ReceiverId,
    window: Millis,
    skip: Millis,
    started: Timestamp,
    next_telemetry: Timestamp,
    adverts: u32,
    reported: u32,
    transmitters: BTreeMap<Address, Transmitter>,
}

#[derive(Debug)]
struct Transmitter {
    samples: VecDeque<(Timestamp, f64)>,
    first: Timestamp,
    last: Timestamp,
    count: u32,
    reported: Option<Timestamp>,
}

impl Node {
    pub(super) fn new(receiver: ReceiverId, settings: &DeviceFigures, start: Timestamp) -> Self {
        Self {
            receiver,
            window: millis(settings.espresense_window_s),
            skip: millis(settings.espresense_skip_s),
            started: start,
            next_telemetry: start,
            adverts: 0,
            reported: 0,
            transmitters: BTreeMap::new(),
        }
    }

    pub(super) fn hear(&mut self, mut heard: Heard, at: Timestamp) -> Option<Output> {
        let address = heard.address?;
        self.adverts += 1;
        self.make_room(address);
        let transmitter = self.transmitters.entry(address).or_insert_with(|| Transmitter::new(at));
        transmitter.add(at, f64::from(heard.rssi.0), self.window);
        if transmitter.reported.is_some_and(|last| at.since(last) < self.skip) {
            return None;
        }
        let (mean, variance) = transmitter.smoothed();
        heard.rssi = Dbm(narrow(mean));
        heard.variance = Some(narrow(variance));
        let message = espresense::encode(&heard, transmitter.interval_ms())?;
        transmitter.reported = Some(at);
        self.reported += 1;
        Some(Output::Publish { device: self.receiver.to_string(), message, retain: false })
    }

    pub(super) fn tick(&mut self, now: Timestamp) -> Option<Output> {
        if now < self.next_telemetry {
            return None;
        }
        self.next_telemetry = now + TELEMETRY;
        self.transmitters.retain(|_, transmitter| now.since(transmitter.last) <= FORGET);
        let telemetry = Telemetry {
            receiver: self.receiver.clone(),
            uptime_s: u32::try_from(now.since(self.started).0 / 1_000).ok(),
            adverts: Some(self.adverts),
            reported: Some(self.reported),
        };
        let message = espresense::encode_telemetry(&telemetry);
        Some(Output::Publish { device: self.receiver.to_string(), message, retain: false })
    }

    /// The table is small: a new transmitter pushes the one out that was heard longest ago.
    fn make_room(&mut self, newcomer: Address) {
        if self.transmitters.len() < TRANSMITTERS_MAX || self.transmitters.contains_key(&newcomer) {
            return;
        }
        let oldest = self.transmitters.iter().min_by_key(|(_, t)| t.last).map(|(address, _)| *address);
        if let Some(oldest) = oldest {
            self.transmitters.remove(&oldest);
        }
    }
}

impl Transmitter {
    const fn new(at: Timestamp) -> Self {
        Self { samples: VecDeque::new(), first: at, last: at, count: 0, reported: None }
    }

    fn add(&mut self, at: Timestamp, rssi: f64, window: Millis) {
        self.samples.retain(|(heard, _)| at.since(*heard) <= window);
        self.samples.push_back((at, rssi));
        self.last = at;
        self.count = self.count.saturating_add(1);
    }

    /// Mean and variance of what lies within one and a half times the quartiles' distance.
    fn smoothed(&self) -> (f64, f64) {
        let mut values: Vec<f64> = self.samples.iter().map(|(_, rssi)| *rssi).collect();
        values.sort_by(f64::total_cmp);
        let quartile = |share: usize| values[(values.len() - 1) * share / 4];
        let (low, high) = (quartile(1), quartile(3));
        let fence = 1.5 * (high - low);
        let kept: Vec<f64> = values.iter().copied().filter(|v| (low - fence..=high + fence).contains(v)).collect();
        let count = kept.iter().map(|_| 1.0).sum::<f64>();
        let mean = kept.iter().sum::<f64>() / count;
        (mean, kept.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count)
    }

    fn interval_ms(&self) -> u32 {
        let span = u32::try_from(self.last.since(self.first).0).unwrap_or(u32::MAX);
        span.checked_div(self.count.saturating_sub(1)).unwrap_or(0)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
fn millis(seconds: f64) -> Millis {
    Millis((seconds * 1_000.0) as i64)
}

#[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
const fn narrow(number: f64) -> f32 {
    number as f32
}

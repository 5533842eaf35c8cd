//! The way of everything that is heard: read, classify, window, parcel. Pure: it is told the time and does no I/O.

mod liveness;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use locate::window::{Advert, Full, WINDOW, Window};
use model::ids::ReceiverId;
use model::reading::Reading;
use model::sighting::{Sighting, Transmitter};
use model::time::{Millis, Timestamp};
use wire::ble::frame::Frames;
use wire::objections::Objections;
use wire::state::PrivacyMode;
use wire::topics::Topic;
use wire::uplink::BeaconHealth;
use wire::vendor::espresense;

use crate::battery::Batteries;
use crate::classify::{Classifier, LeftOut};
use crate::config::{Config, RadioSource};
use crate::count::Counts;
use crate::intake::{Intake, Twins};
use crate::now::Now;
use crate::radio::port::{Heard, RawAdvertisement};
use crate::sensor::{Said, Sensors};

/// Most sightings in one parcel.
pub const SIGHTINGS_MAX: usize = 500;
/// A reading waits this long for company.
pub const READING_WAIT: Millis = Millis(250);
/// Most readings that wait; with so many a parcel goes at once.
const READINGS_MAX: usize = 500;

/// What goes out.
#[derive(Debug, Clone, PartialEq)]
pub enum Parcel {
    /// To the spool, and from there to the server, for sure.
    Durable {
        /// When it was closed.
        at: Timestamp,
        /// What was seen.
        sightings: Vec<Sighting>,
        /// What sensors reported.
        readings: Vec<Reading>,
        /// What the sensors stand at with this.
        state: Option<Vec<u8>>,
    },
    /// To the server now or never: it must not touch the disk.
    Volatile {
        /// What was seen.
        sightings: Vec<Sighting>,
    },
}

/// The pipeline of one box.
#[derive(Debug)]
pub struct Pipeline {
    mode: PrivacyMode,
    radios: Radios,
    intake: Intake,
    twins: Twins,
    classifier: Classifier,
    window: Window,
    sensors: Sensors,
    readings: Vec<Reading>,
    window_ends: Option<Millis>,
    readings_go: Option<Millis>,
    parcels: VecDeque<Parcel>,
    counts: Counts,
    batteries: Batteries,
    objections: Option<Arc<Objections>>,
}

impl Pipeline {
    /// A pipeline that has heard nothing. `state` is what the sensors stood at, `draw` gives 32 bytes that nobody can guess.
    #[must_use]
    pub fn new(config: &Config, state: Option<&[u8]>, draw: fn() -> [u8; 32], now: Now) -> Self {
        let (radios, mut counts) = (Radios::new(config), Counts::default());
        if config.radio.source != RadioSource::Off {
            radios.all().for_each(|radio| counts.expect(radio, "radio"));
        }
        Self {
            mode: config.privacy.mode,
            radios,
            intake: Intake::new(&config.receivers),
            twins: Twins::default(),
            classifier: Classifier::new(config, draw, now),
            window: Window::default(),
            sensors: Sensors::new(&config.sensors, config.receivers.zigbee2mqtt.as_deref(), state),
            readings: Vec::new(),
            window_ends: None,
            readings_go: None,
            parcels: VecDeque::new(),
            counts,
            batteries: Batteries::default(),
            objections: None,
        }
    }

    /// Every topic filter to subscribe to.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        let accounts = self.intake.hears_espresense().then_some(wire::topics::ESPRESENSE_TELEMETRY);
        self.intake.filters().chain(self.intake.statuses()).chain(accounts).chain(self.sensors.topics())
    }

    /// Takes a message of the receivers' broker.
    pub fn message(&mut self, topic: &str, payload: &[u8], retained: bool, now: Now) {
        if self.hear_status(topic, payload, now) {
            return;
        }
        if self.sensors.knows(topic) {
            return self.report(topic, payload, retained, now);
        }
        let parsed = Topic::parse(topic);
        if let Some(Topic::EspresenseTelemetry { .. }) = parsed
            && let Ok(said) = espresense::decode_telemetry(topic, payload)
        {
            return self.counts.telemetry(&said);
        }
        // Receivers don't keep what they hear; a kept one may be of yesterday.
        if retained {
            return self.counts.drop("retained-sighting", 1);
        }
        let source = self.intake.source(topic);
        let kind = source.kind();
        if let Some(Topic::EspresenseDevice { room, .. }) = parsed
            && let Ok(receiver) = ReceiverId::new(room)
        {
            self.counts.came(receiver);
        }
        match source.read(topic, payload) {
            Ok(all) => {
                self.twins.start_message();
                for heard in all {
                    if heard.address.is_some_and(|address| self.objected(address.bytes, || heard.frames, now)) {
                        continue;
                    }
                    if self.twins.is_twin(topic, &heard, now.monotonic) {
                        self.counts.drop("twin", 1);
                        continue;
                    }
                    self.counts.heard(&heard.receiver, kind, now.wall);
                    if heard.address.is_some_and(|address| self.sensor_said(address.bytes, &heard.frames, now)) {
                        continue;
                    }
                    let classified = self.classifier.classify(&heard, now);
                    if let Some(address) = heard.address {
                        self.battery(address.bytes, classified.as_ref().ok(), &heard.frames, now);
                    }
                    match classified {
                        Ok(advert) => self.take(&advert, now),
                        Err(left_out) => self.counts.drop(left_out.code(), 1),
                    }
                }
            }
            Err(rejected) => self.counts.drop(rejected.code(), 1),
        }
    }

    /// Takes an advertisement of this box's own radio.
    pub fn advertisement(&mut self, raw: &RawAdvertisement, now: Now) {
        if self.objected(raw.address.bytes, || wire::ble::frame::decode(&raw.bytes), now) {
            return;
        }
        let radio = self.radios.receiver(&raw.adapter);
        self.counts.heard(radio, "radio", now.wall);
        if self.sensors.knows_address(raw.address.bytes) {
            self.sensor_said(raw.address.bytes, &wire::ble::frame::decode(&raw.bytes), now);
            return;
        }
        match self.classifier.classify_raw(radio, raw, now) {
            Ok(advert) => {
                self.batteries.is(raw.address.bytes, &advert.transmitter, now.monotonic);
                self.take(&advert, now);
            }
            Err(left_out) => {
                if left_out == LeftOut::Companion {
                    self.battery(raw.address.bytes, None, &wire::ble::frame::decode(&raw.bytes), now);
                }
                self.counts.drop(left_out.code(), 1);
            }
        }
    }

    /// Takes in what the own radio itself has counted, by adapter.
    pub fn radio_fares(&mut self, adapters: &BTreeMap<String, Heard>) {
        for (adapter, heard) in adapters {
            self.counts.radio(self.radios.receiver(adapter).clone(), heard);
        }
    }

    /// Takes the list of those who do not want to be heard; what they send is left out from now on.
    ///
    /// What is in the open window has no addresses any more, so what was heard of strangers in it goes too.
    pub fn obey(&mut self, objections: Option<Arc<Objections>>, now: Now) {
        self.objections = objections;
        let is_stranger = |sighting: &Sighting| matches!(sighting.transmitter, Transmitter::Anonymous(_));
        let (strangers, known): (Vec<_>, Vec<_>) = self.window.close(now.wall).partition(is_stranger);
        self.window_ends = None;
        self.counts.drop("objections-changed", strangers.len() as u64);
        self.parcel_durable(known, now);
    }

    /// When [`Pipeline::handle_timeout`] is due, on the monotonic clock.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.window_ends.into_iter().chain(self.readings_go).min()
    }

    /// Closes what is due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.classifier.rotate(now);
        let window_is_due = self.window_ends.is_some_and(|ends| now.monotonic >= ends);
        let readings_are_due = self.readings_go.is_some_and(|go| now.monotonic >= go);
        if window_is_due || readings_are_due {
            self.close(window_is_due, now);
        }
    }

    /// Closes everything, because the box stops.
    pub fn finish(&mut self, now: Now) {
        self.close(true, now);
    }

    /// The next thing that goes out.
    pub fn poll_parcel(&mut self) -> Option<Parcel> {
        self.parcels.pop_front()
    }

    /// What was counted.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What was counted, for those who drop something further on.
    pub const fn counts_mut(&mut self) -> &mut Counts {
        &mut self.counts
    }

    /// How the shop's own beacons and sensors fare: some of them, others at the next moment.
    #[must_use]
    pub fn batteries(&self, now: Now) -> Vec<BeaconHealth> {
        self.batteries.report(now.monotonic)
    }

    /// Whether who has this address does not want to be heard. The shop's own sensors, beacons, tags and nodes can't be
    /// silenced so.
    fn objected(&mut self, address: [u8; 6], frames: impl FnOnce() -> Frames, now: Now) -> bool {
        let has = self.objections.as_ref().is_some_and(|list| list.has(address))
            && !self.sensors.knows_address(address)
            && !self.classifier.is_things(address, &frames(), now);
        if has {
            self.counts.drop("objected", 1);
        }
        has
    }

    fn battery(&mut self, address: [u8; 6], advert: Option<&Advert>, frames: &Frames, now: Now) {
        if let Some(advert) = advert {
            self.batteries.is(address, &advert.transmitter, now.monotonic);
        }
        for frame in frames.iter() {
            self.batteries.hear(address, &frame, now.monotonic, now.wall);
        }
    }

    fn report(&mut self, topic: &str, payload: &[u8], retained: bool, now: Now) {
        match self.sensors.report(topic, payload, retained, now) {
            Ok(readings) => readings.into_iter().for_each(|reading| self.keep(reading, now)),
            Err(refused) => self.counts.drop(refused.code(), 1),
        }
        self.hear_list(topic, now);
    }

    /// Whether the address is a sensor's; what it measures is taken in, and it is no person.
    fn sensor_said(&mut self, address: [u8; 6], frames: &Frames, now: Now) -> bool {
        if !self.sensors.knows_address(address) {
            return false;
        }
        for frame in frames.iter() {
            if let wire::ble::frame::Frame::Measures(measures) = frame {
                self.battery_of_sensor(address, measures.battery, now);
            }
        }
        match frames.iter().find_map(|frame| self.sensors.hear(address, &frame, now)) {
            Some(Ok(Said { readings, battery })) => {
                // What was sealed is known only now.
                self.battery_of_sensor(address, battery, now);
                readings.into_iter().for_each(|reading| self.keep(reading, now));
            }
            Some(Err(refused)) => self.counts.drop(refused.code(), 1),
            None => {}
        }
        true
    }

    fn battery_of_sensor(&mut self, address: [u8; 6], battery: Option<u8>, now: Now) {
        let ids = self.sensors.ids_of(address);
        ids.iter().for_each(|id| self.batteries.sensor(id, battery, now.wall));
    }

    fn keep(&mut self, reading: Reading, now: Now) {
        self.readings.push(reading);
        let go = if self.readings.len() >= READINGS_MAX { now.monotonic } else { after(now, READING_WAIT) };
        self.readings_go = Some(self.readings_go.map_or(go, |due| due.min(go)));
        if self.readings.len() >= READINGS_MAX {
            self.close(false, now);
        }
    }

    fn take(&mut self, advert: &Advert, now: Now) {
        match self.window.add(advert) {
            Ok(()) => {
                self.counts.forwarded(&advert.receiver);
                self.window_ends.get_or_insert_with(|| next_edge(now));
            }
            Err(Full::Stranger) => self.counts.drop("too-many-strangers", 1),
            Err(Full::Known) => self.counts.drop("window-full", 1),
        }
    }

    /// Puts readings, and with `window` also sightings, into parcels.
    fn close(&mut self, window: bool, now: Now) {
        let (mut durable, mut volatile) = (Vec::new(), Vec::new());
        if window {
            self.window_ends = None;
            for sighting in self.window.close(now.wall) {
                let stranger = matches!(sighting.transmitter, Transmitter::Anonymous(_));
                let keep = !stranger || self.mode == PrivacyMode::Day;
                if keep { durable.push(sighting) } else { volatile.push(sighting) }
            }
        }
        self.readings_go = None;
        self.parcel_durable(durable, now);
        self.counts.passed_on("volatile", volatile.len(), 0);
        self.parcels.extend(in_chunks(volatile).map(|sightings| Parcel::Volatile { sightings }));
    }

    fn parcel_durable(&mut self, sightings: Vec<Sighting>, now: Now) {
        let readings = std::mem::take(&mut self.readings);
        self.counts.passed_on("durable", sightings.len(), readings.len());
        // Readings and the state that goes with them travel in the same parcel: both are kept, or neither is.
        // Sightings travel apart, because they are let go first when there is no room.
        if !readings.is_empty() {
            let state = self.sensors.take_state();
            self.parcels.push_back(Parcel::Durable { at: now.wall, sightings: Vec::new(), readings, state });
        }
        for sightings in in_chunks(sightings) {
            let state = self.sensors.take_state();
            self.parcels.push_back(Parcel::Durable { at: now.wall, sightings, readings: Vec::new(), state });
        }
    }
}

/// The own radio's adapters, as receivers.
#[derive(Debug)]
struct Radios {
    one: ReceiverId,
    several: BTreeMap<String, ReceiverId>,
}

impl Radios {
    fn new(config: &Config) -> Self {
        let several =
            config.radio.adapter_names().into_iter().map(|name| (name.clone(), config.adapter_receiver(&name)));
        Self { one: config.radio_receiver(), several: several.collect() }
    }

    fn all(&self) -> impl Iterator<Item = &ReceiverId> {
        let one = self.several.is_empty().then_some(&self.one);
        self.several.values().chain(one)
    }

    fn receiver(&self, adapter: &str) -> &ReceiverId {
        self.several.get(adapter).unwrap_or(&self.one)
    }
}

fn in_chunks(sightings: Vec<Sighting>) -> impl Iterator<Item = Vec<Sighting>> {
    let mut rest = sightings.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<Sighting> = rest.by_ref().take(SIGHTINGS_MAX).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn after(now: Now, span: Millis) -> Millis {
    Millis(now.monotonic.0 + span.0)
}

/// The end of the window that `now` lies in. All windows end together, so one parcel takes them all.
fn next_edge(now: Now) -> Millis {
    Millis((now.monotonic.0.div_euclid(WINDOW.0) + 1) * WINDOW.0)
}

#[cfg(test)]
mod tests;

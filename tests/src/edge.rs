//! From the air to the core's door on virtual time: devices' own messages, the gateway's pipeline, the uplink's bytes, identity.
//!
//! Every part is the product's own, but for the task that moves bytes between them and the server's table of keys,
//! for which this stands in.

use firmware_sim::device::{Output, Wall};
use firmware_sim::scenario::{Scenario, Vendor};
use firmware_sim::world::{Happening, PREFIX};
use gateway::config::Config;
use gateway::now::Now;
use gateway::pipeline::{Parcel, Pipeline};
use gateway::radio::port::{Kind as RadioKind, RawAdvertisement};
use locate::identity::{Resolution, Resolver, Tags, Window};
use model::ids::{BootId, DeviceId, GatewayId};
use model::reading::Reading;
use model::shop::SensorKind;
use model::sighting::{Sighting, Transmitter};
use model::subject::{Pseudonym, Subject};
use model::time::{Millis, Timestamp};
use wire::ble::rolling::{self, AirKey};
use wire::uplink::{self, Batch};

/// What arrives at the core.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrived {
    /// A sighting, with whose it is.
    Sighting {
        /// Who.
        subject: Subject,
        /// What was heard.
        sighting: Sighting,
    },
    /// A sensor's reading.
    Reading(Reading),
}

/// What was not passed on by identity, and what no key explained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unnamed {
    /// Ids under the chain's prefix whose key is not known or not allowed: followed without a name.
    pub unknown: u64,
    /// Ids that are refused: forged, of another time, of no tag of the shop.
    pub refused: u64,
}

/// The box on the wall of a shop, and the server's door.
#[derive(Debug)]
pub struct Edge {
    wall: Wall,
    pipeline: Pipeline,
    radio: String,
    start: Timestamp,
    sequence: u64,
    keys: Vec<(DeviceId, AirKey)>,
    resolver: Resolver,
    slot: Option<u32>,
    tags: Tags,
    unnamed: Unnamed,
}

impl Edge {
    /// Everything switched on at `start`. `privacy` is `count` or `day`, and `draw` gives the keys of strangers' pseudonyms.
    ///
    /// # Panics
    /// When the scenario's shop can't be put into a gateway's configuration.
    #[must_use]
    pub fn new(scenario: &Scenario, privacy: &str, draw: fn() -> [u8; 32], start: Timestamp) -> Self {
        let radio = scenario.devices.iter().find(|device| device.vendor == Vendor::Bluez);
        let radio = radio.map_or("none", |device| device.receiver.as_str()).to_owned();
        let config = config(scenario, privacy, &radio);
        let config = Config::parse(&config, "gateway.toml").expect("the configuration of a scenario");
        Self {
            wall: Wall::new(scenario, start),
            pipeline: Pipeline::new(&config, None, draw, clocks(start, start)),
            radio,
            start,
            sequence: 0,
            keys: Vec::new(),
            resolver: Resolver::new(PREFIX),
            slot: None,
            tags: Tags::new(&scenario.shop),
            unnamed: Unnamed::default(),
        }
    }

    /// Says which devices may be known by name, with their keys; all others are strangers from now on.
    pub fn know(&mut self, keys: impl IntoIterator<Item = (DeviceId, AirKey)>) {
        self.keys = keys.into_iter().collect();
        self.slot = None;
    }

    /// Lets the devices notice what happened.
    pub fn notice(&mut self, happening: &Happening) {
        let at = happening.at();
        for output in self.wall.notice(happening) {
            self.receive(output, at);
        }
    }

    /// Lets time pass, and hands over what arrived at the server.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Arrived> {
        for output in self.wall.tick(now) {
            self.receive(output, now);
        }
        let clocks = clocks(self.start, now);
        if self.pipeline.poll_timeout().is_some_and(|due| due <= clocks.monotonic) {
            self.pipeline.handle_timeout(clocks);
        }
        self.refresh(now);
        let mut arrived = Vec::new();
        while let Some(parcel) = self.pipeline.poll_parcel() {
            self.uplink(parcel, now, &mut arrived);
        }
        arrived
    }

    /// What identity did not name.
    #[must_use]
    pub const fn unnamed(&self) -> Unnamed {
        self.unnamed
    }

    fn receive(&mut self, output: Output, at: Timestamp) {
        let clocks = clocks(self.start, at);
        match output {
            Output::Publish { message, retain, .. } => {
                self.pipeline.message(&message.topic, &message.payload, retain, clocks);
            }
            Output::Radio(heard) => {
                let raw = RawAdvertisement {
                    time: at,
                    adapter: self.radio.clone(),
                    address: heard.address,
                    kind: RadioKind::Unknown,
                    rssi: i8::try_from(heard.rssi).unwrap_or(i8::MIN),
                    bytes: heard.bytes.to_vec(),
                };
                self.pipeline.advertisement(&raw, clocks);
            }
        }
    }

    /// Over the wire and back: the server sees only what fits the uplink's bytes.
    fn uplink(&mut self, parcel: Parcel, now: Timestamp, arrived: &mut Vec<Arrived>) {
        let (sightings, readings) = match parcel {
            Parcel::Durable { sightings, readings, .. } => (sightings, readings),
            Parcel::Volatile { sightings } => (sightings, Vec::new()),
        };
        self.sequence += 1;
        let batch = Batch {
            spool: [1; 16],
            seq: self.sequence,
            oldest: self.sequence,
            sightings,
            readings,
            ..Batch::empty(GatewayId::new("gw-1").expect("a slug"), BootId(1), now)
        };
        let batch = uplink::decode(&uplink::encode(&batch)).expect("what was encoded can be decoded");
        for sighting in batch.sightings {
            match self.subject(&sighting.transmitter, now) {
                Some(subject) => arrived.push(Arrived::Sighting { subject, sighting }),
                None => self.unnamed.refused += 1,
            }
        }
        arrived.extend(batch.readings.into_iter().map(Arrived::Reading));
    }

    /// As the server does: a known id is a device, an unknown one a stranger, and a wrong one nobody.
    fn subject(&mut self, transmitter: &Transmitter, now: Timestamp) -> Option<Subject> {
        let (resolution, eid) = match transmitter {
            Transmitter::Rolling(id) => (self.resolver.rolling(id, now), id.eid),
            Transmitter::Eid(eid) => (self.resolver.eid(eid, now), *eid),
            Transmitter::Anonymous(pseudonym) => return Some(Subject::Anonymous(*pseudonym)),
            Transmitter::Beacon { uuid, major, minor } => {
                return self.tags.find(uuid, *major, *minor).cloned().map(Subject::Tag);
            }
            Transmitter::Device(_) => return None,
        };
        match resolution {
            Resolution::Device(device) => Some(Subject::Device(device)),
            Resolution::Unknown | Resolution::Foreign => {
                self.unnamed.unknown += 1;
                Some(Subject::Anonymous(Pseudonym(u64::from_be_bytes(eid))))
            }
            Resolution::Forged | Resolution::OutOfWindow => None,
        }
    }

    /// The ids of the slot before, now and after, anew when a slot begins or other devices are known.
    fn refresh(&mut self, now: Timestamp) {
        let slot = rolling::slot(rolling::seconds(now));
        if self.slot.replace(slot) == Some(slot) {
            return;
        }
        let window = |(device, key): &(DeviceId, AirKey), slot: u32| {
            let eid = rolling::eid_in_slot(key, slot);
            let from = Timestamp(i64::from(rolling::slot_start(slot)) * 1_000);
            let until = from + Millis::seconds(i64::from(rolling::SLOT_S));
            Window { eid, tag: rolling::tag(key, PREFIX, eid, slot), device: *device, from, until }
        };
        let windows = self.keys.iter().flat_map(|key| (slot - 1..=slot + 1).map(move |slot| window(key, slot)));
        self.resolver.replace(windows.collect::<Vec<_>>());
    }
}

/// The box's configuration for a scenario: its tags, its own radio, and its sensors.
fn config(scenario: &Scenario, privacy: &str, radio: &str) -> String {
    let mut uuids: Vec<String> = scenario.shop.tags.iter().map(|tag| format!("{:?}", tag.uuid)).collect();
    uuids.dedup();
    let mut text = format!(
        "[gateway]\nid = \"gw-1\"\nstore = {:?}\ndata_dir = \"unused\"\ntag_uuids = [{}]\n\
         [radio]\nreceiver = {radio:?}\n[uplink]\nurl = \"mqtt://127.0.0.1:1883\"\n\
         [privacy]\nmode = {privacy:?}\ntimezone = {:?}\n",
        scenario.shop.store.id.as_str(),
        uuids.join(", "),
        scenario.shop.store.timezone,
    );
    for sensor in &scenario.shop.sensors {
        let id = &sensor.id;
        text += &match sensor.kind {
            SensorKind::Shelf => format!(
                "[sensors.{id}]\nkind = \"shelf\"\ntopic = \"tele/{id}/SENSOR\"\nitem_g = {}\n",
                scenario.settings.item_g
            ),
            SensorKind::CounterCumulative
            | SensorKind::CounterDelta
            | SensorKind::CounterLevel
            | SensorKind::Presence => {
                format!("[sensors.{id}]\nkind = \"counter-cumulative\"\ntopic = \"counter/{id}\"\n")
            }
        };
    }
    text
}

fn clocks(start: Timestamp, at: Timestamp) -> Now {
    Now::new(at, at.since(start))
}

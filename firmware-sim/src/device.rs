//! The devices on the wall: what each publishes when it hears a frame, counts a person or weighs a shelf.
//!
//! Pure: told what happened, they say what goes out. The bytes are `wire`'s encoders'; when and what is said is theirs.

mod espresense;
mod minew;

use std::collections::BTreeMap;

use model::ids::{ReceiverId, SensorId};
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use wire::ble::frame::{self, Frame};
use wire::vendor::theengs::{self, Flavour};
use wire::vendor::{Heard, Message, counter, shelf};

use crate::bluez::Advertisement;
use crate::radio::Reception;
use crate::scenario::{Scenario, Vendor};
use crate::world::{Happening, OnAir};

/// Sensors repeat their state after so long.
const REPEAT: Millis = Millis::seconds(15);
/// A shelf with fewer items than this is filled up.
const ITEMS_LOW: u32 = 6;

/// What goes out of a device.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// A message.
    Publish {
        /// By which device.
        device: String,
        /// What and where to.
        message: Message,
        /// Whether the broker shall keep it.
        retain: bool,
    },
    /// An advertisement for the edge box's own radio.
    Radio(Advertisement),
}

/// All devices of a shop.
#[derive(Debug)]
pub struct Wall {
    receivers: Vec<Box_>,
    counters: Vec<Counter>,
    shelves: BTreeMap<SensorId, Shelf>,
    item_g: u32,
    items_full: u32,
}

#[derive(Debug)]
enum Box_ {
    Espresense(espresense::Node),
    Theengs(ReceiverId, Flavour),
    Minew(minew::Gateway),
    Bluez,
}

#[derive(Debug)]
struct Counter {
    sensor: SensorId,
    totals: counter::Totals,
    next_at: Timestamp,
}

#[derive(Debug)]
struct Shelf {
    items: u32,
    next_at: Timestamp,
}

impl Wall {
    /// The devices of a scenario, switched on at `start`.
    #[must_use]
    pub fn new(scenario: &Scenario, start: Timestamp) -> Self {
        let settings = &scenario.settings;
        let receiver = |entry: &crate::scenario::DeviceEntry| match entry.vendor {
            Vendor::Espresense => Box_::Espresense(espresense::Node::new(entry.receiver.clone(), settings, start)),
            Vendor::Theengs => Box_::Theengs(entry.receiver.clone(), Flavour::Theengs),
            Vendor::OpenMqttGateway => Box_::Theengs(entry.receiver.clone(), Flavour::OpenMqttGateway),
            Vendor::Minew => Box_::Minew(minew::Gateway::new(entry.receiver.clone(), settings, start)),
            Vendor::Bluez => Box_::Bluez,
        };
        let sensors = |wanted: fn(model::shop::SensorKind) -> bool| {
            scenario.shop.sensors.iter().filter(move |s| wanted(s.kind)).map(|s| s.id.clone())
        };
        // The counter has counted since the shop opened; only its differences mean anything.
        let totals = counter::Totals { entered: 113, left: 113 };
        let counters = sensors(|kind| kind == model::shop::SensorKind::CounterCumulative);
        let shelves = sensors(|kind| kind == model::shop::SensorKind::Shelf);
        Self {
            receivers: scenario.devices.iter().map(receiver).collect(),
            counters: counters.map(|sensor| Counter { sensor, totals, next_at: start }).collect(),
            shelves: shelves.map(|id| (id, Shelf { items: settings.items_full, next_at: start })).collect(),
            item_g: settings.item_g,
            items_full: settings.items_full,
        }
    }

    /// What the devices say about something that happened.
    pub fn notice(&mut self, happening: &Happening) -> Vec<Output> {
        match happening {
            Happening::OnAir(on_air) => self.hear(on_air),
            Happening::Crossed { at, entered, .. } => {
                self.counters.iter_mut().map(|counter| counter.cross(*at, *entered)).collect()
            }
            Happening::Shelf { at, sensor, items, .. } => self.weigh(*at, sensor, *items),
            Happening::Acted { .. } => Vec::new(),
        }
    }

    /// What the devices say because it is time.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Output> {
        let mut out = Vec::new();
        for receiver in &mut self.receivers {
            match receiver {
                Box_::Espresense(node) => out.extend(node.tick(now)),
                Box_::Minew(gateway) => out.extend(gateway.tick(now)),
                Box_::Theengs(..) | Box_::Bluez => {}
            }
        }
        out.extend(self.counters.iter_mut().filter(|c| c.next_at <= now).map(|counter| counter.say(now)));
        let (item_g, items_full) = (self.item_g, self.items_full);
        for (sensor, shelf) in self.shelves.iter_mut().filter(|(_, shelf)| shelf.next_at <= now) {
            // Staff fill the shelf between two repeats, as it happens in a shop.
            if shelf.items < ITEMS_LOW {
                shelf.items = items_full;
            }
            out.push(shelf.say(now, sensor, item_g));
        }
        out
    }

    fn hear(&mut self, on_air: &OnAir) -> Vec<Output> {
        let frame = frame::decode(&on_air.bytes).best();
        let mut out = Vec::new();
        for reception in &on_air.heard {
            match &mut self.receivers[reception.receiver] {
                Box_::Espresense(node) => {
                    let heard = heard(&node.receiver, on_air, frame, reception);
                    out.extend(node.hear(heard, on_air.at));
                }
                Box_::Theengs(receiver, flavour) => {
                    let message = theengs::encode(&heard(receiver, on_air, frame, reception), *flavour);
                    let device = receiver.to_string();
                    out.extend(message.map(|message| Output::Publish { device, message, retain: false }));
                }
                Box_::Minew(gateway) => {
                    let heard = heard(&gateway.receiver, on_air, frame, reception);
                    gateway.hear(heard);
                }
                Box_::Bluez => out.push(Output::Radio(advertisement(on_air, reception))),
            }
        }
        out
    }

    fn weigh(&mut self, at: Timestamp, sensor: &SensorId, items: i32) -> Vec<Output> {
        let Some(shelf) = self.shelves.get_mut(sensor) else { return Vec::new() };
        shelf.items = shelf.items.saturating_add_signed(items);
        vec![shelf.say(at, sensor, self.item_g)]
    }
}

impl Counter {
    fn cross(&mut self, at: Timestamp, entered: bool) -> Output {
        if entered {
            self.totals.entered += 1;
        } else {
            self.totals.left += 1;
        }
        self.say(at)
    }

    fn say(&mut self, at: Timestamp) -> Output {
        self.next_at = at + REPEAT;
        let message = counter::encode(&self.sensor, "00408CAC512B", "Front door", at, self.totals);
        Output::Publish { device: self.sensor.to_string(), message, retain: false }
    }
}

impl Shelf {
    fn say(&mut self, at: Timestamp, sensor: &SensorId, item_g: u32) -> Output {
        self.next_at = at + REPEAT;
        // A scale is never quite right; the next half item is far away.
        let weight_g = self.items * item_g + 12;
        let message = shelf::encode(sensor, at, weight_g, item_g);
        Output::Publish { device: sensor.to_string(), message, retain: false }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "strengths lie between -110 and -20 dBm")]
fn heard(receiver: &ReceiverId, on_air: &OnAir, frame: Option<Frame>, reception: &Reception) -> Heard {
    Heard {
        receiver: receiver.clone(),
        address: Some(on_air.address),
        frames: frame.into(),
        rssi: Dbm(reception.rssi as f32),
        variance: None,
        power_at_1m: frame.and_then(|frame| frame.power_at_1m()),
        at: None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "strengths lie between -110 and -20 dBm")]
fn advertisement(on_air: &OnAir, reception: &Reception) -> Advertisement {
    Advertisement { address: on_air.address, rssi: reception.rssi as i16, bytes: on_air.bytes.clone() }
}

#[cfg(test)]
mod tests;

//! A shop with people in it, on virtual time: pure and seeded, so the same seed gives the same day, frame by frame.
//!
//! It reads no clock and does no I/O: [`World::step`] is told the time and tells what happened since.

use std::sync::Arc;

use geo::{Contains, Polygon};
use model::consent::Consent;
use model::floor::Point;
use model::ids::{DecisionId, OfferId, ProductId, SensorId};
use model::shop::{Sensor, SensorKind, Tag};
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::subject::Pseudonym;
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use wire::ble::address::Address;
use wire::ble::rolling::AirKey;

use crate::carried::{Carried, Source};
use crate::chance::Chance;
use crate::person::{self, Kind, Person};
use crate::radio::{Radio, Reception, Sender};
use crate::scenario::Scenario;
use crate::shopper::{Act, Did, Shopper, Surroundings};
use crate::truth::{PersonId, Truth};
use crate::walkways::Walkways;

/// How far the world goes in one stride.
pub const TICK: Millis = Millis(100);
/// The chain's prefix on the air until a server names another.
pub const PREFIX: [u8; 4] = [0xa7, 0x71, 0x00, 0x01];
/// Places are written down once in so many ticks.
const TRACK_EVERY: u64 = 2;
/// Who is on the air together is looked at once in so many ticks.
const LISTEN_EVERY: u64 = 10;

/// A frame on the air, and who heard it.
#[derive(Debug, Clone, PartialEq)]
pub struct OnAir {
    /// When.
    pub at: Timestamp,
    /// Who carries the sender.
    pub person: PersonId,
    /// What sends.
    pub source: Source,
    /// Its radio address.
    pub address: Address,
    /// The whole advertisement.
    pub bytes: Arc<[u8]>,
    /// The receivers that heard it; often not all.
    pub heard: Vec<Reception>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A frame went out.
    OnAir(OnAir),
    /// Somebody crossed the door line.
    Crossed {
        /// When.
        at: Timestamp,
        /// Who.
        person: PersonId,
        /// Inwards, or else outwards.
        entered: bool,
    },
    /// The items on a watched shelf changed.
    Shelf {
        /// When.
        at: Timestamp,
        /// Which sensor.
        sensor: SensorId,
        /// What lies there.
        product: ProductId,
        /// How many more; negative when some were taken.
        items: i32,
    },
    /// Somebody did something with the app or at the till.
    Acted {
        /// When.
        at: Timestamp,
        /// Who.
        person: PersonId,
        /// What.
        act: Act,
    },
}

impl Happening {
    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::OnAir(OnAir { at, .. })
            | Self::Crossed { at, .. }
            | Self::Shelf { at, .. }
            | Self::Acted { at, .. } => *at,
        }
    }
}

/// The world.
#[derive(Debug, Clone)]
pub struct World {
    scenario: Scenario,
    walkways: Walkways,
    outline: Polygon<f64>,
    radio: Radio,
    people: Vec<Person>,
    shoppers: Vec<Shopper>,
    carried: Vec<Option<Carried>>,
    inside: Vec<bool>,
    withdraw_at: Timestamp,
    truth: Truth,
    now: Timestamp,
    ticks: u64,
}

impl World {
    /// A world that begins at `start`, before anybody has come in.
    ///
    /// # Panics
    /// Never: a shop that was read has at least one floor.
    #[must_use]
    pub fn new(scenario: Scenario, seed: u64, start: Timestamp) -> Self {
        let chance = Chance::root(seed);
        let floor = scenario.shop.floors.first().expect("a shop that was read has a floor").clone();
        let figures = scenario.radio.clone();
        let people = person::everybody(&scenario.people, &scenario.habits, PREFIX, &chance.branch("people", 0));
        let shopper =
            |p: &Person| Shopper::new(p.inclination, &scenario, chance.branch("shopper", p.id.0 as u64), start);
        let carries =
            |p: &Person| Carried::of(p, &scenario.shop.tags, &figures, chance.branch("carried", p.id.0 as u64), start);
        let radio = Radio::new(figures.clone(), &floor, &scenario.shop.receivers, &chance.branch("radio", 0));
        let withdraw_after = chance
            .branch("withdraw", 0)
            .draws()
            .millis(scenario.people.withdraws_after_s, scenario.people.withdraws_after_s);
        Self {
            walkways: Walkways::new(&floor),
            outline: floor.outline,
            radio,
            shoppers: people.iter().map(shopper).collect(),
            carried: people.iter().map(carries).collect(),
            inside: vec![false; people.len()],
            withdraw_at: start + withdraw_after,
            truth: Truth::new(&scenario.shop, people.len()),
            people,
            scenario,
            now: start,
            ticks: 0,
        }
    }

    /// Goes on to `now` in whole ticks, and tells what happened, in order.
    pub fn step(&mut self, now: Timestamp) -> Vec<Happening> {
        let mut happened = Vec::new();
        while self.now + TICK <= now {
            self.now = self.now + TICK;
            self.ticks += 1;
            let first = happened.len();
            self.tick(&mut happened);
            happened[first..].sort_by_key(Happening::at);
        }
        happened
    }

    /// The time until which the world has gone on.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The scenario, with the shop.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Everybody, by number.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// What really happened.
    #[must_use]
    pub const fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Gives a person's phone the key and prefix that a server chose for it.
    pub fn set_air(&mut self, person: PersonId, air: AirKey, prefix: [u8; 4]) {
        if let Some(person) = self.people.get_mut(person.0) {
            person.air = air;
            person.prefix = prefix;
        }
    }

    /// Shows an offer to a person, who makes up the mind about it in the seconds that follow.
    pub fn told(&mut self, person: PersonId, decision: DecisionId, offer: &OfferId) {
        let product = self.scenario.shop.offer(offer).and_then(|offer| offer.product.clone());
        let (Some(product), Some(shopper)) = (product, self.shoppers.get_mut(person.0)) else { return };
        shopper.told(decision, &product, self.now);
    }

    /// What a perfect gateway would make of a frame: one sighting per receiver, without windows, delay or loss.
    ///
    /// For tests that drive the core on virtual time; unknown senders get a pseudonym from their address.
    #[must_use]
    pub fn sightings(&self, on_air: &OnAir) -> Vec<Sighting> {
        let shop = &self.scenario.shop;
        let own: Vec<[u8; 16]> = shop.tags.iter().filter_map(Tag::uuid_bytes).collect();
        let frame = wire::ble::frame::decode(&on_air.bytes).best();
        let mut address = [0; 8];
        address[2..].copy_from_slice(&on_air.address.bytes);
        let stranger = Transmitter::Anonymous(Pseudonym(u64::from_be_bytes(address)));
        let prefix = self.people[on_air.person.0].prefix;
        let transmitter = frame.and_then(|frame| frame.known(prefix, &own)).unwrap_or(stranger);
        let sighting = |reception: &Reception| Sighting {
            receiver: shop.receivers[reception.receiver].id.clone(),
            transmitter: transmitter.clone(),
            at: on_air.at,
            window: Millis::ZERO,
            count: 1,
            rssi: RssiSummary { mean: dbm(reception), min: dbm(reception), max: dbm(reception), variance: None },
            power_at_1m: frame.and_then(|frame| frame.power_at_1m()),
        };
        on_air.heard.iter().map(sighting).collect()
    }

    fn tick(&mut self, happened: &mut Vec<Happening>) {
        self.withdraw(happened);
        for number in 0..self.people.len() {
            self.walk(PersonId(number), happened);
        }
        if self.ticks % LISTEN_EVERY == 1 {
            self.radio.listen(&self.on_the_air());
        }
        let places: Vec<Point> = self.present().map(|number| self.shoppers[number].place).collect();
        for number in 0..self.people.len() {
            self.transmit(number, &places, happened);
        }
    }

    /// Who sends now, with its frames per second.
    fn on_the_air(&self) -> Vec<(Sender, f64)> {
        let sends = |number: usize| {
            let (carried, shopper) = (self.carried[number].as_ref()?, &self.shoppers[number]);
            let sender = Sender { at: shopper.place, heading: Some(shopper.heading), offset_db: carried.offset_db };
            Some((sender, carried.frames_per_s(&self.people[number])))
        };
        self.present().filter_map(sends).collect()
    }

    fn present(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.people.len()).filter(|number| !self.shoppers[*number].is_away())
    }

    fn withdraw(&mut self, happened: &mut Vec<Happening>) {
        if self.now - TICK < self.withdraw_at && self.withdraw_at <= self.now {
            for person in self.people.iter_mut().filter(|p| p.kind == Kind::AppWithdraws) {
                person.consent = Consent::default();
                happened.push(Happening::Acted { at: self.now, person: person.id, act: Act::Withdrew });
            }
        }
    }

    fn walk(&mut self, id: PersonId, happened: &mut Vec<Happening>) {
        let at = self.now;
        let around = Surroundings { scenario: &self.scenario, walkways: &self.walkways };
        let did = self.shoppers[id.0].step(at, TICK, around);
        self.cross(id, happened);
        if self.inside[id.0] && self.ticks.is_multiple_of(TRACK_EVERY) {
            self.truth.stood(id, at, self.shoppers[id.0].place);
        }
        for deed in did {
            match deed {
                Did::Act(act) => {
                    self.truth.sums.purchases += u64::from(matches!(act, Act::Purchased(_)));
                    happened.push(Happening::Acted { at, person: id, act });
                }
                Did::Took(product) => happened.extend(self.shelf(at, product, -1)),
                Did::PutBack(product) => happened.extend(self.shelf(at, product, 1)),
            }
        }
    }

    fn cross(&mut self, id: PersonId, happened: &mut Vec<Happening>) {
        let place = self.shoppers[id.0].place;
        let inside = !self.shoppers[id.0].is_away() && self.outline.contains(&geo::Point::new(place.x, place.y));
        if inside == self.inside[id.0] {
            return;
        }
        self.inside[id.0] = inside;
        if inside {
            self.truth.came_in(id, self.now);
            self.truth.stood(id, self.now, place);
        } else {
            self.truth.went_out(id, self.now);
        }
        happened.push(Happening::Crossed { at: self.now, person: id, entered: inside });
    }

    fn shelf(&mut self, at: Timestamp, product: ProductId, items: i32) -> Option<Happening> {
        let watches = |s: &&Sensor| s.kind == SensorKind::Shelf && s.product.as_ref() == Some(&product);
        let sensor = self.scenario.shop.sensors.iter().find(watches)?.id.clone();
        if items < 0 {
            self.truth.sums.taken += 1;
        } else {
            self.truth.sums.put_back += 1;
        }
        Some(Happening::Shelf { at, sensor, product, items })
    }

    fn transmit(&mut self, number: usize, places: &[Point], happened: &mut Vec<Happening>) {
        let Some(carried) = self.carried[number].as_mut() else { return };
        let shopper = &self.shoppers[number];
        while carried.next_at <= self.now {
            if shopper.is_away() {
                carried.skip();
                continue;
            }
            let at = carried.next_at;
            let sender = Sender { at: shopper.place, heading: Some(shopper.heading), offset_db: carried.offset_db };
            for advert in carried.advertise(&self.people[number]) {
                let heard = self.radio.send(sender, places, &mut carried.draws);
                self.truth.sums.frames += 1;
                for reception in &heard {
                    self.truth.sums.heard[reception.receiver] += 1;
                }
                let person = PersonId(number);
                let source = carried.source.clone();
                let on_air = OnAir { at, person, source, address: advert.address, bytes: advert.bytes, heard };
                happened.push(Happening::OnAir(on_air));
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "whole dBm between -110 and -20")]
fn dbm(reception: &Reception) -> Dbm {
    Dbm(reception.rssi as f32)
}

#[cfg(test)]
mod tests;

//! What a person carries that sends: a phone with or without the app's rolling id, or a cart with a tag.

use std::sync::Arc;

use model::ids::TagId;
use model::shop::Tag;
use model::time::{Millis, Timestamp};
use wire::ble::address::{Address, AddressKind};
use wire::ble::ibeacon::IBeacon;
use wire::ble::{eddystone, rolling};

use crate::chance::{Chance, Draws};
use crate::person::{Kind, Person};
use crate::scenario::RadioFigures;

/// Eddystone gives its power at 0 m, which is so much more than at 1 m.
const POWER_0M_OVER_1M: i8 = 41;

/// What sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A phone.
    Phone,
    /// A tag of the store.
    Tag(TagId),
}

/// An advertisement ready to go on the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advert {
    pub(crate) address: Address,
    pub(crate) bytes: Arc<[u8]>,
}

/// Something that sends.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    pub(crate) source: Source,
    pub(crate) offset_db: f64,
    pub(crate) draws: Draws,
    pub(crate) next_at: Timestamp,
    interval: Millis,
    power_at_1m: i8,
    beacon: Option<IBeacon>,
    chance: Chance,
    /// After so long the phone changes its address, and how far into that time it began; with 0 it keeps the address.
    address_s: u32,
    phase_s: u32,
    events: u64,
}

impl Carried {
    /// What a person carries; none if nothing sends.
    pub(crate) fn of(
        person: &Person,
        tags: &[Tag],
        figures: &RadioFigures,
        chance: Chance,
        start: Timestamp,
    ) -> Option<Self> {
        let mut draws = chance.branch("maker", 0).draws();
        let power_at_1m = to_i8(figures.power_at_1m);
        let (source, beacon) = match person.kind {
            Kind::Cart(number) => {
                let tag = tags.get(number)?;
                let beacon =
                    IBeacon { uuid: tag.uuid_bytes()?, major: tag.major, minor: tag.minor, power: power_at_1m };
                (Source::Tag(tag.id.clone()), Some(beacon))
            }
            Kind::Silent => return None,
            Kind::AppFull
            | Kind::AppWithdraws
            | Kind::AppNoPush
            | Kind::AppProfileOnly
            | Kind::AppNoConsent
            | Kind::Anonymous => (Source::Phone, None),
        };
        let rate = match source {
            Source::Phone => draws.between(figures.adverts_per_s[0], figures.adverts_per_s[1]),
            Source::Tag(_) => figures.cart_adverts_per_s,
        };
        let interval = draws.millis(1.0 / rate, 1.0 / rate);
        Some(Self {
            source,
            offset_db: draws.between(figures.device_offset_db[0], figures.device_offset_db[1]),
            next_at: start + draws.millis(0.0, interval.as_seconds()),
            interval,
            power_at_1m,
            beacon,
            address_s: figures.address_s,
            phase_s: u32::try_from(draws.below(figures.address_s as usize)).unwrap_or(0),
            events: 0,
            draws: chance.branch("air", 0).draws(),
            chance,
        })
    }

    /// Frames per second, on the air all the time.
    pub(crate) fn frames_per_s(&self, person: &Person) -> f64 {
        let frames = if self.beacon.is_none() && sends_id(person) { 1.5 } else { 1.0 };
        frames / self.interval.as_seconds()
    }

    /// Lets an advertising event pass unsent.
    pub(crate) fn skip(&mut self) {
        self.next_at = self.next_at + self.interval;
    }

    /// The frames of the advertising event at `next_at`, and sets the next one.
    pub(crate) fn advertise(&mut self, person: &Person) -> Vec<Advert> {
        let seconds = rolling::seconds(self.next_at);
        self.events += 1;
        // The standard asks for up to 10 ms of jitter, so that two senders do not collide for ever.
        self.next_at = self.next_at + self.interval + self.draws.millis(0.0, 0.010);
        if let Some(beacon) = self.beacon {
            let address = self.address(u64::MAX, AddressKind::Public);
            return vec![Advert { address, bytes: beacon.to_advertisement().into() }];
        }
        if sends_id(person) {
            return self.rolling(person, seconds);
        }
        vec![self.nameless(seconds)]
    }

    /// The rolling id as an iBeacon, and every second time also as an Eddystone-EID, from an address that changes when
    /// the id does, and also when the phone's system has it change: no address joins two ids.
    fn rolling(&self, person: &Person, seconds: u32) -> Vec<Advert> {
        let id = rolling::rolling_id(&person.air, person.prefix, seconds);
        let slots = u64::from(rolling::slot(seconds)) << 24 | self.address_slot(seconds);
        let address = self.address(slots, AddressKind::Random);
        let ibeacon = rolling::to_ibeacon(id, self.power_at_1m).into();
        let mut adverts = vec![Advert { address, bytes: ibeacon }];
        if self.events.is_multiple_of(2) {
            let bytes = eddystone::eid_adv(id.eid, self.power_at_1m.saturating_add(POWER_0M_OVER_1M)).into();
            adverts.push(Advert { address, bytes });
        }
        adverts
    }

    /// What a phone without our app says: that it is a phone, from an address that changes from time to time.
    fn nameless(&self, seconds: u32) -> Advert {
        let slot = self.address_slot(seconds);
        let state: [u8; 5] = self.chance.branch("state", slot).draws().bytes();
        let mut bytes = vec![0x02, 0x01, 0x1a, 0x0a, 0xff, 0x4c, 0x00, 0x10, 0x05];
        bytes.extend_from_slice(&state);
        // Its slots must not meet those of the rolling id: after a withdrawal nothing may join both.
        Advert { address: self.address(slot | 1 << 60, AddressKind::Random), bytes: bytes.into() }
    }

    fn address_slot(&self, seconds: u32) -> u64 {
        u64::from(seconds.wrapping_add(self.phase_s).checked_div(self.address_s).unwrap_or(0))
    }

    fn address(&self, slot: u64, kind: AddressKind) -> Address {
        let mut bytes: [u8; 6] = self.chance.branch("address", slot).draws().bytes();
        // The two top bits of a random address tell that it is resolvable; a bought one has its group bits clear.
        bytes[0] = match kind {
            AddressKind::Random => bytes[0] & 0x3f | 0x40,
            AddressKind::Public | AddressKind::Unknown => bytes[0] & 0xfc,
        };
        Address { bytes, kind }
    }
}

/// Whether the person's phone sends the rolling id of the store's app.
const fn sends_id(person: &Person) -> bool {
    person.kind.has_app() && person.consent.locating
}

#[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest that fits")]
fn to_i8(value: f64) -> i8 {
    value.round().clamp(-127.0, 20.0) as i8
}

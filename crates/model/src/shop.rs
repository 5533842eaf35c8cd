//! A shop as its files declare it: `shop.toml` and `floor.geojson`, read and checked as one.

mod deciding;
mod geo_file;
mod toml_file;

use serde::{Deserialize, Serialize};

use crate::anchor::Advertised;
use crate::floor::{Floor, Passage, Point};
use crate::ids::{CategoryId, FloorId, OfferId, ProductId, ReceiverId, SegmentId, SensorId, StoreId, TagId, ZoneId};
use crate::offer::{Cap, Offer};
use crate::pattern::Pattern;
use crate::policy::Policy;
use crate::product::Product;
use crate::segment::Segment;
use crate::units::Cents;
use crate::zone::Zone;

/// The name of the file with everything but shapes.
pub const SHOP_FILE: &str = "shop.toml";
/// The name of the file with the shapes.
pub const FLOOR_FILE: &str = "floor.geojson";

/// One thing that is wrong with a shop's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{file}: {key}: {problem}; {fix}")]
pub struct ShopError {
    /// Which file.
    pub file: String,
    /// Where in it, such as `offer[2].product`.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

/// A fixed end of the radio, with its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// Its id; the name it reports under (ESPresense room, gateway name, MAC).
    pub id: ReceiverId,
    /// Its floor.
    pub floor: FloorId,
    /// Metres along the plan's width.
    pub x: f64,
    /// Metres along the plan's depth.
    pub y: f64,
    /// Height above the floor, in metres.
    #[serde(default = "receiver_height")]
    pub z: f64,
    /// What it sends itself: iBeacon numbers as `uuid-major-minor`, or `node:` and an ESPresense node's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advertises: Option<String>,
}

impl Receiver {
    /// Its place on the plan.
    #[must_use]
    pub const fn point(&self) -> Point {
        Point { x: self.x, y: self.y }
    }

    /// What it sends itself, if it was said and can be read.
    #[must_use]
    pub fn advertised(&self) -> Option<Advertised> {
        Advertised::parse(self.advertises.as_deref()?)
    }
}

const fn receiver_height() -> f64 {
    2.5
}

/// What a sensor is and how its numbers are to be read: never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensorKind {
    /// Counts people over a line; reports differences.
    CounterDelta,
    /// Counts people over a line; reports totals since its start.
    CounterCumulative,
    /// Reports how many people are in its field.
    CounterLevel,
    /// Reports whether somebody is there.
    Presence,
    /// Reports items taken from or put back on a shelf.
    Shelf,
}

/// Anything else that reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensor {
    /// Its id.
    pub id: SensorId,
    /// What it is.
    pub kind: SensorKind,
    /// The zone it watches.
    pub zone: ZoneId,
    /// The product on its shelf.
    #[serde(default)]
    pub product: Option<ProductId>,
}

/// A tag, cart or card of the store, by its iBeacon numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Its id.
    pub id: TagId,
    /// Its proximity UUID, 32 hexadecimal digits, dashes allowed.
    pub uuid: String,
    /// Its major number.
    pub major: u16,
    /// Its minor number.
    pub minor: u16,
    /// Worn by staff: left out of every shopper figure.
    #[serde(default)]
    pub staff: bool,
}

impl Tag {
    /// The 16 bytes of the UUID; none if it is not 32 hexadecimal digits.
    #[must_use]
    pub fn uuid_bytes(&self) -> Option<[u8; 16]> {
        let digits: String = self.uuid.chars().filter(|c| *c != '-').collect();
        hex::decode(digits).ok()?.try_into().ok()
    }
}

/// From when to when nothing is said, in the store's local time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// `HH:MM`, the first quiet minute.
    pub from: String,
    /// `HH:MM`, the first minute that is not quiet any more; may be on the next day.
    pub to: String,
}

/// The store and the limits of its figures and decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Its id.
    pub id: StoreId,
    /// Its name.
    pub name: String,
    /// Its IANA time zone, such as `Europe/Rome`.
    pub timezone: String,
    /// ISO 4217 code of its currency.
    #[serde(default = "euro")]
    pub currency: String,
    /// When nothing is said.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// Share of customers kept without offers, 0 to 0.5.
    #[serde(default = "holdout_default")]
    pub holdout: f64,
    /// Share of customers decided on without people's weights and pins, so that their lift can be measured, 0 to 0.5.
    #[serde(default = "words_aside_default")]
    pub words_aside: f64,
    /// The shortest time between two offers to one customer, in seconds.
    #[serde(default = "pause_default")]
    pub pause_s: u32,
    /// How often one customer may be told, over all offers.
    #[serde(default = "cap_default")]
    pub cap: Cap,
    /// A stay of this many seconds in a zone is a dwell.
    #[serde(default = "dwell_default")]
    pub dwell_s: u32,
    /// A visit ends after this many seconds of silence.
    #[serde(default = "gap_default")]
    pub gap_s: u32,
    /// Shorter visits than this many seconds are not counted.
    #[serde(default = "visit_default")]
    pub visit_min_s: u32,
    /// What a customer's attention costs, in cents.
    #[serde(default = "attention_default")]
    pub attention: Cents,
    /// How often one customer may be told about a category or a brand.
    #[serde(default)]
    pub caps: Vec<TopicCap>,
    /// For so many days after a complaint nothing is promoted.
    #[serde(default = "complaint_default")]
    pub complaint_pause_days: u32,
    /// Nothing is said to those who stand at the till.
    #[serde(default = "yes")]
    pub till_silent: bool,
    /// Nothing is promised for ever: an offer without an end is refused.
    #[serde(default)]
    pub offers_must_end: bool,
}

/// How often one customer may be told about a category or a brand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicCap {
    /// The category; or else `brand`.
    #[serde(default)]
    pub category: Option<CategoryId>,
    /// The brand.
    #[serde(default)]
    pub brand: Option<String>,
    /// At most so many times.
    pub times: u32,
    /// In a sliding window of so many hours.
    pub hours: u32,
}

fn euro() -> String {
    "EUR".into()
}
const fn holdout_default() -> f64 {
    0.1
}
const fn words_aside_default() -> f64 {
    0.1
}
const fn pause_default() -> u32 {
    120
}
const fn cap_default() -> Cap {
    Cap { times: 5, hours: 24 }
}
const fn dwell_default() -> u32 {
    8
}
const fn gap_default() -> u32 {
    900
}
const fn visit_default() -> u32 {
    60
}
const fn complaint_default() -> u32 {
    7
}
const fn yes() -> bool {
    true
}
const fn attention_default() -> Cents {
    Cents(5)
}

/// A whole shop, checked: every id is unique and every reference has its target.
#[derive(Debug, Clone, PartialEq)]
pub struct Shop {
    /// The store and its limits.
    pub store: Store,
    /// Its floors, lowest first.
    pub floors: Vec<Floor>,
    /// Ways between the floors.
    pub passages: Vec<Passage>,
    /// Its receivers.
    pub receivers: Vec<Receiver>,
    /// Fixed beacons that phones hear.
    pub beacons: Vec<Receiver>,
    /// Its sensors.
    pub sensors: Vec<Sensor>,
    /// Its own tags.
    pub tags: Vec<Tag>,
    /// Its products.
    pub products: Vec<Product>,
    /// Its offers, in the order of the file.
    pub offers: Vec<Offer>,
    /// Its declared moments; [`Pattern::usual`] when the file has none.
    pub patterns: Vec<Pattern>,
    /// Its groups of customers, the first that fits counts.
    pub segments: Vec<Segment>,
    /// How it decides.
    pub policy: Policy,
}

impl Shop {
    /// The share of customers who may be told an offer: those who are neither kept from all offers nor from this one.
    #[must_use]
    pub fn told_share(&self, offer: &Offer) -> f64 {
        (1.0 - self.store.holdout) * (1.0 - offer.control)
    }

    /// Reads and checks both files. All that is wrong is said at once.
    ///
    /// # Errors
    /// Every [`ShopError`] found, in the order of the files.
    pub fn parse(shop_toml: &str, floor_geojson: &str) -> Result<Self, Vec<ShopError>> {
        toml_file::parse(shop_toml, floor_geojson)
    }

    /// Every zone of every floor.
    pub fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.floors.iter().flat_map(|floor| &floor.zones)
    }

    /// The zone with this id.
    #[must_use]
    pub fn zone(&self, id: &ZoneId) -> Option<&Zone> {
        self.zones().find(|zone| zone.id == *id)
    }

    /// Every transmitter with a known place, and which receiver or beacon it is. A receiver that says nothing else sends, if
    /// anything, as an ESPresense node of its own name.
    pub fn anchors(&self) -> impl Iterator<Item = (Advertised, &Receiver)> {
        let node = |receiver: &Receiver| Advertised::node(receiver.id.as_str());
        let receivers = self
            .receivers
            .iter()
            .map(move |receiver| (receiver.advertised().unwrap_or_else(|| node(receiver)), receiver));
        receivers.chain(self.beacons.iter().filter_map(|beacon| Some((beacon.advertised()?, beacon))))
    }

    /// The product with this id.
    #[must_use]
    pub fn product(&self, id: &ProductId) -> Option<&Product> {
        self.products.iter().find(|product| product.id == *id)
    }

    /// How many units of an offer's budget are kept from a customer: for every segment before theirs that it is said to.
    #[must_use]
    pub fn kept_from(&self, segment: Option<&SegmentId>, offer: &Offer) -> u64 {
        let budget = offer.budget.unwrap_or(0);
        let before = self.segments.iter().take_while(|known| Some(&known.id) != segment);
        let told = before.filter(|known| offer.segments.is_empty() || offer.segments.contains(&known.id));
        told.map(|known| known.units_of(budget)).sum::<u64>().min(budget)
    }

    /// The offer with this id.
    #[must_use]
    pub fn offer(&self, id: &OfferId) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.id == *id)
    }

    /// The zones where an offer may be said: its own list, or else where its product or its category stands.
    #[must_use]
    pub fn offer_zones(&self, offer: &Offer) -> Vec<ZoneId> {
        if !offer.zones.is_empty() {
            return offer.zones.clone();
        }
        let mut zones: Vec<ZoneId> =
            self.products.iter().filter(|product| offer.is_about(product)).map(|p| p.zone.clone()).collect();
        zones.sort();
        zones.dedup();
        zones
    }

    /// Whether any product belongs to the category.
    #[must_use]
    pub fn has_category(&self, category: &CategoryId) -> bool {
        self.products.iter().any(|p| p.category == *category)
    }
}

#[cfg(test)]
mod tests;

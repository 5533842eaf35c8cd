//! `shop.toml`: everything but the shapes, and the checks that join both files.

use std::collections::BTreeSet;
use std::fmt::Display;

use geo::{Distance, Euclidean};
use jiff::civil::Time;
use serde::Deserialize;

use super::{QuietHours, Receiver, SHOP_FILE, Sensor, SensorKind, Shop, ShopError, Store, Tag, deciding, geo_file};
use crate::anchor::Advertised;
use crate::floor::Floor;
use crate::offer::Offer;
use crate::pattern::Pattern;
use crate::policy::Policy;
use crate::product::Product;
use crate::segment::Segment;

/// Most entries of one kind.
const ENTRIES_MAX: usize = 10_000;
/// So far a receiver or a beacon may lie outside its floor, in metres: they hang on walls, also on the other side.
const RECEIVER_OUTSIDE_MAX: f64 = 1.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    store: Store,
    #[serde(default)]
    receiver: Vec<Receiver>,
    #[serde(default)]
    beacon: Vec<Receiver>,
    #[serde(default)]
    sensor: Vec<Sensor>,
    #[serde(default)]
    tag: Vec<Tag>,
    #[serde(default)]
    product: Vec<Product>,
    #[serde(default)]
    offer: Vec<Offer>,
    #[serde(default)]
    moment: Option<Vec<Pattern>>,
    #[serde(default)]
    segment: Vec<Segment>,
    #[serde(default)]
    policy: Policy,
}

pub(super) fn parse(shop_toml: &str, floor_geojson: &str) -> Result<Shop, Vec<ShopError>> {
    let mut errors = Vec::new();
    let (floors, passages) = geo_file::parse(floor_geojson, &mut errors);
    let file: File = match toml::from_str(shop_toml) {
        Ok(file) => file,
        Err(cause) => {
            errors.insert(0, syntax_error(shop_toml, &cause));
            return Err(errors);
        }
    };
    let shop = Shop {
        store: file.store,
        floors,
        passages,
        receivers: file.receiver,
        beacons: file.beacon,
        sensors: file.sensor,
        tags: file.tag,
        products: file.product,
        offers: file.offer,
        patterns: file.moment.unwrap_or_else(Pattern::usual),
        segments: file.segment,
        policy: file.policy,
    };
    Check { shop: &shop, errors: &mut errors }.all();
    errors.extend(deciding::check(&shop));
    if errors.is_empty() { Ok(shop) } else { Err(errors) }
}

fn syntax_error(text: &str, cause: &toml::de::Error) -> ShopError {
    let line = cause.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
    ShopError {
        file: SHOP_FILE.into(),
        key: format!("line {line}"),
        problem: cause.message().to_owned(),
        fix: "see the commented example in docs/shop.md".into(),
    }
}

struct Check<'a> {
    shop: &'a Shop,
    errors: &'a mut Vec<ShopError>,
}

impl Check<'_> {
    fn all(&mut self) {
        self.store();
        self.unique("receiver", self.shop.receivers.iter().chain(&self.shop.beacons).map(|r| &r.id));
        self.unique("sensor", self.shop.sensors.iter().map(|s| &s.id));
        self.unique("tag", self.shop.tags.iter().map(|t| &t.id));
        self.unique("product", self.shop.products.iter().map(|p| &p.id));
        self.unique("offer", self.shop.offers.iter().map(|o| &o.id));
        self.receivers("receiver", &self.shop.receivers);
        self.receivers("beacon", &self.shop.beacons);
        self.anchors();
        self.sensors();
        self.tags();
        self.products();
        self.offers();
    }

    fn say(&mut self, key: impl Display, problem: impl Display, fix: impl Display) {
        self.errors.push(ShopError {
            file: SHOP_FILE.into(),
            key: key.to_string(),
            problem: problem.to_string(),
            fix: fix.to_string(),
        });
    }

    fn store(&mut self) {
        let store = &self.shop.store;
        if jiff::tz::TimeZone::get(&store.timezone).is_err() {
            self.say(
                "store.timezone",
                format!("{:?} is not a time zone", store.timezone),
                "write an IANA name, such as \"Europe/Rome\"",
            );
        }
        if !(0.0..=0.5).contains(&store.holdout) {
            self.say(
                "store.holdout",
                "is outside 0 to 0.5",
                "write the share of customers kept without offers, such as 0.1",
            );
        }
        if !(0.0..=0.5).contains(&store.words_aside) {
            self.say(
                "store.words_aside",
                "is outside 0 to 0.5",
                "write the share of customers decided on without people's weights and pins, such as 0.1",
            );
        }
        if let Some(QuietHours { from, to }) = &store.quiet_hours {
            for (key, value) in [("store.quiet_hours.from", from), ("store.quiet_hours.to", to)] {
                if Time::strptime("%H:%M", value).is_err() {
                    self.say(key, format!("{value:?} is not a time"), "write HH:MM, such as \"20:30\"");
                }
            }
        }
        if store.cap.times == 0 || store.cap.hours == 0 {
            self.say("store.cap", "has a zero", "write how often one customer may be told in how many hours");
        }
        if store.gap_s < 60 {
            self.say("store.gap_s", "is below 60", "a visit ends after this many seconds of silence; 900 is usual");
        }
    }

    fn unique<'i, T: Ord + Display + 'i>(&mut self, kind: &str, ids: impl Iterator<Item = &'i T>) {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        for (index, id) in ids.enumerate() {
            count = index + 1;
            if !seen.insert(id) {
                self.say(format!("{kind}[{index}].id"), format!("{id} is there twice"), "give each an id of its own");
            }
        }
        if count > ENTRIES_MAX {
            self.say(kind, format!("has {count} entries"), format!("at most {ENTRIES_MAX} are allowed"));
        }
    }

    fn receivers(&mut self, kind: &str, receivers: &[Receiver]) {
        for (index, receiver) in receivers.iter().enumerate() {
            let key = format!("{kind}[{index}]");
            match self.shop.floors.iter().find(|floor| floor.id == receiver.floor) {
                Some(floor) => self.within(&key, receiver, floor),
                None => self.say(
                    format!("{key}.floor"),
                    format!("{} is not a floor of the plan", receiver.floor),
                    "name a floor of floor.geojson",
                ),
            }
            let places = [("x", receiver.x, 2_000.0), ("y", receiver.y, 2_000.0), ("z", receiver.z, 30.0)];
            for (axis, value, max) in places {
                if !value.is_finite() || value.abs() > max {
                    self.say(
                        format!("{key}.{axis}"),
                        format!("{value} is too large"),
                        "write metres from the floor's origin",
                    );
                }
            }
        }
    }

    /// What is sent is one thing's alone, and never also a tag's: a tag is somebody.
    fn anchors(&mut self) {
        for (kind, receivers) in [("receiver", &self.shop.receivers), ("beacon", &self.shop.beacons)] {
            for (index, receiver) in receivers.iter().enumerate() {
                if let Some(text) = &receiver.advertises
                    && receiver.advertised().is_none()
                {
                    self.say(
                        format!("{kind}[{index}].advertises"),
                        format!("{text:?} is no transmitter"),
                        "write \"uuid-major-minor\" of an iBeacon, or \"node:\" and the name of an ESPresense node",
                    );
                }
            }
        }
        let tag = |tag: &Tag| Some(Advertised { uuid: tag.uuid_bytes()?, major: tag.major, minor: tag.minor });
        let tags: BTreeSet<Advertised> = self.shop.tags.iter().filter_map(tag).collect();
        let mut seen = BTreeSet::new();
        for (advertised, receiver) in self.shop.anchors() {
            let key = format!("{}.advertises", receiver.id);
            if !seen.insert(advertised) {
                self.say(
                    key,
                    format!("{advertised} is sent by another one too"),
                    "give each transmitter numbers of its own",
                );
            } else if tags.contains(&advertised) {
                self.say(key, format!("{advertised} is a tag's"), "a tag moves: take one of the two out");
            }
        }
    }

    fn within(&mut self, key: &str, receiver: &Receiver, floor: &Floor) {
        let metres = Euclidean.distance(&geo::Point::new(receiver.x, receiver.y), &floor.outline);
        if metres > RECEIVER_OUTSIDE_MAX {
            let Receiver { id, x, y, .. } = receiver;
            self.say(
                format!("{key}.x"),
                format!("{id} at ({x:.1}, {y:.1}) lies {metres:.1} m outside the floor {}", floor.id),
                "write its place in metres from the floor's origin, or draw the outline larger",
            );
        }
    }

    fn sensors(&mut self) {
        for (index, sensor) in self.shop.sensors.iter().enumerate() {
            let key = format!("sensor[{index}]");
            if self.shop.zone(&sensor.zone).is_none() {
                self.say(
                    format!("{key}.zone"),
                    format!("{} is not a zone of the plan", sensor.zone),
                    "name a zone of floor.geojson",
                );
            }
            match (&sensor.kind, &sensor.product) {
                (SensorKind::Shelf, Some(product)) if self.shop.product(product).is_none() => {
                    self.say(
                        format!("{key}.product"),
                        format!("{product} is not a product"),
                        "name a product of this file",
                    );
                }
                (SensorKind::Shelf, None) => {
                    self.say(format!("{key}.product"), "is missing", "a shelf sensor watches one product: name it");
                }
                _ => {}
            }
        }
    }

    fn tags(&mut self) {
        for (index, tag) in self.shop.tags.iter().enumerate() {
            if tag.uuid_bytes().is_none() {
                self.say(
                    format!("tag[{index}].uuid"),
                    format!("{:?} is not a UUID", tag.uuid),
                    "write 32 hexadecimal digits",
                );
            }
        }
    }

    fn products(&mut self) {
        for (index, product) in self.shop.products.iter().enumerate() {
            let key = format!("product[{index}]");
            if self.shop.zone(&product.zone).is_none() {
                self.say(
                    format!("{key}.zone"),
                    format!("{} is not a zone of the plan", product.zone),
                    "name a zone of floor.geojson",
                );
            }
            if product.price.0 < 0 || product.margin.0 < 0 || product.margin > product.price {
                self.say(
                    format!("{key}.margin"),
                    "is not between 0 and the price",
                    "write what the shop earns on it, in cents",
                );
            }
        }
    }

    fn offers(&mut self) {
        for (index, offer) in self.shop.offers.iter().enumerate() {
            self.offer(&format!("offer[{index}]"), offer);
        }
    }

    fn offer(&mut self, key: &str, offer: &Offer) {
        match (&offer.product, &offer.category) {
            (Some(product), None) if self.shop.product(product).is_none() => {
                self.say(
                    format!("{key}.product"),
                    format!("{product} is not a product"),
                    "name a product of this file",
                );
            }
            (None, Some(category)) if !self.shop.has_category(category) => {
                self.say(
                    format!("{key}.category"),
                    format!("{category} has no product"),
                    "name a category of a product",
                );
            }
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) | (Some(_), Some(_)) => {
                self.say(key, "is about no product and no category, or about both", "write either product or category");
            }
        }
        for zone in &offer.zones {
            if self.shop.zone(zone).is_none() {
                self.say(
                    format!("{key}.zones"),
                    format!("{zone} is not a zone of the plan"),
                    "name zones of floor.geojson",
                );
            }
        }
        if offer.content.is_empty() {
            self.say(
                format!("{key}.content"),
                "is empty",
                "write [offer.content.en] or [offer.content.it] with title and body",
            );
        }
        for text in offer.content.values() {
            if text.title.trim().is_empty() || text.title.chars().count() > 80 || text.body.chars().count() > 240 {
                self.say(
                    format!("{key}.content"),
                    "has an empty title or is too long",
                    "title 1 to 80 characters, body at most 240",
                );
            }
        }
        if !(0.0..=1.0).contains(&offer.intent_min) {
            self.say(format!("{key}.intent_min"), "is outside 0 to 1", "write the least interest, such as 0.3");
        }
        if offer.cap.times == 0 || offer.cap.hours == 0 {
            self.say(
                format!("{key}.cap"),
                "has a zero",
                "write how often in how many hours; pause the offer with paused = true",
            );
        }
        if !(10..=3_600).contains(&offer.lifetime_s) {
            self.say(
                format!("{key}.lifetime_s"),
                "is outside 10 to 3600",
                "a late offer is a wrong offer: 300 is usual",
            );
        }
        if let (Some(starts), Some(ends)) = (offer.starts, offer.ends)
            && starts >= ends
        {
            self.say(format!("{key}.ends"), "is not after starts", "swap them");
        }
        if offer.discount.0 < 0 {
            self.say(format!("{key}.discount"), "is negative", "write what the customer saves, in cents");
        }
    }
}

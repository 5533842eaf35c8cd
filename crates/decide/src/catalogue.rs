//! A shop, prepared once for many decisions: who stands where, which products an offer is about, rules compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use jiff::tz::TimeZone;
use model::ids::{CategoryId, OfferId, ProductId, ZoneId};
use model::offer::Offer;
use model::product::Product;
use model::shop::Shop;
use model::time::{Millis, Timestamp};
use model::zone::{Zone, ZoneKind};

use crate::gates::quiet_hours;
use crate::local;
use crate::rule::{Rule, RuleError};

/// A floor up or down is as far as so many metres on one's own. A house prior.
const FLOOR_M: f32 = 20.0;

/// What is known of one offer beside what its file says.
#[derive(Debug)]
struct Entry {
    products: Vec<usize>,
    zones: Vec<ZoneId>,
    category: Option<CategoryId>,
    brand: Option<String>,
    topic: Topic,
}

/// The places of a category and of a brand, in the order of their names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) category: Option<usize>,
    pub(crate) brand: Option<usize>,
}

/// Every category and brand that anything here is about, each with its place.
#[derive(Debug, Default)]
struct Topics {
    categories: BTreeMap<CategoryId, usize>,
    brands: BTreeMap<String, usize>,
}

/// A shop, prepared once. It is read like the shop itself.
#[derive(Debug)]
pub struct Catalogue {
    shop: Arc<Shop>,
    timezone: TimeZone,
    entries: Vec<Entry>,
    by_zone: BTreeMap<ZoneId, Vec<usize>>,
    offers: BTreeMap<OfferId, usize>,
    products: BTreeMap<ProductId, usize>,
    topics: Topics,
    product_topics: Vec<Topic>,
    kinds: BTreeMap<ZoneId, ZoneKind>,
    /// From each zone: how far it is to what each offer is about, in metres.
    ways: BTreeMap<ZoneId, Vec<Option<f32>>>,
    rules: Vec<Option<Result<Rule, RuleError>>>,
    segment_rules: Vec<Result<Rule, RuleError>>,
}

impl Catalogue {
    /// Prepares a shop.
    #[must_use]
    pub fn new(shop: Arc<Shop>) -> Self {
        let products: BTreeMap<_, _> = shop.products.iter().enumerate().map(|(n, p)| (p.id.clone(), n)).collect();
        let mut by_category: BTreeMap<&CategoryId, Vec<usize>> = BTreeMap::new();
        for (index, product) in shop.products.iter().enumerate() {
            by_category.entry(&product.category).or_default().push(index);
        }
        let mut entries: Vec<Entry> = shop.offers.iter().map(|o| entry(&shop, &products, &by_category, o)).collect();
        let topics = Topics::new(&shop, &entries);
        for entry in &mut entries {
            entry.topic = topics.of(entry.category.as_ref(), entry.brand.as_deref());
        }
        let mut by_zone: BTreeMap<ZoneId, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for zone in &entry.zones {
                by_zone.entry(zone.clone()).or_default().push(index);
            }
        }
        Self {
            timezone: TimeZone::get(&shop.store.timezone).unwrap_or(TimeZone::UTC),
            offers: shop.offers.iter().enumerate().map(|(index, offer)| (offer.id.clone(), index)).collect(),
            rules: shop.offers.iter().map(|offer| offer.rule.as_deref().map(Rule::compile)).collect(),
            segment_rules: shop.segments.iter().map(|segment| Rule::compile(&segment.rule)).collect(),
            product_topics: shop.products.iter().map(|p| topics.of(Some(&p.category), p.brand.as_deref())).collect(),
            topics,
            ways: ways(&shop, &entries),
            kinds: shop.zones().map(|zone| (zone.id.clone(), zone.kind)).collect(),
            entries,
            by_zone,
            products,
            shop,
        }
    }

    /// The shop.
    #[must_use]
    pub const fn shop(&self) -> &Arc<Shop> {
        &self.shop
    }

    /// The store's clock.
    #[must_use]
    pub const fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    /// How much of the time between two moments the store is not quiet, by its own clock.
    #[must_use]
    pub fn awake(&self, from: Timestamp, to: Timestamp) -> Millis {
        let quiet = self.shop.store.quiet_hours.as_ref();
        Millis(quiet_hours::awake_ms(quiet, local::wall_ms(&self.timezone, from), local::wall_ms(&self.timezone, to)))
    }

    /// The offer with this id.
    #[must_use]
    pub fn offer(&self, id: &OfferId) -> Option<&Offer> {
        self.index_of(id).map(|index| &self.shop.offers[index])
    }

    /// Where an offer is in the catalogue.
    #[must_use]
    pub fn index_of(&self, id: &OfferId) -> Option<usize> {
        self.offers.get(id).copied()
    }

    /// The product with this id.
    #[must_use]
    pub fn product(&self, id: &ProductId) -> Option<&Product> {
        self.products.get(id).map(|index| &self.shop.products[*index])
    }

    /// The offers that may be said in a zone, in the order of the catalogue.
    #[must_use]
    pub fn offers_in(&self, zone: &ZoneId) -> &[usize] {
        self.by_zone.get(zone).map_or(&[], Vec::as_slice)
    }

    /// The products that an offer is about, in the order of the catalogue, as places in [`Shop::products`].
    #[must_use]
    pub fn products_of(&self, offer: usize) -> &[usize] {
        self.entries.get(offer).map_or(&[], |entry| entry.products.as_slice())
    }

    /// The zones where an offer may be said.
    #[must_use]
    pub fn zones_of(&self, offer: usize) -> &[ZoneId] {
        self.entries.get(offer).map_or(&[], |entry| entry.zones.as_slice())
    }

    /// The category of what an offer is about.
    #[must_use]
    pub fn category_of(&self, offer: usize) -> Option<&CategoryId> {
        self.entries.get(offer)?.category.as_ref()
    }

    /// The brand of what an offer is about.
    #[must_use]
    pub fn brand_of(&self, offer: usize) -> Option<&str> {
        self.entries.get(offer)?.brand.as_deref()
    }

    /// The places of the category and the brand of what an offer is about.
    pub(crate) fn topic_of(&self, offer: usize) -> Topic {
        self.entries[offer].topic
    }

    /// The same of a product, by its place.
    pub(crate) fn topic_of_product(&self, product: usize) -> Topic {
        self.product_topics[product]
    }

    /// The place of a product in [`Shop::products`].
    pub(crate) fn place_of(&self, product: &ProductId) -> Option<usize> {
        self.products.get(product).copied()
    }

    /// The places of these names, as far as anything here is about them.
    pub(crate) fn topic_named(&self, category: Option<&CategoryId>, brand: Option<&str>) -> Topic {
        self.topics.of(category, brand)
    }

    /// How many categories and how many brands there are.
    pub(crate) fn topics_len(&self) -> (usize, usize) {
        (self.topics.categories.len(), self.topics.brands.len())
    }

    /// The rule of an offer; an error when it does not compile, which refuses the offer.
    #[must_use]
    pub fn rule_of(&self, offer: usize) -> Option<&Result<Rule, RuleError>> {
        self.rules.get(offer)?.as_ref()
    }

    /// The rules of the segments, in their order.
    pub fn segment_rules(&self) -> &[Result<Rule, RuleError>] {
        &self.segment_rules
    }

    /// How far it is from a zone to what each offer is about, in metres, in the order of the catalogue; 0 where it
    /// stands. None from a zone that is not on the plan.
    #[must_use]
    pub fn ways_from(&self, zone: &ZoneId) -> Option<&[Option<f32>]> {
        self.ways.get(zone).map(Vec::as_slice)
    }

    /// What a zone is for; none when it is not on the plan.
    #[must_use]
    pub fn kind_of(&self, zone: &ZoneId) -> Option<ZoneKind> {
        self.kinds.get(zone).copied()
    }
}

impl Topics {
    fn new(shop: &Shop, entries: &[Entry]) -> Self {
        let products = || shop.products.iter();
        let categories: BTreeSet<&CategoryId> =
            products().map(|p| &p.category).chain(entries.iter().filter_map(|entry| entry.category.as_ref())).collect();
        let brands: BTreeSet<&String> = products()
            .filter_map(|p| p.brand.as_ref())
            .chain(entries.iter().filter_map(|e| e.brand.as_ref()))
            .collect();
        Self {
            categories: categories.into_iter().cloned().zip(0..).collect(),
            brands: brands.into_iter().cloned().zip(0..).collect(),
        }
    }

    fn of(&self, category: Option<&CategoryId>, brand: Option<&str>) -> Topic {
        Topic {
            category: category.and_then(|id| self.categories.get(id)).copied(),
            brand: brand.and_then(|name| self.brands.get(name)).copied(),
        }
    }
}

fn entry(
    shop: &Shop,
    by_id: &BTreeMap<ProductId, usize>,
    by_category: &BTreeMap<&CategoryId, Vec<usize>>,
    offer: &Offer,
) -> Entry {
    let products: Vec<usize> = match (&offer.product, &offer.category) {
        (Some(id), _) => by_id.get(id).copied().into_iter().collect(),
        (None, Some(category)) => by_category.get(category).cloned().unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    let about = |index: &usize| &shop.products[*index];
    let zones: BTreeSet<&ZoneId> = if offer.zones.is_empty() {
        products.iter().map(|index| &about(index).zone).collect()
    } else {
        offer.zones.iter().collect()
    };
    let one = offer.product.as_ref().and(products.first()).map(about);
    Entry {
        zones: zones.into_iter().cloned().collect(),
        category: one.map(|product| product.category.clone()).or_else(|| offer.category.clone()),
        brand: offer.brand.clone().or_else(|| one.and_then(|product| product.brand.clone())),
        topic: Topic::default(),
        products,
    }
}

/// From each zone of the plan, the way to the nearest place where something stands that each offer is about.
fn ways(shop: &Shop, entries: &[Entry]) -> BTreeMap<ZoneId, Vec<Option<f32>>> {
    let about: Vec<BTreeSet<&ZoneId>> = entries
        .iter()
        .map(|entry| entry.products.iter().map(|product| &shop.products[*product].zone).collect())
        .collect();
    let shelves: BTreeSet<&ZoneId> = about.iter().flatten().copied().collect();
    let from = |zone: &Zone| {
        let there = shelves.iter().filter_map(|id| shop.zone(id));
        let metres: BTreeMap<&ZoneId, f32> = there.map(|there| (&there.id, way(shop, zone, there))).collect();
        let nearest =
            |zones: &BTreeSet<&ZoneId>| zones.iter().filter_map(|id| metres.get(*id)).copied().reduce(f32::min);
        (zone.id.clone(), about.iter().map(nearest).collect())
    };
    shop.zones().map(from).collect()
}

/// The way from one zone to another, in metres; the straight gap on a floor, and [`FLOOR_M`] for each floor between them.
fn way(shop: &Shop, from: &Zone, to: &Zone) -> f32 {
    let level = |zone: &Zone| shop.floors.iter().find(|floor| floor.id == zone.floor).map_or(0, |floor| floor.level);
    #[expect(clippy::cast_possible_truncation, reason = "a shop is small")]
    let gap = from.metres_to(to).map(|metres| metres as f32);
    #[expect(clippy::cast_precision_loss, reason = "few shops have 16 million floors")]
    gap.unwrap_or_else(|| FLOOR_M * level(from).abs_diff(level(to)).max(1) as f32)
}

impl Deref for Catalogue {
    type Target = Shop;
    fn deref(&self) -> &Shop {
        &self.shop
    }
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shop, &other.shop) || self.shop == other.shop
    }
}

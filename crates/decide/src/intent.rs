//! Intent: how much a customer wants a product or a category now. It fades with time, each interest at its own pace.
//!
//! Every touch leaves evidence that halves in its half-life; intent is `1 - exp(-evidence)`, so it stays within 0 to 1.
//! What was wanted is set aside by a purchase and comes back with a return.

use std::collections::BTreeMap;

use model::event::Interest;
use model::ids::{CategoryId, ProductId};
use model::time::{Millis, Timestamp};
use model::units::Probability;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;

mod because;
mod form;
mod wants;

pub(crate) use wants::Wants;

/// Most products, and most categories, kept per customer; the least wanted is forgotten first.
pub const TOPICS_MAX: usize = 256;

/// Evidence of one interest stops growing at so many fresh touches.
///
/// With it and a half-life of one day, a year of viewing every day until yesterday never outweighs one view today.
pub const TOUCHES_MAX: f64 = 2.0;

/// Share of a category's other evidence that counts for one product of it.
///
/// A house prior: one look at another wine must not pass the usual threshold of 0.3, two must.
pub const SPILL: f64 = 0.25;

/// Share of a brand's other evidence that counts for one product of it. A house prior, below the category's.
pub const BRAND_SPILL: f64 = 0.1;
/// Longer names of brands are not kept.
pub const BRAND_LEN_MAX: usize = 64;

/// What a touch weighs and how fast it fades.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Evidence of one fresh touch.
    pub weight: f64,
    /// After this long it counts half.
    pub half_life: Millis,
}

/// The pace of each interest.
///
/// House priors, to be replaced by what outcomes teach. They are set so that: one view today passes the usual
/// threshold of 0.3 today and tomorrow, and no later (0.59, 0.36, 0.20); being listed never does by itself; a cart
/// outlives a view; a wish, or "more like this", lasts for weeks and weighs less than a view today; a product lifted
/// from the shelf counts most, and for the length of a visit. Taking out of the cart, or off the wish list, undoes
/// putting in.
#[must_use]
pub const fn pace(interest: Interest) -> Pace {
    const DAY: i64 = 24;
    let (weight, half_life) = match interest {
        Interest::Listed => (0.15, Millis::hours(12)),
        Interest::Viewed => (0.9, Millis::hours(DAY)),
        Interest::Added => (1.6, Millis::hours(3 * DAY)),
        Interest::Removed => (-1.6, Millis::hours(3 * DAY)),
        Interest::Wished | Interest::MoreWanted => (0.8, Millis::hours(14 * DAY)),
        Interest::Unwished => (-0.8, Millis::hours(14 * DAY)),
        Interest::Shared => (0.6, Millis::hours(7 * DAY)),
        Interest::PickedUp => (2.0, Millis::minutes(30)),
        Interest::PutBack => (-2.0, Millis::minutes(30)),
    };
    Pace { weight, half_life }
}

/// The share that is left after a time, with a half-life in seconds; all of it when the time is negative.
fn left_after(age: Millis, half_life: f64) -> f64 {
    (-age.as_seconds().max(0.0) / half_life).exp2()
}

/// Evidence of one interest, as it was at one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Trace {
    amount: f64,
    at: Timestamp,
}

/// Evidence of every interest in one topic.
#[derive(Debug, Clone, Default, PartialEq)]
struct Evidence(BTreeMap<Interest, Trace>);

impl Evidence {
    fn touch(&mut self, interest: Interest, part: f64, at: Timestamp) {
        self.add(interest, Trace { amount: pace(interest).weight * part, at });
    }

    fn add(&mut self, interest: Interest, new: Trace) {
        let Pace { weight, half_life } = pace(interest);
        let old = self.0.get(&interest).copied().unwrap_or(Trace { amount: 0.0, at: new.at });
        let at = old.at.max(new.at);
        let left = |trace: Trace| trace.amount * left_after(at.since(trace.at), half_life.as_seconds());
        let amount = left(old) + left(new);
        let most = TOUCHES_MAX * weight.abs();
        self.0.insert(interest, Trace { amount: amount.clamp(-most, most), at });
    }

    fn join(&mut self, other: Self) {
        for (interest, trace) in other.0 {
            self.add(interest, trace);
        }
    }

    /// The sum, with the half-lives of a policy where it has its own.
    fn sum(&self, now: Timestamp, half_life_h: &BTreeMap<Interest, f64>) -> f64 {
        let amounts = self.0.iter().map(|(interest, trace)| {
            let declared = half_life_h.get(interest).map(|hours| hours * 3_600.0);
            let half_life = declared.unwrap_or_else(|| pace(*interest).half_life.as_seconds());
            trace.amount * left_after(now.since(trace.at), half_life)
        });
        amounts.sum::<f64>().max(0.0)
    }
}

/// What is known of one topic.
#[derive(Debug, Clone, Default, PartialEq)]
struct Topic {
    /// Of a product: its category.
    category: Option<CategoryId>,
    /// What counts.
    evidence: Evidence,
    /// What a purchase turned off, kept for a return.
    set_aside: Evidence,
    /// When it was last bought.
    bought: Option<Timestamp>,
}

impl Topic {
    fn touch(&mut self, interest: Interest, part: f64, at: Timestamp) {
        // An event that comes late and is older than the purchase is what the purchase has answered.
        let answered = self.bought.is_some_and(|bought| at <= bought);
        if answered { self.set_aside.touch(interest, part, at) } else { self.evidence.touch(interest, part, at) }
    }

    fn buy(&mut self, at: Timestamp) {
        let (answered, open) = self.evidence.0.iter().partition(|(_, trace)| trace.at <= at);
        self.set_aside.join(Evidence(answered));
        self.evidence = Evidence(open);
        self.bought = self.bought.max(Some(at));
    }

    fn give_back(&mut self) {
        let set_aside = std::mem::take(&mut self.set_aside);
        self.evidence.join(set_aside);
        self.bought = None;
    }

    /// When it was last touched or bought.
    fn newest(&self) -> Timestamp {
        let touched = self.evidence.0.values().chain(self.set_aside.0.values()).map(|trace| trace.at).max();
        touched.max(self.bought).unwrap_or_default()
    }

    /// A purchase under either name answers what was wanted before it under both.
    fn absorb(&mut self, other: Self) {
        self.category = self.category.take().or(other.category);
        self.evidence.join(other.evidence);
        self.set_aside.join(other.set_aside);
        if let Some(bought) = self.bought.max(other.bought) {
            self.buy(bought);
        }
    }

    fn weight(&self, now: Timestamp) -> f64 {
        let sum = |evidence: &Evidence| evidence.sum(now, &BTreeMap::new());
        sum(&self.evidence).max(sum(&self.set_aside))
    }
}

/// How much a customer wants what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    products: BTreeMap<ProductId, Topic>,
    categories: BTreeMap<CategoryId, Topic>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    brands: BTreeMap<String, Topic>,
}

/// One touch of a product, a category or a brand.
#[derive(Debug, Clone, Copy)]
pub struct Touch<'a> {
    /// How it was touched.
    pub interest: Interest,
    /// The product, when known.
    pub product: Option<&'a ProductId>,
    /// Its category, or the category that was touched.
    pub category: Option<&'a CategoryId>,
    /// Its brand, or the brand that was touched.
    pub brand: Option<&'a str>,
    /// When.
    pub at: Timestamp,
    /// Belief that it was this customer.
    pub probability: Probability,
}

impl Intent {
    /// Takes in that a product, or else a category, was touched.
    pub fn touch(
        &mut self,
        interest: Interest,
        product: Option<&ProductId>,
        category: Option<&CategoryId>,
        at: Timestamp,
    ) {
        self.take(&Touch { interest, product, category, brand: None, at, probability: Probability::ONE });
    }

    /// Takes in a touch, as far as it is believed: of the product, or else of the category, and of the brand.
    pub fn take(&mut self, touch: &Touch<'_>) {
        let Touch { interest, at, probability, .. } = *touch;
        let part = probability.get();
        match (touch.product, touch.category) {
            (Some(product), category) => {
                let topic = topic_of(&mut self.products, product, at);
                topic.category = category.cloned().or(topic.category.take());
                topic.touch(interest, part, at);
            }
            (None, Some(category)) => topic_of(&mut self.categories, category, at).touch(interest, part, at),
            (None, None) => {}
        }
        if let Some(brand) = touch.brand.filter(|brand| brand.len() <= BRAND_LEN_MAX) {
            topic_of(&mut self.brands, &brand.to_owned(), at).touch(interest, part, at);
        }
    }

    /// How much everything is wanted at a time, found once for many questions. `half_life_h` overrides the house's paces
    /// from the last touch on.
    #[must_use]
    pub fn level(&self, now: Timestamp, half_life_h: &BTreeMap<Interest, f64>) -> Level<'_> {
        let mut level = Level::default();
        for (id, topic) in &self.products {
            let own = topic.evidence.sum(now, half_life_h);
            if let Some(category) = &topic.category {
                *level.categories.entry(category).or_default() += own;
            }
            level
                .products
                .insert(id, Own { evidence: own, bought: topic.bought.is_some(), category: topic.category.as_ref() });
        }
        for (id, topic) in &self.categories {
            *level.categories.entry(id).or_default() += topic.evidence.sum(now, half_life_h);
        }
        for (name, topic) in &self.brands {
            level.brands.insert(name, topic.evidence.sum(now, half_life_h));
        }
        level
    }

    /// Takes in a purchase: what was wanted of the product, and of its category in general, is answered.
    pub fn buy(&mut self, product: &ProductId, category: Option<&CategoryId>, at: Timestamp) {
        let topic = topic_of(&mut self.products, product, at);
        topic.category = category.cloned().or(topic.category.take());
        topic.buy(at);
        if let Some(general) = topic.category.clone().and_then(|category| self.categories.get_mut(&category)) {
            general.buy(at);
        }
    }

    /// Takes in a return: what the purchase had answered is open again.
    pub fn give_back(&mut self, product: &ProductId) {
        let Some(topic) = self.products.get_mut(product) else { return };
        topic.give_back();
        if let Some(general) = topic.category.clone().and_then(|category| self.categories.get_mut(&category)) {
            general.give_back();
        }
    }

    /// Takes in what the same person wanted under another name.
    pub fn absorb(&mut self, other: Self) {
        for (product, topic) in other.products {
            let newest = topic.newest();
            topic_of(&mut self.products, &product, newest).absorb(topic);
        }
        for (category, topic) in other.categories {
            let newest = topic.newest();
            topic_of(&mut self.categories, &category, newest).absorb(topic);
        }
        for (brand, topic) in other.brands {
            let newest = topic.newest();
            topic_of(&mut self.brands, &brand, newest).absorb(topic);
        }
    }

    /// Intent towards a product of a category, 0 to 1, by the house's paces.
    #[must_use]
    pub fn product(&self, product: &ProductId, category: Option<&CategoryId>, now: Timestamp) -> f64 {
        self.level(now, &BTreeMap::new()).product(product, category, None)
    }

    /// Intent towards a category, 0 to 1, by the house's paces.
    #[must_use]
    pub fn category(&self, category: &CategoryId, now: Timestamp) -> f64 {
        self.level(now, &BTreeMap::new()).category(category)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.products.is_empty() && self.categories.is_empty()
    }

    /// How many topics are kept; at most twice [`TOPICS_MAX`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.products.len() + self.categories.len()
    }
}

/// What is wanted of one product.
#[derive(Debug, Clone, Copy)]
struct Own<'a> {
    evidence: f64,
    bought: bool,
    category: Option<&'a CategoryId>,
}

/// How much everything is wanted at one time.
#[derive(Debug, Clone, Default)]
pub struct Level<'a> {
    products: BTreeMap<&'a ProductId, Own<'a>>,
    categories: BTreeMap<&'a CategoryId, f64>,
    brands: BTreeMap<&'a str, f64>,
}

impl Level<'_> {
    /// Intent towards what an offer is about, 0 to 1.
    #[must_use]
    pub fn towards(&self, catalogue: &Catalogue, offer: usize) -> f64 {
        let declared = &catalogue.offers[offer];
        match (&declared.product, &declared.category) {
            (Some(product), _) => self.product(product, catalogue.category_of(offer), catalogue.brand_of(offer)),
            (None, Some(category)) => self.category(category),
            (None, None) => 0.0,
        }
    }

    /// Intent towards a category, 0 to 1.
    #[must_use]
    pub fn category(&self, category: &CategoryId) -> f64 {
        saturate(self.categories.get(category).copied().unwrap_or(0.0))
    }

    /// Intent towards a product of a category and a brand, 0 to 1.
    #[must_use]
    pub fn product(&self, product: &ProductId, category: Option<&CategoryId>, brand: Option<&str>) -> f64 {
        let known = self.products.get(product);
        let own = known.map_or(0.0, |known| known.evidence);
        if known.is_some_and(|known| known.bought) {
            // Once it is bought, looking at its neighbours says nothing about it any more.
            return saturate(own);
        }
        let all = category.and_then(|category| self.categories.get(category)).copied().unwrap_or(0.0);
        let counted = if known.is_some_and(|known| known.category == category) { own } else { 0.0 };
        // What was touched of the brand beside this product.
        let brand = brand.and_then(|brand| self.brands.get(brand)).map_or(0.0, |brand| (brand - own).max(0.0));
        saturate(own + SPILL * (all - counted).max(0.0) + BRAND_SPILL * brand)
    }
}

/// Evidence as a number from 0 to 1.
fn saturate(evidence: f64) -> f64 {
    -(-evidence).exp_m1()
}

/// The topic to write to. At the bound the least wanted other one makes room.
fn topic_of<'a, Id: Ord + Clone>(topics: &'a mut BTreeMap<Id, Topic>, id: &Id, now: Timestamp) -> &'a mut Topic {
    if topics.len() >= TOPICS_MAX && !topics.contains_key(id) {
        let weights = topics.iter().map(|(id, topic)| (topic.weight(now), id));
        let least = weights.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, id)| id.clone());
        least.map(|id| topics.remove(&id));
    }
    topics.entry(id.clone()).or_default()
}

#[cfg(test)]
mod tests;

//! Rates of yes, each leaning on its parent's: offer, category, store, chain.

use std::collections::BTreeMap;

use model::decision::Belief;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Config, kept};
use crate::special::{logit, trigamma, widening};

/// Rates are kept within this, so that log-odds stay finite.
pub const RATE_RANGE: [f64; 2] = [1e-6, 1.0 - 1e-6];

/// Whose rate an example starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<'a> {
    /// The offer.
    pub offer: &'a str,
    /// The category it is about; empty if none.
    pub category: &'a str,
    /// The store.
    pub store: &'a str,
}

/// What one level has seen, as far as it is not forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) hits: f64,
    pub(super) views: f64,
    pub(super) at: Timestamp,
}

impl Node {
    fn add(&mut self, hits: f64, views: f64, forget: f64, now: Timestamp) {
        let kept = kept(forget, self.at, now);
        self.views = self.views.mul_add(kept, views);
        self.hits = self.hits.mul_add(kept, hits).min(self.views);
        self.at = self.at.max(now);
    }

    /// Parameters of the Beta belief, given the parent's rate.
    fn beta(&self, parent: f64, pseudo_views: f64) -> (f64, f64) {
        (parent.mul_add(pseudo_views, self.hits), (1.0 - parent).mul_add(pseudo_views, self.views - self.hits))
    }

    fn rate(&self, parent: f64, pseudo_views: f64) -> f64 {
        let (a, b) = self.beta(parent, pseudo_views);
        (a / (a + b)).clamp(RATE_RANGE[0], RATE_RANGE[1])
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoreRates {
    pub(super) node: Node,
    pub(super) categories: BTreeMap<String, Node>,
    pub(super) offers: BTreeMap<String, Node>,
}

/// All levels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rates {
    pub(super) chain: Node,
    pub(super) stores: BTreeMap<String, StoreRates>,
}

impl Rates {
    pub(super) const fn new() -> Self {
        Self { chain: Node { hits: 0.0, views: 0.0, at: Timestamp(0) }, stores: BTreeMap::new() }
    }

    /// What is believed of an offer's log-odds before anything of the moment is known.
    ///
    /// The spread is that of the Beta belief's log-odds; the mean is such that the expected chance is the Beta belief's. (Its
    /// own mean log-odds, with a normal tail, would promise three times the rate where little is seen and yes is rare.)
    pub(super) fn belief(&self, path: Path<'_>, config: &Config) -> Belief {
        let starts = self.starts(path.store, config);
        starts.belief(starts.parent(path.category), path.offer)
    }

    /// Where the offers of a store start from.
    pub(super) fn starts(&self, store: &str, config: &Config) -> Starts<'_> {
        let pseudo = config.pseudo_views;
        let store = self.stores.get(store);
        let chain = self.chain.rate(config.base_rate.clamp(RATE_RANGE[0], RATE_RANGE[1]), pseudo);
        let rate = store.map_or(Node::default(), |store| store.node).rate(chain, pseudo);
        Starts { store, rate, pseudo }
    }

    /// Keeps a part of all experience.
    pub(super) fn discount(&mut self, part: f64) {
        let mut less = |node: &mut Node| (node.hits, node.views) = (node.hits * part, node.views * part);
        less(&mut self.chain);
        for store in self.stores.values_mut() {
            less(&mut store.node);
            store.categories.values_mut().chain(store.offers.values_mut()).for_each(&mut less);
        }
    }

    /// Experience with one offer, which is experience of all levels above it.
    pub(super) fn add(&mut self, path: Path<'_>, hits: f64, views: f64, forget: f64, now: Timestamp) {
        self.chain.add(hits, views, forget, now);
        let store = entry(&mut self.stores, path.store);
        store.node.add(hits, views, forget, now);
        entry(&mut store.categories, path.category).add(hits, views, forget, now);
        entry(&mut store.offers, path.offer).add(hits, views, forget, now);
    }
}

/// Where the offers of one store start from, found once for many of them.
#[derive(Debug, Clone, Copy)]
pub struct Starts<'a> {
    store: Option<&'a StoreRates>,
    rate: f64,
    pseudo: f64,
}

impl Starts<'_> {
    /// The rate that the offers of a category lean on.
    #[must_use]
    pub fn parent(&self, category: &str) -> f64 {
        let category = self.store.and_then(|store| store.categories.get(category));
        category.copied().unwrap_or_default().rate(self.rate, self.pseudo)
    }

    /// What is believed of an offer's log-odds, given the rate that it leans on.
    #[must_use]
    pub fn belief(&self, parent: f64, offer: &str) -> Belief {
        let offer = self.store.and_then(|store| store.offers.get(offer));
        let (a, b) = offer.copied().unwrap_or_default().beta(parent, self.pseudo);
        let sd = (trigamma(a) + trigamma(b)).sqrt();
        let rate = (a / (a + b)).clamp(RATE_RANGE[0], RATE_RANGE[1]);
        Belief { mean: logit(rate) * widening(sd), sd }
    }
}

/// The entry of a name; allocates only for a new one.
pub(super) fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("it was just put there")
}

//! The chance that somebody says yes: online Bayesian logistic regression with a hierarchy in its intercept.
//!
//! What is known of a moment moves the log-odds by weights, each normal with its own precision (a diagonal Laplace
//! approximation, one step for each outcome). Where they start is a rate: that of the offer, leaning on its category's,
//! which leans on its store's, which leans on the chain's. So a new offer begins where its like are, unsure, and some tens
//! of outcomes move it.

pub mod rates;
pub mod rows;

use std::collections::{BTreeMap, BTreeSet};

use model::decision::{Belief, Block, Feature, Logit};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::special::{expected_chance, sigmoid};
use rates::Rates;
pub use rates::{Path, RATE_RANGE, Starts};
use rows::Key;
pub use rows::Row;

/// Features are told apart by so many bits of their names' hashes.
pub const BITS: u32 = 18;
/// A feature further from 0 than this counts as this far.
pub const VALUE_MAX: f64 = 100.0;
/// Milliseconds of a day.
const DAY_MS: f64 = 86_400_000.0;

/// The place of a feature among the weights: FNV-1a of its name, 64 bits folded to [`BITS`]. Stable for ever.
#[must_use]
pub fn index(feature: &str) -> u32 {
    let hash = feature
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let folded = hash ^ (hash >> BITS) ^ (hash >> (2 * BITS)) ^ (hash >> (3 * BITS));
    u32::try_from(folded & ((1 << BITS) - 1)).expect("masked to few bits")
}

/// How a model starts and how fast it forgets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// A level's own experience counts as much as its parent's after so many views.
    pub pseudo_views: f64,
    /// How surely a weight is taken for 0 before anything is seen: one over its variance.
    pub prior_precision: f64,
    /// So much of what was learnt is left after a day.
    pub forget: f64,
    /// The rate of yes in a chain of which nothing is known.
    pub base_rate: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { pseudo_views: 20.0, prior_precision: 10.0, forget: 0.999, base_rate: 0.05 }
    }
}

/// What a chance is asked about, and later taught with.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// Whose rate it starts from.
    pub path: Path<'a>,
    /// What is known of the moment; no constant among it, the rates are that.
    pub features: &'a [Feature],
}

/// What is believed of an example.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Opinion {
    /// Of the log-odds.
    pub belief: Belief,
    /// What of its mean comes from where; the sum is the mean.
    pub logit: Logit,
}

/// What is believed of the weight of one feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pull {
    mean: f64,
    precision: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Weight {
    mean: f64,
    precision: f64,
    at: Timestamp,
}

/// The model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    config: Config,
    version: u64,
    weights: BTreeMap<u32, Weight>,
    rates: Rates,
    #[serde(skip)]
    changed: BTreeSet<Key>,
}

impl Default for Logistic {
    fn default() -> Self {
        Self::new(Config::default())
    }
}

impl Logistic {
    /// A model that has seen nothing.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self { config, version: 0, weights: BTreeMap::new(), rates: Rates::new(), changed: BTreeSet::new() }
    }

    /// How it started and how fast it forgets.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Changes how fast it forgets from now on.
    pub const fn set_config(&mut self, config: Config) {
        self.config = config;
    }

    /// What is believed of an example.
    #[must_use]
    pub fn opinion(&self, example: &Example<'_>) -> Opinion {
        self.opinion_by(example, &self.pulls(example.features))
    }

    /// What is believed of the weights of features, to be found once for many examples that differ in values alone.
    #[must_use]
    pub fn pulls(&self, features: &[Feature]) -> Vec<Pull> {
        let unknown = Pull { mean: 0.0, precision: self.config.prior_precision };
        let weights = features.iter().map(|feature| self.weights.get(&index(&feature.name)));
        weights.map(|weight| weight.map_or(unknown, |w| Pull { mean: w.mean, precision: w.precision })).collect()
    }

    /// What is believed of an example, by the weights of its features in their order.
    #[must_use]
    pub fn opinion_by(&self, example: &Example<'_>, pulls: &[Pull]) -> Opinion {
        opinion_from(self.rates.belief(example.path, &self.config), example.features, pulls)
    }

    /// Where the offers of a store start from: to be found once for many of them.
    #[must_use]
    pub fn starts(&self, store: &str) -> Starts<'_> {
        self.rates.starts(store, &self.config)
    }

    /// The expected chance of a yes.
    #[must_use]
    pub fn chance(&self, example: &Example<'_>) -> f64 {
        let belief = self.opinion(example).belief;
        expected_chance(belief.mean, belief.sd)
    }

    /// An outcome: yes, or no when none came in time.
    pub fn teach(&mut self, example: &Example<'_>, yes: bool, now: Timestamp) {
        let chance = sigmoid(self.opinion(example).belief.mean);
        let surprise = if yes { 1.0 - chance } else { -chance };
        for (value, feature) in values(example.features) {
            let weight = self.weight(&feature.name, now);
            weight.precision += value * value * chance * (1.0 - chance);
            weight.mean += surprise * value / weight.precision;
        }
        self.rates.add(example.path, if yes { 1.0 } else { 0.0 }, 1.0, self.config.forget, now);
        self.taught(example.path);
    }

    /// A yes that came after the no had been taught: makes it as if the yes had been taught then.
    pub fn correct(&mut self, example: &Example<'_>, now: Timestamp) {
        for (value, feature) in values(example.features) {
            let weight = self.weight(&feature.name, now);
            weight.mean += value / weight.precision;
        }
        self.rates.add(example.path, 1.0, 0.0, self.config.forget, now);
        self.taught(example.path);
    }

    /// Keeps its opinions, but is only so sure of them as a part of its experience would make it; all of it is written
    /// again.
    pub fn discount(&mut self, part: f64) {
        for weight in self.weights.values_mut() {
            weight.precision = (weight.precision * part).max(self.config.prior_precision);
        }
        self.rates.discount(part);
        self.mark_all();
    }

    /// Counts up with everything taught.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// How many weights it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.weights.len()
    }

    /// The weight of a feature, forgotten up to now.
    fn weight(&mut self, feature: &str, now: Timestamp) -> &mut Weight {
        let (index, prior) = (index(feature), self.config.prior_precision);
        self.changed.insert(Key::Weight(index));
        let weight = self.weights.entry(index).or_insert(Weight { mean: 0.0, precision: prior, at: now });
        weight.precision = (weight.precision * kept(self.config.forget, weight.at, now)).max(prior);
        weight.at = weight.at.max(now);
        weight
    }

    fn taught(&mut self, path: Path<'_>) {
        self.version += 1;
        self.changed.insert(Key::Version);
        self.changed.extend(Key::of_path(path));
    }
}

/// What is believed of features by their weights, from what is believed before anything of the moment is known.
#[must_use]
pub fn opinion_from(start: Belief, features: &[Feature], pulls: &[Pull]) -> Opinion {
    let mut logit = Logit { offer: start.mean, ..Logit::default() };
    let mut variance = start.sd * start.sd;
    for (feature, pull) in features.iter().zip(pulls) {
        let Some(value) = usable(feature) else { continue };
        *part(&mut logit, feature.block) += pull.mean * value;
        variance += value * value / pull.precision;
    }
    Opinion { belief: Belief { mean: logit.sum(), sd: variance.sqrt() }, logit }
}

/// What is left of something learnt at `at`; all, when `now` is not later.
fn kept(forget: f64, at: Timestamp, now: Timestamp) -> f64 {
    let days = now.since(at).as_seconds() * 1_000.0 / DAY_MS;
    if days > 0.0 { forget.powf(days) } else { 1.0 }
}

/// The usable features with their values.
fn values(features: &[Feature]) -> impl Iterator<Item = (f64, &Feature)> {
    features.iter().filter_map(|feature| Some((usable(feature)?, feature)))
}

/// A value that says something, within its bounds.
fn usable(feature: &Feature) -> Option<f64> {
    let value = feature.value;
    (value.is_finite() && value != 0.0).then(|| value.clamp(-VALUE_MAX, VALUE_MAX))
}

const fn part(logit: &mut Logit, block: Block) -> &mut f64 {
    match block {
        Block::Offer => &mut logit.offer,
        Block::Micro => &mut logit.micro,
        Block::Relational => &mut logit.relational,
        Block::Personal => &mut logit.personal,
    }
}

#[cfg(test)]
mod tests;

//! A policy: everything of a decision that a person may tune. `[policy]` of `shop.toml`, or a file of its own for a
//! back-test.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Interest;
use crate::ids::{OfferId, PolicyId};
use crate::units::Cents;

/// How one of the offers that may be said is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choose {
    /// With the chance that it is the best, as far as is known.
    #[default]
    Thompson,
    /// The best.
    Best,
    /// The best, and now and then any.
    EpsilonGreedy,
    /// Any.
    Uniform,
}

/// A way to decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Its name; every decision carries it.
    pub id: PolicyId,
    /// How one of the offers is chosen.
    pub choose: Choose,
    /// Share of decisions that explore evenly, 0 to 0.5.
    pub epsilon: f64,
    /// Most arms that can be reached, silence among them, 2 to 64.
    pub arms_max: u32,
    /// What an offer must be worth to be said at all, in cents; none: the store's attention.
    pub reserve: Option<Cents>,
    /// What one fresh contact costs, in cents; none: the store's attention.
    pub fatigue: Option<f64>,
    /// At so many metres from its place an offer is worth 1/e.
    pub distance_m: f64,
    /// Half-lives of interests, in hours, where they differ from the house's.
    pub half_life_h: BTreeMap<Interest, f64>,
    /// A level's own experience counts as much as its parent's after so many views.
    pub pseudo_views: f64,
    /// For so many seconds after the offer an answer counts as its outcome.
    pub outcome_window_s: u32,
    /// So much of what was learnt is left after a day.
    pub forget: f64,
    /// Weights of offers, as a person's lever would set them.
    pub weight: BTreeMap<OfferId, f64>,
    /// Offers that are off.
    pub off: Vec<OfferId>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            id: PolicyId::new("house").expect("the word is a slug"),
            choose: Choose::Thompson,
            epsilon: 0.05,
            arms_max: 20,
            reserve: None,
            fatigue: None,
            distance_m: 10.0,
            half_life_h: BTreeMap::new(),
            pseudo_views: 20.0,
            outcome_window_s: 7_200,
            forget: 0.999,
            weight: BTreeMap::new(),
            off: Vec::new(),
        }
    }
}

/// A key of a policy that can't be used: what is wrong with it, and the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProblem {
    /// The key, such as `epsilon`.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

impl Policy {
    /// All that is wrong with it.
    #[must_use]
    pub fn problems(&self) -> Vec<PolicyProblem> {
        let mut found = Vec::new();
        let mut within = |key: String, value: f64, [least, most]: [f64; 2]| {
            if !(least..=most).contains(&value) {
                let (problem, fix) = (format!("{value} is out of range"), format!("write {least} to {most}"));
                found.push(PolicyProblem { key, problem, fix });
            }
        };
        within("epsilon".into(), self.epsilon, [0.0, 0.5]);
        within("arms_max".into(), f64::from(self.arms_max), [2.0, 64.0]);
        within("distance_m".into(), self.distance_m, [0.5, 1_000.0]);
        within("pseudo_views".into(), self.pseudo_views, [1.0, 10_000.0]);
        within("outcome_window_s".into(), f64::from(self.outcome_window_s), [60.0, 604_800.0]);
        within("forget".into(), self.forget, [0.5, 1.0]);
        if let Some(Cents(reserve)) = self.reserve {
            #[expect(clippy::cast_precision_loss, reason = "only the range is looked at")]
            within("reserve".into(), reserve as f64, [0.0, 1_000_000.0]);
        }
        if let Some(fatigue) = self.fatigue {
            within("fatigue".into(), fatigue, [0.0, 1_000_000.0]);
        }
        for (interest, hours) in &self.half_life_h {
            within(format!("half_life_h.{interest:?}"), *hours, [0.01, 8_760.0]);
        }
        for (offer, weight) in &self.weight {
            within(format!("weight.{offer}"), *weight, crate::offer::Lever::WEIGHT);
        }
        found
    }
}

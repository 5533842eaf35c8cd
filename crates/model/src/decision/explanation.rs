//! Why a decision is what it is: how every offer fared, in money, in chances and in words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::event::Interest;
use crate::ids::{OfferId, SegmentId};
use crate::units::{Cents, Probability};

/// The terms of an offer's score, in cents; `score` is their exact sum, and silence scores 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Expected gain if it is said: the chance that it is taken up times what is earned then.
    pub gain: f64,
    /// Discount given away to those who would buy anyway; never positive.
    pub giveaway: f64,
    /// What the moment adds or takes: how well it fits, and how sure the place is.
    pub context: f64,
    /// What a person's lever and the customer's segment add or take.
    pub lever: f64,
    /// What the way to the product takes; never raises a gain.
    pub distance: f64,
    /// What is held back so that the budget lasts; never raises a gain.
    pub pacing: f64,
    /// Price of being told often lately; never positive.
    pub fatigue: f64,
    /// The price of the customer's attention; never positive.
    pub attention: f64,
}

impl Terms {
    /// The score: the sum of the terms, in their order.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.gain
            + self.giveaway
            + self.context
            + self.lever
            + self.distance
            + self.pacing
            + self.fatigue
            + self.attention
    }
}

/// Which part of what is known a feature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// The offer itself.
    Offer,
    /// The moment: place, motion, company, hour.
    Micro,
    /// What has been between the shop and the customer.
    Relational,
    /// What the customer wants and has said.
    Personal,
}

/// Something that the model saw; its name is stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Of which block.
    pub block: Block,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
}

/// What is believed of a logit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Belief {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
}

/// The parts of a logit's mean, one for each block; they add up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Logit {
    /// The offer itself, with what is known of its kind.
    pub offer: f64,
    /// The moment.
    pub micro: f64,
    /// What has been.
    pub relational: f64,
    /// The customer.
    pub personal: f64,
}

impl Logit {
    /// The sum of the parts, in their order.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.offer + self.micro + self.relational + self.personal
    }
}

/// How one offer fared in a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which offer.
    pub offer: OfferId,
    /// The customer's intent towards it, 0 to 1.
    pub intent: f64,
    /// The first gate that refused it; none if all let it pass.
    pub refused: Option<Refusal>,
    /// What the gates after it would have refused as well, in their order; the others let it pass. The budget and the holdout
    /// are not asked then, nor any gate after one that refused for want of consent. None when no other was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<Vec<Refusal>>,
    /// Its score's terms; only when it passed, or when the holdout alone refused it.
    pub terms: Option<Terms>,
    /// The chance with which it is chosen; 0 when refused, but kept when the holdout alone refused it.
    pub propensity: Probability,
    /// What is believed of the chance that it is taken up, as a logit; when it was ranked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belief: Option<Belief>,
    /// Where that belief comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logit: Option<Logit>,
    /// Its worth in cents as the chance of an answer moves it: what a yes brings, and what it costs either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<[f64; 2]>,
    /// What the customer would save.
    #[serde(default)]
    pub discount: Cents,
    /// Whether the customer is kept without this offer, to measure what it changes.
    #[serde(default)]
    pub control: bool,
}

/// Why the decision is what it is: complete, for an offer and for silence alike.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The offers considered, in the order of the catalogue: all of them, or of many those that came furthest.
    pub candidates: Vec<Candidate>,
    /// How many more were refused and are not listed, by the code of the refusal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, u32>,
    /// What the model saw of the offer that was chosen, or of the best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    /// What it did not see because it was too old.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<String>,
    /// The customer's segment, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentId>,
    /// What the intent towards the chosen offer rests on most: how it was touched, and so where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Interest>,
    /// The chance with which silence was chosen.
    pub silence: Probability,
    /// One plain sentence in English.
    pub en: String,
    /// The same in Italian.
    pub it: String,
}

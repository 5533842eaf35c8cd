//! Why a decision is what it is: how each offer fared, in money and in chances, and what the model saw.

use learn::special::sigmoid;
use model::decision::{Belief, Block, Candidate, Decision, Feature, Logit, Refusal, Terms};
use model::ids::OfferId;
use model::shop::Shop;
use model::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Sentence;
use crate::live::{Live, to_rfc3339};

/// How one offer fared in a decision.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CandidateView {
    offer_id: String,
    /// Its title in both languages; its id when it is no longer in the shop's file.
    title: Sentence,
    intent: f64,
    /// The first gate that refused it: its code, and the facts it was taken on.
    #[schema(value_type = Option<Object>)]
    refused: Option<Value>,
    /// What the gates after it would have refused as well, in their order, in the same form; the others let it pass. `budget`
    /// and `holdout` are not asked then, nor any gate after `consent` has refused. Null when no other was asked.
    #[schema(value_type = Option<Vec<Object>>)]
    also: Option<Vec<Value>>,
    #[schema(value_type = Option<Object>)]
    terms: Option<Terms>,
    score: Option<f64>,
    propensity: f64,
    /// What is believed of the chance that it is taken up, when it was ranked.
    chance: Option<ChanceView>,
    /// What the customer would save, in cents.
    discount: i64,
    /// Whether the customer is kept without this offer, to measure what it changes.
    control: bool,
}

/// What is believed of a chance, and where that comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ChanceView {
    /// The likeliest chance, and from where to where it lies with 95 %.
    chance: f64,
    low: f64,
    high: f64,
    /// As a logit, with its standard deviation.
    mean: f64,
    sd: f64,
    /// The parts of the logit: the offer itself, the moment, what has been, the customer. They add up to the mean.
    #[schema(value_type = Option<Object>)]
    parts: Option<Logit>,
}

/// Something that the model saw.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FeatureView {
    /// `offer`, `micro` (the moment), `relational` (what has been) or `personal`.
    block: &'static str,
    name: String,
    value: f64,
}

impl From<&Feature> for FeatureView {
    fn from(feature: &Feature) -> Self {
        let block = match feature.block {
            Block::Offer => "offer",
            Block::Micro => "micro",
            Block::Relational => "relational",
            Block::Personal => "personal",
        };
        Self { block, name: feature.name.clone(), value: feature.value }
    }
}

/// How every offer fared in a decision.
#[must_use]
pub fn candidates(decision: &Decision, live: &Live) -> Vec<CandidateView> {
    let plan = live.plan(&decision.moment.store);
    decision.explanation.candidates.iter().map(|c| candidate(c, plan.as_deref())).collect()
}

/// How one fared.
pub(super) fn candidate(candidate: &Candidate, plan: Option<&Shop>) -> CandidateView {
    CandidateView {
        offer_id: candidate.offer.to_string(),
        title: title(&candidate.offer, plan),
        intent: candidate.intent,
        refused: candidate.refused.as_ref().map(refusal),
        also: candidate.also.as_ref().map(|also| also.iter().map(refusal).collect()),
        terms: candidate.terms,
        score: candidate.terms.map(|terms| terms.score()),
        propensity: candidate.propensity.get(),
        chance: candidate.belief.map(|belief| chance(belief, candidate.logit)),
        discount: candidate.discount.0,
        control: candidate.control,
    }
}

fn title(offer: &OfferId, plan: Option<&Shop>) -> Sentence {
    let known = plan.and_then(|plan| plan.offers.iter().find(|known| known.id == *offer));
    known.map_or_else(|| Sentence { en: offer.to_string(), it: offer.to_string() }, super::title)
}

fn chance(Belief { mean, sd }: Belief, parts: Option<Logit>) -> ChanceView {
    let low = sigmoid(mean - 1.96 * sd);
    ChanceView { chance: sigmoid(mean), low, high: sigmoid(mean + 1.96 * sd), mean, sd, parts }
}

/// A refusal with its facts; times inside become RFC 3339.
fn refusal(refusal: &Refusal) -> Value {
    let mut facts = serde_json::to_value(refusal).unwrap_or_default();
    for key in ["starts", "ends", "at", "last", "until"] {
        if let Some(at) = facts.get(key).and_then(Value::as_i64) {
            facts[key] = Value::String(to_rfc3339(Timestamp(at)));
        }
    }
    facts
}

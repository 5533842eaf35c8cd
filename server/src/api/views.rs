//! What decisions, offers and plans look like from outside.

pub mod fleet;
mod grounds;
mod why;

use std::collections::BTreeMap;

use model::decision::{Choice, Decision, Word};
use model::delivery::DeliveryState;
use model::ids::{CustomerId, StoreId};
use model::offer::{Language, Offer};
use model::outcome::{Outcome, OutcomeKind};
use model::shop::Shop;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub use grounds::GroundView;
pub use why::{CandidateView, ChanceView, FeatureView, candidates};

use super::json::Moment;
use crate::deliver::payload;
use crate::live::Live;
use crate::secret::ServerSecret;
use crate::store::{DecisionRow, ERASED, OfferRow};

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sentence {
    pub(super) en: String,
    pub(super) it: String,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutcomeView {
    kind: &'static str,
    at: Moment,
}

impl From<&Outcome> for OutcomeView {
    fn from(outcome: &Outcome) -> Self {
        Self { kind: outcome_name(outcome.kind), at: Moment(outcome.at) }
    }
}

/// An outcome's name.
pub const fn outcome_name(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Delivered => "delivered",
        OutcomeKind::Opened => "opened",
        OutcomeKind::Dismissed => "dismissed",
        OutcomeKind::Muted => "muted",
        OutcomeKind::Later => "later",
        OutcomeKind::More => "more",
        OutcomeKind::Visited => "visited",
        OutcomeKind::Redeemed => "redeemed",
        OutcomeKind::Purchased => "purchased",
        OutcomeKind::Expired => "expired",
    }
}

/// A decision, complete.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    id: String,
    at: Moment,
    store: String,
    zone: String,
    zone_name: String,
    /// A label for people to tell customers apart; not the customer's id.
    customer: String,
    trigger: &'static str,
    choice: &'static str,
    code: Option<String>,
    offer_id: Option<String>,
    offer_title: Option<String>,
    /// The declared pattern that fired, when one did.
    pattern: Option<String>,
    holdout: bool,
    /// Whether the customer is kept without the offer that was chosen, to measure it.
    control: bool,
    /// Whether the offer only runs in shadow.
    shadow: bool,
    propensity: f64,
    /// The chance with which silence was chosen.
    silence: f64,
    /// By which policy, and how many lessons the model had taken.
    policy: String,
    lessons: u64,
    /// Whether people's weights and pins are put aside for the customer, to measure what these bring.
    words_aside: bool,
    /// The weights and pins of the offers that might have been said.
    words: Vec<WordMetView>,
    /// Where its delivery stands; null when there is none.
    delivery: Option<&'static str>,
    /// Why its delivery was withheld, such as `stock`, `price` or `called-back`; only one decision alone tells it.
    withheld: Option<String>,
    sentence: Sentence,
    candidates: Vec<CandidateView>,
    /// How many more offers were refused and are not listed, by the code of the refusal.
    more: BTreeMap<String, u32>,
    /// The customer's segment, where it was asked for.
    segment: Option<String>,
    /// What the model saw of the offer that was chosen, or of the best.
    features: Vec<FeatureView>,
    /// What it did not see because it was too old.
    stale: Vec<String>,
    outcomes: Vec<OutcomeView>,
}

impl DecisionView {
    /// The same with why its delivery was withheld.
    #[must_use]
    pub fn withheld(self, code: Option<String>) -> Self {
        Self { withheld: code, ..self }
    }
}

/// A person's weight or pin of an offer that might have been said.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WordMetView {
    offer_id: String,
    weight: f64,
    pin: bool,
}

impl From<&Word> for WordMetView {
    fn from(word: &Word) -> Self {
        Self { offer_id: word.offer.to_string(), weight: word.weight, pin: word.pin }
    }
}

/// An offer, as the app shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferView {
    /// The decision's id.
    id: String,
    offer_id: String,
    title: String,
    body: String,
    zone: String,
    zone_name: String,
    decided_at: Moment,
    expires_at: Moment,
    /// The last that became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    reason: Sentence,
    /// The data of the customer's that it rests on.
    rests_on: Vec<GroundView>,
}

/// A decision as the dashboard sees it.
#[must_use]
pub fn decision(row: &DecisionRow, live: &Live, secret: &ServerSecret) -> DecisionView {
    let decision = &row.decision;
    let plan = live.plan(&decision.moment.store);
    let plan = plan.as_deref();
    let (choice, code, offer) = match &decision.choice {
        Choice::Offer { offer } => ("offer", None, Some(offer)),
        Choice::Silence { code } => ("silence", Some(code.clone()), None),
    };
    DecisionView {
        id: decision.id.to_string(),
        at: Moment(decision.moment.at),
        store: decision.moment.store.to_string(),
        zone: decision.moment.zone.to_string(),
        zone_name: zone_name(plan, decision.moment.zone.as_str()),
        customer: label(&decision.customer, secret),
        trigger: decision.moment.trigger.name(),
        choice,
        code,
        offer_id: offer.map(ToString::to_string),
        offer_title: offer.map(|offer| offer_title(plan, offer.as_str())),
        pattern: decision.moment.pattern.as_ref().map(ToString::to_string),
        holdout: decision.holdout,
        control: decision.control,
        shadow: decision.shadow,
        propensity: decision.propensity.get(),
        silence: decision.explanation.silence.get(),
        policy: decision.policy.to_string(),
        lessons: decision.model,
        words_aside: decision.words_aside,
        words: decision.words.iter().map(WordMetView::from).collect(),
        delivery: row.delivery.map(delivery_name),
        withheld: None,
        sentence: Sentence { en: decision.explanation.en.clone(), it: decision.explanation.it.clone() },
        candidates: decision.explanation.candidates.iter().map(|c| why::candidate(c, plan)).collect(),
        more: decision.explanation.more.clone(),
        segment: decision.explanation.segment.as_ref().map(ToString::to_string),
        features: decision.explanation.features.iter().map(FeatureView::from).collect(),
        stale: decision.explanation.stale.clone(),
        outcomes: row.outcomes.iter().map(OutcomeView::from).collect(),
    }
}

/// A code with its sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReasonView {
    code: String,
    en: String,
    it: String,
}

/// Why a decision is what it is: `offer`, or the code of its silence, with the sentence.
#[must_use]
pub fn reason(decision: &Decision) -> ReasonView {
    let code = match &decision.choice {
        Choice::Offer { .. } => "offer".to_owned(),
        Choice::Silence { code } => code.clone(),
    };
    ReasonView { code, en: decision.explanation.en.clone(), it: decision.explanation.it.clone() }
}

/// An offer as its customer sees it; none when it has no text.
#[must_use]
pub fn offer(row: &OfferRow, live: &Live, language: Option<Language>) -> Option<OfferView> {
    let delivery = &row.delivery;
    let text = payload::text(&delivery.content, language)?;
    let plan = live.plan(&delivery.store);
    Some(OfferView {
        id: delivery.decision.to_string(),
        offer_id: delivery.offer.to_string(),
        title: text.title.clone(),
        body: text.body.clone(),
        zone: delivery.zone.to_string(),
        zone_name: zone_name(plan.as_deref(), delivery.zone.as_str()),
        decided_at: Moment(delivery.decided_at),
        expires_at: Moment(delivery.expires_at),
        outcome: row.outcomes.last().map(|outcome| outcome_name(outcome.kind)),
        reason: Sentence { en: row.explanation.en.clone(), it: row.explanation.it.clone() },
        rests_on: grounds::of(row, plan.as_deref()),
    })
}

/// "Customer 7f3a": the same for the same person, and no way back to the id.
fn label(customer: &CustomerId, secret: &ServerSecret) -> String {
    if customer.as_str() == ERASED {
        return "Erased customer".into();
    }
    format!("Customer {}", hex::encode(&secret.code("label", customer.as_str().as_bytes())[..2]))
}

fn zone_name(plan: Option<&Shop>, zone: &str) -> String {
    let found = plan.and_then(|plan| plan.zones().find(|z| z.id.as_str() == zone));
    found.map_or_else(|| zone.to_owned(), |zone| zone.name.clone())
}

/// An offer's title in both languages; its id where it has none.
pub(super) fn title(offer: &Offer) -> Sentence {
    let said = |language| payload::text(&offer.content, Some(language)).map(|text| text.title.clone());
    let [en, it] = [Language::En, Language::It].map(|language| said(language).unwrap_or_else(|| offer.id.to_string()));
    Sentence { en, it }
}

fn offer_title(plan: Option<&Shop>, offer: &str) -> String {
    let found = plan.and_then(|plan| plan.offers.iter().find(|o| o.id.as_str() == offer));
    found.and_then(|offer| payload::text(&offer.content, None)).map_or_else(|| offer.to_owned(), |t| t.title.clone())
}

const fn delivery_name(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Sending => "sending",
        DeliveryState::Sent => "sent",
        DeliveryState::Failed => "failed",
        DeliveryState::Expired => "expired",
        DeliveryState::Withheld => "withheld",
    }
}

/// The plan of a store, as the page draws it.
#[must_use]
pub fn plan(shop: &Shop) -> Value {
    let ring = |line: &geo::LineString<f64>| -> Vec<[f64; 2]> { line.coords().map(|c| [c.x, c.y]).collect() };
    let floors = shop.floors.iter().map(|floor| {
        let walls = floor.walls.iter().map(|w| serde_json::json!({"points": ring(&w.line), "lossDb": w.loss_db}));
        let zones = floor.zones.iter().map(|zone| {
            serde_json::json!({"id": zone.id, "name": zone.name, "kind": zone.kind, "reachM": zone.reach, "polygon": ring(zone.polygon.exterior())})
        });
        let obstacles = floor.obstacles.iter().map(|obstacle| {
            serde_json::json!({"polygon": ring(obstacle.polygon.exterior()), "lossDbM": obstacle.loss_db_m})
        });
        serde_json::json!({"id": floor.id, "name": floor.name, "level": floor.level,
            "outline": ring(floor.outline.exterior()), "walls": walls.collect::<Vec<_>>(),
            "obstacles": obstacles.collect::<Vec<_>>(), "zones": zones.collect::<Vec<_>>()})
    });
    let end = |(floor, at): &(model::ids::FloorId, model::floor::Point)| serde_json::json!({"floor": floor, "x": at.x, "y": at.y});
    let passages = shop.passages.iter().map(|passage| {
        let ends: Vec<Value> = passage.ends.iter().map(end).collect();
        serde_json::json!({"id": passage.id, "seconds": passage.seconds, "ends": ends})
    });
    let offer = |id: &model::ids::OfferId| offer_title(Some(shop), id.as_str());
    serde_json::json!({
        "store": {"id": shop.store.id, "name": shop.store.name, "timezone": shop.store.timezone},
        "floors": floors.collect::<Vec<_>>(),
        "passages": passages.collect::<Vec<_>>(),
        "receivers": shop.receivers.iter().map(|r| serde_json::json!({"id": r.id, "floor": r.floor, "x": r.x, "y": r.y, "z": r.z})).collect::<Vec<_>>(),
        "sensors": shop.sensors.iter().map(|s| serde_json::json!({"id": s.id, "kind": s.kind, "zone": s.zone})).collect::<Vec<_>>(),
        "products": shop.products.iter().map(|p| serde_json::json!({"id": p.id, "name": p.name, "zone": p.zone})).collect::<Vec<_>>(),
        "offers": shop.offers.iter().map(|o| serde_json::json!({"id": o.id, "title": offer(&o.id)})).collect::<Vec<_>>(),
    })
}

/// A store in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoreView {
    #[schema(value_type = String)]
    id: StoreId,
    name: String,
    timezone: String,
    currency: String,
}

impl From<&Shop> for StoreView {
    fn from(shop: &Shop) -> Self {
        let store = &shop.store;
        Self {
            id: store.id.clone(),
            name: store.name.clone(),
            timezone: store.timezone.clone(),
            currency: store.currency.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::decision::Refusal;

    #[test]
    fn the_page_tells_the_gates_in_the_order_in_which_they_are_asked() {
        let page = include_str!("../../web/src/explain.ts");
        let list = page.split_once("export const GATES = [").and_then(|(_, rest)| rest.split_once(']'));
        let gates: Vec<&str> = list.expect("the page has a list").0.split('"').skip(1).step_by(2).collect();
        assert_eq!(gates, Refusal::CODES);
    }
}

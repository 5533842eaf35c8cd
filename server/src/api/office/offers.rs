//! The offers of a store on one page: how far each is let out, what is left of it, what came of it, and who said what.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use engine::core::Epoch;
use model::ids::{OfferId, StoreId};
use model::offer::{Lever, Offer, Stage};
use model::shop::Shop;
use model::time::{Millis, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::lift::LiftView;
use super::stores;
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::json::Moment;
use crate::api::problem::Problem;
use crate::api::views::{self, Sentence};
use crate::store::{LeverRow, OfferFigures};

/// A budget, and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct BudgetView {
    total: u64,
    left: u64,
}

/// Another offer that promises something else about the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConflictView {
    offer_id: String,
    title: Sentence,
    /// What the customer saves there, in cents.
    discount: i64,
}

/// The last word that somebody said about an offer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WordView {
    weight: f64,
    pin: bool,
    ban: bool,
    approved: bool,
    /// Who; null while nobody said anything.
    by: Option<String>,
    at: Option<Moment>,
}

/// An offer of a store.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreOfferView {
    id: String,
    title: Sentence,
    /// The product or category that it is about, by its name.
    about: String,
    /// The names of the zones where it is said.
    zones: Vec<String>,
    /// `live`, `pilot`, `shadow`, `paused`, `soon`, `over`, `used-up`, `unapproved`, `banned`, `off` (by the policy) or
    /// `stopped` (it did harm).
    state: &'static str,
    /// The share of customers of a pilot.
    share: Option<f64>,
    /// When it was stopped because it did harm.
    stopped_at: Option<Moment>,
    starts: Option<Moment>,
    ends: Option<Moment>,
    /// What the customer saves, in cents; the least and the most when it is chosen within bounds.
    discount: [i64; 2],
    budget: Option<BudgetView>,
    /// The segments that it is for; empty: all.
    segments: Vec<String>,
    /// The share of customers who are kept without this offer.
    control: f64,
    /// What follows is counted since then: since its terms were last changed.
    since: Moment,
    told: u64,
    opened: u64,
    redeemed: u64,
    purchased: u64,
    kept_back: u64,
    /// Times that it would have been said in shadow.
    in_shadow: u64,
    word: WordView,
    conflicts: Vec<ConflictView>,
    lift: LiftView,
}

/// A declared group of customers; the first whose rule holds is a customer's.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SegmentView {
    id: String,
    rule: String,
    /// What is said to it is worth so many times as much.
    weight: f64,
}

/// The offers of a store, its segments in their order, and the share of customers who are never told anything.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OffersView {
    offers: Vec<StoreOfferView>,
    segments: Vec<SegmentView>,
    holdout: f64,
}

/// Lists the offers of a store, in the order of its file.
///
/// # Errors
/// 401 without a session or key, 404 for a store that is not known.
#[utoipa::path(get, path = "/api/v1/stores/{store}/offers", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("store" = String, Path)),
    responses((status = 200, body = OffersView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn list(State(api): State<Api>, _: Staff, Path(store): Path<String>) -> Result<Json<OffersView>, Problem> {
    let plan = stores::find(&api, &store)?;
    let known = Known::read(&api, &plan.store.id).await?;
    let clashes = decide::check::clashes(&plan);
    let conflicts = |n: usize| {
        let pair = clashes.iter().filter(move |(a, b)| *a == n || *b == n);
        pair.map(|(a, b)| conflict(&plan.offers[if *a == n { *b } else { *a }])).collect()
    };
    let offers = plan.offers.iter().enumerate().map(|(n, offer)| known.view(&plan, offer, conflicts(n))).collect();
    let segment = |segment: &model::segment::Segment| SegmentView {
        id: segment.id.to_string(),
        rule: segment.rule.clone(),
        weight: segment.weight,
    };
    let segments = plan.segments.iter().map(segment).collect();
    Ok(Json(OffersView { offers, segments, holdout: plan.store.holdout }))
}

/// What the store knows of all its offers.
struct Known {
    now: Timestamp,
    epochs: BTreeMap<OfferId, Epoch>,
    words: BTreeMap<OfferId, LeverRow>,
    given: BTreeMap<OfferId, u64>,
    figures: BTreeMap<(OfferId, u32), OfferFigures>,
}

impl Known {
    async fn read(api: &Api, store: &StoreId) -> Result<Self, Problem> {
        let database = &api.app.store;
        let epochs = database.epochs().await?.into_iter().filter(|epoch| epoch.store == *store);
        let words = database.levers().await?.into_iter().filter(|word| word.store == *store);
        Ok(Self {
            now: api.app.clock.now(),
            epochs: epochs.map(|epoch| (epoch.offer.clone(), epoch)).collect(),
            words: words.map(|word| (word.offer.clone(), word)).collect(),
            given: database.budgets_given(store).await?,
            figures: database.offer_figures(store).await?,
        })
    }

    fn view(&self, plan: &Shop, offer: &Offer, conflicts: Vec<ConflictView>) -> StoreOfferView {
        let epoch = self.epochs.get(&offer.id);
        let (number, since) = epoch.map_or((0, self.now - Millis::hours(24)), |epoch| (epoch.number, epoch.started));
        let figures = self.figures.get(&(offer.id.clone(), number)).copied().unwrap_or_default();
        let share = plan.told_share(offer);
        let least = offer.range.unwrap_or([offer.discount; 2]);
        StoreOfferView {
            id: offer.id.to_string(),
            title: views::title(offer),
            about: about(plan, offer),
            zones: plan.offer_zones(offer).iter().map(|id| zone(plan, id)).collect(),
            state: self.state(plan, offer),
            share: match offer.stage {
                Stage::Pilot { share, .. } => Some(share),
                Stage::Shadow | Stage::Live => None,
            },
            stopped_at: epoch.and_then(|epoch| epoch.stopped).map(Moment),
            starts: offer.starts.map(Moment),
            ends: offer.ends.map(Moment),
            discount: least.map(|cents| cents.0),
            budget: self.budget(offer),
            segments: offer.segments.iter().map(ToString::to_string).collect(),
            control: offer.control,
            since: Moment(since),
            told: figures.told,
            opened: figures.opened,
            redeemed: figures.redeemed,
            purchased: figures.purchased,
            kept_back: figures.kept_back,
            in_shadow: figures.shadow,
            word: self.word(offer),
            conflicts,
            lift: LiftView::of_counts(Moment(since), figures.treated, figures.control, share),
        }
    }

    /// The first that keeps it from being said, or else how far it is let out.
    fn state(&self, plan: &Shop, offer: &Offer) -> &'static str {
        let word = self.words.get(&offer.id).map(|word| word.lever).unwrap_or_default();
        if self.epochs.get(&offer.id).is_some_and(|epoch| epoch.stopped.is_some()) {
            "stopped"
        } else if word.ban {
            "banned"
        } else if plan.policy.off.contains(&offer.id) {
            "off"
        } else if !word.approved {
            "unapproved"
        } else if offer.paused {
            "paused"
        } else if offer.ends.is_some_and(|ends| ends <= self.now) {
            "over"
        } else if offer.starts.is_some_and(|starts| self.now < starts) {
            "soon"
        } else if self.budget(offer).is_some_and(|budget| budget.left == 0) {
            "used-up"
        } else {
            match offer.stage {
                Stage::Shadow => "shadow",
                Stage::Pilot { .. } => "pilot",
                Stage::Live => "live",
            }
        }
    }

    fn budget(&self, offer: &Offer) -> Option<BudgetView> {
        let given = self.given.get(&offer.id).copied().unwrap_or(0);
        offer.budget.map(|total| BudgetView { total, left: total.saturating_sub(given) })
    }

    fn word(&self, offer: &Offer) -> WordView {
        let said = self.words.get(&offer.id);
        let Lever { weight, pin, ban, approved } = said.map(|word| word.lever).unwrap_or_default();
        let (by, at) = (said.map(|word| word.by.clone()), said.map(|word| Moment(word.at)));
        WordView { weight, pin, ban, approved, by, at }
    }
}

fn conflict(offer: &Offer) -> ConflictView {
    ConflictView { offer_id: offer.id.to_string(), title: views::title(offer), discount: offer.discount.0 }
}

fn about(plan: &Shop, offer: &Offer) -> String {
    let product = offer.product.as_ref().map(|id| plan.product(id).map_or_else(|| id.to_string(), |p| p.name.clone()));
    product.or_else(|| offer.category.as_ref().map(ToString::to_string)).unwrap_or_default()
}

fn zone(plan: &Shop, id: &model::ids::ZoneId) -> String {
    plan.zone(id).map_or_else(|| id.to_string(), |zone| zone.name.clone())
}

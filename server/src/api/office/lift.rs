//! What offers brought: those who were told beside those who would have been, valid however often one looks.

use axum::Json;
use axum::extract::{Path, State};
use measure::conversions::{CONVERSIONS_MIN, Interval, Verdict};
use measure::lift::{Arm, Lift, lift, of_arms};
use model::ids::OfferId;
use model::offer::Offer;
use model::shop::Shop;
use model::time::{Millis, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::stores;
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::json::Moment;
use crate::api::problem::Problem;

/// The chance of ever being wrong.
const ALPHA: f64 = 0.05;
/// An arm of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ArmView {
    /// Customers.
    n: u64,
    /// Those who bought what they were, or would have been, told about.
    converted: u64,
}

/// From where to where; an open end is null.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct IntervalView {
    low: Option<f64>,
    high: Option<f64>,
}

/// What the shop earns more on a told customer, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct MoneyView {
    point: f64,
    low: f64,
    high: f64,
}

/// What being told changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiftView {
    /// Since when.
    since: Moment,
    treated: ArmView,
    control: ArmView,
    /// The share of customers who are told.
    share: f64,
    /// The chance of so odd a split if nothing leaks; below .001 the results are hidden.
    sample_ratio_p: f64,
    /// `sample-ratio` or `not-enough`: why there are no results; null when there are.
    hidden: Option<&'static str>,
    /// How many times as often the told convert; valid however often one looks.
    rate_ratio: Option<IntervalView>,
    /// The evidence for any effect; from 20 on it is found, at one chance in twenty of ever being wrong.
    e: Option<f64>,
    money: Option<MoneyView>,
    /// Purchases of both arms together from which on there are results.
    enough_from: u64,
    /// `not-enough`, `undecided`, `better` or `harm`.
    verdict: &'static str,
}

/// What an offer brought, and what people's words about it brought.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OfferLiftView {
    #[serde(flatten)]
    lift: LiftView,
    /// What its weight and pin brought: treated are those for whom they counted, control those decided on without them,
    /// converted who bought what the offer is about. Null without either, and where nobody is decided on without them.
    word: Option<LiftView>,
    /// What its approval brought: the offer's own lift since then. Null when it never waited for one, or is not approved.
    approval: Option<LiftView>,
    /// Since when it is banned; what the ban gives up is the offer's own lift, as it was when it was banned.
    banned: Option<Moment>,
}

impl LiftView {
    /// The same of one offer from how many were in each arm and bought; without money, which needs every customer's.
    pub(super) fn of_counts(since: Moment, (told, bought): (u64, u64), control: (u64, u64), share: f64) -> Self {
        let arm = |n, converted| Arm { n, converted, ..Arm::default() };
        view(since, &of_arms(arm(told, bought), arm(control.0, control.1), share, ALPHA))
    }
}

/// What an offer brought since its terms were last changed.
///
/// # Errors
/// 401 without a session or key, 404 for a store or offer that is not known.
#[utoipa::path(get, path = "/api/v1/stores/{store}/offers/{offer}/lift", tag = "office",
    security(("session" = []), ("apiKey" = [])), params(("store" = String, Path), ("offer" = String, Path)),
    responses((status = 200, body = OfferLiftView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn of_offer(
    State(api): State<Api>,
    _: Staff,
    Path((store, offer)): Path<(String, String)>,
) -> Result<Json<OfferLiftView>, Problem> {
    let plan = stores::find(&api, &store)?;
    let missing = || Problem::not_found("offer");
    let id = OfferId::new(&offer).map_err(|_| missing())?;
    let offer = plan.offers.iter().find(|offer| offer.id == id).ok_or_else(missing)?;
    let epochs = api.app.store.epochs().await?;
    let epoch = epochs.iter().find(|epoch| epoch.store == plan.store.id && epoch.offer == id);
    let now = api.app.clock.now();
    let (number, since) = epoch.map_or((0, now - Millis::hours(24)), |epoch| (epoch.number, epoch.started));
    let words = api.app.store.words_of(&plan.store.id, &id).await?;
    // What is bought after a ban has nothing to do with an offer that nobody is told any more.
    let until = words.banned.unwrap_or(now).max(since);
    let units = api.app.store.lift_units(&plan.store.id, Some((&id, number)), since, until).await?;
    let share = plan.told_share(offer);
    let word = of_word(&api, &plan, offer, words.moved, epoch.map(|epoch| epoch.started)).await?;
    let approval = match words.approved.filter(|_| words.banned.is_none()).map(|approved| approved.max(since)) {
        Some(from) => {
            let units = api.app.store.lift_units(&plan.store.id, Some((&id, number)), from, now).await?;
            Some(view(Moment(from), &lift(&units, share, ALPHA)))
        }
        None => None,
    };
    let lift = view(Moment(since), &lift(&units, share, ALPHA));
    Ok(Json(OfferLiftView { lift, word, approval, banned: words.banned.map(Moment) }))
}

/// What the weight and the pin of an offer brought, since they and its terms are as they are.
async fn of_word(
    api: &Api,
    plan: &Shop,
    offer: &Offer,
    said: Option<Timestamp>,
    started: Option<Timestamp>,
) -> Result<Option<LiftView>, Problem> {
    let (store, aside) = (&plan.store.id, plan.store.words_aside);
    let Some(said) = said else { return Ok(None) };
    if aside <= 0.0 {
        return Ok(None);
    }
    let since = started.map_or(said, |started| said.max(started));
    let products = plan.products.iter().filter(|product| offer.is_about(product)).map(|product| &product.id).collect();
    let now = api.app.clock.now();
    let units = api.app.store.word_units((store, &offer.id), &products, aside, since, now).await?;
    Ok(Some(view(Moment(since), &lift(&units, 1.0 - aside, ALPHA))))
}

/// What all offers of a store brought together, beside the customers who are never told anything: since the share of these
/// is what it is, for evidence that may be looked at at any time must begin at one.
///
/// # Errors
/// 401 without a session or key, 404 for a store that is not known.
#[utoipa::path(get, path = "/api/v1/stores/{store}/lift", tag = "office",
    security(("session" = []), ("apiKey" = [])), params(("store" = String, Path)),
    responses((status = 200, body = LiftView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn of_store(State(api): State<Api>, _: Staff, Path(store): Path<String>) -> Result<Json<LiftView>, Problem> {
    let plan = stores::find(&api, &store)?;
    let now = api.app.clock.now();
    let since = api.app.store.holdout_since(&plan.store.id).await?.unwrap_or(now);
    let units = api.app.store.lift_units(&plan.store.id, None, since, now).await?;
    Ok(Json(view(Moment(since), &lift(&units, 1.0 - plan.store.holdout, ALPHA))))
}

fn view(since: Moment, lift: &Lift) -> LiftView {
    let arm = |arm: &Arm| ArmView { n: arm.n, converted: arm.converted };
    let shown = lift.hidden.is_none();
    let finite = |end: f64| end.is_finite().then_some(end);
    let interval = |of: Interval| IntervalView { low: finite(of.low), high: finite(of.high) };
    LiftView {
        since,
        treated: arm(&lift.treated),
        control: arm(&lift.control),
        share: lift.share,
        sample_ratio_p: lift.srm_p,
        hidden: lift.hidden.map(measure::lift::Hidden::code),
        rate_ratio: lift.ratio.filter(|_| shown).map(interval),
        e: finite(lift.e).filter(|_| shown),
        money: lift.money.map(|money| MoneyView { point: money.point, low: money.always.low, high: money.always.high }),
        enough_from: CONVERSIONS_MIN,
        verdict: match lift.verdict {
            Verdict::NotEnough { .. } => "not-enough",
            Verdict::Undecided => "undecided",
            Verdict::Better => "better",
            Verdict::Harm => "harm",
        },
    }
}

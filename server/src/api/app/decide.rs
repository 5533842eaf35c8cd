//! Decisions for other channels: till, kiosk and web ask the same brain, and tell what became of its answers.

mod question;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::ids::DecisionId;
use model::offer::{Channel, Language};
use model::outcome::{Outcome, OutcomeKind};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use self::question::Question;
use crate::api::Api;
use crate::api::access;
use crate::api::app::offers::{Said, Success};
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::api::views::ReasonView;
use crate::intake;
use crate::run::Taken;

/// A place that one offer may fill.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct PlacementBody {
    /// Its name.
    id: String,
    /// What to show when there is no offer; handed back as it is.
    #[schema(value_type = Option<Object>)]
    fallback: Option<Value>,
}

/// What the channel knows of the surroundings.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextBody {
    /// People on ten square metres.
    crowding: Option<f64>,
    /// How fast the customer moves, in metres a second.
    speed_ms: Option<f64>,
    /// How far it is to the offer's zone, in metres.
    distance_m: Option<f64>,
    /// How many others walk with the customer.
    company: Option<u32>,
    /// The weather, in a word.
    weather: Option<String>,
}

/// How to answer.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OptionsBody {
    /// Adds how every offer fared.
    #[serde(default)]
    explain: bool,
    /// Decides and keeps nothing: no cap, no budget, no record.
    #[serde(default)]
    dry_run: bool,
    /// Whether it counts in caps and budgets; false is the same as a dry run.
    count: Option<bool>,
    /// `push`, `web`, `kiosk`, `screen` or `till`; `web` when left out.
    #[schema(value_type = Option<String>)]
    channel: Option<Channel>,
    /// `it` or `en`.
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
}

/// A question.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecideBody {
    /// The write key, for clients that can't send headers.
    write_key: Option<String>,
    /// For whom, by the app's own id.
    customer: Option<String>,
    /// Or by the visitor's id.
    anonymous_id: Option<String>,
    /// In which store.
    store: String,
    /// Where the customer is, when the channel knows.
    zone: Option<String>,
    /// What to fill; one place without a name when left out.
    #[serde(default)]
    placements: Vec<PlacementBody>,
    #[serde(default)]
    context: ContextBody,
    /// Segment calls to take in first.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
    #[serde(default)]
    options: OptionsBody,
}

/// What to say.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The first decision; null when nothing was kept.
    decision_id: Option<String>,
    offers: Vec<OfferAnswer>,
    /// The customer belongs to those who are told nothing, so that lift can be measured.
    holdout: bool,
    /// Whether some place was left to its fallback.
    fallback: bool,
    /// Seconds for which the answer holds.
    ttl: i64,
    /// How every offer fared at each place; with `options.explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    explanation: Option<Value>,
}

/// What to say at one place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferAnswer {
    /// Its own decision; null when nothing was kept.
    decision_id: Option<String>,
    /// Null when the place is left to its fallback.
    offer_id: Option<String>,
    placement: Option<String>,
    #[schema(value_type = Option<Object>)]
    content: Option<Value>,
    /// In cents.
    discount: i64,
    expires_at: Option<Moment>,
    propensity: f64,
    score: Option<f64>,
    /// The sentence of the decision with its code.
    reasons: Vec<ReasonView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    fallback: Option<Value>,
}

/// Decides what to show a customer on another channel. With an `Idempotency-Key` a repeat gets the same answer.
/// Without consent to a profile it is decided on the context alone and nothing is kept: `decisionId` is null.
///
/// # Errors
/// 401 without a write key, API key or device token, 400 naming the field, 404 for a store that is not known, 429.
#[utoipa::path(post, path = "/v1/decide", tag = "app", request_body = DecideBody,
    security(("writeKey" = []), ("apiKey" = []), ("device" = [])),
    responses((status = 200, body = Answer), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn decide(
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<DecideBody>,
) -> Result<Json<Answer>, Problem> {
    let asker = access::asker(&api, &headers, body.write_key.as_deref()).await?;
    intake::http::admit(&api, &asker.name, 1 + body.events.len())?;
    let question = Question::read(&api, &headers, &asker, body).await?;
    question.take_events(&api, &asker).await?;
    let customer = question.profiled(&api).await?;
    let mut places = Vec::new();
    for (n, placement) in question.placements.iter().enumerate() {
        let ask = question.ask(&api, n, placement.id.clone());
        let decision = match &customer {
            Some(customer) if question.is_kept => api.app.run.decide(customer.clone(), ask).await?.into_iter().next(),
            _ => api.app.run.preview(customer.clone(), ask).await?,
        };
        let decision = decision.ok_or_else(|| Problem::not_found("store").field("store"))?;
        places.push((placement, decision));
    }
    Ok(Json(question.answer(&api, customer.is_some() && question.is_kept, &places)))
}

/// What became of a decision.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutcomeSaid {
    /// The write key, for clients that can't send headers.
    write_key: Option<String>,
    kind: Said,
    /// When, by the sender's clock; the server's when it is left out.
    at: Option<Moment>,
}

/// Takes what became of a decision that another channel asked for. Saying it again changes nothing.
///
/// # Errors
/// 401 without a write key, API key or device token, 404 for a decision that is not known, 409 for one that said
/// nothing, 400 naming the field.
#[utoipa::path(post, path = "/v1/decisions/{id}/outcomes", tag = "app", request_body = OutcomeSaid,
    security(("writeKey" = []), ("apiKey" = []), ("device" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Success), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn outcome(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<OutcomeSaid>,
) -> Result<Json<Success>, Problem> {
    let asker = access::asker(&api, &headers, body.write_key.as_deref()).await?;
    intake::http::admit(&api, &asker.name, 1)?;
    let missing = || Problem::not_found("decision");
    let decision: DecisionId = id.parse().map_err(|_| missing())?;
    let row = api.app.store.decision(decision).await?.ok_or_else(missing)?;
    let (is_said, customer) = (row.decision.said().is_some(), row.decision.customer);
    if asker.device.is_some() && asker.customer(&api).await?.as_ref() != Some(&customer) {
        return Err(missing());
    }
    if !is_said {
        return Err(nothing_said());
    }
    let (now, decided_at) = (api.app.clock.now(), row.decision.moment.at);
    let at = body.at.map_or(now, |Moment(at)| Timestamp(at.0.max(decided_at.0).min(now.0)));
    let kind = OutcomeKind::from(body.kind);
    match api.app.run.outcome(customer, Outcome { decision, kind, at }).await? {
        Taken::Stored | Taken::Duplicate => Ok(Json(Success { success: true })),
        Taken::NotAllowed | Taken::Unknown => Err(missing()),
    }
}

/// Silence, and an offer that is held back to measure against, can't be answered.
fn nothing_said() -> Problem {
    let detail = "the customer was told nothing by this decision, so nothing can become of it";
    Problem::new(StatusCode::CONFLICT, "nothing-said", "The decision said nothing", detail)
        .fix("tell outcomes of answers that have an offerId")
}

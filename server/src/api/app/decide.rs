//! Decisions for other channels: till, kiosk and web ask the same brain, and tell what became of its answers.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use engine::core::Ask;
use model::decision::{Around, Choice, Decision};
use model::ids::{AnonymousId, CustomerId, DecisionId, StoreId, ZoneId};
use model::offer::{Channel, Language, Text};
use model::outcome::{Outcome, OutcomeKind};
use model::signal::Aged;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::{self, Asker};
use crate::api::app::offers::{Said, Success};
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::api::views::{self, ReasonView};
use crate::deliver::payload;
use crate::identity::{self, Name};
use crate::intake::{self, anonymous_customer};
use crate::regulate;
use crate::run::Taken;
use crate::secret::random_bytes;

/// Most places that one question may fill.
const PLACEMENTS_MAX: usize = 10;
/// Longest name of a place.
const PLACEMENT_LEN_MAX: usize = 64;
/// Most events that one question may carry.
const EVENTS_MAX: usize = 100;
/// Largest fallback that is handed back.
const FALLBACK_LEN_MAX: usize = 4 * 1024;
/// Silence holds for so long: then it is worth asking again.
const SILENCE_TTL: Millis = Millis::seconds(30);
/// Longest `Idempotency-Key`.
const KEY_LEN_MAX: usize = 255;

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

/// A place, checked.
struct Placement {
    id: Option<String>,
    fallback: Option<Value>,
}

/// A question, checked.
struct Question {
    key: Option<Vec<u8>>,
    customer: Option<CustomerId>,
    anonymous: Option<AnonymousId>,
    store: StoreId,
    zone: Option<ZoneId>,
    placements: Vec<Placement>,
    around: Around,
    events: Vec<Value>,
    channel: Channel,
    language: Option<Language>,
    is_kept: bool,
    explain: bool,
    now: Timestamp,
}

impl Question {
    async fn read(api: &Api, headers: &HeaderMap, asker: &Asker, body: DecideBody) -> Result<Self, Problem> {
        let id_fix = "send a text of 1 to 256 characters";
        let wrong =
            |field: &'static str| move |error: model::ids::IdError| Problem::invalid(field, error.to_string(), id_fix);
        let named = body.customer.as_deref().map(CustomerId::new).transpose().map_err(wrong("customer"))?;
        let anonymous = body.anonymous_id.as_deref().map(AnonymousId::new).transpose().map_err(wrong("anonymousId"))?;
        // A device speaks for its own customer only.
        let customer = asker.customer(api).await?.map_or(named, Some);
        let store = StoreId::new(&body.store).map_err(wrong("store"))?;
        let plan = api.app.live.plan(&store).ok_or_else(|| Problem::not_found("store").field("store"))?;
        let zone = body.zone.as_deref().map(ZoneId::new).transpose().map_err(wrong("zone"))?;
        if zone.as_ref().is_some_and(|zone| !plan.zones().any(|known| known.id == *zone)) {
            return Err(Problem::invalid("zone", "the store has no such zone", "send a zone of the store's plan"));
        }
        if body.events.len() > EVENTS_MAX {
            return Err(Problem::invalid("events", "there are too many", "send at most 100, the rest to /v1/batch"));
        }
        let now = api.app.clock.now();
        Ok(Self {
            key: idempotency_key(headers, asker)?,
            customer,
            anonymous,
            store,
            zone,
            placements: placements(body.placements)?,
            around: around(body.context, now)?,
            events: body.events,
            channel: body.options.channel.unwrap_or(Channel::Web),
            language: body.options.language,
            is_kept: !body.options.dry_run && body.options.count != Some(false),
            explain: body.options.explain,
            now,
        })
    }

    /// The customer when a profile is allowed: only then anything about a person is used or kept.
    async fn profiled(&self, api: &Api) -> Result<Option<CustomerId>, Problem> {
        if regulate::is_suppressed(&api.app, self.customer.as_ref(), self.anonymous.as_ref()).await? {
            return Ok(None);
        }
        let mut candidates: Vec<CustomerId> = self.customer.iter().cloned().collect();
        if let Some(id) = &self.anonymous {
            if let Some(name) = Name::new(identity::Kind::AnonymousId, id.as_str()) {
                candidates.extend(api.app.store.owner_of(&name).await?.filter(|_| self.customer.is_none()));
            }
            candidates.push(anonymous_customer(id));
        }
        for customer in candidates {
            if api.app.store.customer(&customer).await?.is_some_and(|known| known.allows().profiling) {
                return Ok(Some(customer));
            }
        }
        Ok(None)
    }

    /// Takes the events that come along, so that they count in the decision.
    async fn take_events(&self, api: &Api, asker: &Asker) -> Result<(), Problem> {
        if self.events.is_empty() {
            return Ok(());
        }
        let events: Vec<Value> = self.events.iter().map(|event| self.named(event)).collect();
        intake::http::take_events(api, &asker.name, events).await
    }

    /// An event of a question is about whom the question is about.
    fn named(&self, event: &Value) -> Value {
        let mut event = event.clone();
        if let Some(fields) = event.as_object_mut() {
            for key in ["userId", "anonymousId"] {
                fields.remove(key);
            }
            fields.extend(self.customer.as_ref().map(|id| ("userId".to_owned(), json!(id))));
            fields.extend(self.anonymous.as_ref().map(|id| ("anonymousId".to_owned(), json!(id))));
        }
        event
    }

    fn ask(&self, api: &Api, n: usize, placement: Option<String>) -> Ask {
        let id = self.key.as_ref().map_or_else(
            || u128::from_be_bytes(random_bytes()[..16].try_into().expect("16 of 32 bytes")),
            |key| {
                let code = api.app.secret.code("ask", &[key.as_slice(), &(n as u64).to_be_bytes()].concat());
                u128::from_be_bytes(code[..16].try_into().expect("16 of 32 bytes"))
            },
        );
        Ask {
            zone: self.zone.clone(),
            placement,
            channel: self.channel,
            around: self.around.clone(),
            ..Ask::new(DecisionId(id), self.store.clone())
        }
    }

    fn answer(&self, api: &Api, is_kept: bool, places: &[(&Placement, Decision)]) -> Answer {
        let offers: Vec<OfferAnswer> = places.iter().map(|place| self.place(api, is_kept, place)).collect();
        let ends = offers.iter().filter_map(|offer| offer.expires_at).map(|Moment(at)| at.since(self.now));
        let ttl = ends.min().unwrap_or(SILENCE_TTL);
        let explain = |(placement, decision): &(&Placement, Decision)| {
            json!({"placement": placement.id, "candidates": views::candidates(decision, &api.app.live),
                "more": decision.explanation.more, "features": decision.explanation.features,
                "stale": decision.explanation.stale, "silence": decision.explanation.silence.get()})
        };
        Answer {
            decision_id: places.first().filter(|_| is_kept).map(|(_, decision)| decision.id.to_string()),
            holdout: places.iter().any(|(_, decision)| decision.is_ghost()),
            fallback: offers.iter().any(|offer| offer.offer_id.is_none()),
            offers,
            ttl: (ttl.0 / 1_000).max(1),
            explanation: self.explain.then(|| Value::Array(places.iter().map(explain).collect())),
        }
    }

    fn place(&self, api: &Api, is_kept: bool, (placement, decision): &(&Placement, Decision)) -> OfferAnswer {
        let plan = api.app.live.plan(&self.store);
        let said = match &decision.choice {
            // A ghost is decided, recorded and not said.
            Choice::Offer { offer } if !decision.is_ghost() => {
                plan.as_deref().and_then(|plan| plan.offers.iter().find(|known| known.id == *offer))
            }
            Choice::Offer { .. } | Choice::Silence { .. } => None,
        };
        let candidate = said.and_then(|offer| decision.explanation.candidates.iter().find(|c| c.offer == offer.id));
        let text = |text: &Text| json!({"title": text.title, "body": text.body});
        OfferAnswer {
            decision_id: is_kept.then(|| decision.id.to_string()),
            offer_id: said.map(|offer| offer.id.to_string()),
            placement: placement.id.clone(),
            content: said.and_then(|offer| payload::text(&offer.content, self.language)).map(text),
            discount: candidate.map_or_else(|| said.map_or(0, |offer| offer.discount.0), |c| c.discount.0),
            expires_at: said.map(|offer| Moment(decision.moment.at + Millis::seconds(i64::from(offer.lifetime_s)))),
            propensity: decision.propensity.get(),
            score: candidate.and_then(|c| c.terms).map(|terms| terms.score()),
            reasons: vec![views::reason(decision)],
            fallback: if said.is_none() { placement.fallback.clone() } else { None },
        }
    }
}

fn idempotency_key(headers: &HeaderMap, asker: &Asker) -> Result<Option<Vec<u8>>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.as_bytes();
    if key.is_empty() || key.len() > KEY_LEN_MAX {
        return Err(Problem::invalid("Idempotency-Key", "it is empty or too long", "send 1 to 255 characters"));
    }
    // Two senders with the same key are two questions.
    Ok(Some([asker.name.as_bytes(), b"\n", key].concat()))
}

fn placements(given: Vec<PlacementBody>) -> Result<Vec<Placement>, Problem> {
    if given.is_empty() {
        return Ok(vec![Placement { id: None, fallback: None }]);
    }
    let fix = "send at most 10, each with an id of 1 to 64 characters and a fallback of at most 4 KB";
    if given.len() > PLACEMENTS_MAX {
        return Err(Problem::invalid("placements", "there are too many", fix));
    }
    let mut known = BTreeMap::new();
    for (n, placement) in given.iter().enumerate() {
        let is_id = !placement.id.trim().is_empty() && placement.id.len() <= PLACEMENT_LEN_MAX;
        if !is_id || placement.id.chars().any(char::is_control) || known.insert(placement.id.clone(), n).is_some() {
            return Err(Problem::invalid(format!("placements[{n}].id"), "it is no name, or there twice", fix));
        }
        if placement.fallback.as_ref().is_some_and(|fallback| fallback.to_string().len() > FALLBACK_LEN_MAX) {
            return Err(Problem::invalid(format!("placements[{n}].fallback"), "it is too large", fix));
        }
    }
    Ok(given.into_iter().map(|p| Placement { id: Some(p.id), fallback: p.fallback }).collect())
}

fn around(given: ContextBody, now: Timestamp) -> Result<Around, Problem> {
    let number = |field: &'static str, value: Option<f64>, max: f64| match value {
        Some(value) if !(0.0..=max).contains(&value) => {
            Err(Problem::invalid(field, "it is out of range", format!("send 0 to {max}")))
        }
        value => Ok(value.map(|value| Aged { value, at: now })),
    };
    if given.weather.as_ref().is_some_and(|weather| weather.len() > 32) {
        return Err(Problem::invalid("context.weather", "it is too long", "send one word"));
    }
    Ok(Around {
        crowding: number("context.crowding", given.crowding, 100.0)?,
        speed: number("context.speedMs", given.speed_ms, 20.0)?,
        distance_m: number("context.distanceM", given.distance_m, 10_000.0)?,
        company: given.company.map(|value| Aged { value: value.min(100), at: now }),
        weather: given.weather.map(|value| Aged { value, at: now }),
    })
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
/// 401 without a write key, API key or device token, 404 for a decision that is not known, 400 naming the field.
#[utoipa::path(post, path = "/v1/decisions/{id}/outcomes", tag = "app", request_body = OutcomeSaid,
    security(("writeKey" = []), ("apiKey" = []), ("device" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Success), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
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
    let customer = row.decision.customer;
    if asker.device.is_some() && asker.customer(&api).await?.as_ref() != Some(&customer) {
        return Err(missing());
    }
    let (now, decided_at) = (api.app.clock.now(), row.decision.moment.at);
    let at = body.at.map_or(now, |Moment(at)| Timestamp(at.0.max(decided_at.0).min(now.0)));
    let kind = OutcomeKind::from(body.kind);
    match api.app.run.outcome(customer, Outcome { decision, kind, at }).await? {
        Taken::Stored | Taken::Duplicate => Ok(Json(Success { success: true })),
        Taken::NotAllowed | Taken::Unknown => Err(missing()),
    }
}

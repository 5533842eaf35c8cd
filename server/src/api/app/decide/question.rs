//! A question of another channel, checked, and its answer: about whom it is, what is asked, and what is said at each place.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use engine::core::Ask;
use model::decision::{Around, Decision};
use model::ids::{AnonymousId, CustomerId, DecisionId, StoreId, ZoneId};
use model::offer::{Channel, Language, Text};
use model::signal::Aged;
use model::time::{Millis, Timestamp};
use serde_json::{Value, json};

use super::{Answer, ContextBody, DecideBody, OfferAnswer, PlacementBody};
use crate::api::Api;
use crate::api::access::Asker;
use crate::api::json::Moment;
use crate::api::problem::Problem;
use crate::api::views;
use crate::deliver::payload;
use crate::intake::{self, anonymous_customer};
use crate::regulate;
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

/// A place, checked.
pub(super) struct Placement {
    pub(super) id: Option<String>,
    fallback: Option<Value>,
}

/// A question, checked.
pub(super) struct Question {
    key: Option<Vec<u8>>,
    customer: Option<CustomerId>,
    anonymous: Option<AnonymousId>,
    store: StoreId,
    zone: Option<ZoneId>,
    pub(super) placements: Vec<Placement>,
    around: Around,
    events: Vec<Value>,
    channel: Channel,
    language: Option<Language>,
    pub(super) is_kept: bool,
    explain: bool,
    now: Timestamp,
}

impl Question {
    pub(super) async fn read(api: &Api, headers: &HeaderMap, asker: &Asker, body: DecideBody) -> Result<Self, Problem> {
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
    pub(super) async fn profiled(&self, api: &Api) -> Result<Option<CustomerId>, Problem> {
        if regulate::is_suppressed(&api.app, self.customer.as_ref(), self.anonymous.as_ref()).await? {
            return Ok(None);
        }
        let mut candidates: Vec<CustomerId> = self.customer.iter().cloned().collect();
        if let Some(id) = &self.anonymous {
            if self.customer.is_none() {
                candidates.extend(api.app.store.owner_of_visitor(id).await?);
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
    pub(super) async fn take_events(&self, api: &Api, asker: &Asker) -> Result<(), Problem> {
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

    pub(super) fn ask(&self, api: &Api, n: usize, placement: Option<String>) -> Ask {
        let code = self.key.as_ref().map_or_else(random_bytes, |key| {
            api.app.secret.code("ask", &[key.as_slice(), &(n as u64).to_be_bytes()].concat())
        });
        let id = u128::from_be_bytes(code[..16].try_into().expect("16 of 32 bytes"));
        Ask {
            zone: self.zone.clone(),
            placement,
            channel: self.channel,
            around: self.around.clone(),
            ..Ask::new(DecisionId(id), self.store.clone())
        }
    }

    pub(super) fn answer(&self, api: &Api, is_kept: bool, places: &[(&Placement, Decision)]) -> Answer {
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
        let offers = plan.as_deref().map_or(&[][..], |plan| &plan.offers);
        let said = decision.said().and_then(|offer| offers.iter().find(|known| known.id == *offer));
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

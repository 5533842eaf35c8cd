//! What others told a customer, and what the customer wants to be told: both count in every decision.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use model::event::{Event, EventKind};
use model::ids::{AnonymousId, CategoryId, CustomerId, MessageId, OfferId};
use model::offer::Channel;
use model::preferences::Preferences;
use model::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::{self, DeviceToken};
use crate::api::app::offers::Success;
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::intake::{self, anonymous_customer, message_id};
use crate::regulate;
use crate::run::Taken;
use crate::secret::random_bytes;

/// Longest name of a way, and of a brand.
const NAME_LEN_MAX: usize = 64;
/// Most topics of one kind that a customer may mute.
const MUTED_MAX: usize = 64;
/// The years in which a customer may be born.
const BIRTH_YEARS: std::ops::RangeInclusive<u16> = 1900..=2100;

/// Somebody else told a customer something: a letter, an e-mail, a call.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactBody {
    /// The write key, for clients that can't send headers.
    write_key: Option<String>,
    /// The sender's id of it; said again with the same id, it counts once.
    id: Option<String>,
    /// Whom, by the app's own id.
    customer: Option<String>,
    /// Or by the visitor's id.
    anonymous_id: Option<String>,
    /// By which way, such as `email`.
    channel: String,
    /// When; now when left out.
    at: Option<Moment>,
}

/// Counts what others told a customer in the caps over all offers. Without consent to a profile nothing is kept.
///
/// # Errors
/// 401 without a write key or API key, 400 naming the field.
#[utoipa::path(post, path = "/v1/contacts", tag = "app", request_body = ContactBody,
    security(("writeKey" = []), ("apiKey" = [])),
    responses((status = 200, body = Success), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 429, body = Problem)))]
pub async fn contact(
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<ContactBody>,
) -> Result<Json<Success>, Problem> {
    let asker = access::asker(&api, &headers, body.write_key.as_deref()).await?;
    intake::http::admit(&api, &asker.name, 1)?;
    let fix = "send a text of 1 to 200 characters";
    let user = body.customer.as_deref().map(CustomerId::new).transpose();
    let user = user.map_err(|error| Problem::invalid("customer", error.to_string(), fix))?;
    let visitor = body.anonymous_id.as_deref().map(AnonymousId::new).transpose();
    let visitor = visitor.map_err(|error| Problem::invalid("anonymousId", error.to_string(), fix))?;
    let customer = match (&user, &visitor) {
        (Some(user), _) => user.clone(),
        // Who has logged in since is told as the user that they are.
        (None, Some(visitor)) => {
            api.app.store.owner_of_visitor(visitor).await?.unwrap_or_else(|| anonymous_customer(visitor))
        }
        (None, None) => {
            return Err(Problem::invalid("customer", "nobody is named", "send customer or anonymousId"));
        }
    };
    let channel = body.channel.trim();
    if channel.is_empty() || channel.len() > NAME_LEN_MAX || channel.chars().any(char::is_control) {
        return Err(Problem::invalid("channel", "it is no name", "send a word such as email"));
    }
    let id = body.id.unwrap_or_else(|| hex::encode(random_bytes()));
    let id = MessageId::new(&id).map_err(|error| Problem::invalid("id", error.to_string(), fix))?;
    if !regulate::is_suppressed(&api.app, user.as_ref(), visitor.as_ref()).await? {
        let at = past(&api, body.at);
        let what = EventKind::Contacted { channel: channel.to_owned() };
        // In its own space: a contact and an event of the same id are two things.
        let id = message_id(&format!("{} contact", asker.name), &id);
        api.app.run.event(customer, Event { id, at, what }).await?;
    }
    Ok(Json(Success { success: true }))
}

/// What a customer wants to be told, and how. It replaces what was said before.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PreferencesBody {
    /// Nothing about these categories.
    mute_categories: Vec<String>,
    /// Nothing about these brands.
    mute_brands: Vec<String>,
    /// None of these offers.
    mute_offers: Vec<String>,
    /// Only by these ways: `push`, `web`, `kiosk`, `screen`, `till`.
    #[schema(value_type = Option<Vec<String>>)]
    channels: Option<BTreeSet<Channel>>,
    /// Not at these hours, by the store's clock: `{"from": "19:00", "to": "09:00"}`.
    #[schema(value_type = Option<Object>)]
    quiet: Option<model::shop::QuietHours>,
    /// At most so many a day.
    a_day_max: Option<u32>,
    /// When they were born.
    birth_year: Option<u16>,
}

/// Takes what a customer wants to be told; it counts in the next decision.
///
/// # Errors
/// 401 without the device's token, 403 without consent to a profile, 404 for another device, 400 naming the field.
#[utoipa::path(put, path = "/v1/devices/{id}/preferences", tag = "app", request_body = PreferencesBody,
    security(("device" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Success), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn preferences(
    State(api): State<Api>,
    token: DeviceToken,
    Path(id): Path<String>,
    Body(body): Body<PreferencesBody>,
) -> Result<Json<Success>, Problem> {
    let missing = || Problem::not_found("device");
    let device = token.must_be(id.parse().map_err(|_| missing())?)?;
    let said = checked(body)?;
    let known = api.app.store.device(device).await?.ok_or_else(missing)?;
    let id = MessageId::new(&hex::encode(random_bytes())).expect("64 digits are an id");
    let event = Event { id, at: api.app.clock.now(), what: EventKind::Preferences(said) };
    match api.app.run.event(known.customer, event).await? {
        Taken::Stored | Taken::Duplicate => Ok(Json(Success { success: true })),
        Taken::NotAllowed | Taken::Unknown => {
            let detail = "without consent to a profile nothing can be remembered";
            Err(Problem::forbidden("consent", detail, "ask for consent to profiling first"))
        }
    }
}

fn checked(body: PreferencesBody) -> Result<Preferences, Problem> {
    let fix = "send at most 64 names";
    let ids = |field: &'static str, names: &[String]| -> Result<(), Problem> {
        let is_wrong = |name: &String| name.trim().is_empty() || name.len() > NAME_LEN_MAX;
        if names.len() > MUTED_MAX || names.iter().any(is_wrong) {
            return Err(Problem::invalid(field, "there are too many, or one is no name", fix));
        }
        Ok(())
    };
    ids("muteCategories", &body.mute_categories)?;
    ids("muteBrands", &body.mute_brands)?;
    ids("muteOffers", &body.mute_offers)?;
    if body.birth_year.is_some_and(|year| !BIRTH_YEARS.contains(&year)) {
        return Err(Problem::invalid("birthYear", "it is out of range", "send a year such as 1990"));
    }
    if let Some(quiet) = &body.quiet
        && !(is_clock(&quiet.from) && is_clock(&quiet.to))
    {
        return Err(Problem::invalid("quiet", "it is no time of day", "send {\"from\": \"19:00\", \"to\": \"09:00\"}"));
    }
    let wrong = |field: &'static str| move |error: model::ids::IdError| Problem::invalid(field, error.to_string(), fix);
    let categories = body.mute_categories.iter().map(|id| CategoryId::new(id)).collect::<Result<_, _>>();
    let offers = body.mute_offers.iter().map(|id| OfferId::new(id)).collect::<Result<_, _>>();
    Ok(Preferences {
        mute_categories: categories.map_err(wrong("muteCategories"))?,
        mute_brands: body.mute_brands.into_iter().collect(),
        mute_offers: offers.map_err(wrong("muteOffers"))?,
        channels: body.channels,
        quiet: body.quiet,
        a_day_max: body.a_day_max,
        birth_year: body.birth_year,
    })
}

/// Whether it is a time of day as HH:MM.
fn is_clock(text: &str) -> bool {
    let number = |part: &str, max: u8| part.len() == 2 && part.parse::<u8>().is_ok_and(|n| n <= max);
    text.split_once(':').is_some_and(|(hour, minute)| number(hour, 23) && number(minute, 59))
}

fn past(api: &Api, at: Option<Moment>) -> Timestamp {
    let now = api.app.clock.now();
    at.map_or(now, |Moment(at)| at.min(now))
}

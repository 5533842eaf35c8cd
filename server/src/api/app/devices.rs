//! Devices and their consent. Without any consent nothing is stored: token and key are derived, not kept.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::consent::{Consent, ConsentRecord};
use model::ids::{AnonymousId, CustomerId, DeviceId};
use model::offer::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::{self, DeviceToken};
use crate::api::json::Body;
use crate::api::problem::Problem;
use crate::auth::token;
use crate::deliver::webpush::encrypt::BrowserKeys;
use crate::intake;
use crate::run::Taken;
use crate::secret::random_bytes;
use crate::store::{Device, PushEndpoint};

const PLATFORMS: [&str; 4] = ["web", "android", "ios", "sim"];
/// Longest name of a consent text's version.
const TEXT_VERSION_LEN_MAX: usize = 64;

/// What is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentBody {
    /// Being located in the store.
    #[serde(default)]
    locating: bool,
    /// Keeping a profile of interests and purchases.
    #[serde(default)]
    profiling: bool,
    /// Getting offers.
    #[serde(default)]
    marketing_push: bool,
}

impl From<ConsentBody> for Consent {
    fn from(body: ConsentBody) -> Self {
        Self { locating: body.locating, profiling: body.profiling, marketing_push: body.marketing_push }
    }
}

impl From<Consent> for ConsentBody {
    fn from(consent: Consent) -> Self {
        Self { locating: consent.locating, profiling: consent.profiling, marketing_push: consent.marketing_push }
    }
}

/// The keys of a browser's subscription.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct PushKeys {
    p256dh: String,
    auth: String,
}

/// A browser's push subscription, as `PushSubscription.toJSON()` gives it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct PushBody {
    endpoint: String,
    keys: PushKeys,
}

/// A device. When it is changed, what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceBody {
    /// `web`, `android`, `ios` or `sim`.
    platform: Option<String>,
    /// Who is logged in.
    user_id: Option<String>,
    /// The visitor before the log-in, as the app's events name it.
    anonymous_id: Option<String>,
    /// `it` or `en`; a locale such as `it-IT` is understood.
    language: Option<String>,
    consent: Option<ConsentBody>,
    /// The version of the consent text that was shown.
    text_version: Option<String>,
    push: Option<PushBody>,
}

/// A consent said on a device.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentChange {
    /// Being located in the store.
    locating: bool,
    /// Keeping a profile of interests and purchases.
    profiling: bool,
    /// Getting offers.
    marketing_push: bool,
    /// The version of the consent text that was shown.
    text_version: Option<String>,
    /// What to keep of the device from now on; needed when nothing was stored of it yet.
    device: Option<DeviceBody>,
}

/// How a device makes its ids on the air.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AirView {
    /// The first four bytes of each id, hexadecimal.
    prefix: String,
    /// The device's own key, 16 bytes, hexadecimal.
    key: String,
    /// The ids change every 2^k seconds.
    k: u8,
}

/// A new device.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    device_id: String,
    /// Proves to be the device; not shown again.
    token: String,
    air: AirView,
    /// Whether anything was kept: only with consent.
    stored: bool,
}

/// The consent that holds now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConsentView {
    consent: ConsentBody,
    /// Whether anything is kept of the device.
    stored: bool,
}

/// Registers a device.
///
/// # Errors
/// 401 without a write key, 400 naming the field.
#[utoipa::path(post, path = "/v1/devices", tag = "app", request_body = DeviceBody, security(("writeKey" = [])),
    responses((status = 201, body = Registered), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn register(
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<serde_json::Value>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let key = access::write_key(&headers).or_else(|| Some(body.get("writeKey")?.as_str()?.to_owned()));
    access::check_write_key(&api, key.as_deref()).await?;
    let body: DeviceBody = from_value(body)?;
    if body.platform.is_none() {
        return Err(Problem::invalid("platform", "the platform is missing", "send web, android, ios or sim"));
    }
    let mut id = [0; 16];
    id.copy_from_slice(&random_bytes()[..16]);
    let device = DeviceId(u128::from_be_bytes(id));
    let consent = body.consent.filter(|consent| Consent::from(*consent).any());
    let wanted = change(&api, blank(&api, device)?, &body)?;
    let stored = match consent {
        Some(consent) => {
            let record = record(&api, consent.into(), body.text_version.as_deref())?;
            keep(&api, wanted, Some(record)).await?
        }
        None => false,
    };
    let air = AirView {
        prefix: api.app.config.air.prefix.clone(),
        key: hex::encode(api.app.secret.air_key(device).0),
        k: wire::ble::rolling::K,
    };
    let token = token::device(&api.app.secret, device);
    Ok((StatusCode::CREATED, Json(Registered { device_id: device.to_string(), token, air, stored })))
}

/// Changes what is kept of a device: a log-in, a new push subscription, another language.
///
/// # Errors
/// 401 without the device's token, 404 for another device, 400 naming the field.
#[utoipa::path(put, path = "/v1/devices/{id}", tag = "app", request_body = DeviceBody, security(("device" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = ConsentView), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn update(
    State(api): State<Api>,
    token: DeviceToken,
    Path(id): Path<String>,
    Body(body): Body<DeviceBody>,
) -> Result<Json<ConsentView>, Problem> {
    let id = token.must_be(read_id(&id)?)?;
    let known = api.app.store.device(id).await?;
    let said = match body.consent {
        Some(consent) => Some(record(&api, consent.into(), body.text_version.as_deref())?),
        None => None,
    };
    let Some(known) = known else {
        // Nothing is stored of it yet; only a consent changes that.
        let wanted = change(&api, blank(&api, id)?, &body)?;
        let stored = match said.filter(|record| record.consent.any()) {
            Some(record) => keep(&api, wanted, Some(record)).await?,
            None => false,
        };
        return view(&api, id, stored).await;
    };
    let before = known.customer.clone();
    let wanted = change(&api, known, &body)?;
    let after = wanted.customer.clone();
    let said = match said {
        None if after != before => carried(&api, &before, &after).await?,
        said => said,
    };
    let stored = keep(&api, wanted, said).await?;
    if after != before && api.app.store.devices_of(&before).await?.is_empty() {
        api.app.run.forget(before).await?;
    }
    view(&api, id, stored).await
}

/// The consent that a person gave before the log-in goes along, unless the account has its own.
async fn carried(api: &Api, before: &CustomerId, after: &CustomerId) -> Result<Option<ConsentRecord>, Problem> {
    if api.app.store.customer(after).await?.is_some() {
        return Ok(None);
    }
    Ok(api.app.store.customer(before).await?.map(|customer| customer.consent))
}

/// Says what a customer allows. Withdrawing everything erases everything.
///
/// # Errors
/// 401 without the device's token, 404 for another device, 400 naming the field.
#[utoipa::path(put, path = "/v1/devices/{id}/consent", tag = "app", request_body = ConsentChange,
    security(("device" = [])), params(("id" = String, Path)),
    responses((status = 200, body = ConsentView), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn consent(
    State(api): State<Api>,
    token: DeviceToken,
    Path(id): Path<String>,
    Body(body): Body<ConsentChange>,
) -> Result<Json<ConsentView>, Problem> {
    let id = token.must_be(read_id(&id)?)?;
    let consent = Consent { locating: body.locating, profiling: body.profiling, marketing_push: body.marketing_push };
    let told = body.device.unwrap_or_default();
    let version = body.text_version.as_deref().or(told.text_version.as_deref());
    let record = record(&api, consent, version)?;
    let known = api.app.store.device(id).await?;
    if !consent.any() {
        if let Some(known) = known {
            api.app.run.consent(known.customer, record).await?;
        }
        return view(&api, id, false).await;
    }
    let known = match known {
        Some(known) => known,
        None => blank(&api, id)?,
    };
    let wanted = change(&api, known, &told)?;
    let stored = keep(&api, wanted, Some(record)).await?;
    view(&api, id, stored).await
}

/// Forgets a device; with the last one its customer.
///
/// # Errors
/// 401 without the device's token, 404 for another device.
#[utoipa::path(delete, path = "/v1/devices/{id}", tag = "app", security(("device" = [])), params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem)))]
pub async fn delete(State(api): State<Api>, token: DeviceToken, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let id = token.must_be(read_id(&id)?)?;
    if let Some(known) = api.app.store.device(id).await? {
        api.app.run.unlink(id).await?;
        if api.app.store.devices_of(&known.customer).await?.is_empty() {
            api.app.run.forget(known.customer).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

fn from_value(body: serde_json::Value) -> Result<DeviceBody, Problem> {
    serde_path_to_error::deserialize(body).map_err(|error| {
        let field = error.path().to_string();
        Problem::invalid(field, error.inner().to_string(), "send the fields that /api/openapi.json describes")
    })
}

fn read_id(text: &str) -> Result<DeviceId, Problem> {
    text.parse().map_err(|_| Problem::not_found("device"))
}

/// A device of which nothing is known but its id.
fn blank(api: &Api, id: DeviceId) -> Result<Device, Problem> {
    let customer = CustomerId::new(&format!("device:{id}"))
        .map_err(|error| Problem::invalid("id", error.to_string(), "register a new device"))?;
    let created_at = api.app.clock.now();
    let platform = "web".to_owned();
    Ok(Device { id, customer, anonymous: None, platform, language: None, push: None, created_at })
}

/// The device with the changes that the body asks for, each checked.
fn change(api: &Api, mut device: Device, body: &DeviceBody) -> Result<Device, Problem> {
    let id_fix = "send a text of 1 to 200 characters";
    if let Some(platform) = &body.platform {
        if !PLATFORMS.contains(&platform.as_str()) {
            return Err(Problem::invalid("platform", "the platform is not known", "send web, android, ios or sim"));
        }
        device.platform.clone_from(platform);
    }
    if let Some(anonymous) = &body.anonymous_id {
        let id = AnonymousId::new(anonymous).map_err(|e| Problem::invalid("anonymousId", e.to_string(), id_fix))?;
        // A log-in is not undone by the visitor's id that comes along with it.
        if device.customer.as_str().starts_with("device:") || device.customer.as_str().starts_with("anonymous:") {
            device.customer = intake::anonymous_customer(&id);
        }
        device.anonymous = Some(id);
    }
    if let Some(user) = &body.user_id {
        device.customer = CustomerId::new(user).map_err(|e| Problem::invalid("userId", e.to_string(), id_fix))?;
    }
    if let Some(language) = &body.language {
        device.language = Some(read_language(language)?);
    }
    if let Some(push) = &body.push {
        device.push = Some(read_push(api, push)?);
    }
    Ok(device)
}

fn read_language(text: &str) -> Result<Language, Problem> {
    let wrong = || Problem::invalid("language", "the language is not a locale", "send it or en");
    let known = text.len() <= 35 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    match text.split(['-', '_']).next().filter(|first| known && !first.is_empty()) {
        Some(first) if first.eq_ignore_ascii_case("it") => Ok(Language::It),
        // Every other language is answered in English.
        Some(_) => Ok(Language::En),
        None => Err(wrong()),
    }
}

fn read_push(api: &Api, push: &PushBody) -> Result<PushEndpoint, Problem> {
    let fix = "send what pushManager.subscribe gave; [push] allowed_hosts names the services";
    api.app
        .channels
        .check_endpoint(&push.endpoint)
        .map_err(|e| Problem::invalid("push.endpoint", e.to_string(), fix))?;
    BrowserKeys::parse(&push.keys.p256dh, &push.keys.auth)
        .map_err(|e| Problem::invalid("push.keys", e.to_string(), fix))?;
    let (p256dh, auth) = (push.keys.p256dh.clone(), push.keys.auth.clone());
    Ok(PushEndpoint { endpoint: push.endpoint.clone(), p256dh, auth })
}

fn record(api: &Api, consent: Consent, version: Option<&str>) -> Result<ConsentRecord, Problem> {
    let text_version = version.unwrap_or("unstated");
    if text_version.len() > TEXT_VERSION_LEN_MAX || text_version.chars().any(char::is_control) {
        return Err(Problem::invalid("textVersion", "the version is too long", "send at most 64 characters"));
    }
    Ok(ConsentRecord {
        consent,
        at: api.app.clock.now(),
        text_version: text_version.to_owned(),
        channel: "app".to_owned(),
    })
}

async fn keep(api: &Api, device: Device, consent: Option<ConsentRecord>) -> Result<bool, Problem> {
    match api.app.run.device(device, consent).await? {
        Taken::Stored | Taken::Duplicate => Ok(true),
        Taken::NotAllowed | Taken::Unknown => Ok(false),
    }
}

async fn view(api: &Api, id: DeviceId, stored: bool) -> Result<Json<ConsentView>, Problem> {
    let device = if stored { api.app.store.device(id).await? } else { None };
    let customer = match &device {
        Some(device) => api.app.store.customer(&device.customer).await?,
        None => None,
    };
    let consent = customer.map(|customer| customer.allows()).unwrap_or_default();
    Ok(Json(ConsentView { consent: consent.into(), stored: device.is_some() }))
}

//! The endpoints that Segment's and RudderStack's clients call.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use model::shop::Shop;
use model::time::Millis;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::body::{self, plain};
use super::parse::{self, Endpoint, Parsed, Reject};
use super::take::{self, Tally, take};
use crate::api::Api;
use crate::api::access::{check_write_key, write_key};
use crate::api::json::refuse_bytes;
use crate::api::problem::Problem;

/// An event that was left out; the others of its batch were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejected {
    index: usize,
    code: &'static str,
}

/// The batch was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Accepted {
    success: bool,
    /// Events that can't be read; left out when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Rejected>,
}

/// Takes events: `identify`, `track`, `page`, `screen`, `group`, `alias`, `batch`, `import` or their first letters.
/// The content type does not matter; gzip is understood. It answers when what is kept is on disk.
///
/// # Errors
/// 401 without a write key, 413 for a large batch or a large event that is alone, 400 for a body that is not JSON,
/// 429 for too many events at once, 503 when it should be sent again.
#[utoipa::path(post, path = "/v1/{call}", tag = "intake", security(("writeKey" = [])),
    params(("call" = String, Path, description = "identify, track, page, screen, group, alias, batch, import, or i, t, p, s, g, a, b")),
    request_body(content = Object, description = "A Segment call or batch"),
    responses((status = 200, body = Accepted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 413, body = Problem), (status = 429, body = Problem)))]
pub async fn post(
    State(api): State<Api>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Accepted>, Problem> {
    let endpoint = Endpoint::from_path(&call).ok_or_else(|| Problem::not_found("call"))?;
    let sender = match write_key(&headers) {
        Some(key) => Some(check_write_key(&api, Some(&key)).await?),
        None => None,
    };
    let body = body.map_err(|rejection| refuse_bytes(&rejection))?;
    let read = parse::parse(endpoint, &unpacked(&headers, &body)?, api.app.clock.now());
    let sender = match sender {
        Some(sender) => sender,
        None => check_write_key(&api, read.as_ref().ok().and_then(|parsed| parsed.write_key.as_deref())).await?,
    };
    accept(&api, &sender, read.map_err(|error| refuse_whole(&error))?).await
}

/// Takes what was read of one sender, unless it sends too much or the server is behind.
pub(super) async fn accept(api: &Api, sender: &str, parsed: Parsed) -> Result<Json<Accepted>, Problem> {
    let Parsed { calls, rejected, .. } = parsed;
    admit(api, sender, calls.len() + rejected.len())?;
    let tally = take(&api.app, sender, calls).await?;
    count(tally, &rejected);
    let rejected = rejected.into_iter().map(|(index, reject)| Rejected { index, code: reject.code() }).collect();
    Ok(Json(Accepted { success: true, rejected }))
}

/// Takes events that came along with something else of the same sender; it was admitted already.
pub(crate) async fn take_events(api: &Api, sender: &str, events: Vec<Value>) -> Result<(), Problem> {
    let batch = Map::from_iter([("batch".to_owned(), Value::Array(events))]);
    let parsed = parse::read(Endpoint::Batch, &batch, api.app.clock.now()).map_err(|error| refuse_whole(&error))?;
    let tally = take(&api.app, sender, parsed.calls).await?;
    count(tally, &parsed.rejected);
    Ok(())
}

/// Whether a sender may send so many events now.
///
/// # Errors
/// 429 with the time to wait.
pub(crate) fn admit(api: &Api, sender: &str, events: usize) -> Result<(), Problem> {
    let refuse = |reason: &'static str, wait| {
        metrics::counter!("intake_refused_total", "reason" => reason).increment(1);
        Problem::too_often(wait)
    };
    if api.app.run.is_full() {
        return Err(refuse("behind", Millis::seconds(1)));
    }
    api.rate.take(sender, events.max(1), api.app.clock.now()).map_err(|wait| refuse("rate", wait))
}

impl From<take::Error> for Problem {
    fn from(error: take::Error) -> Self {
        match error {
            take::Error::Store(error) => Self::from(error),
            take::Error::Stopped(error) => Self::from(error),
        }
    }
}

/// The body without its gzip.
pub(super) fn unpacked(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    plain(body, encoding).map_err(|error| match error {
        body::Error::TooLarge => Problem::too_large(error.to_string(), "send at most 500 KB at once, also before gzip"),
        body::Error::NotGzip => Problem::invalid("body", error.to_string(), "send whole gzip, or no Content-Encoding"),
        body::Error::Encoding => {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Problem::new(status, "encoding", "The encoding is not supported", error.to_string())
                .fix("send gzip or plain")
        }
    })
}
pub(super) fn refuse_whole(error: &parse::Error) -> Problem {
    match error {
        parse::Error::NotJson(_) | parse::Error::NotAnObject => {
            Problem::invalid("body", error.to_string(), "send one JSON object")
        }
        parse::Error::NoBatch => Problem::invalid("batch", error.to_string(), "send {\"batch\": [..]}"),
        parse::Error::TooMany(_) => Problem::too_large(error.to_string(), "send fewer events at once"),
        parse::Error::TooLarge { field, .. } => {
            Problem::too_large(error.to_string(), "send at most 32 KB an event").field(field.clone())
        }
    }
}

fn count(tally: Tally, rejected: &[(usize, Reject)]) {
    let count = |result: &'static str, n: usize| {
        if n > 0 {
            metrics::counter!("intake_events_total", "result" => result).increment(n as u64);
        }
    };
    count("stored", tally.stored);
    count("duplicate", tally.duplicate);
    count("no-consent", tally.no_consent);
    count("unread", tally.unread);
    count("suppressed", tally.suppressed);
    count("redeemed", tally.redeemed);
    count("redeemed-before", tally.redeemed_before);
    count("not-theirs", tally.not_theirs);
    let mut codes: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (_, reject) in rejected {
        *codes.entry(reject.code()).or_default() += 1;
    }
    codes.into_iter().for_each(|(code, n)| count(code, n));
    if !rejected.is_empty() {
        tracing::debug!(rejected = rejected.len(), "a batch held events that can't be read; the others were taken");
    }
}

/// The settings that Segment's browser client asks for before it sends anything.
///
/// # Errors
/// 404 for a key that is not known.
#[utoipa::path(get, path = "/v1/projects/{key}/settings", tag = "intake", params(("key" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn settings(
    State(api): State<Api>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    check_write_key(&api, Some(&key)).await.map_err(|problem| match problem.code() {
        "unauthorized" => Problem::not_found("project"),
        _ => problem,
    })?;
    let segment = match home(&api, &headers) {
        Some((protocol, host)) => json!({"apiKey": key, "apiHost": format!("{host}/v1"), "protocol": protocol}),
        None => json!({"apiKey": key}),
    };
    Ok(Json(json!({
        "integrations": {"Segment.io": segment},
        "plan": {"track": {"__default": {"enabled": true, "integrations": {}}}},
        "edgeFunction": {}, "legacyVideoPluginsEnabled": false, "remotePlugins": [],
        "attimo": {"products": products(&api)},
    })))
}

/// What an app may list of the shops' products without a session in the back office: their ids and names.
fn products(api: &Api) -> Vec<Value> {
    let named = |plan: &Shop| -> Vec<Value> {
        plan.products.iter().map(|product| json!({"id": product.id, "name": product.name})).collect()
    };
    api.app.live.plans().iter().flat_map(|plan| named(plan)).collect()
}

/// Where the client should send to: the public address, or else wherever it asked.
fn home(api: &Api, headers: &HeaderMap) -> Option<(&'static str, String)> {
    if let Some(url) = api.app.config.server.public_url.as_deref().and_then(|url| reqwest::Url::parse(url).ok()) {
        let protocol = if url.scheme() == "https" { "https" } else { "http" };
        let host = url.host_str()?;
        return Some((protocol, url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))));
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = host.len() <= 255 && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    plain.then(|| ("http", host.to_owned()))
}

//! Events that another system pushes, signed in the Standard Webhooks form: who holds no key in its requests proves
//! itself by a signature over id, time and body.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::time::{Millis, Timestamp};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::http::{Accepted, accept, refuse_whole, unpacked};
use super::parse::{self, Endpoint};
use crate::api::Api;
use crate::api::json::refuse_bytes;
use crate::api::problem::Problem;
use crate::secret::ServerSecret;
use crate::store::KeyKind;

/// How far the sender's clock may be from ours: older requests could be somebody's recording.
const TOLERANCE: Millis = Millis::minutes(5);
/// Longest id of a request: the places of its events are written behind it.
const ID_LEN_MAX: usize = 128;
/// Most signatures that are looked at; more than one while a secret is changed.
const SIGNATURES_MAX: usize = 5;

/// The secret with which the source of this name signs; it changes with the write key of that name.
#[must_use]
pub fn secret(server: &ServerSecret, source: &str, key_hash: &[u8]) -> [u8; 32] {
    server.code("webhook", &[&(source.len() as u64).to_be_bytes(), source.as_bytes(), key_hash].concat())
}

/// The secret in the form that senders are configured with.
#[must_use]
pub fn secret_text(secret: &[u8; 32]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// Takes events that another system pushes. The source is the name of a write key; its signing secret is shown when the
/// key is made. The body is a Segment call or batch; events without a `messageId` are known by the request's id.
///
/// # Errors
/// 401 without a valid signature, 400 for a body that is not JSON, 413, 429.
#[utoipa::path(post, path = "/v1/webhooks/{source}", tag = "intake", security(("webhook" = [])),
    params(("source" = String, Path, description = "The name of a write key")),
    request_body(content = Object, description = "A Segment call or batch"),
    responses((status = 200, body = Accepted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 413, body = Problem), (status = 429, body = Problem)))]
pub async fn post(
    State(api): State<Api>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Accepted>, Problem> {
    let body = body.map_err(|rejection| refuse_bytes(&rejection))?;
    let now = api.app.clock.now();
    let fix =
        "sign `id.timestamp.body` with the source's secret and send webhook-id, webhook-timestamp, webhook-signature";
    let hash = api.app.store.key_hash(KeyKind::Write, &source).await?;
    let hash = hash.ok_or_else(|| Problem::unauthorized(fix))?;
    let id = check(&headers, &body, &secret(&api.app.secret, &source, &hash), now);
    let id = id.ok_or_else(|| Problem::unauthorized(fix))?;
    let batch = batch(&unpacked(&headers, &body)?, &id)?;
    let parsed = parse::read(Endpoint::Batch, &batch, now);
    accept(&api, &source, parsed.map_err(|error| refuse_whole(&error))?).await
}

/// The request's id, when its signature is the source's and it is not an old one.
fn check(headers: &HeaderMap, body: &[u8], secret: &[u8], now: Timestamp) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let id = text("webhook-id").filter(|id| !id.is_empty() && id.len() <= ID_LEN_MAX)?;
    let stamp = text("webhook-timestamp")?;
    let sent = Timestamp(stamp.parse::<i64>().ok()?.checked_mul(1_000)?);
    if now.since(sent).0.checked_abs()? > TOLERANCE.0 {
        return None;
    }
    let is_ours = |signature: &str| {
        let Some(code) = signature.strip_prefix("v1,").and_then(|code| STANDARD.decode(code).ok()) else {
            return false;
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
        for part in [id.as_bytes(), b".", stamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.verify_slice(&code).is_ok()
    };
    let signatures = text("webhook-signature")?;
    signatures.split(' ').take(SIGNATURES_MAX).any(is_ours).then(|| id.to_owned())
}

/// The body as a batch whose events all have ids, so that a request sent again changes nothing.
fn batch(body: &[u8], id: &str) -> Result<Map<String, Value>, Problem> {
    let whole: Value = serde_json::from_slice(body)
        .map_err(|error| Problem::invalid("body", error.to_string(), "send one JSON object"))?;
    let mut whole = match whole {
        Value::Object(whole) if whole.contains_key("batch") => whole,
        // Alone it is a batch of one: who pushes would send a refused request again, and in the end no more at all.
        Value::Object(call) => Map::from_iter([("batch".to_owned(), json!([call]))]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(Problem::invalid("body", "the body is not a JSON object", "send one JSON object"));
        }
    };
    if let Some(events) = whole.get_mut("batch").and_then(Value::as_array_mut) {
        for (n, event) in events.iter_mut().filter_map(Value::as_object_mut).enumerate() {
            if event.get("messageId").is_none_or(Value::is_null) {
                event.insert("messageId".to_owned(), json!(format!("{id}#{n}")));
            }
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_310_400_000);

    fn signed(secret: &[u8; 32], id: &str, stamp: &str, body: &[u8]) -> HeaderMap {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key");
        mac.update(format!("{id}.{stamp}.").as_bytes());
        mac.update(body);
        let signature = format!("v1,AAAA v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        headers(&[("webhook-id", id), ("webhook-timestamp", stamp), ("webhook-signature", &signature)])
    }

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        given.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn only_a_fresh_request_of_the_source_is_taken() {
        let (ours, theirs) = ([1; 32], [2; 32]);
        let stamp = (NOW.0 / 1_000).to_string();
        let headers = signed(&ours, "msg-1", &stamp, b"{}");
        assert_eq!(check(&headers, b"{}", &ours, NOW).as_deref(), Some("msg-1"));
        assert_eq!(check(&headers, b"{ }", &ours, NOW), None, "another body");
        assert_eq!(check(&headers, b"{}", &theirs, NOW), None, "another secret");
        assert_eq!(check(&headers, b"{}", &ours, NOW + Millis::seconds(301)), None, "an old recording");
        assert_eq!(check(&headers, b"{}", &ours, NOW - Millis::seconds(301)), None, "from the future");
        assert_eq!(check(&HeaderMap::new(), b"{}", &ours, NOW), None);
        let wild = signed(&ours, "msg-1", "9223372036854775807", b"{}");
        assert_eq!(check(&wild, b"{}", &ours, NOW), None);
    }

    #[test]
    fn the_reference_signature_of_standard_webhooks_is_ours() {
        // The example of the Standard Webhooks specification.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let sent =
            headers(&[("webhook-id", id), ("webhook-timestamp", "1614265330"), ("webhook-signature", signature)]);
        assert_eq!(check(&sent, body, &secret, Timestamp(1_614_265_330_000)).as_deref(), Some(id));
        assert_eq!(check(&sent, br#"{"test": 2432232315}"#, &secret, Timestamp(1_614_265_330_000)), None);
    }

    #[test]
    fn events_without_an_id_are_known_by_the_requests() {
        let read = batch(br#"{"batch": [{"type": "page"}, {"messageId": "own"}, 7]}"#, "msg-1").expect("a batch");
        assert_eq!(
            (&read["batch"][0]["messageId"], &read["batch"][1]["messageId"]),
            (&json!("msg-1#0"), &json!("own"))
        );
        let one = batch(br#"{"type": "track", "event": "x"}"#, "msg-1").expect("a call");
        assert_eq!(one["batch"][0]["messageId"], "msg-1#0");
        assert!(batch(b"[]", "m").is_err() && batch(b"nonsense", "m").is_err());
    }
}

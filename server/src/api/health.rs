//! Whether the server lives and is ready, its metrics, and the key for push subscriptions.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::access::Staff;
use super::problem::Problem;

/// Whether the server lives.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Health {
    status: &'static str,
}

/// The server's public key for push subscriptions.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushKey {
    /// Uncompressed P-256 point, base64url.
    public_key: String,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The process can work: its database answers.
///
/// # Errors
/// 503 when it does not.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Problem)))]
pub async fn readyz(State(api): State<Api>) -> Result<Json<Health>, Problem> {
    api.app.store.ping().await?;
    Ok(Json(Health { status: "ready" }))
}

/// Metrics in Prometheus' text form.
///
/// # Errors
/// 401 without a session or key.
#[utoipa::path(get, path = "/metrics", tag = "health", security(("session" = []), ("apiKey" = [])),
    responses((status = 200, content_type = "text/plain", body = String), (status = 401, body = Problem)))]
pub async fn metrics(State(api): State<Api>, _: Staff) -> Response {
    #[expect(clippy::cast_precision_loss, reason = "at most 10,000 streams")]
    metrics::gauge!("streams_open").set(api.app.channels.streams().count() as f64);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, runtime::telemetry::render_metrics()).into_response()
}

/// The key that a page passes to `pushManager.subscribe`.
#[utoipa::path(get, path = "/v1/push/key", tag = "app", responses((status = 200, body = PushKey)))]
pub async fn push_key(State(api): State<Api>) -> Json<PushKey> {
    Json(PushKey { public_key: api.app.channels.push_key().to_owned() })
}

/// There is nothing at this address.
pub async fn no_such_address() -> Problem {
    let detail = "there is nothing at this address";
    Problem::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail).fix("see /api/openapi.json")
}

//! The edge boxes: how each fares, and the settings that they are to have.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wire::settings::{self, Refused, Scope};

use crate::api::Api;
use crate::api::access::Staff;
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::api::views::fleet::{self, FleetView};
use crate::fleet::desired::{self, NotSet};
use crate::store::SettingsRow;

/// Every gateway with its receivers, and every beacon: whether it is there, what it lost, and which settings it has.
///
/// # Errors
/// 401 without a session or key.
#[utoipa::path(get, path = "/api/v1/fleet", tag = "office", security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = FleetView), (status = 401, body = Problem)))]
pub async fn get(State(api): State<Api>, _: Staff) -> Result<Json<FleetView>, Problem> {
    let (app, now) = (&api.app, api.app.clock.now());
    let known = fleet::Known {
        gateways: app.store.known_gateways().await?,
        settings: app.store.gateway_settings().await?,
        marks: app.store.marks().await?,
    };
    Ok(Json(fleet::view(app.live.fleet(now), &known, now)))
}

/// A key that can be set from afar.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct KeyView {
    key: &'static str,
    about: &'static str,
}

/// What is set for a scope.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScopeView {
    scope: String,
    version: u64,
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    may_lose_receivers: bool,
    by: String,
    at: Moment,
}

impl From<SettingsRow> for ScopeView {
    fn from(row: SettingsRow) -> Self {
        let SettingsRow { scope, version, settings, may_lose_receivers, by, at } = row;
        Self { scope: scope.to_string(), version, settings, may_lose_receivers, by, at: Moment(at) }
    }
}

/// Everything that is set, and what can be.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConfigView {
    keys: Vec<KeyView>,
    scopes: Vec<ScopeView>,
}

/// The settings of fleet, stores and gateways, and the keys that can be set.
///
/// # Errors
/// 401 without a session or key.
#[utoipa::path(get, path = "/api/v1/fleet/config", tag = "office", security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = ConfigView), (status = 401, body = Problem)))]
pub async fn config(State(api): State<Api>, _: Staff) -> Result<Json<ConfigView>, Problem> {
    let keys = settings::KEYS.iter().map(|(key, about)| KeyView { key, about }).collect();
    let scopes = api.app.store.gateway_settings().await?.into_values().map(ScopeView::from).collect();
    Ok(Json(ConfigView { keys, scopes }))
}

impl From<NotSet> for Problem {
    fn from(cause: NotSet) -> Self {
        match cause {
            NotSet::Refused(Refused { field, problem, fix }) => {
                // What is too long is the whole document.
                let field = if field == "settings" { field } else { format!("settings.{field}") };
                Self::invalid(field, problem, fix)
            }
            NotSet::Store(cause) => Self::from(cause),
        }
    }
}

/// What a scope is to have.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigBody {
    /// Sections and keys as in gateway.toml.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Receivers may fall silent by it; else a gateway goes back when they do.
    #[serde(default)]
    may_lose_receivers: bool,
}

/// The document that was set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Version {
    scope: String,
    version: u64,
}

/// Sets what the fleet, a store's gateways or one gateway are to have, in place of what was set before; gateways hear it within
/// seconds, try it, and go back by themselves when they are not well with it.
///
/// # Errors
/// 400 naming the key that can't be set, 401 without a session or key, 404 for a scope that is not known.
#[utoipa::path(put, path = "/api/v1/fleet/config/{scope}", tag = "office", request_body = ConfigBody,
    security(("session" = []), ("apiKey" = [])),
    params(("scope" = String, Path, description = "fleet, store:ID or gateway:ID")),
    responses((status = 200, body = Version), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn put(
    State(api): State<Api>,
    staff: Staff,
    Path(scope): Path<String>,
    Body(body): Body<ConfigBody>,
) -> Result<Json<Version>, Problem> {
    let app = &api.app;
    let scope: Scope = scope.parse().map_err(|cause: settings::ScopeError| {
        Problem::invalid("scope", cause.to_string(), "name fleet, store:ID or gateway:ID in the path")
    })?;
    match &scope {
        Scope::Store(store) if app.live.plan(store).is_none() => return Err(Problem::not_found("store")),
        Scope::Fleet | Scope::Store(_) | Scope::Gateway(_) => {}
    }
    let (by, now) = (staff.who(), app.clock.now());
    let version = desired::set(&app.store, &scope, &body.settings, body.may_lose_receivers, &by, now).await?;
    tracing::info!(%scope, version, "the settings of {scope} have version {version}");
    Ok(Json(Version { scope: scope.to_string(), version }))
}

//! The stores and their plans.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use model::ids::StoreId;
use model::shop::Shop;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::Staff;
use crate::api::problem::Problem;
use crate::api::views::{self, StoreView};

/// Every store.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Stores {
    stores: Vec<StoreView>,
}

/// Lists the stores.
///
/// # Errors
/// 401 without a session or key.
#[utoipa::path(get, path = "/api/v1/stores", tag = "office", security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = Stores), (status = 401, body = Problem)))]
pub async fn list(State(api): State<Api>, _: Staff) -> Json<Stores> {
    Json(Stores { stores: api.app.live.plans().iter().map(|plan| StoreView::from(&**plan)).collect() })
}

/// The plan of a store: floors with walls and zones, receivers, sensors, products and offers.
///
/// # Errors
/// 401 without a session or key, 404 for a store that is not known.
#[utoipa::path(get, path = "/api/v1/stores/{store}/plan", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("store" = String, Path)),
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn plan(State(api): State<Api>, _: Staff, Path(store): Path<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(views::plan(&*find(&api, &store)?)))
}

/// The store of a path.
pub fn find(api: &Api, store: &str) -> Result<Arc<Shop>, Problem> {
    let id = StoreId::new(store).map_err(|_| Problem::not_found("store"))?;
    api.app.live.plan(&id).ok_or_else(|| Problem::not_found("store"))
}

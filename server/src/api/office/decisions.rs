//! Every decision with its whole explanation.

use axum::Json;
use axum::extract::{Path, Query, State};
use model::ids::DecisionId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::stores;
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::json::moment;
use crate::api::problem::Problem;
use crate::api::views::{self, DecisionView};

/// Decisions in one answer.
const LIMIT_MAX: u32 = 200;
const LIMIT: u32 = 50;

/// Which decisions.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// At most so many; 50 when left out, 200 at most.
    limit: Option<String>,
    /// Only older ones, RFC 3339: the `at` of the last one on the page before.
    before: Option<String>,
    /// Only these and newer ones, RFC 3339.
    from: Option<String>,
}

/// Decisions, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Decisions {
    decisions: Vec<DecisionView>,
}

/// Lists decisions, newest first.
///
/// # Errors
/// 401 without a session or key, 404 for a store that is not known, 400 naming the field.
#[utoipa::path(get, path = "/api/v1/stores/{store}/decisions", tag = "office",
    security(("session" = []), ("apiKey" = [])), params(("store" = String, Path), Which),
    responses((status = 200, body = Decisions), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn list(
    State(api): State<Api>,
    _: Staff,
    Path(store): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Decisions>, Problem> {
    let plan = stores::find(&api, &store)?;
    let limit = match &which.limit {
        Some(text) => text.parse().ok().filter(|n| (1..=LIMIT_MAX).contains(n)).ok_or_else(|| {
            Problem::invalid("limit", "the limit is not a number from 1 to 200", "send a number from 1 to 200")
        })?,
        None => LIMIT,
    };
    let from = moment("from", which.from.as_deref())?.unwrap_or(Timestamp(0));
    let before = moment("before", which.before.as_deref())?.unwrap_or(Timestamp(i64::MAX));
    let rows = api.app.store.decisions(&plan.store.id, from, before, limit).await?;
    let decisions = rows.iter().map(|row| views::decision(row, &api.app.live, &api.app.secret)).collect();
    Ok(Json(Decisions { decisions }))
}

/// One decision.
///
/// # Errors
/// 401 without a session or key, 404 for a decision that is not known.
#[utoipa::path(get, path = "/api/v1/decisions/{id}", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = DecisionView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn get(State(api): State<Api>, _: Staff, Path(id): Path<String>) -> Result<Json<DecisionView>, Problem> {
    let id: DecisionId = id.parse().map_err(|_| Problem::not_found("decision"))?;
    let row = api.app.store.decision(id).await?.ok_or_else(|| Problem::not_found("decision"))?;
    let withheld = api.app.store.withheld(id).await?;
    Ok(Json(views::decision(&row, &api.app.live, &api.app.secret).withheld(withheld)))
}

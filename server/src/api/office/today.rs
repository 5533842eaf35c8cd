//! The figures of a day, and what they mean.

use axum::Json;
use axum::extract::{Path, Query, State};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::stores;
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::problem::Problem;
use crate::today::definitions::{ALL, Definition};
use crate::today::{Rows, Today, bounds, day_of, figures, zone_of};

/// Which day.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Day {
    /// `YYYY-MM-DD` by the store's clock; today when left out.
    date: Option<String>,
}

/// What figures mean.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Definitions {
    metrics: &'static [Definition],
}

/// The figures of a day.
///
/// # Errors
/// 401 without a session or key, 404 for a store that is not known, 400 for a date that is none.
#[utoipa::path(get, path = "/api/v1/stores/{store}/today", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("store" = String, Path), Day),
    responses((status = 200, body = Today), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn get(
    State(api): State<Api>,
    _: Staff,
    Path(store): Path<String>,
    Query(day): Query<Day>,
) -> Result<Json<Today>, Problem> {
    let plan = stores::find(&api, &store)?;
    let zone = zone_of(&plan);
    let wrong = || Problem::invalid("date", "it is not a date", "send a date such as 2026-11-22");
    let date: Date = match &day.date {
        Some(text) => Some(text).filter(|t| t.len() == 10).and_then(|t| t.parse().ok()).ok_or_else(wrong)?,
        None => day_of(api.app.clock.now(), &zone),
    };
    let (from, to) = bounds(date, &zone).ok_or_else(wrong)?;
    let (store, id) = (&api.app.store, &plan.store.id);
    let rows = Rows {
        visits: store.visits(id, from, to).await?,
        presences: store.presences(id, from, to).await?,
        readings: store.readings(id, from, to).await?,
        counts: store.counts(id, from, to).await?,
        decisions: store.decision_facts(id, from, to).await?,
        outcomes: store.outcomes(id, from, to).await?,
    };
    Ok(Json(figures(&plan, date, &zone, &rows)))
}

/// What each figure means: its formula and what it rests on.
///
/// # Errors
/// 401 without a session or key.
#[utoipa::path(get, path = "/api/v1/metrics", tag = "office", security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = Definitions), (status = 401, body = Problem)))]
pub async fn definitions(_: Staff) -> Json<Definitions> {
    Json(Definitions { metrics: ALL })
}

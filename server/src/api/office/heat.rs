//! How long people stood where: the heat map of some hours, as JSON and as CSV.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::ids::FloorId;
use model::shop::Shop;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::stores;
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::json::{Moment, moment};
use crate::api::problem::Problem;
use crate::live::{day_start, hour_start};
use crate::store::{Cell, HEAT_PEOPLE_MIN, HEAT_SIDE_M, HeatHour};

/// Fewer people than this in an hour, and the hour is not exported.
const EXPORT_PEOPLE_MIN: u32 = 10;
/// The longest time of one map.
const SPAN_MAX: Millis = Millis::hours(24 * 100);

/// Which hours of which floor.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Hours that began then or later, RFC 3339; today's, by the store's clock, when left out.
    from: Option<String>,
    /// Hours that began before, RFC 3339; now when left out. At most 100 days after `from`.
    to: Option<String>,
    /// The floor; the first one of the plan when left out.
    floor: Option<String>,
}

/// How long people stood where.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeatView {
    floor: String,
    from: Moment,
    to: Moment,
    /// Side of a cell, in metres.
    side: f64,
    /// A cell's middle (x, y, in metres) and the person-seconds spent there.
    cells: Vec<(f64, f64, f64)>,
    /// Every hour of the time for which there is something.
    hours: Vec<HourView>,
    /// An hour with fewer people than this is left out of everything.
    people_min: u32,
}

/// An hour of the map.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HourView {
    /// When it began.
    at: Moment,
    /// Person-seconds on the whole floor; null when there were too few people to say.
    person_seconds: Option<f64>,
}

/// The heat map of a floor: expected person-seconds per square metre, staff and private zones left out.
///
/// # Errors
/// 401 without a session or key, 404 for a store or floor that is not known, 400 naming the field.
#[utoipa::path(get, path = "/api/v1/stores/{store}/heat", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("store" = String, Path), Which),
    responses((status = 200, body = HeatView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn get(
    State(api): State<Api>,
    _: Staff,
    Path(store): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<HeatView>, Problem> {
    let asked = Asked::read(&api, &store, &which)?;
    let hours = asked.hours(&api).await?;
    let cells = sum(&hours, HEAT_PEOPLE_MIN);
    let cell = |(cell, seconds): (Cell, f64)| {
        let (x, y) = cell.centre();
        (x, y, tenth(seconds))
    };
    let hour = |hour: &HeatHour| HourView {
        at: Moment(hour.hour),
        person_seconds: (hour.people >= HEAT_PEOPLE_MIN).then(|| tenth(hour.cells.values().sum())),
    };
    Ok(Json(HeatView {
        floor: asked.floor.to_string(),
        from: Moment(asked.from),
        to: Moment(asked.to),
        side: HEAT_SIDE_M,
        cells: cells.into_iter().map(cell).collect(),
        hours: hours.iter().map(hour).collect(),
        people_min: HEAT_PEOPLE_MIN,
    }))
}

/// The same as CSV: `x,y,person_seconds`. For it an hour needs ten people.
///
/// # Errors
/// As [`get`].
#[utoipa::path(get, path = "/api/v1/stores/{store}/heat.csv", tag = "office",
    security(("session" = []), ("apiKey" = [])), params(("store" = String, Path), Which),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn csv(
    State(api): State<Api>,
    _: Staff,
    Path(store): Path<String>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let asked = Asked::read(&api, &store, &which)?;
    let mut text = "x,y,person_seconds\r\n".to_owned();
    for (cell, seconds) in sum(&asked.hours(&api).await?, EXPORT_PEOPLE_MIN) {
        let (x, y) = cell.centre();
        // Writing to a text can't fail.
        let _ = write!(text, "{x},{y},{}\r\n", tenth(seconds));
    }
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"heat.csv\""));
    Ok(([kind, name], text).into_response())
}

/// What was asked, checked.
struct Asked {
    plan: std::sync::Arc<Shop>,
    floor: FloorId,
    from: Timestamp,
    to: Timestamp,
}

impl Asked {
    fn read(api: &Api, store: &str, which: &Which) -> Result<Self, Problem> {
        let plan = stores::find(api, store)?;
        let now = api.app.clock.now();
        let to = moment("to", which.to.as_deref())?.unwrap_or(now);
        let from = moment("from", which.from.as_deref())?.unwrap_or_else(|| day_start(&plan, now));
        if to < from || to.since(from) > SPAN_MAX {
            return Err(Problem::invalid("to", "it is before `from`, or more than 100 days after", "ask for less"));
        }
        let floor = match &which.floor {
            Some(id) => plan.floors.iter().find(|floor| floor.id.as_str() == id),
            None => plan.floors.first(),
        };
        let floor = floor.ok_or_else(|| Problem::not_found("floor"))?.id.clone();
        // An hour is the smallest piece: parts of one would show what the whole hides.
        let from = hour_start(&plan, from);
        Ok(Self { plan, floor, from, to })
    }

    async fn hours(&self, api: &Api) -> Result<Vec<HeatHour>, Problem> {
        Ok(api.app.store.heat(&self.plan.store.id, &self.floor, self.from, self.to).await?)
    }
}

fn sum(hours: &[HeatHour], people_min: u32) -> BTreeMap<Cell, f64> {
    let mut cells = BTreeMap::new();
    for hour in hours.iter().filter(|hour| hour.people >= people_min) {
        for (cell, seconds) in &hour.cells {
            *cells.entry(*cell).or_default() += seconds;
        }
    }
    cells
}

fn tenth(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

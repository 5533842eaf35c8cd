//! What happens in a store now.

use axum::Json;
use axum::extract::{Path, State};
use locate::calibrate::Source;
use model::ids::StoreId;
use serde::Serialize;

use super::stores;
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::json::Moment;
use crate::api::problem::Problem;
use crate::api::views::{self, DecisionView};
use crate::live::{Door, Dot, GatewayNow, Now, People, ReceiverNow, SensorNow, ZoneNow};

/// The shop now.
#[derive(Debug, Clone, Serialize)]
pub struct NowView {
    at: Moment,
    /// What positions rest on: `plan`, `self` (the shop's own traffic) or `survey`; null before the first were made.
    source: Option<Source>,
    people: People,
    estimated: f64,
    zones: Vec<ZoneNow>,
    dots: Vec<Dot>,
    receivers: Vec<ReceiverNow>,
    gateways: Vec<GatewayNow>,
    sensors: Vec<SensorNow>,
    decisions: Vec<DecisionView>,
    door: Door,
}

/// People, receivers, gateways, sensors and the newest decisions of a store.
///
/// # Errors
/// 401 without a session or key, 404 for a store that is not known.
#[utoipa::path(get, path = "/api/v1/stores/{store}/now", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("store" = String, Path)),
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn get(State(api): State<Api>, _: Staff, Path(store): Path<String>) -> Result<Json<NowView>, Problem> {
    let plan = stores::find(&api, &store)?;
    snapshot(&api, &plan.store.id).map(Json).ok_or_else(|| Problem::not_found("store"))
}

/// The shop now, as the page sees it.
#[must_use]
pub fn snapshot(api: &Api, store: &StoreId) -> Option<NowView> {
    let Now { at, source, people, estimated, zones, dots, receivers, gateways, sensors, decisions, door } =
        api.app.live.snapshot(store, api.app.clock.now())?;
    let decisions = decisions.iter().map(|row| views::decision(row, &api.app.live, &api.app.secret)).collect();
    Some(NowView {
        at: Moment(at),
        source,
        people,
        estimated,
        zones,
        dots,
        receivers,
        gateways,
        sensors,
        decisions,
        door,
    })
}

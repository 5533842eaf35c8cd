//! What people say about an offer: weigh it, pin it, ban it, approve it. Every word is kept, with who said it.

use axum::Json;
use axum::extract::{Path, State};
use model::ids::{OfferId, StoreId};
use model::offer::Lever;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::stores;
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::app::offers::Success;
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::run::Taken;

/// Words that are shown, the newest first.
const SHOWN: u32 = 100;

/// What somebody says about an offer; what is left out is as usual.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LeverBody {
    /// How much the offer is worth beside others, 0.2 to 5; 1 leaves it as it is.
    weight: f64,
    /// Said first wherever it may be said.
    pin: bool,
    /// Never said.
    ban: bool,
    /// False until somebody approves it: not said.
    approved: bool,
}

impl Default for LeverBody {
    fn default() -> Self {
        let Lever { weight, pin, ban, approved } = Lever::default();
        Self { weight, pin, ban, approved }
    }
}

/// What was said, by whom and when.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeverView {
    #[serde(flatten)]
    lever: LeverBody,
    by: String,
    at: Moment,
}

/// All that was said.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeversView {
    levers: Vec<LeverView>,
}

/// What was said about an offer, the newest first; the first one holds.
///
/// # Errors
/// 401 without a session or key, 404 for a store or offer that is not known.
#[utoipa::path(get, path = "/api/v1/stores/{store}/offers/{offer}/lever", tag = "office",
    security(("session" = []), ("apiKey" = [])), params(("store" = String, Path), ("offer" = String, Path)),
    responses((status = 200, body = LeversView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn get(
    State(api): State<Api>,
    _: Staff,
    Path((store, offer)): Path<(String, String)>,
) -> Result<Json<LeversView>, Problem> {
    let (store, offer) = find(&api, &store, &offer)?;
    let said = api.app.store.levers_of(&store, &offer, SHOWN).await?.into_iter();
    let view = |row: crate::store::LeverRow| {
        let Lever { weight, pin, ban, approved } = row.lever;
        LeverView { lever: LeverBody { weight, pin, ban, approved }, by: row.by, at: Moment(row.at) }
    };
    Ok(Json(LeversView { levers: said.map(view).collect() }))
}

/// Says something about an offer; it holds for the next decision.
///
/// # Errors
/// 400 naming the field, 401 without a session or key, 404 for a store or offer that is not known.
#[utoipa::path(put, path = "/api/v1/stores/{store}/offers/{offer}/lever", tag = "office", request_body = LeverBody,
    security(("session" = []), ("apiKey" = [])), params(("store" = String, Path), ("offer" = String, Path)),
    responses((status = 200, body = Success), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn put(
    State(api): State<Api>,
    staff: Staff,
    Path((store, offer)): Path<(String, String)>,
    Body(body): Body<LeverBody>,
) -> Result<Json<Success>, Problem> {
    let (store, offer) = find(&api, &store, &offer)?;
    let LeverBody { weight, pin, ban, approved } = body;
    let lever = Lever { weight, pin, ban, approved };
    lever.check().map_err(|detail| Problem::invalid("weight", detail, "give a weight between 0.2 and 5"))?;
    match api.app.run.lever(store, offer, lever, staff.who()).await? {
        Taken::Stored | Taken::Duplicate => Ok(Json(Success { success: true })),
        Taken::Unknown | Taken::NotAllowed => Err(Problem::not_found("offer")),
    }
}

fn find(api: &Api, store: &str, offer: &str) -> Result<(StoreId, OfferId), Problem> {
    let plan = stores::find(api, store)?;
    let known = plan.offers.iter().find(|known| known.id.as_str() == offer);
    Ok((plan.store.id.clone(), known.ok_or_else(|| Problem::not_found("offer"))?.id.clone()))
}

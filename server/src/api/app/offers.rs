//! A customer's offers, and what became of them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use model::ids::{CustomerId, DecisionId, DeviceId};
use model::outcome::{Outcome, OutcomeKind};
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::{self, DeviceToken};
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::api::views::{self, OfferView};
use crate::auth::token;
use crate::run::Taken;

/// Offers that are listed: of the last day.
const SINCE: Millis = Millis::hours(24);

/// A customer's offers, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Offers {
    offers: Vec<OfferView>,
}

/// What a device may say of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// It was shown.
    Delivered,
    /// It was opened.
    Opened,
    /// It was put away.
    Dismissed,
    /// It was used.
    Redeemed,
    /// "Not now": nothing like it for a while.
    #[serde(alias = "not_now")]
    Later,
    /// "Not for me": never again.
    #[serde(alias = "not_for_me")]
    Muted,
    /// "More like this".
    #[serde(alias = "more_like_this")]
    More,
}

impl From<Said> for OutcomeKind {
    fn from(said: Said) -> Self {
        match said {
            Said::Delivered => Self::Delivered,
            Said::Opened => Self::Opened,
            Said::Dismissed => Self::Dismissed,
            Said::Redeemed => Self::Redeemed,
            Said::Later => Self::Later,
            Said::Muted => Self::Muted,
            Said::More => Self::More,
        }
    }
}

/// What became of an offer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct OutcomeBody {
    kind: Said,
    /// When, by the device's clock; the server's when it is left out.
    at: Option<Moment>,
}

/// It was taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Success {
    pub(crate) success: bool,
}

/// Lists the offers of the last day.
///
/// # Errors
/// 401 without a device's token.
#[utoipa::path(get, path = "/v1/offers", tag = "app", security(("device" = [])),
    responses((status = 200, body = Offers), (status = 401, body = Problem)))]
pub async fn list(State(api): State<Api>, DeviceToken(id): DeviceToken) -> Result<Json<Offers>, Problem> {
    let Some(device) = api.app.store.device(id).await? else { return Ok(Json(Offers { offers: vec![] })) };
    let since = api.app.clock.now() - SINCE;
    let rows = api.app.store.offers_of(&device.customer, since).await?;
    let offers = rows.iter().filter_map(|row| views::offer(row, &api.app.live, device.language)).collect();
    Ok(Json(Offers { offers }))
}

/// Takes what became of an offer. Saying it again changes nothing.
///
/// # Errors
/// 401 without a device's token or a receipt, 404 for a decision of somebody else, 400 naming the field.
#[utoipa::path(post, path = "/v1/offers/{decisionId}/outcomes", tag = "app", request_body = OutcomeBody,
    security(("device" = []), ("receipt" = [])), params(("decisionId" = String, Path)),
    responses((status = 200, body = Success), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn outcome(
    State(api): State<Api>,
    Path(decision): Path<String>,
    headers: HeaderMap,
    Body(body): Body<OutcomeBody>,
) -> Result<Json<Success>, Problem> {
    let decision: DecisionId = decision.parse().map_err(|_| Problem::not_found("offer"))?;
    let (device, customer, decided_at) = who(&api, &headers, decision).await?;
    let now = api.app.clock.now();
    // A device's clock may be wrong: nothing happens before the decision, or after now.
    let at = body.at.map_or(now, |Moment(at)| Timestamp(at.0.max(decided_at.0).min(now.0)));
    let kind = OutcomeKind::from(body.kind);
    match api.app.run.outcome(customer, Outcome { decision, kind, at }).await? {
        Taken::Stored | Taken::Duplicate => {
            api.app.channels.streams().shown(decision, device);
            Ok(Json(Success { success: true }))
        }
        Taken::NotAllowed | Taken::Unknown => Err(Problem::not_found("offer")),
    }
}

/// Who says it: the device behind the proof, and the customer of the decision, who must be the same person's.
async fn who(
    api: &Api,
    headers: &HeaderMap,
    decision: DecisionId,
) -> Result<(DeviceId, CustomerId, Timestamp), Problem> {
    let proof = if let Some(text) = access::authorization(headers, "receipt") {
        token::read_receipt(&api.app.secret, text).filter(|(of, _)| *of == decision).map(|(_, device)| device)
    } else {
        access::authorization(headers, "bearer").and_then(|text| token::read_device(&api.app.secret, text))
    };
    let fix =
        "send the device's token as `Authorization: Bearer`, or the push message's receipt as `Authorization: Receipt`";
    let device = proof.ok_or_else(|| Problem::unauthorized(fix))?;
    let missing = || Problem::not_found("offer");
    let row = api.app.store.decision(decision).await?.ok_or_else(missing)?;
    let known = api.app.store.device(device).await?.ok_or_else(missing)?;
    if known.customer != row.decision.customer {
        return Err(missing());
    }
    Ok((device, known.customer, row.decision.moment.at))
}

//! Who a customer is: their names, whom they were made one with, and how to part those again.

use axum::Json;
use axum::extract::{Path, State};
use model::ids::CustomerId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::Staff;
use crate::api::app::devices::ConsentBody;
use crate::api::app::offers::Success;
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::intake::{anonymous_customer, name_hash};
use crate::run::Taken;

/// One name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NameView {
    /// `card`, `device` or `anonymous_id`.
    kind: &'static str,
    value: String,
    /// Since when.
    at: Moment,
}

/// Somebody who went into the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MergeView {
    from: String,
    at: Moment,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CustomerView {
    id: String,
    consent: ConsentBody,
    names: Vec<NameView>,
    merges: Vec<MergeView>,
}

/// Whom to part.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitBody {
    /// The `from` of one of the customer's merges.
    from: String,
}

/// Says who a customer is.
///
/// # Errors
/// 401 without a session or key, 404 for somebody of whom nothing is kept.
#[utoipa::path(get, path = "/api/v1/customers/{id}", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = CustomerView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn show(State(api): State<Api>, _: Staff, Path(id): Path<String>) -> Result<Json<CustomerView>, Problem> {
    let missing = || Problem::not_found("customer");
    let id = CustomerId::new(&id).map_err(|_| missing())?;
    let known = api.app.store.customer(&id).await?.ok_or_else(missing)?;
    let names = api.app.store.aliases_of(&id).await?.into_iter();
    let merges = api.app.store.merges_into(&id).await?.into_iter();
    Ok(Json(CustomerView {
        id: id.to_string(),
        consent: known.allows().into(),
        names: names.map(|(name, at)| NameView { kind: name.kind.name(), value: name.value, at: Moment(at) }).collect(),
        merges: merges.map(|row| MergeView { from: row.from.to_string(), at: Moment(row.at) }).collect(),
    }))
}

/// Parts somebody from a customer again: devices, names and what was known go back, and the two are never joined by that
/// name again. What the customer was told stays counted with both.
///
/// # Errors
/// 401 without a session or key, 404 when the two were not made one.
#[utoipa::path(post, path = "/api/v1/customers/{id}/split", tag = "office", request_body = SplitBody,
    security(("session" = []), ("apiKey" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Success), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn split(
    State(api): State<Api>,
    _: Staff,
    Path(id): Path<String>,
    Body(body): Body<SplitBody>,
) -> Result<Json<Success>, Problem> {
    let missing = || Problem::not_found("merge");
    let customer = CustomerId::new(&id).map_err(|_| missing())?;
    let other = CustomerId::new(&body.from).map_err(|_| missing())?;
    match api.app.run.split(customer.clone(), other.clone()).await? {
        Taken::Stored | Taken::Duplicate => {}
        Taken::NotAllowed | Taken::Unknown => return Err(missing()),
    }
    for (name, _) in api.app.store.aliases_of(&customer).await? {
        let is_theirs = model::ids::AnonymousId::new(&name.value).is_ok_and(|id| anonymous_customer(&id) == other);
        if is_theirs {
            let hash = name_hash(&api.app.secret, &name);
            api.app.store.share(&name, &hash, api.app.clock.now()).await?;
        }
    }
    Ok(Json(Success { success: true }))
}

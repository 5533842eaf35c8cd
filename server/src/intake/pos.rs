//! Transactions of the tills: a sale or a return, put down to whoever showed a card, a name or an offer.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use model::ids::{CustomerId, DecisionId, MessageId, StoreId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::commerce;
use super::http::admit;
use super::parse::{Call, Preferences};
use super::take::take;
use crate::api::Api;
use crate::api::access;
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::identity::{Kind, Name};

/// Most lines of one transaction.
const LINES_MAX: usize = 100;
/// Longest number of a receipt.
const RECEIPT_LEN_MAX: usize = 128;

/// One line.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineBody {
    product: String,
    /// 1 when left out.
    quantity: Option<u32>,
    /// Of one, in the currency's main unit, such as 18.99.
    price: Option<f64>,
}

/// What it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sale {
    /// Goods were sold.
    #[default]
    Sale,
    /// Goods came back.
    Return,
}

/// A transaction.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransactionBody {
    /// The write key, for clients that can't send headers.
    write_key: Option<String>,
    store: String,
    /// When; now when left out.
    at: Option<Moment>,
    /// Its number; the same order by another way counts once.
    receipt: String,
    #[serde(default)]
    kind: Sale,
    /// The app's own id of the customer.
    customer: Option<String>,
    /// A loyalty card.
    card: Option<String>,
    /// The decision whose offer was used.
    decision: Option<String>,
    lines: Vec<LineBody>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Booked {
    success: bool,
    /// Whether it was put down to a customer; without consent to a profile it is not, and nothing is kept.
    stored: bool,
    /// Whether it was known already.
    duplicate: bool,
}

/// Takes a transaction of a till.
///
/// # Errors
/// 401 without a write key or API key, 400 naming the field, 404 for a store that is not known, 429.
#[utoipa::path(post, path = "/v1/pos/transactions", tag = "intake", request_body = TransactionBody,
    security(("writeKey" = []), ("apiKey" = [])),
    responses((status = 200, body = Booked), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn post(
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<TransactionBody>,
) -> Result<Json<Booked>, Problem> {
    let asker = access::asker(&api, &headers, body.write_key.as_deref()).await?;
    if asker.device.is_some() {
        return Err(Problem::forbidden("device", "a customer's device is no till", "send a write key or an API key"));
    }
    admit(&api, &asker.name, 1)?;
    let call = read(&api, &body).await?;
    let tally = take(&api.app, &asker.name, vec![call]).await?;
    Ok(Json(Booked { success: true, stored: tally.stored > 0, duplicate: tally.duplicate > 0 }))
}

/// The transaction as the event that a web shop would send.
async fn read(api: &Api, body: &TransactionBody) -> Result<Call, Problem> {
    let fix = "send a text of 1 to 128 characters";
    let store = StoreId::new(&body.store).map_err(|error| Problem::invalid("store", error.to_string(), fix))?;
    api.app.live.plan(&store).ok_or_else(|| Problem::not_found("store").field("store"))?;
    let receipt = body.receipt.trim();
    if receipt.is_empty() || receipt.len() > RECEIPT_LEN_MAX {
        return Err(Problem::invalid("receipt", "it is empty or too long", fix));
    }
    if body.lines.is_empty() || body.lines.len() > LINES_MAX {
        return Err(Problem::invalid("lines", format!("there are {}", body.lines.len()), "send 1 to 100 lines"));
    }
    let user = body.customer.as_deref().map(CustomerId::new).transpose();
    let mut user = user.map_err(|error| Problem::invalid("customer", error.to_string(), fix))?;
    let mut redeems = None;
    if let Some(text) = &body.decision {
        let missing = || Problem::not_found("decision").field("decision");
        let decision: DecisionId = text.parse().map_err(|_| missing())?;
        let row = api.app.store.decision(decision).await?.ok_or_else(missing)?;
        user = user.or(Some(row.decision.customer));
        redeems = Some(decision).filter(|_| body.kind == Sale::Sale);
    }
    let card = match &body.card {
        Some(card) => {
            let name = Name::new(Kind::Card, card);
            Some(name.ok_or_else(|| Problem::invalid("card", "it is no card's number", "send the card's number"))?)
        }
        None => None,
    };
    if user.is_none() && card.is_none() {
        return Err(Problem::invalid("customer", "nobody is named", "send customer, card or decision"));
    }
    let name = if body.kind == Sale::Sale { "Order Completed" } else { "Order Refunded" };
    let now = api.app.clock.now();
    Ok(Call {
        id: id(&store, receipt, body),
        user,
        anonymous: None,
        at: body.at.map_or(now, |Moment(at)| at.min(now)),
        names: card.into_iter().collect(),
        is_login: false,
        consent: Preferences::default(),
        says: commerce::read(name, &properties(receipt, &body.lines)),
        redeems,
    })
}

fn properties(receipt: &str, lines: &[LineBody]) -> Map<String, Value> {
    let line = |line: &LineBody| json!({"product_id": line.product, "quantity": line.quantity, "price": line.price});
    let products = lines.iter().map(line).collect();
    Map::from_iter([("order_id".to_owned(), json!(receipt)), ("products".to_owned(), Value::Array(products))])
}

/// A till sends a receipt again when it had no answer: the same receipt with the same lines is the same.
fn id(store: &StoreId, receipt: &str, body: &TransactionBody) -> MessageId {
    let mut hash = Sha256::new();
    for part in [store.as_str(), receipt, if body.kind == Sale::Sale { "sale" } else { "return" }] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    for line in &body.lines {
        hash.update(format!("{:?}", (&line.product, line.quantity, line.price)).as_bytes());
    }
    MessageId::new(&format!("pos-{}", hex::encode(hash.finalize()))).expect("hexadecimal digits are an id")
}

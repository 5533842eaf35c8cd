//! The e-commerce events of the Segment spec (v2), read as interest, purchase and return.

use model::event::{EventKind, Interest, OrderLine};
use model::ids::{CategoryId, DecisionId, ProductId};
use model::units::{Cents, Probability};
use serde_json::{Map, Value};

/// Products of one event that are read; more are left out.
const PRODUCTS_MAX: usize = 100;
/// Most of one product in one order line.
const QUANTITY_MAX: f64 = 100_000.0;
/// Highest price of one item that is read, in the main unit of the currency.
const PRICE_MAX: f64 = 1e9;

/// How an event is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// A list: interest in its category, and less in each product shown.
    Listed,
    /// Interest in the one product or category that it names.
    One(Interest),
    /// Interest in each product that it names.
    Each(Interest),
    /// A purchase.
    Purchased,
    /// A return.
    Returned,
    /// The offer of a decision was used, when the coupon's id is the decision's.
    Redeemed,
    /// The app was opened.
    Opened,
    /// A complaint.
    Complained,
    /// Known, and not read: it names no goods, or says again what another event says.
    Nothing,
}

/// How an event of this name is read; none for a name that no specification has.
/// The names of the first e-commerce specification, which Segment calls aliases of these, are read alike.
fn reading(name: &str) -> Option<Reading> {
    Some(match name {
        "products searched" | "product list viewed" | "viewed product category" | "product list filtered" => {
            Reading::Listed
        }
        "product clicked" | "clicked product" => Reading::One(Interest::Listed),
        "product viewed" | "viewed product" => Reading::One(Interest::Viewed),
        "product added" | "added product" | "wishlist product added to cart" => Reading::One(Interest::Added),
        "product removed" | "removed product" => Reading::One(Interest::Removed),
        "product added to wishlist" => Reading::One(Interest::Wished),
        "product removed from wishlist" => Reading::One(Interest::Unwished),
        "product shared" | "product reviewed" => Reading::One(Interest::Shared),
        "promotion clicked" | "clicked promotion" | "cart viewed" | "checkout started" | "started order" => {
            Reading::Each(Interest::Viewed)
        }
        "cart shared" => Reading::Each(Interest::Shared),
        "order completed" | "completed order" => Reading::Purchased,
        "order refunded" | "order cancelled" => Reading::Returned,
        "coupon applied" => Reading::Redeemed,
        "application opened" => Reading::Opened,
        "complaint filed" | "complaint submitted" => Reading::Complained,
        "promotion viewed"
        | "viewed promotion"
        | "checkout step viewed"
        | "viewed checkout step"
        | "checkout step completed"
        | "completed checkout step"
        | "payment info entered"
        | "order updated"
        | "updated order"
        | "coupon entered"
        | "coupon denied"
        | "coupon removed" => Reading::Nothing,
        _ => return None,
    })
}

fn reading_of(name: &str) -> Reading {
    reading(&name.trim().to_ascii_lowercase()).unwrap_or(Reading::Nothing)
}

/// What an event of this name and these properties says; one event about many products says many things.
/// An event that the decision core does not read comes back as [`EventKind::Other`].
#[must_use]
pub fn read(name: &str, properties: &Map<String, Value>) -> Vec<EventKind> {
    let found = match reading_of(name) {
        Reading::Listed => list(properties),
        Reading::One(interest) => one(interest, properties),
        Reading::Each(interest) => one(interest, properties).into_iter().chain(each(interest, properties)).collect(),
        Reading::Purchased => vec![EventKind::Purchased { order: order(properties), lines: lines(properties) }],
        Reading::Returned => vec![EventKind::Returned { order: order(properties), lines: lines(properties) }],
        Reading::Opened => vec![EventKind::Opened],
        Reading::Complained => vec![EventKind::Complained],
        // A coupon of ours is no event about goods: it is what became of a decision.
        Reading::Redeemed if redeemed(name, properties).is_some() => return Vec::new(),
        Reading::Redeemed | Reading::Nothing => Vec::new(),
    };
    if found.is_empty() { vec![EventKind::Other { name: name.chars().take(200).collect() }] } else { found }
}

/// The decision whose offer was used: a coupon that was applied and has its id.
#[must_use]
pub fn redeemed(name: &str, properties: &Map<String, Value>) -> Option<DecisionId> {
    if reading_of(name) != Reading::Redeemed {
        return None;
    }
    text(properties.get("coupon_id").or_else(|| properties.get("couponId"))?)?.parse().ok()
}

/// A list view is interest in its category, and less in each product shown.
fn list(properties: &Map<String, Value>) -> Vec<EventKind> {
    let mut found = each(Interest::Listed, properties);
    if let Some(category) = category(properties) {
        let interest = EventKind::Interest {
            interest: Interest::Listed,
            product: None,
            category: Some(category),
            probability: Probability::ONE,
        };
        found.insert(0, interest);
    }
    found
}

fn one(interest: Interest, properties: &Map<String, Value>) -> Vec<EventKind> {
    let (product, category) = (product(properties), category(properties));
    if product.is_none() && category.is_none() {
        return Vec::new();
    }
    vec![EventKind::Interest { interest, product, category, probability: Probability::ONE }]
}

fn each(interest: Interest, properties: &Map<String, Value>) -> Vec<EventKind> {
    products(properties).flat_map(|line| one(interest, line)).collect()
}

fn products(properties: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let list = properties.get("products").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_object).take(PRODUCTS_MAX)
}

fn lines(properties: &Map<String, Value>) -> Vec<OrderLine> {
    let line = |line: &Map<String, Value>| {
        let quantity = line.get("quantity").and_then(number).unwrap_or(1.0);
        let price = line.get("price").and_then(number).filter(|p| (0.0..=PRICE_MAX).contains(p));
        Some(OrderLine { product: product(line)?, quantity: whole(quantity), price: price.map(cents) })
    };
    products(properties).filter_map(line).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to 100,000")]
fn whole(quantity: f64) -> u32 {
    quantity.round().clamp(1.0, QUANTITY_MAX) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "bounded by the highest price, far below 2^53")]
fn cents(price: f64) -> Cents {
    Cents((price * 100.0).round() as i64)
}

fn product(properties: &Map<String, Value>) -> Option<ProductId> {
    ["product_id", "productId", "sku"].iter().find_map(|key| ProductId::new(&text(properties.get(*key)?)?).ok())
}

fn category(properties: &Map<String, Value>) -> Option<CategoryId> {
    CategoryId::new(&text(properties.get("category")?)?).ok()
}

fn order(properties: &Map<String, Value>) -> Option<String> {
    text(properties.get("order_id").or_else(|| properties.get("orderId"))?).filter(|o| o.len() <= 256)
}

/// Ids come as text or as numbers, depending on the client.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Amounts come as numbers or as text, depending on the client.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;

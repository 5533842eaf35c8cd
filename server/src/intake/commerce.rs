//! The e-commerce events of the Segment spec (v2), read as interest, purchase and return.

use model::event::{EventKind, Interest, OrderLine};
use model::ids::{CategoryId, ProductId};
use model::units::{Cents, Probability};
use serde_json::{Map, Value};

/// Products of one event that are read; more are left out.
const PRODUCTS_MAX: usize = 100;
/// Most of one product in one order line.
const QUANTITY_MAX: f64 = 100_000.0;
/// Highest price of one item that is read, in the main unit of the currency.
const PRICE_MAX: f64 = 1e9;

/// What an event of this name and these properties says; one event about many products says many things.
/// An event that the decision core does not read comes back as [`EventKind::Other`].
#[must_use]
pub fn read(name: &str, properties: &Map<String, Value>) -> Vec<EventKind> {
    let other = || vec![EventKind::Other { name: name.chars().take(200).collect() }];
    let found = match name.trim().to_ascii_lowercase().as_str() {
        "product list viewed" | "product list filtered" | "products searched" => list(properties),
        "product clicked" => one(Interest::Listed, properties),
        "product viewed" => one(Interest::Viewed, properties),
        "product added" | "wishlist product added to cart" => one(Interest::Added, properties),
        "product removed" => one(Interest::Removed, properties),
        "product added to wishlist" => one(Interest::Wished, properties),
        "product shared" | "product reviewed" => one(Interest::Shared, properties),
        "cart viewed" | "checkout started" => each(Interest::Viewed, properties),
        "order completed" => vec![EventKind::Purchased { order: order(properties), lines: lines(properties) }],
        "application opened" => vec![EventKind::Opened],
        "complaint filed" | "complaint submitted" => vec![EventKind::Complained],
        "order refunded" | "order cancelled" => {
            vec![EventKind::Returned { order: order(properties), lines: lines(properties) }]
        }
        _ => Vec::new(),
    };
    if found.is_empty() { other() } else { found }
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
mod tests {
    use serde_json::json;

    use super::*;

    fn check(name: &str, properties: Value, expect: Value) {
        let read = read(name, properties.as_object().expect("an object"));
        assert_eq!(serde_json::to_value(read).expect("json"), expect, "{name}");
    }

    fn interest(interest: &str, product: Value, category: Value) -> Value {
        json!({"kind": "interest", "interest": interest, "product": product, "category": category, "probability": 1.0})
    }

    #[test]
    fn product_events_are_interest() {
        let p = || json!({"product_id": "507f1", "sku": "G-32", "category": "Games", "price": 18.99});
        check("Product Viewed", p(), json!([interest("viewed", json!("507f1"), json!("Games"))]));
        check("product added", p(), json!([interest("added", json!("507f1"), json!("Games"))]));
        check("Product Removed", json!({"sku": "G-32"}), json!([interest("removed", json!("G-32"), Value::Null)]));
        check("Product Viewed", json!({"product_id": 7}), json!([interest("viewed", json!("7"), Value::Null)]));
        check("Product Viewed", json!({"product_id": null}), json!([{"kind": "other", "name": "Product Viewed"}]));
        let list = json!({"category": "Games", "products": [{"product_id": "1"}, 5, {"product_id": "2"}]});
        let expect = json!([
            interest("listed", Value::Null, json!("Games")),
            interest("listed", json!("1"), Value::Null),
            interest("listed", json!("2"), Value::Null)
        ]);
        check("Product List Viewed", list, expect);
    }

    #[test]
    fn orders_are_purchases_in_cents() {
        let order = json!({"order_id": "o1", "products": [
            {"product_id": "507f1", "price": 18.99, "quantity": 2}, {"sku": "G-3", "price": "4.10", "quantity": "-3"}, {"price": 1}]});
        let lines = json!([{"product": "507f1", "quantity": 2, "price": 1899}, {"product": "G-3", "quantity": 1, "price": 410}]);
        check("Order Completed", order.clone(), json!([{"kind": "purchased", "order": "o1", "lines": lines}]));
        check("Order Refunded", order, json!([{"kind": "returned", "order": "o1", "lines": lines}]));
        check("Order Cancelled", json!({}), json!([{"kind": "returned", "order": null, "lines": []}]));
    }

    #[test]
    fn unknown_events_and_wild_values_are_kept_small() {
        let name = "x".repeat(5_000);
        check(&name, json!({}), json!([{"kind": "other", "name": "x".repeat(200)}]));
        let wild = json!({"products": [{"product_id": "1", "price": 1e300, "quantity": 1e300}]});
        let lines = json!([{"product": "1", "quantity": 100_000, "price": null}]);
        check("Order Completed", wild, json!([{"kind": "purchased", "order": null, "lines": lines}]));
        let many: Vec<Value> = (0..1_000).map(|i| json!({"product_id": i})).collect();
        let products = json!({"products": many});
        assert_eq!(read("Cart Viewed", products.as_object().expect("an object")).len(), PRODUCTS_MAX);
    }
}

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
    let lines =
        json!([{"product": "507f1", "quantity": 2, "price": 1899}, {"product": "G-3", "quantity": 1, "price": 410}]);
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

/// Every event of the specification, with properties as its examples have them, and what is read of it.
fn specification() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let goods = || json!([{"product_id": "1", "category": "Games", "quantity": 1, "price": 19}, {"product_id": "2"}]);
    let product = || json!({"product_id": "1", "category": "Games", "price": 18.99, "coupon": "MAYDEALS"});
    let cart = || json!({"cart_id": "c", "products": goods()});
    let order = || json!({"order_id": "o", "total": 27.5, "products": goods()});
    let step = || json!({"checkout_id": "c", "step": 2, "payment_method": "Visa"});
    let coupon = || json!({"order_id": "o", "cart_id": "c", "coupon_id": "may_deals_2016"});
    let banner = || json!({"promotion_id": "promo_1", "creative": "top_banner_2", "position": "home_banner_top"});
    vec![
        ("Products Searched", json!({"query": "blue roses"}), vec![]),
        ("Product List Viewed", json!({"category": "Games", "products": goods()}), vec!["listed", "listed", "listed"]),
        ("Product List Filtered", json!({"category": "Beauty", "filters": []}), vec!["listed"]),
        ("Promotion Viewed", json!({"promotion_id": "promo_1", "products": goods()}), vec![]),
        ("Promotion Clicked", banner(), vec![]),
        ("Product Clicked", product(), vec!["listed"]),
        ("Product Viewed", product(), vec!["viewed"]),
        ("Product Added", product(), vec!["added"]),
        ("Product Removed", product(), vec!["removed"]),
        ("Cart Viewed", cart(), vec!["viewed", "viewed"]),
        ("Checkout Started", order(), vec!["viewed", "viewed"]),
        ("Checkout Step Viewed", step(), vec![]),
        ("Checkout Step Completed", step(), vec![]),
        ("Payment Info Entered", step(), vec![]),
        ("Order Completed", order(), vec!["purchased"]),
        ("Order Updated", order(), vec![]),
        ("Order Refunded", order(), vec!["returned"]),
        ("Order Cancelled", order(), vec!["returned"]),
        ("Coupon Entered", coupon(), vec![]),
        ("Coupon Applied", coupon(), vec![]),
        ("Coupon Denied", coupon(), vec![]),
        ("Coupon Removed", coupon(), vec![]),
        ("Product Added to Wishlist", product(), vec!["wished"]),
        ("Product Removed from Wishlist", product(), vec!["unwished"]),
        ("Wishlist Product Added to Cart", product(), vec!["added"]),
        ("Product Shared", product(), vec!["shared"]),
        ("Cart Shared", cart(), vec!["shared", "shared"]),
        ("Product Reviewed", json!({"product_id": "1", "review_id": "r", "rating": "5"}), vec!["shared"]),
        ("Application Opened", json!({"from_background": true}), vec!["opened"]),
        ("Complaint Filed", json!({}), vec!["complained"]),
    ]
}

fn words(found: &[EventKind]) -> Vec<String> {
    let word = |one: &EventKind| {
        let one = serde_json::to_value(one).expect("JSON");
        let key = if one["kind"] == "interest" { "interest" } else { "kind" };
        one[key].as_str().expect("a word").to_owned()
    };
    found.iter().map(word).collect()
}

#[test]
fn every_event_of_the_specification_is_read_as_the_table_says() {
    let events = specification();
    for (name, properties, expect) in &events {
        assert!(reading(&name.to_ascii_lowercase()).is_some(), "{name} has a place of its own");
        let found = read(name, properties.as_object().expect("an object"));
        let expect = if expect.is_empty() { &vec!["other"] } else { expect };
        assert_eq!(words(&found), *expect, "{name}");
    }
    // The table that people read says the same of the same events.
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    let docs = std::fs::read_to_string(docs).expect("the table of events");
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = docs.lines().filter(|line| line.starts_with("| `")).map(cells).collect();
    let mut told = Vec::new();
    for row in &rows {
        let [names, word, why] = &row[..] else { panic!("three cells: {row:?}") };
        assert!(!why.is_empty(), "{names}: why?");
        for name in names.split('`').skip(1).step_by(2) {
            let (_, properties, expect) = events.iter().find(|(event, ..)| *event == name).expect(name);
            let is_coupon = name == "Coupon Applied" && properties["coupon_id"].is_string();
            let wanted = if is_coupon { "redeemed" } else { expect.first().copied().unwrap_or("nothing") };
            let wanted = if matches!(name, "Products Searched") { "listed" } else { wanted };
            let wanted = if matches!(name, "Promotion Clicked") { "viewed" } else { wanted };
            assert_eq!(word.trim_matches('`'), wanted, "{name}");
            told.push(name.to_owned());
        }
    }
    let all: Vec<&str> = events.iter().map(|(name, ..)| *name).collect();
    assert_eq!(told, all, "each once, in the order of the specification");
}

#[test]
fn goods_that_a_sender_adds_of_its_own_are_read_too() {
    let one = json!({"promotion_id": "promo_1", "product_id": "1"});
    check("Promotion Clicked", one, json!([interest("viewed", json!("1"), Value::Null)]));
    let goods = json!({"query": "roses", "category": "Flowers", "products": [{"product_id": "1"}]});
    let expect =
        json!([interest("listed", Value::Null, json!("Flowers")), interest("listed", json!("1"), Value::Null)]);
    check("Products Searched", goods, expect);
}

#[test]
fn the_first_specifications_names_are_aliases() {
    for (old, new) in [
        ("Viewed Product Category", "Product List Viewed"),
        ("Clicked Product", "Product Clicked"),
        ("Viewed Product", "Product Viewed"),
        ("Added Product", "Product Added"),
        ("Removed Product", "Product Removed"),
        ("Completed Order", "Order Completed"),
        ("Updated Order", "Order Updated"),
        ("Started Order", "Checkout Started"),
        ("Viewed Checkout Step", "Checkout Step Viewed"),
        ("Completed Checkout Step", "Checkout Step Completed"),
        ("Viewed Promotion", "Promotion Viewed"),
        ("Clicked Promotion", "Promotion Clicked"),
    ] {
        assert_eq!(reading(&old.to_ascii_lowercase()), reading(&new.to_ascii_lowercase()), "{old}");
    }
    assert_eq!(reading("cat petted"), None);
}

#[test]
fn a_coupon_that_was_applied_names_the_decision_it_came_from() {
    let ours = DecisionId(0xa1);
    let with = |id: &str| json!({"order_id": "o", "coupon_id": id});
    let said = |name: &str, properties: &Value| redeemed(name, properties.as_object().expect("an object"));
    assert_eq!(said("Coupon Applied", &with(&ours.to_string())), Some(ours));
    assert_eq!(said("Coupon Applied", &with("may_deals_2016")), None, "a coupon of somebody else");
    for other in ["Coupon Entered", "Coupon Denied", "Coupon Removed", "Order Completed"] {
        assert_eq!(said(other, &with(&ours.to_string())), None, "{other}");
    }
    let properties = with(&ours.to_string());
    assert!(read("Coupon Applied", properties.as_object().expect("an object")).is_empty(), "nothing about goods");
}

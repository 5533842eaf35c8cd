//! Other channels ask, tills and other systems tell, and customers answer: asked over HTTP as they do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::ids::{CustomerId, DecisionId};
use model::outcome::OutcomeKind;
use model::time::Millis;
use serde_json::{Value, json};

use crate::intake;
use crate::store::KeyKind;
use crate::testing::{API_KEY, Site, WRITE_KEY};

pub(super) async fn ask(site: &Site, key: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = site.ask("POST", path).bearer_auth(key).json(&body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("json"))
}

fn viewed(id: &str) -> Value {
    json!({"type": "track", "event": "Product Added", "messageId": id, "properties": {"product_id": "507f1"}})
}

async fn decisions(site: &Site) -> usize {
    let store = model::ids::StoreId::new("milano").expect("an id");
    let (from, to) = (model::time::Timestamp(0), model::time::Timestamp(i64::MAX));
    site.app.store.decisions(&store, from, to, 100).await.expect("a store").len()
}

#[tokio::test]
async fn a_kiosk_asks_with_events_and_gets_one_recorded_decision_for_one_question() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    let body = json!({"customer": "u-1", "store": "milano", "zone": "games",
        "placements": [{"id": "hero", "fallback": {"banner": 7}}], "events": [viewed("e-1")],
        "context": {"crowding": 2.5, "speedMs": 0.1}, "options": {"channel": "kiosk", "explain": true, "language": "it"}});
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = site.ask("POST", "/v1/decide").bearer_auth(API_KEY).header("idempotency-key", "question-1");
        let answer = request.json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answers.push(answer.json::<Value>().await.expect("json"));
    }
    assert_eq!(answers[0]["decisionId"], answers[1]["decisionId"], "the same question has the same answer");
    assert_eq!(decisions(&site).await, 1);
    let answer = &answers[0];
    let id: DecisionId = answer["decisionId"].as_str().expect("an id").parse().expect("an id");
    let row = site.app.store.decision(id).await.expect("a store").expect("a decision");
    assert_eq!(row.decision.customer.as_str(), "u-1");
    assert_eq!(row.decision.moment.placement.as_deref(), Some("hero"));
    assert_eq!(row.decision.moment.around.crowding.as_ref().map(|aged| aged.value), Some(2.5));
    let offer = &answer["offers"][0];
    assert_eq!(offer["placement"], "hero");
    assert!(offer["reasons"][0]["code"].is_string() && offer["reasons"][0]["it"].is_string());
    assert!(answer["ttl"].as_i64().is_some_and(|ttl| ttl > 0));
    // What was asked first was taken first: the view counts in the decision.
    let candidate = &answer["explanation"][0]["candidates"][0];
    assert_eq!(candidate["offerId"], "monopoly");
    assert!(candidate["intent"].as_f64().is_some_and(|intent| intent > 0.5), "{candidate}");
    // Whatever was drawn: either the offer and no fallback, or the place's own fallback and no offer.
    if offer["offerId"].is_null() {
        assert_eq!((&answer["fallback"], &offer["fallback"]), (&json!(true), &json!({"banner": 7})));
        assert_eq!((&offer["content"], &offer["discount"]), (&Value::Null, &json!(0)), "{offer}");
    } else {
        assert_eq!((&answer["fallback"], &offer["fallback"]), (&json!(false), &Value::Null));
        assert_eq!((&offer["offerId"], &offer["discount"]), (&json!("monopoly"), &json!(300)));
        assert_eq!(offer["content"]["title"], "Monopoly, 3 euro in meno");
    }
    // What was said can be answered, and silence can't.
    let told = site.decide("u-1", 7, Millis::minutes(1)).await.decision;
    for (id, is_said) in [(id, offer["offerId"].is_string()), (told, true)] {
        let path = format!("/v1/decisions/{id}/outcomes");
        let (status, _) = ask(&site, API_KEY, &path, json!({"kind": "not_now"})).await;
        let row = site.app.store.decision(id).await.expect("a store").expect("a decision");
        let kinds: Vec<_> = row.outcomes.iter().map(|o| o.kind).collect();
        let expect = if is_said { (200, vec![OutcomeKind::Later]) } else { (409, vec![]) };
        assert_eq!((status, kinds), expect);
    }
}

#[tokio::test]
async fn a_place_without_an_offer_gets_its_own_fallback_back() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    // Who has complained is promoted nothing: no place can get an offer.
    let complaint = json!({"type": "track", "event": "Complaint Filed", "messageId": "c-1"});
    let places =
        json!([{"id": "hero", "fallback": {"banner": 7}}, {"id": "side", "fallback": "plain"}, {"id": "foot"}]);
    for dry in [true, false] {
        let body = json!({"customer": "u-1", "store": "milano", "zone": "games", "placements": places,
            "events": [viewed("e-1"), complaint], "options": {"channel": "kiosk", "dryRun": dry}});
        let (status, answer) = ask(&site, API_KEY, "/v1/decide", body).await;
        assert_eq!((status, &answer["fallback"], &answer["holdout"]), (200, &json!(true), &json!(false)), "{answer}");
        let offers = answer["offers"].as_array().expect("a list");
        let told: Vec<_> = offers.iter().map(|one| (&one["placement"], &one["offerId"], &one["fallback"])).collect();
        let none = Value::Null;
        let (hero, side, foot) = (json!("hero"), json!("side"), json!("foot"));
        let (banner, plain) = (json!({"banner": 7}), json!("plain"));
        assert_eq!(told, [(&hero, &none, &banner), (&side, &none, &plain), (&foot, &none, &none)]);
    }
}

#[tokio::test]
async fn who_is_not_known_gets_an_answer_and_nothing_is_kept() {
    let site = Site::open().await;
    for who in [json!({}), json!({"anonymousId": "canary-nobody"}), json!({"customer": "canary-nobody"})] {
        let mut body = json!({"store": "milano", "zone": "games", "events": [viewed("e-1")]});
        for (key, value) in who.as_object().expect("an object") {
            body[key] = value.clone();
        }
        if who.as_object().expect("an object").is_empty() {
            body["events"] = json!([]);
        }
        let (status, answer) = ask(&site, WRITE_KEY, "/v1/decide", body).await;
        assert_eq!((status, &answer["decisionId"]), (200, &Value::Null), "{answer}");
        assert_eq!(answer["offers"].as_array().map(Vec::len), Some(1));
    }
    assert_eq!(decisions(&site).await, 0);
    for entry in std::fs::read_dir(site.folder()).expect("a folder") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        assert!(!bytes.windows(13).any(|window| window == b"canary-nobody"));
    }
}

#[tokio::test]
async fn a_dry_run_keeps_nothing_and_a_device_asks_for_its_own_customer_only() {
    let site = Site::open().await;
    let (_, token) = site.device("u-1", None).await;
    let body = json!({"customer": "u-2", "store": "milano", "zone": "games", "options": {"dryRun": true}});
    let (status, answer) = ask(&site, &token, "/v1/decide", body).await;
    assert_eq!((status, &answer["decisionId"]), (200, &Value::Null));
    assert_eq!(decisions(&site).await, 0);
    let (status, answer) = ask(&site, &token, "/v1/decide", json!({"customer": "u-2", "store": "milano"})).await;
    assert_eq!(status, 200);
    let id: DecisionId = answer["decisionId"].as_str().expect("an id").parse().expect("an id");
    let row = site.app.store.decision(id).await.expect("a store").expect("a decision");
    assert_eq!(row.decision.customer.as_str(), "u-1");
    let (_, stranger) = site.device("u-3", None).await;
    let told = site.decide("u-1", 7, Millis::minutes(1)).await.decision;
    for (id, more) in [(id, if answer["offers"][0]["offerId"].is_string() { 200 } else { 409 }), (told, 200)] {
        let path = format!("/v1/decisions/{id}/outcomes");
        assert_eq!(ask(&site, &stranger, &path, json!({"kind": "opened"})).await.0, 404);
        assert_eq!(ask(&site, &token, &path, json!({"kind": "purchased"})).await.0, 400);
        assert_eq!(ask(&site, &token, &path, json!({"kind": "more_like_this"})).await.0, more);
    }
}

#[tokio::test]
async fn a_wrong_question_is_refused_by_name() {
    let site = Site::open().await;
    let place = |id: &str| json!({"id": id});
    let many: Vec<Value> = (0..11).map(|n| place(&n.to_string())).collect();
    for (body, status, field) in [
        (json!({"store": "nowhere"}), 404, "store"),
        (json!({"store": "milano", "zone": "cellar"}), 400, "zone"),
        (json!({"store": "milano", "placements": many}), 400, "placements"),
        (json!({"store": "milano", "placements": [place("a"), place("a")]}), 400, "placements[1].id"),
        (json!({"store": "milano", "context": {"speedMs": 900}}), 400, "context.speedMs"),
        (json!({"store": "milano", "options": {"channel": "radio"}}), 400, "options.channel"),
        (json!({"store": "milano", "rule": "1 == 1"}), 400, "rule"),
    ] {
        let (got, problem) = ask(&site, WRITE_KEY, "/v1/decide", body).await;
        assert_eq!((got, problem["field"].as_str()), (status, Some(field)), "{problem}");
    }
}

#[tokio::test]
async fn one_order_by_three_ways_counts_once() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    let products = json!([{"product_id": "507f1", "quantity": 2, "price": 18.99}]);
    let order = |id: &str| {
        json!({"type": "track", "event": "Order Completed", "userId": "u-1", "messageId": id,
        "context": {"externalIds": [{"type": "card", "id": "4711"}]},
        "properties": {"order_id": "R-77", "products": products}})
    };
    let (status, _) = ask(&site, WRITE_KEY, "/v1/batch", json!({"batch": [order("m-1")]})).await;
    assert_eq!(status, 200);
    // The till knows the card only.
    let sale = json!({"store": "milano", "receipt": "R-77", "card": "4711",
        "lines": [{"product": "507f1", "quantity": 2, "price": 18.99}]});
    let (status, booked) = ask(&site, API_KEY, "/v1/pos/transactions", sale.clone()).await;
    assert_eq!((status, &booked["stored"], &booked["duplicate"]), (200, &json!(false), &json!(true)));
    let (status, body) = pushed(&site, "app", "w-1", order("m-9")).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)));
    let lines = async || site.app.store.purchases_of(&CustomerId::new("u-1").expect("an id")).await.expect("a store");
    assert_eq!(lines().await, 1);
    let order_key = intake::order_id(&model::event::EventKind::Purchased {
        order: Some("R-77".into()),
        lines: vec![model::event::OrderLine {
            product: model::ids::ProductId::new("507f1").expect("an id"),
            quantity: 2,
            price: None,
        }],
    });
    assert!(site.app.store.knows_message(&order_key.expect("a key")).await.expect("a store"));
    let mut other = sale;
    other["receipt"] = json!("R-78");
    let (_, booked) = ask(&site, API_KEY, "/v1/pos/transactions", other).await;
    assert_eq!(booked, json!({"success": true, "stored": true, "duplicate": false}));
    assert_eq!(lines().await, 2);
}

/// Pushes an event as another system does.
pub(super) async fn pushed(site: &Site, source: &str, id: &str, body: Value) -> (u16, Value) {
    let hash = site.app.store.key_hash(KeyKind::Write, source).await.expect("a store").expect("a key");
    let secret = intake::webhook::secret(&site.app.secret, source, &hash);
    let (stamp, body) = ((site.app.clock.now().0 / 1_000).to_string(), body.to_string());
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).expect("a key");
    mac.update(format!("{id}.{stamp}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let request = site.ask("POST", &format!("/v1/webhooks/{source}"));
    let request = request.header("webhook-id", id).header("webhook-timestamp", stamp);
    let answer = request.header("webhook-signature", signature).body(body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("json"))
}

#[tokio::test]
async fn a_till_names_its_lines_and_somebody() {
    let site = Site::open().await;
    let line = json!({"product": "507f1"});
    for (body, field) in [
        (json!({"store": "milano", "receipt": " ", "card": "4711", "lines": [line]}), "receipt"),
        (json!({"store": "milano", "receipt": "1", "card": "4711", "lines": []}), "lines"),
        (json!({"store": "milano", "receipt": "1", "card": "0000", "lines": [line]}), "card"),
        (json!({"store": "milano", "receipt": "1", "lines": [line]}), "customer"),
        (
            json!({"store": "milano", "receipt": "1", "card": "4711", "lines": [{"product": "p", "quantity": -1}]}),
            "lines[0].quantity",
        ),
    ] {
        let (status, problem) = ask(&site, API_KEY, "/v1/pos/transactions", body).await;
        assert_eq!((status, problem["field"].as_str()), (400, Some(field)), "{problem}");
    }
    let unknown = json!({"store": "milano", "receipt": "1", "card": "4711", "lines": [line]});
    let (status, booked) = ask(&site, API_KEY, "/v1/pos/transactions", unknown).await;
    assert_eq!((status, booked["stored"].as_bool()), (200, Some(false)), "nobody's card: nothing is kept");
}

#[tokio::test]
async fn contacts_of_others_and_wishes_of_customers_are_taken() {
    let site = Site::open().await;
    let (device, token) = site.device("u-1", None).await;
    let contact = json!({"customer": "u-1", "channel": "email", "id": "letter-1"});
    for _ in 0..2 {
        assert_eq!(ask(&site, API_KEY, "/v1/contacts", contact.clone()).await.0, 200);
    }
    assert_eq!(ask(&site, API_KEY, "/v1/contacts", json!({"channel": "email"})).await.1["field"], "customer");
    let put = async |body: Value| {
        let path = format!("/v1/devices/{device}/preferences");
        let answer = site.ask("PUT", &path).bearer_auth(&token).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("json"))
    };
    let wish = json!({"muteCategories": ["Alcohol"], "channels": ["web"], "quiet": {"from": "19:00", "to": "09:00"},
        "aDayMax": 2, "birthYear": 1990});
    assert_eq!(put(wish).await.0, 200);
    assert_eq!(put(json!({"quiet": {"from": "25:00", "to": "09:00"}})).await.1["field"], "quiet");
    assert_eq!(put(json!({"birthYear": 17})).await.1["field"], "birthYear");
    assert_eq!(put(json!({"muteOffers": ["a/b"]})).await.1["field"], "muteOffers");
    let person = person(&site, "u-1").await;
    assert_eq!(person["contacts"].as_array().map(Vec::len), Some(1), "the same letter is one: {person}");
    assert_eq!((&person["preferences"]["a_day_max"], &person["preferences"]["birth_year"]), (&json!(2), &json!(1990)));
}

/// What is kept of a customer as a person.
async fn person(site: &Site, user: &str) -> Value {
    let customer = CustomerId::new(user).expect("an id");
    let saved = site.app.store.profile(&customer).await.expect("a store").expect("a state");
    serde_json::to_value(saved.state().expect("it unpacks")).expect("JSON")["person"].clone()
}

#[tokio::test]
async fn a_contact_by_the_visitors_id_counts_for_the_user_that_the_visitor_became() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    let log_in = json!({"batch": [{"type": "identify", "anonymousId": "a-1", "userId": "u-1"}]});
    assert_eq!(ask(&site, WRITE_KEY, "/v1/batch", log_in).await.0, 200);
    let contact = json!({"anonymousId": "a-1", "channel": "email"});
    assert_eq!(ask(&site, API_KEY, "/v1/contacts", contact).await.0, 200);
    assert_eq!(person(&site, "u-1").await["contacts"].as_array().map(Vec::len), Some(1));
}

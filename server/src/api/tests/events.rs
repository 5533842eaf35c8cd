//! Events over HTTP as shops and apps send them: what is too large, and what reaches the core through the mapping.

use model::ids::{CustomerId, DecisionId};
use model::outcome::OutcomeKind;
use model::time::Millis;
use serde_json::{Value, json};

use super::decide::{ask, pushed};
use crate::intake::parse::EVENT_LEN_MAX;
use crate::testing::{API_KEY, Site, WRITE_KEY};

fn track(event: &str, id: &str, properties: Value) -> Value {
    json!({"type": "track", "event": event, "userId": "u-1", "messageId": id, "properties": properties})
}

/// An event of one byte more than is taken.
fn large(id: &str) -> Value {
    let mut event = track("Product Viewed", id, json!({"product_id": "507f1", "blob": ""}));
    let short = event.to_string().len();
    event["properties"]["blob"] = json!("x".repeat(EVENT_LEN_MAX + 1 - short));
    assert_eq!(event.to_string().len(), EVENT_LEN_MAX + 1);
    event
}

#[tokio::test]
async fn an_event_alone_that_is_too_large_is_413_with_its_field_and_the_limit() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    for path in ["track", "t", "page", "p", "screen", "s", "identify", "i", "group", "g", "alias", "a"] {
        let (status, problem) = ask(&site, WRITE_KEY, &format!("/v1/{path}"), large("m-1")).await;
        assert_eq!((status, &problem["code"], &problem["field"]), (413, &json!("too-large"), &json!("properties")));
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("32769 bytes") && detail.contains("at most 32768"), "{path}: {detail}");
        assert_eq!(problem["fix"], "send at most 32 KB an event");
    }
    let (status, problem) = pushed(&site, "app", "w-1", large("m-2")).await;
    assert_eq!((status, &problem["field"]), (413, &json!("properties")), "pushed, it is alone too");
    // In a batch only that one is left out.
    let small = track("Product Viewed", "m-4", json!({"product_id": "507f1"}));
    for batch in [json!({"batch": [large("m-3"), small]}), json!({"batch": [large("m-3")]})] {
        let (status, answer) = ask(&site, WRITE_KEY, "/v1/batch", batch).await;
        let expect = json!({"success": true, "rejected": [{"index": 0, "code": "too-large"}]});
        assert_eq!((status, answer), (200, expect));
    }
    // One byte less is taken.
    let mut fits = large("m-5");
    let blob = fits["properties"]["blob"].as_str().unwrap_or_default()[1..].to_owned();
    fits["properties"]["blob"] = json!(blob);
    assert_eq!(ask(&site, WRITE_KEY, "/v1/track", fits).await, (200, json!({"success": true})));
}

#[tokio::test]
async fn a_complaint_pauses_what_is_promoted() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    let question = json!({"customer": "u-1", "store": "milano", "zone": "games",
        "options": {"dryRun": true, "explain": true, "channel": "kiosk"}});
    let refused = async || {
        let (status, answer) = ask(&site, API_KEY, "/v1/decide", question.clone()).await;
        assert_eq!(status, 200, "{answer}");
        answer["explanation"][0]["candidates"][0]["refused"]["code"].clone()
    };
    let wants = track("Product Added", "m-1", json!({"product_id": "507f1"}));
    assert_eq!(ask(&site, WRITE_KEY, "/v1/track", wants).await.0, 200);
    assert_eq!(refused().await, Value::Null, "nothing stands in the way");
    assert_eq!(ask(&site, WRITE_KEY, "/v1/track", track("Complaint Filed", "m-2", json!({}))).await.0, 200);
    assert_eq!(refused().await, "complaint");
}

#[tokio::test]
async fn a_coupon_that_was_applied_redeems_the_decision_that_it_names() {
    let site = Site::open().await;
    for user in ["u-1", "u-2"] {
        site.device(user, None).await;
    }
    let ours = site.decide("u-1", 7, Millis::minutes(1)).await.decision;
    let theirs = site.decide("u-2", 8, Millis::minutes(1)).await.decision;
    let kinds = async |id: DecisionId| {
        let row = site.app.store.decision(id).await.expect("a store").expect("a decision");
        row.outcomes.iter().map(|outcome| outcome.kind).collect::<Vec<_>>()
    };
    let coupon = |event: &str, id: &str, of: String| track(event, id, json!({"order_id": "o-1", "coupon_id": of}));
    for event in [
        coupon("Coupon Entered", "m-1", ours.to_string()),
        coupon("Coupon Applied", "m-2", "may_deals_2016".to_owned()),
        coupon("Coupon Applied", "m-3", theirs.to_string()),
    ] {
        assert_eq!(ask(&site, WRITE_KEY, "/v1/track", event).await, (200, json!({"success": true})));
    }
    assert_eq!((kinds(ours).await, kinds(theirs).await), (vec![], vec![]), "nobody uses another's coupon");
    for id in ["m-4", "m-4", "m-5"] {
        let event = coupon("Coupon Applied", id, ours.to_string());
        assert_eq!(ask(&site, WRITE_KEY, "/v1/track", event).await.0, 200);
    }
    assert_eq!(kinds(ours).await, [OutcomeKind::Redeemed], "once, however often it is said");
    assert_eq!(site.app.store.purchases_of(&CustomerId::new("u-1").expect("an id")).await.expect("a store"), 0);
}

//! Events over HTTP as shops and apps send them: what is too large, and what reaches the core through the mapping.

use model::decision::{Choice, Decision};
use model::ids::{CustomerId, DecisionId};
use model::outcome::OutcomeKind;
use model::time::{Millis, Timestamp};
use serde_json::{Value, json};

use super::decide::{ask, pushed};
use crate::intake::parse::{self, EVENT_LEN_MAX, EVENTS_MAX, Endpoint};
use crate::intake::take::{Tally, take};
use crate::run::Handle;
use crate::store::Changes;
use crate::testing::{self, API_KEY, Site, WRITE_KEY};

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
    // Who pushes would send a refused request again and again: it is taken, and the event named.
    let answer = pushed(&site, "app", "w-1", large("m-2")).await;
    assert_eq!(answer, (200, json!({"success": true, "rejected": [{"index": 0, "code": "too-large"}]})));
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

/// Puts a decision into the store that told nobody anything.
async fn unsaid(site: &Site, number: u128, change: impl Fn(&mut Decision)) -> DecisionId {
    let (mut decision, _) = testing::decision("u-1", number, site.app.clock.now(), Millis::minutes(1));
    change(&mut decision);
    let mut changes = Changes::default();
    let id = decision.id;
    changes.decisions.insert(id, decision);
    site.app.store.commit(&changes).await.expect("a commit");
    id
}

#[tokio::test]
async fn nobody_answers_what_nobody_was_told() {
    let site = Site::open().await;
    let (_, token) = site.device("u-1", None).await;
    let silence = Choice::Silence { code: "explore".into() };
    let unsaid = [
        unsaid(&site, 11, |decision| decision.holdout = true).await,
        unsaid(&site, 12, |decision| decision.control = true).await,
        unsaid(&site, 13, |decision| decision.shadow = true).await,
        unsaid(&site, 14, |decision| decision.choice = silence.clone()).await,
    ];
    let told = site.decide("u-1", 15, Millis::minutes(1)).await.decision;
    for (decision, status) in unsaid.into_iter().map(|id| (id, 409)).chain([(told, 200)]) {
        let path = format!("/v1/decisions/{decision}/outcomes");
        for key in [API_KEY, &token] {
            let (got, answer) = ask(&site, key, &path, json!({"kind": "redeemed"})).await;
            let code = if status == 409 { json!("nothing-said") } else { Value::Null };
            assert_eq!((got, &answer["code"]), (status, &code), "{decision}");
        }
        let wanted = if status == 409 { 404 } else { 200 };
        let path = format!("/v1/offers/{decision}/outcomes");
        assert_eq!(ask(&site, &token, &path, json!({"kind": "muted"})).await.0, wanted, "{decision}");
        let coupon = track("Coupon Applied", &format!("m-{decision}"), json!({"coupon_id": decision.to_string()}));
        assert_eq!(ask(&site, WRITE_KEY, "/v1/track", coupon).await.0, 200);
        let sale = json!({"store": "milano", "receipt": format!("r-{decision}"), "decision": decision.to_string(),
            "lines": [{"product": "507f1"}]});
        let booked = ask(&site, API_KEY, "/v1/pos/transactions", sale).await;
        assert_eq!(booked, (200, json!({"success": true, "stored": true, "duplicate": false})), "{decision}");
        let row = site.app.store.decision(decision).await.expect("a store").expect("a decision");
        let redeemed = row.outcomes.iter().filter(|outcome| outcome.kind == OutcomeKind::Redeemed).count();
        assert_eq!((redeemed, row.outcomes.is_empty()), (usize::from(status == 200), status == 409), "{decision}");
    }
}

#[tokio::test]
async fn a_coupon_is_used_after_its_decision_whatever_the_clients_clock_says() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    let mut number = 20;
    for (path, wrap) in [("/v1/track", false), ("/v1/pos/transactions", true)] {
        number += 1;
        let delivery = site.decide("u-1", number, Millis::minutes(1)).await;
        let at = "2001-09-09T01:46:40Z";
        let body = if wrap {
            json!({"store": "milano", "receipt": "r-1", "at": at, "decision": delivery.decision.to_string(),
                "lines": [{"product": "507f1"}]})
        } else {
            let mut event = track("Coupon Applied", "m-1", json!({"coupon_id": delivery.decision.to_string()}));
            event["timestamp"] = json!(at);
            event
        };
        let (status, answer) = ask(&site, WRITE_KEY, path, body).await;
        assert_eq!(status, 200, "{answer}");
        let row = site.app.store.decision(delivery.decision).await.expect("a store").expect("a decision");
        let used: Vec<Timestamp> = row.outcomes.iter().map(|outcome| outcome.at).collect();
        assert_eq!(used, [delivery.decided_at], "{path}");
    }
}

#[tokio::test]
async fn a_batch_of_made_up_coupons_is_one_look_and_asks_nobody() {
    let site = Site::open().await;
    for user in ["u-1", "u-2"] {
        site.device(user, None).await;
    }
    let ours = site.decide("u-1", 7, Millis::minutes(1)).await.decision;
    let theirs = site.decide("u-2", 8, Millis::minutes(1)).await.decision;
    let read = |ids: &mut dyn Iterator<Item = DecisionId>| {
        let coupon = |(n, id): (usize, DecisionId)| {
            track("Coupon Applied", &format!("m-{n}"), json!({"coupon_id": id.to_string()}))
        };
        let batch: Vec<Value> = ids.enumerate().map(coupon).collect();
        let body = json!({"batch": batch});
        let read = parse::read(Endpoint::Batch, body.as_object().expect("an object"), site.app.clock.now());
        read.expect("a batch").calls
    };
    // Nobody is there to be asked: a request to the owner would be an error.
    let (jobs, _) = tokio::sync::mpsc::channel(1);
    let alone = crate::app::AppState { run: Handle::new(jobs), ..site.app.clone() };
    let most = u128::try_from(EVENTS_MAX).expect("a number");
    let calls = read(&mut (0..most).map(|n| DecisionId(1_000 + n)));
    let tally = take(&alone, "app", calls).await.expect("taken");
    assert_eq!(tally, Tally { not_theirs: EVENTS_MAX, ..Tally::default() });
    assert!(take(&alone, "app", read(&mut [ours].into_iter())).await.is_err(), "a known one goes on");
    // Known ones are found among as many, each is named for what it is, and said twice it is once.
    let ids = (0..most - 3).map(|n| DecisionId(1_000 + n)).chain([ours, theirs, ours]);
    let tally = take(&site.app, "app", read(&mut ids.into_iter())).await.expect("taken");
    let expect = Tally { redeemed: 1, redeemed_before: 1, not_theirs: EVENTS_MAX - 2, ..Tally::default() };
    assert_eq!(tally, expect);
    let again = take(&site.app, "app", read(&mut [ours].into_iter())).await.expect("taken");
    assert_eq!(again, Tally { redeemed_before: 1, ..Tally::default() });
}

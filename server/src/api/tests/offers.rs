//! What people say about offers, and what offers brought, over HTTP.

use model::time::Millis;
use serde_json::{Value, json};

use crate::store::Changes;
use crate::testing::{API_KEY, Site, decision};

async fn call(site: &Site, method: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = site.ask(method, path).bearer_auth(API_KEY).json(&body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("json"))
}

fn offer(site: &Site) -> String {
    let store = "milano".parse().expect("an id");
    site.app.live.plan(&store).expect("a plan").offers[0].id.to_string()
}

#[tokio::test]
async fn what_people_say_of_an_offer_holds_and_is_kept_with_their_name() {
    let site = Site::open().await;
    let path = format!("/api/v1/stores/milano/offers/{}/lever", offer(&site));
    assert_eq!(call(&site, "GET", &path, json!({})).await.1["levers"], json!([]));
    let said = call(&site, "PUT", &path, json!({"weight": 1.55})).await;
    assert_eq!(said, (200, json!({"success": true})));
    assert_eq!(call(&site, "PUT", &path, json!({"ban": true})).await.0, 200);
    let (_, kept) = call(&site, "GET", &path, json!({})).await;
    assert_eq!(kept["levers"].as_array().map(Vec::len), Some(2), "{kept}");
    assert_eq!(kept["levers"][0]["ban"], true, "the newest first: {kept}");
    assert_eq!(kept["levers"][1]["weight"], 1.55);
    assert!(kept["levers"][0]["by"].as_str().is_some_and(|by| by.starts_with("key ")), "{kept}");
    let (status, problem) = call(&site, "PUT", &path, json!({"weight": 50})).await;
    assert_eq!((status, &problem["field"]), (400, &json!("weight")), "{problem}");
    assert_eq!(call(&site, "PUT", &path, json!({"wieght": 1})).await.0, 400);
    assert_eq!(call(&site, "PUT", "/api/v1/stores/milano/offers/none/lever", json!({})).await.0, 404);
}

#[tokio::test]
async fn little_data_is_called_that_and_who_was_told_is_counted() {
    let site = Site::open().await;
    let path = "/api/v1/stores/milano/lift";
    let (status, nothing) = call(&site, "GET", path, json!({})).await;
    assert_eq!(status, 200, "{nothing}");
    assert_eq!(nothing["treated"], json!({"n": 0, "converted": 0}));
    site.device("u-1", None).await;
    let (mut decided, delivery) = decision("u-1", 7, site.app.clock.now(), Millis::minutes(1));
    let epochs = site.app.store.epochs().await.expect("a store");
    decided.epoch = epochs.iter().find(|epoch| epoch.offer == delivery.offer).map_or(0, |epoch| epoch.number);
    let mut changes = Changes::default();
    changes.decisions.insert(decided.id, decided);
    site.app.store.commit(&changes).await.expect("a commit");
    for path in [path.to_owned(), format!("/api/v1/stores/milano/offers/{}/lift", delivery.offer)] {
        let (status, report) = call(&site, "GET", &path, json!({})).await;
        assert_eq!(status, 200, "{report}");
        assert_eq!(report["treated"], json!({"n": 1, "converted": 0}), "{path}: {report}");
        assert_eq!(report["control"], json!({"n": 0, "converted": 0}), "{report}");
        assert_eq!((&report["hidden"], &report["verdict"]), (&json!("not-enough"), &json!("not-enough")), "{report}");
        assert!(report["rateRatio"].is_null() && report["e"].is_null() && report["money"].is_null(), "{report}");
    }
    assert_eq!(call(&site, "GET", "/api/v1/stores/milano/lift?days=0", json!({})).await.0, 400);
    assert_eq!(call(&site, "GET", "/api/v1/stores/milano/offers/none/lift", json!({})).await.0, 404);
    assert_eq!(call(&site, "GET", "/api/v1/stores/nowhere/lift", json!({})).await.0, 404);
}

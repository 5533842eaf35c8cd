//! What people say about offers, and what offers brought, over HTTP.

use model::decision::Word;
use model::ids::{DecisionId, ProductId};
use model::time::Millis;
use model::units::Cents;
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
    assert_eq!(call(&site, "GET", "/api/v1/stores/milano/offers/none/lift", json!({})).await.0, 404);
    assert_eq!(call(&site, "GET", "/api/v1/stores/nowhere/lift", json!({})).await.0, 404);
}

async fn listed(site: &Site) -> Value {
    let (status, answer) = call(site, "GET", "/api/v1/stores/milano/offers", json!({})).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn the_list_of_offers_tells_state_figures_words_and_both_arms() {
    let site = Site::open().await;
    let fresh = listed(&site).await;
    let one = &fresh["offers"][0];
    assert_eq!(
        (&one["id"], &one["state"], &one["budget"]),
        (&json!("monopoly"), &json!("live"), &Value::Null),
        "{one}"
    );
    assert_eq!((&one["about"], &one["zones"]), (&json!("Monopoly"), &json!(["Games"])));
    assert_eq!(one["title"], json!({"en": "Monopoly, 3 euro off", "it": "Monopoly, 3 euro in meno"}));
    assert_eq!((&one["discount"], &one["told"], &one["conflicts"]), (&json!([300, 300]), &json!(0), &json!([])));
    assert_eq!(
        one["word"],
        json!({"weight": 1.0, "pin": false, "ban": false, "approved": true, "by": null, "at": null})
    );
    assert_eq!((&one["lift"]["verdict"], &one["lift"]["enoughFrom"]), (&json!("not-enough"), &json!(20)));

    site.device("u-1", None).await;
    let (mut told, delivery) = decision("u-1", 7, site.app.clock.now(), Millis::minutes(1));
    let epochs = site.app.store.epochs().await.expect("a store");
    told.epoch = epochs.iter().find(|epoch| epoch.offer == delivery.offer).map_or(0, |epoch| epoch.number);
    let mut kept = crate::testing::decision("u-2", 8, site.app.clock.now(), Millis::minutes(1)).0;
    (kept.holdout, kept.epoch) = (true, told.epoch);
    let mut changes = Changes::default();
    changes.decisions.insert(told.id, told);
    changes.decisions.insert(kept.id, kept);
    site.app.store.commit(&changes).await.expect("a commit");
    assert_eq!(call(&site, "PUT", "/api/v1/stores/milano/offers/monopoly/lever", json!({"ban": true})).await.0, 200);
    let after = listed(&site).await;
    let one = &after["offers"][0];
    assert_eq!((&one["told"], &one["keptBack"], &one["state"]), (&json!(1), &json!(1), &json!("banned")), "{one}");
    assert_eq!((&one["lift"]["treated"]["n"], &one["lift"]["control"]["n"]), (&json!(1), &json!(1)), "{one}");
    assert_eq!((&one["word"]["ban"], &one["word"]["by"]), (&json!(true), &json!("key office")), "{one}");
    assert_eq!(call(&site, "GET", "/api/v1/stores/nowhere/offers", json!({})).await.0, 404);
}

/// A second offer on the same product for less, a pilot of a tenth, an offer in shadow with a budget, and two segments.
const MORE: &str = r#"
[[offer]]
id = "monopoly-5"
product = "507f1"
discount = 500
[offer.content.en]
title = "Monopoly, 5 euro off"
body = "Today only."

[[offer]]
id = "tried"
category = "Games"
stage = { kind = "pilot", share = 0.1 }
[offer.content.en]
title = "Any game"
body = "Today only."

[[offer]]
id = "watched"
category = "Games"
zones = ["wine"]
budget = 5
stage = { kind = "shadow" }
[offer.content.en]
title = "A game beside the wine"
body = "Today only."

[[segment]]
id = "regulars"
rule = "visits > 3"
weight = 1.5

[[segment]]
id = "everybody"
rule = "true"
"#;

#[tokio::test]
async fn conflicts_are_named_and_stages_and_segments_told_in_their_order() {
    let site = Site::open().await;
    let store = "milano".parse().expect("an id");
    let files = site.app.store.shops().await.expect("a store").remove(0);
    let (toml, floor) = (files.shop_toml + MORE, files.floor_geojson);
    model::shop::Shop::parse(&toml, &floor).expect("the files are right");
    let mut events = site.app.live.subscribe();
    site.app.store.put_shop(&store, &toml, &floor, site.app.clock.now()).await.expect("kept");
    let noticed = async {
        while site.app.live.plan(&store).is_none_or(|plan| plan.offers.len() < 4) {
            events.recv().await.expect("an event");
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), noticed).await.expect("noticed");
    let answer = listed(&site).await;
    let field = |name: &str| answer["offers"].as_array().expect("offers").iter().map(|o| o[name].clone()).collect();
    let states: Vec<Value> = field("state");
    assert_eq!(states, ["live", "live", "pilot", "shadow"], "{answer}");
    assert_eq!(answer["offers"][2]["share"], json!(0.1));
    assert_eq!(answer["offers"][3]["budget"], json!({"total": 5, "left": 5}));
    let conflicts: Vec<Value> = field("conflicts");
    assert_eq!(conflicts[0][0]["offerId"], "monopoly-5", "{answer}");
    assert_eq!(
        conflicts[1],
        json!([{"offerId": "monopoly", "discount": 300,
        "title": {"en": "Monopoly, 3 euro off", "it": "Monopoly, 3 euro in meno"}}])
    );
    assert_eq!((&conflicts[2], &conflicts[3]), (&json!([]), &json!([])));
    let segments = json!([{"id": "regulars", "rule": "visits > 3", "weight": 1.5},
        {"id": "everybody", "rule": "true", "weight": 1.0}]);
    assert_eq!((&answer["segments"], &answer["holdout"]), (&segments, &json!(0.1)), "{answer}");
}

/// When the newest word on the offer was said.
async fn last_word(site: &Site) -> Value {
    let (_, said) = call(site, "GET", "/api/v1/stores/milano/offers/monopoly/lever", json!({})).await;
    said["levers"][0]["at"].clone()
}

#[tokio::test]
async fn what_an_approval_brought_and_a_ban_gives_up_is_told_by_the_offer_s_own_lift() {
    let site = Site::open().await;
    let (path, lever) = ("/api/v1/stores/milano/offers/monopoly/lift", "/api/v1/stores/milano/offers/monopoly/lever");
    let say = async |word: Value| {
        assert_eq!(call(&site, "PUT", lever, word).await.0, 200);
        // What comes after it has another time.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        call(&site, "GET", path, json!({})).await.1
    };
    let report = say(json!({"approved": true})).await;
    assert_eq!((&report["approval"], &report["banned"]), (&Value::Null, &Value::Null), "it never waited for one");
    let epochs = site.app.store.epochs().await.expect("a store");
    let epoch = epochs.iter().find(|epoch| epoch.offer.as_str() == "monopoly").map_or(0, |epoch| epoch.number);
    let bought = |n: u128, decision| engine::shopper::Purchase {
        order: format!("a-{n}").parse().expect("an id"),
        product: ProductId::new("507f1").expect("an id"),
        store: Some("milano".parse().expect("an id")),
        decision,
        amount: Cents(2_000),
        margin: Cents(900),
        at: site.app.clock.now(),
    };
    // Sixty customers: one in ten is kept without the offer, and of the told more buy.
    let tell = async |from: u128| {
        let mut changes = Changes::default();
        for n in from..from + 60 {
            let who = format!("u-{n}");
            site.device(&who, None).await;
            let (mut decided, _) = decision(&who, 500 + n, site.app.clock.now(), Millis::minutes(1));
            (decided.control, decided.epoch) = (n % 10 == 0, epoch);
            if n % 3 > 0 && (n % 10 > 0 || n % 20 == 0) {
                let purchase = bought(n, Some(decided.id));
                changes.purchases.push((decided.customer.clone(), purchase));
            }
            changes.decisions.insert(decided.id, decided);
        }
        site.app.store.commit(&changes).await.expect("a commit");
    };
    tell(0).await;
    say(json!({"approved": false})).await;
    let report = say(json!({"approved": true, "weight": 2})).await;
    let since = last_word(&site).await;
    assert_eq!(report["treated"]["n"], 54, "{report}");
    assert_eq!((&report["approval"]["treated"]["n"], &report["approval"]["hidden"]), (&json!(0), &json!("not-enough")));
    say(json!({"approved": true, "weight": 3})).await;
    tell(60).await;
    let (_, report) = call(&site, "GET", path, json!({})).await;
    let approval = &report["approval"];
    assert_eq!((&report["treated"]["n"], &approval["treated"]), (&json!(108), &json!({"n": 54, "converted": 36})));
    assert_eq!(
        (&approval["control"], &approval["hidden"]),
        (&json!({"n": 6, "converted": 2}), &Value::Null),
        "{report}"
    );
    assert_eq!(approval["since"], since, "the weight begins nothing anew");
    assert!(approval["rateRatio"]["low"].is_number(), "{report}");

    say(json!({"ban": true})).await;
    let banned = last_word(&site).await;
    let report = say(json!({"ban": true, "weight": 2})).await;
    assert_eq!((&report["approval"], &report["banned"]), (&Value::Null, &banned));
    assert_eq!(report["treated"], json!({"n": 108, "converted": 72}), "{report}");
    let mut changes = Changes::default();
    for n in [3_u128, 6, 9] {
        changes.purchases.push((format!("u-{n}").parse().expect("an id"), bought(n + 900, Some(DecisionId(500 + n)))));
    }
    site.app.store.commit(&changes).await.expect("a commit");
    let (_, later) = call(&site, "GET", path, json!({})).await;
    assert_eq!(later["treated"], report["treated"], "what is bought after the ban: {later}");
    assert!(report["treated"]["n"] == 108 && report["rateRatio"]["low"].is_number(), "what it gives up: {report}");
    assert_eq!(say(json!({})).await["banned"], Value::Null);
}

#[tokio::test]
async fn what_a_weight_brought_is_told_by_those_decided_on_without_it() {
    let site = Site::open().await;
    let path = "/api/v1/stores/milano/offers/monopoly/lift";
    assert_eq!(call(&site, "GET", path, json!({})).await.1["word"], Value::Null, "nobody said anything");
    let lever = "/api/v1/stores/milano/offers/monopoly/lever";
    assert_eq!(call(&site, "PUT", lever, json!({"approved": true})).await.0, 200);
    assert_eq!(call(&site, "GET", path, json!({})).await.1["word"], Value::Null, "an approval moves nothing");
    assert_eq!(call(&site, "PUT", lever, json!({"weight": 2})).await.0, 200);
    let (_, report) = call(&site, "GET", path, json!({})).await;
    assert_eq!((&report["word"]["hidden"], &report["word"]["share"]), (&json!("not-enough"), &json!(0.9)), "{report}");

    let mut changes = Changes::default();
    for n in 0..40_u128 {
        let who = format!("u-{n}");
        site.device(&who, None).await;
        let (mut decided, delivery) = decision(&who, 100 + n, site.app.clock.now(), Millis::minutes(1));
        decided.words_aside = n % 10 == 0;
        decided.words = vec![Word { offer: delivery.offer, weight: 2.0, pin: false, share: 0.1 }];
        // Two of three buy with the weight, and one of four without it.
        let buys = if decided.words_aside { n == 0 } else { n % 3 > 0 };
        if buys {
            let purchase = engine::shopper::Purchase {
                order: format!("w-{n}").parse().expect("an id"),
                product: ProductId::new("507f1").expect("an id"),
                store: Some(decided.moment.store.clone()),
                decision: None,
                amount: Cents(2_000),
                margin: Cents(900),
                at: site.app.clock.now(),
            };
            changes.purchases.push((decided.customer.clone(), purchase));
        }
        changes.decisions.insert(decided.id, decided);
    }
    site.app.store.commit(&changes).await.expect("a commit");
    let (_, report) = call(&site, "GET", path, json!({})).await;
    let word = &report["word"];
    assert_eq!((&word["treated"], &word["control"]["n"]), (&json!({"n": 36, "converted": 24}), &json!(4)), "{report}");
    assert_eq!((&word["control"]["converted"], &word["hidden"]), (&json!(1), &Value::Null), "{report}");
    assert!(word["rateRatio"]["low"].is_number() && word["e"].is_number(), "{report}");
    let (_, kept) = call(&site, "GET", "/api/v1/stores/milano/decisions?limit=1", json!({})).await;
    let one = &kept["decisions"][0];
    assert!(one["wordsAside"].is_boolean(), "{kept}");
    assert_eq!(one["words"], json!([{"offerId": "monopoly", "weight": 2.0, "pin": false}]), "{one}");
}

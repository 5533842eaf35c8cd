//! Who is who, whom nothing may be kept of, and how much a sender may send: asked over HTTP as clients do.

use std::path::Path;

use model::ids::{CustomerId, MessageId};
use serde_json::{Value, json};

use crate::intake;
use crate::testing::{API_KEY, Site, WRITE_KEY};

fn customer(id: &str) -> CustomerId {
    CustomerId::new(id).expect("an id")
}

/// Sends a batch as an SDK does.
async fn send(site: &Site, events: Value) -> Value {
    let body = json!({"batch": events});
    let answer = site.ask("POST", "/v1/batch").basic_auth(WRITE_KEY, Some("")).json(&body).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("json")
}

fn consent() -> Value {
    json!({"consent": {"categoryPreferences": {"profiling": true}}})
}

fn viewed(id: &str, who: Value) -> Value {
    let mut event = json!({"type": "track", "event": "Product Viewed", "messageId": id,
        "properties": {"product_id": "507f1"}});
    for (key, value) in who.as_object().expect("an object") {
        event[key] = value.clone();
    }
    event
}

async fn knows(site: &Site, sender: &str, id: &str) -> bool {
    let id = intake::message_id(sender, &MessageId::new(id).expect("an id"));
    site.app.store.knows_message(&id).await.expect("a store")
}

/// What is kept of a customer, as text.
async fn state_of(site: &Site, customer: &CustomerId) -> String {
    let saved = site.app.store.profile(customer).await.expect("a store").expect("a state");
    serde_json::to_string(&saved.state().expect("it unpacks")).expect("JSON")
}

#[tokio::test]
async fn a_visitor_who_logs_in_is_one_customer_from_then_on() {
    let site = Site::open().await;
    let visitor = json!({"anonymousId": "a-1", "context": consent()});
    send(&site, json!([viewed("m-1", visitor)])).await;
    let before = customer("anonymous:a-1");
    assert!(site.app.store.customer(&before).await.expect("a store").is_some());
    send(&site, json!([{"type": "identify", "anonymousId": "a-1", "userId": "anna", "messageId": "m-2"}])).await;
    assert!(site.app.store.customer(&before).await.expect("a store").is_none(), "the visitor is no more");
    let anna = customer("anna");
    assert!(site.app.store.customer(&anna).await.expect("a store").expect("a customer").allows().profiling);
    let names = site.app.store.aliases_of(&anna).await.expect("a store");
    assert_eq!(names.iter().map(|(name, _)| name.value.as_str()).collect::<Vec<_>>(), ["a-1"]);
    let state = state_of(&site, &anna).await;
    assert!(state.contains("507f1"), "what the visitor looked at is anna's: {state}");
    // The browser goes on without the user's id: it is anna all the same.
    send(&site, json!([viewed("m-3", json!({"anonymousId": "a-1"}))])).await;
    assert!(knows(&site, "app", "m-3").await);
    assert!(site.app.store.customer(&before).await.expect("a store").is_none());
}

#[tokio::test]
async fn a_kiosk_that_many_log_in_at_is_nobodys() {
    let site = Site::open().await;
    // What strangers did there before the first log-in must not stay with whoever logged in first.
    send(&site, json!([viewed("v", json!({"anonymousId": "kiosk-1", "context": consent()}))])).await;
    for n in 0..20 {
        let who = json!({"anonymousId": "kiosk-1", "userId": format!("user-{n}"), "context": consent()});
        send(
            &site,
            json!([{"type": "identify", "messageId": format!("i-{n}"), "anonymousId": "kiosk-1",
            "userId": format!("user-{n}"), "context": consent()}, viewed(&format!("v-{n}"), who)]),
        )
        .await;
    }
    for n in 0..20 {
        let user = customer(&format!("user-{n}"));
        assert!(site.app.store.customer(&user).await.expect("a store").is_some(), "user-{n} is still somebody");
        assert!(site.app.store.merges_into(&user).await.expect("a store").is_empty());
        assert!(site.app.store.aliases_of(&user).await.expect("a store").is_empty(), "user-{n} owns no kiosk");
    }
    let kiosk = customer("anonymous:kiosk-1");
    assert!(site.app.store.customer(&kiosk).await.expect("a store").is_some(), "the kiosk is by itself again");
}

#[tokio::test]
async fn ids_that_everybody_has_and_aliases_of_oneself_change_nothing() {
    let site = Site::open().await;
    let answer = send(
        &site,
        json!([
            viewed("m-1", json!({"userId": "null", "context": consent()})),
            viewed("m-2", json!({"anonymousId": "00000000-0000-0000-0000-000000000000", "context": consent()})),
            {"type": "alias", "userId": "anna", "previousId": "anna", "messageId": "m-3", "context": consent()},
            {"type": "alias", "userId": "bruno", "previousId": "anna", "messageId": "m-4", "context": consent()},
        ]),
    )
    .await;
    let rejected = json!([{"index": 0, "code": "blocked-identity"}, {"index": 1, "code": "blocked-identity"}]);
    assert_eq!(answer["rejected"], rejected);
    for id in ["anna", "bruno"] {
        assert!(site.app.store.customer(&customer(id)).await.expect("a store").is_some(), "{id}");
        assert!(site.app.store.merges_into(&customer(id)).await.expect("a store").is_empty(), "two accounts stay two");
    }
    assert!(site.app.store.customer(&customer("null")).await.expect("a store").is_none());
}

#[tokio::test]
async fn a_wrong_merge_is_undone_for_good() {
    let site = Site::open().await;
    send(&site, json!([viewed("m-1", json!({"anonymousId": "a-1", "context": consent()}))])).await;
    let log_in = json!([{"type": "identify", "anonymousId": "a-1", "userId": "anna"}]);
    send(&site, log_in.clone()).await;
    let get = async || -> Value {
        let answer = site.ask("GET", "/api/v1/customers/anna").bearer_auth(API_KEY).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("json")
    };
    let anna = get().await;
    assert_eq!((&anna["merges"][0]["from"], &anna["names"][0]["value"]), (&json!("anonymous:a-1"), &json!("a-1")));
    let split = async |from: &str| {
        let request =
            site.ask("POST", "/api/v1/customers/anna/split").bearer_auth(API_KEY).json(&json!({"from": from}));
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(split("anonymous:a-2").await, 404);
    assert_eq!(split("anonymous:a-1").await, 200);
    assert_eq!(split("anonymous:a-1").await, 404, "once is enough");
    let visitor = customer("anonymous:a-1");
    let state = state_of(&site, &visitor).await;
    assert!(state.contains("507f1"), "what the visitor looked at is the visitor's again");
    send(&site, log_in).await;
    let anna = get().await;
    assert_eq!((&anna["merges"], &anna["names"]), (&json!([]), &json!([])), "nobody joins them again");
    assert!(site.app.store.customer(&visitor).await.expect("a store").is_some());
}

#[tokio::test]
async fn a_message_is_known_for_a_week_also_after_a_restart() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    send(&site, json!([viewed("m-1", json!({"userId": "u-1"}))])).await;
    let again = crate::store::Store::open(&crate::store::Store::file_url(site.folder())).await.expect("a store");
    let id = intake::message_id("app", &MessageId::new("m-1").expect("an id"));
    let now = site.app.clock.now();
    let mut spans = site.app.config.retention.spans();
    spans.message_ids = model::time::Millis::hours(7 * 24);
    for (days, is_known) in [(0.0, true), (6.99, true), (7.01, false)] {
        #[expect(clippy::cast_possible_truncation, reason = "a few days in milliseconds")]
        let later = now + model::time::Millis((days * 86_400_000.0) as i64);
        again.purge(spans, later).await.expect("a purge");
        assert_eq!(again.knows_message(&id).await.expect("a store"), is_known, "after {days} days");
    }
}

#[tokio::test]
async fn cards_and_phones_are_names_too() {
    let site = Site::open().await;
    let context = json!({"device": {"id": "phone-1"}, "externalIds": [{"id": "4711", "type": "card"}],
        "consent": {"categoryPreferences": {"profiling": true}}});
    send(&site, json!([viewed("m-1", json!({"userId": "anna", "anonymousId": "a-1", "context": context}))])).await;
    let names = site.app.store.aliases_of(&customer("anna")).await.expect("a store");
    let names: Vec<_> = names.iter().map(|(name, _)| (name.kind.name(), name.value.as_str())).collect();
    assert_eq!(names, [("card", "4711"), ("device", "phone-1"), ("anonymous_id", "a-1")]);
    let other = json!({"anonymousId": "a-new", "context": {"device": {"id": "phone-1"}}});
    send(&site, json!([viewed("m-2", other)])).await;
    assert!(knows(&site, "app", "m-2").await, "the phone is anna's, whatever the app calls its visitor");
}

#[tokio::test]
async fn where_two_names_disagree_the_more_trusted_one_says_whose_it_is() {
    let site = Site::open().await;
    let named = |device: &str, card: &str| {
        json!({"device": {"id": device}, "externalIds": [{"id": card, "type": "card"}],
            "consent": {"categoryPreferences": {"profiling": true}}})
    };
    for (user, visitor, context) in
        [("anna", "a-1", named("phone-1", "4711")), ("bruno", "b-1", named("phone-2", "4712"))]
    {
        let who = json!({"userId": user, "anonymousId": visitor, "context": context});
        send(&site, json!([viewed(&format!("m-{user}"), who)])).await;
    }
    let card_of_anna = json!({"device": {"id": "phone-2"}, "externalIds": [{"id": "4711", "type": "card"}]});
    let phone_of_anna = json!({"device": {"id": "phone-1"}});
    let calls = [
        ("by-card", json!({"anonymousId": "b-1", "context": card_of_anna})),
        ("by-phone", json!({"anonymousId": "b-1", "context": phone_of_anna})),
        ("by-log-in", json!({"userId": "anna", "anonymousId": "b-1", "context": {"device": {"id": "phone-2"}}})),
    ];
    for (product, mut who) in calls {
        who["properties"] = json!({"product_id": product});
        send(&site, json!([viewed(product, who)])).await;
        let (anna, bruno) = (state_of(&site, &customer("anna")).await, state_of(&site, &customer("bruno")).await);
        assert!(anna.contains(product) && !bruno.contains(product), "{product}: {anna} {bruno}");
    }
    let visitor = json!({"anonymousId": "b-1", "properties": {"product_id": "by-visitor"}});
    send(&site, json!([viewed("by-visitor", visitor)])).await;
    assert!(state_of(&site, &customer("bruno")).await.contains("by-visitor"), "the browser alone is bruno's still");
}

#[tokio::test]
async fn the_same_message_id_of_two_senders_is_two_messages() {
    let site = Site::open().await;
    let hash = crate::auth::token::hash("second-key");
    let now = site.app.clock.now();
    site.app.store.put_key(crate::store::KeyKind::Write, "till", &hash, now).await.expect("a key");
    site.device("u-1", None).await;
    for key in [WRITE_KEY, "second-key", WRITE_KEY] {
        let body = json!({"batch": [viewed("same", json!({"userId": "u-1"}))]});
        let answer = site.ask("POST", "/v1/batch").basic_auth(key, Some("")).json(&body).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }
    assert!(knows(&site, "app", "same").await && knows(&site, "till", "same").await);
    assert!(!knows(&site, "other", "same").await);
}

#[tokio::test]
async fn who_sends_too_much_is_told_when_to_come_again() {
    let site = Site::open().await;
    let burst = site.app.config.intake.burst as usize;
    let page = json!({"type": "page", "anonymousId": "a-1"});
    let body = json!({"batch": vec![page; 2_500]}).to_string();
    let mut last = None;
    for _ in 0..=burst / 2_500 {
        let answer = site.ask("POST", "/v1/batch").basic_auth(WRITE_KEY, Some("")).body(body.clone()).send().await;
        last = Some(answer.expect("an answer"));
    }
    let last = last.expect("an answer");
    assert_eq!(last.status(), 429);
    let wait: u32 = last.headers()["retry-after"].to_str().expect("text").parse().expect("whole seconds");
    assert!((1..=5).contains(&wait), "{wait}");
    assert!(last.json::<Value>().await.expect("json")["fix"].is_string());
}

/// Waits until a regulation is done.
async fn finished(site: &Site, path: &str) -> Value {
    for _ in 0..200 {
        let answer = site.ask("GET", path).bearer_auth(API_KEY).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.expect("json");
        let regulation = &answer["data"]["regulation"];
        if !regulation["finishedAt"].is_null() {
            return regulation.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the regulation does not end");
}

#[tokio::test]
async fn a_person_is_deleted_from_every_file_and_not_taken_in_again() {
    let site = Site::open().await;
    site.device("canary-anna", None).await;
    let who = json!({"userId": "canary-anna", "anonymousId": "canary-visitor"});
    send(&site, json!([viewed("canary-anna-1", who.clone()), viewed("canary-anna-2", json!({"userId": "bruno"}))]))
        .await;
    site.decide("canary-anna", 7, model::time::Millis::minutes(1)).await;
    assert!(!places(&site, b"canary-anna").is_empty(), "there is something to delete");

    for path in ["/regulations", "/v1/regulations"] {
        let body = json!({"regulationType": "SUPPRESS_WITH_DELETE", "subjectType": "USER_ID",
            "subjectIds": ["canary-anna", "canary-unknown"]});
        let answer = site.ask("POST", path).bearer_auth(API_KEY).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.expect("json");
        let id = answer["data"]["regulateId"].as_str().expect("an id").to_owned();
        let regulation = finished(&site, &format!("{path}/{id}")).await;
        assert_eq!((&regulation["overallStatus"], &regulation["id"]), (&json!("FINISHED"), &json!(id)));
    }
    // The log is cut after the request is done: once the next one is, it is.
    site.app.store.scrub().await.expect("a scrub");
    for needle in ["canary-anna", "canary-visitor", "canary-unknown"] {
        assert_eq!(places(&site, needle.as_bytes()), Vec::<String>::new(), "{needle}");
    }
    let listed = site.ask("GET", "/v1/suppressions?pagination[count]=20").bearer_auth(API_KEY).send().await;
    let listed: Value = listed.expect("an answer").json().await.expect("json");
    assert_eq!(listed["data"]["pagination"]["totalEntries"], 2);
    // Nothing of them comes in again, also not with consent; others are not concerned.
    let again = json!({"userId": "canary-anna", "context": consent()});
    send(&site, json!([viewed("m-3", again.clone())])).await;
    assert!(site.app.store.customer(&customer("canary-anna")).await.expect("a store").is_none());
    assert_eq!(places(&site, b"canary-anna"), Vec::<String>::new());

    let body = json!({"regulationType": "UNSUPPRESS", "subjectType": "USER_ID", "subjectIds": ["canary-anna"]});
    let answer = site.ask("POST", "/v1/regulations").bearer_auth(API_KEY).json(&body).send().await;
    let answer: Value = answer.expect("an answer").json().await.expect("json");
    finished(&site, &format!("/v1/regulations/{}", answer["data"]["regulateId"].as_str().expect("an id"))).await;
    send(&site, json!([viewed("m-4", again)])).await;
    assert!(site.app.store.customer(&customer("canary-anna")).await.expect("a store").is_some());
}

/// The files of the data folder that hold these bytes.
fn places(site: &Site, needle: &[u8]) -> Vec<String> {
    let folder = std::fs::read_dir(site.folder()).expect("a folder");
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).expect("a file");
        bytes.windows(needle.len()).any(|window| window == needle)
    };
    folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| holds(path))
        .map(|p| p.display().to_string())
        .collect()
}

#[tokio::test]
async fn what_is_no_regulation_is_refused_by_name() {
    let site = Site::open().await;
    let ask = async |body: Value| {
        let answer = site.ask("POST", "/v1/regulations").bearer_auth(API_KEY).json(&body).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("json")["field"].clone())
    };
    let body = |kind: &str, subject: &str, ids: Value| json!({"regulationType": kind, "subjectType": subject, "subjectIds": ids});
    assert_eq!(ask(body("DELETE", "USER_ID", json!(["a"]))).await, (400, json!("regulationType")));
    assert_eq!(ask(body("DELETE_ONLY", "OBJECT_ID", json!(["a"]))).await, (400, json!("subjectType")));
    assert_eq!(ask(body("DELETE_ONLY", "USER_ID", json!([]))).await, (400, json!("subjectIds")));
    assert_eq!(ask(body("DELETE_ONLY", "USER_ID", json!(["a", " "]))).await, (400, json!("subjectIds[1]")));
    let many: Vec<String> = (0..5_001).map(|n| n.to_string()).collect();
    assert_eq!(ask(body("DELETE_ONLY", "USER_ID", json!(many))).await, (400, json!("subjectIds")));
    let wrong = site.ask("GET", "/v1/regulations?pagination[count]=0").bearer_auth(API_KEY).send().await;
    assert_eq!(wrong.expect("an answer").status(), 400);
    let closed = site.ask("GET", "/regulations").bearer_auth(WRITE_KEY).send().await.expect("an answer");
    assert_eq!(closed.status(), 401, "a write key is no API key");
}

#[tokio::test]
async fn the_captured_public_api_client_is_served() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/segment/segment-public-api.jsonl");
    let Ok(lines) = std::fs::read_to_string(&file) else {
        println!("{} is not here: its requests are not replayed", file.display());
        return;
    };
    let site = Site::open().await;
    let hash = crate::auth::token::hash("PUBLIC_TOKEN");
    let now = site.app.clock.now();
    site.app.store.put_key(crate::store::KeyKind::Api, "public", &hash, now).await.expect("a key");
    let mut made: Option<String> = None;
    let mut seen = 0;
    for line in lines.lines() {
        let captured: Value = serde_json::from_str(line).expect("a captured request");
        let (method, path) = (captured["method"].as_str().expect("text"), captured["path"].as_str().expect("text"));
        // The capture's server made up an id; ours has its own.
        let path = made.as_ref().map_or_else(|| path.to_owned(), |id| path.replace("reg1", id));
        let mut request = site.ask(method, &path);
        for (name, value) in captured["headers"].as_object().expect("headers") {
            if !["host", "content-length", "connection"].contains(&name.to_ascii_lowercase().as_str()) {
                request = request.header(name, value.as_str().expect("text"));
            }
        }
        if captured["body"].is_object() {
            request = request.body(captured["body"].to_string());
        }
        if let Some(id) = made.as_ref().filter(|_| method == "DELETE") {
            finished(&site, &format!("/regulations/{id}")).await;
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{method} {path}");
        let answer: Value = answer.json().await.expect("json");
        let data = &answer["data"];
        match (method, path.split('?').next().expect("a path")) {
            ("POST", _) => made = Some(data["regulateId"].as_str().expect("an id").to_owned()),
            ("GET", "/regulations") => {
                assert!(data["regulations"].is_array() && data["pagination"]["current"].is_string())
            }
            ("GET", "/suppressions") => assert!(data["suppressed"].is_array()),
            ("DELETE", _) => assert_eq!(data["status"], "SUCCESS"),
            (_, _) => assert_eq!(data["regulation"]["id"].as_str(), made.as_deref()),
        }
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

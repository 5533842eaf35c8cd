mod clients;
mod decide;
mod events;
mod fleet;
mod floor;
mod intake;
mod offers;
mod people;

use locate::calibrate::Source;
use model::ids::CustomerId;
use serde_json::{Value, json};

use super::openapi;
use crate::testing::{API_KEY, SETUP_TOKEN, Site, WRITE_KEY};

const ORIGIN: &str = "https://shop.example";

/// Method, path and whether a proof is needed, of everything that the description lists.
fn routes() -> Vec<(String, String, bool)> {
    let description = serde_json::to_value(openapi::describe()).expect("json");
    let mut routes = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let closed = operation["security"].as_array().is_some_and(|proofs| !proofs.is_empty());
            routes.push((method.to_uppercase(), path.clone(), closed));
        }
    }
    routes
}

/// A path with something plausible in each place.
fn filled(path: &str) -> String {
    let id = "0".repeat(32);
    path.replace("{store}", "milano")
        .replace("{call}", "batch")
        .replace("{key}", "x")
        .replace("{decisionId}", &id)
        .replace("{source}", "nobody")
        .replace("{id}", &id)
        .replace("{scope}", "fleet")
}

#[tokio::test]
async fn every_closed_route_answers_401_without_a_proof_and_with_a_wrong_one() {
    let site = Site::open().await;
    let body = json!({"kind": "opened", "platform": "web", "batch": []});
    let filling = |path: &str| match path {
        "/v1/decide" => json!({"store": "milano"}),
        "/v1/contacts" => json!({"channel": "email"}),
        "/v1/pos/transactions" => json!({"store": "milano", "receipt": "1", "lines": []}),
        "/v1/decisions/{id}/outcomes" => json!({"kind": "opened"}),
        _ => body.clone(),
    };
    let mut closed = 0;
    for (method, path, _) in routes().into_iter().filter(|(_, _, closed)| *closed) {
        closed += 1;
        for proof in [None, Some("Bearer nonsense"), Some("Basic bm9uc2Vuc2U6"), Some("Receipt a.b")] {
            let mut request =
                site.ask(&method, &filled(&path)).json(&filling(&path)).header("cookie", "attimo_session=forged");
            if let Some(proof) = proof {
                request = request.header("authorization", proof);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{method} {path} {proof:?}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
            let problem: Value = answer.json().await.expect("json");
            assert_eq!(problem["code"], "unauthorized", "{method} {path}");
            assert!(problem["fix"].is_string() && problem["title"].is_string() && problem["detail"].is_string());
        }
    }
    assert!(closed >= 20, "{closed}");
}

#[test]
fn only_these_routes_are_open() {
    let mut open: Vec<_> =
        routes().into_iter().filter(|(_, _, closed)| !closed).map(|(m, p, _)| format!("{m} {p}")).collect();
    open.sort();
    let expect = [
        "GET /api/v1/setup",
        "GET /healthz",
        "GET /readyz",
        "GET /v1/projects/{key}/settings",
        "GET /v1/push/key",
        "POST /api/v1/session",
        "POST /api/v1/setup",
        "POST /v1/gateways/enrol",
        "POST /v1/objections",
    ];
    assert_eq!(open, expect);
}

#[tokio::test]
async fn a_proof_of_one_kind_opens_no_door_of_another() {
    let site = Site::open().await;
    let (device, token) = site.device("u-1", None).await;
    let (other, _) = site.device("u-2", None).await;
    let status = async |method: &str, path: &str, proof: &str| {
        let request = site.ask(method, path).bearer_auth(proof).json(&json!({}));
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(status("GET", "/api/v1/stores", WRITE_KEY).await, 401);
    assert_eq!(status("GET", "/api/v1/stores", &token).await, 401);
    assert_eq!(status("POST", "/v1/batch", API_KEY).await, 401);
    assert_eq!(status("GET", "/v1/offers", API_KEY).await, 401);
    assert_eq!(status("DELETE", &format!("/v1/devices/{other}"), &token).await, 404);
    assert_eq!(status("PUT", &format!("/v1/devices/{other}"), &token).await, 404);
    assert_eq!(status("GET", "/api/v1/stores", API_KEY).await, 200);
    assert_eq!(status("DELETE", &format!("/v1/devices/{device}"), &token).await, 204);
}

#[tokio::test]
async fn a_stranger_can_say_nothing_of_anothers_offer() {
    let site = Site::open().await;
    let (_, owner) = site.device("u-1", None).await;
    let (_, stranger) = site.device("u-2", None).await;
    let delivery = site.decide("u-1", 7, model::time::Millis::minutes(1)).await;
    let path = format!("/v1/offers/{}/outcomes", delivery.decision);
    let say = async |token: &str, body: Value| {
        site.ask("POST", &path).bearer_auth(token).json(&body).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(say(&stranger, json!({"kind": "redeemed"})).await, 404);
    assert_eq!(say(&owner, json!({"kind": "purchased"})).await, 400);
    assert_eq!(say(&owner, json!({"kind": "redeemed", "at": "yesterday"})).await, 400);
    assert_eq!(say(&owner, json!({"kind": "redeemed", "at": "2099-01-01T00:00:00Z"})).await, 200);
    assert_eq!(say(&owner, json!({"kind": "redeemed"})).await, 200);
    let row = site.app.store.decision(delivery.decision).await.expect("a store").expect("a decision");
    assert_eq!(row.outcomes.len(), 1, "saying it again changes nothing");
    assert!(row.outcomes[0].at <= site.app.clock.now());
}

#[tokio::test]
async fn the_account_is_made_once_and_its_session_opens_and_closes() {
    let site = Site::open().await;
    let make = async |token: &str, name: &str, password: &str| {
        let body = json!({"token": token, "name": name, "password": password});
        site.ask("POST", "/api/v1/setup").json(&body).send().await.expect("an answer")
    };
    assert_eq!(make("wrong", "owner", "correct horse battery").await.status(), 401);
    let short: Value = {
        let answer = make(SETUP_TOKEN, "owner", "short").await;
        assert_eq!(answer.status(), 400);
        answer.json().await.expect("json")
    };
    assert_eq!((&short["field"], &short["code"]), (&json!("password"), &json!("invalid")));
    let made = make(SETUP_TOKEN, "owner", "correct horse battery").await;
    assert_eq!(made.status(), 201);
    let cookie = made.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert_eq!(make(SETUP_TOKEN, "thief", "correct horse battery").await.status(), 409);
    let setup: Value = site.ask("GET", "/api/v1/setup").send().await.expect("an answer").json().await.expect("json");
    assert_eq!(setup, json!({"needed": false}));

    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let with = |method: &str, path: &str| site.ask(method, path).header("cookie", &cookie);
    let status = async |request: reqwest::RequestBuilder| request.send().await.expect("an answer").status().as_u16();
    assert_eq!(status(with("GET", "/api/v1/stores")).await, 200);
    assert_eq!(status(with("DELETE", "/api/v1/session")).await, 403, "a change needs our header");
    assert_eq!(status(with("DELETE", "/api/v1/session").header("x-attimo", "1")).await, 204);
    assert_eq!(status(with("GET", "/api/v1/stores")).await, 401);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let site = Site::open().await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        let body = json!({"name": "owner", "password": "a guess of mine"});
        statuses
            .push(site.ask("POST", "/api/v1/session").json(&body).send().await.expect("an answer").status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
}

#[tokio::test]
async fn without_consent_nothing_is_kept_of_a_device() {
    let site = Site::open().await;
    let register = async |body: Value| -> Value {
        let answer =
            site.ask("POST", "/v1/devices").bearer_auth(WRITE_KEY).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
        answer.json().await.expect("json")
    };
    let none = json!({"locating": false, "profiling": false, "marketingPush": false});
    let device = register(json!({"platform": "sim", "userId": "u-1", "consent": none})).await;
    assert_eq!(device["stored"], false);
    assert_eq!(device["air"]["prefix"], "a7710001");
    let id = device["deviceId"].as_str().expect("an id");
    assert!(site.app.store.device(id.parse().expect("an id")).await.expect("a store").is_none());
    let customer = CustomerId::new("u-1").expect("an id");
    assert!(site.app.store.customer(&customer).await.expect("a store").is_none());

    let token = device["token"].as_str().expect("a token");
    let put = async |body: Value| -> Value {
        let path = format!("/v1/devices/{id}/consent");
        site.ask("PUT", &path)
            .bearer_auth(token)
            .json(&body)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("json")
    };
    let given = put(json!({"locating": true, "profiling": true, "marketingPush": false, "textVersion": "3",
        "device": {"platform": "sim", "userId": "u-1", "language": "it-IT"}}))
    .await;
    assert_eq!(
        given,
        json!({"consent": {"locating": true, "profiling": true, "marketingPush": false}, "stored": true})
    );
    assert!(site.app.store.customer(&customer).await.expect("a store").is_some());
    let withdrawn = put(json!({"locating": false, "profiling": false, "marketingPush": false})).await;
    assert_eq!(withdrawn["stored"], false);
    assert!(site.app.store.customer(&customer).await.expect("a store").is_none());
    assert!(site.app.store.device(id.parse().expect("an id")).await.expect("a store").is_none());
}

#[tokio::test]
async fn a_wrong_field_is_named_with_its_fix() {
    let site = Site::open().await;
    let problem = async |body: Value| -> (u16, Value) {
        let answer =
            site.ask("POST", "/v1/devices").bearer_auth(WRITE_KEY).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("json"))
    };
    let push = |endpoint: &str| json!({"endpoint": endpoint, "keys": {"p256dh": "AAAA", "auth": "AAAA"}});
    let cases = [
        (json!({}), "platform"),
        (json!({"platform": "fridge"}), "platform"),
        (json!({"platform": "web", "userId": " "}), "userId"),
        (json!({"platform": "web", "language": "/"}), "language"),
        (json!({"platform": "web", "consent": {"locating": "yes"}}), "consent.locating"),
        (json!({"platform": "web", "consent": {"tracking": true}}), "consent"),
        (json!({"platform": "web", "push": push("http://169.254.169.254/x")}), "push.endpoint"),
        (json!({"platform": "web", "push": push("https://evil.example/x")}), "push.endpoint"),
        (json!({"platform": "web", "push": push("https://fcm.googleapis.com/x")}), "push.keys"),
    ];
    for (body, field) in cases {
        let (status, problem) = problem(body.clone()).await;
        assert!(status == 400 && problem["field"].as_str().is_some_and(|at| at.starts_with(field)), "{body} {problem}");
        assert!(problem["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{problem}");
    }
    let large = site.ask("POST", "/v1/devices").bearer_auth(WRITE_KEY).body(vec![b' '; 70_000]).send().await;
    assert_eq!(large.expect("an answer").status(), 413);
}

#[tokio::test]
async fn intake_is_open_to_other_origins_and_the_back_office_is_not() {
    let site = Site::open().await;
    let preflight = async |path: &str| {
        let request =
            site.ask("OPTIONS", path).header("origin", ORIGIN).header("access-control-request-method", "POST");
        let answer = request.header("access-control-request-headers", "authorization").send().await.expect("an answer");
        answer.headers().get("access-control-allow-origin").map(|value| value.to_str().expect("text").to_owned())
    };
    assert_eq!(preflight("/v1/batch").await.as_deref(), Some("*"));
    assert_eq!(preflight("/v1/devices").await.as_deref(), Some("*"));
    assert_eq!(preflight("/api/v1/session").await, None);
}

#[tokio::test]
async fn the_page_or_the_way_to_it_is_served_under_a_strict_policy() {
    let site = Site::open().await;
    let answer = site.ask("GET", "/").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    let etag = answer.headers().get("etag").cloned();
    let text = answer.text().await.expect("text");
    if crate::web::is_built() {
        let again = site.ask("GET", "/").header("if-none-match", etag.expect("a tag")).send().await.expect("an answer");
        assert_eq!(again.status(), 304);
    } else {
        assert!(text.contains("make web"), "{text}");
    }
    let missing = site.ask("GET", "/nothing").send().await.expect("an answer");
    assert_eq!(
        (missing.status().as_u16(), &missing.headers()["content-type"]),
        (404, &"application/problem+json".parse().expect("a value"))
    );
}

#[tokio::test]
async fn the_office_reads_plan_now_today_and_decisions() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    site.decide("u-1", 7, model::time::Millis::minutes(1)).await;
    let get = async |path: &str| -> Value {
        let answer = site.ask("GET", path).bearer_auth(API_KEY).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("json")
    };
    assert_eq!(get("/api/v1/stores").await["stores"][0]["id"], "milano");
    let plan = get("/api/v1/stores/milano/plan").await;
    assert_eq!(plan["floors"][0]["zones"][1]["name"], "Games");
    assert_eq!(plan["offers"], json!([{"id": "monopoly", "title": "Monopoly, 3 euro off"}]));
    let now = get("/api/v1/stores/milano/now").await;
    assert!(now["receivers"].is_array() && now["people"]["total"].is_number() && now["door"]["entered"].is_number());
    assert_eq!(now["source"], "plan", "nothing was learnt of its radio");
    for (source, name) in [(Source::Traffic, "self"), (Source::Survey, "survey")] {
        site.app.live.put_source(&"milano".parse().expect("an id"), Some(source));
        assert_eq!(get("/api/v1/stores/milano/now").await["source"], name);
    }
    let today = get("/api/v1/stores/milano/today").await;
    assert_eq!((&today["funnel"]["decided"], &today["hourly"][23]["hour"]), (&json!(1), &json!(23)));
    let decisions = get("/api/v1/stores/milano/decisions?limit=1").await;
    let decision = &decisions["decisions"][0];
    assert_eq!((&decision["choice"], &decision["offerTitle"]), (&json!("offer"), &json!("Monopoly, 3 euro off")));
    assert!(
        decision["customer"].as_str().is_some_and(|label| label.starts_with("Customer ") && !label.contains("u-1"))
    );
    let one = get(&format!("/api/v1/decisions/{}", decision["id"].as_str().expect("an id"))).await;
    assert_eq!(&one, decision);
    assert!(get("/api/v1/metrics").await["metrics"].as_array().is_some_and(|list| list.len() > 5));
    for bad in ["today?date=nonsense", "decisions?limit=0", "decisions?before=nonsense"] {
        let answer = site.ask("GET", &format!("/api/v1/stores/milano/{bad}")).bearer_auth(API_KEY).send().await;
        assert_eq!(answer.expect("an answer").status(), 400, "{bad}");
    }
}

#[tokio::test]
async fn health_is_public_and_metrics_are_not() {
    let site = Site::open().await;
    for path in ["/healthz", "/readyz", "/v1/push/key", "/api/openapi.json"] {
        assert_eq!(site.ask("GET", path).send().await.expect("an answer").status(), 200, "{path}");
    }
    let metrics = site.ask("GET", "/metrics").bearer_auth(API_KEY).send().await.expect("an answer");
    assert_eq!(metrics.status(), 200);
}

#[test]
fn the_description_is_what_it_was() {
    insta::assert_json_snapshot!("openapi", openapi::describe());
}

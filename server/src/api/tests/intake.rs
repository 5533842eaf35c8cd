//! What comes in from apps and phones: bad events and bodies, what a write key may grant, what a phone hears.

use model::ids::CustomerId;
use serde_json::{Value, json};

use crate::testing::{Site, WRITE_KEY};

#[tokio::test]
async fn one_bad_event_leaves_its_batch_alone_and_bad_bodies_are_refused() {
    let site = Site::open().await;
    let post = async |body: Vec<u8>, encoding: Option<&str>| {
        let mut request = site.ask("POST", "/v1/batch").basic_auth(WRITE_KEY, Some(""));
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        let answer = request.body(body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("json"))
    };
    let mixed = json!({"batch": [{"type": "track"}, {"type": "page", "userId": "u", "messageId": "m"}]});
    let (status, answer) = post(mixed.to_string().into_bytes(), None).await;
    assert_eq!((status, answer), (200, json!({"success": true, "rejected": [{"index": 0, "code": "no-identity"}]})));
    for (body, encoding, status) in [
        (b"{\"batch\": [".to_vec(), None, 400),
        (b"\xff\xfe".to_vec(), None, 400),
        (b"[]".to_vec(), None, 400),
        (b"{}".to_vec(), None, 400),
        (b"{}".to_vec(), Some("gzip"), 400),
        (b"{}".to_vec(), Some("br"), 415),
        (vec![b' '; 600 * 1024], None, 413),
    ] {
        let (got, problem) = post(body, encoding).await;
        assert_eq!(got, status, "{problem}");
        assert!(problem["fix"].is_string(), "{problem}");
    }
    assert_eq!(site.ask("GET", "/healthz").send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_write_key_grants_a_profile_and_never_more() {
    let site = Site::open().await;
    let say = async |preferences: Value| {
        let event = json!({"event": "Segment Consent Preference Updated", "userId": "u-9",
            "context": {"consent": {"categoryPreferences": preferences}}});
        let request = site.ask("POST", "/v1/track").basic_auth(WRITE_KEY, Some("")).json(&event);
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    };
    let customer = CustomerId::new("u-9").expect("an id");
    say(json!({"locating": true, "profiling": true, "marketing_push": true})).await;
    let known = site.app.store.customer(&customer).await.expect("a store").expect("a customer").allows();
    assert!(known.profiling && !known.locating && !known.marketing_push);
    say(json!({"profiling": false})).await;
    assert!(site.app.store.customer(&customer).await.expect("a store").is_none());
}

#[tokio::test]
async fn a_phone_says_what_it_hears_only_with_consent_and_of_known_beacons() {
    let site = Site::open().await;
    let (_, token) = site.device("u-1", None).await;
    let body = json!({"sightings": [
        {"beacon": "shelf-1", "rssi": -60.5}, {"beacon": "nowhere", "rssi": -60}, {"rssi": -60},
        {"beacon": "shelf-1", "rssi": 90}, {"beacon": "shelf-1", "rssi": -60, "at": "2020-01-01T00:00:00Z"}]});
    let answer = site.ask("POST", "/v1/sightings").bearer_auth(&token).json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.expect("json");
    assert_eq!(answer["accepted"], 1);
    let codes: Vec<_> = answer["rejected"].as_array().expect("a list").iter().map(|r| r["code"].clone()).collect();
    assert_eq!(codes, ["unknown-beacon", "missing-field", "out-of-range", "too-old"]);
    let (device, token) = site.device("u-2", None).await;
    let less = json!({"locating": false, "profiling": true, "marketingPush": false});
    site.ask("PUT", &format!("/v1/devices/{device}/consent"))
        .bearer_auth(&token)
        .json(&less)
        .send()
        .await
        .expect("an answer");
    let answer = site.ask("POST", "/v1/sightings").bearer_auth(&token).json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), 403);
}

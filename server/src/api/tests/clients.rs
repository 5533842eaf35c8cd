//! What real clients sent, sent again.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use model::ids::MessageId;
use serde_json::{Value, json};

use crate::identity::{Kind, Name};
use crate::intake;
use crate::testing::{Site, WRITE_KEY, shared_data};

/// The requests of real clients: our own few, and the larger collection where there is shared data.
fn captures() -> Vec<PathBuf> {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/intake/testdata/clients.jsonl")];
    if let Some(collection) = shared_data("segment") {
        let names = ["segment-node", "segment-node-400", "rudder-node", "analytics-next-browser"];
        files.extend(names.map(|name| collection.join(format!("{name}.jsonl"))));
    }
    files
}

/// Sends a captured request as it was: same headers, and compressed when it was.
async fn replay(site: &Site, captured: &Value) -> reqwest::Response {
    let body = &captured["body"];
    let mut body = body.as_str().map_or_else(|| body.to_string(), str::to_owned).into_bytes();
    let text = |key: &str| captured[key].as_str().expect("a text").to_owned();
    let mut request = site.ask(&text("method"), &text("path"));
    for (name, value) in captured["headers"].as_object().expect("headers") {
        match name.to_ascii_lowercase().as_str() {
            "host" | "content-length" | "connection" | "accept-encoding" => {}
            "content-encoding" => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                gzip.write_all(&body).expect("memory takes it");
                body = gzip.finish().expect("memory takes it");
                request = request.header(name, value.as_str().expect("a text"));
            }
            _ => request = request.header(name, value.as_str().expect("a text")),
        }
    }
    request.body(body).send().await.expect("an answer")
}

/// The ids of the events, with whether each is of somebody who consents: by id, or as a browser of theirs.
async fn message_ids(site: &Site, captured: &Value) -> Vec<(MessageId, bool)> {
    let browser = captured["body"]["anonymousId"].as_str().unwrap_or_default();
    let owner = match Name::new(Kind::AnonymousId, browser) {
        Some(name) => site.app.store.owner_of(&name).await.expect("a store"),
        None => None,
    };
    let is_theirs = owner.is_some_and(|owner| owner.as_str() == "u-1");
    let body = &captured["body"];
    let events = body["batch"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
    let read = |event: &Value| {
        let id = MessageId::new(event["messageId"].as_str()?).ok()?;
        let name = event["event"].as_str().unwrap_or_default();
        let of_user = event["userId"] == "u-1" || event["anonymousId"] == "anon-1" || is_theirs;
        Some((id, of_user && (name.starts_with("Product") || name.starts_with("Order"))))
    };
    events.iter().filter_map(read).collect()
}

#[tokio::test]
async fn requests_of_real_clients_are_taken_and_kept_only_with_consent() {
    let site = Site::open().await;
    let mut seen = 0;
    for with_consent in [false, true] {
        if with_consent {
            site.device("u-1", None).await;
            let body = json!({"platform": "web", "anonymousId": "anon-1", "consent": {"profiling": true}});
            let answer = site.ask("POST", "/v1/devices").bearer_auth(WRITE_KEY).json(&body).send().await;
            assert_eq!(answer.expect("an answer").status(), 201);
        }
        // Twice, as clients repeat what they had no answer for.
        for file in captures().into_iter().flat_map(|file| [file.clone(), file]) {
            for line in std::fs::read_to_string(&file).expect("the file is read").lines() {
                let captured: Value = serde_json::from_str(line).expect("a captured request");
                let answer = replay(&site, &captured).await;
                assert_eq!(answer.status(), 200, "{} {}", file.display(), captured["path"]);
                if captured["method"] == "GET" {
                    let settings: Value = answer.json().await.expect("json");
                    assert_eq!(settings["integrations"]["Segment.io"]["apiKey"], WRITE_KEY);
                    continue;
                }
                assert_eq!(answer.json::<Value>().await.expect("json"), json!({"success": true}), "{captured}");
                for (id, matters) in message_ids(&site, &captured).await {
                    let id = intake::message_id("app", &id);
                    let known = site.app.store.knows_message(&id).await.expect("a store");
                    assert_eq!(known, matters && with_consent, "{id} {with_consent}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen >= 8, "{seen}");
}

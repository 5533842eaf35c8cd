//! A person who asks to be forgotten is in no row and in no file afterwards, whichever database there is.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::house::{Consent, Database, House};
use tests::push::PushService;
use tests::tables::places_of;
use tests::walker::AT_THE_WINE;

use crate::on_both_databases;

const CANARY: &str = "canary-livia";
const PATIENCE: Duration = Duration::from_secs(40);

on_both_databases!(a_person_who_is_deleted_and_suppressed_is_in_no_row_and_no_file);

async fn a_person_who_is_deleted_and_suppressed_is_in_no_row_and_no_file(database: Database) -> anyhow::Result<()> {
    let house = House::start(database)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("push-canary-livia", 27)?;
    let app = house.app();
    let livia = app.register(CANARY, Consent::ALL, Some(&browser)).await?;
    app.track(CANARY, "m-livia", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    let walking = house.receivers()?.keep_hearing(livia.air, AT_THE_WINE);
    let push = pushes.wait(&browser, PATIENCE).await?;
    walking.abort();
    app.outcome(&livia, push["id"].as_str().unwrap_or_default(), "redeemed").await?;
    let needles = [CANARY, livia.id.as_str(), "push-canary-livia"];
    for needle in needles {
        assert!(!places_of(&house.database_url(), needle).await?.is_empty(), "{needle}: there is something to erase");
    }

    let body = json!({ "regulationType": "SUPPRESS_WITH_DELETE", "subjectType": "USER_ID", "subjectIds": [CANARY] });
    let asked = office(&house, "/v1/regulations", Some(&body)).await?;
    let id = asked["data"]["regulateId"].as_str().unwrap_or_default().to_owned();
    let until = Instant::now() + PATIENCE;
    while office(&house, &format!("/v1/regulations/{id}"), None).await?["data"]["regulation"]["overallStatus"]
        != "FINISHED"
    {
        anyhow::ensure!(Instant::now() < until, "the regulation does not end:\n{}", house.server.log_tail());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for needle in needles {
        assert_eq!(places_of(&house.database_url(), needle).await?, Vec::<String>::new(), "{needle} in a row");
    }
    // Nothing of them is taken in again, and the shop's files lose the name too: the log is cut right after the answer.
    app.track(CANARY, "m-livia-2", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    assert_eq!(places_of(&house.database_url(), CANARY).await?, Vec::<String>::new(), "taken in again");
    for needle in needles {
        while let Some(path) = file_with(house.folder(), needle.as_bytes())? {
            anyhow::ensure!(Instant::now() < until, "{needle} is still in {path}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(())
}

async fn office(house: &House, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
    let (http, url) = (reqwest::Client::new(), format!("{}{path}", house.http));
    let request = match body {
        Some(body) => http.post(url).json(body),
        None => http.get(url),
    };
    let answer = request.bearer_auth(&house.api_key).send().await?;
    anyhow::ensure!(answer.status().is_success(), "{path}: {}", answer.status());
    Ok(answer.json().await?)
}

/// A file of the house that holds these bytes: the database where it is one, spools and logs.
fn file_with(folder: &Path, needle: &[u8]) -> anyhow::Result<Option<String>> {
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(bytes) = std::fs::read(&path)
                && bytes.windows(needle.len()).any(|window| window == needle)
            {
                return Ok(Some(path.display().to_string()));
            }
        }
    }
    Ok(None)
}

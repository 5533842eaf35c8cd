//! Heat map and replay over HTTP.

use model::ids::StoreId;
use model::time::Millis;
use serde_json::{Value, json};

use crate::live::{hour_start, to_rfc3339};
use crate::store::{Cell, Chunk, Frame, HeatHour, Mark};
use crate::testing::{API_KEY, Site};

/// Seven people stand at the games for a second.
async fn crowd(site: &Site, store: &StoreId) {
    let (plan, now) = (site.app.live.plan(store).expect("a plan"), site.app.clock.now());
    let hour = hour_start(&plan, now);
    let floor = plan.floors[0].id.clone();
    let heat = |hour, people, seconds| HeatHour {
        floor: floor.clone(),
        hour,
        people,
        cells: [(Cell::at(2.5, 12.5), seconds)].into(),
    };
    let before = hour - Millis::hours(1);
    site.app.store.add_heat(store, &[heat(hour, 7, 7.25), heat(before, 4, 100.0)]).await.expect("kept");
    let mark = Mark { floor: 0, x: 25, y: 125, kind: 2, major: 13, minor: 8, angle: 45 };
    let frame = |ago: i64| Frame {
        at: now - Millis::seconds(ago),
        people: [0, 0, 7],
        zones: vec![(1, 7)],
        marks: vec![mark; 7],
        thin: vec![],
    };
    let zones = plan.zones().map(|zone| zone.id.clone()).collect();
    let chunk = Chunk { floors: vec![floor], zones, frames: (1..=10).rev().map(|n| frame(n * 2)).collect() };
    site.app.store.put_frames(store, &chunk).await.expect("kept");
}

#[tokio::test]
async fn the_office_reads_heat_but_no_hour_with_few_people() {
    let site = Site::open().await;
    let store = StoreId::new("milano").expect("an id");
    crowd(&site, &store).await;
    let get = async |path: &str| site.ask("GET", path).bearer_auth(API_KEY).send().await.expect("an answer");
    let path = "/api/v1/stores/milano/heat?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z";
    let nothing: Value = get(path).await.json().await.expect("json");
    assert_eq!((&nothing["cells"], &nothing["side"], &nothing["floor"]), (&json!([]), &json!(1.0), &json!("ground")));

    let (from, to) = around(&site);
    let heat: Value = get(&format!("/api/v1/stores/milano/heat?from={from}&to={to}")).await.json().await.expect("json");
    assert_eq!(heat["cells"], json!([[2.5, 12.5, 7.3]]), "the hour of four is not in it");
    assert_eq!(heat["hours"][0]["personSeconds"], Value::Null);
    assert_eq!(heat["hours"][1]["personSeconds"], json!(7.3));
    let csv = get(&format!("/api/v1/stores/milano/heat.csv?from={from}&to={to}")).await;
    assert_eq!(csv.headers()["content-disposition"], "attachment; filename=\"heat.csv\"");
    assert_eq!(csv.text().await.expect("text"), "x,y,person_seconds\r\n", "an export needs ten people");

    for (query, field) in [("from=noon", "from"), ("to=2020-01-01T00:00:00Z", "to")] {
        let problem: Value = get(&format!("/api/v1/stores/milano/heat?{query}")).await.json().await.expect("json");
        assert_eq!(problem["field"], field);
    }
    assert_eq!(get("/api/v1/stores/milano/heat?floor=cellar").await.status(), 404);
}

fn around(site: &Site) -> (String, String) {
    let (now, hours) = (site.app.clock.now(), Millis::hours(2));
    (to_rfc3339(now - hours), to_rfc3339(now + hours))
}

#[tokio::test]
async fn the_office_looks_back_at_the_floor_and_sees_no_name() {
    let site = Site::open().await;
    let get = async |query: &str| {
        let path = format!("/api/v1/stores/milano/replay{query}");
        site.ask("GET", &path)
            .bearer_auth(API_KEY)
            .send()
            .await
            .expect("an answer")
            .json::<Value>()
            .await
            .expect("json")
    };
    let empty = get("").await;
    assert_eq!((&empty["oldest"], &empty["frames"], &empty["peopleMin"]), (&Value::Null, &json!([]), &json!(5)));

    crowd(&site, &StoreId::new("milano").expect("an id")).await;
    let (from, _) = around(&site);
    let all = get(&format!("?from={from}")).await;
    let frames = all["frames"].as_array().expect("frames");
    assert_eq!((frames.len(), &frames[0]["at"], &frames[9]["at"]), (10, &all["oldest"], &all["newest"]));
    assert_eq!((&all["floors"][0], &all["zones"][1]), (&json!("ground"), &json!("games")));
    assert_eq!((&frames[0]["people"], &frames[0]["zones"]), (&json!([0, 0, 7]), &json!([[1, 7]])));
    assert_eq!(frames[0]["dots"][0], json!([0, 2, 2.5, 12.5, 1.3, 0.8, 45]));
    assert!(get("").await["frames"].as_array().expect("frames").is_empty(), "only the span is told unless asked");

    let every_third = get(&format!("?from={from}&step=6")).await;
    assert_eq!(every_third["frames"].as_array().expect("frames").len(), 4);
    let oldest = all["oldest"].as_str().expect("a time");
    assert_eq!(get(&format!("?from={from}&to={oldest}")).await["frames"], json!([]), "the end is not part of it");
    assert_eq!(get(&format!("?from={from}&step=0")).await["field"], "step");
    assert_eq!(get("?from=noon").await["field"], "from");
}

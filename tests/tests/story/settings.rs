//! Settings from afar through the whole house: one that cuts the box off comes back by itself, and the office sees all of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::house::{Database, House};
use tests::walker::Receivers;

/// How long the box may take, on a busy machine, to try, to wait and to come back.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_settings_cut_off_comes_back_by_itself() -> anyhow::Result<()> {
    let within = ("ATTIMO_GATEWAY__SETTINGS__HEALTHY_WITHIN_S".to_owned(), "10".to_owned());
    let mut house = House::start_with(Database::Sqlite, vec![within])?;
    let shown = house.server_cli(&["gateway", "token", "edge-1"])?;
    house.enrol(shown.split_whitespace().last().unwrap_or_default())?;
    house.go_up_by_certificate()?;
    let online = until(&house, |gateway| gateway["state"] == "online" && gateway["store"] == "corner").await?;
    assert_eq!((&online["config"]["state"], &online["certificate"]["state"]), (&json!("none"), &json!("valid")));
    assert!(online["capabilities"].as_array().is_some_and(|can| can.contains(&json!("settings"))), "{online}");
    assert_eq!(online["privacy"], "count", "{online}");
    assert_eq!(privacy_of(&house, "edge-1").await?, [Some(1), Some(0)]);

    put(&house, "store:corner", json!({"log": {"filter": "debug"}, "uplink": {"backlog_per_s": 300}}), 200).await?;
    let applied = until(&house, |gateway| gateway["config"]["state"] == "applied").await?;
    assert_eq!((&applied["config"]["desired"], &applied["config"]["inForce"]), (&json!(1), &json!(1)));

    // A server that is not there: the box is gone, notices, and takes it back.
    put(&house, "gateway:edge-1", json!({"uplink": {"url": "mqtts://127.0.0.1:1"}}), 200).await?;
    let back = until(&house, |gateway| gateway["config"]["state"] == "rolled-back").await?;
    assert_eq!((&back["config"]["desired"], &back["config"]["inForce"]), (&json!(2), &json!(1)), "{back}");
    assert!(back["config"]["reason"].as_str().is_some_and(|reason| reason.contains("line")), "{back}");
    until(&house, |gateway| gateway["state"] == "online").await?;

    // Killed afterwards, it still goes by what held, and does not try the same again.
    house.kill_gateway()?;
    let again = until(&house, |gateway| gateway["state"] == "online" && gateway["boot"] != back["boot"]).await?;
    assert_eq!((&again["config"]["state"], &again["config"]["inForce"]), (&json!("rolled-back"), &json!(1)), "{again}");

    put(&house, "fleet", json!({"privacy": {"mode": "day"}}), 400).await?;
    let file = house.folder().join("settings.toml");
    std::fs::write(&file, "[uplink]\nbacklog_per_s = 200\n")?;
    let said = house.server_cli(&["gateway", "config", "set", "gateway:edge-1", &file.display().to_string()])?;
    assert!(said.contains("version 3"), "{said}");
    let applied = until(&house, |gateway| gateway["config"]["state"] == "applied").await?;
    assert_eq!(applied["config"]["inForce"], json!(3), "what one process sets, another one tells");
    assert!(house.server_cli(&["gateway", "config", "show"])?.contains("backlog_per_s = 200"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_says_no_more_what_it_keeps_of_strangers_is_in_no_mode_on_metrics_either() -> anyhow::Result<()> {
    let house = House::start(Database::Sqlite)?;
    let shown = house.server_cli(&["broker-user", "add", "--role", "gateway", "edge-2"])?;
    let password = shown.split_whitespace().last().unwrap_or_default();
    let edge = Receivers::connect(&house.mqtt, "edge-2", password)?;
    let is_shown = async |boot: u8, state: &str, privacy: &str, expected: [Option<u64>; 2]| {
        let said =
            format!(r#"{{"boot":"{boot:032x}","state":"{state}","version":"1","started_at":1790000000000{privacy}}}"#);
        house
            .until(&format!("{said} is on /metrics as {expected:?}"), async || {
                edge.publish("gw/edge-2/state", said.as_str()).await?;
                let fleet = house.api("/api/v1/fleet").await?;
                let known = fleet["gateways"].as_array().and_then(|all| all.iter().find(|one| one["id"] == "edge-2"));
                let is_taken =
                    known.is_some_and(|known| known["boot"] == format!("{boot:032x}") && known["state"] == state);
                let page = known.and_then(|known| known["privacy"].as_str());
                let is = expected.iter().position(|is| *is == Some(1)).map(|at| ["count", "day"][at]);
                Ok(is_taken && page == is && privacy_of(&house, "edge-2").await? == expected)
            })
            .await
    };
    let (count, day, neither) = ([Some(1), Some(0)], [Some(0), Some(1)], [Some(0), Some(0)]);
    is_shown(1, "online", r#","privacy":"count""#, count).await?;
    is_shown(2, "online", r#","privacy":"a-word-of-tomorrow""#, neither).await?;
    is_shown(3, "online", r#","privacy":"day""#, day).await?;
    is_shown(4, "online", r#","privacy":{"mode":"count"}"#, neither).await?;
    is_shown(5, "online", r#","privacy":"count""#, count).await?;
    // A box of an older version.
    is_shown(6, "online", "", neither).await?;
    is_shown(7, "online", r#","privacy":"day""#, day).await?;
    // Its will knows less than its birth, and changes nothing of it.
    is_shown(7, "offline", "", day).await
}

/// What the server tells Prometheus of the modes `count` and `day` of a box.
async fn privacy_of(house: &House, gateway: &str) -> anyhow::Result<[Option<u64>; 2]> {
    let label = |mode: &str| format!("gateway=\"{gateway}\",mode=\"{mode}\"");
    let of = async |mode| house.server_said("gateway_privacy_mode", &label(mode)).await;
    Ok([of("count").await?, of("day").await?])
}

/// Waits until the box is as it should be, as staff see it.
async fn until(house: &House, is: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let fleet = house.api("/api/v1/fleet").await?;
        let gateway = fleet["gateways"].as_array().and_then(|all| all.iter().find(|one| one["id"] == "edge-1"));
        if let Some(gateway) = gateway.filter(|gateway| is(gateway)) {
            return Ok(gateway.clone());
        }
        anyhow::ensure!(Instant::now() < end, "in vain: {fleet}\n{}", house.gateway.log_tail());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn put(house: &House, scope: &str, settings: Value, status: u16) -> anyhow::Result<()> {
    let url = format!("{}/api/v1/fleet/config/{scope}", house.http);
    let body = json!({ "settings": settings });
    let answer = reqwest::Client::new().put(url).bearer_auth(&house.api_key).json(&body).send().await?;
    anyhow::ensure!(answer.status().as_u16() == status, "{}: {}", answer.status(), answer.text().await?);
    Ok(())
}

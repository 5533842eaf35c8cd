//! Bad input of every kind: counted with its reason and dropped; both programs live on and still do their work.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::house::{Consent, Database, House};
use tests::push::PushService;
use tests::walker::{AT_THE_WINE, Receivers};

/// A right message for each topic, to be spoilt.
const RIGHT: &[(&str, &str)] = &[
    (
        "espresense/devices/iBeacon:e2c56db5-dffb-48d2-b060-d0f5a71096e0-1-2/wine-shelf",
        r#"{"mac":"58b1294494d3","id":"iBeacon:e2c56db5-dffb-48d2-b060-d0f5a71096e0-1-2","rssi@1m":-64,"rssi":-86.5,"rssiVar":1.2,"distance":5.89,"int":588}"#,
    ),
    (
        "home/TheengsGateway/BTtoMQTT/6087574C9BC2",
        r#"{"id":"60:87:57:4C:9B:C2","mac_type":1,"rssi":-78,"mfid":"4c00","uuid":"1de4b189115e45f6b44e509352269977","major":0,"minor":0,"txpower":-66}"#,
    ),
    (
        "minew/AC233FC001EA/status",
        r#"[{"timestamp":"2026-11-01T05:54:25Z","type":"Gateway","mac":"AC233FC001EA"},{"timestamp":"2026-11-01T05:54:25Z","type":"Unknown","mac":"AC233FA03208","bleName":"","rssi":-79,"rawData":"0201060303E1FF0D16E1FFA10264000832A03F23AC"}]"#,
    ),
    ("counter/door", r#"{"serial":"00408CAC512B","name":"door","timestamp":"20261101112756","in":12,"out":3}"#),
];

fn spoilt(payload: &str) -> Vec<Vec<u8>> {
    let bytes = payload.as_bytes();
    vec![
        Vec::new(),
        bytes[..bytes.len() / 2].to_vec(),
        bytes[..bytes.len() - 1].to_vec(),
        vec![0xff, 0xfe, 0x80, 0x00],
        b"null".to_vec(),
        b"[1,2,3]".to_vec(),
        b"\"text\"".to_vec(),
        payload.replace(":-", ":\"x\",\"y\":-").into_bytes(),
        payload
            .replace("-86.5", "1e999")
            .replace("-78", "-7800")
            .replace("-79", "\"strong\"")
            .replace("12", "-12")
            .into_bytes(),
        vec![b'['; 100_000],
        vec![b'a'; 200_000],
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_on_every_topic_and_path_is_counted_and_the_shop_goes_on() -> anyhow::Result<()> {
    let mut house = House::start(Database::Sqlite)?;
    let receivers = house.receivers()?;
    spoil_mqtt(&house, &receivers).await?;
    spoil_http(&house).await?;

    // After all that, the main story still works.
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("gina", 31)?;
    let app = house.app();
    let phone = app.register("gina", Consent::ALL, Some(&browser)).await?;
    app.track("gina", "m-gina", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    let walking = receivers.keep_hearing(phone.air, AT_THE_WINE);
    let push = pushes.wait(&browser, Duration::from_secs(40)).await?;
    walking.abort();
    assert_eq!(push["offerId"], "barolo-today");
    assert!(house.server.is_alive() && house.gateway.is_alive());

    for log in ["server.log", "gateway.log"] {
        let text = std::fs::read_to_string(house.folder().join(log))?;
        assert!(!text.contains("panicked"), "{log}: {text}");
    }
    Ok(())
}

/// Publishes every spoilt message, again and again until each reason was counted: a ready gateway may still be
/// subscribing, and what nobody is subscribed to is gone.
async fn spoil_mqtt(house: &House, receivers: &Receivers) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        for (topic, payload) in RIGHT {
            for bad in spoilt(payload) {
                receivers.publish(topic, bad).await?;
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let metrics = house.gateway_page("metrics").await?;
        let is_counted = |reason: &&str| {
            metrics.lines().any(|line| line.contains(&format!("\"{reason}\"")) && !line.ends_with(" 0"))
        };
        let missing: Vec<&str> =
            ["not-utf8", "not-json", "too-large"].into_iter().filter(|reason| !is_counted(reason)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < until, "{missing:?} was not counted:\n{metrics}");
    }
}

async fn spoil_http(house: &House) -> anyhow::Result<()> {
    // The server closes a connection whose body it refuses; a pool would give that one to the next request.
    let http = reqwest::Client::builder().pool_max_idle_per_host(0).build()?;
    let post = |path: &str, body: Vec<u8>| {
        http.post(format!("{}{path}", house.http)).basic_auth(&house.write_key, Some("")).body(body).send()
    };
    for path in ["/v1/track", "/v1/batch", "/v1/identify", "/v1/devices"] {
        for body in [
            b"".to_vec(),
            b"{".to_vec(),
            vec![0xff, 0xfe],
            b"[]".to_vec(),
            b"{\"batch\":7}".to_vec(),
            vec![b'['; 50_000],
        ] {
            let answer = post(path, body).await?;
            assert!(answer.status().is_client_error() || answer.status().is_success(), "{path}: {}", answer.status());
        }
        // The server may refuse while the body is still on its way; then the client sees a closed connection.
        if let Ok(answer) = post(path, vec![b' '; 3_000_000]).await {
            assert_eq!(answer.status(), 413, "{path}");
        }
    }
    // One bad event never fails a batch: clients drop the whole batch on a 400.
    let batch = json!({ "batch": [{ "type": "track" }, { "type": 7 }, null, { "type": "track", "userId": null, "event": "x", "messageId": "m-x" }] });
    let answer = post("/v1/batch", batch.to_string().into_bytes()).await?;
    assert_eq!(answer.status(), 200);
    let problem = http.post(format!("{}/v1/track", house.http)).body("{}").send().await?;
    assert_eq!(problem.status(), 401);
    assert_eq!(problem.headers()["content-type"], "application/problem+json");
    Ok(())
}

//! Stories: a broker restarts, the box is killed, and in the end the server has everything exactly once.

use std::time::Duration;

use model::ids::SensorId;
use model::time::Timestamp;
use runtime::clock::{Clock, SystemClock};
use tempfile::TempDir;
use wire::state::Liveness;
use wire::vendor::Message;
use wire::vendor::counter::{self, Totals};

use crate::harness::{Broker, Gateway, Publisher, Server, mosquitto_is_missing, until_healthy, until_page};

/// Slower than people can pass a door, as a real counter is.
const STEP: Duration = Duration::from_millis(150);

fn door(entered: u32, left: u32) -> Message {
    let id = SensorId::new("door").expect("an id");
    let Timestamp(now) = SystemClock::new().now();
    counter::encode(&id, "00408CAC512B", "Door", Timestamp(now), Totals { entered, left })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_restarts_costs_nothing_and_counts_nobody_twice() {
    if mosquitto_is_missing() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let (shop, mut chain) = (Broker::start().await, Broker::start().await);
    let mut server = Server::start(&chain).await;
    let mut gateway = Gateway::start(folder.path(), &shop, &chain, "").await;
    until_healthy(&gateway.status).await;
    let vendors = Publisher::start(&shop).await;
    let mut entered = 1_000;
    vendors.publish(&door(entered, 0)).await;
    let mut pace = tokio::time::interval(STEP);
    for round in 0..3 {
        for step in 0..10 {
            pace.tick().await;
            entered += 1;
            vendors.publish(&door(entered, 0)).await;
            if step == 4 {
                chain.kill().await;
            }
        }
        chain.restart().await;
        server.until(&format!("round {round}"), |c| c.crossed() == (entered - 1_000, 0)).await;
    }
    assert_eq!(gateway.stop().await, Some(0));
    assert_eq!(server.committed().crossed(), (30, 0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_can_not_read_goes_is_counted_and_named_and_stops_nothing_behind_it() {
    if mosquitto_is_missing() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let (shop, chain) = (Broker::start().await, Broker::start().await);
    let mut server = Server::start(&chain).await;
    let mut gateway = Gateway::start(folder.path(), &shop, &chain, "").await;
    until_healthy(&gateway.status).await;
    let vendors = Publisher::start(&shop).await;
    let mut pace = tokio::time::interval(STEP);
    for entered in 1_000..=1_001 {
        pace.tick().await;
        vendors.publish(&door(entered, 0)).await;
    }
    server.until("the first to come in", |c| c.crossed() == (1, 0)).await;
    server.fail_to_read_one();
    pace.tick().await;
    vendors.publish(&door(1_002, 0)).await;
    server.until("one that can't be read", |c| c.refused.len() == 1).await;
    pace.tick().await;
    vendors.publish(&door(1_003, 0)).await;
    server.until("what came behind it", |c| c.crossed() == (2, 0)).await;

    let counted = "attimo_gateway_dropped_total{reason=\"batch-refused\"} 1\n";
    until_page(&gateway.status, "/metrics", |page| page.contains(counted)).await;
    let named = format!("the server could not read batches {0} to {0}", server.committed().refused[0]);
    assert_eq!(gateway.stop().await, Some(0));
    let log = gateway.written().pop().expect("the log").1;
    assert!(String::from_utf8_lossy(&log).contains(&named), "{named}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_is_killed_loses_nothing_that_counts() {
    if mosquitto_is_missing() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let broker = Broker::start().await;
    let mut server = Server::start(&broker).await;
    let mut gateway = Gateway::start(folder.path(), &broker, &broker, "").await;
    until_healthy(&gateway.status).await;
    let vendors = Publisher::start(&broker).await;
    let (mut entered, mut left) = (500, 400);
    vendors.publish(&door(entered, left)).await;
    let mut pace = tokio::time::interval(STEP);
    for kill in 0..6u32 {
        // Each time a little later within the half second of a window and the quarter of a batch.
        for _ in 0..=kill {
            pace.tick().await;
            entered += 1;
            left += kill % 2;
            vendors.publish(&door(entered, left)).await;
        }
        if kill == 0 {
            server.until("the first crossing", |c| c.crossed() == (1, 0)).await;
        }
        tokio::time::sleep(Duration::from_millis(u64::from(kill) * 37)).await;
        gateway.kill().await;
        server.until("the will", |c| c.states.last().is_some_and(|s| s.state == Liveness::Offline)).await;
        gateway = Gateway::start(folder.path(), &broker, &broker, "").await;
        until_healthy(&gateway.status).await;
        server.until("the birth", |c| c.states.last().is_some_and(|s| s.state == Liveness::Online)).await;
    }
    pace.tick().await;
    vendors.publish(&door(entered + 1, left + 1)).await;
    let all = (entered + 1 - 500, left + 1 - 400);
    server.until("every crossing", |c| c.crossed() == all).await;
    assert_eq!(gateway.stop().await, Some(0));
    let committed = server.committed();
    assert_eq!(committed.crossed(), all, "after the end nobody is counted again");
    let boots: std::collections::BTreeSet<_> = committed.states.iter().map(|s| s.boot).collect();
    assert_eq!(boots.len(), 7);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_is_refused_before_anything_is_opened() {
    let folder = TempDir::new().expect("a folder");
    let config = folder.path().join("gateway.toml");
    let data = folder.path().join("data");
    let text = gateway::config::TEMPLATE.replace("data_dir", "data_dri");
    std::fs::write(&config, text).expect("a configuration");
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_attimo-gateway"))
        .arg("--config")
        .arg(&config)
        .output()
        .await
        .expect("the gateway");
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("gateway.data_dri") && said.contains("config template"), "{said}");
    assert!(!data.exists());
}

//! Somebody does not want to be heard: the boxes of the store leave the device out, also one that was away meanwhile.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::alone::{Alone, Order};
use tests::house::{Database, House, LOOK, PATIENCE};
use tests::tables::places_of;
use tests::walker::Receivers;

use crate::on_both_databases;

/// So many advertisements that were left out in a row: whatever was heard before has gone by then.
const SOME: u64 = 12;

on_both_databases!(who_objects_is_heard_no_more_and_a_box_that_was_away_knows_it_before_it_speaks);

async fn who_objects_is_heard_no_more_and_a_box_that_was_away_knows_it_before_it_speaks(
    database: Database,
) -> anyhow::Result<()> {
    let mut house = House::start(database)?;
    let receivers = house.receivers()?;
    let first = keep_hearing(&receivers, "c0ffee120001");
    house.until("the stranger is heard", async || Ok(taken(&house).await? > 0)).await?;

    assert_eq!(object(&house, json!({ "store": "corner", "address": "C0:FF:EE:12:00:01" })).await?.0, 202);
    assert_silence(&house).await?;

    // The box is away; somebody else objects meanwhile.
    house.gateway.kill_9();
    let second = keep_hearing(&receivers, "c0ffee120002");
    let (status, said) = object(&house, json!({ "store": "corner", "address": "c0ffee120002" })).await?;
    assert_eq!((status, &said["obeyedWithinS"]), (StatusCode::ACCEPTED, &json!(60)));
    let before = taken(&house).await?;
    house.kill_gateway()?;
    assert_silence(&house).await?;
    assert_eq!(taken(&house).await?, before, "it knew before it spoke");

    // Whoever did not object is heard as before.
    let third = keep_hearing(&receivers, "c0ffee120003");
    house.until("a third one is heard", async || Ok(taken(&house).await? > before)).await?;
    [first, second, third].iter().for_each(tokio::task::JoinHandle::abort);

    for canary in ["c0ffee12", "C0FFEE12", "C0:FF:EE:12", "c0:ff:ee:12"] {
        assert_eq!(places_of(&house.database_url(), canary).await?, Vec::<String>::new(), "{canary}");
    }
    let kept = std::fs::read(house.folder().join("gateway/objections"))?;
    let address = [0xc0, 0xff, 0xee, 0x12];
    assert!(!kept.windows(4).any(|four| four == address), "the box keeps no address");
    Ok(())
}

/// Boxes of the store besides the house's own.
const MORE_BOXES: [&str; 2] = ["edge-2", "edge-3"];

on_both_databases!(every_box_of_the_store_obeys_an_objection);

/// How long it takes is printed; what it may take is what the answer promises.
async fn every_box_of_the_store_obeys_an_objection(database: Database) -> anyhow::Result<()> {
    let house = House::start(database)?;
    let folders: Vec<tempfile::TempDir> = MORE_BOXES.iter().map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let more: Vec<Alone> = MORE_BOXES
        .iter()
        .zip(&folders)
        .map(|(name, at)| one_more(&house, name, at.path()))
        .collect::<anyhow::Result<_>>()?;
    let receivers = house.receivers()?;
    let own = keep_hearing(&receivers, "c0ffee120001");
    for each in &more {
        each.until("the box goes up", async || Ok(each.metric("attimo_gateway_uplink_connected").await? == 1)).await?;
    }
    let (topic, said) = advert("c0ffee120001");
    let heard = async |each: &Alone| {
        each.post(&topic, said.clone()).await?;
        each.metric("attimo_gateway_adverts_heard_total").await
    };
    for each in &more {
        each.until("it hears the stranger", async || Ok(heard(each).await? > 2)).await?;
    }
    house.until("so does the house's own", async || Ok(taken(&house).await? > 0)).await?;

    let (status, answer) = object(&house, json!({ "store": "corner", "address": "C0:FF:EE:12:00:01" })).await?;
    let (began, promised) = (Instant::now(), answer["obeyedWithinS"].as_u64().map(Duration::from_secs));
    assert_eq!((status, promised), (StatusCode::ACCEPTED, Some(PATIENCE)), "nobody waits longer below");
    let mut took = Vec::new();
    house.until("the house's own box obeys", async || Ok(left_out(&house).await? > 0)).await?;
    took.push(("edge-1", began.elapsed()));
    for (name, each) in MORE_BOXES.into_iter().zip(&more) {
        let obeys = async || {
            heard(each).await?;
            Ok(each.metric("attimo_gateway_dropped_total{reason=\"objected\"}").await? > 0)
        };
        each.until("the box obeys", obeys).await?;
        took.push((name, began.elapsed()));
    }
    println!("obeyed after {took:?}");
    own.abort();

    // From now on no box passes anything on of them.
    for each in &more {
        let objected = async || each.metric("attimo_gateway_dropped_total{reason=\"objected\"}").await;
        let passed = async || {
            let sightings = each.metric("attimo_gateway_sightings_total").await?;
            anyhow::Ok((each.metric("attimo_gateway_adverts_heard_total").await?, sightings))
        };
        let (start, before) = (objected().await?, passed().await?);
        for _ in 0..SOME {
            heard(each).await?;
        }
        each.until("all are left out", async || Ok(objected().await? >= start + SOME)).await?;
        assert_eq!(passed().await?, before, "what is left out is not even counted as heard");
    }
    Ok(())
}

/// A box of the same store with a name and a password of its own, which is fed by POSTs.
fn one_more(house: &House, name: &str, folder: &Path) -> anyhow::Result<Alone> {
    let said = house.server_cli(&["broker-user", "add", "--role", "gateway", name])?;
    let password = said.split_whitespace().last().unwrap_or_default();
    let uplink = format!("url = \"{}\"\nusername = \"{name}\"\npassword = \"{password}\"", house.mqtt);
    let environment = BTreeMap::from([("ATTIMO_GATEWAY__GATEWAY__ID".to_owned(), name.to_owned())]);
    Alone::start(folder, Order { uplink, environment, ..Order::default() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_objection_that_cannot_be_taken_says_why() -> anyhow::Result<()> {
    let house = House::start(Database::Sqlite)?;
    for (body, status, field) in [
        (json!({ "store": "corner", "address": "C0:FF:EE" }), 400, json!("address")),
        (json!({ "store": "corner", "address": "" }), 400, json!("address")),
        (json!({ "store": "nowhere", "address": "C0:FF:EE:12:00:01" }), 404, Value::Null),
        (json!({ "store": "a/b", "address": "C0:FF:EE:12:00:01" }), 404, Value::Null),
    ] {
        let (answered, said) = object(&house, body.clone()).await?;
        assert_eq!((answered.as_u16(), &said["field"]), (status, &field), "{body}: {said}");
    }
    // One place can't fill the list.
    let mut last = StatusCode::OK;
    for n in 0..40 {
        last = object(&house, json!({ "store": "corner", "address": format!("C0:FF:EE:12:01:{n:02X}") })).await?.0;
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        assert_eq!(last, StatusCode::ACCEPTED);
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    Ok(())
}

/// Several advertisements are left out, and meanwhile the server takes nothing.
async fn assert_silence(house: &House) -> anyhow::Result<()> {
    let start = left_out(house).await?;
    house.until("some are left out", async || Ok(left_out(house).await? >= start + SOME)).await?;
    let before = taken(house).await?;
    house.until("more are left out", async || Ok(left_out(house).await? >= start + 2 * SOME)).await?;
    assert_eq!(taken(house).await?, before, "the server still hears of somebody who objected");
    Ok(())
}

/// A stranger's advertisements as ESPresense tells of them, until the task is aborted.
fn keep_hearing(receivers: &Receivers, mac: &str) -> tokio::task::JoinHandle<()> {
    let (receivers, mac) = (receivers.clone(), mac.to_owned());
    tokio::spawn(async move {
        let (topic, said) = advert(&mac);
        while receivers.publish(&topic, said.clone()).await.is_ok() {
            tokio::time::sleep(LOOK).await;
        }
    })
}

fn advert(mac: &str) -> (String, String) {
    let id = "iBeacon:0f0e0d0c-0b0a-0908-0706-050403020100-1-2";
    let said =
        json!({ "mac": mac, "id": id, "rssi@1m": -59, "rssi": -64.5, "rssiVar": 2.0, "distance": 2.0, "int": 250 });
    (format!("espresense/devices/{id}/wine-shelf"), said.to_string())
}

async fn object(house: &House, body: Value) -> anyhow::Result<(StatusCode, Value)> {
    let answer = reqwest::Client::new().post(format!("{}/v1/objections", house.http)).json(&body).send().await?;
    Ok((answer.status(), answer.json().await?))
}

/// Sightings that the server took of gateways.
async fn taken(house: &House) -> anyhow::Result<u64> {
    house.server_metric("sightings_total", "source=\"gateway\"").await
}

/// Advertisements that the box left out because somebody objected.
async fn left_out(house: &House) -> anyhow::Result<u64> {
    house.gateway_metric("attimo_gateway_dropped_total", "reason=\"objected\"").await
}

//! One batch in ten goes twice and one in ten up to ten seconds late: the server counts the same as over a straight line.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::alone::{Alone, Order, PATIENCE};
use tests::crooked::{Bends, Crooked};
use tests::house::{Database, House};
use tests::sensors::{STEP, door};

const DOOR: &str = "[sensors.door]\nkind = \"counter-cumulative\"\ntopic = \"counter/door\"\n";
/// Slower than a window, so that each of them makes a batch of its own.
const TAG_EVERY: u32 = 4;
const PEOPLE: u32 = 120;
/// How late the late ones come.
const LATE_MAX: Duration = Duration::from_secs(10);

/// What the server has counted.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    entered: u64,
    left: u64,
    sightings: u64,
}

async fn counted(house: &House) -> anyhow::Result<Counted> {
    let today = house.api("/api/v1/stores/corner/today").await?;
    let of = |key: &str| today["footfall"][key].as_u64().unwrap_or(0);
    let sightings = house.server_metric("sightings_total", "source").await?;
    Ok(Counted { entered: of("entered"), left: of("left"), sightings })
}

/// A tag of the shop as ESPresense tells it.
fn tag(round: u32) -> (String, String) {
    let id = "iBeacon:a7710002-0000-4000-8000-000000000001-7-9";
    let body =
        json!({ "mac": "c35ad7000001", "id": id, "rssi@1m": -59, "rssi": -60 - i64::from(round % 7), "int": 500 });
    (format!("espresense/devices/{id}/wine-shelf"), body.to_string())
}

/// People come, people go and a tag is heard, over a line to the server; what both sides have counted in the end.
async fn a_while(house: &mut House, line: &str) -> anyhow::Result<(Counted, u64)> {
    let folder = tempfile::tempdir()?;
    let text = std::fs::read_to_string(house.folder().join("gateway.toml"))?;
    let table: toml::Table = text.parse()?;
    let of = |key: &str| table["uplink"][key].as_str().unwrap_or_default().to_owned();
    let uplink =
        format!("url = \"mqtt://{line}\"\nusername = \"{}\"\npassword = \"{}\"", of("username"), of("password"));
    let gateway = "tag_uuids = [\"a7710002-0000-4000-8000-000000000001\"]".to_owned();
    house.gateway.kill_9();
    let alone = Alone::start(folder.path(), Order { uplink, gateway, sections: DOOR.into(), ..Order::default() })?;
    alone.until_health("\"ok\"", true).await?;
    alone.post("counter/door", door(100, 100)).await?;
    let mut pace = tokio::time::interval(STEP);
    for round in 1..=PEOPLE {
        pace.tick().await;
        alone.post("counter/door", door(100 + round, 100 + round / 2)).await?;
        if round % TAG_EVERY == 0 {
            let (topic, body) = tag(round);
            alone.post(&topic, body).await?;
        }
    }
    let until = Instant::now() + PATIENCE;
    loop {
        let counted = counted(house).await?;
        if counted.entered >= u64::from(PEOPLE) && alone.metric("attimo_gateway_spool_batches").await? == 0 {
            break;
        }
        let log = alone.running.log_tail();
        anyhow::ensure!(Instant::now() < until, "{counted:?} of {PEOPLE} people:\n{log}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // What is still on its way comes now: it must change nothing.
    tokio::time::sleep(LATE_MAX).await;
    let passed_on = alone.metric("attimo_gateway_sightings_total").await?;
    Ok((counted(house).await?, passed_on))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubles_and_latecomers_change_no_count() -> anyhow::Result<()> {
    let mut straight = House::start(Database::Sqlite)?;
    let address = straight.mqtt.trim_start_matches("mqtt://").to_owned();
    let (clean, heard) = a_while(&mut straight, &address).await?;
    assert_eq!(clean, Counted { entered: PEOPLE.into(), left: (PEOPLE / 2).into(), sightings: heard });
    drop(straight);

    let mut bent = House::start(Database::Sqlite)?;
    let bends = Bends { twice: 0.1, late: 0.1, late_max: LATE_MAX, seed: 9 };
    let wire = Crooked::start(bent.mqtt.trim_start_matches("mqtt://"), bends).await?;
    let (counted, heard) = a_while(&mut bent, &wire.address.to_string()).await?;
    let (twice, late) = wire.bent();
    assert!(twice >= 5 && late >= 5, "the line was hardly crooked: {twice} went twice, {late} came late");
    assert_eq!(counted, Counted { sightings: heard, ..clean });
    Ok(())
}

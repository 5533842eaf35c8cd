//! A box whose clock is wrong, and is set while it works: what the server makes of it has the times at which it happened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use runtime::clock::{Clock as _, SystemClock};
use serde_json::json;
use tests::alone::{faketime, shifted_by};
use tests::house::{Consent, Database, House, PATIENCE};
use tests::push::PushService;
use tests::tables::count;
use tests::walker::{AT_THE_DOOR, AT_THE_WINE, Receivers};

use crate::on_both_databases;

/// As little as a stamp that was set right may lie outside the time in which it happened.
const SLACK_MS: i64 = 2_000;

/// The wall clock of the gateway, under another program's hands.
struct Wall {
    library: PathBuf,
    shift: PathBuf,
}

impl Wall {
    /// None where the library is not installed and the test may be left out.
    fn new(folder: &Path) -> anyhow::Result<Option<Self>> {
        Ok(faketime()?.map(|library| Self { library, shift: folder.join("shift") }))
    }

    fn environment(&self) -> Vec<(String, String)> {
        shifted_by(&self.shift, &self.library).into_iter().collect()
    }

    fn set(&self, seconds: i64) -> anyhow::Result<()> {
        // Whole or not at all: the program reads it at every look at its clock.
        let beside = self.shift.with_extension("new");
        std::fs::write(&beside, format!("{seconds:+}"))?;
        Ok(std::fs::rename(beside, &self.shift)?)
    }
}

/// A counter over the door.
struct Door {
    receivers: Receivers,
    total: u32,
    first: Option<i64>,
}

impl Door {
    /// Lets one more in, and waits until the server has counted it.
    async fn one_more(&mut self, house: &House) -> anyhow::Result<()> {
        self.total += 1;
        let counted = self.counted(house).await? + i64::from(self.first.is_some());
        self.first.get_or_insert(counted);
        house
            .until("the door is counted", async || {
                // The first report only says where the counter stands.
                let report = json!({ "in": self.total, "out": 0 }).to_string();
                self.receivers.publish("counter/door", report).await?;
                Ok(self.counted(house).await? >= counted)
            })
            .await
    }

    async fn counted(&self, house: &House) -> anyhow::Result<i64> {
        let today = house.api("/api/v1/stores/corner/today").await?;
        Ok(today["footfall"]["entered"].as_i64().unwrap_or_default())
    }
}

/// What no clock may change: her consent stands, nothing was withdrawn, and what she was told takes of its caps what it did.
async fn assert_stands(house: &House) -> anyhow::Result<()> {
    for (query, expected) in [
        ("SELECT count(*) FROM customers WHERE locating = 1 AND profiling = 1 AND marketing_push = 1", 1),
        ("SELECT count(*) FROM customers", 1),
        ("SELECT count(*) FROM consents", 1),
        ("SELECT count(*) FROM withdrawals", 0),
        ("SELECT count(*) FROM devices", 1),
        ("SELECT count(*) FROM reservations WHERE counted = 1", 1),
    ] {
        assert_eq!(count(&house.database_url(), query).await?, expected, "{query}");
    }
    Ok(())
}

/// Why she was told nothing, by the code of each decision that says nothing.
async fn silences(house: &House) -> anyhow::Result<BTreeMap<String, usize>> {
    let decisions = house.api("/api/v1/stores/corner/decisions").await?;
    let rows = decisions["decisions"].as_array().context("decisions")?;
    let mut codes = BTreeMap::new();
    for code in rows.iter().filter_map(|row| row["code"].as_str()) {
        *codes.entry(code.to_owned()).or_default() += 1;
    }
    Ok(codes)
}

async fn health_names(house: &House, code: &str) -> anyhow::Result<bool> {
    Ok(house.gateway_page("healthz").await?.contains(code))
}

/// Every column of the tables that a box's stamps reach; what stands there must be of the time of the test.
const STAMPS: [(&str, &str); 8] = [
    ("visits", "started"),
    ("visits", "last_heard"),
    ("visits", "ended"),
    ("presence", "since"),
    ("presence", "at"),
    ("presence", "dwelling_at"),
    ("presence", "left_at"),
    ("readings", "at"),
];

async fn assert_times(house: &House, from: i64) -> anyhow::Result<()> {
    let to = SystemClock::new().now().0 + SLACK_MS;
    for (table, column) in STAMPS {
        let query = format!("SELECT count(*) FROM {table} WHERE {column} < {from} OR {column} > {to}");
        assert_eq!(count(&house.database_url(), &query).await?, 0, "{table}.{column} is of another time");
    }
    for negative in [
        "SELECT count(*) FROM visits WHERE last_heard < started OR ended < started",
        "SELECT count(*) FROM presence WHERE at < since OR dwelling_at < since OR left_at < since",
    ] {
        assert_eq!(count(&house.database_url(), negative).await?, 0, "{negative}");
    }
    for some in ["SELECT count(*) FROM visits", "SELECT count(*) FROM presence WHERE dwelling_at IS NOT NULL"] {
        assert!(count(&house.database_url(), some).await? > 0, "{some}");
    }
    Ok(())
}

on_both_databases!(a_box_that_begins_in_1970_and_is_set_to_and_fro_hurts_nobody);

async fn a_box_that_begins_in_1970_and_is_set_to_and_fro_hurts_nobody(database: Database) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(wall) = Wall::new(folder.path())? else { return Ok(()) };
    let began = SystemClock::new().now().0;
    let a_minute_after_1970 = 60 - began / 1_000;
    wall.set(a_minute_after_1970)?;
    let house = House::start_with(database, wall.environment())?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("anna", 7)?;
    let app = house.app();
    let phone = app.register("anna", Consent::ALL, Some(&browser)).await?;
    app.track("anna", "m-1", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    let receivers = house.receivers()?;

    // In 1970 already, the offer comes.
    let mut walking = receivers.keep_hearing(phone.air, AT_THE_WINE);
    let push = pushes.wait(&browser, PATIENCE).await?;
    assert_eq!(push["offerId"], "barolo-today");
    house
        .until("the box says that nobody set its clock", async || health_names(&house, "clock-never-set").await)
        .await?;
    let flagged = async || house.server_metric("gateway_clock_flagged", "edge-1").await;
    house.until("the server flags the clock", async || Ok(flagged().await? == 1)).await?;

    // Somebody sets it right, and then to and fro; in between everything goes on.
    let mut door = Door { receivers: receivers.clone(), total: 0, first: None };
    for (seconds, off) in [(0, 0), (3_600, 1), (-3_600, 1), (86_400, 1), (-86_400, 1), (0, 0)] {
        wall.set(seconds)?;
        house.until("the server sees how the clock stands", async || Ok(flagged().await? == off)).await?;
        house.until("the box does too", async || Ok(health_names(&house, "clock-off").await? == (off == 1))).await?;
        door.one_more(&house).await?;
        assert_stands(&house).await?;
    }

    // She comes back to the shelf: the cap holds as if nothing had been.
    for at in [AT_THE_DOOR, AT_THE_WINE] {
        walking.abort();
        walking = receivers.keep_hearing(phone.air, at);
        let zone = if at == AT_THE_WINE { "wine" } else { "door" };
        let query = format!("SELECT count(*) FROM presence WHERE zone = '{zone}' AND dwelling_at IS NOT NULL");
        let before = count(&house.database_url(), &query).await?;
        house.until("she was there", async || Ok(count(&house.database_url(), &query).await? > before)).await?;
    }
    walking.abort();
    assert_eq!(pushes.received().len(), 1, "one push, whatever the clock did");
    assert_eq!(count(&house.database_url(), "SELECT count(*) FROM deliveries").await?, 1);
    assert_times(&house, began - SLACK_MS).await?;
    assert_stands(&house).await?;
    let silences = silences(&house).await?;
    println!("silences: {silences:?}");
    assert!(silences.keys().all(|code| !code.contains("consent")), "a consent that a jump ended: {silences:?}");
    assert!(app.offers(&phone).await?.iter().any(|offer| offer["id"] == push["id"]), "and what she was given is hers");
    Ok(())
}

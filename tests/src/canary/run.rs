//! A shop hour of canaries through the real programs, and a look into everything that is written, sent or shown.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use firmware_sim::bluez::{BlueZ, Bus};
use runtime::clock::{Clock as _, SystemClock};
use sqlx::{Connection, SqliteConnection};

use super::{Air, Canaries, Found, Said, Way};
use crate::house::{Database, House};
use crate::process::program;
use crate::tap::Tap;
use crate::walker::Receivers;

/// The box may be behind by so many advertisements.
const BEHIND_MAX: u64 = 4_000;
/// So long nothing new may be heard, and so long the last batch may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked at what happens in another process.
const LOOK: Duration = Duration::from_millis(20);

/// Advertisements that the box's own radio hears in each round.
const OWN: usize = 20;

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Advertisements that the box must hear.
    pub adverts: u64,
    /// From how many transmitters.
    pub transmitters: u32,
    /// The box's mode: `count` or `day`.
    pub mode: &'a str,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Advertisements heard.
    pub heard: u64,
    /// How many of them by the box's own radio.
    pub own: u64,
    /// Sightings that the box passed on.
    pub passed_on: u64,
    /// How long the hearing took.
    pub took: Duration,
    /// The finder, after it has looked through everything that must hold none.
    pub canaries: Canaries,
    /// How many were found in what the receivers said: the finder can find them.
    pub said: u64,
    /// How many were found again after one each was put into copies of both logs and of the database.
    pub planted: usize,
}

/// Lets canaries sing, and looks for them.
///
/// # Errors
/// When a part does not start, does not hear, or hangs.
pub async fn run(order: Order<'_>) -> anyhow::Result<Outcome> {
    let own = tempfile::tempdir()?;
    let bus = Bus::start(own.path()).await?;
    let bluez = BlueZ::start(bus.address(), "hci0").await?;
    let on_bus = vec![("DBUS_SYSTEM_BUS_ADDRESS".to_owned(), bus.address().to_owned())];
    let mut house = House::start_with(Database::Sqlite, on_bus)?;
    let tap = Tap::start(house.mqtt.trim_start_matches("mqtt://"), true).await?;
    let posts = crate::free_port()?;
    at_trace(&mut house, &tap, posts, order.mode)?;
    let mut shop = Shop { receivers: house.receivers()?, bluez, posts, http: reqwest::Client::new(), house };
    shop.until_discovering().await?;
    let mut canaries = Canaries::new(order.transmitters);
    let mut control = Canaries::new(order.transmitters);
    let mut air = Air::default();
    let started = Instant::now();
    let (mut heard, mut progress) = (0, started);
    while heard < order.adverts {
        let round = air.round(&canaries);
        round.iter().take(6).for_each(|said| control.look("what receivers say", &said.payload));
        shop.sing_to_radio(&mut air, &canaries).await?;
        let now = shop.sing(round, heard).await?;
        progress = if now > heard { Instant::now() } else { progress };
        heard = now;
        anyhow::ensure!(progress.elapsed() < PATIENCE, "the box hears nothing any more");
        if heard < order.adverts / 10 * 9 {
            look_at_wire(&tap, &mut canaries);
        } else {
            // The last tenth waits on disk, so that there is something in the spool to look into.
            tap.cut();
        }
    }
    let took = started.elapsed();
    look_at_pages(&shop.house, &mut canaries).await?;
    canaries.look_into(&shop.house.folder().join("gateway"), "the box's data")?;
    anyhow::ensure!(canaries.looked.keys().any(|place| place.contains("/spool/")), "nothing waits on disk");
    tap.mend();
    shop.until_drained().await?;
    look_at_pages(&shop.house, &mut canaries).await?;
    look_at_wire(&tap, &mut canaries);
    let bundle = shop.house.folder().join("for-support.tar");
    let mut diag = Command::new(program("attimo-gateway"));
    diag.arg("diag").arg("--out").arg(&bundle).arg("--config").arg(shop.house.folder().join("gateway.toml"));
    crate::process::output(&mut diag).context("write the bundle for support")?;
    let passed_on = shop.metric("attimo_gateway_sightings_total").await?;
    let own = shop.house.gateway_metric("attimo_gateway_radio_heard_total", "receiver=\"ceiling\"").await?;
    shop.house.gateway.kill_9();
    shop.house.server.kill_9();
    // First as the dead programs left it, write-ahead log included, then after that was taken in.
    let folder = shop.house.folder();
    canaries.look_into(folder, "left behind")?;
    checkpoint(&shop.house.database_url()).await?;
    canaries.look_into(&folder.join("server"), "the database after its checkpoint")?;
    let planted = plant(folder, &canaries)?;
    Ok(Outcome { heard, own, passed_on, took, canaries, said: control.hits, planted })
}

/// Both programs anew: everything in the log, the uplink over the tapped wire, a port for receivers that POST, and a radio.
fn at_trace(house: &mut House, tap: &Tap, posts: u16, mode: &str) -> anyhow::Result<()> {
    let file = house.folder().join("server.toml");
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, format!("{text}\n[log]\nfilter = \"trace\"\n"))?;
    let file = house.folder().join("gateway.toml");
    let text = std::fs::read_to_string(&file)?;
    let wired = text.replace("[uplink]\nurl = \"", &format!("[uplink]\nurl = \"mqtt://{}\" # \"", tap.address));
    let heard = wired.replace("[receivers]\n", &format!("[receivers]\nhttp_listen = \"127.0.0.1:{posts}\"\n"));
    anyhow::ensure!(wired != text && heard != wired, "the gateway's configuration has another form");
    let radio = "[radio]\nsource = \"bluez\"\nadapter = \"hci0\"\nreceiver = \"ceiling\"\n";
    let log = "[log]\nfilter = \"trace\"\n";
    std::fs::write(&file, format!("{heard}\n[privacy]\nmode = \"{mode}\"\n{radio}{log}"))?;
    house.kill_server()?;
    house.kill_gateway()
}

struct Shop {
    house: House,
    receivers: Receivers,
    bluez: BlueZ,
    posts: u16,
    http: reqwest::Client,
}

impl Shop {
    async fn until_discovering(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.bluez.is_discovering() {
            anyhow::ensure!(Instant::now() < until, "the radio hears nothing:\n{}", self.house.gateway.log_tail());
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// What the box's own radio hears in a round.
    async fn sing_to_radio(&mut self, air: &mut Air, canaries: &Canaries) -> anyhow::Result<()> {
        for _ in 0..OWN {
            self.bluez.receive(&air.own(canaries), SystemClock::default().now()).await?;
        }
        Ok(())
    }

    /// Says a round, and waits until the box is not far behind; how much it has heard by then.
    async fn sing(&mut self, round: Vec<Said>, before: u64) -> anyhow::Result<u64> {
        let adverts: u64 = round.iter().map(|said| said.adverts).sum();
        for said in round {
            match said.way {
                Way::Mqtt => self.receivers.publish(&said.topic, said.payload).await?,
                Way::Http => self.post(said).await?,
            }
        }
        let began = Instant::now();
        let mut heard = self.heard().await?;
        // What the broker dropped never comes: then the next round makes up for it.
        while heard + BEHIND_MAX < before + adverts && began.elapsed() < Duration::from_secs(2) {
            tokio::time::sleep(LOOK).await;
            heard = self.heard().await?;
        }
        Ok(heard)
    }

    /// Posts; comes again while the box has too much waiting.
    async fn post(&self, said: Said) -> anyhow::Result<()> {
        let url = format!("http://127.0.0.1:{}/in/{}", self.posts, said.topic);
        let until = Instant::now() + PATIENCE;
        while self.http.post(&url).body(said.payload.clone()).send().await?.status() != 202 {
            anyhow::ensure!(Instant::now() < until, "the box takes no more posts");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn heard(&self) -> anyhow::Result<u64> {
        self.metric("attimo_gateway_adverts_heard_total").await
    }

    async fn metric(&self, name: &str) -> anyhow::Result<u64> {
        self.house.gateway_metric(name, "").await
    }

    async fn until_drained(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.metric("attimo_gateway_spool_batches").await? > 0 {
            anyhow::ensure!(Instant::now() < until, "the spool does not drain:\n{}", self.house.gateway.log_tail());
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

fn look_at_wire(tap: &Tap, canaries: &mut Canaries) {
    let recorded = tap.take();
    canaries.look("the wire up", &recorded.up);
    canaries.look("the wire down", &recorded.down);
}

async fn look_at_pages(house: &House, canaries: &mut Canaries) -> anyhow::Result<()> {
    for page in ["", "healthz", "metrics"] {
        let text = reqwest::get(format!("http://{}/{page}", house.gateway_status)).await?.text().await?;
        anyhow::ensure!(!text.is_empty(), "/{page} is empty");
        canaries.look(&format!("the box's page /{page}"), text.as_bytes());
    }
    for page in ["stores/corner/now", "stores/corner/today", "stores/corner/replay"] {
        let answer = reqwest::Client::new().get(format!("{}/api/v1/{page}", house.http)).bearer_auth(&house.api_key);
        canaries.look(&format!("the server's page {page}"), &answer.send().await?.bytes().await?);
    }
    Ok(())
}

async fn checkpoint(url: &str) -> anyhow::Result<()> {
    let mut connection = SqliteConnection::connect(url).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Puts one canary into a copy of each kind of place, and counts in how many it is found.
fn plant(folder: &Path, canaries: &Canaries) -> anyhow::Result<usize> {
    let address = canaries.address(3);
    let mut found = BTreeSet::new();
    for (name, text) in [
        ("gateway.log", address.map(|byte| format!("{byte:02X}")).join(":").into_bytes()),
        ("server.log", address.escape_ascii().to_string().into_bytes()),
        ("server/attimo.db", address.to_vec()),
    ] {
        let copy = folder.join("copy");
        let size = std::fs::copy(folder.join(name), &copy).with_context(|| format!("copy {name}"))?;
        std::fs::OpenOptions::new().append(true).open(&copy)?.write_all(&text)?;
        let mut finder = Canaries::new(canaries.count);
        finder.look(name, &std::fs::read(&copy)?);
        let behind = |found: &Found| found.offset >= usize::try_from(size).unwrap_or(0);
        found.extend(finder.found.into_iter().filter(behind).map(|found| found.place));
        std::fs::remove_file(&copy)?;
    }
    Ok(found.len())
}

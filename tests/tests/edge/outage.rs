//! The server away, its name gone, the box thrown out, its certificate over: the box says so, keeps what counts, and
//! comes back by itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::alone::{Alone, Order, PATIENCE, shifted_by};
use tests::house::{Database, House};
use tests::process::{Running, output, program};
use tests::sensors::{STEP, door};

const DOOR: &str = "[sensors.door]\nkind = \"counter-cumulative\"\ntopic = \"counter/door\"\n";
/// What comes in while something is wrong.
const MEANWHILE: u32 = 10;

/// A house whose box is replaced by one that is fed by POSTs and goes up in the way that the test says.
struct Shop {
    house: House,
    alone: Alone,
    entered: u32,
    /// Whom the server counts on another day.
    entered_before: u32,
    _folder: tempfile::TempDir,
}

impl Shop {
    async fn start(order: impl FnOnce(&House, &Path) -> anyhow::Result<Order>) -> anyhow::Result<Self> {
        let mut house = House::start(Database::Sqlite)?;
        house.gateway.kill_9();
        let folder = tempfile::tempdir()?;
        let order = order(&house, folder.path())?;
        let alone = Alone::start(folder.path(), Order { sections: format!("{DOOR}{}", order.sections), ..order })?;
        let shop = Self { house, alone, entered: 100, entered_before: 100, _folder: folder };
        shop.alone.post("counter/door", door(shop.entered, 0)).await?;
        Ok(shop)
    }

    async fn come_in(&mut self, people: u32) -> anyhow::Result<()> {
        for _ in 0..people {
            tokio::time::sleep(STEP).await;
            self.entered += 1;
            self.alone.post("counter/door", door(self.entered, 0)).await?;
        }
        Ok(())
    }

    /// Waits until the server has counted everybody, and nobody twice.
    async fn until_counted(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let today = self.house.api("/api/v1/stores/corner/today").await?;
            let counted = &today["footfall"]["entered"];
            if *counted == json!(self.entered - self.entered_before) {
                return Ok(());
            }
            let log = self.alone.running.log_tail();
            anyhow::ensure!(
                Instant::now() < until,
                "{counted} of {} were counted:\n{log}",
                self.entered - self.entered_before
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The box says what is wrong, in a code and in words, and keeps who comes in meanwhile.
    async fn is_told(&mut self, code: &str, words: &str) -> anyhow::Result<()> {
        self.alone.until_health(code, true).await?;
        self.alone.until_health("uplink-gone", true).await?;
        let page = self.alone.page("").await?;
        assert!(page.contains(words), "{page}");
        self.come_in(MEANWHILE).await?;
        let waits = async || Ok(self.alone.metric("attimo_gateway_spool_batches").await? > 0);
        self.alone.until("what came in waits on disk", waits).await
    }

    async fn is_well_again(&mut self) -> anyhow::Result<()> {
        self.alone.until_health("\"ok\"", true).await?;
        self.come_in(2).await?;
        self.until_counted().await
    }
}

/// The way up as the house's own box has it, with another address.
fn by_password(house: &House, address: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(house.folder().join("gateway.toml"))?;
    let table: toml::Table = text.parse()?;
    let of = |key: &str| table["uplink"][key].as_str().unwrap_or_default().to_owned();
    Ok(format!("url = \"{address}\"\nusername = \"{}\"\npassword = \"{}\"", of("username"), of("password")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_said_and_nobody_is_lost() -> anyhow::Result<()> {
    let mut shop = Shop::start(|house, _| {
        let uplink = by_password(house, &house.mqtt)?;
        Ok(Order { uplink, ..Order::default() })
    })
    .await?;
    shop.come_in(3).await?;
    shop.until_counted().await?;
    shop.house.server.kill_9();
    shop.is_told("broker-away", "gone:").await?;
    // The box itself may go meanwhile: what it kept is found again.
    shop.alone.kill();
    shop.alone.restart()?;
    shop.is_told("broker-away", "the server is not running, or the port is wrong").await?;
    shop.house.kill_server()?;
    shop.is_well_again().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_gone_is_said_and_nobody_is_lost() -> anyhow::Result<()> {
    let (mut names, mut may) = (PathBuf::new(), true);
    let shop = Shop::start(|house, folder| {
        names = folder.join("names");
        std::fs::write(&names, "127.0.0.1 localhost\n")?;
        std::fs::write(folder.join("resolver"), "nameserver 127.0.0.1\n")?;
        let port = house.mqtt.rsplit(':').next().unwrap_or_default();
        let uplink = by_password(house, &format!("mqtt://server.shop.test:{port}"))?;
        let mounts = format!(
            "mount --bind {} /etc/hosts && mount --bind {} /etc/resolv.conf && exec \"$@\"",
            names.display(),
            folder.join("resolver").display()
        );
        let by = ["unshare", "-Urm", "sh", "-c", &mounts, "sh"].map(str::to_owned).to_vec();
        may = std::process::Command::new(&by[0]).args(&by[1..]).arg("true").status()?.success();
        Ok(Order { uplink, by: if may { by } else { Vec::new() }, ..Order::default() })
    });
    let mut shop = shop.await?;
    if !tests::need::mounts(may)? {
        return Ok(());
    }
    shop.is_told("name-unknown", "the name of the broker is not known").await?;
    std::fs::write(&names, "127.0.0.1 localhost server.shop.test\n")?;
    shop.is_well_again().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_was_thrown_out_says_so_and_nobody_is_lost() -> anyhow::Result<()> {
    let mut shop = Shop::start(|house, _| {
        let uplink = by_password(house, &house.mqtt)?;
        Ok(Order { uplink, ..Order::default() })
    })
    .await?;
    shop.come_in(3).await?;
    shop.until_counted().await?;
    shop.house.server_cli(&["gateway", "revoke", "edge-1"])?;
    shop.is_told("credentials-refused", "the broker refuses this box").await?;
    let fresh = shop.house.server_cli(&["broker-user", "add", "--role", "gateway", "edge-1"])?;
    let password = fresh.split_whitespace().last().unwrap_or_default().to_owned();
    shop.alone.running.stop()?;
    let file = shop._folder.path().join("gateway.toml");
    let mut table: toml::Table = std::fs::read_to_string(&file)?.parse()?;
    if let Some(uplink) = table.get_mut("uplink").and_then(toml::Value::as_table_mut) {
        uplink.insert("password".into(), password.into());
    }
    std::fs::write(&file, table.to_string())?;
    shop.alone.restart()?;
    shop.is_well_again().await
}

/// A shop whose box goes up by its certificate alone, and the file that shifts the box's clock.
async fn enrolled() -> anyhow::Result<Option<(Shop, PathBuf)>> {
    let Some(library) = tests::alone::faketime()? else { return Ok(None) };
    let mut shift = PathBuf::new();
    let mut shop = Shop::start(|house, folder| {
        let shown = house.server_cli(&["gateway", "token", "edge-1"])?;
        house.enrol(last_word(&shown))?;
        shift = folder.join("shift");
        std::fs::write(&shift, "+0")?;
        let data = Some(house.folder().join("gateway"));
        let uplink = "backlog_per_s = 400".to_owned();
        Ok(Order { uplink, data, environment: shifted_by(&shift, &library), ..Order::default() })
    })
    .await?;
    shop.come_in(3).await?;
    shop.until_counted().await?;
    Ok(Some((shop, shift)))
}

fn last_word(text: &str) -> &str {
    text.split_whitespace().last().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_over_is_said() -> anyhow::Result<()> {
    let Some((mut shop, shift)) = enrolled().await? else { return Ok(()) };
    assert!(shop.alone.page("").await?.contains("more days"));
    // By the box's own clock the certificate has been over for months; then somebody sets the clock right.
    std::fs::write(&shift, "+34560000")?;
    shop.alone.until_health("certificate-expired", true).await?;
    let page = shop.alone.page("").await?;
    assert!(page.contains("EXPIRED") && page.contains("enrol the box again"), "{page}");
    std::fs::write(&shift, "+0")?;
    shop.is_well_again().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_renewed_in_time_and_the_box_goes_on_with_the_new_one() -> anyhow::Result<()> {
    let Some((mut shop, shift)) = enrolled().await? else { return Ok(()) };
    let kept = shop.house.folder().join("gateway/identity/identity.json");
    let before = std::fs::read_to_string(&kept)?;
    // By the box's clock two thirds of its certificate's time are over.
    std::fs::write(&shift, "+5270400")?;
    let is_renewed = async || Ok(std::fs::read_to_string(&kept)? != before);
    shop.alone.until("the next certificate is kept", is_renewed).await?;
    shop.alone.until_health("uplink-gone", false).await?;
    std::fs::write(&shift, "+0")?;
    shop.is_well_again().await?;
    let of = |text: &str, key: &str| serde_json::from_str::<serde_json::Value>(text).map(|all| all[key].clone());
    let after = std::fs::read_to_string(&kept)?;
    assert!(of(&after, "expires_at")?.as_i64() > of(&before, "expires_at")?.as_i64());
    for key in ["key", "certificate"] {
        assert_ne!(of(&after, key)?, of(&before, key)?, "{key}");
    }
    assert_eq!(of(&after, "authority")?, of(&before, "authority")?);
    // The box that runs goes on with the new one: with the one before it would not be let in any more.
    let process = shop.alone.running.id();
    shop.house.server.kill_9();
    let no_more = "UPDATE gateway_certificates SET revoked_at = issued_at \
                   WHERE expires_at < (SELECT max(expires_at) FROM gateway_certificates)";
    assert_eq!(tests::tables::change(&shop.house.database_url(), no_more).await?, 1);
    shop.house.kill_server()?;
    shop.is_well_again().await?;
    assert!(shop.alone.running.is_alive() && shop.alone.running.id() == process);
    // A box that starts with what it kept is let in by it.
    shop.alone.kill();
    shop.alone.restart()?;
    shop.is_well_again().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_whose_certificate_is_over_is_let_in_again_by_enrolling_anew() -> anyhow::Result<()> {
    let Some((mut shop, shift)) = enrolled().await? else { return Ok(()) };
    let Some(library) = tests::alone::faketime()? else { return Ok(()) };
    // The box lies in a drawer for a hundred days; meanwhile its certificate ends, by its clock and by the server's.
    shop.alone.kill();
    shop.house.server.kill_9();
    std::fs::write(&shift, "+8640000")?;
    let folder = shop.house.folder().to_owned();
    let run = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(program(&format!("attimo-{name}")));
        command.args(arguments).arg("--config").arg(folder.join(format!("{name}.toml")));
        command.envs(shifted_by(&shift, &library));
        command
    };
    shop.house.server = Running::start(&mut run("server", &["run"]), &folder.join("server.log"))?;
    shop.house.server.wait_ready()?;
    shop.alone.restart()?;
    shop.entered_before = shop.entered;
    shop.alone.until_health("certificate-expired", true).await?;
    shop.is_told("certificate", "EXPIRED").await?;

    let token = output(&mut run("server", &["gateway", "token", "edge-1"]))?;
    let enrolled = output(&mut run("gateway", &["enrol", "--server", &shop.house.http, "--token", last_word(&token)]))?;
    assert!(enrolled.contains("edge-1 is enrolled"), "{enrolled}");
    shop.alone.kill();
    shop.alone.restart()?;
    shop.is_well_again().await
}

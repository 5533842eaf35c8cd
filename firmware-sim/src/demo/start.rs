//! Starts the processes of the demo, each after what it needs, and reads where they listen.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

use super::Demo;
use super::child::Child;
use super::config::Folder;
use super::secrets::{Secrets, binary};
use crate::api::Api;
use crate::bluez::{BlueZ, Bus};
use crate::scenario::{Scenario, Vendor};

/// Where the page is served if nobody says otherwise and the port is free.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
/// How long the gateway's parts may take to come up, and how often they are asked for.
const WELL_WITHIN: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_millis(100);
/// The word before the set-up token in what the server prints.
const TOKEN_WORD: &str = "token";

/// A temporary data folder, removed in the end.
#[derive(Debug)]
pub(super) struct Temporary(std::path::PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What can't be removed stays in the system's own temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn folder(demo: &Demo) -> anyhow::Result<(Folder, Option<Temporary>)> {
    match &demo.data {
        Some(data) => Ok((Folder::make(data)?, None)),
        None => {
            let root = std::env::temp_dir().join(format!("attimo-demo-{}", std::process::id()));
            let folder = Folder::make(&root)?;
            Ok((folder, Some(Temporary(root))))
        }
    }
}

/// The wish, or the usual port if it is free, or any.
pub(super) fn listen(wish: Option<SocketAddr>) -> anyhow::Result<SocketAddr> {
    if let Some(wish) = wish {
        TcpListener::bind(wish).with_context(|| format!("listen on {wish}; choose another with --listen"))?;
        return Ok(wish);
    }
    let free = TcpListener::bind(LISTEN).is_ok();
    Ok(if free { LISTEN } else { SocketAddr::new(LISTEN.ip(), 0) })
}

/// The server, its base URL, its broker's URL, and the set-up token if it still has one.
pub(super) async fn server(folder: &Folder) -> anyhow::Result<(Child, String, String, Option<String>)> {
    let mut command = Command::new(binary("attimo-server")?);
    command.arg("run").arg("--config").arg(folder.server_config());
    let mut server = Child::start("attimo-server", &mut command, &folder.logs())?;
    let token = Mutex::new(None);
    let ready = server
        .wait_for("ready", |line| {
            if let Some(found) = set_up_token(line) {
                *token.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            }
            ready(line).filter(|ports| ports.contains_key("http"))
        })
        .await?;
    let token = token.into_inner().unwrap_or_else(PoisonError::into_inner);
    let port = |name: &str| ready.get(name).cloned().with_context(|| format!("the ready line holds no {name}"));
    Ok((server, format!("http://{}", port("http")?), format!("mqtt://{}", port("mqtt")?), token))
}

pub(super) async fn gateway(folder: &Folder, secrets: &Secrets, bus: &str) -> anyhow::Result<(Child, String)> {
    let mut command = Command::new(binary("attimo-gateway")?);
    command.arg("run").arg("--config").arg(folder.gateway_config());
    command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
    command.env("ATTIMO_GATEWAY__RECEIVERS__PASSWORD", &secrets.gateway_password);
    command.env("ATTIMO_GATEWAY__UPLINK__PASSWORD", &secrets.gateway_password);
    let mut gateway = Child::start("attimo-gateway", &mut command, &folder.logs())?;
    let ready = gateway.wait_for("ready", |line| ready(line).filter(|ports| ports.contains_key("status"))).await?;
    Ok((gateway, format!("http://{}", ready["status"])))
}

pub(super) async fn bluez(folder: &Folder, scenario: &Scenario) -> anyhow::Result<(Bus, BlueZ)> {
    let adapter = radio(scenario)?;
    let bus = Bus::start(&folder.bus()).await.context("start the private bus")?;
    let mut bluez = BlueZ::start(bus.address(), &adapter).await.context("start the simulated BlueZ")?;
    bluez.set_powered(true).await.context("switch the simulated adapter on")?;
    Ok((bus, bluez))
}

/// Waits until the gateway says that all its parts work.
pub(super) async fn wait_until_well(gateway: &str) -> anyhow::Result<()> {
    let page = Api::new(gateway, "", "")?;
    let mut pause = tokio::time::interval(ASK_EVERY);
    let asked = async {
        loop {
            pause.tick().await;
            match page.text("/healthz").await {
                Ok(_) => return,
                Err(error) => tracing::debug!("the gateway is not ready yet: {error:#}"),
            }
        }
    };
    tokio::time::timeout(WELL_WITHIN, asked).await.ok().context("the gateway's parts do not come up; see its /healthz")
}

/// The receiver that is the gateway's own radio; its id is also the adapter's name.
pub(super) fn radio(scenario: &Scenario) -> anyhow::Result<String> {
    match scenario.devices.iter().find(|entry| entry.vendor == Vendor::Bluez) {
        Some(entry) => Ok(entry.receiver.to_string()),
        None => bail!("the scenario has no receiver with the vendor bluez"),
    }
}

/// `ready http=127.0.0.1:1 mqtt=127.0.0.1:2`, taken apart.
fn ready(line: &str) -> Option<BTreeMap<String, String>> {
    let parts = line.trim().strip_prefix("ready ")?.split_whitespace();
    parts.map(|part| part.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
}

/// The long word behind "token" in a line of the server.
fn set_up_token(line: &str) -> Option<String> {
    let after = &line[line.to_lowercase().find(TOKEN_WORD)? + TOKEN_WORD.len()..];
    let words = after.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    words.filter(|word| word.len() >= 12).max_by_key(|word| word.len()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_is_read() {
        let ports = ready("ready http=127.0.0.1:8080 mqtt=127.0.0.1:1883").expect("the line");
        assert_eq!(ports["mqtt"], "127.0.0.1:1883");
        assert_eq!(ready("ready steady"), None);
        assert_eq!(ready("not yet"), None);
    }

    #[test]
    fn the_set_up_token_is_found_in_a_sentence() {
        let check = |line: &str, expect: Option<&str>| assert_eq!(set_up_token(line).as_deref(), expect, "{line}");
        check("set-up token: k3J-9_aabbccddeeff (valid once)", Some("k3J-9_aabbccddeeff"));
        check("setup token=k3J9aabbccddeeff", Some("k3J9aabbccddeeff"));
        check("listening on 127.0.0.1:8080", None);
    }
}

//! The files that the real binaries are started with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use model::shop::{FLOOR_FILE, SHOP_FILE, Sensor, SensorKind, Tag};
use toml::{Table, Value};

use crate::scenario::{Files, Scenario};

/// The gateway's id, which is also its user's name at the broker.
pub(super) const GATEWAY: &str = "demo-gateway";
/// The devices' user at the broker.
pub(super) const RECEIVERS: &str = "demo-receivers";

/// Where everything lies.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn make(root: &Path) -> anyhow::Result<Self> {
        let folder = Self { root: std::path::absolute(root).context("find the data folder")? };
        for path in [folder.shop(), folder.logs(), folder.root.join("server"), folder.root.join("gateway")] {
            std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        }
        Ok(folder)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn shop(&self) -> PathBuf {
        self.root.join("shop")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The bus's socket lives here; a path of a socket may have 108 bytes at most, so a long data folder does not fit.
    pub(super) fn bus(&self) -> PathBuf {
        self.root.join("bus")
    }

    pub(super) fn server_config(&self) -> PathBuf {
        self.root.join("server.toml")
    }

    pub(super) fn gateway_config(&self) -> PathBuf {
        self.root.join("gateway.toml")
    }

    pub(super) fn write_shop(&self, files: Files) -> anyhow::Result<()> {
        write(&self.shop().join(SHOP_FILE), files.shop)?;
        write(&self.shop().join(FLOOR_FILE), files.floor)
    }

    pub(super) fn write_server(&self, listen: SocketAddr) -> anyhow::Result<()> {
        let data = self.root.join("server");
        let config = table([
            ("server", table([("listen", text(listen)), ("data_dir", text(data.display()))])),
            ("broker", table([("listen", text("127.0.0.1:0"))])),
            ("push", table([("subject", text("mailto:owner@example.com")), ("allow_loopback", Value::Boolean(true))])),
            ("log", table([("filter", text("info"))])),
        ]);
        write(&self.server_config(), &toml::to_string(&config).context("write server.toml")?)
    }

    /// Passwords are not written: the gateway gets them by its environment.
    pub(super) fn write_gateway(&self, scenario: &Scenario, broker: &str, radio: &str) -> anyhow::Result<()> {
        let mut uuids: Vec<Value> = scenario.shop.tags.iter().map(uuid).collect();
        uuids.dedup();
        let sensors = scenario.shop.sensors.iter().map(|s| (s.id.as_str(), sensor(s, scenario.settings.item_g)));
        let gateway = table([
            ("id", text(GATEWAY)),
            ("store", text(&scenario.shop.store.id)),
            ("data_dir", text(self.root.join("gateway").display())),
            ("tag_uuids", Value::Array(uuids)),
        ]);
        let link = || table([("url", text(broker)), ("username", text(GATEWAY))]);
        let config = table([
            ("gateway", gateway),
            ("receivers", link()),
            ("uplink", link()),
            ("radio", table([("source", text("btleplug")), ("receiver", text(radio))])),
            ("sensors", table(sensors)),
            ("privacy", table([("mode", text("count")), ("timezone", text(&scenario.shop.store.timezone))])),
            ("status", table([("listen", text("127.0.0.1:0"))])),
            ("log", table([("filter", text("info"))])),
        ]);
        write(&self.gateway_config(), &toml::to_string(&config).context("write gateway.toml")?)
    }
}

fn sensor(sensor: &Sensor, item_g: u32) -> Value {
    let id = &sensor.id;
    match sensor.kind {
        SensorKind::Shelf => table([
            ("kind", text("shelf")),
            ("topic", text(format!("tele/{id}/SENSOR"))),
            ("item_g", Value::Integer(item_g.into())),
        ]),
        SensorKind::CounterCumulative | SensorKind::CounterDelta | SensorKind::CounterLevel | SensorKind::Presence => {
            table([("kind", text("counter-cumulative")), ("topic", text(format!("counter/{id}")))])
        }
    }
}

fn uuid(tag: &Tag) -> Value {
    text(&tag.uuid)
}

fn table<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Table>())
}

fn text(value: impl std::fmt::Display) -> Value {
    Value::String(value.to_string())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_toml_with_a_table_per_section() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::make(root.path()).expect("a writable folder");
        let demo = Scenario::demo().expect("the embedded files are right");
        folder.write_server(SocketAddr::from(([127, 0, 0, 1], 0))).expect("written");
        folder.write_gateway(&demo, "mqtt://127.0.0.1:1", "hci0").expect("written");
        let read =
            |path: PathBuf| -> Table { toml::from_str(&std::fs::read_to_string(path).expect("a file")).expect("TOML") };
        assert_eq!(read(folder.server_config())["push"]["allow_loopback"], Value::Boolean(true));
        let gateway = read(folder.gateway_config());
        assert_eq!(gateway["gateway"]["tag_uuids"].as_array().map(Vec::len), Some(1));
        assert_eq!(gateway["sensors"]["wine-shelf"]["kind"].as_str(), Some("shelf"));
        assert!(!gateway.to_string().contains("password"));
    }
}

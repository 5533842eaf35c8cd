//! `[settings]`: what a server may lay over this file, and how long it has to prove itself.

use std::path::Path;

use runtime::config::ConfigError;
use runtime::mqtt::Address;
use serde::Deserialize;
use wire::settings::{self, Desired, Refused};

use super::{Config, ENV_PREFIX};

/// What the server may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AfarSettings {
    /// Whether settings are taken from the server.
    pub from_afar: bool,
    /// How long new ones have to prove themselves, in seconds.
    pub healthy_within_s: u32,
}

impl Default for AfarSettings {
    fn default() -> Self {
        Self { from_afar: true, healthy_within_s: 300 }
    }
}

impl AfarSettings {
    /// What is wrong with it: the key, the problem and the fix.
    pub(super) fn check(&self) -> Result<(), (String, String, &'static str)> {
        if (5..=86_400).contains(&self.healthy_within_s) {
            return Ok(());
        }
        let (key, problem) = ("settings.healthy_within_s".to_owned(), format!("{} seconds", self.healthy_within_s));
        Err((key, problem, "write 5 to 86400; 300 leave the line and the receivers time to come back"))
    }
}

impl Config {
    /// Reads the file as [`Config::load`] does, with settings from afar laid over it.
    ///
    /// # Errors
    /// [`Refused`] names the key that can't be, be it the settings' or the file's own.
    pub fn load_with(path: &Path, desired: &Desired) -> Result<Self, Refused> {
        settings::check(&desired.settings)?;
        let own = Self::load(path).map_err(refused)?;
        let over = toml::Table::try_from(&desired.settings).map_err(|cause| Refused {
            field: "settings".into(),
            problem: cause.to_string(),
            fix: "write sections of texts, numbers, lists, true and false".into(),
        })?;
        let mut config: Self = runtime::config::load_over(path, ENV_PREFIX, over).map_err(refused)?;
        config.check(&path.display().to_string()).map_err(refused)?;
        own.allows(&config)?;
        config.in_force = Some(desired.version);
        Ok(config)
    }

    /// Whether settings can be taken from who is at the other end of the uplink.
    ///
    /// # Errors
    /// [`Refused`] when this box takes none, or when its line does not prove who that is.
    pub fn trusts_the_line(&self) -> Result<(), Refused> {
        let refused = |field: &str, problem: &str, fix: &str| {
            Err(Refused { field: field.into(), problem: problem.into(), fix: fix.into() })
        };
        if !self.settings.from_afar {
            let fix = "set settings.from_afar = true in its gateway.toml";
            return refused("settings.from_afar", "this box takes no settings from afar", fix);
        }
        let address = self.uplink.url.as_deref().and_then(|url| Address::parse(url).ok());
        if self.is_enrolled() || address.is_some_and(|address| address.is_tls || address.is_here()) {
            return Ok(());
        }
        refused("uplink.url", "a plain line does not prove that the server speaks", "enrol the box, or use mqtts://")
    }

    /// Whether it listens to the same as another: then settings can't have silenced anybody on the way from one to the other.
    #[must_use]
    pub fn listens_as(&self, other: &Self) -> bool {
        (&self.receivers, &self.radio, &self.sensors) == (&other.receivers, &other.radio, &other.sensors)
    }

    fn is_enrolled(&self) -> bool {
        self.enrolled().is_ok_and(|kept| kept.is_some())
    }

    /// A box with a password proves nobody's identity but its own: only a certificate makes sure that it goes up to the same server.
    fn allows(&self, other: &Self) -> Result<(), Refused> {
        if self.uplink.url == other.uplink.url || self.is_enrolled() {
            return Ok(());
        }
        let (problem, fix) = ("only a box with a certificate is sent elsewhere from afar", "enrol the box first");
        Err(Refused { field: "uplink.url".into(), problem: problem.into(), fix: fix.into() })
    }
}

fn refused(cause: ConfigError) -> Refused {
    let ConfigError { key, problem, fix, .. } = cause;
    Refused { field: key, problem, fix }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(folder: &Path, text: &str) -> std::path::PathBuf {
        let path = folder.join("gateway.toml");
        let start = format!("[gateway]\nid = \"gw-1\"\nstore = \"demo\"\ndata_dir = {:?}\n", folder.join("data"));
        std::fs::write(&path, start + text).expect("a file");
        path
    }

    fn with(path: &Path, settings: serde_json::Value) -> Result<Config, Refused> {
        let serde_json::Value::Object(settings) = settings else { panic!("an object") };
        Config::load_with(path, &Desired { version: 7, settings, may_lose_receivers: false })
    }

    #[test]
    fn settings_are_laid_over_the_file_and_checked_as_a_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let sensor = "[sensors.door]\nkind = \"counter-delta\"\ntopic = \"counter/door\"\n";
        let path = written(folder.path(), &format!("[uplink]\nurl = \"mqtt://127.0.0.1:1\"\n{sensor}"));
        let settings = json!({
            "uplink": {"backlog_per_s": 9}, "receivers": {"minew": []},
            "sensors": {"pir": {"kind": "presence", "topic": "pir/1"}},
        });
        let config = with(&path, settings).expect("well");
        assert_eq!((config.in_force, config.uplink.backlog_per_s, config.sensors.len()), (Some(7), 9, 2));
        assert!(config.receivers.minew.is_empty() && config.uplink.url.as_deref() == Some("mqtt://127.0.0.1:1"));
        for (ill, field) in [
            (json!({"spool": {"bytes_max": 1}}), "spool.bytes_max"),
            (json!({"uplink": {"url": "mqtts://elsewhere:1"}}), "uplink.url"),
            (json!({"sensors": {"pir": {"kind": "telepathy", "topic": "a"}}}), "sensors.pir.kind"),
        ] {
            assert_eq!(with(&path, ill.clone()).expect_err("refused").field, field, "{ill}");
        }
    }

    #[test]
    fn a_sensor_that_is_set_from_afar_keeps_its_key_of_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = "231d39c1d7cc1ab1aee224cd096db932";
        let sensor = format!("[sensors.pir]\nkind = \"presence\"\naddress = \"54:48:E6:8F:80:A5\"\nkey = {key:?}\n");
        let path = written(folder.path(), &format!("[uplink]\nurl = \"mqtt://127.0.0.1:1\"\n{sensor}"));
        let id = model::ids::SensorId::new("pir").expect("an id");
        let own = Config::load(&path).expect("well").sensors.remove(&id).expect("a sensor");
        let settings = json!({"sensors": {"pir": {"kind": "presence", "address": "54:48:E6:8F:80:A6"}}});
        let set = with(&path, settings).expect("well").sensors.remove(&id).expect("a sensor");
        assert!(set.key.is_some() && set.key == own.key && set.address != own.address);
    }

    #[test]
    fn a_line_that_proves_nobody_sets_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let trusts = |uplink: &str, more: &str| {
            let path = written(folder.path(), &format!("[uplink]\nurl = {uplink:?}\n{more}"));
            Config::load(&path).expect("a configuration").trusts_the_line().map_err(|refused| refused.field)
        };
        assert_eq!(trusts("mqtt://127.0.0.1:1883", ""), Ok(()));
        assert_eq!(trusts("mqtts://server:8883", ""), Ok(()));
        for elsewhere in ["mqtt://server:1883", "mqtt://127.example.com", "mqtt://localhost.example:1883"] {
            assert_eq!(trusts(elsewhere, ""), Err("uplink.url".into()), "{elsewhere}");
        }
        assert_eq!(trusts("mqtt://[::1]:1883", ""), Ok(()));
        let off = "[settings]\nfrom_afar = false\n";
        assert_eq!(trusts("mqtts://server:8883", off), Err("settings.from_afar".into()));
    }
}

//! What a gateway is told: `gateway.toml`, read and checked whole before anything is opened.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use model::ids::{GatewayId, ReceiverId, SensorId, StoreId};
use model::time::Millis;
use runtime::config::ConfigError;
use runtime::mqtt;
use runtime::telemetry::Format;
use serde::Deserialize;
use wire::state::PrivacyMode;

use crate::enrol::identity::{self, Enrolment, Kept};

mod afar;
mod radio;
mod receivers;
mod sensor;

pub use afar::AfarSettings;
pub use radio::{Radio, RadioSource};
pub use receivers::Receivers;
pub use sensor::{SecretKey, Sensor, SensorAddress, SensorKind};

/// The commented template, as `config template` prints it.
pub const TEMPLATE: &str = include_str!("config/template.toml");
/// Environment variables that start so, and go on with `__`, are laid over the file.
pub const ENV_PREFIX: &str = "ATTIMO_GATEWAY";
/// The smallest spool that still holds one batch of the largest size and its successor.
pub const SPOOL_BYTES_MIN: u64 = 1 << 20;
/// What waits under a day's pseudonyms may wait for so many hours.
pub const DAY_AGE_MAX_H: u32 = 24;
/// What waits under none waits for so many hours when nothing else is said: a day's outage, and a weekend.
pub const AGE_MAX_H: u32 = 72;

/// Most keys of staff's devices: each is tried on every stranger.
pub const STAFF_KEYS_MAX: usize = 64;

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this box is.
    pub gateway: Gateway,
    /// Receivers and sensors over MQTT.
    #[serde(default)]
    pub receivers: Receivers,
    /// This box's own radio.
    #[serde(default)]
    pub radio: Radio,
    /// Sensors, and how their numbers are to be read.
    #[serde(default)]
    pub sensors: BTreeMap<SensorId, Sensor>,
    /// The way to the server.
    #[serde(default = "enrolled")]
    pub uplink: Uplink,
    /// What waits on disk.
    #[serde(default)]
    pub spool: Spool,
    /// What is kept of strangers.
    #[serde(default)]
    pub privacy: Privacy,
    /// The status page.
    #[serde(default)]
    pub status: Status,
    /// The log.
    #[serde(default)]
    pub log: Log,
    /// What the server may change.
    #[serde(default)]
    pub settings: AfarSettings,
    /// The version of the settings from afar that are laid over the file.
    #[serde(skip)]
    pub in_force: Option<u64>,
}

/// Who this box is, and what belongs to its chain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Its id.
    pub id: GatewayId,
    /// Its store.
    pub store: StoreId,
    /// Where the spool lives.
    pub data_dir: PathBuf,
    /// The chain's constant at the start of every rotating id.
    #[serde(default)]
    pub prefix: Prefix,
    /// iBeacon UUIDs of the store's own tags.
    #[serde(default)]
    pub tag_uuids: Vec<TagUuid>,
}

/// The chain's constant: 4 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Prefix(pub [u8; 4]);

impl Default for Prefix {
    fn default() -> Self {
        Self([0xa7, 0x71, 0x00, 0x01])
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        hex_array(&text).map(Self).ok_or_else(|| format!("{text:?} is not 8 hexadecimal digits, such as \"a7710001\""))
    }
}

/// An iBeacon proximity UUID of the store's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct TagUuid(pub [u8; 16]);

impl TryFrom<String> for TagUuid {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        hex_array(&digits).map(Self).ok_or_else(|| format!("{text:?} is not a UUID of 32 hexadecimal digits"))
    }
}

fn hex_array<const N: usize>(digits: &str) -> Option<[u8; N]> {
    hex::decode(digits).ok()?.try_into().ok()
}

/// The way to the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uplink {
    /// The server's broker; if none, the one that the box was enrolled with.
    #[serde(default)]
    pub url: Option<String>,
    /// The user there.
    #[serde(default)]
    pub username: Option<String>,
    /// The password there.
    #[serde(default)]
    pub password: Option<String>,
    /// The authority to trust for `mqtts`.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Most batches a second of what was kept back while the line was down; what is new goes before it, unlimited.
    #[serde(default = "backlog_per_s")]
    pub backlog_per_s: u32,
}

/// What an enrolled box needs: nothing.
const fn enrolled() -> Uplink {
    Uplink { url: None, username: None, password: None, ca_file: None, backlog_per_s: backlog_per_s() }
}

const fn backlog_per_s() -> u32 {
    1_000
}

/// What waits on disk, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spool {
    /// Bytes.
    pub bytes_max: u64,
    /// Hours for which sightings wait; see [`Config::age_max`].
    pub age_max_h: Option<u32>,
}

impl Default for Spool {
    fn default() -> Self {
        Self { bytes_max: 512 << 20, age_max_h: None }
    }
}

/// What is kept of strangers, and where midnight is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// How long a stranger keeps one pseudonym.
    pub mode: PrivacyMode,
    /// The store's IANA time zone.
    pub timezone: String,
    /// Identity resolving keys of staff's devices, which are nobody.
    pub staff_keys: Vec<SecretKey>,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { mode: PrivacyMode::Count, timezone: "Europe/Rome".into(), staff_keys: Vec::new() }
    }
}

/// The status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Status {
    /// Where it listens.
    pub listen: SocketAddr,
}

impl Default for Status {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9180)) }
    }
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How lines look.
    pub format: Format,
    /// What is logged, in the form of `RUST_LOG`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Text, filter: "info".into() }
    }
}

impl Config {
    /// The box's certificate, when it goes up by that; a password wins over it.
    ///
    /// # Errors
    /// When there is something that can't be read.
    pub fn enrolled(&self) -> Result<Option<(mqtt::Identity, Enrolment)>, identity::Error> {
        match self.uplink.username {
            Some(_) => Ok(None),
            None => Kept::new(&self.gateway.data_dir).get(),
        }
    }

    /// Reads the file, lays the environment over it, and checks all of it.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the key and the fix.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let config: Self = runtime::config::load(path, ENV_PREFIX)?;
        config.check(&path.display().to_string())?;
        Ok(config)
    }

    /// The same as [`Config::load`], on text alone.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the key and the fix.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let config: Self = runtime::config::parse(text, file, ENV_PREFIX, [])?;
        config.check(file)?;
        Ok(config)
    }

    /// The receiver's id of this box's own radio.
    ///
    /// # Panics
    /// Never: both kinds of id have the same form.
    #[must_use]
    pub fn radio_receiver(&self) -> ReceiverId {
        self.radio.receiver.clone().unwrap_or_else(|| {
            ReceiverId::new(self.gateway.id.as_str()).expect("a gateway's id has the form of a receiver's")
        })
    }

    /// The receiver's id of one of its adapters: with several, each is a receiver of its own.
    #[must_use]
    pub fn adapter_receiver(&self, adapter: &str) -> ReceiverId {
        let radio = self.radio_receiver();
        if self.radio.adapters.len() < 2 {
            return radio;
        }
        ReceiverId::new(&format!("{radio}-{adapter}")).unwrap_or(radio)
    }

    /// The store's time zone.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.privacy.timezone).unwrap_or(TimeZone::UTC)
    }

    /// How long sightings wait at most: what is written, else what the mode allows.
    #[must_use]
    pub fn age_max(&self) -> Millis {
        let usual = match self.privacy.mode {
            PrivacyMode::Count => AGE_MAX_H,
            PrivacyMode::Day => DAY_AGE_MAX_H,
        };
        Millis::hours(i64::from(self.spool.age_max_h.unwrap_or(usual)))
    }

    fn check(&self, file: &str) -> Result<(), ConfigError> {
        let wrong = |key: &str, problem: String, fix: &str| {
            Err(ConfigError { file: file.to_owned(), key: key.to_owned(), problem, fix: fix.to_owned() })
        };
        let urls = [("uplink.url", self.uplink.url.as_ref()), ("receivers.url", self.receivers.url.as_ref())];
        for (key, url) in urls.into_iter().filter_map(|(key, url)| Some((key, url?))) {
            if !is_broker_url(url) {
                return wrong(
                    key,
                    format!("{url:?} is no broker address"),
                    "write mqtt://host:port or mqtts://host:port",
                );
            }
        }
        if !(1..=100_000).contains(&self.uplink.backlog_per_s) {
            let problem = format!("{} batches a second", self.uplink.backlog_per_s);
            return wrong(
                "uplink.backlog_per_s",
                problem,
                "write 1 to 100000; 1000 bring a day of a busy shop back in about three minutes",
            );
        }
        if self.spool.bytes_max < SPOOL_BYTES_MIN {
            let problem = format!("{} bytes hold no batch", self.spool.bytes_max);
            return wrong("spool.bytes_max", problem, "allow at least 1048576");
        }
        if self.spool.age_max_h == Some(0) {
            return wrong("spool.age_max_h", "nothing could wait".into(), "allow at least 1 hour");
        }
        let hours =
            self.spool.age_max_h.filter(|hours| self.privacy.mode == PrivacyMode::Day && *hours > DAY_AGE_MAX_H);
        if let Some(hours) = hours {
            let problem = format!("{hours} hours would keep a day's pseudonyms beyond their day");
            return wrong(
                "spool.age_max_h",
                problem,
                "write at most 24, or count strangers (privacy.mode = \"count\")",
            );
        }
        self.settings.check().or_else(|(key, problem, fix)| wrong(&key, problem, fix))?;
        self.radio.check().or_else(|(key, problem, fix)| wrong(&key, problem, fix))?;
        if TimeZone::get(&self.privacy.timezone).is_err() {
            let problem = format!("{:?} is no time zone", self.privacy.timezone);
            return wrong("privacy.timezone", problem, "write an IANA name such as Europe/Rome");
        }
        if self.privacy.staff_keys.len() > STAFF_KEYS_MAX {
            let problem = format!("{} keys", self.privacy.staff_keys.len());
            return wrong("privacy.staff_keys", problem, "name at most 64: each is tried on every stranger");
        }
        sensor::check(&self.sensors).or_else(|(key, problem, fix)| wrong(&key, problem, fix))
    }
}

fn is_broker_url(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "mqtt" | "mqtts" | "tcp" | "ssl") && !host.is_empty() && !host.contains([' ', '@'])
    })
}

#[cfg(test)]
mod tests;

//! `server.toml`, read and checked before a port is opened.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// The prefix of environment variables that change a key: `ATTIMO_SERVER__SECTION__KEY`.
pub const ENV_PREFIX: &str = "ATTIMO_SERVER";

/// `server.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where pages and APIs are served, and where data lies.
    pub server: Server,
    /// Where tables lie.
    #[serde(default)]
    pub database: Database,
    /// The broker.
    #[serde(default)]
    pub broker: Broker,
    /// The ids that customers' devices send.
    #[serde(default)]
    pub air: Air,
    /// Web Push.
    #[serde(default)]
    pub push: Push,
    /// How long things are kept.
    #[serde(default)]
    pub retention: Retention,
    /// Log lines.
    #[serde(default)]
    pub log: Log,
}

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port of the pages and APIs; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder for everything that is kept.
    pub data_dir: PathBuf,
    /// How browsers reach the server; for links and the push subject.
    #[serde(default)]
    pub public_url: Option<String>,
}

/// `[database]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://..`; a SQLite file in the data folder when it is not given.
    #[serde(default)]
    pub url: Option<String>,
}

/// `[broker]`: either `listen` for the one inside, or `url` of another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Broker {
    /// Address and port of the broker inside; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Another broker, `mqtt://host:port` or `mqtts://..`; then none runs inside.
    pub url: Option<String>,
    /// Log-in at the other broker.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
}

impl Default for Broker {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 1883)), url: None, username: None, password: None }
    }
}

/// `[air]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Air {
    /// The first four bytes of every customer id on the air, 8 hexadecimal digits; the same for the whole chain.
    pub prefix: String,
}

impl Default for Air {
    fn default() -> Self {
        Self { prefix: "a7710001".into() }
    }
}

impl Air {
    /// The prefix as bytes; none if it is not 8 hexadecimal digits.
    #[must_use]
    pub fn prefix_bytes(&self) -> Option<[u8; 4]> {
        hex::decode(&self.prefix).ok()?.try_into().ok()
    }
}

/// `[push]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Push {
    /// Whom a push service may ask: `mailto:` or `https:`.
    pub subject: String,
    /// Host names of push services, and everything below them.
    pub allowed_hosts: Vec<String>,
    /// Whether a push service on this machine is allowed, over plain HTTP; for demos and tests only.
    pub allow_loopback: bool,
}

impl Default for Push {
    fn default() -> Self {
        let hosts = [
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "push.services.mozilla.com",
            "web.push.apple.com",
            "notify.windows.com",
        ];
        Self {
            subject: "mailto:owner@example.com".into(),
            allowed_hosts: hosts.map(str::to_owned).to_vec(),
            allow_loopback: false,
        }
    }
}

/// `[retention]`: after how many days what is kept goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Visits, presences and decisions.
    pub visits_days: u32,
    /// The ids of events, to know repeats.
    pub message_ids_days: u32,
    /// Deliveries that are over.
    pub deliveries_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { visits_days: 365, message_ids_days: 30, deliveries_days: 30 }
    }
}

/// `[log]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `text` or `json`.
    pub format: runtime::telemetry::Format,
    /// In the form of `RUST_LOG`; `info` when it is empty.
    pub filter: String,
}

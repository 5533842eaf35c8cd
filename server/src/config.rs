//! `server.toml`, read and checked before a port is opened.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use model::time::Millis;
use runtime::config::ConfigError;
use serde::Deserialize;

/// A configuration with every key and what it means.
pub const TEMPLATE: &str = include_str!("config/template.toml");
/// The filter of log lines when none is given: the parts that are not ours speak only of trouble.
const LOG_FILTER: &str = "info,rmqtt=warn,rumqttc=warn,sqlx=warn";
/// The longest time for which anything is kept, in days.
const RETENTION_DAYS_MAX: u32 = 3_650;
/// The shortest time for which the ids of events are kept.
const MESSAGE_IDS_DAYS_MIN: u32 = 7;
/// The longest time for which the floor can be replayed: no longer than a day, though nobody is named in it.
const REPLAY_HOURS_MAX: u32 = 24;
/// The most that a store's replay may take on the disk, in megabytes.
const REPLAY_MEGABYTES_MAX: u32 = 4_096;

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
    /// Events of apps and shop systems.
    #[serde(default)]
    pub intake: Intake,
    /// How long things are kept.
    #[serde(default)]
    pub retention: Retention,
    /// What the floor looked like.
    #[serde(default)]
    pub replay: Replay,
    /// Log lines.
    #[serde(default)]
    pub log: Log,
}

impl Config {
    /// Reads the file and the environment, and checks what types alone can't.
    ///
    /// # Errors
    /// [`ConfigError`] names the key and the fix.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let config: Self = runtime::config::load(path, ENV_PREFIX)?;
        config.check(&path.display().to_string())?;
        Ok(config)
    }

    fn check(&self, file: &str) -> Result<(), ConfigError> {
        let wrong = |key: &str, problem: &str, fix: &str| {
            let (key, problem, fix) = (key.to_owned(), problem.to_owned(), fix.to_owned());
            Err(ConfigError { file: file.to_owned(), key, problem, fix })
        };
        if self.air.prefix_bytes().is_none() {
            return wrong("air.prefix", "not 8 hexadecimal digits", "write 4 bytes, such as \"a7710001\"");
        }
        if !self.push.subject.starts_with("mailto:") && !self.push.subject.starts_with("https://") {
            return wrong("push.subject", "neither mailto: nor https:", "write \"mailto:you@example.com\"");
        }
        if let Some(url) = &self.broker.url
            && !url.starts_with("mqtt://")
            && !url.starts_with("mqtts://")
        {
            return wrong("broker.url", "not an MQTT address", "write mqtt://host:port or mqtts://host:port");
        }
        if !(1..=3_650).contains(&self.broker.certificate_days) {
            return wrong("broker.certificate_days", "a number of days is out of range", "write 1 to 3650 days");
        }
        if self.broker.url.is_some() && self.broker.tls_listen.is_some() {
            let problem = "only the broker inside knows the gateways' certificates";
            return wrong("broker.tls_listen", problem, "leave out broker.url or broker.tls_listen");
        }
        if let Some(url) = &self.database.url
            && !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme))
        {
            return wrong(
                "database.url",
                "names no database that is known",
                "write sqlite:PATH or postgres://USER@HOST/NAME",
            );
        }
        let kept = &self.retention;
        let days = [kept.visits_days, kept.message_ids_days, kept.deliveries_days, kept.heat_days];
        if days.iter().any(|days| !(1..=RETENTION_DAYS_MAX).contains(days)) {
            return wrong("retention", "a number of days is out of range", "write 1 to 3650 days");
        }
        if kept.message_ids_days < MESSAGE_IDS_DAYS_MIN {
            return wrong(
                "retention.message_ids_days",
                "less than a week",
                "write 7 days or more: clients repeat so late",
            );
        }
        if self.intake.events_per_s == 0 || self.intake.burst == 0 {
            return wrong("intake", "nothing could be sent", "write 1 or more for events_per_s and burst");
        }
        if self.replay.hours > REPLAY_HOURS_MAX {
            return wrong("replay.hours", "longer than a day", "write 0 to 24 hours; 0 turns it off");
        }
        if !(1..=REPLAY_MEGABYTES_MAX).contains(&self.replay.megabytes) {
            return wrong("replay.megabytes", "out of range", "write 1 to 4096 megabytes");
        }
        Ok(())
    }

    /// The database's URL: `database_url` (the environment's `DATABASE_URL`) wins, then the file's, then a file in the data folder.
    #[must_use]
    pub fn database_url(&self, database_url: Option<String>) -> String {
        let given = database_url.filter(|url| !url.is_empty()).or_else(|| self.database.url.clone());
        given.unwrap_or_else(|| crate::store::Store::file_url(&self.server.data_dir))
    }

    /// The filter of log lines.
    #[must_use]
    pub fn log_filter(&self) -> &str {
        if self.log.filter.is_empty() { LOG_FILTER } else { &self.log.filter }
    }
}

impl Retention {
    /// The same in the store's terms.
    #[must_use]
    pub const fn spans(self) -> crate::store::Retention {
        const fn days(days: u32) -> Millis {
            Millis::hours(days as i64 * 24)
        }
        crate::store::Retention {
            visits: days(self.visits_days),
            message_ids: days(self.message_ids_days),
            deliveries: days(self.deliveries_days),
            heat: days(self.heat_days),
        }
    }
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
    /// Where receivers and sensors may publish at the broker inside.
    pub receiver_topics: Vec<String>,
    /// Address and port where the broker inside lets gateways with a certificate in; nowhere if none.
    pub tls_listen: Option<SocketAddr>,
    /// How long their certificates last, in days; they are renewed after two thirds of it.
    pub certificate_days: u32,
}

impl Default for Broker {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 1883)),
            url: None,
            username: None,
            password: None,
            receiver_topics: crate::broker::rules::RECEIVER_TOPICS.map(str::to_owned).to_vec(),
            tls_listen: None,
            certificate_days: 90,
        }
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

/// `[intake]`: how much each write key may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Events a second, in the long run.
    pub events_per_s: u32,
    /// Events at once.
    pub burst: u32,
}

impl Default for Intake {
    fn default() -> Self {
        Self { events_per_s: 500, burst: 5_000 }
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
    /// How long people stood where.
    pub heat_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { visits_days: 365, message_ids_days: 30, deliveries_days: 30, heat_days: 365 }
    }
}

/// `[replay]`: for how long one can look back at the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replay {
    /// Hours; 0 keeps nothing.
    pub hours: u32,
    /// Megabytes a store; the oldest goes first.
    pub megabytes: u32,
}

impl Default for Replay {
    fn default() -> Self {
        Self { hours: 24, megabytes: 64 }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let config: Config = runtime::config::parse(text, "server.toml", ENV_PREFIX, [])?;
        config.check("server.toml").map(|()| config)
    }

    #[test]
    fn the_template_is_a_configuration_and_its_comments_show_the_defaults() {
        let plain = read(TEMPLATE).expect("the template");
        // Every commented key, uncommented, but for those that name somebody else's servers or are off when left out.
        let shown: String = TEMPLATE
            .lines()
            .filter(|line| {
                !["url = ", "username", "password", "public_url", "receiver_topics", "tls_listen"]
                    .iter()
                    .any(|k| line.contains(k))
            })
            .map(|line| match line.strip_prefix("# ") {
                Some(key) if key.split(' ').nth(1) == Some("=") => format!("{key}\n"),
                Some(_) | None => format!("{line}\n"),
            })
            .collect();
        let mut shown = read(&shown).expect("the defaults");
        shown.log.filter = String::new();
        assert_eq!(shown, plain);
    }

    #[test]
    fn a_typo_and_a_wrong_value_name_the_key() {
        let minimal = "[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"d\"\n";
        assert!(read(minimal).is_ok());
        for (section, key) in [
            ("[broker]\nlissen = \"x\"", "broker.lissen"),
            ("[air]\nprefix = \"zz\"", "air.prefix"),
            ("[push]\nsubject = \"me\"", "push.subject"),
            ("[broker]\nurl = \"http://x\"", "broker.url"),
            ("[database]\nurl = \"mysql://x\"", "database.url"),
            ("[retention]\nvisits_days = 0", "retention"),
            ("[retention]\nheat_days = 9999", "retention"),
            ("[retention]\nmessage_ids_days = 6", "retention.message_ids_days"),
            ("[intake]\nburst = 0", "intake"),
            ("[replay]\nhours = 25", "replay.hours"),
            ("[replay]\nmegabytes = 0", "replay.megabytes"),
        ] {
            assert_eq!(read(&format!("{minimal}{section}\n")).expect_err(section).key, key);
        }
    }

    #[test]
    fn the_environments_database_wins() {
        let config = read("[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"d\"\n").expect("a configuration");
        assert_eq!(config.database_url(None), "sqlite:d/attimo.db");
        assert_eq!(config.database_url(Some("postgres://x".into())), "postgres://x");
    }
}

//! `[settings]`: what a server may lay over this file, and how long it has to prove itself.

use std::path::Path;

use runtime::config::ConfigError;
use serde::Deserialize;
use wire::settings::{self, Desired, Refused};

use super::{Config, ENV_PREFIX};
use crate::enrol::identity::Kept;

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

    /// A box with a password proves nobody's identity but its own: only a certificate makes sure that it goes up to the same server.
    fn allows(&self, other: &Self) -> Result<(), Refused> {
        let is_enrolled =
            self.uplink.username.is_none() && Kept::new(&self.gateway.data_dir).get().is_ok_and(|kept| kept.is_some());
        if self.uplink.url == other.uplink.url || is_enrolled {
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

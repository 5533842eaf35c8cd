//! Who the box is, and what it says of itself when it comes and goes.

use bytes::Bytes;
use model::ids::{BootId, GatewayId, StoreId};
use model::time::Timestamp;
use wire::state::{self, Liveness, PrivacyMode, State};

use crate::config::{Config, RadioSource};

/// Who speaks.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Which box.
    pub gateway: GatewayId,
    /// Which run of it.
    pub boot: BootId,
    /// When the run began.
    pub started_at: Timestamp,
    /// What else it says of itself when it begins.
    pub about: About,
}

/// What a box says of itself when it begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its store.
    pub store: Option<StoreId>,
    /// The version of the settings from afar that it runs with.
    pub settings: Option<u64>,
    /// What it keeps of strangers.
    pub privacy: Option<PrivacyMode>,
    /// Adapters of its own radio.
    pub adapters: Vec<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
}

impl About {
    /// By the configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let can = [
            ("radio", config.radio.source != RadioSource::Off),
            ("mqtt", config.receivers.url.is_some()),
            ("http", config.receivers.http_listen.is_some()),
            ("settings", config.settings.from_afar),
        ];
        Self {
            store: Some(config.gateway.store.clone()),
            settings: config.in_force,
            privacy: Some(config.privacy.mode),
            adapters: config.radio.adapter_names(),
            capabilities: can.into_iter().filter(|(_, can)| *can).map(|(name, _)| name.to_owned()).collect(),
        }
    }
}

impl Identity {
    /// A run of the box of a configuration.
    #[must_use]
    pub fn new(config: &Config, boot: BootId, started_at: Timestamp) -> Self {
        Self { gateway: config.gateway.id.clone(), boot, started_at, about: About::new(config) }
    }

    /// Its birth, or its will.
    pub(super) fn state(&self, state: Liveness) -> Bytes {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let least = State::new(self.boot, state, version, self.started_at);
        let About { store, settings, privacy, adapters, capabilities } = self.about.clone();
        let said = match state {
            Liveness::Online => State { store, settings, privacy, adapters, capabilities, ..least },
            Liveness::Offline => State { store, ..least },
        };
        state::encode(&said).into()
    }
}

//! Consent: what a customer allows, per purpose, default nothing.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What data may be used for. Each is asked for on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Being located in the store, by name.
    Locating,
    /// Keeping a profile of interests and purchases.
    Profiling,
    /// Getting offers by push.
    MarketingPush,
}

/// What a customer allows now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// Being located in the store, by name.
    pub locating: bool,
    /// Keeping a profile of interests and purchases.
    pub profiling: bool,
    /// Getting offers by push.
    pub marketing_push: bool,
}

impl Consent {
    /// Whether a purpose is allowed.
    #[must_use]
    pub const fn allows(self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Locating => self.locating,
            Purpose::Profiling => self.profiling,
            Purpose::MarketingPush => self.marketing_push,
        }
    }

    /// Whether anything at all is allowed.
    #[must_use]
    pub const fn any(self) -> bool {
        self.locating || self.profiling || self.marketing_push
    }
}

/// A consent given or withdrawn, with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecord {
    /// What is allowed from now on.
    pub consent: Consent,
    /// When it was said.
    pub at: Timestamp,
    /// The version of the text that was shown.
    pub text_version: String,
    /// Where it was said: `app`, `web`, `till`, `segment`.
    pub channel: String,
}

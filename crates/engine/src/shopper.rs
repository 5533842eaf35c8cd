//! The Shopper machine: one customer's consent, intent, stays and offers; out come decisions and deliveries.

use serde::{Deserialize, Serialize};

/// All that is kept of one customer; saved by the shell, opaque to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShopperState {
    consent: model::consent::Consent,
}

impl ShopperState {
    /// Whether nothing is kept, so that nothing has to be stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the customer allows.
    #[must_use]
    pub const fn consent(&self) -> model::consent::Consent {
        self.consent
    }
}

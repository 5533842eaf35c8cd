//! For whom settings are: the whole fleet, a store, or one gateway.

use std::fmt;
use std::str::FromStr;

use model::ids::{GatewayId, StoreId};

/// For whom settings are. The later ones win.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Every gateway.
    Fleet,
    /// The gateways of a store.
    Store(StoreId),
    /// One gateway.
    Gateway(GatewayId),
}

/// A text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope; write fleet, store:ID or gateway:ID")]
pub struct ScopeError(String);

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let wrong = || ScopeError(text.chars().take(80).collect());
        match text.split_once(':') {
            None if text == "fleet" => Ok(Self::Fleet),
            Some(("store", id)) => StoreId::new(id).map(Self::Store).map_err(|_| wrong()),
            Some(("gateway", id)) => GatewayId::new(id).map(Self::Gateway).map_err(|_| wrong()),
            Some(_) | None => Err(wrong()),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fleet => f.write_str("fleet"),
            Self::Store(id) => write!(f, "store:{id}"),
            Self::Gateway(id) => write!(f, "gateway:{id}"),
        }
    }
}

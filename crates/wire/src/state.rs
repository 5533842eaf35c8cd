//! A gateway's birth and will: what it was started as, and whether it is there.

use model::ids::{BootId, StoreId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest state that is read, in bytes.
pub const STATE_LEN_MAX: usize = 1_024;
/// Longest version that is read, in bytes.
pub const VERSION_LEN_MAX: usize = 64;
/// Most adapters, and most capabilities, that are read.
pub const NAMES_MAX: usize = 16;
/// Longest name of an adapter or a capability, in bytes.
pub const NAME_LEN_MAX: usize = 32;

/// Whether the gateway is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Liveness {
    /// It said so itself.
    Online,
    /// It said so when it stopped, or the broker says so for it.
    Offline,
}

/// What a box keeps of people who gave no consent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivacyMode {
    /// A pseudonym for at most five minutes, never on disk.
    #[default]
    Count,
    /// A pseudonym until local midnight.
    Day,
}

impl PrivacyMode {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Count, Self::Day];

    /// The word for it, in settings, pages and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Day => "day",
        }
    }
}

/// The retained message of a gateway.
///
/// Birth and will carry the same `boot`, so that a late will can't bury a newer run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Which run of the gateway it speaks of.
    pub boot: BootId,
    /// Whether it is there.
    pub state: Liveness,
    /// The gateway's version.
    pub version: String,
    /// When the run began.
    pub started_at: Timestamp,
    /// Its store; boxes before 0.2 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// The version of the settings from afar that are in force; none while the box goes by its file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<u64>,
    /// What it keeps of strangers; older boxes do not say, and what is not known, a word or another form, reads as not said.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_privacy")]
    pub privacy: Option<PrivacyMode>,
    /// Adapters of its own radio.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adapters: Vec<String>,
    /// What it can do, one word each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
}

impl State {
    /// The least that a state says.
    #[must_use]
    pub const fn new(boot: BootId, state: Liveness, version: String, started_at: Timestamp) -> Self {
        Self {
            boot,
            state,
            version,
            started_at,
            store: None,
            settings: None,
            privacy: None,
            adapters: Vec::new(),
            capabilities: Vec::new(),
        }
    }
}

/// A newer box may keep something that this reader has no word for; the rest of its state still counts.
fn known_privacy<'de, D: serde::Deserializer<'de>>(said: D) -> Result<Option<PrivacyMode>, D::Error> {
    let said = serde_json::Value::deserialize(said)?;
    Ok(PrivacyMode::ALL.into_iter().find(|privacy| said.as_str() == Some(privacy.word())))
}

/// Why a state can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is too long.
    #[error("the state has {len} bytes, at most {STATE_LEN_MAX} are read")]
    TooLarge {
        /// Bytes it has.
        len: usize,
    },
    /// It is not the JSON that it must be.
    #[error("read the state")]
    Json(#[source] serde_json::Error),
    /// A field holds what it can't hold.
    #[error("{field} is out of range: {range}")]
    OutOfRange {
        /// Which.
        field: &'static str,
        /// What is possible.
        range: &'static str,
    },
}

impl Error {
    /// The stable code for counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::Json(_) => "not-json",
            Self::OutOfRange { .. } => "out-of-range",
        }
    }
}

/// Writes a state.
///
/// ```
/// use model::{ids::BootId, time::Timestamp};
/// use wire::state::{self, Liveness, State};
///
/// let birth = State::new(BootId(7), Liveness::Online, "0.1.0".into(), Timestamp(1_000));
/// assert_eq!(
///     state::encode(&birth),
///     br#"{"boot":"00000000000000000000000000000007","state":"online","version":"0.1.0","started_at":1000}"#
/// );
/// assert_eq!(state::decode(&state::encode(&birth)).expect("what was just written"), birth);
/// ```
#[must_use]
pub fn encode(state: &State) -> Vec<u8> {
    serde_json::to_vec(state).expect("a state has text keys and finite numbers only")
}

/// Reads a state.
///
/// # Errors
/// [`Error`] says what is wrong with it.
pub fn decode(payload: &[u8]) -> Result<State, Error> {
    if payload.len() > STATE_LEN_MAX {
        return Err(Error::TooLarge { len: payload.len() });
    }
    let state: State = serde_json::from_slice(payload).map_err(Error::Json)?;
    if state.version.is_empty() || state.version.len() > VERSION_LEN_MAX || state.version.contains(char::is_control) {
        return Err(Error::OutOfRange { field: "version", range: "1 to 64 bytes without control characters" });
    }
    if !crate::uplink::is_possible(state.started_at) {
        return Err(Error::OutOfRange { field: "started_at", range: "milliseconds from 1970 to the year 9999" });
    }
    for (field, names) in [("adapters", &state.adapters), ("capabilities", &state.capabilities)] {
        let is_name = |name: &String| {
            (1..=NAME_LEN_MAX).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if names.len() > NAMES_MAX || !names.iter().all(is_name) {
            return Err(Error::OutOfRange {
                field,
                range: "at most 16 words of 1 to 32 letters, digits, '-', '_' or '.'",
            });
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests;

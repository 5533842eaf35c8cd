//! Settings from afar: what a server may change of a gateway's configuration, what a box is to have, and what became of it.
//!
//! One document for each scope: the fleet, a store, a gateway; the narrower one wins, key by key. Only the keys listed here can be
//! set: nothing that names the box, holds a secret, throws away what waits, or keeps more of people.

mod check;
mod scope;

use model::ids::BootId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use check::{KEYS, MAKERS, check};
pub use scope::{Scope, ScopeError};

/// Longest document that is read, in bytes.
pub const DOCUMENT_LEN_MAX: usize = 32 * 1024;
/// Longest report that is read, in bytes.
pub const REPORT_LEN_MAX: usize = 2 * 1024;
/// Longest reason or field in a report, in bytes.
pub const WORDS_LEN_MAX: usize = 300;

/// Settings by section, as in `gateway.toml`.
pub type Settings = Map<String, Value>;

/// What a box is to have, merged of all scopes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// Its number: each change of any scope takes the next one.
    pub version: u64,
    /// The settings; what is left out is as in the box's own file.
    pub settings: Settings,
    /// Whether receivers may fall silent by it; else it is rolled back when they do.
    #[serde(default)]
    pub may_lose_receivers: bool,
}

/// What became of settings at a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// They are in force, and the box is as well as before.
    Applied,
    /// They are in force, and it is looked whether the box stays well.
    Trying,
    /// They can't be: nothing was changed.
    Refused,
    /// The box was not well with them: it went back to those before.
    RolledBack,
}

/// What a box says of the last settings that it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Which run of the box says so.
    pub boot: BootId,
    /// Which settings this is about.
    pub version: u64,
    /// What became of them.
    pub outcome: Outcome,
    /// The key because of which, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Those that are in force now; none while the box goes by its file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<u64>,
    /// When, by the box's clock.
    pub at: Timestamp,
}

/// Why settings can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}; {fix}")]
pub struct Refused {
    /// Which key.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

/// Why a document or a report can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is too long.
    #[error("it has {len} bytes, at most {max} are read")]
    TooLarge {
        /// Bytes it has.
        len: usize,
        /// Bytes that are read.
        max: usize,
    },
    /// It is not the JSON that it must be.
    #[error("read the JSON")]
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

/// Lays narrower settings over wider ones: key by key, and sensor by sensor.
pub fn lay_over(wide: &mut Settings, narrow: &Settings) {
    for (section, keys) in narrow {
        let entry = wide.entry(section.clone()).or_insert_with(|| Value::Object(Map::new()));
        match (entry, keys) {
            (Value::Object(wide), Value::Object(narrow)) => {
                wide.extend(narrow.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            (entry, keys) => *entry = keys.clone(),
        }
    }
}

/// Writes what a box is to have.
#[must_use]
pub fn encode(desired: &Desired) -> Vec<u8> {
    serde_json::to_vec(desired).expect("a document has text keys and finite numbers only")
}

/// Reads what a box is to have. Its settings are not checked yet: see [`check`].
///
/// # Errors
/// [`Error`] says what is wrong with it.
pub fn decode(payload: &[u8]) -> Result<Desired, Error> {
    let desired: Desired = read(payload, DOCUMENT_LEN_MAX)?;
    if desired.version == 0 {
        return Err(Error::OutOfRange { field: "version", range: "1 and above" });
    }
    Ok(desired)
}

/// Writes a report; words that are too long are cut.
#[must_use]
pub fn encode_report(report: &Reported) -> Vec<u8> {
    let cut = |text: &Option<String>| text.as_deref().map(|text| words(text).to_owned());
    let report = Reported { field: cut(&report.field), reason: cut(&report.reason), ..report.clone() };
    serde_json::to_vec(&report).expect("a report has text keys and finite numbers only")
}

/// Reads a report.
///
/// # Errors
/// [`Error`] says what is wrong with it.
pub fn decode_report(payload: &[u8]) -> Result<Reported, Error> {
    let report: Reported = read(payload, REPORT_LEN_MAX)?;
    for (field, text) in [("field", &report.field), ("reason", &report.reason)] {
        if text.as_ref().is_some_and(|text| text.len() > WORDS_LEN_MAX || text.contains(char::is_control)) {
            return Err(Error::OutOfRange { field, range: "at most 300 bytes without control characters" });
        }
    }
    if !crate::uplink::is_possible(report.at) {
        return Err(Error::OutOfRange { field: "at", range: "milliseconds from 1970 to the year 9999" });
    }
    Ok(report)
}

fn read<T: for<'de> Deserialize<'de>>(payload: &[u8], max: usize) -> Result<T, Error> {
    if payload.len() > max {
        return Err(Error::TooLarge { len: payload.len(), max });
    }
    serde_json::from_slice(payload).map_err(Error::Json)
}

/// As much of a text as a report carries, up to its first control character.
fn words(text: &str) -> &str {
    let text = text.split(char::is_control).next().unwrap_or_default();
    let end = (0..=WORDS_LEN_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests;

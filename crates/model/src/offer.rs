//! An offer: something that may be said, to whom, where, and how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, OfferId, ProductId, ZoneId};
use crate::time::Timestamp;
use crate::units::Cents;

/// A language of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Italian.
    It,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The first line; at most 80 characters.
    pub title: String,
    /// The second; at most 240 characters.
    pub body: String,
}

/// What is said, in each language; at least one.
pub type Content = BTreeMap<Language, Text>;

/// How often one customer may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// At most so many times.
    pub times: u32,
    /// In a sliding window of so many hours.
    pub hours: u32,
}

/// Something that may be said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// The product it is about; or else `category`.
    #[serde(default)]
    pub product: Option<ProductId>,
    /// The category it is about.
    #[serde(default)]
    pub category: Option<CategoryId>,
    /// Where it may be said; empty means in the zone of its product.
    #[serde(default)]
    pub zones: Vec<ZoneId>,
    /// What is said.
    pub content: Content,
    /// What the customer saves.
    #[serde(default)]
    pub discount: Cents,
    /// From when it may be said.
    #[serde(default)]
    pub starts: Option<Timestamp>,
    /// Until when.
    #[serde(default)]
    pub ends: Option<Timestamp>,
    /// How often one customer may be told.
    #[serde(default = "once_a_day")]
    pub cap: Cap,
    /// How often it may be said in all; none means no limit.
    #[serde(default)]
    pub budget: Option<u64>,
    /// The least intent, 0 to 1, at which it is said.
    #[serde(default = "intent_default")]
    pub intent_min: f64,
    /// For how long after the decision it may be sent, in seconds.
    #[serde(default = "five_minutes")]
    pub lifetime_s: u32,
    /// Paused offers are considered and explained, never said.
    #[serde(default)]
    pub paused: bool,
}

const fn once_a_day() -> Cap {
    Cap { times: 1, hours: 24 }
}

const fn intent_default() -> f64 {
    0.3
}

const fn five_minutes() -> u32 {
    300
}

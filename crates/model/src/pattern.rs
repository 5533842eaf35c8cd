//! A pattern: a declared moment, read from `[[moment]]` of `shop.toml`.

use serde::{Deserialize, Serialize};

use crate::ids::{MomentId, ZoneId};
use crate::signal::Signal;
use crate::zone::ZoneKind;

/// Within what the steps of a pattern belong together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One zone.
    #[default]
    Zone,
    /// One visit.
    Visit,
    /// The customer, wherever they are.
    Customer,
}

/// How many separate stays it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// The stay that counts, such as 2 for "passing for the second time".
    pub count: u32,
    /// Within so many hours.
    pub hours: u32,
}

/// A declared moment: signals in an order, and when they make a decision due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Its id.
    pub id: MomentId,
    /// One to six steps, in this order of time.
    pub on: Vec<Signal>,
    /// From the first step to the last at most so many seconds.
    #[serde(default = "an_hour")]
    pub within_s: u32,
    /// Within what the steps belong together.
    #[serde(default)]
    pub scope: Scope,
    /// None of these between the first step and the firing.
    #[serde(default)]
    pub without: Vec<Signal>,
    /// It fires so many seconds after the last step, if nothing has spoilt it by then.
    #[serde(default)]
    pub after_s: u32,
    /// Only at the n-th stay of the kind.
    #[serde(default)]
    pub times: Option<Times>,
    /// Only in these zones; empty: everywhere.
    #[serde(default)]
    pub zones: Vec<ZoneId>,
    /// Only in zones of these kinds; empty: of every kind that is not private.
    #[serde(default)]
    pub kinds: Vec<ZoneKind>,
    /// Only if a product touched in it is neither bought nor put back.
    #[serde(default)]
    pub unbought: bool,
    /// Not again within so many seconds for the same customer (in the same zone, when the scope is the zone).
    #[serde(default = "a_minute")]
    pub rest_s: u32,
}

/// Most steps of a pattern.
pub const STEPS_MAX: usize = 6;
/// Most patterns of a shop.
pub const PATTERNS_MAX: usize = 32;

const fn an_hour() -> u32 {
    3_600
}

const fn a_minute() -> u32 {
    60
}

impl Pattern {
    /// What a shop without `[[moment]]` has: coming into a zone, and staying in it.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        [("entered", Signal::Entered), ("dwelling", Signal::Dwelling)]
            .into_iter()
            .map(|(id, signal)| Self {
                id: MomentId::new(id).expect("the word is a slug"),
                on: vec![signal],
                within_s: an_hour(),
                scope: Scope::Zone,
                without: Vec::new(),
                after_s: 0,
                times: None,
                zones: Vec::new(),
                kinds: Vec::new(),
                unbought: false,
                rest_s: 0,
            })
            .collect()
    }
}

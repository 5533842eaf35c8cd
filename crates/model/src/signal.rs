//! Signals: what declared moments are made of, and values that know how old they are.

use serde::{Deserialize, Serialize};

use crate::time::{Millis, Timestamp};

/// Something that happened around a customer in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A visit began.
    VisitStarted,
    /// They came into a zone.
    Entered,
    /// They stay in a zone.
    Dwelling,
    /// They left a zone.
    Left,
    /// The visit is over.
    VisitEnded,
    /// They took a product from the shelf.
    PickedUp,
    /// They put it back.
    PutBack,
    /// They looked at a product in the app or on the web.
    Viewed,
    /// They put it into the cart.
    Added,
    /// They took it out again.
    Removed,
    /// They opened the app.
    AppOpened,
}

/// A value with the time it was true at; older than its reader allows, it counts as missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aged<T> {
    /// The value.
    pub value: T,
    /// When it was so.
    pub at: Timestamp,
}

impl<T> Aged<T> {
    /// The value, unless it is older than `most` at `now`.
    pub fn within(&self, most: Millis, now: Timestamp) -> Option<&T> {
        (now.since(self.at) <= most).then_some(&self.value)
    }
}

//! Presence: a stay in a zone, told as changes.

use serde::{Deserialize, Serialize};

use crate::ids::{ReceiverId, StoreId, VisitId, ZoneId};
use crate::subject::Subject;
use crate::time::{Millis, Timestamp};
use crate::units::{Dbm, Probability};

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PresenceKind {
    /// The subject came into the zone.
    Entered,
    /// The subject has stayed for the zone's dwell time; said once a stay.
    Dwelling,
    /// The subject left the zone.
    Left,
}

/// Why a presence changed: what the estimate rested on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PresenceReason {
    /// The rule that fired, such as `enter-probability`, `leave-probability`, `silence` or `dwell-time`.
    pub rule: String,
    /// The receivers that weighed most, with what they heard, strongest first; at most 4.
    pub heard: Vec<(ReceiverId, Dbm)>,
    /// The next likeliest zone.
    pub runner_up: Option<(ZoneId, Probability)>,
}

/// A change of a stay in a zone by one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// In which store.
    pub store: StoreId,
    /// Who.
    pub subject: Subject,
    /// Where.
    pub zone: ZoneId,
    /// What changed.
    pub kind: PresenceKind,
    /// When it became so.
    pub at: Timestamp,
    /// When the stay began.
    pub since: Timestamp,
    /// Belief that the subject is in the zone.
    pub probability: Probability,
    /// The visit that the stay belongs to.
    pub visit: VisitId,
    /// Why.
    pub reason: PresenceReason,
}

impl Presence {
    /// How long the stay has lasted at the time of the change.
    #[must_use]
    pub const fn dwell(&self) -> Millis {
        self.at.since(self.since)
    }
}

/// A stay in the store, from the first presence to the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Its id.
    pub id: VisitId,
    /// In which store.
    pub store: StoreId,
    /// Who.
    pub subject: Subject,
    /// First heard.
    pub started: Timestamp,
    /// Last heard.
    pub last_heard: Timestamp,
    /// Set when the visit is over.
    pub ended: Option<Timestamp>,
    /// Sightings that went into it.
    pub sightings: u32,
}

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
    pub heard: Vec<Witness>,
    /// The next likeliest zone.
    pub runner_up: Option<(ZoneId, Probability)>,
}

/// A receiver that a change rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "WitnessForm")]
pub struct Witness {
    /// Which receiver.
    pub receiver: ReceiverId,
    /// What it heard.
    pub rssi: Dbm,
    /// How much stronger that is than what was expected of it at the subject's place, in dB; none when nothing was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residual: Option<f32>,
}

/// A witness as it may have been stored.
#[derive(Deserialize)]
#[serde(untagged)]
enum WitnessForm {
    /// Before residuals were kept.
    Pair(ReceiverId, Dbm),
    Named {
        receiver: ReceiverId,
        rssi: Dbm,
        #[serde(default)]
        residual: Option<f32>,
    },
}

impl From<WitnessForm> for Witness {
    fn from(form: WitnessForm) -> Self {
        match form {
            WitnessForm::Pair(receiver, rssi) => Self { receiver, rssi, residual: None },
            WitnessForm::Named { receiver, rssi, residual } => Self { receiver, rssi, residual },
        }
    }
}

impl From<&(ReceiverId, Dbm)> for Witness {
    fn from((receiver, rssi): &(ReceiverId, Dbm)) -> Self {
        Self { receiver: receiver.clone(), rssi: *rssi, residual: None }
    }
}

impl From<&Self> for Witness {
    fn from(witness: &Self) -> Self {
        witness.clone()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stored_before_residuals_were_kept_is_still_read() {
        let old = r#"{"rule":"enter-probability","heard":[["r1",-50.0]],"runner_up":null}"#;
        let mut reason: PresenceReason = serde_json::from_str(old).expect("the old form");
        assert_eq!((reason.heard[0].receiver.as_str(), reason.heard[0].rssi), ("r1", Dbm(-50.0)));
        reason.heard[0].residual = Some(-3.5);
        let text = serde_json::to_string(&reason).expect("JSON");
        assert!(text.contains(r#"{"receiver":"r1","rssi":-50.0,"residual":-3.5}"#), "{text}");
        assert_eq!(serde_json::from_str::<PresenceReason>(&text).expect("the new form"), reason);
    }
}

//! A decision: one evaluation at one moment. An offer or silence, with its propensity and its whole explanation.

mod explanation;
mod refusal;

use serde::{Deserialize, Serialize};

use crate::ids::{CustomerId, DecisionId, MomentId, OfferId, PolicyId, StoreId, VisitId, ZoneId};
use crate::offer::Channel;
use crate::signal::Aged;
use crate::time::{Millis, Timestamp};
use crate::units::Probability;

pub use explanation::{Belief, Block, Candidate, Explanation, Feature, Logit, Terms};
pub use refusal::{Refusal, StageKind};

/// What made the decision due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// In which store.
    pub store: StoreId,
    /// In which visit.
    pub visit: VisitId,
    /// Where.
    pub zone: ZoneId,
    /// What happened there.
    pub trigger: Trigger,
    /// When.
    pub at: Timestamp,
    /// How long the customer had been in the zone.
    pub dwell: Millis,
    /// Belief that the customer is in the zone.
    pub probability: Probability,
    /// The declared pattern that fired, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<MomentId>,
    /// By which way it would be said.
    #[serde(default)]
    pub channel: Channel,
    /// Where on a page, kiosk or till it would be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    /// What is known of the surroundings.
    #[serde(default, skip_serializing_if = "Around::is_empty")]
    pub around: Around,
}

/// What is known of the surroundings of a moment; each with its age, and missing when it is too old.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Around {
    /// People on ten square metres of the zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crowding: Option<Aged<f64>>,
    /// How fast the customer moves, in metres a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<Aged<f64>>,
    /// How far it is to the zone, in metres; 0 within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<Aged<f64>>,
    /// How many others walk with the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Aged<u32>>,
    /// The weather, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weather: Option<Aged<String>>,
}

impl Around {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What happened that makes a decision due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The customer came into a zone.
    Entered,
    /// The customer stays in a zone.
    Dwelling,
    /// Intent came while the customer was there.
    Intent,
    /// A declared pattern fired.
    Pattern,
    /// Another channel asked.
    Asked,
}

impl Trigger {
    /// Its name for rules, API and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Dwelling => "dwelling",
            Self::Intent => "intent",
            Self::Pattern => "pattern",
            Self::Asked => "asked",
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Choice {
    /// Say this.
    Offer {
        /// Which.
        offer: OfferId,
    },
    /// Say nothing. `code` is the refusal that mattered most, or `no-offer`, `not-worth-it` or `explore`.
    Silence {
        /// Why, in one code.
        code: String,
    },
}

/// One evaluation at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// For whom.
    pub customer: CustomerId,
    /// At which moment.
    pub moment: Moment,
    /// What was decided.
    pub choice: Choice,
    /// The chance with which this choice was taken.
    pub propensity: Probability,
    /// Whether the customer is in the holdout: an offer then is a ghost offer and is never said.
    pub holdout: bool,
    /// Whether the customer is kept without the offer that was chosen: it is a ghost offer then.
    #[serde(default)]
    pub control: bool,
    /// Whether the offer only runs in shadow: it is a ghost offer then.
    #[serde(default)]
    pub shadow: bool,
    /// By which policy.
    #[serde(default = "house")]
    pub policy: PolicyId,
    /// How many lessons the model had taken.
    #[serde(default)]
    pub model: u64,
    /// In which epoch of the chosen offer's measurement.
    #[serde(default)]
    pub epoch: u32,
    /// Whether the customer is one of those without people's weights and pins, so that what these bring can be measured.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub words_aside: bool,
    /// The weights and pins of the offers that might have been said, in the order of the catalogue: they counted, or
    /// were put aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
    /// Why.
    pub explanation: Explanation,
}

/// A person's weight or pin of an offer that might have been said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Of which offer.
    pub offer: OfferId,
    /// Its weight; 1 when it is only pinned.
    pub weight: f64,
    /// Whether it is pinned.
    pub pin: bool,
    /// The share of customers for whom it is put aside.
    pub share: f64,
}

impl Decision {
    /// Whether what was chosen must not be said: it is logged and followed like an offer, to measure against.
    #[must_use]
    pub const fn is_ghost(&self) -> bool {
        self.holdout || self.control || self.shadow
    }

    /// What the customer was told: the chosen offer, unless it is a ghost.
    #[must_use]
    pub const fn said(&self) -> Option<&OfferId> {
        match &self.choice {
            Choice::Offer { offer } if !self.is_ghost() => Some(offer),
            Choice::Offer { .. } | Choice::Silence { .. } => None,
        }
    }

    /// How the chosen offer fared; none for silence.
    #[must_use]
    pub fn chosen(&self) -> Option<&Candidate> {
        match &self.choice {
            Choice::Offer { offer } => self.explanation.candidates.iter().find(|one| one.offer == *offer),
            Choice::Silence { .. } => None,
        }
    }
}

fn house() -> PolicyId {
    crate::policy::Policy::default().id
}

//! A decision: one evaluation at one moment. An offer or silence, with its propensity and its whole explanation.

use serde::{Deserialize, Serialize};

use crate::ids::{CustomerId, DecisionId, OfferId, ProductId, StoreId, VisitId, ZoneId};
use crate::time::{Millis, Timestamp};
use crate::units::Probability;

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
}

/// A gate's refusal: a code with the facts it was taken on. The code is the variant's name in kebab case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "code")]
pub enum Refusal {
    /// The offer is paused, not yet or no longer valid.
    Schedule {
        /// Paused by a person.
        paused: bool,
        /// Valid from.
        starts: Option<Timestamp>,
        /// Valid until.
        ends: Option<Timestamp>,
    },
    /// The customer does not allow what the offer needs.
    Consent {
        /// The purpose that is missing.
        missing: crate::consent::Purpose,
    },
    /// The customer is not where the offer may be said, or not surely enough.
    Place {
        /// Where the customer is.
        zone: ZoneId,
        /// Belief that it is so.
        probability: Probability,
    },
    /// The product is sold out.
    Stock {
        /// Which product.
        product: ProductId,
    },
    /// The customer bought it already.
    Bought {
        /// What was bought.
        product: ProductId,
        /// When.
        at: Timestamp,
    },
    /// The customer was told often enough.
    Cap {
        /// Told so many times in the window.
        told: u32,
        /// At most so many are allowed.
        times: u32,
        /// The window.
        hours: u32,
    },
    /// The customer was told something else a moment ago.
    Pause {
        /// When the last offer was made.
        last: Timestamp,
        /// The shortest time between two.
        seconds: u32,
    },
    /// The store keeps quiet at this hour.
    QuietHours {
        /// The local time, as HH:MM.
        local: String,
    },
    /// The customer's interest is too low.
    Intent {
        /// The interest, 0 to 1.
        intent: f64,
        /// The least at which the offer is said.
        min: f64,
    },
    /// The offer's budget is used up.
    Budget {
        /// The offer's whole budget.
        budget: u64,
    },
    /// The customer belongs to the holdout: the decision is made and not said, so that lift can be measured.
    Holdout,
}

impl Refusal {
    /// Every code, in the order the gates are asked; for metrics and pages.
    pub const CODES: [&'static str; 11] = [
        "schedule",
        "consent",
        "place",
        "stock",
        "bought",
        "cap",
        "pause",
        "quiet-hours",
        "intent",
        "budget",
        "holdout",
    ];

    /// The stable code for API, logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Schedule { .. } => "schedule",
            Self::Consent { .. } => "consent",
            Self::Place { .. } => "place",
            Self::Stock { .. } => "stock",
            Self::Bought { .. } => "bought",
            Self::Cap { .. } => "cap",
            Self::Pause { .. } => "pause",
            Self::QuietHours { .. } => "quiet-hours",
            Self::Intent { .. } => "intent",
            Self::Budget { .. } => "budget",
            Self::Holdout => "holdout",
        }
    }
}

/// The terms of an offer's score; `score` is their exact sum, and silence scores 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Expected gain if it is said: the extra chance to buy times the margin after the discount, in cents.
    pub gain: f64,
    /// Discount given away to those who would buy anyway, in cents; never positive.
    pub giveaway: f64,
    /// The price of the customer's attention, in cents; never positive.
    pub attention: f64,
    /// Price of being told often lately, in cents; never positive.
    pub fatigue: f64,
}

impl Terms {
    /// The score, in cents: the sum of the terms.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.gain + self.giveaway + self.attention + self.fatigue
    }
}

/// How one offer fared in a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which offer.
    pub offer: OfferId,
    /// The customer's intent towards it, 0 to 1.
    pub intent: f64,
    /// The first gate that refused it; none if all let it pass.
    pub refused: Option<Refusal>,
    /// Its score's terms; only when it passed, or when the holdout alone refused it.
    pub terms: Option<Terms>,
    /// The chance with which it is chosen; 0 when refused, but kept when the holdout alone refused it.
    pub propensity: Probability,
}

/// Why the decision is what it is: complete, for an offer and for silence alike.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Every offer considered, in the order of the catalogue.
    pub candidates: Vec<Candidate>,
    /// The chance with which silence was chosen.
    pub silence: Probability,
    /// One plain sentence in English.
    pub en: String,
    /// The same in Italian.
    pub it: String,
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
    /// Why.
    pub explanation: Explanation,
}

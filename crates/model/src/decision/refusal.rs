//! Refusals: why an offer must not be said now, one variant for each gate.

use serde::{Deserialize, Serialize};

use crate::consent::Purpose;
use crate::ids::{ProductId, SegmentId, ZoneId};
use crate::offer::{CapScope, Channel};
use crate::time::Timestamp;
use crate::units::{Cents, Probability};

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
        missing: Purpose,
    },
    /// A person has banned it or has not approved it yet, or it was stopped because it did harm.
    Approval {
        /// Banned by a person.
        banned: bool,
        /// Stopped by its own measurement.
        stopped: bool,
    },
    /// It is not let out so far.
    Stage {
        /// How far it is let out.
        stage: StageKind,
        /// To which share of the customers, of a pilot.
        share: Option<f64>,
    },
    /// It is for other moments.
    Moment {
        /// What happened, or the pattern that fired.
        now: String,
    },
    /// Nothing is said about this product, or in this zone.
    Sensitive {
        /// The product.
        product: ProductId,
    },
    /// It is not for minors, and the customer is not known to be old enough.
    Age {
        /// The least age.
        min: u8,
    },
    /// The product has another price than the one its text quotes.
    Price {
        /// The price that the text quotes.
        quoted: Cents,
        /// The price now.
        now: Cents,
    },
    /// The shop would earn too little on it.
    Margin {
        /// The least it must earn.
        least: Cents,
        /// What it would earn after the discount.
        now: Cents,
    },
    /// It is for other customers.
    Segment {
        /// The customer's own segment.
        segment: Option<SegmentId>,
    },
    /// The customer has complained, and promotions pause.
    Complaint {
        /// Until when.
        until: Timestamp,
    },
    /// The customer has said that they do not want it.
    Preference {
        /// What they said: `offer`, `category`, `brand`, `channel`, `quiet`, `a-day` or `later`.
        what: String,
    },
    /// It is not said by this way, or not at this place of a page.
    Channel {
        /// The way.
        channel: Channel,
    },
    /// The customer walks by, or stands at the till.
    Still {
        /// At the till.
        till: bool,
        /// How fast they walk, in metres a second.
        speed: Option<f64>,
    },
    /// Its rule does not hold, or can't be read.
    Rule {
        /// What is wrong with it; none when it was read and does not hold.
        error: Option<String>,
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
        /// What was counted over.
        #[serde(default)]
        scope: CapScope,
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
        /// What of it is kept for customers of segments before theirs.
        #[serde(default, skip_serializing_if = "is_zero")]
        kept: u64,
    },
    /// The customer belongs to the holdout: the decision is made and not said, so that lift can be measured.
    Holdout,
}

impl Refusal {
    /// Every code, in the order the gates are asked; for metrics and pages.
    pub const CODES: [&'static str; 24] = [
        "schedule",
        "approval",
        "consent",
        "stage",
        "place",
        "moment",
        "sensitive",
        "age",
        "stock",
        "price",
        "margin",
        "bought",
        "segment",
        "complaint",
        "preference",
        "channel",
        "cap",
        "pause",
        "quiet-hours",
        "still",
        "intent",
        "rule",
        "budget",
        "holdout",
    ];

    /// What of a budget had to stay for customers of other segments, if it was the budget that refused.
    #[must_use]
    pub const fn kept(&self) -> Option<u64> {
        if let Self::Budget { kept, .. } = self { Some(*kept) } else { None }
    }

    /// The stable code for API, logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        Self::CODES[self.place()]
    }

    /// The place of its gate in the order they are asked.
    #[must_use]
    pub const fn place(&self) -> usize {
        match self {
            Self::Schedule { .. } => 0,
            Self::Approval { .. } => 1,
            Self::Consent { .. } => 2,
            Self::Stage { .. } => 3,
            Self::Place { .. } => 4,
            Self::Moment { .. } => 5,
            Self::Sensitive { .. } => 6,
            Self::Age { .. } => 7,
            Self::Stock { .. } => 8,
            Self::Price { .. } => 9,
            Self::Margin { .. } => 10,
            Self::Bought { .. } => 11,
            Self::Segment { .. } => 12,
            Self::Complaint { .. } => 13,
            Self::Preference { .. } => 14,
            Self::Channel { .. } => 15,
            Self::Cap { .. } => 16,
            Self::Pause { .. } => 17,
            Self::QuietHours { .. } => 18,
            Self::Still { .. } => 19,
            Self::Intent { .. } => 20,
            Self::Rule { .. } => 21,
            Self::Budget { .. } => 22,
            Self::Holdout => 23,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How far an offer is let out, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// It is said.
    Live,
    /// It is said to some.
    Pilot,
    /// It is decided and never said.
    Shadow,
}

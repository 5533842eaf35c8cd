//! A decision: one evaluation at one moment. An offer or silence, with its propensity and its whole explanation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{CustomerId, DecisionId, MomentId, OfferId, PolicyId, ProductId, SegmentId, StoreId, VisitId, ZoneId};
use crate::offer::{CapScope, Channel};
use crate::signal::Aged;
use crate::time::{Millis, Timestamp};
use crate::units::{Cents, Probability};

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

    /// The stable code for API, logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Schedule { .. } => "schedule",
            Self::Approval { .. } => "approval",
            Self::Consent { .. } => "consent",
            Self::Stage { .. } => "stage",
            Self::Place { .. } => "place",
            Self::Moment { .. } => "moment",
            Self::Sensitive { .. } => "sensitive",
            Self::Age { .. } => "age",
            Self::Stock { .. } => "stock",
            Self::Price { .. } => "price",
            Self::Margin { .. } => "margin",
            Self::Bought { .. } => "bought",
            Self::Segment { .. } => "segment",
            Self::Complaint { .. } => "complaint",
            Self::Preference { .. } => "preference",
            Self::Channel { .. } => "channel",
            Self::Cap { .. } => "cap",
            Self::Pause { .. } => "pause",
            Self::QuietHours { .. } => "quiet-hours",
            Self::Still { .. } => "still",
            Self::Intent { .. } => "intent",
            Self::Rule { .. } => "rule",
            Self::Budget { .. } => "budget",
            Self::Holdout => "holdout",
        }
    }
}

/// The terms of an offer's score, in cents; `score` is their exact sum, and silence scores 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Expected gain if it is said: the chance that it is taken up times what is earned then.
    pub gain: f64,
    /// Discount given away to those who would buy anyway; never positive.
    pub giveaway: f64,
    /// What the moment adds or takes: how well it fits, and how sure the place is.
    pub context: f64,
    /// What a person's lever and the customer's segment add or take.
    pub lever: f64,
    /// What the way to the product takes; never raises a gain.
    pub distance: f64,
    /// What is held back so that the budget lasts; never raises a gain.
    pub pacing: f64,
    /// Price of being told often lately; never positive.
    pub fatigue: f64,
    /// The price of the customer's attention; never positive.
    pub attention: f64,
}

impl Terms {
    /// The score: the sum of the terms, in their order.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.gain
            + self.giveaway
            + self.context
            + self.lever
            + self.distance
            + self.pacing
            + self.fatigue
            + self.attention
    }
}

/// Which part of what is known a feature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// The offer itself.
    Offer,
    /// The moment: place, motion, company, hour.
    Micro,
    /// What has been between the shop and the customer.
    Relational,
    /// What the customer wants and has said.
    Personal,
}

/// Something that the model saw; its name is stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Of which block.
    pub block: Block,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
}

/// What is believed of a logit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Belief {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
}

/// The parts of a logit's mean, one for each block; they add up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Logit {
    /// The offer itself, with what is known of its kind.
    pub offer: f64,
    /// The moment.
    pub micro: f64,
    /// What has been.
    pub relational: f64,
    /// The customer.
    pub personal: f64,
}

impl Logit {
    /// The sum of the parts, in their order.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.offer + self.micro + self.relational + self.personal
    }
}

/// How far an offer is let out, in a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// It is said.
    #[default]
    Live,
    /// It is said to some.
    Pilot,
    /// It is decided and never said.
    Shadow,
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
    /// What is believed of the chance that it is taken up, as a logit; when it was ranked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belief: Option<Belief>,
    /// Where that belief comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logit: Option<Logit>,
    /// Its worth in cents as the chance of an answer moves it: what a yes brings, and what it costs either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<[f64; 2]>,
    /// What the customer would save.
    #[serde(default)]
    pub discount: Cents,
    /// Whether the customer is kept without this offer, to measure what it changes.
    #[serde(default)]
    pub control: bool,
    /// How far it is let out.
    #[serde(default)]
    pub stage: StageKind,
}

/// Why the decision is what it is: complete, for an offer and for silence alike.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The offers considered, in the order of the catalogue: all of them, or of many those that came furthest.
    pub candidates: Vec<Candidate>,
    /// How many more were refused and are not listed, by the code of the refusal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, u32>,
    /// What the model saw of the offer that was chosen, or of the best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    /// What it did not see because it was too old.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<String>,
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
    /// Why.
    pub explanation: Explanation,
}

impl Decision {
    /// Whether what was chosen must not be said: it is logged and followed like an offer, to measure against.
    #[must_use]
    pub const fn is_ghost(&self) -> bool {
        self.holdout || self.control || self.shadow
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

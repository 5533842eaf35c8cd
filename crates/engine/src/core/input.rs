//! What can come into the core, as data: the input log is made of it.

use std::sync::Arc;

use decide::brain::Brain;
use learn::logistic::Row;
use locate::calibrate::Calibration;
use model::consent::ConsentRecord;
use model::delivery::DeliveryState;
use model::event::Event;
use model::ids::{CustomerId, DecisionId, DeviceId, OfferId, ReceiverId, StoreId};
use model::offer::Lever;
use model::outcome::Outcome;
use model::presence::{Presence, Visit};
use model::reading::Reading;
use model::sighting::Sighting;
use model::subject::Subject;
use model::survey::Survey;
use serde::{Deserialize, Serialize};

use super::{Ask, Epoch, PlanFiles, Which};
use crate::shopper::{ShopperState, Surroundings};

/// Everything that can come into the core.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Input {
    /// Adds or replaces a store.
    Plan(PlanFiles),
    /// A receiver heard a subject.
    Sighting {
        /// In which store.
        store: StoreId,
        /// Who was heard, identity resolved.
        subject: Subject,
        /// What was heard.
        sighting: Sighting,
    },
    /// A receiver heard a transmitter whose place is known: nobody, but a measure of the receivers.
    Anchor {
        /// In which store.
        store: StoreId,
        /// Which one, as a receiver or beacon of the store's plan.
        anchor: ReceiverId,
        /// What was heard.
        sighting: Sighting,
    },
    /// What a survey of a store found; it takes the place of the one before.
    Survey {
        /// Of which store.
        store: StoreId,
        /// What.
        survey: Arc<Survey>,
    },
    /// What a store has learnt of its own radio before the process stopped.
    Calibration {
        /// Which store.
        store: StoreId,
        /// What.
        calibration: Arc<Calibration>,
    },
    /// A sensor reported.
    Reading {
        /// In which store.
        store: StoreId,
        /// What.
        reading: Reading,
    },
    /// A device belongs to a customer who consents to being located.
    Link {
        /// The device.
        device: DeviceId,
        /// Its customer.
        customer: CustomerId,
    },
    /// A device belongs to nobody any more; it is forgotten in every store.
    Unlink {
        /// The device.
        device: DeviceId,
    },
    /// What was saved of a customer; comes before the first input to a customer not in memory.
    Load {
        /// Who.
        customer: CustomerId,
        /// What was saved; none for a new customer.
        state: Option<Box<ShopperState>>,
    },
    /// An app or shop system tells about a customer.
    Event {
        /// About whom.
        customer: CustomerId,
        /// What.
        event: Event,
    },
    /// A customer gave or withdrew consent.
    Consent {
        /// Who.
        customer: CustomerId,
        /// What is allowed now.
        record: ConsentRecord,
    },
    /// What became of a decision, as a device tells.
    Outcome {
        /// Whose decision.
        customer: CustomerId,
        /// What became of it.
        outcome: Outcome,
    },
    /// Units of an offer's budget that this core may spend; 0 means that there are none left.
    Lease {
        /// Of which offer.
        offer: OfferId,
        /// In which store.
        store: StoreId,
        /// How many more.
        units: u64,
        /// What was taken of the budget by all, with these; when it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used: Option<u64>,
    },
    /// How far a delivery got.
    Delivery {
        /// To whom.
        customer: CustomerId,
        /// Of which decision.
        decision: DecisionId,
        /// How far.
        state: DeliveryState,
    },
    /// Everything about a customer is erased.
    Forget {
        /// Who.
        customer: CustomerId,
    },
    /// What was saved of a store's stays and visits; comes after its plan.
    Restore {
        /// Which store.
        store: StoreId,
        /// The last word on every open stay.
        stays: Vec<Presence>,
        /// The open visits.
        visits: Vec<Visit>,
    },
    /// A stay of a customer changed, told without radio: by a replay or by another system.
    Presence {
        /// Who.
        customer: CustomerId,
        /// What changed.
        presence: Presence,
    },
    /// What is known of the surroundings of a customer in a store; it goes before what happens there.
    Around {
        /// Who.
        customer: CustomerId,
        /// Where, and what.
        surroundings: Surroundings,
    },
    /// A device of a customer is located no more; it leaves without a word.
    Gone {
        /// Whose.
        customer: CustomerId,
        /// Which device.
        device: DeviceId,
    },
    /// Another channel asks what to say to a customer.
    Ask {
        /// To whom.
        customer: CustomerId,
        /// Where, and for which channel.
        ask: Ask,
    },
    /// Two customers turned out to be one: caps, histories and devices add up.
    Merge {
        /// Who is no more.
        from: CustomerId,
        /// Who stays.
        into: CustomerId,
    },
    /// A merge was wrong: what was known before goes back to whom it belonged.
    Split {
        /// Who keeps being.
        customer: CustomerId,
        /// What is known of the other, as it was before the merge.
        state: Box<ShopperState>,
        /// Who is again.
        into: CustomerId,
    },
    /// The store refused a decision at its commit: others had used up the cap or the budget meanwhile.
    Refused {
        /// Whose decision.
        customer: CustomerId,
        /// Which.
        decision: DecisionId,
        /// Why: `cap` or `budget`.
        code: String,
        /// With `budget`: what of it had to stay for other segments, so that no more than that is left.
        #[serde(default)]
        kept: Option<u64>,
    },
    /// A person said something about an offer.
    Lever {
        /// In which store.
        store: StoreId,
        /// About which offer.
        offer: OfferId,
        /// What.
        lever: Lever,
    },
    /// What was learnt before, as it was kept.
    Learnt {
        /// By which model.
        which: Which,
        /// What.
        rows: Vec<Row>,
    },
    /// All that was learnt before, in place of what is known.
    Brain {
        /// What.
        brain: Box<Brain>,
    },
    /// The measurement of an offer, as it was kept; comes before the store's plan.
    Epoch(Epoch),
    /// Nothing but time has passed.
    Wake,
}

impl Input {
    /// The customer that it is about; of a merge the one who stays.
    #[must_use]
    pub const fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Link { customer, .. }
            | Self::Load { customer, .. }
            | Self::Event { customer, .. }
            | Self::Consent { customer, .. }
            | Self::Outcome { customer, .. }
            | Self::Delivery { customer, .. }
            | Self::Forget { customer }
            | Self::Presence { customer, .. }
            | Self::Around { customer, .. }
            | Self::Gone { customer, .. }
            | Self::Ask { customer, .. }
            | Self::Merge { into: customer, .. }
            | Self::Split { into: customer, .. }
            | Self::Refused { customer, .. } => Some(customer),
            Self::Plan(_)
            | Self::Sighting { .. }
            | Self::Anchor { .. }
            | Self::Survey { .. }
            | Self::Calibration { .. }
            | Self::Reading { .. }
            | Self::Unlink { .. }
            | Self::Lease { .. }
            | Self::Restore { .. }
            | Self::Lever { .. }
            | Self::Learnt { .. }
            | Self::Brain { .. }
            | Self::Epoch(_)
            | Self::Wake => None,
        }
    }
}

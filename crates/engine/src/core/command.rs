//! What the core can cause, as data.

use model::decision::Decision;
use model::delivery::Delivery;
use model::fusion::{Attribution, Occupancy};
use model::ids::{CustomerId, DecisionId, OfferId, StoreId};
use model::outcome::Outcome;
use model::position::Position;
use model::presence::{Presence, Visit};
use model::reading::Reading;
use model::subject::Subject;
use model::time::Timestamp;
use serde::Serialize;

use crate::shopper::Purchase;

/// Everything that the core can cause. The shell's one `match` over it is the list of all that can happen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "command", content = "with")]
#[expect(clippy::large_enum_variant, reason = "a command is moved once and done at once, so a box would only cost")]
pub enum Command {
    /// A stay in a zone changed.
    Presence(Presence),
    /// Somebody is believed to be here.
    Position {
        /// In which store.
        store: StoreId,
        /// Who and where.
        position: Position,
    },
    /// A visit started, went on or ended.
    Visit(Visit),
    /// A sensor's report was accepted, once.
    Reading {
        /// In which store.
        store: StoreId,
        /// What.
        reading: Reading,
    },
    /// A subject has fallen silent: where it is, is not known for now. It has not left.
    Quiet {
        /// In which store.
        store: StoreId,
        /// Who.
        subject: Subject,
        /// When it was last heard.
        at: Timestamp,
    },
    /// Something was taken from a shelf, by one of these with these probabilities.
    Attribution {
        /// In which store.
        store: StoreId,
        /// What, and who.
        attribution: Attribution,
    },
    /// Another number of people is expected in a zone or in the store.
    Occupancy {
        /// In which store.
        store: StoreId,
        /// Where, and how many.
        occupancy: Occupancy,
    },
    /// A decision was made, for an offer or for silence; ghost offers of the holdout too.
    Decided(Decision),
    /// An offer must get to a customer.
    Deliver(Delivery),
    /// The core itself found out what became of a decision.
    Outcome {
        /// Whose decision.
        customer: CustomerId,
        /// What became of it.
        outcome: Outcome,
    },
    /// A line of an order was paid; it counts once, whoever tells of it.
    Bought {
        /// By whom.
        customer: CustomerId,
        /// What, and to which decision it is put down.
        purchase: Purchase,
    },
    /// A delivery that is still on its way is not wanted any more.
    Cancel {
        /// To whom.
        customer: CustomerId,
        /// Of which decision.
        decision: DecisionId,
    },
    /// An offer harms and is stopped, until a person changes it.
    Stopped {
        /// In which store.
        store: StoreId,
        /// Which offer.
        offer: OfferId,
        /// How strong the evidence is.
        e: f64,
    },
    /// Something that a person should look at.
    Alarm {
        /// In which store.
        store: StoreId,
        /// What, in one word: `drift`.
        what: String,
    },
    /// Lease more of an offer's budget, and answer with [`Input::Lease`](super::input::Input::Lease).
    NeedLease {
        /// In which store.
        store: StoreId,
        /// Of which offer.
        offer: OfferId,
    },
}

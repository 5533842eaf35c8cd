//! An event: what an app or a shop system tells about a customer. It carries intent, purchase or consent.

use serde::{Deserialize, Serialize};

use crate::consent::ConsentRecord;
use crate::ids::{CategoryId, MessageId, ProductId};
use crate::preferences::Preferences;
use crate::time::Timestamp;
use crate::units::{Cents, Probability};

/// How a product or category was touched. Each has its own weight and half-life in the intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interest {
    /// Seen in a list or found by a search.
    Listed,
    /// Opened.
    Viewed,
    /// Put into the cart.
    Added,
    /// Taken out of the cart.
    Removed,
    /// Put on the wish list.
    Wished,
    /// Taken off the wish list.
    Unwished,
    /// Shared or reviewed.
    Shared,
    /// Lifted from the shelf in the store.
    PickedUp,
    /// Put back on the shelf in the store.
    PutBack,
    /// Answered an offer of it with "more like this".
    MoreWanted,
}

const fn certain() -> Probability {
    Probability::ONE
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// What.
    pub product: ProductId,
    /// How many.
    pub quantity: u32,
    /// For how much each.
    pub price: Option<Cents>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum EventKind {
    /// Interest in a product or in a category.
    Interest {
        /// How it was touched.
        interest: Interest,
        /// The product, when known.
        product: Option<ProductId>,
        /// The category, when known.
        category: Option<CategoryId>,
        /// Belief that it was this customer: less than one for what a sensor shares out among those near.
        #[serde(default = "certain")]
        probability: Probability,
    },
    /// An order was paid.
    Purchased {
        /// The shop's order number.
        order: Option<String>,
        /// What was bought.
        lines: Vec<OrderLine>,
    },
    /// An order, or a part of it, came back.
    Returned {
        /// The shop's order number.
        order: Option<String>,
        /// What came back; empty means all of it.
        lines: Vec<OrderLine>,
    },
    /// Consent was given or withdrawn.
    Consent(ConsentRecord),
    /// The app was opened.
    Opened,
    /// They complained: promotions pause.
    Complained,
    /// They said what they want to be told, and how. It replaces what was said before.
    Preferences(Preferences),
    /// Somebody else told them something; it counts in the caps over all offers.
    Contacted {
        /// By which way, such as `email`.
        channel: String,
    },
    /// Something that the decision core does not read.
    Other {
        /// The event's name as sent.
        name: String,
    },
}

/// What an app or a shop system tells about one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The sender's id of it.
    pub id: MessageId,
    /// When it happened, the sender's clock skew taken out.
    pub at: Timestamp,
    /// What happened.
    pub what: EventKind,
}

//! A delivery: getting a decision to one endpoint on one channel.

use serde::{Deserialize, Serialize};

use crate::ids::{CustomerId, DecisionId, DeliveryId, OfferId, StoreId, ZoneId};
use crate::offer::{Channel, Content};
use crate::time::Timestamp;
use crate::units::Cents;

/// What the shell must get to a customer's endpoints.
///
/// The shell fans it out to the customer's devices; every copy carries the same collapse key, so a phone shows it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The decision behind it.
    pub decision: DecisionId,
    /// For whom.
    pub customer: CustomerId,
    /// In which store.
    pub store: StoreId,
    /// The offer.
    pub offer: OfferId,
    /// The zone where the moment was.
    pub zone: ZoneId,
    /// What to say.
    pub content: Content,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// After this it must not be sent any more: a late offer is a wrong offer.
    pub expires_at: Timestamp,
    /// What the customer saves.
    #[serde(default)]
    pub discount: Cents,
    /// By which way.
    #[serde(default)]
    pub channel: Channel,
    /// What the product cost when it was decided; none for an offer on more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Cents>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Committed, not sent yet.
    Pending,
    /// Handed to the channel; its answer is not known yet.
    Sending,
    /// The channel took it.
    Sent,
    /// The channel refused it for good.
    Failed,
    /// It was not sent in time.
    Expired,
    /// A check just before sending said no (consent, place, budget).
    Withheld,
}

//! Who is located.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, TagId};

/// A pseudonym of an unknown transmitter: keyed, short-lived, meaningless outside one edge box and one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pseudonym(pub u64);

/// Who is located: a device that is known and consented, a tag of the store, or somebody without a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A device of a customer who consents to being located.
    Device(DeviceId),
    /// A tag, cart or card of the store; no person is behind it unless a card is linked to one.
    Tag(TagId),
    /// Somebody unknown: counted, never profiled.
    Anonymous(Pseudonym),
}

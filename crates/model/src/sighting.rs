//! A sighting: one receiver heard one transmitter during one short window.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, ReceiverId};
use crate::subject::Pseudonym;
use crate::time::{Millis, Timestamp};
use crate::units::Dbm;

/// The 20-byte rotating customer id: prefix(4), Eddystone-EID(8), tag(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RollingId {
    /// The chain's constant, so that cheap receivers can filter on it.
    pub prefix: [u8; 4],
    /// The ephemeral id of the device's current time slot.
    pub eid: [u8; 8],
    /// A keyed check over prefix, eid and slot: tells a forged id from a true one.
    pub tag: [u8; 8],
}

impl RollingId {
    /// Reads the 20 bytes that follow an iBeacon header (uuid, major, minor).
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 20]) -> Self {
        let mut id = Self { prefix: [0; 4], eid: [0; 8], tag: [0; 8] };
        id.prefix.copy_from_slice(&bytes[..4]);
        id.eid.copy_from_slice(&bytes[4..12]);
        id.tag.copy_from_slice(&bytes[12..]);
        id
    }

    /// The 20 bytes as they go on the air.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&self.prefix);
        bytes[4..12].copy_from_slice(&self.eid);
        bytes[12..].copy_from_slice(&self.tag);
        bytes
    }
}

/// What was heard, after the edge box removed everything that it must not pass on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transmitter {
    /// A rotating customer id in full; only the server can tell whose.
    Rolling(RollingId),
    /// A bare Eddystone-EID from service data; only the server can tell whose.
    Eid([u8; 8]),
    /// An iBeacon under one of the store's own UUIDs: a tag, cart or card.
    Beacon {
        /// The proximity UUID.
        uuid: [u8; 16],
        /// The major number.
        major: u16,
        /// The minor number.
        minor: u16,
    },
    /// A phone that told us what it hears: the device itself, known by its token.
    Device(DeviceId),
    /// Anything else, as a pseudonym of this edge box.
    Anonymous(Pseudonym),
}

/// Summary of the signal strengths in the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RssiSummary {
    /// Mean.
    pub mean: Dbm,
    /// Weakest.
    pub min: Dbm,
    /// Strongest.
    pub max: Dbm,
    /// Variance in dB², when the receiver filtered the values itself and says so.
    pub variance: Option<f32>,
}

/// One receiver heard one transmitter during one short window.
///
/// The fixed end is always `receiver` and the moving end `transmitter`, also when it was the phone that heard a beacon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// The fixed end, with a place on the plan.
    pub receiver: ReceiverId,
    /// The moving end.
    pub transmitter: Transmitter,
    /// The end of the window.
    pub at: Timestamp,
    /// The window's length.
    pub window: Millis,
    /// Frames heard in it; at least 1.
    pub count: u16,
    /// How strong they were.
    pub rssi: RssiSummary,
    /// The power the frame says it would have at 1 m, in dBm.
    pub power_at_1m: Option<i8>,
}

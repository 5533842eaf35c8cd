//! The uplink: numbered batches from a gateway to the server, and the server's acknowledgements, as protobuf.
//!
//! The messages on the wire are in `message`; here they are `model` types, bounded and checked.

pub mod clock;
mod message;
pub mod pack;
mod read;
mod write;

use bytes::Bytes;
use clock::Clocks;
use model::anchor::Advertised;
use model::ids::{BootId, GatewayId, ReceiverId, SensorId};
use model::reading::Reading;
use model::sighting::Sighting;
use model::time::{Millis, Timestamp};
use prost::Message as _;

/// Longest batch, in bytes.
pub const BATCH_LEN_MAX: usize = 256 * 1024;
/// Most sightings in a batch.
pub const SIGHTINGS_MAX: usize = 5_000;
/// Most readings in a batch.
pub const READINGS_MAX: usize = 1_000;
/// Most receivers that a batch may speak of.
pub const RECEIVERS_MAX: usize = 1_024;
/// Most beacons and sensors of which one health report tells.
pub const BEACONS_MAX: usize = 64;
/// Most reasons that a health report may count.
pub const DROP_CODES_MAX: usize = 64;
/// Longest acknowledgement, in bytes.
pub const ACK_LEN_MAX: usize = 256;
/// Longest window of a sighting.
pub const WINDOW_MAX: Millis = Millis::minutes(1);

/// What a gateway sends up at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Which gateway.
    pub gateway: GatewayId,
    /// Which spool: random at the making of its folder, so that a fresh folder may count from 1 again.
    pub spool: [u8; 16],
    /// Which run of the gateway.
    pub boot: BootId,
    /// Its number in the spool, from 1. On the volatile lane it is 0.
    pub seq: u64,
    /// The lowest number that the spool still holds; below it nothing will come any more. 0 on the volatile lane.
    pub oldest: u64,
    /// When it was sent, on the time line by which the gateway stamps.
    pub sent_at: Timestamp,
    /// What was heard.
    pub sightings: Vec<Sighting>,
    /// What sensors reported.
    pub readings: Vec<Reading>,
    /// How the gateway fares.
    pub health: Option<Health>,
    /// Numbers below this one come later, as backlog, and no order is kept between them and those above. 0 while there is no backlog.
    pub live_from: u64,
    /// It was kept back and comes after newer ones: it feeds figures, and nobody is to be told anything because of it.
    pub historical: bool,
    /// How the gateway's clocks stood then; none from a gateway that does not say.
    pub clocks: Option<Clocks>,
}

impl Batch {
    /// One without content and without a number.
    #[must_use]
    pub const fn empty(gateway: GatewayId, boot: BootId, sent_at: Timestamp) -> Self {
        Self {
            gateway,
            spool: [0; 16],
            boot,
            seq: 0,
            oldest: 0,
            sent_at,
            sightings: Vec::new(),
            readings: Vec::new(),
            health: None,
            live_from: 0,
            historical: false,
            clocks: None,
        }
    }
}

/// The numbers of a batch, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Which gateway.
    pub gateway: GatewayId,
    /// Which spool.
    pub spool: [u8; 16],
    /// Its number in the spool.
    pub seq: u64,
    /// The lowest number that the spool still holds.
    pub oldest: u64,
    /// Numbers below this one come later; 0 while there is no backlog.
    pub live_from: u64,
}

/// How a gateway fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Batches that wait in the spool.
    pub spool_batches: u64,
    /// Bytes that wait in the spool.
    pub spool_bytes: u64,
    /// Age of the oldest batch that waits; 0 if none does.
    pub oldest_unsent_ms: u64,
    /// Advertisements heard since the start.
    pub adverts_heard: u64,
    /// Sightings sent since the start.
    pub sightings_sent: u64,
    /// What was dropped since the start, by reason.
    pub dropped: Vec<(String, u64)>,
    /// How its receivers fare.
    pub receivers: Vec<ReceiverHealth>,
    /// Sightings that its spool let go, or its disk refused, before the server had them.
    pub sightings_lost: u64,
    /// The same for readings.
    pub readings_lost: u64,
    /// Batches that were kept back and wait behind what is new.
    pub backlog: u64,
    /// How some of the shop's own beacons and sensors fare; the next report tells of others.
    pub beacons: Vec<BeaconHealth>,
}

/// How a receiver fares, as its gateway sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverHealth {
    /// Which receiver.
    pub receiver: ReceiverId,
    /// When it last said something.
    pub last_heard: Timestamp,
    /// Messages since the gateway's start.
    pub heard: u64,
    /// What it is: `radio` for the box's own, else whose form it speaks; empty when an older box does not say.
    pub kind: String,
    /// What of it became a sighting's part; the rest was left out for a reason that [`Health::dropped`] counts.
    pub forwarded: u64,
    /// What it heard and lost for want of room before it was looked at.
    pub overflowed: u64,
    /// How often it stopped hearing, and heard again.
    pub gaps: u64,
    /// How long it did not hear, together, in milliseconds.
    pub gap_ms: u64,
    /// What it says that it sent and that never came.
    pub missed: u64,
    /// Frames that its radio heard, by its own account; none when it does not say.
    pub on_air: Option<u64>,
    /// Whether it is there, by its own word or its will; none when it gives none.
    pub there: Option<bool>,
}

impl ReceiverHealth {
    /// A receiver of which no more is known.
    #[must_use]
    pub const fn new(receiver: ReceiverId, last_heard: Timestamp, heard: u64) -> Self {
        Self {
            receiver,
            last_heard,
            heard,
            kind: String::new(),
            forwarded: 0,
            overflowed: 0,
            gaps: 0,
            gap_ms: 0,
            missed: 0,
            on_air: None,
            there: None,
        }
    }
}

/// How one of the shop's own beacons or sensors fares, by what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeaconHealth {
    /// Which.
    pub who: Bearer,
    /// When it last said so.
    pub at: Timestamp,
    /// Its battery, in percent.
    pub battery_percent: Option<u8>,
    /// Its battery, in millivolt.
    pub battery_mv: Option<u16>,
    /// Whether it is there, by its own word or its will; none when it gives none.
    pub there: Option<bool>,
}

/// What has a battery.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearer {
    /// A beacon, tag or cart of the store, by its numbers.
    Beacon(Advertised),
    /// A sensor.
    Sensor(SensorId),
}

/// The server has committed every batch of a spool up to this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Which spool.
    pub spool: [u8; 16],
    /// Through which number.
    pub through: u64,
    /// Besides, everything from the first to the second of these numbers: what was sent live while a backlog waits below it.
    pub beyond: Option<(u64, u64)>,
    /// How far the server's clock is ahead of the gateway's time line, once it is known.
    pub offset: Option<Millis>,
    /// Whether the server also takes packs.
    pub packs: bool,
    /// The first and the last of the batches that this answers and that the server could not read: it has their numbers, and
    /// nothing of what was in them.
    pub refused: Option<(u64, u64)>,
}

/// Why a batch or an acknowledgement can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is too long.
    #[error("the message has {len} bytes, at most {max} are read")]
    TooLarge {
        /// Bytes it has.
        len: usize,
        /// Bytes that are read.
        max: usize,
    },
    /// It is no protobuf of this shape, or it is cut short.
    #[error("read the protobuf")]
    NotProtobuf(#[source] prost::DecodeError),
    /// A list is too long.
    #[error("{field} has {len} entries, at most {max} are read")]
    TooMany {
        /// Which.
        field: &'static str,
        /// Entries it has.
        len: usize,
        /// Entries that are read.
        max: usize,
    },
    /// A part is missing, or of a kind that a newer gateway knows and this server does not.
    #[error("{field} is missing or of an unknown kind")]
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A field holds what it can't hold.
    #[error("{field} is out of range: {range}")]
    OutOfRange {
        /// Which.
        field: &'static str,
        /// What is possible.
        range: &'static str,
    },
    /// A name can't be an id.
    #[error("take {field} as an id")]
    BadName {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: model::ids::IdError,
    },
}

impl Error {
    /// The stable code for counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::NotProtobuf(_) => "not-protobuf",
            Self::TooMany { .. } => "too-many",
            Self::Missing { .. } => "missing-field",
            Self::OutOfRange { .. } => "out-of-range",
            Self::BadName { .. } => "bad-name",
        }
    }
}

/// Writes a batch.
#[must_use]
pub fn encode(batch: &Batch) -> Bytes {
    write::batch(batch).encode_to_vec().into()
}

/// Reads a batch.
///
/// # Errors
/// [`Error`] names the field that makes it useless.
pub fn decode(payload: &[u8]) -> Result<Batch, Error> {
    check_length(payload, BATCH_LEN_MAX)?;
    read::batch(message::Batch::decode(payload).map_err(Error::NotProtobuf)?)
}

/// Reads the numbers of a batch whose content may be useless, so that the server can step over it instead of asking for it for ever.
/// It may be longer than any that is read: nothing else of it is looked at.
///
/// # Errors
/// [`Error`] names the field without which even that is not possible.
pub fn decode_numbers(payload: &[u8]) -> Result<Numbers, Error> {
    read::numbers(&message::Numbers::decode(payload).map_err(Error::NotProtobuf)?)
}

/// Writes an acknowledgement.
#[must_use]
pub fn encode_ack(ack: Ack) -> Bytes {
    write::ack(ack).encode_to_vec().into()
}

/// Reads an acknowledgement.
///
/// # Errors
/// [`Error`] names the field that makes it useless.
pub fn decode_ack(payload: &[u8]) -> Result<Ack, Error> {
    check_length(payload, ACK_LEN_MAX)?;
    read::ack(&message::Ack::decode(payload).map_err(Error::NotProtobuf)?)
}

/// Whether a time can be that of an event: from 1970 to the year 9999.
#[must_use]
pub const fn is_possible(at: Timestamp) -> bool {
    at.0 >= 0 && at.0 < 253_402_300_800_000
}

const fn check_length(payload: &[u8], max: usize) -> Result<(), Error> {
    if payload.len() > max {
        return Err(Error::TooLarge { len: payload.len(), max });
    }
    Ok(())
}

#[cfg(test)]
mod tests;

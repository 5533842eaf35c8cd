//! What other makers' receivers and sensors publish, read into one shape and written exactly as they write it.
//!
//! One file per maker. Names, enrolled keys and the makers' own distances are never taken over.

pub mod cassia;
pub mod counter;
mod digits;
pub mod espresense;
mod json;
pub mod kontakt;
pub mod minew;
pub mod moko;
pub mod openmqttgateway;
pub mod presence;
pub mod raddec;
pub mod ruuvi;
pub mod shelf;
pub mod shelly;
pub mod status;
pub mod tasmota;
pub mod theengs;
pub mod zigbee;

use model::ids::{IdError, ReceiverId};
use model::time::Timestamp;
use model::units::Dbm;

use crate::ble::address::{Address, AddressKind};
use crate::ble::frame::{Frame, Frames};
use crate::topics::{self, Topic};
use json::{Range, Tree};

/// Longest message that is read, in bytes.
pub const PAYLOAD_LEN_MAX: usize = 64 * 1024;
/// Deepest nesting of a JSON message that is read.
pub const JSON_DEPTH_MAX: usize = 32;
/// Longest text of a JSON message that is read, in bytes; longer ones are passed over where nobody asks for them.
pub const TEXT_LEN_MAX: usize = 4 * 1024;
/// The weakest strength that a receiver can report, in dBm.
pub const RSSI_MIN: f64 = -127.0;
/// The strongest strength that a receiver can report, in dBm; 127 is how a radio says that it does not know.
pub const RSSI_MAX: f64 = 20.0;

/// One receiver heard one transmitter once, or as a value that the receiver itself has filtered.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Who heard it.
    pub receiver: ReceiverId,
    /// The transmitter's radio address. It must not leave the edge box.
    pub address: Option<Address>,
    /// What it sent that we can read; none when the receiver passed on nothing of the kind.
    pub frames: Frames,
    /// How strong it was.
    pub rssi: Dbm,
    /// Variance of `rssi` in dB², when the receiver filtered it.
    pub variance: Option<f32>,
    /// Strength at 1 m, by the frame or by the receiver's own table.
    pub power_at_1m: Option<i8>,
    /// The receiver's own time: to the second at best and never to be used for ordering.
    pub at: Option<Timestamp>,
}

impl Heard {
    /// The frame that says most about who is there.
    #[must_use]
    pub fn frame(&self) -> Option<Frame> {
        self.frames.best()
    }
}

/// A message ready to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
}

/// Why a message was dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The topic is not one that we read.
    #[error("the topic is none that is read here; check the subscription against wire::topics")]
    UnknownTopic,
    /// The topic or payload names a receiver or sensor in a way that can't be an id.
    #[error("{field}: {source}; name the device with letters, digits, '.', '_', ':' or '-'")]
    BadName {
        /// Where the name stands.
        field: &'static str,
        /// What is wrong with it.
        source: IdError,
    },
    /// The message is too long.
    #[error("the message has {len} bytes, at most {max} are read; let the device report more often")]
    TooLarge {
        /// Bytes it has.
        len: usize,
        /// Bytes that are read.
        max: usize,
    },
    /// The message is not text.
    #[error("the message is not UTF-8; set the device to JSON")]
    NotUtf8,
    /// The message is no JSON, or it is cut short.
    #[error("the message is no complete JSON of the expected shape; set the device to JSON and check its buffer size")]
    NotJson,
    /// The message is nested too deeply.
    #[error("the message is nested deeper than {JSON_DEPTH_MAX} levels")]
    TooDeep,
    /// A field that must be there is not.
    #[error("{field} is missing; switch it on in the device's settings")]
    MissingField {
        /// Which.
        field: &'static str,
    },
    /// A field has another type than it must have.
    #[error("{field} is not {expected}")]
    WrongType {
        /// Which.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A number or a length is not possible.
    #[error("{field} is out of range: {range}")]
    OutOfRange {
        /// Which.
        field: &'static str,
        /// What is possible.
        range: &'static str,
    },
    /// A field is not written as it must be.
    #[error("{field} is not {expected}")]
    Malformed {
        /// Which.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A form that the maker has and that is not read here.
    #[error("{form} is known and not read here; set the device to {instead}")]
    KnownUnread {
        /// Which.
        form: &'static str,
        /// What is read in its place.
        instead: &'static str,
    },
    /// A binary message ends before its own lengths say.
    #[error("the message ends inside {field}; check the device's buffer size")]
    CutShort {
        /// Where.
        field: &'static str,
    },
}

impl Rejected {
    /// Every code, for metrics and pages.
    pub const CODES: [&'static str; 12] = [
        "unknown-topic",
        "bad-name",
        "too-large",
        "not-utf8",
        "not-json",
        "too-deep",
        "missing-field",
        "wrong-type",
        "out-of-range",
        "malformed",
        "known-unread",
        "cut-short",
    ];

    /// The stable code for counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownTopic => "unknown-topic",
            Self::BadName { .. } => "bad-name",
            Self::TooLarge { .. } => "too-large",
            Self::NotUtf8 => "not-utf8",
            Self::NotJson => "not-json",
            Self::TooDeep => "too-deep",
            Self::MissingField { .. } => "missing-field",
            Self::WrongType { .. } => "wrong-type",
            Self::OutOfRange { .. } => "out-of-range",
            Self::Malformed { .. } => "malformed",
            Self::KnownUnread { .. } => "known-unread",
            Self::CutShort { .. } => "cut-short",
        }
    }
}

/// Reads a message of any receiver under the makers' usual topics. Sensors are read by [`counter`] and [`shelf`].
///
/// # Errors
/// [`Rejected`] when nothing of the message can be used.
pub fn decode(topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    match Topic::parse(topic).ok_or(Rejected::UnknownTopic)? {
        Topic::EspresenseDevice { .. } => espresense::decode(topic, payload),
        Topic::BtToMqtt { .. } => theengs::decode(topic, payload),
        Topic::Minew { .. } => minew::decode(topic, payload),
        Topic::EspresenseStatus { .. }
        | Topic::EspresenseTelemetry { .. }
        | Topic::TasmotaSensor { .. }
        | Topic::Counter { .. }
        | Topic::GatewayUp { .. }
        | Topic::GatewayLive { .. }
        | Topic::GatewayAck { .. }
        | Topic::GatewayState { .. } => Err(Rejected::UnknownTopic),
    }
}

fn receiver(field: &'static str, name: &str) -> Result<ReceiverId, Rejected> {
    ReceiverId::new(name).map_err(|source| Rejected::BadName { field, source })
}

/// A gateway is known by its address in upper case, however it is spelt, or else by the name that people gave it.
enum Gateway {
    Address(Address),
    Name(ReceiverId),
}

impl Gateway {
    fn parse(text: &str) -> Result<Self, Rejected> {
        match Address::parse(text, AddressKind::Unknown) {
            Some(address) => Ok(Self::Address(address)),
            None => receiver("gateway", text).map(Self::Name),
        }
    }

    fn id(self) -> Result<ReceiverId, Rejected> {
        match self {
            Self::Address(address) => {
                receiver("gateway", std::str::from_utf8(&address.upper_digits()).unwrap_or_default())
            }
            Self::Name(name) => Ok(name),
        }
    }
}

fn gateway_name(text: &str) -> Result<ReceiverId, Rejected> {
    Gateway::parse(text)?.id()
}

/// Whether a text names that gateway, however its address is spelt.
fn is_named(gateway: &ReceiverId, text: &str) -> bool {
    match Address::parse(text, AddressKind::Unknown) {
        Some(address) => gateway.as_str().as_bytes() == address.upper_digits(),
        None => gateway.as_str() == text,
    }
}

/// The gateway that a topic names under a filter's first `+`.
fn gateway_of(filter: &str, topic: &str) -> Result<Option<ReceiverId>, Rejected> {
    gateway_under(filter, topic)?.map(Gateway::id).transpose()
}

/// The same before its id is made, for makers whose messages mostly name the gateway themselves.
fn gateway_under(filter: &str, topic: &str) -> Result<Option<Gateway>, Rejected> {
    topics::under(filter, topic).ok_or(Rejected::UnknownTopic)?.map(Gateway::parse).transpose()
}

/// The gateway that a message names in a field, or else its topic.
fn gateway_named(field: &'static str, name: Option<&str>, from_topic: Option<Gateway>) -> Result<ReceiverId, Rejected> {
    match name {
        Some(name) => gateway_name(name),
        None => from_topic.ok_or(Rejected::MissingField { field })?.id(),
    }
}

fn read_address(text: &str, field: &'static str, kind: AddressKind) -> Result<Address, Rejected> {
    Address::parse(text, kind).ok_or(Rejected::Malformed { field, expected: "an address of 12 hexadecimal digits" })
}

fn read_rssi(rssi: Tree<'_>) -> Result<Dbm, Rejected> {
    let rssi = rssi.number("rssi", &Range::RSSI)?.ok_or(Rejected::MissingField { field: "rssi" })?;
    #[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
    Ok(Dbm(rssi as f32))
}

/// Every frame of advertisements given as hexadecimal digits, such as an advertisement and its scan response.
fn read_frames<'a>(field: &'static str, all: impl IntoIterator<Item = Option<&'a str>>) -> Result<Frames, Rejected> {
    let mut frames = Frames::default();
    for digits in all.into_iter().flatten() {
        digits::with_bytes(field, digits, |raw| frames.decode(raw))?;
    }
    Ok(frames)
}

/// A transmitter that a gateway heard once.
fn heard(receiver: ReceiverId, address: Option<Address>, frames: Frames, rssi: Dbm, at: Option<Timestamp>) -> Heard {
    let power_at_1m = frames.power_at_1m();
    Heard { receiver, address, frames, rssi, variance: None, power_at_1m, at }
}

/// What can be read of a list, if anything can: one useless element does not spoil the others.
fn of_elements(elements: impl IntoIterator<Item = Result<Option<Heard>, Rejected>>) -> Result<Vec<Heard>, Rejected> {
    // Most messages tell of one transmitter, and room for one is cheap to come by.
    let (mut all, mut first) = (Vec::with_capacity(1), None);
    for element in elements {
        match element {
            Ok(Some(heard)) => all.push(heard),
            Ok(None) => {}
            Err(rejected) => first = first.or(Some(rejected)),
        }
    }
    match first {
        Some(rejected) if all.is_empty() => Err(rejected),
        Some(_) | None => Ok(all),
    }
}

fn from_seconds(seconds: f64) -> Timestamp {
    Timestamp(json::rounded(seconds * 1_000.0))
}

#[cfg(test)]
mod makers;
#[cfg(test)]
mod tests;

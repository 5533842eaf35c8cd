//! Why a request, or one event of it, is not taken.

use super::{EVENT_LEN_MAX, EVENTS_MAX};

/// Why a whole request can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// The body is JSON but not an object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// A batch without events.
    #[error("batch is missing or is not a list")]
    NoBatch,
    /// More events than one batch may hold.
    #[error("the batch has {0} events, at most {EVENTS_MAX} are allowed")]
    TooMany(usize),
    /// The one event of the request is larger than an event may be.
    #[error("the event has {bytes} bytes, at most {EVENT_LEN_MAX} are allowed; most of them are in {field}")]
    TooLarge {
        /// Its largest field.
        field: String,
        /// How large it is.
        bytes: usize,
    },
}

/// Why one event was left out. The code goes to metrics and to the answer's side report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reject {
    /// Not a JSON object.
    NotAnObject,
    /// Larger than one event may be.
    TooLarge,
    /// No `type`, or one that is not known.
    UnknownType,
    /// Neither `userId` nor `anonymousId`, or one of them is not an id.
    NoIdentity,
    /// The only id is one that many have, such as `null` or `0000`.
    BlockedIdentity,
    /// `messageId` is not an id of at most 200 bytes.
    BadMessageId,
    /// `track` without the event's name.
    NoEventName,
    /// `timestamp`, `originalTimestamp` or `sentAt` is not a time.
    BadTime,
}

impl Reject {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAnObject => "not-an-object",
            Self::TooLarge => "too-large",
            Self::UnknownType => "unknown-type",
            Self::NoIdentity => "no-identity",
            Self::BlockedIdentity => "blocked-identity",
            Self::BadMessageId => "bad-message-id",
            Self::NoEventName => "no-event-name",
            Self::BadTime => "bad-time",
        }
    }
}

//! The Segment HTTP API as values: bytes in, calls and rejects out. One bad event never fails a batch.
//!
//! Nothing here knows the store, the clock or the network; who may be stored is decided behind it.

mod refused;

use model::event::EventKind;
use model::ids::{AnonymousId, CustomerId, DecisionId, MessageId};
use model::time::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::commerce;
use crate::identity::{self, Name, is_blocked};

pub use refused::{Error, Reject};

/// Largest single event.
pub const EVENT_LEN_MAX: usize = 32 * 1024;
/// Most events in one batch.
pub const EVENTS_MAX: usize = 2_500;
/// Longest message id taken; what one event says many times is numbered behind it.
const MESSAGE_ID_LEN_MAX: usize = 200;
/// The types of external ids that are loyalty cards.
const CARDS: [&str; 3] = ["card", "loyalty_card", "loyalty_id"];
/// Most names of other kinds that are read of one call.
const NAMES_MAX: usize = 20;
/// From this number on a time is in milliseconds since 1970, below it in seconds.
const SECONDS_MAX: f64 = 1e11;
/// The event that carries nothing but consent.
const CONSENT_EVENT: &str = "segment consent preference updated";

/// Which endpoint was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/v1/identify` and `/v1/i`.
    Identify,
    /// `/v1/track` and `/v1/t`.
    Track,
    /// `/v1/page` and `/v1/p`.
    Page,
    /// `/v1/screen` and `/v1/s`.
    Screen,
    /// `/v1/group` and `/v1/g`.
    Group,
    /// `/v1/alias` and `/v1/a`.
    Alias,
    /// `/v1/batch`, `/v1/b` and `/v1/import`.
    Batch,
}

impl Endpoint {
    /// The endpoint of a path's last part.
    #[must_use]
    pub fn from_path(name: &str) -> Option<Self> {
        Some(match name {
            "identify" | "i" => Self::Identify,
            "track" | "t" => Self::Track,
            "page" | "p" => Self::Page,
            "screen" | "s" => Self::Screen,
            "group" | "g" => Self::Group,
            "alias" | "a" => Self::Alias,
            "batch" | "b" | "import" => Self::Batch,
            _ => return None,
        })
    }
}

/// What a call says about consent. A purpose that is not named says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Being located.
    pub locating: Option<bool>,
    /// Keeping a profile.
    pub profiling: Option<bool>,
    /// Getting offers.
    pub marketing_push: Option<bool>,
}

impl Preferences {
    /// Whether it names any purpose.
    #[must_use]
    pub const fn any(self) -> bool {
        self.locating.is_some() || self.profiling.is_some() || self.marketing_push.is_some()
    }
}

/// One call that can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The sender's id of it, or one made from its content.
    pub id: MessageId,
    /// The known user.
    pub user: Option<CustomerId>,
    /// The visitor before the log-in.
    pub anonymous: Option<AnonymousId>,
    /// When it happened by our clock.
    pub at: Timestamp,
    /// Further names of the same person: cards, phones, and who they were before an alias.
    pub names: Vec<Name>,
    /// It says who somebody is: identify or alias.
    pub is_login: bool,
    /// What it says about consent.
    pub consent: Preferences,
    /// What it says besides: nothing for identify, group and alias.
    pub says: Vec<EventKind>,
    /// The decision whose offer was used.
    pub redeems: Option<DecisionId>,
}

impl Call {
    /// The id of the `n`th thing this call says; the first has the call's own.
    ///
    /// # Panics
    /// Never: the call's id leaves room for the number.
    #[must_use]
    pub fn event_id(&self, n: usize) -> MessageId {
        if n == 0 {
            return self.id.clone();
        }
        MessageId::new(&format!("{}#{n}", self.id)).expect("a checked id of at most 200 bytes and a short number")
    }
}

/// A request, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// The write key in the body; Segment's clients repeat it there.
    pub write_key: Option<String>,
    /// What can be read.
    pub calls: Vec<Call>,
    /// What can't, by its place in the batch.
    pub rejected: Vec<(usize, Reject)>,
}

/// Reads a request's plain body.
///
/// # Errors
/// [`Error`] when the body as a whole can't be read.
pub fn parse(endpoint: Endpoint, body: &[u8], received: Timestamp) -> Result<Parsed, Error> {
    let whole: Value = serde_json::from_slice(body).map_err(|e| Error::NotJson(e.to_string()))?;
    let Value::Object(whole) = whole else { return Err(Error::NotAnObject) };
    read(endpoint, &whole, received)
}

/// Reads a request that is JSON already.
///
/// # Errors
/// [`Error`] when the body as a whole can't be read.
pub fn read(endpoint: Endpoint, whole: &Map<String, Value>, received: Timestamp) -> Result<Parsed, Error> {
    let write_key = whole.get("writeKey").and_then(Value::as_str).filter(|k| k.len() <= 256).map(str::to_owned);
    let mut parsed = Parsed { write_key, ..Parsed::default() };
    if endpoint == Endpoint::Batch {
        let events = whole.get("batch").and_then(Value::as_array).ok_or(Error::NoBatch)?;
        if events.len() > EVENTS_MAX {
            return Err(Error::TooMany(events.len()));
        }
        for (index, event) in events.iter().enumerate() {
            parsed.take(index, event.as_object(), whole, None, received);
        }
    } else {
        fits(whole)?;
        parsed.take(0, Some(whole), &Map::new(), Some(endpoint), received);
    }
    Ok(parsed)
}

/// Checks an event that is alone in its request: there is nothing else that refusing the request could harm.
///
/// # Errors
/// [`Error::TooLarge`] with the field that makes it so.
fn fits(event: &Map<String, Value>) -> Result<(), Error> {
    let bytes = weight(event);
    if bytes <= EVENT_LEN_MAX {
        return Ok(());
    }
    let largest = event.iter().max_by_key(|(_, value)| weight(value));
    let field = largest.map(|(key, _)| key.chars().take(64).collect()).unwrap_or_default();
    Err(Error::TooLarge { field, bytes })
}

impl Parsed {
    fn take(
        &mut self,
        index: usize,
        event: Option<&Map<String, Value>>,
        around: &Map<String, Value>,
        endpoint: Option<Endpoint>,
        received: Timestamp,
    ) {
        let read = match event {
            Some(event) => call(Source { event, around, index, received }, endpoint),
            None => Err(Reject::NotAnObject),
        };
        match read {
            Ok(call) => self.calls.push(call),
            Err(reject) => self.rejected.push((index, reject)),
        }
    }
}

/// One event with what surrounds it.
#[derive(Clone, Copy)]
struct Source<'a> {
    event: &'a Map<String, Value>,
    around: &'a Map<String, Value>,
    index: usize,
    received: Timestamp,
}

fn call(source: Source<'_>, endpoint: Option<Endpoint>) -> Result<Call, Reject> {
    if weight(source.event) > EVENT_LEN_MAX {
        return Err(Reject::TooLarge);
    }
    let kind = match endpoint {
        Some(endpoint) => endpoint,
        None => source.get("type").and_then(Value::as_str).and_then(endpoint_of_type).ok_or(Reject::UnknownType)?,
    };
    let (named, visited) = (source.id("userId", CustomerId::new)?, source.id("anonymousId", AnonymousId::new)?);
    let is_empty = named.is_none() && visited.is_none();
    // An id that everybody has is nobody's.
    let user = named.filter(|id| !is_blocked(id.as_str()));
    let anonymous = visited.filter(|id| !is_blocked(id.as_str()));
    if user.is_none() && anonymous.is_none() {
        return Err(if is_empty { Reject::NoIdentity } else { Reject::BlockedIdentity });
    }
    let at = source.time()?;
    let id = source.message_id()?;
    let (says, redeems) = says(kind, source)?;
    let is_login = matches!(kind, Endpoint::Identify | Endpoint::Alias);
    let names = names(kind, source, user.as_ref());
    Ok(Call { id, user, anonymous, at, names, is_login, consent: source.preferences(), says, redeems })
}

/// The names beside user and visitor: `context.device.id`, `context.externalIds` of cards, and `previousId` of an alias.
fn names(kind: Endpoint, source: Source<'_>, user: Option<&CustomerId>) -> Vec<Name> {
    let within = |key: &str| source.get("context").and_then(|context| context.get(key));
    let mut names = Vec::new();
    if kind == Endpoint::Alias {
        // An alias of oneself, which some clients send, says nothing.
        let previous = source.get("previousId").and_then(commerce::text);
        let previous = previous.filter(|id| user.is_none_or(|user| user.as_str() != id));
        names.extend(previous.and_then(|id| Name::new(identity::Kind::AnonymousId, &id)));
    }
    let device = within("device").and_then(|device| device.get("id")).and_then(commerce::text);
    names.extend(device.and_then(|id| Name::new(identity::Kind::Device, &id)));
    let external = within("externalIds").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for entry in external.iter().take(NAMES_MAX) {
        let is_card = entry.get("type").and_then(Value::as_str).is_some_and(|kind| CARDS.contains(&kind));
        let id = entry.get("id").and_then(commerce::text).filter(|_| is_card);
        names.extend(id.and_then(|id| Name::new(identity::Kind::Card, &id)));
    }
    names
}

/// The kind that a batched event names; there the short names and a batch in the batch mean nothing.
fn endpoint_of_type(name: &str) -> Option<Endpoint> {
    Endpoint::from_path(name).filter(|kind| name.len() > 1 && *kind != Endpoint::Batch)
}

fn says(kind: Endpoint, source: Source<'_>) -> Result<(Vec<EventKind>, Option<DecisionId>), Reject> {
    match kind {
        Endpoint::Track => {
            let name = source.get("event").and_then(Value::as_str).map(str::trim).filter(|n| !n.is_empty());
            let name = name.ok_or(Reject::NoEventName)?;
            if name.to_ascii_lowercase() == CONSENT_EVENT {
                return Ok((Vec::new(), None));
            }
            let none = Map::new();
            let properties = source.get("properties").and_then(Value::as_object).unwrap_or(&none);
            Ok((commerce::read(name, properties), commerce::redeemed(name, properties)))
        }
        Endpoint::Page | Endpoint::Screen => {
            let name = source.get("name").and_then(Value::as_str).unwrap_or("page").chars().take(200).collect();
            Ok((vec![EventKind::Other { name }], None))
        }
        Endpoint::Identify | Endpoint::Group | Endpoint::Alias | Endpoint::Batch => Ok((Vec::new(), None)),
    }
}

impl<'a> Source<'a> {
    /// A field of the event; null is the same as missing.
    fn get(self, key: &str) -> Option<&'a Value> {
        self.event.get(key).filter(|v| !v.is_null())
    }

    /// An id that some clients send as a number.
    fn id<T, E>(self, key: &str, new: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, Reject> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(value) => {
                let text = commerce::text(value).ok_or(Reject::NoIdentity)?;
                new(&text).map(Some).map_err(|_| Reject::NoIdentity)
            }
        }
    }

    fn message_id(self) -> Result<MessageId, Reject> {
        match self.get("messageId") {
            Some(Value::String(id)) if id.is_empty() => Ok(self.made_id()),
            Some(Value::String(id)) if id.len() <= MESSAGE_ID_LEN_MAX => {
                MessageId::new(id).map_err(|_| Reject::BadMessageId)
            }
            Some(_) => Err(Reject::BadMessageId),
            None => Ok(self.made_id()),
        }
    }

    /// A sender without ids gets no protection against its own repeats: the time of arrival goes into the id.
    fn made_id(self) -> MessageId {
        let mut hash = Sha256::new();
        hash.update(self.received.0.to_be_bytes());
        hash.update((self.index as u64).to_be_bytes());
        hash.update(serde_json::to_vec(self.event).unwrap_or_default());
        MessageId::new(&format!("made-{}", hex::encode(&hash.finalize()[..16]))).expect("hexadecimal digits are an id")
    }

    /// When it happened by our clock: the sender's clock error is what `sentAt` says against our own (Segment spec).
    fn time(self) -> Result<Timestamp, Reject> {
        let original = self.get("originalTimestamp").or_else(|| self.get("timestamp"));
        let Some(original) = original.map(instant).transpose()? else { return Ok(self.received) };
        let sent = self.get("sentAt").or_else(|| self.around.get("sentAt").filter(|v| !v.is_null()));
        let at = match sent.map(instant).transpose()? {
            Some(sent) => self.received - sent.since(original),
            None => original,
        };
        Ok(at.min(self.received).max(Timestamp(0)))
    }

    fn preferences(self) -> Preferences {
        let within = |context: Option<&'a Value>| context?.get("consent")?.get("categoryPreferences");
        let said = within(self.get("context")).or_else(|| within(self.around.get("context")));
        let purpose = |key: &str| said.and_then(|s| s.get(key)).and_then(Value::as_bool);
        Preferences {
            locating: purpose("locating"),
            profiling: purpose("profiling"),
            marketing_push: purpose("marketing_push").or_else(|| purpose("marketingPush")),
        }
    }
}

/// A time as RFC 3339; without an offset it is UTC, as some clients send it. Others send seconds or milliseconds since 1970.
fn instant(value: &Value) -> Result<Timestamp, Reject> {
    if let Some(number) = value.as_f64() {
        let ms = if number.abs() < SECONDS_MAX { number * 1_000.0 } else { number };
        #[expect(clippy::cast_possible_truncation, reason = "checked to be within what a time may be")]
        return if (0.0..1e15).contains(&ms) { Ok(Timestamp(ms.round() as i64)) } else { Err(Reject::BadTime) };
    }
    let text = value.as_str().filter(|t| t.len() <= 64).ok_or(Reject::BadTime)?;
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(at.as_millisecond()));
    }
    let civil: jiff::civil::DateTime = text.parse().map_err(|_| Reject::BadTime)?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| Reject::BadTime)?;
    Ok(Timestamp(zoned.timestamp().as_millisecond()))
}

/// The length of an event, or of a part of it, as JSON, without building the text.
fn weight(event: &impl serde::Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, event) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

#[cfg(test)]
mod tests;

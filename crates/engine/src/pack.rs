//! A compact form for what is kept of a customer, in memory and in the database: any serde value as bytes.
//!
//! It names its fields, as JSON does, so that what is added to a type later is read from what was written before.
//! It is small because a text is written once and then called by its number, the usual names have numbers from the
//! start, times are written as differences, and numbers take as many bytes as they need.

mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why something can't be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It was written by a program that knows another form.
    #[error("the form {0} is not known here")]
    Form(u8),
    /// The bytes end before the value does.
    #[error("the bytes end too early")]
    Short,
    /// Bytes follow the value.
    #[error("{0} bytes follow the value")]
    Long(usize),
    /// A byte that begins nothing, a number of no text, or text that is none.
    #[error("{0} is not right here")]
    Wrong(&'static str),
    /// Lists within lists, deeper than anything that is kept.
    #[error("values lie deeper in each other than {DEPTH_MAX}")]
    Deep,
    /// What the type says.
    #[error("{0}")]
    Said(String),
}

impl serde::ser::Error for Error {
    fn custom<T: std::fmt::Display>(said: T) -> Self {
        Self::Said(said.to_string())
    }
}

impl serde::de::Error for Error {
    fn custom<T: std::fmt::Display>(said: T) -> Self {
        Self::Said(said.to_string())
    }
}

/// Texts that many values have in common: each is called by its number wherever the same names are at hand. A name that has
/// a number keeps it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    all: Vec<Arc<str>>,
    numbers: BTreeMap<Arc<str>, u64>,
}

impl Names {
    /// Takes a name in.
    pub fn add(&mut self, name: &str) {
        if !self.numbers.contains_key(name) {
            let name: Arc<str> = name.into();
            self.numbers.insert(Arc::clone(&name), self.all.len() as u64);
            self.all.push(name);
        }
    }
}

/// Writes a value, for whoever has the same names at hand.
///
/// # Errors
/// [`Error`]: a value may refuse to be written.
pub fn to_bytes<T: Serialize>(value: &T, names: &Names) -> Result<Vec<u8>, Error> {
    let mut writer = write::Writer::new(names);
    value.serialize(&mut writer)?;
    Ok(writer.into_bytes())
}

/// Reads a value; whatever the bytes, it does not panic. A text that is referred to often is copied as often: it is for
/// bytes of our own.
///
/// # Errors
/// [`Error`] says what is wrong with the bytes.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8], names: &Names) -> Result<T, Error> {
    let mut reader = read::Reader::new(bytes, names)?;
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The first byte. Other [`WORDS`] or marks need another number.
const FORM: u8 = 1;
/// Most lists and maps in each other.
const DEPTH_MAX: usize = 32;
/// Whole numbers below this take one byte, and texts whose number is below it.
const SHORT: u64 = 64;
/// The first own texts of a value, whose numbers follow, up to here, take one byte too.
const SHORT_TEXTS: u64 = SHORT + OWN_SHORT;
const OWN_SHORT: u64 = 80;
/// Numbers of up to four decimal places are written as whole ones.
const PLACES: f64 = 1e4;
/// Lists of fewer items than this have their length in their mark.
const LIST_SHORT: u64 = 32;
/// Whole numbers from here to [`TIME_MAX`] are taken for times in milliseconds (the years 2004 to 2248).
const TIME_MIN: u64 = 1 << 40;
const TIME_MAX: u64 = 1 << 43;

/// What a byte begins; below [`mark::TEXT`] it is the number itself, below [`mark::NULL`] a text's number.
mod mark {
    pub(super) const TEXT: u8 = 0x40;
    pub(super) const NULL: u8 = 0x80;
    pub(super) const FALSE: u8 = 0x81;
    pub(super) const TRUE: u8 = 0x82;
    pub(super) const KNOWN_TEXT: u8 = 0x83;
    pub(super) const NEW_TEXT: u8 = 0x84;
    /// A text of hexadecimal digits, two in a byte.
    pub(super) const NEW_HEX: u8 = 0x85;
    pub(super) const NUMBER: u8 = 0x86;
    pub(super) const NEGATIVE: u8 = 0x87;
    pub(super) const SINGLE: u8 = 0x88;
    pub(super) const DOUBLE: u8 = 0x89;
    /// The difference to the time before it.
    pub(super) const TIME: u8 = 0x8a;
    pub(super) const LIST: u8 = 0x8b;
    pub(super) const MAP: u8 = 0x8c;
    pub(super) const END: u8 = 0x8d;
    /// Ten thousandths, the sign in the lowest place.
    pub(super) const DECIMAL: u8 = 0x8e;
    /// The number of a name that is at hand.
    pub(super) const NAME: u8 = 0x8f;
    pub(super) const LIST_SHORT: u8 = 0x90;
    pub(super) const TEXT_MORE: u8 = 0xb0;
}

/// The usual texts: each has its place as its number.
const WORDS: [&str; 64] = [
    "decision",
    "offer",
    "at",
    "reaction",
    "category",
    "brand",
    "evidence",
    "set_aside",
    "bought",
    "viewed",
    "listed",
    "added",
    "removed",
    "wished",
    "shared",
    "picked_up",
    "put_back",
    "ignored",
    "dismissed",
    "opened",
    "taken",
    "store",
    "products",
    "zones",
    "told_at",
    "expires_at",
    "delivery",
    "budgeted",
    "outcomes",
    "lesson",
    "epoch",
    "discount",
    "features",
    "due",
    "taught",
    "sent",
    "last",
    "days",
    "gaps",
    "key",
    "signal",
    "zone",
    "visit",
    "product",
    "probability",
    "entered",
    "dwelling",
    "left",
    "order",
    "since",
    "devices",
    "dwelled",
    "live",
    "purchased",
    "redeemed",
    "visited",
    "delivered",
    "expired",
    "value",
    "pending",
    "consent",
    "consent_at",
    "intent",
    "history",
];
/// Usual, but not as much: their numbers follow those of the first own texts. To be added to at the end alone, for what
/// is written has the numbers; [`MORE_WORDS_MAX`] says how many there is room for.
const MORE_WORDS: [&str; 50] = [
    "stays",
    "open",
    "seen",
    "messages",
    "orders",
    "person",
    "journal",
    "converted",
    "around",
    "locating",
    "profiling",
    "marketing_push",
    "categories",
    "brands",
    "told",
    "preferences",
    "complaint_at",
    "visits",
    "returns",
    "spend",
    "cycles",
    "contacts",
    "later",
    "shadow",
    "crowding",
    "speed",
    "distance_m",
    "company",
    "weather",
    "visit_started",
    "visit_ended",
    "app_opened",
    "sending",
    "failed",
    "withheld",
    "muted",
    "more",
    "mute_categories",
    "mute_brands",
    "mute_offers",
    "channels",
    "quiet",
    "a_day_max",
    "birth_year",
    "from",
    "to",
    "push",
    "web",
    "till",
    "kiosk",
];

/// The numbers that are left for [`MORE_WORDS`], so that one more moves no other number.
const MORE_WORDS_MAX: u64 = 880;
const _: () = assert!((MORE_WORDS.len() as u64) < MORE_WORDS_MAX);

/// A usual text's number.
fn word(text: &str) -> Option<u64> {
    let place = |words: &[&str]| words.iter().position(|word| *word == text).map(|place| place as u64);
    place(&WORDS).or_else(|| place(&MORE_WORDS).map(|place| SHORT_TEXTS + place))
}

/// The number of an own text, by how many there were before it.
const fn own_number(before: u64) -> u64 {
    if before < OWN_SHORT { SHORT + before } else { before - OWN_SHORT + SHORT_TEXTS + MORE_WORDS_MAX }
}

#[cfg(test)]
mod tests;

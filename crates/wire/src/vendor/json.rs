//! Flat JSON objects, read without copying: the wanted fields only, leniently as to order, repeats and strangers.

mod tree;
mod visit;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::de::{DeserializeSeed, Deserializer};

use super::{JSON_DEPTH_MAX, PAYLOAD_LEN_MAX, Rejected, TEXT_LEN_MAX};

pub(super) use tree::{Tree, tree, truth_of};

/// Which fields to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<const N: usize> {
    /// Their names.
    pub(super) keys: &'static [&'static str; N],
    /// An object under this name is read as if its fields stood beside it.
    pub(super) inner: Option<&'static str>,
}

impl<const N: usize> Wanted<N> {
    pub(super) const fn flat(keys: &'static [&'static str; N]) -> Self {
        Self { keys, inner: None }
    }
}

/// The wanted fields of one object. Of a field that stands there twice, the last counts.
#[derive(Debug)]
pub(super) struct Fields<'a, const N: usize> {
    keys: &'static [&'static str; N],
    values: [Value<'a>; N],
}

/// A value without parts.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// Not there, or null.
    Absent,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A text that is longer than any that is read.
    TooLong,
    /// A list or an object, whose parts nobody asked for.
    Nested,
}

impl Value<'_> {
    fn text(&self, field: &'static str) -> Result<Option<&str>, Rejected> {
        match self {
            Value::Absent => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            Value::TooLong => Err(Rejected::OutOfRange { field, range: "at most 4096 bytes" }),
            Value::Bool(_) | Value::Number(_) | Value::Nested => Err(Rejected::WrongType { field, expected: "a text" }),
        }
    }

    fn number(&self, field: &'static str, range: &Range) -> Result<Option<f64>, Rejected> {
        match self {
            Value::Absent => Ok(None),
            Value::Number(number) if range.values.contains(number) => Ok(Some(*number)),
            Value::Number(_) => Err(Rejected::OutOfRange { field, range: range.text }),
            Value::Bool(_) | Value::Text(_) | Value::TooLong | Value::Nested => {
                Err(Rejected::WrongType { field, expected: "a number" })
            }
        }
    }
}

fn whole(field: &'static str, number: f64) -> Result<i64, Rejected> {
    if number.fract() != 0.0 {
        return Err(Rejected::WrongType { field, expected: "a whole number" });
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within a range that fits")]
    Ok(number as i64)
}

impl<const N: usize> Fields<'_, N> {
    /// A text; absent and null are none.
    pub(super) fn text(&self, key: &'static str) -> Result<Option<&str>, Rejected> {
        self.value(key).text(key)
    }

    /// A text, where some firmware writes `false` for none.
    pub(super) fn text_or_false(&self, key: &'static str) -> Result<Option<&str>, Rejected> {
        if matches!(self.value(key), Value::Bool(false)) { Ok(None) } else { self.text(key) }
    }

    /// A number within a range; absent and null are none.
    pub(super) fn number(&self, key: &'static str, range: &Range) -> Result<Option<f64>, Rejected> {
        self.value(key).number(key, range)
    }

    /// A whole number within a range; absent and null are none.
    pub(super) fn whole(&self, key: &'static str, range: &Range) -> Result<Option<i64>, Rejected> {
        let Some(number) = self.number(key, range)? else { return Ok(None) };
        whole(key, number).map(Some)
    }

    fn value(&self, key: &str) -> &Value<'_> {
        let place = self.keys.iter().position(|known| *known == key);
        place.map_or(&Value::Absent, |place| &self.values[place])
    }
}

/// Which numbers are possible, and how to say it.
#[derive(Debug, Clone)]
pub(super) struct Range {
    values: RangeInclusive<f64>,
    text: &'static str,
}

impl Range {
    /// Strength of a received signal.
    pub(super) const RSSI: Self = Self { values: super::RSSI_MIN..=super::RSSI_MAX, text: "-127 to 20 dBm" };
    /// Strength at 1 m, in one signed byte.
    pub(super) const POWER: Self = Self { values: -128.0..=127.0, text: "-128 to 127 dBm" };
    /// Variance of a strength.
    pub(super) const VARIANCE: Self = Self { values: 0.0..=10_000.0, text: "0 to 10000 dB²" };
    /// A 16-bit number.
    pub(super) const U16: Self = Self { values: 0.0..=65_535.0, text: "0 to 65535" };
    /// A count.
    pub(super) const U32: Self = Self { values: 0.0..=4_294_967_295.0, text: "0 to 4294967295" };
    /// A battery's or power byte's tenths.
    pub(super) const VOLT: Self = Self { values: 0.0..=12.7, text: "0 to 12.7 V" };
    /// A share of a hundred.
    pub(super) const PERCENT: Self = Self { values: 0.0..=100.0, text: "0 to 100 %" };
    /// A temperature.
    pub(super) const CELSIUS: Self = Self { values: -100.0..=300.0, text: "-100 to 300 °C" };
    /// A moment in seconds since 1970, with or without a fraction.
    pub(super) const SECONDS: Self =
        Self { values: 0.0..=253_402_300_799.0, text: "seconds from 1970 to the year 9999" };
    /// A moment in milliseconds since 1970.
    pub(super) const MILLISECONDS: Self =
        Self { values: 0.0..=253_402_300_799_999.0, text: "milliseconds from 1970 to the year 9999" };
    /// Anything that a sensor may measure.
    pub(super) const ANY: Self = Self { values: -4_294_967_296.0..=4_294_967_296.0, text: "-2^32 to 2^32" };
    /// A weight on a shelf.
    pub(super) const KILOGRAMS: Self = Self { values: -1_000.0..=1_000.0, text: "-1000 to 1000 kg" };
}

/// Reads one object.
pub(super) fn object<const N: usize>(payload: &[u8], wanted: Wanted<N>) -> Result<Fields<'_, N>, Rejected> {
    let text = check(payload)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let fields = visit::FieldsSeed(wanted).deserialize(&mut json).and_then(|fields| json.end().map(|()| fields));
    fields.map_err(|error| reject(&error, "a JSON object"))
}

/// Reads a list of objects and hands each over in its order.
pub(super) fn each_object<'a, const N: usize>(
    payload: &'a [u8],
    wanted: Wanted<N>,
    visit: impl FnMut(Fields<'a, N>),
) -> Result<(), Rejected> {
    let text = check(payload)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_seq(visit::ListVisitor { wanted, visit }).and_then(|()| json.end());
    read.map_err(|error| reject(&error, "a JSON list of objects"))
}

/// Writes what a device publishes. Fields keep the order of the struct, as devices keep theirs.
pub(super) fn to_json<T: serde::Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).expect("the messages of this crate have text keys only")
}

fn check(payload: &[u8]) -> Result<&str, Rejected> {
    if payload.len() > PAYLOAD_LEN_MAX {
        return Err(Rejected::TooLarge { len: payload.len(), max: PAYLOAD_LEN_MAX });
    }
    let text = std::str::from_utf8(payload).map_err(|_| Rejected::NotUtf8)?;
    if is_too_deep(payload) { Err(Rejected::TooDeep) } else { Ok(text) }
}

/// Whether brackets outside of texts nest too deeply; seen before parsing, so that depth costs nothing.
pub(super) fn is_too_deep(payload: &[u8]) -> bool {
    // Most messages open fewer brackets than may nest, and counting bytes is many times faster than following texts.
    let opened: usize = payload.iter().map(|byte| usize::from(matches!(byte, b'{' | b'['))).sum();
    opened > JSON_DEPTH_MAX && nests_too_deeply(payload)
}

fn nests_too_deeply(payload: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for byte in payload {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return true;
        }
    }
    false
}

/// Why serde could not read a message.
pub(super) fn reject(error: &serde_json::Error, expected: &'static str) -> Rejected {
    if error.is_data() { Rejected::WrongType { field: "the message", expected } } else { Rejected::NotJson }
}

//! Writing the compact form.

mod parts;

use std::collections::BTreeMap;

use serde::ser::{self, Serialize};

use self::parts::Variant;
use super::{Error, FORM, LIST_SHORT, Names, PLACES, SHORT, SHORT_TEXTS, TIME_MAX, TIME_MIN, mark, own_number, word};

/// Digits in a byte.
const PAIR: usize = 2;

/// Writes one value after another.
#[derive(Debug)]
pub(super) struct Writer<'n> {
    names: &'n Names,
    bytes: Vec<u8>,
    texts: BTreeMap<String, u64>,
    time: i64,
}

impl<'n> Writer<'n> {
    pub(super) fn new(names: &'n Names) -> Self {
        Self { names, bytes: vec![FORM], texts: BTreeMap::new(), time: 0 }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// The sign in the lowest place, so that what is near 0 is short.
    fn signed(&mut self, number: i64) {
        self.varint(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    fn number(&mut self, number: u64) {
        if number < SHORT {
            self.bytes.push(number as u8);
        } else if let (TIME_MIN..TIME_MAX, Ok(time)) = (number, i64::try_from(number)) {
            let gap = time - std::mem::replace(&mut self.time, time);
            self.bytes.push(mark::TIME);
            self.signed(gap);
        } else {
            self.bytes.push(mark::NUMBER);
            self.varint(number);
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(number) = word(text).or_else(|| self.texts.get(text).copied()) {
            if number < SHORT {
                self.bytes.push(mark::TEXT | number as u8);
            } else if number < SHORT_TEXTS {
                self.bytes.push(mark::TEXT_MORE + (number - SHORT) as u8);
            } else {
                self.bytes.push(mark::KNOWN_TEXT);
                self.varint(number);
            }
            return;
        }
        self.texts.insert(text.to_owned(), own_number(self.texts.len() as u64));
        if let Some(number) = self.names.numbers.get(text) {
            self.bytes.push(mark::NAME);
            self.varint(*number);
        } else if let Some(digits) = hex(text) {
            self.bytes.push(mark::NEW_HEX);
            self.varint(digits.len() as u64);
            self.bytes.extend(digits);
        } else {
            self.bytes.push(mark::NEW_TEXT);
            self.varint(text.len() as u64);
            self.bytes.extend(text.as_bytes());
        }
    }

    fn list(&mut self, len: Option<usize>) -> Result<(), Error> {
        let len = len.ok_or(Error::Wrong("a list without a length"))? as u64;
        if len < LIST_SHORT {
            self.bytes.push(mark::LIST_SHORT + len as u8);
        } else {
            self.bytes.push(mark::LIST);
            self.varint(len);
        }
        Ok(())
    }

    /// A map of one entry: a variant with what it holds.
    fn variant(&mut self, name: &str) {
        self.bytes.push(mark::MAP);
        self.text(name);
    }
}

/// The bytes of a text that is nothing but pairs of small hexadecimal digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.is_empty() || !text.len().is_multiple_of(PAIR) {
        return None;
    }
    text.as_bytes().chunks_exact(PAIR).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// A number without a fraction, as one.
#[expect(clippy::cast_possible_truncation, clippy::float_cmp, reason = "it is compared to be exact")]
fn whole(value: f64) -> Option<i64> {
    let near = value as i64;
    let exact = near.unsigned_abs() < 1 << 24 && near as f64 == value && !(value == 0.0 && value.is_sign_negative());
    exact.then_some(near)
}

/// A number of few decimal places, in ten thousandths.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "it is compared to be exact")]
fn decimal(value: f64) -> Option<i64> {
    let places = (value * PLACES).round() as i64;
    (places.unsigned_abs() < 1 << 34 && (places as f64 / PLACES).to_bits() == value.to_bits()).then_some(places)
}

impl<'w, 'n> ser::Serializer for &'w mut Writer<'n> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Variant<'w, 'n>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Variant<'w, 'n>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.bytes.push(if value { mark::TRUE } else { mark::FALSE });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        if let Ok(number) = u64::try_from(value) {
            self.number(number);
        } else {
            self.bytes.push(mark::NEGATIVE);
            self.varint((-1 - value).unsigned_abs());
        }
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.number(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if let Some(whole) = whole(value) {
            return self.serialize_i64(whole);
        }
        if let Some(places) = decimal(value) {
            self.bytes.push(mark::DECIMAL);
            self.signed(places);
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, reason = "what is lost is looked for")]
        let single = value as f32;
        if f64::from(single).to_bits() == value.to_bits() {
            self.bytes.push(mark::SINGLE);
            self.bytes.extend(single.to_le_bytes());
        } else {
            self.bytes.push(mark::DOUBLE);
            self.bytes.extend(value.to_le_bytes());
        }
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.bytes.push(mark::NULL);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.variant(variant);
        value.serialize(&mut *self)?;
        self.bytes.push(mark::END);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Error> {
        self.list(len)?;
        Ok(self)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Self, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Variant<'w, 'n>, Error> {
        self.variant(variant);
        self.list(Some(len))?;
        Ok(Variant::list(self))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Self, Error> {
        self.bytes.push(mark::MAP);
        Ok(self)
    }

    fn serialize_struct(self, _name: &'static str, len: usize) -> Result<Self, Error> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Variant<'w, 'n>, Error> {
        self.variant(variant);
        self.bytes.push(mark::MAP);
        Ok(Variant::map(self))
    }
}

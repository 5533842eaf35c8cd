//! Reading the compact form.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::de::{self, DeserializeSeed, Visitor};

use super::{
    DEPTH_MAX, Error, FORM, LIST_SHORT, MORE_WORDS, MORE_WORDS_MAX, Names, OWN_SHORT, PLACES, SHORT, SHORT_TEXTS,
    WORDS, mark,
};

/// Reads one value after another.
#[derive(Debug)]
pub(super) struct Reader<'de> {
    names: &'de Names,
    rest: &'de [u8],
    /// Beside the usual words.
    texts: Vec<Cow<'de, str>>,
    time: i64,
    depth: usize,
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8], names: &'de Names) -> Result<Self, Error> {
        match bytes.split_first() {
            Some((&FORM, rest)) => Ok(Self { names, rest, texts: Vec::new(), time: 0, depth: 0 }),
            Some((&form, _)) => Err(Error::Form(form)),
            None => Err(Error::Short),
        }
    }

    pub(super) fn end(&self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Long(self.rest.len())) }
    }

    fn take(&mut self, len: usize) -> Result<&'de [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Error::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.take(N)?.try_into().map_err(|_| Error::Short)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    fn peek(&self) -> Result<u8, Error> {
        self.rest.first().copied().ok_or(Error::Short)
    }

    fn varint(&mut self) -> Result<u64, Error> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                break;
            }
            number |= part << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Error::Wrong("a number beyond 64 bits"))
    }

    fn len(&mut self) -> Result<usize, Error> {
        usize::try_from(self.varint()?).map_err(|_| Error::Short)
    }

    fn signed(&mut self) -> Result<i64, Error> {
        let packed = self.varint()?;
        Ok((packed >> 1).cast_signed() ^ -(packed & 1).cast_signed())
    }

    fn time(&mut self) -> Result<i64, Error> {
        let gap = self.signed()?;
        self.time = self.time.checked_add(gap).ok_or(Error::Wrong("a time beyond all times"))?;
        Ok(self.time)
    }

    /// A text that a mark begins; none if it begins something else.
    fn text(&mut self, begins: u8) -> Result<Option<Cow<'de, str>>, Error> {
        let number = match begins {
            mark::TEXT..mark::NULL => u64::from(begins - mark::TEXT),
            mark::TEXT_MORE.. => SHORT + u64::from(begins - mark::TEXT_MORE),
            mark::KNOWN_TEXT => self.varint()?,
            mark::NEW_TEXT => {
                let len = self.len()?;
                let text = std::str::from_utf8(self.take(len)?).map_err(|_| Error::Wrong("a text"))?;
                self.texts.push(Cow::Borrowed(text));
                return Ok(Some(Cow::Borrowed(text)));
            }
            mark::NEW_HEX => {
                let len = self.len()?;
                let bytes = self.take(len)?;
                let mut text = String::with_capacity(2 * len);
                for byte in bytes {
                    write!(text, "{byte:02x}").map_err(|_| Error::Wrong("a text"))?;
                }
                self.texts.push(Cow::Owned(text.clone()));
                return Ok(Some(Cow::Owned(text)));
            }
            mark::NAME => {
                let number = self.len()?;
                let name = self.names.all.get(number).ok_or(Error::Wrong("a name's number"))?;
                self.texts.push(Cow::Borrowed(name));
                return Ok(Some(Cow::Borrowed(name)));
            }
            _ => return Ok(None),
        };
        self.known(number).map(Some).ok_or(Error::Wrong("a text's number"))
    }

    fn known(&self, number: u64) -> Option<Cow<'de, str>> {
        let place = |number: u64| usize::try_from(number).ok();
        let own = |before: u64| self.texts.get(place(before)?).cloned();
        if number < SHORT {
            return WORDS.get(place(number)?).map(|word| Cow::Borrowed(*word));
        }
        let Some(late) = number.checked_sub(SHORT_TEXTS) else { return own(number - SHORT) };
        match late.checked_sub(MORE_WORDS_MAX) {
            None => MORE_WORDS.get(place(late)?).map(|word| Cow::Borrowed(*word)),
            Some(later) => own(later + OWN_SHORT),
        }
    }

    /// Reads what lies in a list or map.
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::Deep);
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn list<V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.within(|reader| {
            let mut list = List { reader, left: len };
            let value = visitor.visit_seq(&mut list)?;
            if list.left > 0 { Err(Error::Wrong("a list of more items")) } else { Ok(value) }
        })
    }

    fn map<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.within(|reader| {
            let value = visitor.visit_map(Map { reader: &mut *reader })?;
            if reader.byte()? == mark::END { Ok(value) } else { Err(Error::Wrong("a map of more entries")) }
        })
    }
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let begins = self.byte()?;
        if let Some(text) = self.text(begins)? {
            return match text {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            };
        }
        match begins {
            ..mark::TEXT => visitor.visit_u64(begins.into()),
            mark::NULL => visitor.visit_unit(),
            mark::FALSE => visitor.visit_bool(false),
            mark::TRUE => visitor.visit_bool(true),
            mark::NUMBER => visitor.visit_u64(self.varint()?),
            mark::NEGATIVE => {
                let below = i64::try_from(self.varint()?).map_err(|_| Error::Wrong("a number below all numbers"))?;
                visitor.visit_i64(-1 - below)
            }
            mark::SINGLE => visitor.visit_f64(f32::from_le_bytes(self.array()?).into()),
            mark::DOUBLE => visitor.visit_f64(f64::from_le_bytes(self.array()?)),
            mark::TIME => visitor.visit_i64(self.time()?),
            #[expect(clippy::cast_precision_loss, reason = "what loses is written otherwise")]
            mark::DECIMAL => visitor.visit_f64(self.signed()? as f64 / PLACES),
            mark::LIST => {
                let len = self.len()?;
                self.list(len, visitor)
            }
            mark::MAP => self.map(visitor),
            mark::LIST_SHORT.. if u64::from(begins - mark::LIST_SHORT) < LIST_SHORT => {
                self.list(usize::from(begins - mark::LIST_SHORT), visitor)
            }
            _ => Err(Error::Wrong("a mark")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.peek()? == mark::NULL {
            self.byte()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.peek()? != mark::MAP {
            return visitor.visit_enum(Variant { reader: self, holds: false });
        }
        self.byte()?;
        self.within(|reader| {
            let value = visitor.visit_enum(Variant { reader: &mut *reader, holds: true })?;
            if reader.byte()? == mark::END { Ok(value) } else { Err(Error::Wrong("a variant of more entries")) }
        })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct List<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'de> de::SeqAccess<'de> for &mut List<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    /// Each item takes a byte at least.
    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(self.reader.rest.len()))
    }
}

struct Map<'r, 'de> {
    reader: &'r mut Reader<'de>,
}

impl<'de> de::MapAccess<'de> for Map<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if self.reader.peek()? == mark::END {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }
}

struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// It is a map of one entry, and not its name alone.
    holds: bool,
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name = seed.deserialize(&mut *self.reader)?;
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        if self.holds { Err(Error::Wrong("a variant that holds something")) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        if self.holds { seed.deserialize(self.reader) } else { Err(Error::Wrong("a variant that holds nothing")) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.struct_variant(&[], visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        if !self.holds {
            return Err(Error::Wrong("a variant that holds nothing"));
        }
        de::Deserializer::deserialize_any(self.reader, visitor)
    }
}

//! How serde walks over a message: wanted fields go to their places, everything else is skipped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Fields, TEXT_LEN_MAX, Value, Wanted};

/// Reads the wanted fields of one object.
pub(super) struct FieldsSeed<const N: usize>(pub(super) Wanted<N>);

impl<'de, const N: usize> DeserializeSeed<'de> for FieldsSeed<N> {
    type Value = Fields<'de, N>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        let mut fields = Fields { keys: self.0.keys, values: std::array::from_fn(|_| Value::Absent) };
        from.deserialize_map(Into { wanted: self.0, fields: &mut fields })?;
        Ok(fields)
    }
}

/// Reads an object's fields into their places.
struct Into<'f, 'de, const N: usize> {
    wanted: Wanted<N>,
    fields: &'f mut Fields<'de, N>,
}

impl<'de, const N: usize> Visitor<'de> for Into<'_, 'de, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed(self.wanted))? {
            match key {
                Key::Wanted(place) => self.fields.values[place] = map.next_value_seed(ValueSeed)?,
                Key::Inner => {
                    let wanted = Wanted { inner: None, ..self.wanted };
                    map.next_value_seed(InnerSeed(Into { wanted, fields: self.fields }))?;
                }
                Key::Stranger => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct InnerSeed<'f, 'de, const N: usize>(Into<'f, 'de, N>);

impl<'de, const N: usize> DeserializeSeed<'de> for InnerSeed<'_, 'de, N> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self.0)
    }
}

enum Key {
    Wanted(usize),
    Inner,
    Stranger,
}

struct KeySeed<const N: usize>(Wanted<N>);

impl<'de, const N: usize> DeserializeSeed<'de> for KeySeed<N> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Key, D::Error> {
        from.deserialize_str(self)
    }
}

impl<const N: usize> Visitor<'_> for KeySeed<N> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        if self.0.inner == Some(key) {
            return Ok(Key::Inner);
        }
        let place = self.0.keys.iter().position(|wanted| *wanted == key);
        Ok(place.map_or(Key::Stranger, Key::Wanted))
    }
}

struct ValueSeed;

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "every range that is read lies within 2^53")]
    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "every range that is read lies within 2^53")]
    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(if value.len() > TEXT_LEN_MAX { Value::TooLong } else { Value::Text(Cow::Borrowed(value)) })
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(if value.len() > TEXT_LEN_MAX { Value::TooLong } else { Value::Text(Cow::Owned(value.to_owned())) })
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }
}

/// Hands over each object of a list.
pub(super) struct ListVisitor<F, const N: usize> {
    pub(super) wanted: Wanted<N>,
    pub(super) visit: F,
}

impl<'de, F: FnMut(Fields<'de, N>), const N: usize> Visitor<'de> for ListVisitor<F, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(fields) = list.next_element_seed(FieldsSeed(self.wanted))? {
            (self.visit)(fields);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(A::Error::custom("one object in place of a list"))
    }
}

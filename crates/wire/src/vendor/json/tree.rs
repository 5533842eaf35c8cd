//! Nested messages: the whole of a small message as a tree, for makers whose fields stand in several levels.
//!
//! Bounded by the message's own length; texts that are too long to be a name or an advertisement, such as pictures, are not kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Range, TEXT_LEN_MAX, Value, check, reject};
use crate::vendor::Rejected;

/// One value with everything in it.
#[derive(Debug)]
pub(in crate::vendor) enum Tree<'a> {
    /// A value without parts.
    Leaf(Value<'a>),
    /// A list.
    List(Vec<Tree<'a>>),
    /// An object, in its own order.
    Object(Vec<(Cow<'a, str>, Tree<'a>)>),
}

const NOTHING: &Tree<'static> = &Tree::Leaf(Value::Absent);

/// Reads a message.
pub(in crate::vendor) fn tree(payload: &[u8]) -> Result<Tree<'_>, Rejected> {
    let text = check(payload)?;
    serde_json::from_str(text).map_err(|error| reject(&error, "a JSON object"))
}

impl<'a> Tree<'a> {
    /// The value under a key; of several the last. Nothing where there is none.
    pub(in crate::vendor) fn get(&self, key: &str) -> &Tree<'a> {
        self.entries().iter().rfind(|(name, _)| name == key).map_or(NOTHING, |(_, value)| value)
    }

    /// The same, whatever the case of the key is.
    pub(in crate::vendor) fn get_any_case(&self, key: &str) -> &Tree<'a> {
        let found = self.entries().iter().rfind(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map_or(NOTHING, |(_, value)| value)
    }

    /// An object's keys and values.
    pub(in crate::vendor) fn entries(&self) -> &[(Cow<'a, str>, Tree<'a>)] {
        match self {
            Self::Object(entries) => entries,
            Self::Leaf(_) | Self::List(_) => &[],
        }
    }

    /// A list's values; of a single value itself, of nothing none.
    pub(in crate::vendor) fn each(&self) -> &[Tree<'a>] {
        match self {
            Self::List(list) => list,
            Self::Leaf(Value::Absent) => &[],
            Self::Leaf(_) | Self::Object(_) => std::slice::from_ref(self),
        }
    }

    /// Whether there is no value.
    pub(in crate::vendor) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Leaf(Value::Absent))
    }

    /// Whether it is an object.
    pub(in crate::vendor) const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The text in it; `field` names it when it is none.
    pub(in crate::vendor) fn text(&self, field: &'static str) -> Result<Option<&str>, Rejected> {
        self.leaf(field, "a text")?.text(field)
    }

    /// The number in it, which some firmware writes as a text.
    pub(in crate::vendor) fn number(&self, field: &'static str, range: &Range) -> Result<Option<f64>, Rejected> {
        let leaf = self.leaf(field, "a number")?;
        if let Value::Text(text) = leaf {
            let number = text.trim().parse().map_err(|_| Rejected::WrongType { field, expected: "a number" })?;
            return Value::Number(number).number(field, range);
        }
        leaf.number(field, range)
    }

    /// The whole number in it.
    pub(in crate::vendor) fn whole(&self, field: &'static str, range: &Range) -> Result<Option<i64>, Rejected> {
        let Some(number) = self.number(field, range)? else { return Ok(None) };
        super::whole(field, number).map(Some)
    }

    /// Yes or no, as a truth value, a number or a word.
    pub(in crate::vendor) fn truth(&self) -> Option<bool> {
        let Self::Leaf(leaf) = self else { return None };
        match leaf {
            Value::Bool(value) => Some(*value),
            Value::Number(number) => Some(*number != 0.0),
            Value::Text(text) => truth_of(text),
            Value::Absent | Value::Nested | Value::TooLong => None,
        }
    }

    fn leaf(&self, field: &'static str, expected: &'static str) -> Result<&Value<'a>, Rejected> {
        match self {
            Self::Leaf(value) => Ok(value),
            Self::List(_) | Self::Object(_) => Err(Rejected::WrongType { field, expected }),
        }
    }
}

/// What the usual words for yes and no mean.
pub(in crate::vendor) fn truth_of(word: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|known| word.trim().eq_ignore_ascii_case(known));
    if is(&["on", "true", "1", "occupied", "detected", "yes"]) {
        return Some(true);
    }
    is(&["off", "false", "0", "clear", "vacant", "no"]).then_some(false)
}

impl<'de> Deserialize<'de> for Tree<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Leaf(Value::Bool(value)))
    }

    #[expect(clippy::cast_precision_loss, reason = "every range that is read lies within 2^53")]
    fn visit_i64<E>(self, value: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Leaf(Value::Number(value as f64)))
    }

    #[expect(clippy::cast_precision_loss, reason = "every range that is read lies within 2^53")]
    fn visit_u64<E>(self, value: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Leaf(Value::Number(value as f64)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Leaf(Value::Number(value)))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Leaf(if value.len() > TEXT_LEN_MAX { Value::TooLong } else { Value::Text(Cow::Borrowed(value)) }))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree<'de>, E> {
        let kept = || Value::Text(Cow::Owned(value.to_owned()));
        Ok(Tree::Leaf(if value.len() > TEXT_LEN_MAX { Value::TooLong } else { kept() }))
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Leaf(Value::Absent))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Tree<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = from.next_element()? {
            list.push(value);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Tree<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(CowKey(key)) = from.next_key()? {
            entries.push((key, from.next_value()?));
        }
        Ok(Tree::Object(entries))
    }
}

/// A key, borrowed from the message wherever it has no escapes.
struct CowKey<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for CowKey<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = CowKey<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<CowKey<'de>, E> {
        Ok(CowKey(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<CowKey<'de>, E> {
        Ok(CowKey(Cow::Owned(key.to_owned())))
    }
}

//! What stands in a message: its parts by key and by place, and their values as they are asked for.

use super::number::parse;
use super::scan::{Document, Kind, Node};
use super::{Range, Rejected, TEXT_LEN_MAX};

/// One value with everything in it, or nothing.
#[derive(Debug, Clone, Copy)]
pub(in crate::vendor) struct Tree<'t> {
    document: &'t Document<'t>,
    /// Its place, or [`NOWHERE`]: no `Option`, so that it travels in two registers.
    at: usize,
}

/// A place that no message has.
const NOWHERE: usize = usize::MAX;

impl<'t> Tree<'t> {
    pub(super) const fn at(document: &'t Document<'t>, at: usize) -> Self {
        Self { document, at }
    }

    #[inline]
    fn kind(self) -> Option<Kind> {
        let node = self.document.nodes.get(self.at)?;
        Some(node.kind)
    }

    /// The value under a key; of several the last. Nothing where there is none.
    #[inline]
    pub(in crate::vendor) fn get(self, key: &str) -> Self {
        let found = self.members().filter(|(name, _)| *name == key.as_bytes()).last();
        found.map_or(self.nothing(), |(_, value)| value)
    }

    /// The same, whatever the case of the key is.
    pub(in crate::vendor) fn get_any_case(self, key: &str) -> Self {
        let found = self.entries().filter(|(name, _)| name.eq_ignore_ascii_case(key)).last();
        found.map_or(self.nothing(), |(_, value)| value)
    }

    /// No value of the same message.
    pub(in crate::vendor) const fn nothing(self) -> Self {
        Self { at: NOWHERE, ..self }
    }

    /// An object's keys and values.
    pub(in crate::vendor) fn entries(self) -> impl Iterator<Item = (&'t str, Self)> {
        self.parts(Kind::Object).map(move |(at, node)| (self.document.key(at, node), Self { at, ..self }))
    }

    /// The same where keys are only compared: as bytes, whose bounds need no look at the characters there.
    #[inline]
    pub(in crate::vendor) fn members(self) -> impl Iterator<Item = (&'t [u8], Self)> {
        self.parts(Kind::Object).map(move |(at, node)| (self.document.key_bytes(at, node), Self { at, ..self }))
    }

    /// A list's values; of a single value itself, of nothing none.
    #[inline]
    pub(in crate::vendor) fn each(self) -> impl Iterator<Item = Self> {
        let from = if self.is_list() { self.at + 1 } else { self.at };
        let to = self.document.nodes.get(self.at).map_or(0, |node| node.end as usize);
        let places = self.between(from, if self.is_nothing() { 0 } else { to });
        places.map(move |(at, _)| Self { at, ..self })
    }

    /// What stands in a list or an object; in a value of another kind nothing does.
    #[inline]
    fn parts(self, kind: Kind) -> impl Iterator<Item = (usize, &'t Node)> {
        let node = self.document.nodes.get(self.at).filter(|node| node.kind == kind);
        self.between(self.at.saturating_add(1), node.map_or(0, |node| node.end as usize))
    }

    /// The values from one place to another and where each stands, without their parts.
    #[inline]
    fn between(self, from: usize, to: usize) -> impl Iterator<Item = (usize, &'t Node)> {
        let nodes = self.document.nodes.get(..to).unwrap_or_default();
        let mut next = from;
        std::iter::from_fn(move || {
            let (at, node) = (next, nodes.get(next)?);
            next = node.end as usize;
            Some((at, node))
        })
    }

    /// Whether there is no value.
    #[inline]
    pub(in crate::vendor) fn is_nothing(self) -> bool {
        matches!(self.kind(), None | Some(Kind::Null))
    }

    /// Whether it is an object.
    #[inline]
    pub(in crate::vendor) fn is_object(self) -> bool {
        self.kind() == Some(Kind::Object)
    }

    /// Whether it is a list.
    #[inline]
    pub(in crate::vendor) fn is_list(self) -> bool {
        self.kind() == Some(Kind::List)
    }

    /// The text in it; `field` names it when it is none.
    pub(in crate::vendor) fn text(self, field: &'static str) -> Result<Option<&'t str>, Rejected> {
        match self.kind() {
            None | Some(Kind::Null) => Ok(None),
            Some(Kind::Text) => {
                let text = self.document.text(self.at);
                let too_long = Rejected::OutOfRange { field, range: "at most 4096 bytes" };
                if text.len() > TEXT_LEN_MAX { Err(too_long) } else { Ok(Some(text)) }
            }
            Some(Kind::True | Kind::False | Kind::Number | Kind::List | Kind::Object) => {
                Err(Rejected::WrongType { field, expected: "a text" })
            }
        }
    }

    /// A text, where some firmware writes `false` for none.
    pub(in crate::vendor) fn text_or_false(self, field: &'static str) -> Result<Option<&'t str>, Rejected> {
        if self.kind() == Some(Kind::False) { Ok(None) } else { self.text(field) }
    }

    /// The number in it, which some firmware writes as a text.
    #[inline]
    pub(in crate::vendor) fn number(self, field: &'static str, range: &Range) -> Result<Option<f64>, Rejected> {
        if self.kind() == Some(Kind::Text) { self.number_in_text(field, range) } else { self.number_only(field, range) }
    }

    fn number_in_text(self, field: &'static str, range: &Range) -> Result<Option<f64>, Rejected> {
        let text = self.document.text(self.at);
        let number = parse(text).or_else(|| parse(text.trim()));
        let number = number.ok_or(Rejected::WrongType { field, expected: "a number" })?;
        range.check(field, number).map(Some)
    }

    /// The number in it, which this maker never writes as a text.
    #[inline]
    pub(in crate::vendor) fn number_only(self, field: &'static str, range: &Range) -> Result<Option<f64>, Rejected> {
        match self.kind() {
            None | Some(Kind::Null) => Ok(None),
            Some(Kind::Number) => {
                let number = parse(self.document.text(self.at));
                let number = number.ok_or(Rejected::WrongType { field, expected: "a number" })?;
                range.check(field, number).map(Some)
            }
            Some(Kind::True | Kind::False | Kind::Text | Kind::List | Kind::Object) => {
                Err(Rejected::WrongType { field, expected: "a number" })
            }
        }
    }

    /// The whole number in it, which some firmware writes as a text.
    pub(in crate::vendor) fn whole(self, field: &'static str, range: &Range) -> Result<Option<i64>, Rejected> {
        self.number(field, range)?.map(|number| whole(field, number)).transpose()
    }

    /// The whole number in it, which this maker never writes as a text.
    pub(in crate::vendor) fn whole_only(self, field: &'static str, range: &Range) -> Result<Option<i64>, Rejected> {
        self.number_only(field, range)?.map(|number| whole(field, number)).transpose()
    }

    /// Yes or no, as a truth value, a number or a word.
    pub(in crate::vendor) fn truth(self) -> Option<bool> {
        match self.kind()? {
            Kind::True => Some(true),
            Kind::False => Some(false),
            Kind::Number => parse(self.document.text(self.at)).map(|number| number != 0.0),
            Kind::Text => truth_of(self.document.text(self.at)),
            Kind::Null | Kind::List | Kind::Object => None,
        }
    }
}

/// Takes several fields out of an object in one pass; of a key that stands there twice the last counts.
///
/// Keys that are known when it is compiled are compared without a call.
macro_rules! fields {
    ($object:expr; $($name:ident = $key:literal),+ $(,)?) => {
        $(let mut $name = $object.nothing();)+
        for (key, value) in $object.members() {
            $(
                if key == $key.as_bytes() {
                    $name = value;
                    continue;
                }
            )+
        }
    };
}

pub(in crate::vendor) use fields;

#[inline]
fn whole(field: &'static str, number: f64) -> Result<i64, Rejected> {
    #[expect(clippy::cast_possible_truncation, reason = "within a range that fits")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "only what has a fraction is not met again")]
    let is_whole = whole as f64 == number;
    is_whole.then_some(whole).ok_or(Rejected::WrongType { field, expected: "a whole number" })
}

/// What the usual words for yes and no mean.
pub(in crate::vendor) fn truth_of(word: &str) -> Option<bool> {
    let is_one = |word: &str, words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    let meant = |word: &str| {
        let is_yes = is_one(word, &["on", "true", "1", "occupied", "detected", "yes"]);
        (is_yes || is_one(word, &["off", "false", "0", "clear", "vacant", "no"])).then_some(is_yes)
    };
    // Hardly any device puts white space around its word.
    meant(word).or_else(|| meant(word.trim()))
}

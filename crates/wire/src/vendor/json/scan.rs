//! One pass over a message: its grammar is checked to the end, and where each value stands is written down in one list.
//!
//! Nothing is converted here and nothing is copied but texts with escapes. Depth has a fixed bound, so nothing is called in itself.

use super::tree::Tree;
use super::{JSON_DEPTH_MAX, PAYLOAD_LEN_MAX, Rejected};

/// So many values find room before the list grows; most messages of one transmitter have fewer.
const VALUES_USUAL: usize = 24;

/// Most values that are read: a message of the usual length can't have more, and a longer one need not.
const VALUES_MAX: usize = PAYLOAD_LEN_MAX;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    True,
    False,
    Number,
    Text,
    List,
    Object,
}

/// Where something stands in the message.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// A value: what stands at its place, under which key, and where the next one follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// As it is written, without quotes; empty in a list.
    key: Span,
    /// A number's digits or a text without its quotes, as they are written.
    raw: Span,
    /// Where the value behind it and all its parts stands.
    pub(super) end: u32,
    pub(super) kind: Kind,
    /// Whether its key or its text has escapes: then they are read from the list of such.
    is_escaped: bool,
}

/// What a node with escapes says.
#[derive(Debug)]
struct Unescaped {
    at: usize,
    key: String,
    text: String,
}

/// A whole message.
#[derive(Debug)]
pub(in crate::vendor) struct Document<'a> {
    text: &'a str,
    pub(super) nodes: Vec<Node>,
    unescaped: Vec<Unescaped>,
}

impl Document<'_> {
    /// The message itself.
    pub(in crate::vendor) fn root(&self) -> Tree<'_> {
        Tree::at(self, 0)
    }

    /// The message, if it is an object.
    pub(in crate::vendor) fn object(&self) -> Result<Tree<'_>, Rejected> {
        let root = self.root();
        let wrong = Rejected::WrongType { field: "the message", expected: "a JSON object" };
        if root.is_object() { Ok(root) } else { Err(wrong) }
    }

    /// The message's elements, if it is a list.
    pub(in crate::vendor) fn list(&self) -> Result<impl Iterator<Item = Tree<'_>>, Rejected> {
        let wrong = Rejected::WrongType { field: "the message", expected: "a JSON list of objects" };
        if self.root().is_list() { Ok(self.root().each()) } else { Err(wrong) }
    }

    #[inline]
    pub(super) fn key(&self, at: usize, node: &Node) -> &str {
        let unescaped = if node.is_escaped { self.unescaped(at) } else { None };
        unescaped.map_or_else(|| node.key.of(self.text), |unescaped| &unescaped.key)
    }

    #[inline]
    pub(super) fn text(&self, at: usize) -> &str {
        let Some(node) = self.nodes.get(at) else { return "" };
        let unescaped = if node.is_escaped { self.unescaped(at) } else { None };
        unescaped.map_or_else(|| node.raw.of(self.text), |unescaped| &unescaped.text)
    }

    #[cold]
    fn unescaped(&self, at: usize) -> Option<&Unescaped> {
        let place = self.unescaped.binary_search_by_key(&at, |unescaped| unescaped.at).ok()?;
        self.unescaped.get(place)
    }
}

/// Reads a message of the usual length.
pub(in crate::vendor) fn document(payload: &[u8]) -> Result<Document<'_>, Rejected> {
    document_up_to(payload, PAYLOAD_LEN_MAX)
}

/// Reads a message that may be longer or must be shorter than usual.
pub(in crate::vendor) fn document_up_to(payload: &[u8], max: usize) -> Result<Document<'_>, Rejected> {
    if payload.len() > max {
        return Err(Rejected::TooLarge { len: payload.len(), max });
    }
    let text = std::str::from_utf8(payload).map_err(|_| Rejected::NotUtf8)?;
    let document = Document { text, nodes: Vec::with_capacity(VALUES_USUAL), unescaped: Vec::new() };
    Scan { rest: payload, len: payload.len() }.run(document)
}

struct Scan<'a> {
    /// What is not read yet.
    rest: &'a [u8],
    /// How long the whole message is.
    len: usize,
}

/// A text as it is written, and whether it has escapes.
type Raw = (Span, bool);

/// Nothing: a value in a list has no key, and of a word or a list only the kind counts.
const NOTHING: Raw = (Span { start: 0, end: 0 }, false);

impl Scan<'_> {
    fn run<'a>(mut self, mut document: Document<'a>) -> Result<Document<'a>, Rejected> {
        let (mut open, mut depth) = ([0u32; JSON_DEPTH_MAX], 0usize);
        // What ends the list or object that is open: what stands in an object has a key.
        let mut closing = b']';
        let mut key = NOTHING;
        loop {
            let at = document.nodes.len();
            let kind = self.value(key, &mut document)?;
            if let Kind::List | Kind::Object = kind {
                *open.get_mut(depth).ok_or(Rejected::TooDeep)? = narrow(at);
                depth += 1;
                closing = closing_of(kind);
                if self.peek() != Some(closing) {
                    key = self.key_before(closing).ok_or(Rejected::NotJson)?;
                    continue;
                }
            }
            // Behind a value: the next one, or the ends of what it stands in.
            key = loop {
                let next = self.peek();
                let Some(within) = depth.checked_sub(1).map(|last| open[last] as usize) else {
                    return if next.is_none() { Ok(document) } else { Err(Rejected::NotJson) };
                };
                if next == Some(b',') {
                    self.skip();
                    break self.key_before(closing).ok_or(Rejected::NotJson)?;
                }
                if next != Some(closing) {
                    return Err(Rejected::NotJson);
                }
                self.skip();
                document.nodes[within].end = narrow(document.nodes.len());
                depth -= 1;
                if let Some(outer) = depth.checked_sub(1) {
                    closing = closing_of(document.nodes[open[outer] as usize].kind);
                }
            };
        }
    }

    /// Takes a value, or the beginning of one with parts.
    #[inline]
    fn value(&mut self, (key, key_escaped): Raw, document: &mut Document<'_>) -> Result<Kind, Rejected> {
        let ((raw, escaped), kind) = self.raw_value().ok_or(Rejected::NotJson)?;
        let at = document.nodes.len();
        if at >= VALUES_MAX {
            return Err(Rejected::OutOfRange { field: "the number of values", range: "at most 65536" });
        }
        let is_escaped = escaped || key_escaped;
        if is_escaped {
            let (key, text) = (unescape(key.of(document.text))?, unescape(raw.of(document.text))?);
            document.unescaped.push(Unescaped { at, key, text });
        }
        document.nodes.push(Node { key, raw, kind, is_escaped, end: narrow(at + 1) });
        Ok(kind)
    }

    #[inline]
    fn raw_value(&mut self) -> Option<(Raw, Kind)> {
        Some(match self.peek()? {
            b'"' => (self.text()?, Kind::Text),
            b'-' | b'0'..=b'9' => ((self.number()?, false), Kind::Number),
            b'{' => (self.word(b"{")?, Kind::Object),
            b'[' => (self.word(b"[")?, Kind::List),
            b't' => (self.word(b"true")?, Kind::True),
            b'f' => (self.word(b"false")?, Kind::False),
            b'n' => (self.word(b"null")?, Kind::Null),
            _ => return None,
        })
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    /// Passes one byte.
    #[inline]
    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    #[inline]
    fn word(&mut self, word: &[u8]) -> Option<Raw> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(NOTHING)
    }

    /// What stands before a value: in an object a key and its colon, in a list nothing.
    #[inline]
    fn key_before(&mut self, closing: u8) -> Option<Raw> {
        if closing == b']' {
            return Some(NOTHING);
        }
        self.peek();
        let key = self.text()?;
        self.peek();
        self.word(b":")?;
        Some(key)
    }

    /// A text with its quotes.
    fn text(&mut self) -> Option<Raw> {
        self.word(b"\"")?;
        let (start, mut is_escaped) = (self.at(), false);
        loop {
            let rest = self.rest.get(plain(self.rest)..)?;
            match rest {
                [b'"', behind @ ..] => {
                    self.rest = rest;
                    let raw = self.span_from(start);
                    self.rest = behind;
                    return Some((raw, is_escaped));
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', behind @ ..] => self.rest = behind,
                [b'\\', b'u', a, b, c, d, behind @ ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_hexdigit()) => {
                    self.rest = behind;
                }
                // The text has no end, a control character, or an escape that is none.
                _ => return None,
            }
            is_escaped = true;
        }
    }

    /// How much was read.
    #[inline]
    const fn at(&self) -> usize {
        self.len - self.rest.len()
    }

    #[inline]
    fn span_from(&self, start: usize) -> Span {
        Span { start: narrow(start), end: narrow(self.at()) }
    }

    fn number(&mut self) -> Option<Span> {
        let start = self.at();
        self.pass(|byte| byte == b'-');
        // No other number begins with 0.
        let is_zero = self.rest.first() == Some(&b'0');
        if self.digits()? > 1 && is_zero {
            return None;
        }
        if self.pass(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.pass(|byte| matches!(byte, b'e' | b'E')) {
            self.pass(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Some(self.span_from(start))
    }

    /// Passes at least one digit and says how many there were.
    #[inline]
    fn digits(&mut self) -> Option<usize> {
        let before = self.rest.len();
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        let count = before - self.rest.len();
        (count > 0).then_some(count)
    }

    #[inline]
    fn pass(&mut self, is_it: impl Fn(u8) -> bool) -> bool {
        match self.rest {
            [byte, rest @ ..] if is_it(*byte) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

#[inline]
const fn closing_of(kind: Kind) -> u8 {
    if matches!(kind, Kind::Object) { b'}' } else { b']' }
}

/// How many bytes stand before a quote, a backslash, a control character or the end; eight are looked at in one step.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*chunk);
        // The lowest marked byte is marked rightly; what is borrowed from reaches only those above it.
        let low =
            (word ^ QUOTES).wrapping_sub(ONES) | (word ^ BACKSLASHES).wrapping_sub(ONES) | word.wrapping_sub(SPACES);
        let found = low & !word & HIGH;
        if found != 0 {
            return bytes.len() - rest.len() + (found.trailing_zeros() / 8) as usize;
        }
        rest = behind;
    }
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
    bytes.len() - rest.len() + end.unwrap_or(rest.len())
}

/// What a text with escapes says; half a pair of surrogates says nothing.
fn unescape(raw: &str) -> Result<String, Rejected> {
    if !raw.contains('\\') {
        return Ok(raw.to_owned());
    }
    serde_json::from_str(&format!("\"{raw}\"")).map_err(|_| Rejected::NotJson)
}

fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

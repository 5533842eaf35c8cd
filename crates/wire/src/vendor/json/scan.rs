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
    #[inline]
    const fn new(start: usize, end: usize) -> Self {
        Self { start: narrow(start), end: narrow(end) }
    }

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

    pub(super) fn key(&self, at: usize, node: &Node) -> &str {
        let unescaped = if node.is_escaped { self.unescaped(at) } else { None };
        unescaped.map_or_else(|| node.key.of(self.text), |unescaped| &unescaped.key)
    }

    #[inline]
    pub(super) fn key_bytes(&self, at: usize, node: &Node) -> &[u8] {
        if node.is_escaped {
            return self.key(at, node).as_bytes();
        }
        self.text.as_bytes().get(node.key.start as usize..node.key.end as usize).unwrap_or_default()
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
    let max = max.min(u32::MAX as usize);
    if payload.len() > max {
        return Err(Rejected::TooLarge { len: payload.len(), max });
    }
    let text = std::str::from_utf8(payload).map_err(|_| Rejected::NotUtf8)?;
    let document = Document { text, nodes: Vec::with_capacity(VALUES_USUAL), unescaped: Vec::new() };
    let mut scan = Scan { document, is_escaped: false };
    scan.run(payload)?;
    Ok(scan.document)
}

/// Nothing: a value in a list has no key, and of a word or a list only the kind counts.
const NOTHING: Span = Span { start: 0, end: 0 };

/// What is found in the message, and where it goes on.
type Found<T> = Option<(T, usize)>;

struct Scan<'a> {
    document: Document<'a>,
    /// Whether the value that is taken next, or its key, has escapes.
    is_escaped: bool,
}

impl Scan<'_> {
    fn run(&mut self, bytes: &[u8]) -> Result<(), Rejected> {
        let (mut within, mut depth, mut at) = (0usize, 0usize, 0usize);
        // What ends the list or object that is open: what stands in an object has a key.
        let mut closing = b']';
        loop {
            let (key, from) =
                if closing == b'}' { self.key(bytes, at).ok_or(Rejected::NotJson)? } else { (NOTHING, at) };
            let ((raw, kind), behind) = self.value(bytes, from).ok_or(Rejected::NotJson)?;
            let place = self.push(key, raw, kind)?;
            at = behind;
            if let Kind::List | Kind::Object = kind {
                if depth == JSON_DEPTH_MAX {
                    return Err(Rejected::TooDeep);
                }
                // Until its end is known, the way out of it is kept in its place.
                self.document.nodes[place].end = narrow(within);
                (within, depth, closing) = (place, depth + 1, closing_of(kind));
                at = pass_white(bytes, at);
                if bytes.get(at) != Some(&closing) {
                    continue;
                }
            }
            // Behind a value: the next one, or the ends of what it stands in.
            loop {
                at = pass_white(bytes, at);
                let next = bytes.get(at);
                if depth == 0 {
                    return if next.is_none() { Ok(()) } else { Err(Rejected::NotJson) };
                }
                at += 1;
                if next == Some(&b',') {
                    break;
                }
                if next != Some(&closing) {
                    return Err(Rejected::NotJson);
                }
                let end = narrow(self.document.nodes.len());
                let outer = std::mem::replace(&mut self.document.nodes[within].end, end) as usize;
                (within, depth, closing) = (outer, depth - 1, closing_of(self.document.nodes[outer].kind));
            }
        }
    }

    /// Takes a value, or the beginning of one with parts, and says where it stands.
    #[inline]
    fn push(&mut self, key: Span, raw: Span, kind: Kind) -> Result<usize, Rejected> {
        let at = self.document.nodes.len();
        if at >= VALUES_MAX {
            return Err(Rejected::OutOfRange { field: "the number of values", range: "at most 65536" });
        }
        let is_escaped = self.is_escaped;
        if is_escaped {
            let (key, text) = (unescape(key.of(self.document.text))?, unescape(raw.of(self.document.text))?);
            self.document.unescaped.push(Unescaped { at, key, text });
            self.is_escaped = false;
        }
        self.document.nodes.push(Node { key, raw, kind, is_escaped, end: narrow(at + 1) });
        Ok(at)
    }

    /// A key and its colon.
    #[inline]
    fn key(&mut self, bytes: &[u8], at: usize) -> Found<Span> {
        let at = pass_white(bytes, at);
        if *bytes.get(at)? != b'"' {
            return None;
        }
        let (key, at) = self.text(bytes, at + 1)?;
        let at = pass_white(bytes, at);
        (*bytes.get(at)? == b':').then_some((key, at + 1))
    }

    /// A value, or the beginning of one with parts.
    #[inline]
    fn value(&mut self, bytes: &[u8], at: usize) -> Found<(Span, Kind)> {
        let at = pass_white(bytes, at);
        let word = |word: &[u8], kind| bytes[at..].starts_with(word).then_some(((NOTHING, kind), at + word.len()));
        match *bytes.get(at)? {
            b'"' => self.text(bytes, at + 1).map(|(raw, behind)| ((raw, Kind::Text), behind)),
            b'-' | b'0'..=b'9' => number(bytes, at).map(|end| ((Span::new(at, end), Kind::Number), end)),
            b'{' => Some(((NOTHING, Kind::Object), at + 1)),
            b'[' => Some(((NOTHING, Kind::List), at + 1)),
            b't' => word(b"true", Kind::True),
            b'f' => word(b"false", Kind::False),
            b'n' => word(b"null", Kind::Null),
            _ => None,
        }
    }

    /// What stands behind an opening quote up to the closing one, which is passed.
    #[inline]
    fn text(&mut self, bytes: &[u8], start: usize) -> Found<Span> {
        let mut end = plain_to(bytes, start);
        if *bytes.get(end)? != b'"' {
            self.is_escaped = true;
            end = escaped_to(bytes, end)?;
        }
        Some((Span::new(start, end), end + 1))
    }
}

#[inline]
const fn closing_of(kind: Kind) -> u8 {
    if matches!(kind, Kind::Object) { b'}' } else { b']' }
}

/// Where the next byte stands that is no white space.
#[inline]
fn pass_white(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Where a text ends that has an escape here, or something that no text has.
#[cold]
fn escaped_to(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at..)? {
            [b'"', ..] => return Some(at),
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => at += 2,
            [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_hexdigit()) => at += 6,
            // The text has no end, a control character, or an escape that is none.
            _ => return None,
        }
        at = plain_to(bytes, at);
    }
}

/// Where the next quote, backslash or control character stands, or the end; eight bytes are looked at in one step.
#[inline]
fn plain_to(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*chunk);
        // The lowest marked byte is marked rightly; what is borrowed from reaches only those above it.
        let low =
            (word ^ QUOTES).wrapping_sub(ONES) | (word ^ BACKSLASHES).wrapping_sub(ONES) | word.wrapping_sub(SPACES);
        let found = low & !word & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..b' ')) {
        at += 1;
    }
    at
}

/// Where a number ends.
#[inline]
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let pass = |at: usize, these: &[u8]| at + usize::from(bytes.get(at).is_some_and(|byte| these.contains(byte)));
    let start = pass(at, b"-");
    let mut end = digits(bytes, start)?;
    // No other number begins with 0.
    if end - start > 1 && bytes[start] == b'0' {
        return None;
    }
    if bytes.get(end) == Some(&b'.') {
        end = digits(bytes, end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        end = digits(bytes, pass(end + 1, b"+-"))?;
    }
    Some(end)
}

/// Where digits end, of which there is at least one.
#[inline]
fn digits(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    (at > start).then_some(at)
}

/// What a text with escapes says; half a pair of surrogates says nothing.
fn unescape(raw: &str) -> Result<String, Rejected> {
    if !raw.contains('\\') {
        return Ok(raw.to_owned());
    }
    serde_json::from_str(&format!("\"{raw}\"")).map_err(|_| Rejected::NotJson)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "no message is longer than 4 GiB")]
const fn narrow(place: usize) -> u32 {
    place as u32
}

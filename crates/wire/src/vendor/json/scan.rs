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

/// A value: what stands at its place, under which key, and where the next one follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    /// As it is written, without quotes; empty in a list.
    pub(super) key: &'a str,
    /// A number's digits or a text without its quotes, as they are written.
    pub(super) raw: &'a str,
    pub(super) kind: Kind,
    /// Whether its key or its text has escapes: then they are read from the list of such.
    pub(super) is_escaped: bool,
    /// Where the value behind it and all its parts stands.
    pub(super) end: u32,
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
    pub(super) nodes: Vec<Node<'a>>,
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

    pub(super) fn key(&self, at: usize) -> &str {
        let Some(node) = self.nodes.get(at) else { return "" };
        if node.is_escaped { self.unescaped(at).map_or(node.key, |unescaped| &unescaped.key) } else { node.key }
    }

    pub(super) fn text(&self, at: usize) -> &str {
        let Some(node) = self.nodes.get(at) else { return "" };
        if node.is_escaped { self.unescaped(at).map_or(node.raw, |unescaped| &unescaped.text) } else { node.raw }
    }

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
    let document = Document { nodes: Vec::with_capacity(VALUES_USUAL), unescaped: Vec::new() };
    Scan { text, bytes: text.as_bytes(), at: 0, document }.run()
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    document: Document<'a>,
}

/// A text as it is written, and whether it has escapes.
type Raw<'a> = (&'a str, bool);

impl<'a> Scan<'a> {
    fn run(mut self) -> Result<Document<'a>, Rejected> {
        let (mut open, mut depth) = ([0usize; JSON_DEPTH_MAX], 0usize);
        let mut key = ("", false);
        loop {
            let at = self.document.nodes.len();
            if self.value(key)? {
                *open.get_mut(depth).ok_or(Rejected::TooDeep)? = at;
                depth += 1;
                let is_object = self.is_object(at);
                if self.peek() != Some(if is_object { b'}' } else { b']' }) {
                    key = if is_object { self.key()? } else { ("", false) };
                    continue;
                }
            }
            // Behind a value: the next one, or the ends of what it stands in.
            key = loop {
                let Some(within) = depth.checked_sub(1).map(|last| open[last]) else {
                    return if self.peek().is_none() { Ok(self.document) } else { Err(Rejected::NotJson) };
                };
                let is_object = self.is_object(within);
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        break if is_object { self.key()? } else { ("", false) };
                    }
                    Some(end) if end == if is_object { b'}' } else { b']' } => self.at += 1,
                    Some(_) | None => return Err(Rejected::NotJson),
                }
                self.document.nodes[within].end = narrow(self.document.nodes.len());
                depth -= 1;
            };
        }
    }

    /// Takes a value, or the beginning of one with parts: then it says so.
    fn value(&mut self, (key, key_escaped): Raw<'a>) -> Result<bool, Rejected> {
        let ((raw, escaped), kind) = match self.peek().ok_or(Rejected::NotJson)? {
            b'"' => {
                self.at += 1;
                (self.text()?, Kind::Text)
            }
            b'-' | b'0'..=b'9' => ((self.number()?, false), Kind::Number),
            b'{' => (self.word("{")?, Kind::Object),
            b'[' => (self.word("[")?, Kind::List),
            b't' => (self.word("true")?, Kind::True),
            b'f' => (self.word("false")?, Kind::False),
            b'n' => (self.word("null")?, Kind::Null),
            _ => return Err(Rejected::NotJson),
        };
        let at = self.document.nodes.len();
        if at >= VALUES_MAX {
            return Err(Rejected::OutOfRange { field: "the number of values", range: "at most 65536" });
        }
        let is_escaped = escaped || key_escaped;
        if is_escaped {
            self.document.unescaped.push(Unescaped { at, key: unescape(key)?, text: unescape(raw)? });
        }
        self.document.nodes.push(Node { key, raw, kind, is_escaped, end: narrow(at + 1) });
        Ok(matches!(kind, Kind::Object | Kind::List))
    }

    fn is_object(&self, at: usize) -> bool {
        self.document.nodes[at].kind == Kind::Object
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<Raw<'a>, Rejected> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(Rejected::NotJson);
        }
        self.at += word.len();
        Ok(("", false))
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<Raw<'a>, Rejected> {
        if self.peek() != Some(b'"') {
            return Err(Rejected::NotJson);
        }
        self.at += 1;
        let key = self.text()?;
        if self.peek() != Some(b':') {
            return Err(Rejected::NotJson);
        }
        self.at += 1;
        Ok(key)
    }

    /// What stands behind an opening quote up to the closing one, which is passed.
    fn text(&mut self) -> Result<Raw<'a>, Rejected> {
        let (start, mut is_escaped) = (self.at, false);
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let raw = &self.text[start..self.at];
                    self.at += 1;
                    return Ok((raw, is_escaped));
                }
                Some(b'\\') => {
                    is_escaped = true;
                    self.at += self.escape()?;
                }
                // The text has no end, or has a control character.
                Some(_) | None => return Err(Rejected::NotJson),
            }
        }
    }

    /// How long the escape is that begins here.
    fn escape(&self) -> Result<usize, Rejected> {
        match self.bytes[self.at + 1..] {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Ok(2),
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(u8::is_ascii_hexdigit) => Ok(6),
            _ => Err(Rejected::NotJson),
        }
    }

    fn number(&mut self) -> Result<&'a str, Rejected> {
        let start = self.at;
        self.pass(|byte| byte == b'-');
        let whole = self.digits()?;
        // No other number begins with 0.
        if whole > 1 && self.bytes[self.at - whole] == b'0' {
            return Err(Rejected::NotJson);
        }
        if self.pass(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.pass(|byte| matches!(byte, b'e' | b'E')) {
            self.pass(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// Passes at least one digit and says how many there were.
    fn digits(&mut self) -> Result<usize, Rejected> {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(Rejected::NotJson) } else { Ok(count) }
    }

    fn pass(&mut self, is_it: impl Fn(u8) -> bool) -> bool {
        let passed = self.bytes.get(self.at).is_some_and(|byte| is_it(*byte));
        self.at += usize::from(passed);
        passed
    }
}

/// How many bytes stand before a quote, a backslash, a control character or the end; eight are looked at in one step.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    // The lowest marked byte is marked rightly; what is borrowed from reaches only those above it.
    let below = |word: u64, bound: u64| word.wrapping_sub(bound) & !word & HIGH;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (place, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let found = below(word ^ QUOTES, ONES) | below(word ^ BACKSLASHES, ONES) | below(word, SPACES);
        if found != 0 {
            return place * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
    chunks.len() * 8 + end.unwrap_or(rest.len())
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

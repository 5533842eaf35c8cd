//! Canaries: radio addresses that nobody else has, and a finder that knows them in every form in which they could slip out.
//!
//! All begin with the same three bytes, so that one pass over the bytes looks for any number of them in all forms at once.

mod air;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub use air::{Air, Said, Way};
pub use run::{Order, Outcome, run};

/// The first three bytes of every canary, as a random static address has them.
const PREFIX: [u8; 3] = [0xc3, 0x5a, 0xd7];
/// The name that every canary's device calls itself; its first six letters are looked for.
pub const NAME: &str = "Zilpzalp-42";
const NUMBERS: u32 = 1 << 24;
const MASK: u64 = (1 << 48) - 1;
/// Most places that are told apart in what was found.
const FOUND_MAX: usize = 20;

/// In which form an address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Six bytes.
    Raw,
    /// Hexadecimal digits in either case, with separators or without.
    Hex,
    /// Inside base64, at any offset.
    Base64,
    /// One decimal number.
    Decimal,
    /// Six decimal numbers, as Rust's `Debug` writes a list.
    List,
    /// A byte string with escapes, as Rust's `Debug` writes it.
    Escaped,
    /// The device's name.
    Name,
}

/// One address that slipped out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where: a file, a direction of the wire, a page.
    pub place: String,
    /// Which byte of it.
    pub offset: usize,
    /// In which form.
    pub form: Form,
    /// Which address, in the order that it has on paper; zero for a name.
    pub address: u64,
}

/// The addresses, and what was found of them.
#[derive(Debug)]
pub struct Canaries {
    known: Vec<u64>,
    count: u32,
    /// How many bytes were looked through, by place.
    pub looked: BTreeMap<String, u64>,
    /// How often something was found.
    pub hits: u64,
    /// The first of what was found.
    pub found: Vec<Found>,
}

impl Canaries {
    /// So many addresses, scattered.
    #[must_use]
    pub fn new(count: u32) -> Self {
        let mut known = vec![0; NUMBERS as usize / 64];
        for number in 0..count {
            let low = scatter(number);
            known[low as usize / 64] |= 1 << (low % 64);
        }
        Self { known, count, looked: BTreeMap::new(), hits: 0, found: Vec::new() }
    }

    /// The address with a number; numbers go round.
    #[must_use]
    pub fn address(&self, number: u64) -> [u8; 6] {
        let number = u32::try_from(number % u64::from(self.count)).unwrap_or(0);
        let [_, a, b, c] = scatter(number).to_be_bytes();
        [PREFIX[0], PREFIX[1], PREFIX[2], a, b, c]
    }

    /// How many hits chance alone would give in all that was looked through, were it all random bytes.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub fn by_chance(&self) -> f64 {
        // Two orders of bytes at each place.
        self.looked.values().sum::<u64>() as f64 * 2.0 * f64::from(self.count) / (1u64 << 48) as f64
    }

    /// In which forms something was found.
    #[must_use]
    pub fn forms(&self) -> BTreeSet<Form> {
        self.found.iter().map(|found| found.form).collect()
    }

    /// Looks through every file of a folder, and of those in it.
    ///
    /// # Errors
    /// When a file can't be read; one that went meanwhile is passed over.
    pub fn look_into(&mut self, folder: &Path, place: &str) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = format!("{place}/{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_dir() {
                self.look_into(&path, &name)?;
                continue;
            }
            match std::fs::read(&path) {
                Ok(bytes) => self.look(&name, &bytes),
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }

    /// Looks through some bytes.
    pub fn look(&mut self, place: &str, bytes: &[u8]) {
        *self.looked.entry(place.to_owned()).or_default() += bytes.len() as u64;
        let mut windows = Windows::default();
        for (offset, byte) in bytes.iter().enumerate() {
            windows.push(*byte);
            self.check_raw(place, offset, windows.raw);
            if windows.hex_digits >= 12 {
                self.check(place, offset, Form::Hex, windows.hex);
            }
            if windows.letters >= 8 {
                self.check(place, offset, Form::Base64, windows.base64 & MASK);
            }
            if windows.letters >= 9 {
                self.check(place, offset, Form::Base64, windows.base64 >> 2 & MASK);
                self.check(place, offset, Form::Base64, windows.base64 >> 4 & MASK);
            }
            if let Some(number) = windows.decimal_ended.take() {
                self.check(place, offset, Form::Decimal, number);
            }
            if let Some(list) = windows.list_grew.take() {
                self.check(place, offset, Form::List, list);
            }
            // Without an escape in it, it is what the raw bytes are.
            if let Some(escaped) = windows.escaped_grew.take().filter(|escaped| *escaped != windows.raw) {
                self.check(place, offset, Form::Escaped, escaped);
            }
        }
        windows.push(b'\n');
        if let Some(number) = windows.decimal_ended.take() {
            self.check(place, bytes.len(), Form::Decimal, number);
        }
        if let Some(list) = windows.list_grew.take() {
            self.check(place, bytes.len(), Form::List, list);
        }
    }

    fn check_raw(&mut self, place: &str, offset: usize, window: u64) {
        let name: &[u8] = NAME.as_bytes();
        if window == fold(&name[..6]) {
            self.note(place, offset, Form::Name, 0);
        }
        self.check(place, offset, Form::Raw, window);
    }

    fn check(&mut self, place: &str, offset: usize, form: Form, window: u64) {
        for address in [window, reversed(window)] {
            if self.is_known(address) {
                self.note(place, offset, form, address);
            }
        }
    }

    fn is_known(&self, address: u64) -> bool {
        let low = usize::try_from(address & 0xff_ffff).unwrap_or(0);
        address >> 24 == fold(&PREFIX) && self.known[low / 64] >> (low % 64) & 1 == 1
    }

    fn note(&mut self, place: &str, offset: usize, form: Form, address: u64) {
        self.hits += 1;
        if self.found.len() < FOUND_MAX && !self.found.iter().any(|f| f.form == form && f.place == place) {
            self.found.push(Found { place: place.to_owned(), offset, form, address });
        }
    }
}

/// The last bytes, as each form reads them.
#[derive(Debug, Default)]
struct Windows {
    raw: u64,
    hex: u64,
    hex_digits: u32,
    hex_gap: u32,
    base64: u64,
    letters: u32,
    decimal: u64,
    decimal_digits: u32,
    decimal_ended: Option<u64>,
    list: u64,
    list_len: u32,
    list_gap: u32,
    list_grew: Option<u64>,
    escape: Escape,
    escaped: u64,
    escaped_grew: Option<u64>,
}

/// Inside `\xNN`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    Begun,
    Hex {
        digits: u32,
        value: u64,
    },
}

impl Windows {
    fn push(&mut self, byte: u8) {
        self.raw = (self.raw << 8 | u64::from(byte)) & MASK;
        self.push_hex(byte);
        self.push_base64(byte);
        self.push_digit(byte);
        self.push_escaped(byte);
    }

    /// Up to two separators may stand between digits: `:`, `-`, `_`, `.`, a space, or a comma with a space.
    fn push_hex(&mut self, byte: u8) {
        if let Some(digit) = char::from(byte).to_digit(16) {
            self.hex = (self.hex << 4 | u64::from(digit)) & MASK;
            (self.hex_digits, self.hex_gap) = (self.hex_digits + 1, 0);
        } else if matches!(byte, b':' | b'-' | b'_' | b'.' | b' ' | b',') && self.hex_gap < 2 {
            self.hex_gap += 1;
        } else {
            self.hex_digits = 0;
        }
    }

    fn push_base64(&mut self, byte: u8) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => {
                self.letters = 0;
                return;
            }
        };
        self.base64 = (self.base64 << 6 | u64::from(value)) & ((1 << 54) - 1);
        self.letters += 1;
    }

    fn push_digit(&mut self, byte: u8) {
        if byte.is_ascii_digit() {
            self.decimal = self.decimal.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            self.decimal_digits += 1;
            return;
        }
        let (number, digits) = (std::mem::take(&mut self.decimal), std::mem::take(&mut self.decimal_digits));
        match digits {
            0 => {}
            1..=3 if number <= 255 => {
                self.list = (self.list << 8 | number) & MASK;
                (self.list_len, self.list_gap) = (self.list_len + 1, 0);
                self.list_grew = (self.list_len >= 6).then_some(self.list);
            }
            12..=15 => self.decimal_ended = Some(number),
            _ => self.list_len = 0,
        }
        self.list_gap += 1;
        if !matches!(byte, b',' | b' ' | b'\n' | b':' | b'.' | b'-' | b']') || self.list_gap > 16 {
            self.list_len = 0;
        }
    }

    fn push_escaped(&mut self, byte: u8) {
        self.escape = match (self.escape, byte) {
            (Escape::None, b'\\') => Escape::Begun,
            (Escape::Begun, b'x') => Escape::Hex { digits: 0, value: 0 },
            (Escape::Hex { digits, value }, _) => {
                let value = value << 4 | u64::from(char::from(byte).to_digit(16).unwrap_or(0));
                if digits == 0 { Escape::Hex { digits: 1, value } } else { self.grow_escaped(value) }
            }
            (Escape::Begun, b'n') => self.grow_escaped(10),
            (Escape::Begun, b'r') => self.grow_escaped(13),
            (Escape::Begun, b't') => self.grow_escaped(9),
            (Escape::Begun, b'0') => self.grow_escaped(0),
            (Escape::Begun | Escape::None, _) => self.grow_escaped(u64::from(byte)),
        };
    }

    fn grow_escaped(&mut self, byte: u64) -> Escape {
        self.escaped = (self.escaped << 8 | byte) & MASK;
        self.escaped_grew = Some(self.escaped);
        Escape::None
    }
}

fn fold(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

const fn reversed(window: u64) -> u64 {
    window.swap_bytes() >> 16
}

/// A number's place among all: neighbours lie far apart, and no two share one.
const fn scatter(number: u32) -> u32 {
    number.wrapping_mul(0x9e_3779) % NUMBERS
}

#[cfg(test)]
mod tests;

//! A transmitter's radio address. It never leaves the edge box: see the privacy rules in `gateway`.

use std::fmt;

use crate::digits;

/// What kind of address it is, as far as the receiver says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// Bought from the IEEE; it does not change.
    Public,
    /// Made up by the transmitter; it may rotate.
    Random,
    /// The receiver did not say.
    Unknown,
}

impl AddressKind {
    /// Its name, as BlueZ, Cassia and our own recordings write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Random => "random",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of that name; a name that is none says nothing.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Public, Self::Random, Self::Unknown].into_iter().find(|kind| kind.name() == name)
    }
}

/// A 48-bit radio address, most significant byte first, as people write it.
///
/// It has no `Display` and its `Debug` shows the kind alone, so that it can't slip into a log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The six bytes.
    pub bytes: [u8; 6],
    /// What kind it is.
    pub kind: AddressKind,
}

impl Address {
    /// Reads 12 hexadecimal digits in either case, bare or in pairs parted by `:` or `-`.
    #[must_use]
    pub fn parse(text: &str, kind: AddressKind) -> Option<Self> {
        let mut digits = [0u8; 12];
        match text.len() {
            12 => digits.copy_from_slice(text.as_bytes()),
            17 => take_pairs(text.as_bytes(), &mut digits)?,
            _ => return None,
        }
        let mut bytes = [0; 6];
        digits::read(&digits, &mut bytes)?;
        Some(Self { bytes, kind })
    }

    /// Whether the transmitter may change it: a random address that is not a static one.
    #[must_use]
    pub const fn may_rotate(self) -> bool {
        matches!(self.kind, AddressKind::Random) && self.bytes[0] >> 6 != 0b11
    }

    /// Twelve digits in lower case, as ESPresense writes it.
    #[must_use]
    pub fn to_lower(self) -> String {
        hex::encode(self.bytes)
    }

    /// Twelve digits in upper case, without a text around them.
    pub(crate) fn upper_digits(self) -> [u8; 12] {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        std::array::from_fn(|place| {
            let byte = self.bytes[place / 2];
            DIGITS[usize::from(if place % 2 == 0 { byte >> 4 } else { byte & 0x0f })]
        })
    }

    /// Twelve digits in upper case, as Minew writes it.
    #[must_use]
    pub fn to_upper(self) -> String {
        hex::encode_upper(self.bytes)
    }

    /// Six pairs in upper case parted by colons, as Theengs and OpenMQTTGateway write it.
    #[must_use]
    pub fn to_colons(self) -> String {
        let pairs: Vec<String> = self.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:?})", self.kind)
    }
}

fn take_pairs(text: &[u8], digits: &mut [u8; 12]) -> Option<()> {
    let &[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = text else { return None };
    *digits = [a, b, d, e, g, h, j, k, m, n, p, q];
    (matches!(c, b':' | b'-') && [f, i, l, o] == [c; 4]).then_some(())
}

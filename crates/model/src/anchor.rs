//! Transmitters whose place is known: fixed beacons, and receivers that advertise themselves. They are never somebody.

use std::fmt;

use crate::sighting::Transmitter;

/// The first half of the proximity UUID under which ESPresense nodes advertise themselves.
const NODE: [u8; 8] = [0xe5, 0xca, 0x1a, 0xde, 0xf0, 0x07, 0xba, 0x11];

/// What a fixed transmitter sends: iBeacon numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Advertised {
    /// The proximity UUID.
    pub uuid: [u8; 16],
    /// The major number.
    pub major: u16,
    /// The minor number.
    pub minor: u16,
}

impl Advertised {
    /// Reads `uuid-major-minor`, as ESPresense writes it, or `node:` and the name that a node has given itself.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("node:") {
            return (!name.trim().is_empty()).then(|| Self::node(name));
        }
        let mut parts = text.strip_prefix("iBeacon:").unwrap_or(text).rsplitn(3, '-');
        let minor = parts.next()?.parse().ok()?;
        let major = parts.next()?.parse().ok()?;
        let digits: String = parts.next()?.chars().filter(|c| *c != '-').collect();
        Some(Self { uuid: hex::decode(digits).ok()?.try_into().ok()?, major, minor })
    }

    /// An ESPresense node by its name: other nodes pass on the name in the place of the numbers.
    ///
    /// The name becomes a number, so that no text of anybody's leaves an edge box.
    #[must_use]
    pub fn node(name: &str) -> Self {
        let mut uuid = [0; 16];
        uuid[..8].copy_from_slice(&NODE);
        // FNV-1a: the same everywhere, and it needs no secret.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
        uuid[8..].copy_from_slice(&hash.to_be_bytes());
        Self { uuid, major: 0, minor: 0 }
    }

    /// What a transmitter sends, if it is an iBeacon.
    #[must_use]
    pub const fn of(transmitter: &Transmitter) -> Option<Self> {
        match transmitter {
            Transmitter::Beacon { uuid, major, minor } => Some(Self { uuid: *uuid, major: *major, minor: *minor }),
            Transmitter::Rolling(_) | Transmitter::Eid(_) | Transmitter::Device(_) | Transmitter::Anonymous(_) => None,
        }
    }
}

impl fmt::Display for Advertised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", hex::encode(self.uuid), self.major, self.minor)
    }
}

/// Whether a proximity UUID is one of those under which receivers advertise themselves.
#[must_use]
pub fn is_node(uuid: &[u8; 16]) -> bool {
    uuid[..8] == NODE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_read_and_nothing_else() {
        let numbers = Advertised::parse("iBeacon:e2c56db5-dffb-48d2-b060-d0f5a71096e0-1-70").expect("numbers");
        assert_eq!(numbers.to_string(), "e2c56db5dffb48d2b060d0f5a71096e0-1-70");
        assert_eq!(Advertised::parse(&numbers.to_string()), Some(numbers));
        let node = Advertised::parse("node:bakery").expect("a name");
        assert!(is_node(&node.uuid) && !is_node(&numbers.uuid));
        assert_ne!(Some(node), Advertised::parse("node:baker"));
        for text in ["", "node:", "node: ", "bakery", "e2c56db5-1-2", "e2c56db5dffb48d2b060d0f5a71096e0-1-70000"] {
            assert_eq!(Advertised::parse(text), None, "{text}");
        }
    }
}

//! Who is behind a rotating id on the air: a bounded table of the current windows, looked up in constant time.
//!
//! It computes no ids itself: whoever holds the devices' keys fills it, with each device's current and neighbouring windows.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use model::ids::{DeviceId, TagId};
use model::shop::Shop;
use model::sighting::RollingId;
use model::time::{Millis, Timestamp};

/// Most windows kept: a chain's devices, three windows each.
pub const WINDOWS_MAX: usize = 1_000_000;
/// How far a phone's clock, and a sighting's way to us, may stray beyond a window.
pub const TOLERANCE: Millis = Millis::minutes(5);

/// One ephemeral id of one device, and when it is on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The ephemeral id.
    pub eid: [u8; 8],
    /// The keyed check that goes with it.
    pub tag: [u8; 8],
    /// Whose it is.
    pub device: DeviceId,
    /// From when it is on the air.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
}

/// Whose an id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// This device's.
    Device(DeviceId),
    /// Nobody's that we know now.
    Unknown,
    /// Another chain's: the prefix is not ours.
    Foreign,
    /// The id is a device's, but its check is wrong: somebody made it up.
    Forged,
    /// The id was a device's, at another time: somebody plays a recording.
    OutOfWindow,
}

/// What a replacement of the windows did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Windows now in the table.
    pub kept: usize,
    /// Windows beyond the bound, not taken; the first ones given were.
    pub dropped: usize,
    /// Ids that two devices share by chance; neither is resolved, so nobody is taken for somebody else.
    pub collisions: usize,
}

/// The table of all ids that can be on the air now.
#[derive(Debug)]
pub struct Resolver {
    prefix: [u8; 4],
    windows_max: usize,
    windows: Table,
}

type Table = HashMap<[u8; 8], Entry, BuildHasherDefault<EidHasher>>;

#[derive(Debug, Clone, Copy)]
enum Entry {
    One(Window),
    Shared,
}

impl Resolver {
    /// An empty table for a chain's prefix, bounded by [`WINDOWS_MAX`].
    #[must_use]
    pub fn new(prefix: [u8; 4]) -> Self {
        Self::with_bound(prefix, WINDOWS_MAX)
    }

    /// An empty table with a bound of its own.
    #[must_use]
    pub fn with_bound(prefix: [u8; 4], windows_max: usize) -> Self {
        Self { prefix, windows_max, windows: Table::default() }
    }

    /// Puts a new set of windows in the place of the old one, all at once.
    pub fn replace(&mut self, windows: impl IntoIterator<Item = Window>) -> Replaced {
        let mut table = Table::default();
        let mut replaced = Replaced::default();
        for window in windows {
            let full = table.len() >= self.windows_max;
            match table.get_mut(&window.eid) {
                Some(Entry::One(other)) if other.device == window.device => {
                    other.from = other.from.min(window.from);
                    other.until = other.until.max(window.until);
                }
                Some(entry @ Entry::One(_)) => {
                    *entry = Entry::Shared;
                    replaced.collisions += 1;
                }
                Some(Entry::Shared) => {}
                None if full => replaced.dropped += 1,
                None => {
                    table.insert(window.eid, Entry::One(window));
                }
            }
        }
        replaced.kept = table.len();
        self.windows = table;
        replaced
    }

    /// Whose a full rolling id is; prefix, check and time must all be right.
    #[must_use]
    pub fn rolling(&self, id: &RollingId, at: Timestamp) -> Resolution {
        if id.prefix != self.prefix {
            return Resolution::Foreign;
        }
        match self.windows.get(&id.eid) {
            Some(Entry::One(window)) if !same(&window.tag, &id.tag) => Resolution::Forged,
            Some(Entry::One(window)) => in_window(window, at),
            Some(Entry::Shared) | None => Resolution::Unknown,
        }
    }

    /// Whose a bare ephemeral id is; it has no check, so only its time is tested.
    #[must_use]
    pub fn eid(&self, eid: &[u8; 8], at: Timestamp) -> Resolution {
        match self.windows.get(eid) {
            Some(Entry::One(window)) => in_window(window, at),
            Some(Entry::Shared) | None => Resolution::Unknown,
        }
    }

    /// Windows in the table.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }
}

fn in_window(window: &Window, at: Timestamp) -> Resolution {
    if at >= window.from - TOLERANCE && at < window.until + TOLERANCE {
        Resolution::Device(window.device)
    } else {
        Resolution::OutOfWindow
    }
}

/// Compares without an early exit, so that timing tells nothing about the check.
fn same(a: &[u8; 8], b: &[u8; 8]) -> bool {
    a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}

/// Ephemeral ids are cipher output and only our own get into the table: they are their own hash.
/// A seeded hasher would bring chance into a pure crate and gain nothing.
#[derive(Debug, Default)]
struct EidHasher(u64);

impl Hasher for EidHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }

    // The length of an array is always the same: it tells ids apart no better.
    fn write_usize(&mut self, _length: usize) {}
}

/// The store's own tags by their iBeacon numbers.
#[derive(Debug, Default)]
pub struct Tags {
    tags: std::collections::BTreeMap<([u8; 16], u16, u16), TagId>,
}

impl Tags {
    /// Reads the tags that a shop declares; of two with the same numbers the first counts.
    #[must_use]
    pub fn new(shop: &Shop) -> Self {
        let mut tags = std::collections::BTreeMap::new();
        for tag in &shop.tags {
            if let Some(uuid) = tag.uuid_bytes() {
                tags.entry((uuid, tag.major, tag.minor)).or_insert_with(|| tag.id.clone());
            }
        }
        Self { tags }
    }

    /// The tag with these numbers.
    #[must_use]
    pub fn find(&self, uuid: &[u8; 16], major: u16, minor: u16) -> Option<&TagId> {
        self.tags.get(&(*uuid, major, minor))
    }
}

#[cfg(test)]
mod tests;

//! The list of those who do not want to be heard: from the server to each box of a store, retained.
//!
//! It holds no addresses, but 32 bits of a keyed hash of each. A box that hears an address can tell whether it is on
//! the list; who reads the list alone has 65,536 addresses for each entry. The key is a store's own and stays the same.

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Most entries of a store.
pub const ENTRIES_MAX: usize = 10_000;
/// Longest list, in bytes.
pub const LIST_LEN_MAX: usize = HEAD_LEN + 4 * ENTRIES_MAX;
/// The form of the list that is written and read here.
const FORM: u8 = 1;
/// Form, version and key.
const HEAD_LEN: usize = 1 + 8 + KEY_LEN;
const KEY_LEN: usize = 16;

/// Who objected in a store.
#[derive(Clone, PartialEq, Eq)]
pub struct Objections {
    version: u64,
    key: [u8; KEY_LEN],
    /// In order, each once.
    hashes: Vec<u32>,
}

impl std::fmt::Debug for Objections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // With the key an entry could be told from a log.
        f.debug_struct("Objections").field("version", &self.version).field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Why a list can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// It is too long.
    #[error("the list has {len} bytes, at most {LIST_LEN_MAX} are read")]
    TooLarge {
        /// Bytes it has.
        len: usize,
    },
    /// It is cut short.
    #[error("the list is cut short at {len} bytes")]
    CutShort {
        /// Bytes it has.
        len: usize,
    },
    /// Another form than this version knows.
    #[error("the list has form {form}, {FORM} is read: update this program")]
    Form {
        /// Which.
        form: u8,
    },
    /// Entries are not in order, or twice.
    #[error("the entries of the list are not in order")]
    NotInOrder,
}

impl Error {
    /// The stable code for counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::CutShort { .. } => "cut-short",
            Self::Form { .. } => "unknown-form",
            Self::NotInOrder => "not-in-order",
        }
    }
}

/// What is kept of an address under a store's key.
///
/// # Panics
/// Never: a key of any length is allowed.
#[must_use]
pub fn hash(key: &[u8; KEY_LEN], address: [u8; 6]) -> u32 {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(&address);
    let digest = mac.finalize().into_bytes();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

impl Objections {
    /// A list of hashes under a key; beyond [`ENTRIES_MAX`] none is taken.
    #[must_use]
    pub fn new(version: u64, key: [u8; KEY_LEN], hashes: impl IntoIterator<Item = u32>) -> Self {
        let mut hashes: Vec<u32> = hashes.into_iter().take(ENTRIES_MAX).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self { version, key, hashes }
    }

    /// Its version; a later list of the same store has a higher one.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// How many are on it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether nobody is on it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether who has this address is on it.
    #[must_use]
    pub fn has(&self, address: [u8; 6]) -> bool {
        !self.is_empty() && self.hashes.binary_search(&hash(&self.key, address)).is_ok()
    }

    /// Whether this list takes the place of another. One of another key is another server's, which knows better.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        self.key != other.key || self.version >= other.version
    }

    /// Writes it.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(HEAD_LEN + 4 * self.hashes.len());
        bytes.push(FORM);
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes.extend_from_slice(&self.key);
        bytes.extend(self.hashes.iter().flat_map(|hash| hash.to_be_bytes()));
        bytes.into()
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Error`] says what is wrong with it.
    pub fn decode(payload: &[u8]) -> Result<Self, Error> {
        let len = payload.len();
        if len > LIST_LEN_MAX {
            return Err(Error::TooLarge { len });
        }
        let short = Error::CutShort { len };
        let Some((&form, rest)) = payload.split_first() else { return Err(short) };
        if form != FORM {
            return Err(Error::Form { form });
        }
        let Some((version, rest)) = rest.split_first_chunk::<8>() else { return Err(short) };
        let Some((key, rest)) = rest.split_first_chunk::<KEY_LEN>() else { return Err(short) };
        let (entries, odd) = rest.as_chunks::<4>();
        if !odd.is_empty() {
            return Err(short);
        }
        let hashes: Vec<u32> = entries.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
        if !hashes.is_sorted_by(|one, next| one < next) {
            return Err(Error::NotInOrder);
        }
        Ok(Self { version: u64::from_be_bytes(*version), key: *key, hashes })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; KEY_LEN] = [7; KEY_LEN];

    fn list(addresses: &[[u8; 6]]) -> Objections {
        Objections::new(3, KEY, addresses.iter().map(|address| hash(&KEY, *address)))
    }

    #[test]
    fn who_is_on_the_list_is_found_and_nobody_else() {
        let all: Vec<[u8; 6]> = (0..200).map(|n| [0xc0, 0xff, 0xee, 0, 0, n]).collect();
        let list = list(&all[..100]);
        assert_eq!((list.len(), list.version()), (100, 3));
        assert!(all[..100].iter().all(|address| list.has(*address)));
        assert!(!all[100..].iter().any(|address| list.has(*address)));
        assert!(!Objections::new(0, KEY, []).has(all[0]));
    }

    #[test]
    fn the_bytes_on_the_wire_stay_what_they_are_and_hold_no_address() {
        let address = [0xc0, 0xff, 0xee, 0x12, 0x34, 0x56];
        let bytes = list(&[address]).encode();
        assert_eq!(bytes.len(), HEAD_LEN + 4);
        assert_eq!(hex::encode(&bytes[..HEAD_LEN]), "01000000000000000307070707070707070707070707070707");
        assert!(!bytes.windows(3).any(|three| address.windows(3).any(|part| part == three)));
        assert!(!format!("{:?}", list(&[address])).contains('7'), "no key in a log");
    }

    #[test]
    fn a_list_that_cannot_be_is_refused_with_its_code() {
        let good = Objections::new(3, KEY, [5, 9]).encode();
        let code = |bytes: &[u8]| Objections::decode(bytes).map_or_else(|error| error.code(), |_| "accepted");
        assert_eq!(code(&good), "accepted");
        for cut in [0, 1, 8, HEAD_LEN - 1, HEAD_LEN + 1, HEAD_LEN + 7] {
            assert_eq!(code(&good[..cut]), "cut-short", "{cut}");
        }
        assert_eq!(code(&[&[2], &good[1..]].concat()), "unknown-form");
        assert_eq!(code(&[&good[..HEAD_LEN], &[0, 0, 0, 9, 0, 0, 0, 5]].concat()), "not-in-order");
        assert_eq!(code(&[&good[..HEAD_LEN], &[0, 0, 0, 9, 0, 0, 0, 9]].concat()), "not-in-order");
        assert_eq!(code(&vec![1; LIST_LEN_MAX + 1]), "too-large");
        assert_eq!(Objections::new(1, KEY, 0..20_000).len(), ENTRIES_MAX);
    }

    #[test]
    fn an_older_list_does_not_replace_a_newer_one_of_the_same_key() {
        let (old, new) = (Objections::new(3, KEY, [1]), Objections::new(4, KEY, [1, 2]));
        assert!(new.replaces(&old) && new.replaces(&new) && !old.replaces(&new));
        assert!(Objections::new(1, [8; KEY_LEN], [1]).replaces(&new));
    }

    proptest! {
        #[test]
        fn lists_survive_the_way(version: u64, key: [u8; KEY_LEN], hashes in prop::collection::vec(any::<u32>(), 0..300)) {
            let list = Objections::new(version, key, hashes);
            prop_assert_eq!(Objections::decode(&list.encode()), Ok(list));
        }

        #[test]
        fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(list) = Objections::decode(&bytes) {
                prop_assert_eq!(&list.encode()[..], &bytes[..]);
            }
        }
    }
}

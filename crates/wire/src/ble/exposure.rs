//! Rolling ids of the shape of exposure notifications: service data under FD6F, 16 bytes of id and 4 of encrypted metadata.
//!
//! An id lives ten minutes and says nothing to us: it is recognised so that it is not taken for anything else.
//! The derivation is here for who holds a key, such as a test or a health service.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

/// The service UUID.
pub const SERVICE: u16 = 0xfd6f;
/// How long an id lives, in seconds.
pub const INTERVAL_S: u32 = 600;

/// An id and its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exposure {
    /// The rolling proximity identifier.
    pub id: [u8; 16],
    /// The associated encrypted metadata.
    pub metadata: [u8; 4],
}

impl Exposure {
    /// Reads service data; the UUID's two bytes are already taken off. It has exactly 20 bytes.
    #[must_use]
    pub fn from_service(data: &[u8]) -> Option<Self> {
        let (id, metadata) = data.split_first_chunk()?;
        Some(Self { id: *id, metadata: metadata.try_into().ok()? })
    }

    /// The service data behind the UUID.
    #[must_use]
    pub fn to_service(&self) -> [u8; 20] {
        let mut data = [0; 20];
        data[..16].copy_from_slice(&self.id);
        data[16..].copy_from_slice(&self.metadata);
        data
    }
}

/// The id of a day's key in an interval of ten minutes since 1970.
#[must_use]
pub fn rolling_id(day_key: &[u8; 16], interval: u32) -> [u8; 16] {
    let mut block = [0; 16];
    block[..6].copy_from_slice(b"EN-RPI");
    block[12..].copy_from_slice(&interval.to_le_bytes());
    encrypt(&derive(day_key, b"EN-RPIK"), block)
}

/// Metadata under an id, encrypted; the same step opens it again.
#[must_use]
pub fn crypt_metadata(day_key: &[u8; 16], id: [u8; 16], metadata: [u8; 4]) -> [u8; 4] {
    // AES in counter mode, and four bytes need its first block alone.
    let stream = encrypt(&derive(day_key, b"EN-AEMK"), id);
    std::array::from_fn(|place| metadata[place] ^ stream[place])
}

fn derive(day_key: &[u8; 16], purpose: &[u8]) -> [u8; 16] {
    let mut key = [0; 16];
    Hkdf::<Sha256>::new(None, day_key).expand(purpose, &mut key).expect("16 bytes are no more than HKDF gives");
    key
}

fn encrypt(key: &[u8; 16], block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes128::new(key.into()).encrypt_block(&mut block);
    block.into()
}

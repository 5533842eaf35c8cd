//! Eddystone-EID: eight bytes that only the holder of the identity key can foresee.
//!
//! Computed as the public specification says: a temporary key for every 2^16 seconds, and one block of it per slot of 2^k seconds.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

/// Largest rotation exponent that the specification allows.
pub const K_MAX: u8 = 15;

/// The ephemeral id of an identity key at a time, with slots of 2^`k` seconds; `k` above [`K_MAX`] counts as [`K_MAX`].
#[must_use]
pub fn ephemeral_id(key: &[u8; 16], k: u8, seconds: u32) -> [u8; 8] {
    let k = k.min(K_MAX);
    let mut block = [0u8; 16];
    block[11] = k;
    block[12..].copy_from_slice(&(seconds >> k << k).to_be_bytes());
    let sealed = encrypt(&temporary_key(key, seconds), block);
    let mut id = [0; 8];
    id.copy_from_slice(&sealed[..8]);
    id
}

fn temporary_key(key: &[u8; 16], seconds: u32) -> [u8; 16] {
    let mut block = [0u8; 16];
    block[11] = 0xff;
    block[14..].copy_from_slice(&seconds.to_be_bytes()[..2]);
    encrypt(key, block)
}

fn encrypt(key: &[u8; 16], block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes128::new(key.into()).encrypt_block(&mut block);
    block.into()
}

//! Private addresses that can be resolved: the hash of Bluetooth Core, volume 3 part H, section 2.2.2.
//!
//! For a handful of staff devices that gave their key. It is no way to know customers: 24 bits of hash meet by chance.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

use super::address::{Address, AddressKind};

/// A device's identity resolving key, most significant byte first. Its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Irk(pub [u8; 16]);

impl std::fmt::Debug for Irk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Irk(..)")
    }
}

/// The hash of the random part under a key.
#[must_use]
pub fn ah(key: &Irk, random: [u8; 3]) -> [u8; 3] {
    let mut block = [0u8; 16];
    block[13..].copy_from_slice(&random);
    let mut block = block.into();
    Aes128::new((&key.0).into()).encrypt_block(&mut block);
    [block[13], block[14], block[15]]
}

/// Whether an address is one of the key's. False for addresses that can't be resolved at all.
#[must_use]
pub fn is_of(key: &Irk, address: Address) -> bool {
    let [a, b, c, hash @ ..] = address.bytes;
    let resolvable = address.kind != AddressKind::Public && a >> 6 == 0b01;
    resolvable && ah(key, [a, b, c]) == hash
}

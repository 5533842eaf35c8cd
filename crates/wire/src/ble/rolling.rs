//! The rotating customer id: prefix, ephemeral id and a keyed check, 20 bytes that fit an iBeacon frame.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use model::sighting::RollingId;
use model::time::Timestamp;
use sha2::Sha256;

use super::eid;
use super::ibeacon::IBeacon;

/// The rotation exponent: a new id every 2^10 seconds, about 17 minutes.
pub const K: u8 = 10;
/// The length of a slot, in seconds.
pub const SLOT_S: u32 = 1 << K;

/// A device's key for its id on the air. Its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AirKey(pub [u8; 16]);

impl fmt::Debug for AirKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AirKey(..)")
    }
}

/// The slot that a second belongs to.
#[must_use]
pub const fn slot(seconds: u32) -> u32 {
    seconds >> K
}

/// The second in which a slot begins.
#[must_use]
pub const fn slot_start(slot: u32) -> u32 {
    slot << K
}

/// The seconds of a moment as the air counts them: since 1970, in 32 bits; times before 1970 count as 0.
#[must_use]
pub fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.0.max(0) / 1_000).unwrap_or(u32::MAX)
}

/// The device's id at a time.
#[must_use]
pub fn rolling_id(key: &AirKey, prefix: [u8; 4], seconds: u32) -> RollingId {
    let eid = eid::ephemeral_id(&key.0, K, seconds);
    RollingId { prefix, eid, tag: tag(key, prefix, eid, slot(seconds)) }
}

/// The device's ephemeral id alone in a slot: what a table of the current windows is keyed by.
#[must_use]
pub fn eid_in_slot(key: &AirKey, slot: u32) -> [u8; 8] {
    eid::ephemeral_id(&key.0, K, slot_start(slot))
}

/// The keyed check over prefix, ephemeral id and slot.
#[must_use]
pub fn tag(key: &AirKey, prefix: [u8; 4], eid: [u8; 8], slot: u32) -> [u8; 8] {
    let full = keyed_hash(key, prefix, eid, slot).finalize().into_bytes();
    let mut tag = [0; 8];
    tag.copy_from_slice(&full[..8]);
    tag
}

/// Whether an id truly is the key's id in a slot. Takes the same time whatever the tag says.
#[must_use]
pub fn is_genuine(key: &AirKey, id: &RollingId, slot: u32) -> bool {
    let tag_fits = keyed_hash(key, id.prefix, id.eid, slot).verify_truncated_left(&id.tag).is_ok();
    tag_fits && id.eid == eid_in_slot(key, slot)
}

/// The whole advertisement that carries the id as an iBeacon.
#[must_use]
pub fn to_ibeacon(id: RollingId, power_at_1m: i8) -> Vec<u8> {
    IBeacon::from_body(id.to_bytes(), power_at_1m).to_advertisement()
}

fn keyed_hash(key: &AirKey, prefix: [u8; 4], eid: [u8; 8], slot: u32) -> Hmac<Sha256> {
    let mut hash = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes a key of any length");
    hash.update(&prefix);
    hash.update(&eid);
    hash.update(&slot.to_be_bytes());
    hash
}

//! Intake of app and shop events: the Segment HTTP API, read leniently and stored only with consent.

pub mod body;
pub mod commerce;
pub mod http;
pub mod parse;
mod people;
pub mod pos;
pub mod rate;
pub(crate) mod take;
pub mod webhook;

use model::ids::{AnonymousId, CustomerId};
use sha2::{Digest as _, Sha256};

pub use people::name_hash;
pub use take::{message_id, order_id};

/// The customer that a visitor is before the log-in: the same from the app's events and from its device.
///
/// # Panics
/// Never: the id is as short as ids must be.
#[must_use]
pub fn anonymous_customer(id: &AnonymousId) -> CustomerId {
    let plain = CustomerId::new(&format!("anonymous:{id}"));
    plain.unwrap_or_else(|_| {
        // Too long with the word before it: a digest of it is as unique.
        let digest = hex::encode(&Sha256::digest(id.as_str().as_bytes())[..16]);
        CustomerId::new(&format!("anonymous:{digest}")).expect("a short word and 32 digits are an id")
    })
}

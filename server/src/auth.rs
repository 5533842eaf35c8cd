//! Who asks: the account with its session, API keys, write keys, device tokens and receipts.
//!
//! Every secret is compared in constant time, either by its keyed code or by its hash.

pub mod password;
pub mod throttle;
pub mod token;

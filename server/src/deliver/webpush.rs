//! Web Push: encryption, our identity towards push services, the guard on endpoints, and the client that posts.

pub mod client;
pub mod encrypt;
pub mod guard;
pub mod vapid;

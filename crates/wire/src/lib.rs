//! The bytes of Attimo: what goes over the air and over MQTT, decoded and encoded without I/O.
//!
//! Everything read here comes from outside: it is bounded, checked, and refused with a stable code, never with a panic.

pub mod ble;
mod digits;
pub mod objections;
pub mod settings;
pub mod state;
#[cfg(test)]
mod testing;
pub mod topics;
pub mod uplink;
pub mod vendor;

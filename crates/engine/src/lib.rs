//! When: the Shop and Shopper machines, and the core that joins them. Pure.

pub mod core;
#[cfg(test)]
mod fixture;
pub mod log;
pub mod pack;
pub mod shop;
pub mod shopper;

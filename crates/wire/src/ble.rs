//! What goes over the air: advertisement structures, the frames in them, and the rotating customer id.

pub mod ad;
pub mod address;
pub mod altbeacon;
pub mod eddystone;
pub mod eid;
pub mod frame;
pub mod ibeacon;
pub mod rolling;

#[cfg(test)]
mod tests;

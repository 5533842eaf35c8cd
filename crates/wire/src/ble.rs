//! What goes over the air: advertisement structures, the frames in them, and the rotating customer id.

pub mod ad;
pub mod address;
pub mod altbeacon;
pub mod bthome;
pub mod btsnoop;
pub mod eddystone;
pub mod eid;
pub mod exposure;
pub mod frame;
pub mod hci;
pub mod ibeacon;
pub mod overflow;
pub mod rolling;
pub mod rpa;
pub mod service;

#[cfg(test)]
mod seals;
#[cfg(test)]
mod tests;

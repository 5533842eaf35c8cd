//! A whole shop in software, with ground truth: people, radio, devices on the wall, phones with the app.
//!
//! [`world`] is pure and on virtual time. It shares nothing with the estimator and the decision core that it is there to judge.
//! Around it stand the parts that touch the outside: the bus, the broker, the server's HTTP API and the push service.

pub mod api;
pub mod bluez;
mod carried;
pub mod chance;
pub mod demo;
pub mod device;
pub mod fleet;
mod guard;
pub mod person;
pub mod phone;
pub mod push_service;
pub mod radio;
pub mod replay;
pub mod response;
pub mod scenario;
pub mod shopper;
pub mod truth;
mod walkways;
pub mod world;

pub use carried::Source;

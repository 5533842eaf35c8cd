//! The server: locates, decides, delivers and measures.

pub mod app;
pub mod config;
pub mod deliver;
pub mod intake;
pub mod live;
pub mod run;
pub mod secret;
pub mod store;

//! The server: locates, decides, delivers and measures.

pub mod api;
pub mod app;
pub mod apply;
pub mod auth;
pub mod broker;
#[cfg(test)]
pub(crate) mod by_hand;
pub mod config;
pub mod deliver;
pub mod doctor;
pub mod evaluate;
pub mod export;
pub mod fleet;
pub mod identity;
pub mod import;
pub mod ingest;
pub mod intake;
pub mod keys;
pub mod live;
pub mod objections;
pub mod record;
pub mod regulate;
pub mod replay;
pub mod run;
pub mod secret;
pub mod serve;
pub mod store;
pub mod survey;
#[cfg(test)]
pub(crate) mod testing;
pub mod today;
pub mod web;

//! The server: locates, decides, delivers and measures.

pub mod api;
pub mod app;
pub mod auth;
pub mod broker;
pub mod config;
pub mod deliver;
pub mod intake;
pub mod live;
pub mod run;
pub mod secret;
pub mod store;
pub mod today;
pub mod web;

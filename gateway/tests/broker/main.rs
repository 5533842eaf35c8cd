//! The gateway's binary between real brokers: vendors publish, a small server commits and acknowledges, and things break.

mod canary;
mod harness;
mod quiet;
mod settings;
mod story;

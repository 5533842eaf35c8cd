//! What the binaries share with the outside: clock, configuration, MQTT, telemetry, shutdown.
//!
//! The one crate below the binaries that may read a clock, the environment, files and the network.

pub mod clock;
pub mod config;
pub mod exit;
pub mod files;
pub mod mqtt;
pub mod notify;
pub mod shutdown;
pub mod telemetry;

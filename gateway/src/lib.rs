//! The edge box: hears the shop, loses nothing that counts, gives nothing away.

pub mod battery;
pub mod classify;
pub mod config;
pub mod count;
pub mod decode;
pub mod diag;
pub mod doctor;
pub mod enrol;
pub mod intake;
pub mod metric;
pub mod now;
pub mod objections;
pub mod pipeline;
pub mod privacy;
pub mod radio;
pub mod record;
pub mod replay;
pub mod run;
pub mod sensor;
pub mod settings;
pub mod spool;
pub mod status;
pub mod timeline;
pub mod uplink;
pub mod watchdog;

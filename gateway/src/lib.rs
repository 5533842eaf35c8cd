//! The edge box: hears the shop, loses nothing that counts, gives nothing away.

pub mod config;
pub mod metric;
pub mod now;
pub mod privacy;
pub mod sensor;
pub mod spool;
pub mod window;

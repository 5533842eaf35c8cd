//! This box's own radio, behind a port: whatever the source, what comes out is one raw advertisement at a time.

pub mod btleplug;
pub mod join;
pub mod port;

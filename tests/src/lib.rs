//! The harness: starts real parts for the tests, on free ports and in temporary folders.

pub mod alone;
pub mod answering;
pub mod backlog;
pub mod canary;
pub mod crooked;
pub mod crowd;
pub mod disk;
pub mod edge;
pub mod house;
pub mod mosquitto;
pub mod need;
pub mod postgres;
pub mod process;
pub mod push;
pub mod python;
pub mod sensors;
pub mod tables;
pub mod tap;
pub mod tree;
pub mod usage;
pub mod walker;

/// A port that nobody uses at this moment.
///
/// # Errors
/// When the machine gives none.
pub fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

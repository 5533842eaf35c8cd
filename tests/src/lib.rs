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

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports below those that systems hand to connections that go out: such a one would be taken between asking and using it.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// A port that nobody uses, and that no connection takes before it is used. Each call gives another one.
///
/// # Errors
/// When the machine has none.
pub fn free_port() -> std::io::Result<u16> {
    static ASKED: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    // Two programs of tests that run at once begin at different places.
    let begin = std::process::id().wrapping_mul(997) % u32::from(count);
    for _ in 0..count {
        let next = (begin + u32::from(ASKED.fetch_add(1, Ordering::Relaxed))) % u32::from(count);
        let port = PORTS.start + u16::try_from(next).expect("less than the count");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(std::io::Error::from(std::io::ErrorKind::AddrInUse))
}

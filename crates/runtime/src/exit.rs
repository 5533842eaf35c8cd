//! Exit codes of the binaries, after `sysexits.h`.

/// The configuration is wrong; nothing was started (`EX_USAGE`).
pub const CONFIG: u8 = 64;
/// Something outside was missing or refused (`EX_UNAVAILABLE`).
pub const UNAVAILABLE: u8 = 69;
/// A defect of ours (`EX_SOFTWARE`).
pub const SOFTWARE: u8 = 70;

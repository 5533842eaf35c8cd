//! Hexadecimal digits, as makers write bytes. What is short, as nearly everything is, stays on the stack.

use super::Rejected;
use crate::ble::frame::ADVERTISEMENT_LEN_MAX;

/// A legacy advertisement with its scan response has fewer bytes.
const SHORT_MAX: usize = 64;

/// Reads the bytes of an advertisement or a part of one.
pub(super) fn with_bytes<T>(field: &'static str, digits: &str, read: impl FnOnce(&[u8]) -> T) -> Result<T, Rejected> {
    if digits.len() > 2 * ADVERTISEMENT_LEN_MAX {
        return Err(Rejected::OutOfRange { field, range: "at most 3300 digits" });
    }
    let malformed = |_| Rejected::Malformed { field, expected: "an even number of hexadecimal digits" };
    let mut short = [0; SHORT_MAX];
    match short.get_mut(..digits.len() / 2) {
        Some(bytes) => hex::decode_to_slice(digits, bytes).map_err(malformed).map(|()| read(bytes)),
        None => hex::decode(digits).map_err(malformed).map(|bytes| read(&bytes)),
    }
}

/// Reads a UUID of 32 digits, however they are parted by dashes.
pub(super) fn uuid(field: &'static str, text: &str) -> Result<[u8; 16], Rejected> {
    let malformed = || Rejected::Malformed { field, expected: "32 hexadecimal digits" };
    let mut digits = [0; 32];
    let mut places = digits.iter_mut();
    for byte in text.bytes().filter(|byte| *byte != b'-') {
        *places.next().ok_or_else(malformed)? = byte;
    }
    if places.next().is_some() {
        return Err(malformed());
    }
    let mut uuid = [0; 16];
    hex::decode_to_slice(digits, &mut uuid).map_err(|_| malformed())?;
    Ok(uuid)
}

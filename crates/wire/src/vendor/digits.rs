//! Hexadecimal digits, as makers write bytes. What is short, as nearly everything is, stays on the stack.

use super::Rejected;
use crate::ble::frame::ADVERTISEMENT_LEN_MAX;
use crate::digits::read as read_digits;

/// A legacy advertisement with its scan response has fewer bytes.
const SHORT_MAX: usize = 64;

/// Reads the bytes of an advertisement or a part of one.
pub(super) fn with_bytes<T>(field: &'static str, digits: &str, read: impl FnOnce(&[u8]) -> T) -> Result<T, Rejected> {
    if digits.len() > 2 * ADVERTISEMENT_LEN_MAX {
        return Err(Rejected::OutOfRange { field, range: "at most 3300 digits" });
    }
    let malformed = Rejected::Malformed { field, expected: "an even number of hexadecimal digits" };
    let (mut short, mut long);
    let bytes = if digits.len() <= 2 * SHORT_MAX {
        short = [0; SHORT_MAX];
        &mut short[..digits.len() / 2]
    } else {
        long = vec![0; digits.len() / 2];
        &mut long[..]
    };
    read_digits(digits.as_bytes(), bytes).ok_or(malformed).map(|()| read(bytes))
}

/// Reads a UUID of 32 digits, however they are parted by dashes.
pub(super) fn uuid(field: &'static str, text: &str) -> Result<[u8; 16], Rejected> {
    let malformed = || Rejected::Malformed { field, expected: "32 hexadecimal digits" };
    let mut uuid = [0; 16];
    if let Ok(digits) = <&[u8; 32]>::try_from(text.as_bytes()) {
        return read_digits(digits, &mut uuid).map(|()| uuid).ok_or_else(malformed);
    }
    let mut digits = [0; 32];
    let mut places = digits.iter_mut();
    for byte in text.bytes().filter(|byte| *byte != b'-') {
        *places.next().ok_or_else(malformed)? = byte;
    }
    if places.next().is_some() {
        return Err(malformed());
    }
    read_digits(&digits, &mut uuid).map(|()| uuid).ok_or_else(malformed)
}

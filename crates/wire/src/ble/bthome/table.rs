//! How long each object of BTHome is, and how its number is written: without this the next object can't be found.

/// Takes an object's value off; none for an id that is not known, or when the bytes end inside it.
pub(super) fn split(id: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match id {
        // Texts and raw bytes say their own length.
        0x53 | 0x54 => {
            let (&length, rest) = bytes.split_first()?;
            rest.split_at_checked(usize::from(length))
        }
        _ => bytes.split_at_checked(length(id)?),
    }
}

/// The number in an object's value, little-endian.
pub(super) fn number(id: u8, value: &[u8]) -> i64 {
    let mut wide = [0u8; 8];
    let len = value.len().min(8);
    wide[..len].copy_from_slice(&value[..len]);
    let number = i64::from_le_bytes(wide);
    let bits = 8 * u32::try_from(len).unwrap_or(8);
    // Sign extension: up to the top, and back.
    if is_signed(id) && bits > 0 && bits < 64 { number << (64 - bits) >> (64 - bits) } else { number }
}

const fn is_signed(id: u8) -> bool {
    matches!(id, 0x02 | 0x08 | 0x3f | 0x45 | 0x57..=0x5d | 0x62 | 0x63)
}

const fn length(id: u8) -> Option<usize> {
    Some(match id {
        0x00 | 0x01 | 0x09 | 0x0f..=0x11 | 0x15..=0x2f | 0x3a | 0x46 | 0x57..=0x59 | 0x60 | 0x64 | 0x65 => 1,
        0x02 | 0x03 | 0x06..=0x08 | 0x0c..=0x0e | 0x12..=0x14 | 0x3c | 0x3d | 0x3f..=0x41 | 0x43..=0x45 => 2,
        0x47..=0x4a | 0x51 | 0x52 | 0x56 | 0x5a | 0x5d..=0x5f | 0x61 | 0xf0 => 2,
        0x04 | 0x05 | 0x0a | 0x0b | 0x42 | 0x4b | 0xf2 => 3,
        0x3e | 0x4c..=0x50 | 0x55 | 0x5b | 0x5c | 0x62 | 0x63 | 0xf1 => 4,
        _ => return None,
    })
}

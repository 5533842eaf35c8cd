//! The structures of an advertisement: length, type, data (Bluetooth Core, volume 3 part C, section 11).

/// Flags: general discoverable, no classic Bluetooth. Most beacons open with them.
pub const FLAGS: [u8; 3] = [0x02, 0x01, 0x06];
/// Type of a complete list of 16-bit service UUIDs.
pub const COMPLETE_UUIDS16: u8 = 0x03;
/// Type of service data under a 16-bit UUID.
pub const SERVICE_DATA16: u8 = 0x16;
/// Type of service data under a 128-bit UUID.
pub const SERVICE_DATA128: u8 = 0x21;
/// Type of manufacturer data.
pub const MANUFACTURER: u8 = 0xff;

/// One structure of an advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Structure<'a> {
    /// Its type, as assigned by the Bluetooth SIG.
    pub kind: u8,
    /// What follows the type.
    pub data: &'a [u8],
}

impl<'a> Structure<'a> {
    /// The company and its data, if this is manufacturer data.
    #[must_use]
    pub fn manufacturer(&self) -> Option<(u16, &'a [u8])> {
        (self.kind == MANUFACTURER).then(|| split_u16(self.data)).flatten()
    }

    /// The 16-bit UUID and its data, if this is service data.
    #[must_use]
    pub fn service16(&self) -> Option<(u16, &'a [u8])> {
        (self.kind == SERVICE_DATA16).then(|| split_u16(self.data)).flatten()
    }
}

fn split_u16(data: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = data.split_first_chunk::<2>()?;
    Some((u16::from_le_bytes(*number), rest))
}

/// Walks over the structures; stops at the early end (length 0) and at a structure that is cut short.
#[must_use]
pub const fn structures(advertisement: &[u8]) -> Structures<'_> {
    Structures { rest: advertisement }
}

/// See [`structures`].
#[derive(Debug, Clone)]
pub struct Structures<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Structures<'a> {
    type Item = Structure<'a>;

    fn next(&mut self) -> Option<Structure<'a>> {
        let (&length, rest) = self.rest.split_first()?;
        let (body, rest) = rest.split_at_checked(usize::from(length))?;
        let (&kind, data) = body.split_first()?;
        self.rest = rest;
        Some(Structure { kind, data })
    }
}

/// Appends one structure.
///
/// # Panics
/// Never for the frames of this crate: their data is at most 27 bytes.
pub(crate) fn push(advertisement: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    advertisement.push(u8::try_from(length).expect("a frame of this crate fits one structure"));
    advertisement.push(kind);
    for part in parts {
        advertisement.extend_from_slice(part);
    }
}

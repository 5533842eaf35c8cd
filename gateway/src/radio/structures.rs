//! Advertisement structures made anew from what a Bluetooth service has taken apart, so that decoders see what they know.
//!
//! What the service does not tell is lost: the flags, the order, structures of other types, and how the advertisement was sent.
//! The device's name is left out on purpose.

use wire::ble::{ad, frame, service};

/// The Bluetooth base UUID: 16-bit and 32-bit UUIDs stand in its highest bits.
const BASE_UUID: u128 = u128::from_be_bytes(service::BASE);
/// Most bytes of one advertisement, as an extended one may have.
pub const BYTES_MAX: usize = frame::ADVERTISEMENT_LEN_MAX;
/// Longest data of one structure: its length byte counts the type as well.
const DATA_MAX: usize = 254;

/// Types of structures that [`ad`] has no name for.
const COMPLETE_UUIDS32: u8 = 0x05;
const COMPLETE_UUIDS128: u8 = 0x07;
const TX_POWER: u8 = 0x0a;
const SERVICE_DATA32: u8 = 0x20;

/// A UUID as short as it can be said over the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uuid {
    /// Assigned, 16 bits.
    Short(u16),
    /// Assigned, 32 bits.
    Middle(u32),
    /// Anybody's own.
    Long(u128),
}

impl Uuid {
    /// Tells which it is.
    #[must_use]
    pub fn new(uuid: u128) -> Self {
        let high = uuid.wrapping_sub(BASE_UUID) >> 96;
        match u32::try_from(high) {
            Ok(middle) if uuid == BASE_UUID | high << 96 => {
                u16::try_from(middle).map_or(Self::Middle(middle), Self::Short)
            }
            Ok(_) | Err(_) => Self::Long(uuid),
        }
    }

    /// Reads 32 digits in five groups.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let in_place = |(at, byte): (usize, u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        if text.len() != 36 || !text.bytes().enumerate().all(in_place) {
            return None;
        }
        let digits: String = text.split('-').collect();
        u128::from_str_radix(&digits, 16).ok().map(Self::new)
    }
}

/// Appends manufacturer data.
pub fn push_manufacturer(bytes: &mut Vec<u8>, company: u16, data: &[u8]) {
    push(bytes, ad::MANUFACTURER, &company.to_le_bytes(), data);
}

/// Appends service data.
pub fn push_service(bytes: &mut Vec<u8>, uuid: Uuid, data: &[u8]) {
    match uuid {
        Uuid::Short(uuid) => push(bytes, ad::SERVICE_DATA16, &uuid.to_le_bytes(), data),
        Uuid::Middle(uuid) => push(bytes, SERVICE_DATA32, &uuid.to_le_bytes(), data),
        Uuid::Long(uuid) => push(bytes, ad::SERVICE_DATA128, &uuid.to_le_bytes(), data),
    }
}

/// Appends the list of services of each length that occurs.
pub fn push_services(bytes: &mut Vec<u8>, uuids: &[Uuid]) {
    let (mut short, mut middle, mut long) = (Vec::new(), Vec::new(), Vec::new());
    for uuid in uuids {
        match uuid {
            Uuid::Short(uuid) => short.extend_from_slice(&uuid.to_le_bytes()),
            Uuid::Middle(uuid) => middle.extend_from_slice(&uuid.to_le_bytes()),
            Uuid::Long(uuid) => long.extend_from_slice(&uuid.to_le_bytes()),
        }
    }
    for (kind, list) in [(ad::COMPLETE_UUIDS16, short), (COMPLETE_UUIDS32, middle), (COMPLETE_UUIDS128, long)] {
        if !list.is_empty() {
            push(bytes, kind, &[], &list);
        }
    }
}

/// Appends the power it is sent with.
pub fn push_tx_power(bytes: &mut Vec<u8>, power: i8) {
    push(bytes, TX_POWER, &[], &power.to_le_bytes());
}

/// Appends one structure; one that is too long is left out, because no radio sends it.
fn push(bytes: &mut Vec<u8>, kind: u8, head: &[u8], data: &[u8]) {
    let length = head.len() + data.len();
    if length > DATA_MAX || bytes.len() + length + 2 > BYTES_MAX {
        return;
    }
    let Ok(counted) = u8::try_from(length + 1) else { return };
    bytes.extend_from_slice(&[counted, kind]);
    bytes.extend_from_slice(head);
    bytes.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_said_as_short_as_they_can_be() {
        assert_eq!(Uuid::parse("0000feaa-0000-1000-8000-00805f9b34fb"), Some(Uuid::Short(0xfeaa)));
        assert_eq!(Uuid::parse("0001FEAA-0000-1000-8000-00805F9B34FB"), Some(Uuid::Middle(0x1_feaa)));
        let own = 0xa771_0003_0000_4000_8000_0000_0000_0001;
        assert_eq!(Uuid::parse("a7710003-0000-4000-8000-000000000001"), Some(Uuid::Long(own)));
        for wrong in ["", "feaa", "0000feaa-0000-1000-8000-00805f9b34f", "0000feaa00001000800000805f9b34fb----", "é"] {
            assert_eq!(Uuid::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn structures_are_walked_as_they_were_made() {
        let mut bytes = Vec::new();
        push_services(&mut bytes, &[Uuid::Short(0xfeaa), Uuid::Long(7), Uuid::Short(0xfcd2)]);
        push_tx_power(&mut bytes, -18);
        push_manufacturer(&mut bytes, 0x004c, &[1, 2]);
        push_service(&mut bytes, Uuid::Short(0xfeaa), &[0x30]);
        push_service(&mut bytes, Uuid::Middle(0x1_0000), &[5]);
        let found: Vec<(u8, usize)> = ad::structures(&bytes).map(|one| (one.kind, one.data.len())).collect();
        assert_eq!(found, [(3, 4), (7, 16), (10, 1), (0xff, 4), (0x16, 3), (0x20, 5)]);
        let twice = ad::structures(&bytes).map(|one| one.data.len() + 2).sum::<usize>();
        assert_eq!(twice, bytes.len());
    }

    #[test]
    fn what_no_radio_sends_is_left_out() {
        let mut bytes = Vec::new();
        push_manufacturer(&mut bytes, 1, &[0; 253]);
        assert!(bytes.is_empty());
        for _ in 0..100 {
            push_manufacturer(&mut bytes, 1, &[0; 252]);
        }
        assert_eq!(bytes.len(), 256 * 6);
    }
}

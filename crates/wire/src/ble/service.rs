//! Service data that may carry the rotating customer id: under any 128-bit UUID, or under the UUID of Eddystone.
//!
//! The 20 bytes are the same as in an iBeacon, and one more may follow: the power at 1 m. An Eddystone frame begins with its type
//! (00, 10, 20, 30, 40), so the prefix of a chain that uses this must begin with another byte.

use super::ad;
use super::eddystone;

/// Our own service: its data is a rotating customer id.
pub const OWN: [u8; 16] = [0xa7, 0x71, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x01];
/// Longest data that is kept: the id and its power.
pub const DATA_LEN_MAX: usize = 21;
const ID_LEN: usize = 20;
/// The Bluetooth base UUID: a 16-bit UUID stands for it with its two bytes in places 2 and 3.
pub const BASE: [u8; 16] = [0, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0x80, 0x5f, 0x9b, 0x34, 0xfb];

/// Data under a service's UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceData {
    /// Whose data, as people write the UUID.
    pub uuid: [u8; 16],
    len: u8,
    data: [u8; DATA_LEN_MAX],
}

impl ServiceData {
    /// Data under a UUID; what is longer than an id with its power is cut.
    #[must_use]
    pub fn new(uuid: [u8; 16], from: &[u8]) -> Self {
        let len = from.len().min(DATA_LEN_MAX);
        let mut data = [0; DATA_LEN_MAX];
        data[..len].copy_from_slice(&from[..len]);
        Self { uuid, len: u8::try_from(len).unwrap_or(0), data }
    }

    /// Reads data under Eddystone's UUID that is no Eddystone frame: 20 bytes of id, or 21 with the power.
    #[must_use]
    pub fn from_eddystone(data: &[u8]) -> Option<Self> {
        let is_frame = matches!(data.first()?, 0x00 | 0x10 | 0x20 | 0x30 | 0x40);
        let fits = matches!(data.len(), ID_LEN | DATA_LEN_MAX);
        (fits && !is_frame).then(|| Self::new(of_short(eddystone::SERVICE), data))
    }

    /// Reads a structure of 128-bit service data, whose UUID goes over the air backwards.
    #[must_use]
    pub fn from_structure(data: &[u8]) -> Option<Self> {
        let (uuid, data) = data.split_first_chunk::<16>()?;
        let mut uuid = *uuid;
        uuid.reverse();
        Some(Self::new(uuid, data))
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.data.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The 20 bytes that may be a rotating customer id.
    #[must_use]
    pub fn body(&self) -> Option<[u8; ID_LEN]> {
        self.data().first_chunk().copied()
    }

    /// The power at 1 m behind the id, if it is there.
    #[must_use]
    pub fn power(&self) -> Option<i8> {
        self.data().get(ID_LEN).map(|byte| byte.cast_signed())
    }

    /// The short UUID, if it has one.
    #[must_use]
    pub fn short(&self) -> Option<u16> {
        let short = u16::from_be_bytes([self.uuid[2], self.uuid[3]]);
        (of_short(short) == self.uuid).then_some(short)
    }

    /// The whole advertisement. Only a short UUID leaves room for an id in the 31 bytes of a legacy one.
    #[must_use]
    pub fn to_advertisement(&self) -> Vec<u8> {
        let mut advertisement = ad::FLAGS.to_vec();
        if let Some(short) = self.short() {
            ad::push(&mut advertisement, ad::SERVICE_DATA16, &[&short.to_le_bytes(), self.data()]);
        } else {
            let mut uuid = self.uuid;
            uuid.reverse();
            ad::push(&mut advertisement, ad::SERVICE_DATA128, &[&uuid, self.data()]);
        }
        advertisement
    }
}

/// The 128-bit UUID that a 16-bit one stands for.
#[must_use]
pub fn of_short(short: u16) -> [u8; 16] {
    let mut uuid = BASE;
    uuid[2..4].copy_from_slice(&short.to_be_bytes());
    uuid
}

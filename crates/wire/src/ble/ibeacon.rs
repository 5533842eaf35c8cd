//! iBeacon: manufacturer data of Apple with type 02 15, then uuid, major, minor and the power at 1 m.

use super::ad;

/// Apple's company id.
pub const COMPANY: u16 = 0x004c;
const TYPE: [u8; 2] = [0x02, 0x15];
const LEN: usize = 23;

/// An iBeacon frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IBeacon {
    /// The proximity UUID.
    pub uuid: [u8; 16],
    /// The major number.
    pub major: u16,
    /// The minor number.
    pub minor: u16,
    /// The power byte: the strength at 1 m, in dBm. 0 when the source does not say.
    pub power: i8,
}

impl IBeacon {
    /// Takes the 20 bytes uuid, major, minor.
    #[must_use]
    pub fn from_body(body: [u8; 20], power: i8) -> Self {
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&body[..16]);
        let major = u16::from_be_bytes([body[16], body[17]]);
        let minor = u16::from_be_bytes([body[18], body[19]]);
        Self { uuid, major, minor, power }
    }

    /// The 20 bytes uuid, major, minor.
    #[must_use]
    pub fn body(&self) -> [u8; 20] {
        let mut body = [0; 20];
        body[..16].copy_from_slice(&self.uuid);
        body[16..18].copy_from_slice(&self.major.to_be_bytes());
        body[18..].copy_from_slice(&self.minor.to_be_bytes());
        body
    }

    /// Reads manufacturer data; the company's two bytes are already taken off.
    #[must_use]
    pub fn from_manufacturer(company: u16, data: &[u8]) -> Option<Self> {
        if company != COMPANY || data.len() < LEN || data[..2] != TYPE {
            return None;
        }
        let body = data[2..].first_chunk::<20>()?;
        Some(Self::from_body(*body, data[22].cast_signed()))
    }

    /// The manufacturer data behind the company's two bytes.
    #[must_use]
    pub fn to_manufacturer(&self) -> [u8; LEN] {
        let mut data = [0; LEN];
        data[..2].copy_from_slice(&TYPE);
        data[2..22].copy_from_slice(&self.body());
        data[22] = self.power.cast_unsigned();
        data
    }

    /// The whole advertisement, 30 bytes.
    #[must_use]
    pub fn to_advertisement(&self) -> Vec<u8> {
        let mut advertisement = ad::FLAGS.to_vec();
        ad::push(&mut advertisement, ad::MANUFACTURER, &[&COMPANY.to_le_bytes(), &self.to_manufacturer()]);
        advertisement
    }
}

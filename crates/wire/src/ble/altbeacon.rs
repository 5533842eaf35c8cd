//! AltBeacon: manufacturer data of any company with BE AC, then 20 bytes of id, the power at 1 m and one spare byte.

use super::ad;

const TYPE: [u8; 2] = [0xbe, 0xac];
const LEN_MIN: usize = 23;

/// An AltBeacon frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AltBeacon {
    /// Whose beacon it is.
    pub company: u16,
    /// The whole id; by habit 16, 2 and 2 bytes.
    pub id: [u8; 20],
    /// Strength at 1 m, in dBm.
    pub power: i8,
    /// The manufacturer's own byte; 0 when the frame leaves it out.
    pub reserved: u8,
}

impl AltBeacon {
    /// Reads manufacturer data; the company's two bytes are already taken off.
    #[must_use]
    pub fn from_manufacturer(company: u16, data: &[u8]) -> Option<Self> {
        if data.len() < LEN_MIN || data[..2] != TYPE {
            return None;
        }
        let id = data[2..].first_chunk::<20>()?;
        let reserved = data.get(LEN_MIN).copied().unwrap_or(0);
        Some(Self { company, id: *id, power: data[22].cast_signed(), reserved })
    }

    /// The manufacturer data behind the company's two bytes.
    #[must_use]
    pub fn to_manufacturer(&self) -> [u8; LEN_MIN + 1] {
        let mut data = [0; LEN_MIN + 1];
        data[..2].copy_from_slice(&TYPE);
        data[2..22].copy_from_slice(&self.id);
        data[22] = self.power.cast_unsigned();
        data[LEN_MIN] = self.reserved;
        data
    }

    /// The whole advertisement, 31 bytes.
    #[must_use]
    pub fn to_advertisement(&self) -> Vec<u8> {
        let mut advertisement = ad::FLAGS.to_vec();
        ad::push(&mut advertisement, ad::MANUFACTURER, &[&self.company.to_le_bytes(), &self.to_manufacturer()]);
        advertisement
    }
}

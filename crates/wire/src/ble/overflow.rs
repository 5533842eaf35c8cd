//! What an iPhone says while its app is in the background: a mask of 128 bits in which each service has one bit.
//!
//! Apple does not document it. Different services share bits, and other apps set theirs, so it names a phone's kind and nobody.

use super::ibeacon::COMPANY;

const TYPE: u8 = 0x01;

/// The mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Overflow {
    /// The 16 bytes, as they came.
    pub mask: [u8; 16],
}

impl Overflow {
    /// Reads manufacturer data; the company's two bytes are already taken off. Padding behind the mask is let pass.
    #[must_use]
    pub fn from_manufacturer(company: u16, data: &[u8]) -> Option<Self> {
        let (&kind, rest) = data.split_first()?;
        if company != COMPANY || kind != TYPE {
            return None;
        }
        Some(Self { mask: *rest.first_chunk()? })
    }

    /// The manufacturer data behind the company's two bytes.
    #[must_use]
    pub fn to_manufacturer(&self) -> [u8; 17] {
        let mut data = [0; 17];
        data[0] = TYPE;
        data[1..].copy_from_slice(&self.mask);
        data
    }

    /// The numbers of the bits that are set; the highest bit of the first byte is number 0.
    pub fn bits(&self) -> impl Iterator<Item = u8> + '_ {
        (0..128u8).filter(|bit| self.mask[usize::from(bit / 8)] & (0x80 >> (bit % 8)) != 0)
    }
}

//! Rolling ids of the shape of exposure notifications: service data under FD6F, 16 bytes of id and 4 of encrypted metadata.
//!
//! An id lives ten minutes and says nothing to us: it is recognised so that it is not taken for anything else.

/// The service UUID.
pub const SERVICE: u16 = 0xfd6f;

/// An id and its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exposure {
    /// The rolling proximity identifier.
    pub id: [u8; 16],
    /// The associated encrypted metadata.
    pub metadata: [u8; 4],
}

impl Exposure {
    /// Reads service data; the UUID's two bytes are already taken off. It has exactly 20 bytes.
    #[must_use]
    pub fn from_service(data: &[u8]) -> Option<Self> {
        let (id, metadata) = data.split_first_chunk()?;
        Some(Self { id: *id, metadata: metadata.try_into().ok()? })
    }

    /// The service data behind the UUID.
    #[must_use]
    pub fn to_service(&self) -> [u8; 20] {
        let mut data = [0; 20];
        data[..16].copy_from_slice(&self.id);
        data[16..].copy_from_slice(&self.metadata);
        data
    }
}

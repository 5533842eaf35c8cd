//! One record of a segment: length, check sum, kind, number, body. Torn or damaged bytes are told from whole ones.

use super::BATCH_BYTES_MAX;

/// Bytes before the body: length(4), CRC-32(4), kind(1), number(8).
pub(super) const HEAD: usize = 17;
/// Longest body: a batch, a state, and what stands before them.
pub(super) const BODY_MAX: usize = BATCH_BYTES_MAX + STATE_BYTES_MAX + 64;
/// Longest state, in bytes.
pub(super) const STATE_BYTES_MAX: usize = 256 * 1024;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A batch, numbered.
    Batch,
    /// Everything up to the number is acknowledged.
    Acked,
    /// What the meters stood at when the segment began.
    State,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Batch => 1,
            Self::Acked => 2,
            Self::State => 3,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Batch),
            2 => Some(Self::Acked),
            3 => Some(Self::State),
            _ => None,
        }
    }
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    pub(super) seq: u64,
    pub(super) body: &'a [u8],
}

impl<'a> Record<'a> {
    /// Writes it at the end of `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let len = u32::try_from(self.body.len()).expect("bodies are far below 4 GiB");
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&self.check().to_le_bytes());
        out.push(self.kind.byte());
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(self.body);
    }

    /// Reads one from the front; none if it is torn or damaged.
    pub(super) fn read(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let head: &[u8; HEAD] = bytes.first_chunk()?;
        let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let check = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if len > BODY_MAX {
            return None;
        }
        let mut seq = [0; 8];
        seq.copy_from_slice(&head[9..]);
        let record =
            Self { kind: Kind::from_byte(head[8])?, seq: u64::from_le_bytes(seq), body: bytes.get(HEAD..HEAD + len)? };
        (record.check() == check).then_some((record, HEAD + len))
    }

    fn check(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&[self.kind.byte()]);
        hasher.update(&self.seq.to_le_bytes());
        hasher.update(self.body);
        hasher.finalize()
    }
}

//! What the spool is told and what it tells: limits, entries, how it stands, what can go wrong.

use std::io;

use model::time::{Millis, Timestamp};

/// What sensors read waits for so long.
const READINGS_AGE_MAX: Millis = Millis::hours(30 * 24);

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all segments together.
    pub bytes_max: u64,
    /// Age of sightings.
    pub age_max: Millis,
    /// Age of what sensors read, which goes later: it is about nobody, and nothing else tells it.
    pub readings_age_max: Millis,
    /// A segment of this many bytes is closed, and the next one begins.
    pub segment_bytes: u64,
}

impl Limits {
    /// The usual limits: a sixteenth of the bytes for each segment, so that little goes at a time.
    #[must_use]
    pub fn new(bytes_max: u64, age_max: Millis) -> Self {
        let segment_bytes = (bytes_max / 16).clamp(4 * 1024, 4 << 20);
        Self { bytes_max, age_max, readings_age_max: READINGS_AGE_MAX.max(age_max), segment_bytes }
    }
}

/// What is known of the time in which earlier runs worked, where nothing of theirs may stay beyond its age.
///
/// Each run stamps along a line of its own; by the wall clock they can be told apart, as far as both runs believed theirs.
#[derive(Debug, Clone, Copy)]
pub struct Past {
    /// How far the wall clock is ahead of this run's line; none when nobody set it.
    pub drift: Option<Millis>,
    /// The same of the run that made a batch, by what stands in it.
    pub drift_of: fn(&[u8]) -> Option<Millis>,
}

/// One batch on its way to the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was made.
    pub at: Timestamp,
    /// Sightings in it.
    pub sightings: u32,
    /// Readings in it.
    pub readings: u32,
    /// What the sensors' meters stand at once this batch is kept; none if nothing changed.
    pub state: Option<Vec<u8>>,
    /// The batch, encoded.
    pub batch: Vec<u8>,
}

/// One batch from the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub seq: u64,
    /// The batch, encoded.
    pub batch: Vec<u8>,
}

/// Things that were let go without an acknowledgement, since this process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Batches.
    pub batches: u64,
    /// Sightings in them.
    pub sightings: u64,
    /// Readings in them.
    pub readings: u64,
}

impl Dropped {
    pub(super) const fn add(&mut self, sightings: u32, readings: u32) {
        self.batches += 1;
        self.sightings += sightings as u64;
        self.readings += readings as u64;
    }
}

/// How the spool stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The first batch that is not acknowledged; one more than `last` if there is none.
    pub oldest: u64,
    /// The last batch that is on disk.
    pub last: u64,
    /// When the oldest one was made.
    pub oldest_at: Option<Timestamp>,
    /// Bytes of all segments.
    pub bytes: u64,
    /// Entries that wait for the disk.
    pub pending: usize,
    /// Let go because the bound of bytes was hit, or because it could not be read back.
    pub over_bounds: Dropped,
    /// Let go because it was too old.
    pub too_old: Dropped,
    /// Let go because the disk refused for too long.
    pub disk_refused: Dropped,
    /// Writes or syncs that failed.
    pub disk_errors: u64,
    /// Whether the bound of bytes was hit and a quarter of it is not free again.
    pub is_full: bool,
}

impl Standing {
    /// Batches that the server has not acknowledged.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        (self.last + 1).saturating_sub(self.oldest)
    }

    /// Everything that was let go, whatever the reason.
    #[must_use]
    pub const fn lost(&self) -> Dropped {
        let (bounds, old, disk) = (self.over_bounds, self.too_old, self.disk_refused);
        Dropped {
            batches: bounds.batches + old.batches + disk.batches,
            sightings: bounds.sightings + old.sightings + disk.sightings,
            readings: bounds.readings + old.readings + disk.readings,
        }
    }

    /// What was let go, by the reason's code.
    #[must_use]
    pub const fn lost_by_reason(&self) -> [(&'static str, Dropped); 3] {
        [("spool-full", self.over_bounds), ("too-old", self.too_old), ("disk-refused", self.disk_refused)]
    }
}

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What the meters stood at.
    pub state: Option<Vec<u8>>,
    /// Bytes that were cut off because they were torn or damaged.
    pub bytes_cut: u64,
}

/// What can go wrong with the disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder could not be read at the start.
    #[error("the spool folder can't be opened")]
    Open(#[source] io::Error),
    /// A write or a sync failed twice, the second time on a new file.
    #[error("the spool can't be written")]
    Write(#[source] io::Error),
    /// A stored batch could not be read back.
    #[error("the spool can't be read")]
    Read(#[source] io::Error),
}

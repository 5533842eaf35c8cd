//! The spool: what the server has not acknowledged yet, on disk, in order.
//!
//! Append-only segments of checked records. A record counts as kept once its file is synced, and is let go only
//! when the server says so, or when a bound is hit: then the oldest sightings go, and every item of them is counted.

mod age;
pub mod medium;
mod record;
mod segment;
mod terms;
mod thin;
pub mod worker;

use std::collections::VecDeque;
use std::io;

use model::time::Timestamp;

use age::Shifts;
use medium::{Medium, SegmentFile};
use record::{Kind, Record};
use segment::{Item, Segment};
use thin::Why;

pub use terms::{Dropped, Entry, Error, Limits, Past, Recovery, Standing, Stored};

/// Longest batch, in bytes.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Most entries that wait in memory while the disk refuses them.
pub const PENDING_MAX: usize = 256;
/// An acknowledgement this far beyond our last batch is not meant for us.
const AHEAD_MAX: u64 = 1 << 32;

/// The spool itself. Not for async code: every call may touch the disk.
#[derive(Debug)]
pub struct Spool<M: Medium> {
    medium: M,
    limits: Limits,
    id: [u8; 16],
    /// Oldest first; the last one is written to, unless it was sealed.
    segments: VecDeque<Segment>,
    active: Option<M::File>,
    ordinal_next: u64,
    seq_next: u64,
    acked: u64,
    acked_written: u64,
    /// What the server keeps above that: it went first, and the rest waits below it.
    beyond: Option<(u64, u64)>,
    state: Option<Vec<u8>>,
    pending: VecDeque<Entry>,
    over_bounds: Dropped,
    too_old: Dropped,
    disk_refused: Dropped,
    disk_errors: u64,
    /// The bound of bytes was hit, and there is not much room again.
    is_full: bool,
    /// Segments below this ordinal are of earlier runs.
    ordinal_of_run: u64,
    /// When bounds were looked at first: since then what earlier runs left is in our hands.
    looked_at: Option<Timestamp>,
    /// How what earlier runs left is dated; none where it is as old as this run.
    shifts: Option<Shifts>,
}

impl<M: Medium> Spool<M> {
    /// Opens the folder, cuts torn tails off, and goes on where it ended.
    ///
    /// `fresh_id` names the folder if it has no name yet.
    ///
    /// # Errors
    /// [`Error::Open`] when the folder can't be read at all.
    pub fn open(medium: M, limits: Limits, fresh_id: [u8; 16]) -> Result<(Self, Recovery), Error> {
        let mut spool = Self {
            medium,
            limits,
            id: fresh_id,
            segments: VecDeque::new(),
            active: None,
            ordinal_next: 1,
            seq_next: 1,
            acked: 0,
            acked_written: 0,
            beyond: None,
            state: None,
            pending: VecDeque::new(),
            over_bounds: Dropped::default(),
            too_old: Dropped::default(),
            disk_refused: Dropped::default(),
            disk_errors: 0,
            is_full: false,
            ordinal_of_run: 0,
            looked_at: None,
            shifts: None,
        };
        let bytes_cut = spool.recover().map_err(Error::Open)?;
        spool.ordinal_of_run = spool.ordinal_next;
        let state = spool.state.clone();
        spool.drop_acked();
        Ok((spool, Recovery { state, bytes_cut }))
    }

    /// The folder's own id: batch numbers mean something only together with it.
    #[must_use]
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Takes a batch. It is kept only after [`Spool::commit`].
    ///
    /// What is too long to be read back is not taken: a batch is counted as dropped, a state is left as it was.
    pub fn push(&mut self, mut entry: Entry) {
        if entry.batch.len() > BATCH_BYTES_MAX {
            self.over_bounds.add(entry.sightings, entry.readings);
            return;
        }
        entry.state.take_if(|state| state.len() > record::STATE_BYTES_MAX);
        if self.pending.len() >= PENDING_MAX {
            self.shed_pending();
        }
        self.pending.push_back(entry);
    }

    /// Writes all that was taken, with one sync. Afterwards it is kept, whatever happens.
    ///
    /// # Errors
    /// [`Error::Write`]; what was taken then waits for the next call.
    pub fn commit(&mut self) -> Result<(), Error> {
        while !self.pending.is_empty() {
            self.write_group()?;
        }
        Ok(())
    }

    /// Batches from `from` on, in order, at most `count`. Of a segment that had to go between two others only empty ones are
    /// left, so that the numbers have no gap.
    ///
    /// # Errors
    /// [`Error::Read`] when one is on disk and can't be read.
    pub fn read(&self, from: u64, count: usize) -> Result<Vec<Stored>, Error> {
        let mut found = Vec::new();
        let mut next = from.max(self.standing().oldest);
        for segment in &self.segments {
            if found.len() >= count {
                break;
            }
            if segment.last_seq() < from {
                continue;
            }
            let gone = (next..segment.first_seq()).take(count - found.len());
            found.extend(gone.map(|seq| Stored { seq, batch: Vec::new() }));
            next = next.max(segment.last_seq() + 1);
            segment.read(&self.medium, from, count - found.len(), &mut found).map_err(Error::Read)?;
        }
        Ok(found)
    }

    /// The server keeps everything up to `through`: it may go here. What it keeps `beyond` goes once the rest has followed.
    pub fn acked(&mut self, through: u64, beyond: Option<(u64, u64)>) {
        if through >= self.seq_next.saturating_add(AHEAD_MAX) {
            tracing::warn!(through, next = self.seq_next, "an acknowledgement far ahead of this spool was ignored");
            return;
        }
        if through >= self.seq_next {
            // The server has seen batches that this disk lost. Their numbers must not be used again,
            // and numbers within a segment have no gap.
            self.seal();
            self.seq_next = through + 1;
        }
        self.acked = self.acked.max(through);
        self.beyond = beyond.filter(|(from, to)| from <= to && *to < self.seq_next);
        self.drop_acked();
    }

    /// Lets the oldest go while a bound is exceeded: sightings before readings, over the bytes and beyond the age.
    pub fn enforce(&mut self, now: Timestamp) {
        self.looked_at.get_or_insert(now);
        self.is_full |= self.bytes() > self.limits.bytes_max;
        while self.bytes() > self.limits.bytes_max && self.make_room() {}
        self.is_full &= self.bytes() > self.limits.bytes_max / 4 * 3;
        self.let_old_go(now);
    }

    /// Lets the segment go that holds `seq`, because it can't be read back.
    pub fn abandon(&mut self, seq: u64) {
        if let Some(index) = self.segments.iter().position(|segment| segment.last_seq() >= seq) {
            for _ in 0..=index {
                if self.segments.len() == 1 {
                    self.seal();
                    self.acked = self.acked.max(self.segments[0].last_seq());
                    return;
                }
                self.drop_oldest(Why::Bounds);
            }
        }
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let last = self.segments.back().map_or(0, Segment::last_seq).max(self.acked);
        let oldest = self.segments.iter().find_map(|s| s.oldest_after(self.acked));
        Standing {
            oldest: oldest.map_or(last + 1, |(seq, _)| seq),
            last,
            oldest_at: oldest.map(|(_, at)| at),
            bytes: self.bytes(),
            pending: self.pending.len(),
            over_bounds: self.over_bounds,
            too_old: self.too_old,
            disk_refused: self.disk_refused,
            disk_errors: self.disk_errors,
            is_full: self.is_full,
        }
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::bytes).sum()
    }

    fn recover(&mut self) -> io::Result<u64> {
        let mut cut = 0;
        for torn in self.medium.list()?.iter().filter(|name| name.ends_with(medium::UNFINISHED)) {
            self.medium.remove(torn)?;
        }
        for ordinal in segment::ordinals(&self.medium)? {
            self.ordinal_next = self.ordinal_next.max(ordinal + 1);
            let found = segment::recover(&self.medium, ordinal, self.seq_next)?;
            cut += found.bytes_cut;
            let Some(id) = found.id else {
                self.medium.remove(&segment::name(ordinal))?;
                continue;
            };
            self.id = id;
            self.acked = self.acked.max(found.acked);
            // Where two files hold one number, the earlier one could not be synced: the later one counts.
            self.segments.iter_mut().for_each(|earlier| earlier.forget_from(found.segment.first_seq()));
            self.seq_next = found.segment.last_seq().max(self.acked) + 1;
            if let Some(state) = found.state {
                self.state = (!state.is_empty()).then_some(state);
            }
            self.segments.push_back(found.segment);
        }
        self.acked_written = self.acked;
        Ok(cut)
    }

    fn write_group(&mut self) -> Result<(), Error> {
        let first = match self.try_group() {
            Ok(()) => return Ok(()),
            Err(cause) => cause,
        };
        // What a failed sync left behind is unknown, so that file is never written again.
        self.disk_errors += 1;
        self.seal();
        tracing::warn!(cause = %first, "a spool segment could not be written, a new one begins");
        self.try_group().map_err(|cause| {
            self.disk_errors += 1;
            self.seal();
            Error::Write(cause)
        })
    }

    /// Writes as many waiting entries as fit into one segment, and syncs.
    fn try_group(&mut self) -> io::Result<()> {
        let mut state = self.state.clone();
        let mut bytes = Vec::new();
        let begins = self.active.is_none();
        if begins {
            segment::begin(&mut bytes, &self.id, self.acked, self.seq_next, self.state.as_deref());
        } else if self.acked > self.acked_written {
            Record { kind: Kind::Acked, seq: self.acked, body: &[] }.write(&mut bytes);
        }
        let base = if begins { 0 } else { self.segments.back().map_or(0, Segment::bytes) };
        let mut items = Vec::new();
        for entry in &self.pending {
            if !items.is_empty() && base + bytes.len() as u64 >= self.limits.segment_bytes {
                break;
            }
            let seq = self.seq_next + items.len() as u64;
            items.push(segment::Item::write(&mut bytes, base, seq, entry));
            state = entry.state.clone().or(state);
        }
        self.write_synced(begins, &bytes)?;
        self.acked_written = self.acked;
        self.state = state;
        self.seq_next += items.len() as u64;
        self.pending.drain(..items.len());
        let full = self.segments.back_mut().is_some_and(|active| {
            active.extend(items, bytes.len() as u64);
            active.bytes() >= self.limits.segment_bytes
        });
        if full {
            self.seal();
        }
        Ok(())
    }

    fn write_synced(&mut self, begins: bool, bytes: &[u8]) -> io::Result<()> {
        if begins {
            let ordinal = self.ordinal_next;
            self.ordinal_next += 1;
            let mut file = self.medium.create(&segment::name(ordinal))?;
            let written = file.append(bytes).and_then(|()| file.sync()).and_then(|()| self.medium.sync_folder());
            if let Err(cause) = written {
                // An empty or half-written file is worth nothing; recovery would skip it as well.
                drop(file);
                let _ = self.medium.remove(&segment::name(ordinal));
                return Err(cause);
            }
            self.active = Some(file);
            self.segments.push_back(Segment::new(ordinal, self.seq_next));
            return Ok(());
        }
        let Some(file) = &mut self.active else {
            return Err(io::Error::other("no segment is open"));
        };
        file.append(bytes)?;
        file.sync()
    }

    fn seal(&mut self) {
        self.active = None;
    }

    fn drop_oldest(&mut self, why: Why) {
        let Some(oldest) = self.segments.pop_front() else {
            return;
        };
        self.count_gone(&oldest, why, |_, _| true);
        self.acked = self.acked.max(oldest.last_seq());
        self.remove(&oldest);
    }

    fn drop_acked(&mut self) {
        if self.segments.back().is_some_and(|active| active.last_seq() <= self.acked && active.is_worn(&self.limits)) {
            self.seal();
        }
        while self.segments.len() > 1 && self.segments.front().is_some_and(|s| s.last_seq() <= self.acked) {
            if let Some(oldest) = self.segments.pop_front() {
                self.remove(&oldest);
            }
        }
    }

    fn remove(&self, segment: &Segment) {
        // What can't be removed now is found, and removed, at the next start.
        if let Err(cause) = self.medium.remove(&segment.name()).and_then(|()| self.medium.sync_folder()) {
            tracing::warn!(%cause, segment = segment.name(), "a spool segment could not be removed");
        }
    }
}

#[cfg(test)]
mod tests;

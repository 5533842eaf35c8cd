//! One segment file: a head with the spool's id, the state at its beginning, then batches in order without a gap.

use std::io;

use model::time::Timestamp;

use super::medium::Medium;
use super::record::{BODY_MAX, HEAD, Kind, Record};
use super::{BATCH_BYTES_MAX, Entry, Limits, Stored, thin};

const MAGIC: &[u8; 8] = b"ATTSPOL1";
/// Magic(8), spool id(16), CRC-32 of both(4).
const FILE_HEAD: usize = 28;
/// Body of a batch before the state: made at(8), sightings(4), readings(4), length of the state(4).
const BATCH_HEAD: usize = 20;
/// A segment that is acknowledged whole is let go early beyond this size, so that old data does not linger.
const WORN_BYTES: u64 = 64 * 1024;
/// No segment is longer than its limit and one group beyond it.
pub(super) const FILE_BYTES_MAX: u64 = 64 << 20;
const SUFFIX: &str = ".spool";

/// Where one batch lies, and what goes if it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    offset: u64,
    len: u32,
    at: Timestamp,
    pub(super) sightings: u32,
    pub(super) readings: u32,
}

impl Item {
    /// Writes an entry at the end of `out`, which itself begins at `base` of the file.
    pub(super) fn write(out: &mut Vec<u8>, base: u64, seq: u64, entry: &Entry) -> Self {
        debug_assert!(entry.batch.len() <= BATCH_BYTES_MAX);
        let state = entry.state.as_deref().unwrap_or_default();
        let mut body = Vec::with_capacity(BATCH_HEAD + state.len() + entry.batch.len());
        body.extend_from_slice(&entry.at.0.to_le_bytes());
        body.extend_from_slice(&entry.sightings.to_le_bytes());
        body.extend_from_slice(&entry.readings.to_le_bytes());
        body.extend_from_slice(&u32::try_from(state.len()).unwrap_or(0).to_le_bytes());
        body.extend_from_slice(state);
        body.extend_from_slice(&entry.batch);
        let offset = base + out.len() as u64;
        Record { kind: Kind::Batch, seq, body: &body }.write(out);
        Self::at_offset(offset, &body, entry.at, entry.sightings, entry.readings)
    }

    pub(super) const fn at(&self) -> Timestamp {
        self.at
    }

    fn at_offset(offset: u64, body: &[u8], at: Timestamp, sightings: u32, readings: u32) -> Self {
        let len = u32::try_from(HEAD + body.len()).expect("records are far below 4 GiB");
        Self { offset, len, at, sightings, readings }
    }
}

/// The body of a batch record, taken apart.
struct Body<'a> {
    at: Timestamp,
    sightings: u32,
    readings: u32,
    state: &'a [u8],
    batch: &'a [u8],
}

impl<'a> Body<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (sightings, rest) = rest.split_first_chunk::<4>()?;
        let (readings, rest) = rest.split_first_chunk::<4>()?;
        let (state_len, rest) = rest.split_first_chunk::<4>()?;
        let (state, batch) = rest.split_at_checked(u32::from_le_bytes(*state_len) as usize)?;
        Some(Self {
            at: Timestamp(i64::from_le_bytes(*at)),
            sightings: u32::from_le_bytes(*sightings),
            readings: u32::from_le_bytes(*readings),
            state,
            batch,
        })
    }
}

/// What is known about one segment without reading it.
#[derive(Debug)]
pub(super) struct Segment {
    ordinal: u64,
    first_seq: u64,
    bytes: u64,
    newest_at: Option<Timestamp>,
    /// When the first of its batches of sightings was made.
    oldest_raw: Option<Timestamp>,
    items: Vec<Item>,
}

impl Segment {
    pub(super) const fn new(ordinal: u64, first_seq: u64) -> Self {
        Self { ordinal, first_seq, bytes: 0, newest_at: None, oldest_raw: None, items: Vec::new() }
    }

    /// The first number in it, or the one that its first batch would have.
    pub(super) const fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// Forgets the batches from `seq` on.
    pub(super) fn forget_from(&mut self, seq: u64) {
        self.items.truncate(usize::try_from(seq.saturating_sub(self.first_seq)).unwrap_or(usize::MAX));
    }

    fn add(&mut self, item: Item) {
        self.newest_at = self.newest_at.max(Some(item.at));
        if item.is_raw() {
            self.oldest_raw.get_or_insert(item.at);
        }
        self.items.push(item);
    }

    pub(super) const fn ordinal(&self) -> u64 {
        self.ordinal
    }

    pub(super) fn name(&self) -> String {
        name(self.ordinal)
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The last batch in it; the one before its first if it is empty.
    pub(super) fn last_seq(&self) -> u64 {
        (self.first_seq + self.items.len() as u64).saturating_sub(1)
    }

    pub(super) fn extend(&mut self, items: Vec<Item>, bytes: u64) {
        items.into_iter().for_each(|item| self.add(item));
        self.bytes += bytes;
    }

    pub(super) const fn newest_at(&self) -> Option<Timestamp> {
        self.newest_at
    }

    pub(super) const fn oldest_raw(&self) -> Option<Timestamp> {
        self.oldest_raw
    }

    /// The number of its last batch of sightings.
    pub(super) fn last_raw(&self) -> Option<u64> {
        let place = self.items.iter().rposition(Item::is_raw)?;
        Some(self.first_seq + place as u64)
    }

    pub(super) fn is_worn(&self, limits: &Limits) -> bool {
        self.bytes > WORN_BYTES.min(limits.segment_bytes / 2)
    }

    /// Batches after `seq`, with their numbers.
    pub(super) fn numbered_after(&self, seq: u64) -> impl Iterator<Item = (u64, &Item)> {
        let index = self.index_after(seq);
        (self.first_seq + index as u64..).zip(&self.items[index..])
    }

    /// The first batch after `seq`: its number and its time.
    pub(super) fn oldest_after(&self, seq: u64) -> Option<(u64, Timestamp)> {
        let index = self.index_after(seq);
        self.items.get(index).map(|item| (self.first_seq + index as u64, item.at))
    }

    fn index_after(&self, seq: u64) -> usize {
        usize::try_from((seq + 1).saturating_sub(self.first_seq)).unwrap_or(usize::MAX).min(self.items.len())
    }

    /// Reads batches from `from` on, at most `count`.
    pub(super) fn read<M: Medium>(&self, medium: &M, from: u64, count: usize, out: &mut Vec<Stored>) -> io::Result<()> {
        let start = self.index_after(from.saturating_sub(1));
        let items = &self.items[start..self.items.len().min(start.saturating_add(count))];
        let (Some(first), Some(last)) = (items.first(), items.last()) else {
            return Ok(());
        };
        let bytes = medium.read(&self.name(), first.offset, last.offset + u64::from(last.len) - first.offset)?;
        for item in items {
            let at = usize::try_from(item.offset - first.offset).unwrap_or(usize::MAX);
            let (record, _) = bytes.get(at..).and_then(Record::read).ok_or_else(|| damaged(&self.name()))?;
            let body = Body::read(record.body).ok_or_else(|| damaged(&self.name()))?;
            out.push(Stored { seq: record.seq, batch: body.batch.to_vec() });
        }
        Ok(())
    }

    /// The same file, given its bytes, with nothing left of those batches of sightings that go but their numbers.
    pub(super) fn without_sightings(&self, bytes: &[u8], goes: impl Fn(u64) -> bool) -> io::Result<(Vec<u8>, Self)> {
        let head = bytes.get(..FILE_HEAD).ok_or_else(|| damaged(&self.name()))?;
        let mut thin = head.to_vec();
        let mut at = FILE_HEAD;
        while let Some((record, len)) = Record::read(&bytes[at..]) {
            let body = if record.kind == Kind::Batch { Body::read(record.body) } else { None };
            match body {
                Some(body) if thin::is_raw(body.sightings, body.readings) && goes(record.seq) => {
                    let nothing = Entry {
                        at: body.at,
                        sightings: 0,
                        readings: 0,
                        state: Some(body.state.to_vec()),
                        batch: Vec::new(),
                    };
                    Item::write(&mut thin, 0, record.seq, &nothing);
                }
                Some(_) | None => thin.extend_from_slice(&bytes[at..at + len]),
            }
            at += len;
        }
        let mut found = scan(&thin, self.ordinal, self.first_seq).segment;
        if found.last_seq() < self.last_seq() {
            return Err(damaged(&self.name()));
        }
        found.forget_from(self.last_seq() + 1);
        Ok((thin, found))
    }
}

fn damaged(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name} is damaged"))
}

/// Writes the beginning of a segment: head, acknowledged number, the next batch's number, state.
///
/// The next number stands here so that it is not used twice, even when every batch before it is gone.
pub(super) fn begin(out: &mut Vec<u8>, id: &[u8; 16], acked: u64, seq_next: u64, state: Option<&[u8]>) {
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(id);
    out.extend_from_slice(&crc32fast::hash(out).to_le_bytes());
    let body = [&seq_next.to_le_bytes()[..], state.unwrap_or_default()].concat();
    Record { kind: Kind::State, seq: acked, body: &body }.write(out);
}

/// The file of a segment.
pub(super) fn name(ordinal: u64) -> String {
    format!("{ordinal:016}{SUFFIX}")
}

/// All segments of a folder, oldest first. Other files are left alone.
pub(super) fn ordinals<M: Medium>(medium: &M) -> io::Result<Vec<u64>> {
    let mut found: Vec<u64> =
        medium.list()?.iter().filter_map(|name| name.strip_suffix(SUFFIX)?.parse().ok()).collect();
    found.sort_unstable();
    Ok(found)
}

/// What was found in a file.
pub(super) struct Found {
    /// The spool's id; none if the file is worth nothing.
    pub(super) id: Option<[u8; 16]>,
    pub(super) segment: Segment,
    pub(super) acked: u64,
    /// The meters at its end; empty if nothing was known of them, none if not even its beginning could be read.
    pub(super) state: Option<Vec<u8>>,
    pub(super) bytes_cut: u64,
}

/// Reads a file up to the first byte that is torn or damaged. It is never written again, so nothing needs cutting on disk.
pub(super) fn recover<M: Medium>(medium: &M, ordinal: u64, seq_next: u64) -> io::Result<Found> {
    let bytes = medium.read(&name(ordinal), 0, FILE_BYTES_MAX)?;
    Ok(scan(&bytes, ordinal, seq_next))
}

fn scan(bytes: &[u8], ordinal: u64, seq_next: u64) -> Found {
    let mut found =
        Found { id: read_head(bytes), segment: Segment::new(ordinal, seq_next), acked: 0, state: None, bytes_cut: 0 };
    let mut at = FILE_HEAD.min(bytes.len());
    while found.id.is_some()
        && let Some((record, len)) = Record::read(&bytes[at..])
        && take(&mut found, &record, at as u64)
    {
        at += len;
    }
    found.segment.bytes = bytes.len() as u64;
    found.bytes_cut = (bytes.len() - if found.id.is_some() { at } else { 0 }) as u64;
    found
}

fn read_head(bytes: &[u8]) -> Option<[u8; 16]> {
    let head = bytes.get(..FILE_HEAD)?;
    let (content, check) = head.split_at(FILE_HEAD - 4);
    let id = content.strip_prefix(MAGIC)?.try_into().ok()?;
    (crc32fast::hash(content).to_le_bytes() == check).then_some(id)
}

/// Takes one record in; false if it makes no sense here, which ends the file.
fn take(found: &mut Found, record: &Record<'_>, offset: u64) -> bool {
    debug_assert!(record.body.len() <= BODY_MAX);
    match record.kind {
        Kind::Acked => found.acked = found.acked.max(record.seq),
        Kind::State => {
            let Some((seq_next, state)) = record.body.split_first_chunk::<8>() else {
                return false;
            };
            found.acked = found.acked.max(record.seq);
            found.state = Some(state.to_vec());
            if found.segment.items.is_empty() {
                found.segment.first_seq = u64::from_le_bytes(*seq_next);
            }
        }
        Kind::Batch => {
            let Some(body) = Body::read(record.body) else {
                return false;
            };
            let segment = &mut found.segment;
            if segment.items.is_empty() {
                segment.first_seq = record.seq;
            } else if record.seq != segment.last_seq() + 1 {
                return false;
            }
            segment.add(Item::at_offset(offset, record.body, body.at, body.sightings, body.readings));
            if !body.state.is_empty() {
                found.state = Some(body.state.to_vec());
            }
        }
    }
    true
}

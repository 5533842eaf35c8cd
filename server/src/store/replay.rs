//! Frames of the floor for the replay: packed by the minute, bounded by age and bytes, without anybody's identity.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use model::ids::{FloorId, StoreId, ZoneId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::driver::{Kind, Row, Step, Table, from_json, to_json};
use super::{Error, Result, Store};

/// A chunk that unpacks to more than this is not one of ours.
const UNPACKED_MAX: u64 = 64 << 20;

static REPLAY: Table = Table {
    name: "replay",
    columns: &[
        ("store", Kind::Text),
        ("at", Kind::Int),
        ("until", Kind::Int),
        ("bytes", Kind::Int),
        ("frames", Kind::Blob),
    ],
    conflict: "ON CONFLICT (store, at) DO UPDATE SET until = excluded.until, bytes = excluded.bytes, frames = excluded.frames",
};

/// The floor at one moment. Floors and zones are indices into the chunk's lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// When.
    pub at: Timestamp,
    /// Customers, tags, and people nobody knows.
    pub people: [u32; 3],
    /// People per zone, where there are any.
    pub zones: Vec<(u16, u32)>,
    /// Where somebody stood, sorted by place.
    pub marks: Vec<Mark>,
    /// Floors with too few people to keep their places.
    pub thin: Vec<u16>,
}

/// Somebody's place, in tenths of a metre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
pub struct Mark {
    /// On which floor.
    pub floor: u16,
    /// Along the plan's width.
    pub x: i16,
    /// Along the plan's depth.
    pub y: i16,
    /// 0 a customer, 1 a tag, 2 somebody unknown.
    pub kind: u8,
    /// Standard deviation along the belief's longer axis.
    pub major: u8,
    /// Standard deviation along the shorter one.
    pub minor: u8,
    /// Degrees of the longer axis, 0 to 179.
    pub angle: u8,
}

/// A mark as a list of numbers: names in each would be most of the bytes.
type Packed = (u16, i16, i16, u8, u8, u8, u8);

impl From<Packed> for Mark {
    fn from((floor, x, y, kind, major, minor, angle): Packed) -> Self {
        Self { floor, x, y, kind, major, minor, angle }
    }
}

impl From<Mark> for Packed {
    fn from(mark: Mark) -> Self {
        (mark.floor, mark.x, mark.y, mark.kind, mark.major, mark.minor, mark.angle)
    }
}

/// Frames in a row, with the names of their floors and zones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Floors, in the plan's order.
    pub floors: Vec<FloorId>,
    /// Zones, in the plan's order.
    pub zones: Vec<ZoneId>,
    /// Oldest first; never empty in the store.
    pub frames: Vec<Frame>,
}

impl Store {
    /// Keeps a chunk in place of the one that began at the same moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_frames(&self, store: &StoreId, chunk: &Chunk) -> Result<()> {
        let (Some(first), Some(last)) = (chunk.frames.first(), chunk.frames.last()) else { return Ok(()) };
        let packed = pack(&to_json(chunk));
        let bytes = i64::try_from(packed.len()).unwrap_or(i64::MAX);
        let row = vec![store.as_str().into(), first.at.into(), last.at.into(), bytes.into(), packed.as_slice().into()];
        let steps = vec![Step::Insert { table: &REPLAY, rows: vec![row] }];
        self.transact("keep frames", steps).await.map(|_| ())
    }

    /// Chunks that hold frames of `[from, to)`, oldest first; at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn frames(&self, store: &StoreId, from: Timestamp, to: Timestamp, limit: u32) -> Result<Vec<Chunk>> {
        let sql = "SELECT frames FROM replay WHERE store = $1 AND until >= $2 AND at < $3 ORDER BY at LIMIT $4";
        let args = vec![store.as_str().into(), from.into(), to.into(), i64::from(limit).into()];
        self.fetch("read frames", sql, args).await?.iter().map(chunk).collect()
    }

    /// The first and the last moment that can be replayed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn frames_span(&self, store: &StoreId) -> Result<Option<(Timestamp, Timestamp)>> {
        let sql = "SELECT MIN(at), MAX(until) FROM replay WHERE store = $1";
        let row = self.fetch_one("find frames", sql, vec![store.as_str().into()]).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(row.opt_time(0)?.zip(row.opt_time(1)?))
    }

    /// Deletes frames before a moment, and the oldest ones of a store beyond so many bytes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trim_frames(&self, store: &StoreId, before: Timestamp, bytes_max: i64) -> Result<u64> {
        let old = "DELETE FROM replay WHERE store = $1 AND until < $2";
        let many = "DELETE FROM replay WHERE store = $1 AND at <= (SELECT MAX(at) FROM (SELECT at, \
                    SUM(bytes) OVER (ORDER BY at DESC) AS total FROM replay WHERE store = $1) AS sums \
                    WHERE total > $2)";
        let steps = vec![
            Step::Execute { sql: old, args: vec![store.as_str().into(), before.into()] },
            Step::Execute { sql: many, args: vec![store.as_str().into(), bytes_max.into()] },
        ];
        let done = self.transact("delete old frames", steps).await?;
        Ok(done.iter().map(|done| done.affected).sum())
    }
}

fn pack(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    written.expect("a vector takes every byte")
}

fn chunk(row: &Row) -> Result<Chunk> {
    let mut text = String::new();
    let read = DeflateDecoder::new(row.blob(0)?).take(UNPACKED_MAX).read_to_string(&mut text);
    read.map_err(|cause| Error::Corrupt { what: "frames", problem: cause.to_string() })?;
    from_json(&text, "frames")
}

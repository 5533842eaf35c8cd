//! How well shops placed their people: one row per store and day with the sums of that day, nothing about persons.

use locate::quality::Quality;
use model::ids::StoreId;
use model::time::{Millis, Timestamp};

use super::driver::{Kind, Step, Table, to_json};
use super::{Result, Store};

/// The length of a day; days are those of UTC.
const DAY: Millis = Millis::hours(24);
/// Older days than this go.
const KEPT: Millis = Millis::hours(24 * 400);

static PLACE_QUALITY: Table = Table {
    name: "place_quality",
    columns: &[("store", Kind::Text), ("day", Kind::Int), ("quality", Kind::Text)],
    conflict: "ON CONFLICT (store, day) DO UPDATE SET quality = excluded.quality",
};

/// When the day of a moment began.
const fn day_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(DAY.0))
}

impl Store {
    /// Adds to the sums of the day. Only one task may do this, as it reads before it writes.
    ///
    /// # Errors
    /// When the database fails; nothing was added then.
    pub async fn add_quality(&self, store: &StoreId, more: &Quality, now: Timestamp) -> Result<()> {
        let day = day_of(now);
        let sql = "SELECT quality FROM place_quality WHERE store = $1 AND day = $2";
        let row = self.fetch_one("read the day's quality", sql, vec![store.as_str().into(), day.into()]).await?;
        let mut sum: Quality = row.map_or_else(|| Ok(Quality::default()), |row| row.json(0, "quality"))?;
        sum.merge(more);
        let rows = vec![vec![store.as_str().into(), day.into(), to_json(&sum).into()]];
        let old = "DELETE FROM place_quality WHERE day < $1";
        let steps = vec![
            Step::Insert { table: &PLACE_QUALITY, rows },
            Step::Execute { sql: old, args: vec![(day - KEPT).into()] },
        ];
        self.transact("keep the day's quality", steps).await.map(|_| ())
    }

    /// The sums of every day of a store that had not ended at `since`, oldest first, each with its beginning.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn qualities(&self, store: &StoreId, since: Timestamp) -> Result<Vec<(Timestamp, Quality)>> {
        let sql = "SELECT day, quality FROM place_quality WHERE store = $1 AND day >= $2 ORDER BY day";
        let args = vec![store.as_str().into(), day_of(since).into()];
        let rows = self.fetch("read the qualities", sql, args).await?;
        rows.iter().map(|row| Ok((row.time(0)?, row.json(1, "quality")?))).collect()
    }
}

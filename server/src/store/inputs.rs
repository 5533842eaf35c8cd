//! What came in about customers, in order, so that it can be played again; kept for a few days.

use engine::log::Entry;
use model::time::Timestamp;

use super::driver::{Value, to_json};
use super::{Result, Store};

/// An input that was kept, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its place in the order.
    pub seq: i64,
    /// Whether the core was empty before it: what comes after rests on nothing before.
    pub start: bool,
    /// What came, and when.
    pub entry: Entry,
}

impl Recorded {
    pub(super) fn row(&self) -> Vec<Value> {
        let customer = self.entry.input.customer().map(|customer| customer.as_str().to_owned());
        vec![
            self.seq.into(),
            self.entry.now.into(),
            self.start.into(),
            customer.into(),
            to_json(&self.entry.input).into(),
        ]
    }
}

impl Store {
    /// Inputs after a place in the order and before a moment, oldest first; at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn inputs(&self, after: i64, before: Timestamp, limit: u32) -> Result<Vec<Recorded>> {
        let sql = "SELECT seq, at, start, body FROM inputs WHERE seq > $1 AND at < $2 ORDER BY seq LIMIT $3";
        let args = vec![after.into(), before.into(), i64::from(limit).into()];
        let rows = self.fetch("read what came in", sql, args).await?;
        let recorded = rows.iter().map(|row| {
            let entry = Entry { now: row.time(1)?, input: row.json(3, "input")? };
            Ok(Recorded { seq: row.int(0)?, start: row.flag(2)?, entry })
        });
        recorded.collect()
    }

    /// The place of the last start at or before a moment; of several at once the first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start_before(&self, at: Timestamp) -> Result<Option<i64>> {
        let sql = "SELECT seq FROM inputs WHERE start = 1 AND at <= $1 ORDER BY at DESC, seq LIMIT 1";
        let row = self.fetch_one("find a start", sql, vec![at.into()]).await?;
        row.map(|row| row.int(0)).transpose()
    }

    /// When the oldest start was that is still kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_start(&self) -> Result<Option<Timestamp>> {
        let sql = "SELECT at FROM inputs WHERE start = 1 ORDER BY seq LIMIT 1";
        let row = self.fetch_one("find the first start", sql, vec![]).await?;
        row.map(|row| row.time(0)).transpose()
    }

    /// The place after the last input that was kept.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn next_input(&self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(seq), 0) FROM inputs";
        let row = self.fetch_one("count what came in", sql, vec![]).await?;
        row.map_or(Ok(1), |row| Ok(row.int(0)? + 1))
    }
}

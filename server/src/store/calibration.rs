//! What is known of the shops' radio: one row per store and source, the last word of each.

use locate::calibrate::{Calibration, Source};
use model::ids::StoreId;
use model::time::Timestamp;

use super::driver::{Row, from_name, to_json};
use super::{Result, Store};

impl Store {
    /// Keeps what a source says of a store, in place of what it said before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_calibration(&self, store: &StoreId, calibration: &Calibration, at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO calibration (store, source, json, at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (store, source) DO UPDATE SET json = excluded.json, at = excluded.at";
        let source = calibration.source.name();
        let args = vec![store.as_str().into(), source.into(), to_json(calibration).into(), at.into()];
        self.execute("keep what is known of the radio", sql, args).await.map(|_| ())
    }

    /// What is known of a store, by source; none for a store of which nothing is known but its plan.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calibrations(&self, store: &StoreId) -> Result<Vec<Calibration>> {
        let sql = "SELECT json FROM calibration WHERE store = $1 ORDER BY source";
        let rows = self.fetch("read what is known of the radio", sql, vec![store.as_str().into()]).await?;
        rows.iter().map(|row| row.json(0, "calibration")).collect()
    }

    /// When each source of each store was last kept, cheap enough to ask for every second.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calibration_times(&self) -> Result<Vec<(StoreId, Source, Timestamp)>> {
        let sql = "SELECT store, source, at FROM calibration ORDER BY store, source";
        let read = |row: &Row| Ok((row.id(0, "store")?, from_name(row.text(1)?, "source")?, row.time(2)?));
        self.fetch("read when the radio was learnt", sql, vec![]).await?.iter().map(read).collect()
    }

    /// Forgets what a source said of a store; says whether there was anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_calibration(&self, store: &StoreId, source: Source) -> Result<bool> {
        let sql = "DELETE FROM calibration WHERE store = $1 AND source = $2";
        let args = vec![store.as_str().into(), source.name().into()];
        Ok(self.execute("forget what is known of the radio", sql, args).await? > 0)
    }
}

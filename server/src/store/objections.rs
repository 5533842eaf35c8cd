//! Who does not want to be heard in a store: hashes alone.

use model::ids::StoreId;
use model::time::Timestamp;
use wire::objections::ENTRIES_MAX;

use super::driver::Value;
use super::{Error, Result, Store};

/// How an objection was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objected {
    /// It stands on the list now.
    Taken,
    /// It stood there already.
    Known,
    /// The list has as many as it may have.
    Full,
}

impl Store {
    /// Puts a hash on a store's list.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn object(&self, store: &StoreId, hash: u32, at: Timestamp) -> Result<Objected> {
        // The newest entry is the list's version, so no two entries share a moment.
        let sql = "INSERT INTO objections (store, hash, at) \
                   SELECT $1, $2, CASE WHEN m.newest >= $3 THEN m.newest + 1 ELSE $3 END \
                   FROM (SELECT COALESCE(MAX(at), 0) AS newest, COUNT(*) AS n FROM objections WHERE store = $1) m \
                   WHERE m.n < $4 ON CONFLICT DO NOTHING";
        let most = i64::try_from(ENTRIES_MAX).unwrap_or(i64::MAX);
        let args = vec![store.as_str().into(), i64::from(hash).into(), at.into(), most.into()];
        if self.execute("keep an objection", sql, args).await? > 0 {
            return Ok(Objected::Taken);
        }
        let known = "SELECT at FROM objections WHERE store = $1 AND hash = $2";
        let args: Vec<Value> = vec![store.as_str().into(), i64::from(hash).into()];
        let is_known = self.fetch_one("look for an objection", known, args).await?.is_some();
        Ok(if is_known { Objected::Known } else { Objected::Full })
    }

    /// The version of each store's list, and how many are on it; a store without objections has none.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn objection_lists(&self) -> Result<Vec<(StoreId, u64, u64)>> {
        let sql = "SELECT store, MAX(at), COUNT(*) FROM objections GROUP BY store ORDER BY store";
        let rows = self.fetch("read the versions of objections", sql, vec![]).await?;
        rows.iter().map(|row| Ok((row.id(0, "store")?, row.unsigned(1)?, row.unsigned(2)?))).collect()
    }

    /// The version of a store's list, and the hashes on it.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn objections(&self, store: &StoreId) -> Result<(u64, Vec<u32>)> {
        let sql = "SELECT hash, at FROM objections WHERE store = $1 ORDER BY hash";
        let rows = self.fetch("read objections", sql, vec![store.as_str().into()]).await?;
        let (mut version, mut hashes) = (0, Vec::with_capacity(rows.len()));
        for row in &rows {
            let wrong = |_| Error::Corrupt { what: "objection", problem: "it has not 32 bits".into() };
            hashes.push(u32::try_from(row.unsigned(0)?).map_err(wrong)?);
            version = version.max(row.unsigned(1)?);
        }
        Ok((version, hashes))
    }
}

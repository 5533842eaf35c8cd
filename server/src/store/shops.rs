//! The shops' files, and the budgets of their offers.

use model::ids::StoreId;
use model::time::Timestamp;
use serde::Deserialize;

use super::rows::ShopRow;
use super::{Result, Store};

impl Store {
    /// Every shop as it was applied, by id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shops(&self) -> Result<Vec<ShopRow>> {
        let sql = "SELECT store, version, shop_toml, floor_geojson FROM shops ORDER BY store";
        let rows = self.fetch("read the shops", sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                Ok(ShopRow {
                    store: row.id(0, "store")?,
                    version: row.int(1)?,
                    shop_toml: row.text(2)?.to_owned(),
                    floor_geojson: row.text(3)?.to_owned(),
                })
            })
            .collect()
    }

    /// The versions of all shops, cheap enough to ask for every second.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shop_versions(&self) -> Result<Vec<(StoreId, i64)>> {
        let rows = self.fetch("read the shops' versions", "SELECT store, version FROM shops ORDER BY store", vec![]);
        rows.await?.iter().map(|row| Ok((row.id(0, "store")?, row.int(1)?))).collect()
    }

    /// Keeps a shop's files as a new version.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_shop(&self, store: &StoreId, toml: &str, geojson: &str, at: Timestamp) -> Result<()> {
        let before = "SELECT shop_toml, holdout_since FROM shops WHERE store = $1";
        let before = self.fetch_one("read the shop", before, vec![store.as_str().into()]).await?;
        let same = match &before {
            Some(row) if holdout(row.text(0)?) == holdout(toml) => row.opt_time(1)?,
            Some(_) | None => None,
        };
        let sql = "INSERT INTO shops (store, version, shop_toml, floor_geojson, applied_at, holdout_since) \
                   VALUES ($1, 1, $2, $3, $4, $5) \
                   ON CONFLICT (store) DO UPDATE SET version = shops.version + 1, shop_toml = excluded.shop_toml, \
                   floor_geojson = excluded.floor_geojson, applied_at = excluded.applied_at, \
                   holdout_since = excluded.holdout_since";
        let args = vec![store.as_str().into(), toml.into(), geojson.into(), at.into(), same.unwrap_or(at).into()];
        self.execute("keep the shop", sql, args).await.map(|_| ())
    }

    /// Since when the share of customers who are kept without offers is what it is; none for a store that is not known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn holdout_since(&self, store: &StoreId) -> Result<Option<Timestamp>> {
        let sql = "SELECT holdout_since FROM shops WHERE store = $1";
        let row = self.fetch_one("read the shop", sql, vec![store.as_str().into()]).await?;
        row.map_or(Ok(None), |row| row.opt_time(0))
    }

    /// Returns what was leased of budgets and not granted. Only the owner may ask, before its first lease.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn return_leases(&self) -> Result<()> {
        let sql = "UPDATE budgets SET used = granted WHERE used <> granted";
        self.execute("return the leases", sql, vec![]).await.map(|_| ())
    }
}

/// The share of customers whom a shop keeps without offers; none when its file can't be read.
fn holdout(toml: &str) -> Option<f64> {
    #[derive(Deserialize)]
    struct File {
        store: model::shop::Store,
    }
    toml::from_str(toml).ok().map(|file: File| file.store.holdout)
}

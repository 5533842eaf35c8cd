//! The shops' files, and the budgets of their offers.

use model::ids::StoreId;
use model::time::Timestamp;

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
        let sql = "INSERT INTO shops (store, version, shop_toml, floor_geojson, applied_at) VALUES ($1, 1, $2, $3, $4) \
                   ON CONFLICT (store) DO UPDATE SET version = shops.version + 1, shop_toml = excluded.shop_toml, \
                   floor_geojson = excluded.floor_geojson, applied_at = excluded.applied_at";
        let args = vec![store.as_str().into(), toml.into(), geojson.into(), at.into()];
        self.execute("keep the shop", sql, args).await.map(|_| ())
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

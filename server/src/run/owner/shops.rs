//! Shops' files as they are applied: looked for, read, and taken over by everybody who needs them.

use engine::core::{Input, PlanFiles};

use super::{Owner, Stopped};
use crate::store::ShopRow;

impl Owner {
    /// Looks whether a shop's files or its survey changed.
    pub(in crate::run) async fn check_shops(&mut self) -> Result<(), Stopped> {
        self.check_plans().await?;
        match self.take_surveys().await {
            Ok(0) => Ok(()),
            Ok(_) => self.finish(Vec::new()).await,
            Err(cause) => {
                tracing::warn!(%cause, "could not look for new surveys");
                Ok(())
            }
        }
    }

    async fn check_plans(&mut self) -> Result<(), Stopped> {
        self.tick();
        match self.store.shop_versions().await {
            Ok(versions) if versions.iter().any(|(store, version)| self.versions.get(store) != Some(version)) => {}
            Ok(_) => return Ok(()),
            Err(cause) => {
                tracing::warn!(%cause, "could not look for changed shops");
                return Ok(());
            }
        }
        if let Err(cause) = self.load_plans().await {
            tracing::error!(%cause, "could not read the shops");
        }
        self.finish(Vec::new()).await
    }

    pub(super) async fn load_plans(&mut self) -> crate::store::Result<()> {
        for row in self.store.shops().await? {
            if self.versions.get(&row.store) != Some(&row.version) {
                self.put_plan(row);
            }
        }
        self.drain();
        Ok(())
    }

    fn put_plan(&mut self, row: ShopRow) {
        self.versions.insert(row.store.clone(), row.version);
        match PlanFiles::parse(&row.shop_toml, &row.floor_geojson) {
            Ok(files) => {
                self.places.put(files.shop());
                self.live.put_plan(files.shop());
                self.core.handle(Input::Plan(files), self.now);
                tracing::info!(store = %row.store, version = row.version, "shop {} taken over", row.store);
            }
            Err(errors) => {
                let first = errors.first().map(ToString::to_string).unwrap_or_default();
                tracing::error!(store = %row.store, first, "an applied shop can't be read; apply its files again");
            }
        }
    }
}

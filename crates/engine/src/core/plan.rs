//! A shop's two files as an input of the core: what is logged is the texts, so that a log is complete.

use std::sync::Arc;

use model::shop::{Shop as Plan, ShopError};
use serde::{Deserialize, Serialize};

/// A shop as its two files declare it, read and checked. It is logged as the two texts, so that a log is complete.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "PlanTexts", into = "PlanTexts")]
pub struct PlanFiles {
    texts: Arc<(String, String)>,
    shop: Arc<Plan>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanTexts {
    shop_toml: String,
    floor_geojson: String,
}

impl PlanFiles {
    /// Reads and checks both files.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(shop_toml: &str, floor_geojson: &str) -> Result<Self, Vec<ShopError>> {
        let shop = Arc::new(Plan::parse(shop_toml, floor_geojson)?);
        Ok(Self { texts: Arc::new((shop_toml.to_owned(), floor_geojson.to_owned())), shop })
    }

    /// The shop that the files declare.
    #[must_use]
    pub const fn shop(&self) -> &Arc<Plan> {
        &self.shop
    }
}

impl PartialEq for PlanFiles {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl TryFrom<PlanTexts> for PlanFiles {
    type Error = ShopError;
    fn try_from(texts: PlanTexts) -> Result<Self, ShopError> {
        Self::parse(&texts.shop_toml, &texts.floor_geojson).map_err(|mut errors| errors.swap_remove(0))
    }
}

impl From<PlanFiles> for PlanTexts {
    fn from(plan: PlanFiles) -> Self {
        let (shop_toml, floor_geojson) = Arc::unwrap_or_clone(plan.texts);
        Self { shop_toml, floor_geojson }
    }
}

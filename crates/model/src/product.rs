//! A product, as far as offers need to know it.

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, ProductId, ZoneId};
use crate::units::Cents;

/// One product of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its id, as the shop's other systems name it.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: CategoryId,
    /// Its brand.
    #[serde(default)]
    pub brand: Option<String>,
    /// Its price.
    pub price: Cents,
    /// What the shop earns on it at full price.
    #[serde(default)]
    pub margin: Cents,
    /// The zone where it stands.
    pub zone: ZoneId,
    /// Whether there is any left.
    #[serde(default = "in_stock")]
    pub in_stock: bool,
    /// After so many days it is usually bought again; none: learnt from the customer, or the house's rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replenish_days: Option<f64>,
    /// Nothing is ever said about it: it would tell something about a person (health, for one).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// Not offered to anybody younger, nor to anybody whose age is not known to be at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_min: Option<u8>,
}

const fn in_stock() -> bool {
    true
}

//! Preferences: what a customer said they want to be told, and how.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, OfferId};
use crate::offer::Channel;
use crate::shop::QuietHours;

/// What a customer said they want; nothing said is no wish.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// Nothing about these categories.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub mute_categories: BTreeSet<CategoryId>,
    /// Nothing about these brands.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub mute_brands: BTreeSet<String>,
    /// None of these offers.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub mute_offers: BTreeSet<OfferId>,
    /// Only by these ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<BTreeSet<Channel>>,
    /// Not at these hours, by the store's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietHours>,
    /// At most so many a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a_day_max: Option<u32>,
    /// When they were born: for what is not for minors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_year: Option<u16>,
}

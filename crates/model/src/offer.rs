//! An offer: something that may be said, to whom, where, and how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, MomentId, OfferId, ProductId, SegmentId, StoreId, ZoneId};
use crate::product::Product;
use crate::time::Timestamp;
use crate::units::Cents;

/// A language of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Italian.
    It,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The first line; at most 80 characters.
    pub title: String,
    /// The second; at most 240 characters.
    pub body: String,
}

/// What is said, in each language; at least one.
pub type Content = BTreeMap<Language, Text>;

/// How often one customer may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// At most so many times.
    pub times: u32,
    /// In a sliding window of so many hours.
    pub hours: u32,
}

/// Something that may be said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// The product it is about; or else `category`.
    #[serde(default)]
    pub product: Option<ProductId>,
    /// The category it is about.
    #[serde(default)]
    pub category: Option<CategoryId>,
    /// Where it may be said; empty means in the zone of its product.
    #[serde(default)]
    pub zones: Vec<ZoneId>,
    /// What is said.
    pub content: Content,
    /// What the customer saves.
    #[serde(default)]
    pub discount: Cents,
    /// From when it may be said.
    #[serde(default)]
    pub starts: Option<Timestamp>,
    /// Until when.
    #[serde(default)]
    pub ends: Option<Timestamp>,
    /// How often one customer may be told.
    #[serde(default = "once_a_day")]
    pub cap: Cap,
    /// How often it may be said in all; none means no limit.
    #[serde(default)]
    pub budget: Option<u64>,
    /// The least intent, 0 to 1, at which it is said.
    #[serde(default = "intent_default")]
    pub intent_min: f64,
    /// For how long after the decision it may be sent, in seconds.
    #[serde(default = "five_minutes")]
    pub lifetime_s: u32,
    /// Paused offers are considered and explained, never said.
    #[serde(default)]
    pub paused: bool,
    /// The brand it is for; none: that of its product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Further caps, each over the offer, its category, its brand or everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<ScopedCap>,
    /// Only for customers whose segment is one of these; empty: for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentId>,
    /// Only at these declared moments; empty: at any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moments: Vec<MomentId>,
    /// A condition in CEL; an error in it is a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How far it is let out.
    #[serde(default, skip_serializing_if = "Stage::is_live")]
    pub stage: Stage,
    /// Share of customers kept without this offer, 0 to 0.5, to measure what it changes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub control: f64,
    /// The approved bounds of the discount; within them the best for the moment is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[Cents; 2]>,
    /// What the shop must still earn on the product after the discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_min: Option<Cents>,
    /// The product's price that its text quotes; it is not said at any other price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Cents>,
    /// The ways it may be said; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// The places of a page, kiosk or till where it may be shown; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placements: Vec<String>,
    /// Whether it promotes or serves.
    #[serde(default, skip_serializing_if = "About::is_promotion")]
    pub about: About,
}

impl Offer {
    /// Whether it may be said by this way.
    #[must_use]
    pub fn goes_by(&self, channel: Channel) -> bool {
        self.channels.is_empty() || self.channels.contains(&channel)
    }

    /// Whether a product is what it is about, or of its category.
    #[must_use]
    pub fn is_about(&self, product: &Product) -> bool {
        self.product.as_ref() == Some(&product.id) || self.category.as_ref() == Some(&product.category)
    }
}

/// How far an offer is let out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Stage {
    /// It is decided and explained, and never said.
    Shadow,
    /// It is said in some stores or zones, to a share of the customers.
    Pilot {
        /// The stores; empty: all.
        #[serde(default)]
        stores: Vec<StoreId>,
        /// The zones; empty: all.
        #[serde(default)]
        zones: Vec<ZoneId>,
        /// The share of customers, 0 to 1; who is in at a share is in at every larger one.
        share: f64,
    },
    /// It is said.
    #[default]
    Live,
}

impl Stage {
    /// Whether it is said everywhere.
    #[must_use]
    pub fn is_live(&self) -> bool {
        *self == Self::Live
    }
}

/// Whether an offer promotes or serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// It sells.
    #[default]
    Promotion,
    /// It helps; a complaint does not pause it.
    Service,
}

impl About {
    const fn is_promotion(&self) -> bool {
        matches!(self, Self::Promotion)
    }
}

/// What a cap counts over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapScope {
    /// The offer.
    Offer,
    /// Every offer of its category.
    Category,
    /// Every offer of its brand.
    Brand,
    /// Everything.
    #[default]
    All,
}

/// A cap and what it counts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopedCap {
    /// What it counts over.
    pub scope: CapScope,
    /// At most so many times.
    pub times: u32,
    /// In a sliding window of so many hours.
    pub hours: u32,
}

/// A way to say something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The customer's phone.
    #[default]
    Push,
    /// A web page or the app's own page.
    Web,
    /// A kiosk in the store.
    Kiosk,
    /// A screen in the store.
    Screen,
    /// The till.
    Till,
}

/// What a person said about an offer; recorded with who and when.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lever {
    /// Its worth is multiplied by this, 0.2 to 5.
    pub weight: f64,
    /// It comes before every offer that is not pinned, if it may be said at all.
    pub pin: bool,
    /// It is not said.
    pub ban: bool,
    /// Somebody has approved it.
    pub approved: bool,
}

impl Default for Lever {
    fn default() -> Self {
        Self { weight: 1.0, pin: false, ban: false, approved: true }
    }
}

impl Lever {
    /// The least and the most weight.
    pub const WEIGHT: [f64; 2] = [0.2, 5.0];

    /// Whether it moves the offer up or down.
    #[must_use]
    pub fn says(&self) -> bool {
        self.pin || (self.weight - 1.0).abs() > f64::EPSILON
    }

    /// Whether it may be set.
    ///
    /// # Errors
    /// What is wrong, and the fix, in one sentence.
    pub fn check(&self) -> Result<(), String> {
        let [least, most] = Self::WEIGHT;
        if (least..=most).contains(&self.weight) {
            return Ok(());
        }
        Err(format!("weight {} is outside {least} to {most}; 1 leaves the offer as it is", self.weight))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

const fn once_a_day() -> Cap {
    Cap { times: 1, hours: 24 }
}

const fn intent_default() -> f64 {
    0.3
}

const fn five_minutes() -> u32 {
    300
}

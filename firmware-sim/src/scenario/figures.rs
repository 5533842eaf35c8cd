//! The figures of a scenario, as they stand in its file: people, their habits, the radio, the devices on the wall.

use serde::Deserialize;

/// Bounds, or a mean and a deviation, as they are written in the file.
pub type Pair = [f64; 2];

/// How many people there are of each kind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// With the app and every consent.
    pub app_full: usize,
    /// How many of them withdraw everything during the run.
    pub withdraws: usize,
    /// When they do, in seconds after the start.
    pub withdraws_after_s: f64,
    /// With the app, but without offers by push.
    pub app_no_push: usize,
    /// With the app and a profile only.
    pub app_profile_only: usize,
    /// With the app and no consent.
    pub app_no_consent: usize,
    /// With a cart that carries a tag of the store.
    pub cart: usize,
    /// With an ordinary phone.
    pub anonymous: usize,
    /// With nothing that sends.
    pub silent: usize,
}

impl People {
    /// Everybody.
    #[must_use]
    pub const fn all(&self) -> usize {
        let apps = self.app_full + self.app_no_push + self.app_profile_only + self.app_no_consent;
        apps + self.cart + self.anonymous + self.silent
    }

    /// About so many people, in the same proportions.
    #[must_use]
    pub fn of(&self, people: usize) -> Self {
        let part = |kind: usize| (kind * people).div_ceil(self.all().max(1)).min(kind);
        Self {
            app_full: part(self.app_full),
            withdraws: part(self.withdraws),
            withdraws_after_s: self.withdraws_after_s,
            app_no_push: part(self.app_no_push),
            app_profile_only: part(self.app_profile_only),
            app_no_consent: part(self.app_no_consent),
            cart: part(self.cart),
            anonymous: part(self.anonymous),
            silent: part(self.silent),
        }
    }
}

/// How people behave.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    /// Everybody's first visit begins within so many seconds.
    pub arrive_within_s: f64,
    /// Time between two visits, in seconds.
    pub away_s: Pair,
    /// Walking speed in m/s: mean and deviation.
    pub speed: Pair,
    /// How many products a visit is for, at least and at most.
    pub wants: [usize; 2],
    /// How many more are looked at.
    pub browses: [usize; 2],
    /// Time in front of a product, in seconds.
    pub dwell_s: Pair,
    /// Time at the till, in seconds.
    pub pay_s: Pair,
    /// Share of wanted products that are looked up in the app.
    pub looks_up: f64,
    /// Share of looks at a wanted product that end with taking it.
    pub takes: f64,
    /// Share of those that are put back at once.
    pub puts_back: f64,
    /// Inclination to open an offer.
    pub opens: f64,
    /// Inclination to dismiss one that is not opened.
    pub dismisses: f64,
    /// Inclination to go to the product of an opened offer.
    pub goes: f64,
    /// Inclination to redeem it there.
    pub redeems: f64,
}

/// How the radio behaves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioFigures {
    /// What a frame says about its own power at 1 m, in dBm.
    pub power_at_1m: f64,
    /// Path loss exponent, one draw per shop between these.
    pub exponent: Pair,
    /// Shadowing's deviation, one draw per receiver between these.
    pub shadowing_db: Pair,
    /// Distance over which shadowing stays alike.
    pub shadowing_metres: f64,
    /// Fading's deviation, drawn per packet.
    pub fading_db: f64,
    /// Spread between the most and the least sensitive receiver.
    pub receiver_spread_db: f64,
    /// A device's offset, one draw per device between these.
    pub device_offset_db: Pair,
    /// Loss through the carrier's own body when it is between both ends.
    pub body_db: f64,
    /// Loss through each other person on the way, at most three count.
    pub crowd_db: f64,
    /// The level at which half of the packets are lost, in dBm.
    pub sensitivity: f64,
    /// Share of packets lost to collisions and scan gaps, whatever their level.
    pub loss: f64,
    /// A phone's adverts per second, one draw per phone between these.
    pub adverts_per_s: Pair,
    /// A cart tag's adverts per second.
    pub cart_adverts_per_s: f64,
    /// What comes around and over shelves is so much weaker, however much metal is in the way, in dB.
    #[serde(default = "diffraction")]
    pub diffraction_db: f64,
    /// How high shelves are; a signal passes above. Without it they reach to the ceiling.
    #[serde(default = "endless")]
    pub shelf_metres: f64,
    /// How high people are; without it a body weakens the whole way.
    #[serde(default = "endless")]
    pub people_metres: f64,
    /// How long a frame takes on a channel; with 0 frames never collide.
    #[serde(default)]
    pub airtime_ms: f64,
    /// A frame survives another one that is so much weaker, in dB.
    #[serde(default)]
    pub capture_db: f64,
    /// After so long a phone changes its address, in seconds; with 0 it keeps it.
    #[serde(default = "quarter_hour")]
    pub address_s: u32,
}

const fn diffraction() -> f64 {
    25.0
}
const fn endless() -> f64 {
    f64::INFINITY
}
const fn quarter_hour() -> u32 {
    900
}

/// How devices on the wall are set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceFigures {
    /// Over how many seconds ESPresense nodes smooth strengths.
    pub espresense_window_s: f64,
    /// ESPresense nodes report a transmitter at most once in so many seconds.
    pub espresense_skip_s: f64,
    /// Minew gateways upload once in so many seconds.
    pub minew_upload_s: f64,
    /// The weight of one item on a watched shelf, in grams.
    pub item_g: u32,
    /// Items on a watched shelf when it is full.
    pub items_full: u32,
}

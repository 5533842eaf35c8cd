//! What the store keeps, as its callers see it.

use model::consent::{Consent, ConsentRecord};
use model::decision::{Decision, Explanation};
use model::delivery::{Delivery, DeliveryState};
use model::ids::{AnonymousId, CustomerId, DecisionId, DeviceId, OfferId, StoreId, VisitId, ZoneId};
use model::offer::Language;
use model::outcome::Outcome;
use model::presence::PresenceKind;
use model::subject::Subject;
use model::time::Timestamp;

/// The customer reference of a decision whose customer was erased.
pub const ERASED: &str = "erased";

/// Where Web Push reaches a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushEndpoint {
    /// The push service's URL for this browser.
    pub endpoint: String,
    /// The browser's public key, base64url.
    pub p256dh: String,
    /// The browser's secret, base64url.
    pub auth: String,
}

/// A phone, browser or card of a customer. Only kept while the customer consents to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is. Without a log-in this is the device's own anonymous customer.
    pub customer: CustomerId,
    /// What the app called its user before the log-in.
    pub anonymous: Option<AnonymousId>,
    /// `web`, `android`, `ios` or `sim`.
    pub platform: String,
    /// In which language to speak to it.
    pub language: Option<Language>,
    /// Where Web Push reaches it.
    pub push: Option<PushEndpoint>,
    /// When it was first told of.
    pub created_at: Timestamp,
}

/// A customer: somebody who consents to something.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// The app's own id of the person.
    pub id: CustomerId,
    /// What is allowed now, with its proof.
    pub consent: ConsentRecord,
}

impl Customer {
    /// What is allowed now.
    #[must_use]
    pub const fn allows(&self) -> Consent {
        self.consent.consent
    }
}

/// A decision with what became of it. The customer reads [`ERASED`] when the person was forgotten.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRow {
    /// The decision.
    pub decision: Decision,
    /// Where its delivery stands; none when there is none.
    pub delivery: Option<DeliveryState>,
    /// What became of it, oldest first.
    pub outcomes: Vec<Outcome>,
}

/// What a figure needs to know of a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionFact {
    /// Its id.
    pub id: DecisionId,
    /// When.
    pub at: Timestamp,
    /// In which zone.
    pub zone: ZoneId,
    /// The offer chosen; none is silence.
    pub offer: Option<OfferId>,
    /// Why silent; none when an offer was chosen.
    pub code: Option<String>,
    /// Whether it was held back for the measurement.
    pub holdout: bool,
    /// Where its delivery stands; none when there is none.
    pub delivery: Option<DeliveryState>,
}

/// An offer made to a customer, as the app shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferRow {
    /// The delivery.
    pub delivery: Delivery,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it was made.
    pub explanation: Explanation,
    /// What became of it, oldest first.
    pub outcomes: Vec<Outcome>,
}

/// A delivery that a worker has claimed and must finish.
#[derive(Debug, Clone, PartialEq)]
pub struct Outbox {
    /// What to send.
    pub delivery: Delivery,
    /// How often it was claimed before this time: 0 at the first.
    pub attempts: u32,
}

/// One stay in a zone, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct PresenceRow {
    /// In which store.
    pub store: StoreId,
    /// Who; none when erased.
    pub subject: Option<Subject>,
    /// Where.
    pub zone: ZoneId,
    /// In which visit.
    pub visit: VisitId,
    /// When the stay began.
    pub since: Timestamp,
    /// When it became a dwell.
    pub dwelling_at: Option<Timestamp>,
    /// When it ended; none while it lasts.
    pub left_at: Option<Timestamp>,
    /// The last change.
    pub kind: PresenceKind,
    /// When that was.
    pub at: Timestamp,
}

/// What is counted of people without a name: never a row per person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountKind {
    /// Somebody came into a zone.
    Entered,
    /// Somebody dwelt in a zone.
    Dwelt,
    /// Somebody's visit to the store ended; the zone is none.
    Visited,
}

impl CountKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Dwelt => "dwelt",
            Self::Visited => "visited",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Entered, Self::Dwelt, Self::Visited].into_iter().find(|k| k.name() == name)
    }
}

/// How many people without a name did something in one quarter of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Start of the quarter.
    pub quarter: Timestamp,
    /// Where; none is the whole store.
    pub zone: Option<ZoneId>,
    /// What.
    pub kind: CountKind,
    /// How many.
    pub n: u64,
}

/// A shop's files as they were applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopRow {
    /// Its id.
    pub store: StoreId,
    /// Counts up at every change.
    pub version: i64,
    /// The text of `shop.toml`.
    pub shop_toml: String,
    /// The text of `floor.geojson`.
    pub floor_geojson: String,
}

/// A request for units of an offer's budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// In which store.
    pub store: StoreId,
    /// Of which offer.
    pub offer: OfferId,
    /// How many units; fewer are given when fewer are left.
    pub units: u64,
    /// The offer's whole budget.
    pub budget: u64,
}

/// The one who may use the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Log-in name.
    pub name: String,
    /// Argon2id, in PHC form.
    pub password_hash: String,
}

/// What a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The back office API.
    Api,
    /// The intake of events.
    Write,
}

impl KeyKind {
    /// Its name in the table and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Write => "write",
        }
    }
}

/// A key, by its name; the key itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// What it opens.
    pub kind: KeyKind,
    /// What it was called.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// What a user of the embedded broker may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An edge box: publishes under its own name, hears receivers and sensors.
    Gateway,
    /// A receiver or sensor: publishes in its vendor's form.
    Receiver,
}

impl Role {
    /// Its name in the table and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Receiver => "receiver",
        }
    }
}

/// A user of the embedded broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerUser {
    /// Log-in name; a gateway's id.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of its password, which is random and 256 bits wide.
    pub password_hash: Vec<u8>,
}

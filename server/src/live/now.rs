//! What a page sees of one shop.

use std::sync::Arc;

use locate::calibrate::Source;
use model::floor::Point;
use model::ids::{FloorId, GatewayId, ReceiverId, SensorId, ZoneId};
use model::position::{Patch, Position};
use model::subject::Subject;
use model::time::Timestamp;
use serde::Serialize;

use crate::store::DecisionRow;

/// Whether something that reports is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It reports.
    Online,
    /// Its gateway is there, but nothing has come from it for a while.
    Silent,
    /// Its gateway is not there, or it said goodbye.
    Offline,
    /// It never reported.
    Unknown,
}

/// How many are there, by what is known of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct People {
    /// All of them.
    pub total: usize,
    /// Customers who allow it.
    pub identified: usize,
    /// Tags and carts.
    pub tags: usize,
    /// Nobody knows who.
    pub anonymous: usize,
}

/// How many are in a zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneNow {
    /// Which.
    pub zone: ZoneId,
    /// How many.
    #[serde(flatten)]
    pub people: People,
    /// How many people are expected there, those without a radio too.
    pub estimated: f64,
}

/// One subject on the plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dot {
    /// `device:<hex>`, `tag:<id>` or `anonymous:<hex>`.
    pub subject: String,
    /// `customer`, `tag` or `anonymous`.
    pub kind: &'static str,
    /// On which floor.
    pub floor: FloorId,
    /// Metres along the plan's width.
    pub x: f64,
    /// Metres along the plan's depth.
    pub y: f64,
    /// How sure that is, in metres.
    pub uncertainty_m: f64,
    /// The zone that the subject is taken to be in.
    pub zone: Option<ZoneId>,
    /// Belief in that zone.
    pub probability: f64,
    /// The next likeliest zone with the belief in it.
    pub runner_up: Option<(ZoneId, f64)>,
    /// How the belief spreads: variances along x, of both together, along y, in square metres.
    pub spread: [f64; 3],
    /// Where the belief lies: x and y of a patch's middle, its side, its share. Left out between two whole pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Vec<[f64; 4]>>,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
}

impl Dot {
    /// A position as a page moves it: without its cloud, which comes with the next whole picture.
    #[must_use]
    pub fn moved(position: &Position) -> Self {
        let (subject, kind) = match &position.subject {
            Subject::Device(device) => (format!("device:{device}"), "customer"),
            Subject::Tag(tag) => (format!("tag:{tag}"), "tag"),
            Subject::Anonymous(pseudonym) => (format!("anonymous:{:016x}", pseudonym.0), "anonymous"),
        };
        let zone = position.zone.clone();
        let belief = position.zones.iter().find(|(other, _)| Some(other) == zone.as_ref());
        let probability = belief.map_or(0.0, |(_, p)| p.get());
        // A zone around the one that is taken is always likelier, and says nothing new.
        let is_rival = |other: &ZoneId, p: f64| Some(other) != zone.as_ref() && (zone.is_none() || p <= probability);
        let runner_up = position.zones.iter().find(|(other, p)| is_rival(other, p.get()));
        let runner_up = runner_up.map(|(other, p)| (other.clone(), round(p.get(), 1_000.0)));
        let spread = position.spread;
        Self {
            subject,
            kind,
            floor: position.floor.clone(),
            x: round(position.point.x, 100.0),
            y: round(position.point.y, 100.0),
            uncertainty_m: round(position.uncertainty.0, 100.0),
            zone,
            probability: round(probability, 1_000.0),
            runner_up,
            spread: [spread.xx, spread.xy, spread.yy].map(|v| round(v, 1_000.0)),
            cloud: None,
            at: position.at,
        }
    }

    /// The same with its cloud, but for patches that must not be shown.
    pub(super) fn with_cloud(position: &Position, is_hidden: impl Fn(Point) -> bool) -> Self {
        let shown = position.cloud.iter().filter(|patch| !is_hidden(patch.point));
        let patch = |patch: &Patch| {
            let Patch { point, side, probability } = patch;
            [round(point.x, 100.0), round(point.y, 100.0), round(side.0, 100.0), round(probability.get(), 1_000.0)]
        };
        Self { cloud: Some(shown.map(patch).collect()), ..Self::moved(position) }
    }
}

fn round(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// A receiver's health.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiverNow {
    /// Which.
    pub id: ReceiverId,
    /// Whether it hears.
    pub state: State,
    /// When it last heard anything.
    #[serde(serialize_with = "rfc3339_opt")]
    pub last_heard: Option<Timestamp>,
    /// Sightings of the last minute.
    pub sightings_per_minute: u32,
    /// The edge box it reports to.
    pub gateway: Option<GatewayId>,
    /// How it is by what it hears of people: `well`, `dead` (others hear people beside it), `doubtful` (it hears oddly and
    /// is left out for some minutes, to see) or `moved` (it hears as if it hung elsewhere, and is left out).
    pub condition: &'static str,
    /// Since when it is not well.
    #[serde(serialize_with = "rfc3339_opt")]
    pub condition_since: Option<Timestamp>,
}

/// An edge box's health.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayNow {
    /// Which.
    pub id: GatewayId,
    /// Whether it is connected.
    pub state: State,
    /// The version it runs.
    pub version: Option<String>,
    /// When a message last came from it.
    #[serde(serialize_with = "rfc3339_opt")]
    pub last_seen: Option<Timestamp>,
    /// Batches on its disk.
    pub spool_batches: u64,
    /// Age of the oldest of them.
    pub oldest_unsent_ms: u64,
}

/// A sensor's last word.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SensorNow {
    /// Which.
    pub id: SensorId,
    /// When it last reported.
    #[serde(serialize_with = "rfc3339_opt")]
    pub last_reading: Option<Timestamp>,
    /// What, in words.
    pub value: Option<String>,
}

/// Crossings of the entrance counters since local midnight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Door {
    /// Into the store.
    pub entered: u64,
    /// Out of the store.
    pub left: u64,
}

/// The shop now.
#[derive(Debug, Clone)]
pub struct Now {
    /// When this was so.
    pub at: Timestamp,
    /// What positions rest on; none before the first were made.
    pub source: Option<Source>,
    /// How many in the store.
    pub people: People,
    /// How many people are expected in the store, those without a radio too.
    pub estimated: f64,
    /// How many per zone, in the order of the plan.
    pub zones: Vec<ZoneNow>,
    /// Everybody on the plan.
    pub dots: Vec<Dot>,
    /// Receivers and their health, in the order of the file.
    pub receivers: Vec<ReceiverNow>,
    /// Edge boxes.
    pub gateways: Vec<GatewayNow>,
    /// Sensors, in the order of the file.
    pub sensors: Vec<SensorNow>,
    /// The newest decisions, newest first; at most 30.
    pub decisions: Vec<Arc<DecisionRow>>,
    /// The door's counts of today.
    pub door: Door,
}

/// A moment as RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn to_rfc3339(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{moment:.3}")
}

fn rfc3339<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_rfc3339(*at))
}

#[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
fn rfc3339_opt<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => rfc3339(at, serializer),
        None => serializer.serialize_none(),
    }
}

//! The parts of an edge box as they look from outside.

use model::ids::{ReceiverId, StoreId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::Moment;
use crate::ingest::marks::Marks;
use crate::live::{BeaconKind, BeaconNow, BeaconPresence, BoxNow, ClockNow, EarNow, State};

/// A box's certificate.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Certificate {
    /// `valid`, `expiring`, `expired` or `revoked`.
    pub(super) state: &'static str,
    pub(super) until: Moment,
}

/// The settings that a box is to have, and those that it has.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// `none`, `pending`, `trying`, `applied`, `refused` or `rolled-back`.
    pub(super) state: &'static str,
    pub(super) desired: Option<u64>,
    pub(super) in_force: Option<u64>,
    /// The key because of which they were refused.
    pub(super) field: Option<String>,
    /// Why they were refused or rolled back.
    pub(super) reason: Option<String>,
    pub(super) at: Option<Moment>,
}

/// How many for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    code: String,
    count: u64,
}

/// Numbers of batches that the server does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap {
    from: u64,
    to: u64,
}

/// What was lost on the box after it was heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lost {
    sightings: u64,
    readings: u64,
}

/// The way from a box to the server.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uplink {
    spool_batches: u64,
    spool_bytes: u64,
    oldest_unsent_ms: u64,
    /// Batches that were kept back and wait behind what is new.
    backlog: u64,
    adverts_heard: u64,
    sightings_sent: u64,
    /// Sightings that the server has taken since its own start.
    sightings_taken: u64,
    lost: Lost,
    /// What the box left out, by reason.
    dropped: Vec<Count>,
    /// What the server refused, by reason.
    refused: Vec<Count>,
    /// Batches that the server waits for, below the newest that it has.
    gaps: Vec<Gap>,
    /// How many that are.
    missing: u64,
}

impl Uplink {
    pub(super) fn new<'m>(live: Option<&BoxNow>, marks: impl Iterator<Item = &'m Marks>) -> Self {
        let gaps: Vec<Gap> = marks.flat_map(Marks::ranges).map(|(from, to)| Gap { from, to }).collect();
        let missing = gaps.iter().map(|gap| gap.to - gap.from + 1).sum();
        let health = live.and_then(|live| live.health.clone()).unwrap_or_default();
        let count = |(code, count): (String, u64)| Count { code, count };
        let refused = live.map(|live| live.refused.clone()).unwrap_or_default();
        Self {
            spool_batches: health.spool_batches,
            spool_bytes: health.spool_bytes,
            oldest_unsent_ms: health.oldest_unsent_ms,
            backlog: health.backlog,
            adverts_heard: health.adverts_heard,
            sightings_sent: health.sightings_sent,
            sightings_taken: live.map_or(0, |live| live.taken),
            lost: Lost { sightings: health.sightings_lost, readings: health.readings_lost },
            dropped: health.dropped.into_iter().map(count).collect(),
            refused: refused.into_iter().map(|(code, n)| count((code.to_owned(), n))).collect(),
            gaps,
            missing,
        }
    }
}

/// How far a box's clock is from the server's.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClockView {
    /// The box's clock less the server's.
    offset_ms: i64,
    /// Whether its times are taken as they are.
    believed: bool,
}

impl From<ClockNow> for ClockView {
    fn from(clock: ClockNow) -> Self {
        Self { offset_ms: clock.offset.0, believed: clock.believed }
    }
}

/// A receiver or radio of a box; counts are since the box's start.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EarView {
    id: String,
    /// Its store; none when it stands in no plan.
    store: Option<String>,
    /// `radio` for the box's own, else whose form it speaks.
    kind: String,
    /// `online`, `silent`, `offline` or `unknown`.
    state: &'static str,
    /// `well`, `dead`, `doubtful` or `moved`, by what it hears of people.
    condition: &'static str,
    condition_since: Option<Moment>,
    /// Null when it was never heard.
    last_heard: Option<Moment>,
    adverts_per_s: f64,
    heard: u64,
    forwarded: u64,
    left_out: u64,
    /// Frames that its own radio heard, by its own account.
    on_air: Option<u64>,
    missed: u64,
    overflowed: u64,
    gaps: u64,
    gap_ms: u64,
}

impl From<&EarNow> for EarView {
    fn from(ear: &EarNow) -> Self {
        let report = &ear.report;
        let known = ear.known.as_ref();
        Self {
            id: report.receiver.to_string(),
            store: known.map(|(store, _)| store.to_string()),
            kind: report.kind.clone(),
            state: match known.map(|(_, now)| now.state) {
                // Its box is there, and says that it has never heard it.
                Some(State::Unknown) => "silent",
                Some(state) => state_name(state),
                None => "unknown",
            },
            condition: known.map_or("well", |(_, now)| now.condition),
            condition_since: known.and_then(|(_, now)| now.condition_since).map(Moment),
            last_heard: known
                .and_then(|(_, now)| now.last_heard)
                .or(Some(report.last_heard).filter(|at| at.0 > 0))
                .map(Moment),
            adverts_per_s: (ear.adverts_per_s * 10.0).round() / 10.0,
            heard: report.heard,
            forwarded: report.forwarded,
            left_out: report.heard.saturating_sub(report.forwarded),
            on_air: report.on_air,
            missed: report.missed,
            overflowed: report.overflowed,
            gaps: report.gaps,
            gap_ms: report.gap_ms,
        }
    }
}

const fn state_name(state: State) -> &'static str {
    match state {
        State::Online => "online",
        State::Silent => "silent",
        State::Offline => "offline",
        State::Unknown => "unknown",
    }
}

/// A receiver of a plan that nobody has heard.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Unheard {
    id: String,
    store: String,
}

impl From<(StoreId, ReceiverId)> for Unheard {
    fn from((store, id): (StoreId, ReceiverId)) -> Self {
        Self { id: id.to_string(), store: store.to_string() }
    }
}

/// A battery, by what its bearer says.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct BatteryView {
    percent: Option<u8>,
    millivolts: Option<u16>,
    /// At most 15 % or 2400 mV.
    low: bool,
    at: Moment,
}

/// A beacon, tag or sensor of a shop.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BeaconView {
    id: String,
    store: String,
    /// `fixed`, `tag` or `sensor`.
    kind: &'static str,
    /// `never`, `heard`, `missing`, `away`, `moved`, or `offline`: a sensor that said goodbye, or the broker for it.
    state: &'static str,
    last_heard: Option<Moment>,
    last_receiver: Option<String>,
    battery: Option<BatteryView>,
}

impl From<BeaconNow> for BeaconView {
    fn from(beacon: BeaconNow) -> Self {
        let battery = beacon.battery.map(|battery| BatteryView {
            percent: battery.percent,
            millivolts: battery.millivolts,
            low: battery.is_low(),
            at: Moment(battery.at),
        });
        Self {
            id: beacon.id,
            store: beacon.store.to_string(),
            kind: match beacon.kind {
                BeaconKind::Fixed => "fixed",
                BeaconKind::Tag => "tag",
                BeaconKind::Sensor => "sensor",
            },
            state: match beacon.state {
                BeaconPresence::Never => "never",
                BeaconPresence::Heard => "heard",
                BeaconPresence::Missing => "missing",
                BeaconPresence::Away => "away",
                BeaconPresence::Moved => "moved",
                BeaconPresence::Offline => "offline",
            },
            last_heard: beacon.last_heard.map(Moment),
            last_receiver: beacon.last_receiver.map(|id| id.to_string()),
            battery,
        }
    }
}

//! The edge boxes, their receivers and the shops' beacons as they are now.

use std::collections::BTreeMap;

use model::ids::{BootId, GatewayId, ReceiverId, StoreId};
use model::time::{Millis, Timestamp};
use wire::settings::Reported;
use wire::state::PrivacyMode;
use wire::uplink::{Health, ReceiverHealth};

use super::beacons::BeaconNow;
use super::now::{ReceiverNow, State};

/// How far a box's clock is from the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockNow {
    /// The box's clock less ours.
    pub offset: Millis,
    /// Whether the box's times are taken as they are.
    pub believed: bool,
}

/// Everything about the edge boxes that is in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct FleetNow {
    /// Every box that was heard of since the start.
    pub(crate) gateways: BTreeMap<GatewayId, BoxNow>,
    /// Receivers of plans that no box has heard.
    pub(crate) unheard: Vec<(StoreId, ReceiverId)>,
    /// What the shops' beacons, tags and sensors say of themselves.
    pub(crate) beacons: Vec<BeaconNow>,
}

/// One box.
#[derive(Debug, Clone)]
pub(crate) struct BoxNow {
    pub(crate) store: Option<StoreId>,
    pub(crate) state: State,
    pub(crate) since: Option<Timestamp>,
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) birth: Option<Birth>,
    pub(crate) reported: Option<Reported>,
    pub(crate) health: Option<Health>,
    pub(crate) clock: Option<ClockNow>,
    /// Sightings that the server took of it.
    pub(crate) taken: u64,
    /// What the server refused of it, by reason.
    pub(crate) refused: BTreeMap<&'static str, u64>,
    pub(crate) receivers: Vec<EarNow>,
}

/// What a box said of itself when its run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Birth {
    pub(crate) boot: BootId,
    pub(crate) version: String,
    pub(crate) started_at: Timestamp,
    pub(crate) settings: Option<u64>,
    /// What it keeps of strangers; boxes of old versions do not say.
    pub(crate) privacy: Option<PrivacyMode>,
    pub(crate) adapters: Vec<String>,
    pub(crate) capabilities: Vec<String>,
}

impl Birth {
    pub(super) fn of(state: &wire::state::State) -> Self {
        Self {
            boot: state.boot,
            version: state.version.clone(),
            started_at: state.started_at,
            settings: state.settings,
            privacy: state.privacy,
            adapters: state.adapters.clone(),
            capabilities: state.capabilities.clone(),
        }
    }
}

/// One receiver of a box.
#[derive(Debug, Clone)]
pub(crate) struct EarNow {
    pub(crate) report: ReceiverHealth,
    pub(crate) adverts_per_s: f64,
    /// What its shop knows of it; none when it stands in no plan.
    pub(crate) known: Option<(StoreId, ReceiverNow)>,
}

/// What a receiver heard, from one report of its box to the next.
#[derive(Debug, Clone)]
pub(super) struct Ear {
    report: ReceiverHealth,
    at: Timestamp,
    per_s: f64,
}

/// Takes the reports on receivers of one health; those that are not reported any more go.
pub(super) fn take_reports(ears: &mut BTreeMap<ReceiverId, Ear>, reports: &[ReceiverHealth], now: Timestamp) {
    let mut old = std::mem::take(ears);
    for report in reports {
        let before = old.remove(&report.receiver);
        let per_s = before.as_ref().map_or(0.0, |before| before.rate(report, now));
        ears.insert(report.receiver.clone(), Ear { report: report.clone(), at: now, per_s });
    }
}

impl Ear {
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds are far below 2^53")]
    fn rate(&self, next: &ReceiverHealth, now: Timestamp) -> f64 {
        let span = now.since(self.at);
        // A box that began anew counts from nothing.
        if span.0 <= 0 || next.heard < self.report.heard {
            return 0.0;
        }
        (next.heard - self.report.heard) as f64 * 1_000.0 / span.0 as f64
    }

    pub(super) fn now(&self, known: Option<(StoreId, ReceiverNow)>) -> EarNow {
        EarNow { report: self.report.clone(), adverts_per_s: self.per_s, known }
    }
}

//! What the edge boxes look like from outside.

mod parts;

use std::collections::{BTreeMap, BTreeSet};

use model::ids::GatewayId;
use model::time::{Millis, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use wire::settings::Outcome;
use wire::state::PrivacyMode;

use crate::api::json::Moment;
use crate::fleet::desired::{self, All};
use crate::ingest::marks::Marks;
use crate::live::{BoxNow, FleetNow, State};
use crate::store::KnownGateway;

pub use parts::{BatteryView, BeaconView, Certificate, ClockView, Config, Count, EarView, Gap, Lost, Unheard, Uplink};

/// What the store knows of them.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) gateways: BTreeMap<GatewayId, KnownGateway>,
    pub(crate) settings: All,
    pub(crate) marks: BTreeMap<(GatewayId, [u8; 16]), Marks>,
}

/// The edge boxes, what they hear with, and the shops' beacons.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FleetView {
    at: Moment,
    gateways: Vec<GatewayView>,
    /// Receivers of the plans that nobody has heard since the server's start.
    unheard: Vec<Unheard>,
    beacons: Vec<BeaconView>,
}

/// An edge box.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayView {
    id: String,
    store: Option<String>,
    /// `online`, `silent`, `offline`, `never` or `revoked`.
    state: &'static str,
    /// Since when it is so.
    since: Option<Moment>,
    last_seen: Option<Moment>,
    version: Option<String>,
    /// Which run of it.
    boot: Option<String>,
    started_at: Option<Moment>,
    adapters: Vec<String>,
    capabilities: Vec<String>,
    /// What it keeps of people who gave no consent: `count` or `day`; none when it does not say.
    privacy: Option<&'static str>,
    certificate: Option<Certificate>,
    config: Config,
    uplink: Uplink,
    clock: Option<ClockView>,
    receivers: Vec<EarView>,
}

/// Everything, joined.
pub(crate) fn view(fleet: FleetNow, known: &Known, now: Timestamp) -> FleetView {
    let FleetNow { gateways, unheard, beacons } = fleet;
    let ids: BTreeSet<&GatewayId> = gateways.keys().chain(known.gateways.keys()).collect();
    FleetView {
        at: Moment(now),
        gateways: ids.into_iter().map(|id| gateway(id, gateways.get(id), known, now)).collect(),
        unheard: unheard.into_iter().map(Unheard::from).collect(),
        beacons: beacons.into_iter().map(BeaconView::from).collect(),
    }
}

fn gateway(id: &GatewayId, live: Option<&BoxNow>, known: &Known, now: Timestamp) -> GatewayView {
    let kept = known.gateways.get(id).copied().unwrap_or_default();
    let birth = live.and_then(|live| live.birth.as_ref());
    let last_seen = live.and_then(|live| live.last_seen).or(kept.committed_at);
    let (state, since) = state(live, kept, last_seen);
    GatewayView {
        id: id.to_string(),
        store: live.and_then(|live| live.store.as_ref()).map(ToString::to_string),
        state,
        since: since.map(Moment),
        last_seen: last_seen.map(Moment),
        version: birth.map(|birth| birth.version.clone()),
        boot: birth.map(|birth| birth.boot.to_string()),
        started_at: birth.map(|birth| Moment(birth.started_at)),
        adapters: birth.map(|birth| birth.adapters.clone()).unwrap_or_default(),
        capabilities: birth.map(|birth| birth.capabilities.clone()).unwrap_or_default(),
        privacy: birth.and_then(|birth| birth.privacy).map(PrivacyMode::word),
        certificate: certificate(kept, now),
        config: config(id, live, &known.settings),
        uplink: Uplink::new(live, known.marks.iter().filter(|((of, _), _)| of == id).map(|(_, marks)| marks)),
        clock: live.and_then(|live| live.clock).map(ClockView::from),
        receivers: live.map(|live| live.receivers.iter().map(EarView::from).collect()).unwrap_or_default(),
    }
}

/// What it is, and since when. Before the server has heard of it, the last thing that it committed says that it was there once.
fn state(live: Option<&BoxNow>, kept: KnownGateway, last_seen: Option<Timestamp>) -> (&'static str, Option<Timestamp>) {
    if let Some(at) = kept.revoked_at {
        return ("revoked", Some(at));
    }
    let now = live.map_or(State::Unknown, |live| live.state);
    let since = live.and_then(|live| live.since);
    match now {
        State::Online => ("online", since),
        State::Silent => ("silent", since),
        State::Offline => ("offline", since),
        State::Unknown if last_seen.is_some() => ("offline", last_seen),
        State::Unknown => ("never", None),
    }
}

fn certificate(kept: KnownGateway, now: Timestamp) -> Option<Certificate> {
    let (from, until) = kept.certificate?;
    // It is renewed after two thirds of its time; with a sixth left that has failed for long.
    let overdue = until - Millis((until.since(from).0 / 6).max(0));
    let state = match (kept.revoked_at, now) {
        (Some(_), _) => "revoked",
        (None, now) if now >= until => "expired",
        (None, now) if now >= overdue => "expiring",
        (None, _) => "valid",
    };
    Some(Certificate { state, until: Moment(until) })
}

fn config(id: &GatewayId, live: Option<&BoxNow>, all: &All) -> Config {
    let store = live.and_then(|live| live.store.as_ref());
    let desired = desired::merged(all, id, store, None).map(|desired| desired.version);
    let reported = live.and_then(|live| live.reported.as_ref());
    let in_force = reported.and_then(|reported| reported.in_force);
    let in_force = in_force.or_else(|| live.and_then(|live| live.birth.as_ref()).and_then(|birth| birth.settings));
    let of_this = reported.filter(|reported| Some(reported.version) == desired);
    let state = match (desired, of_this.map(|reported| reported.outcome)) {
        (None, _) => "none",
        (Some(_), None) => "pending",
        (Some(_), Some(Outcome::Applied)) => "applied",
        (Some(_), Some(Outcome::Trying)) => "trying",
        (Some(_), Some(Outcome::Refused)) => "refused",
        (Some(_), Some(Outcome::RolledBack)) => "rolled-back",
    };
    Config {
        state,
        desired,
        in_force,
        field: of_this.and_then(|reported| reported.field.clone()),
        reason: of_this.and_then(|reported| reported.reason.clone()),
        at: of_this.map(|reported| Moment(reported.at)),
    }
}

#[cfg(test)]
mod tests;

//! Whether receivers and gateways are heard.

use std::collections::BTreeMap;

use locate::health::Condition;
use model::ids::{GatewayId, ReceiverId, StoreId};
use model::shop::Receiver;
use model::time::{Millis, Timestamp};
use wire::settings::{Outcome, Reported};
use wire::state::{Liveness, PrivacyMode};
use wire::uplink::{Health, ReceiverHealth};

use super::fleet::{Birth, BoxNow, ClockNow, Ear, take_reports};
use super::now::{GatewayNow, ReceiverNow, State};

/// A gateway that said nothing for this long is silent: it reports its health every few seconds.
const GATEWAY_SILENT: Millis = Millis::seconds(30);
/// What a gateway said before it went comes within this long after its will.
const LATE: Millis = Millis::seconds(5);
/// A receiver that said nothing for this long is silent.
const RECEIVER_SILENT: Millis = Millis::seconds(60);
/// The window of the rate, in seconds.
const RATE_S: i64 = 60;

/// What is remembered of an edge box.
#[derive(Debug, Default)]
pub(super) struct GatewayMemory {
    last_seen: Option<Timestamp>,
    /// When it came, or went.
    since: Option<Timestamp>,
    store: Option<StoreId>,
    birth: Option<Birth>,
    liveness: Option<Liveness>,
    health: Option<Health>,
    ears: BTreeMap<ReceiverId, Ear>,
    reported: Option<Reported>,
    clock: Option<ClockNow>,
    taken: u64,
    refused: BTreeMap<&'static str, u64>,
}

impl GatewayMemory {
    pub(super) fn heard(&mut self, health: Option<&Health>, now: Timestamp) {
        let is_offline = self.liveness == Some(Liveness::Offline);
        // The will of a line that broke comes after the birth over the next one, with the same boot.
        if is_offline && health.is_some() && self.since.is_some_and(|since| now.since(since) >= LATE) {
            (self.liveness, self.since) = (Some(Liveness::Online), Some(now));
        } else if self.is_there(now) != State::Online && !is_offline {
            self.since = Some(now);
        }
        self.last_seen = Some(now);
        if let Some(health) = health {
            take_reports(&mut self.ears, &health.receivers, now);
            self.health = Some(health.clone());
        }
    }

    /// A late will of an earlier run can't bury a newer one.
    pub(super) fn state(&mut self, state: &wire::state::State, now: Timestamp) {
        let is_other_run = self.birth.as_ref().is_some_and(|birth| birth.boot != state.boot);
        if state.state == Liveness::Offline && is_other_run {
            return;
        }
        if is_other_run {
            (self.health, self.ears) = (None, BTreeMap::new());
        }
        if self.liveness != Some(state.state) || is_other_run {
            self.since = Some(now);
        }
        // A will was written before the run began, and knows less than its birth.
        if state.state == Liveness::Online || self.birth.is_none() {
            self.birth = Some(Birth::of(state));
        }
        self.liveness = Some(state.state);
        self.store = state.store.clone().or(self.store.take());
        if state.state == Liveness::Online {
            self.last_seen = Some(now);
        }
    }

    /// What it keeps of strangers; none while it did not say.
    pub(super) fn privacy(&self) -> Option<PrivacyMode> {
        self.birth.as_ref().and_then(|birth| birth.privacy)
    }

    /// What became of the settings that it was sent. One of an earlier run, said late, counts only until this run has spoken.
    pub(super) fn reported(&mut self, reported: &Reported) {
        self.reported = Some(reported.clone());
    }

    /// The version of its settings, unless it still tries them.
    pub(super) fn in_force(&self) -> Option<u64> {
        let reported = self.reported.as_ref().filter(|reported| reported.outcome != Outcome::Trying)?;
        reported.in_force
    }

    pub(super) const fn put_clock(&mut self, clock: ClockNow) {
        self.clock = Some(clock);
    }

    /// What the server took and refused of a batch.
    pub(super) fn taken(&mut self, sightings: u64, refused: &BTreeMap<&'static str, u64>) {
        self.taken += sightings;
        for (reason, count) in refused {
            *self.refused.entry(reason).or_default() += count;
        }
    }

    /// Whether it has said who it is.
    pub(super) const fn is_born(&self) -> bool {
        self.birth.is_some()
    }

    /// Its store, as it says itself.
    pub(super) const fn store(&self) -> Option<&StoreId> {
        self.store.as_ref()
    }

    /// Everything, with what `known` says of each receiver.
    pub(super) fn whole(
        &self,
        now: Timestamp,
        known: impl Fn(&ReceiverId) -> Option<(StoreId, ReceiverNow)>,
    ) -> BoxNow {
        let state = self.is_there(now);
        BoxNow {
            store: self.store.clone(),
            state,
            since: if state == State::Silent { self.last_seen } else { self.since },
            last_seen: self.last_seen,
            birth: self.birth.clone(),
            reported: self.reported.clone(),
            health: self.health.clone(),
            clock: self.clock,
            taken: self.taken,
            refused: self.refused.clone(),
            receivers: self.ears.iter().map(|(id, ear)| ear.now(known(id))).collect(),
        }
    }

    fn is_there(&self, now: Timestamp) -> State {
        match (self.liveness, self.last_seen) {
            (Some(Liveness::Offline), _) => State::Offline,
            (Some(Liveness::Online) | None, Some(seen)) if now.since(seen) <= GATEWAY_SILENT => State::Online,
            (Some(Liveness::Online) | None, Some(_)) => State::Silent,
            (Some(Liveness::Online) | None, None) => State::Unknown,
        }
    }

    pub(super) fn snapshot(&self, id: &GatewayId, now: Timestamp) -> GatewayNow {
        GatewayNow {
            id: id.clone(),
            state: self.is_there(now),
            version: self.birth.as_ref().map(|birth| birth.version.clone()),
            last_seen: self.last_seen,
            spool_batches: self.health.as_ref().map_or(0, |health| health.spool_batches),
            oldest_unsent_ms: self.health.as_ref().map_or(0, |health| health.oldest_unsent_ms),
        }
    }
}

/// What is remembered of a shop's receivers.
#[derive(Debug, Default)]
pub(super) struct Receivers {
    memory: BTreeMap<ReceiverId, ReceiverMemory>,
}

#[derive(Debug, Default)]
struct ReceiverMemory {
    last_heard: Option<Timestamp>,
    /// Whether it is there, by its own word or its will.
    there: Option<bool>,
    /// Since when it has been heard without a silence.
    since: Option<Timestamp>,
    gateway: Option<GatewayId>,
    /// How it is by what it hears, where that is not well, and since when.
    ill: Option<(Condition, Timestamp)>,
    /// Sightings per second of the last minute: the second, and how many.
    seconds: BTreeMap<i64, u32>,
}

impl ReceiverMemory {
    fn heard(&mut self, at: Timestamp) {
        if self.last_heard.is_none_or(|last| at.since(last) > RECEIVER_SILENT) {
            self.since = Some(at);
        }
        self.last_heard = self.last_heard.max(Some(at));
    }
}

impl Receivers {
    /// Keeps only what the plan knows, so that its size is the plan's.
    pub(super) fn put_plan(&mut self, receivers: &[Receiver]) {
        let mut old = std::mem::take(&mut self.memory);
        self.memory = receivers.iter().map(|r| (r.id.clone(), old.remove(&r.id).unwrap_or_default())).collect();
    }

    /// Takes which receivers are not well by what they hear; all others are.
    pub(super) fn put_ill(&mut self, ill: &BTreeMap<ReceiverId, Condition>, now: Timestamp) {
        for (id, memory) in &mut self.memory {
            let known = memory.ill;
            let anew = |condition| known.filter(|(was, _)| *was == condition).unwrap_or((condition, now));
            memory.ill = ill.get(id).copied().map(anew);
        }
    }

    /// The edge boxes that serve this shop.
    pub(super) fn gateways(&self) -> std::collections::BTreeSet<GatewayId> {
        self.memory.values().filter_map(|memory| memory.gateway.clone()).collect()
    }

    /// Whether the plan has it.
    pub(super) fn knows(&self, receiver: &ReceiverId) -> bool {
        self.memory.contains_key(receiver)
    }

    /// Those of the plan that nobody heard yet.
    pub(super) fn unheard(&self) -> impl Iterator<Item = &ReceiverId> {
        self.memory.iter().filter(|(_, memory)| memory.last_heard.is_none()).map(|(id, _)| id)
    }

    pub(super) fn heard(&mut self, receiver: &ReceiverId, gateway: &GatewayId, now: Timestamp) {
        let Some(memory) = self.memory.get_mut(receiver) else { return };
        memory.heard(now);
        memory.gateway = Some(gateway.clone());
        let second = now.0.div_euclid(1_000);
        *memory.seconds.entry(second).or_default() += 1;
        memory.seconds.retain(|at, _| *at > second - RATE_S && *at <= second);
    }

    /// What the gateway says of a receiver that may have heard nothing worth sending.
    pub(super) fn reported(&mut self, report: &ReceiverHealth, gateway: &GatewayId, now: Timestamp) {
        let Some(memory) = self.memory.get_mut(&report.receiver) else { return };
        let at = report.last_heard;
        memory.gateway = Some(gateway.clone());
        memory.there = report.there;
        // Its box knows of it and has never heard it.
        if at == Timestamp(0) {
            return;
        }
        memory.heard(Timestamp(at.0.min(now.0)));
    }

    /// Whether it has been heard without a silence for so long.
    pub(super) fn is_hearing(&self, receiver: &ReceiverId, span: Millis, now: Timestamp) -> bool {
        let Some(memory) = self.memory.get(receiver) else { return false };
        let is_there = memory.last_heard.is_some_and(|last| now.since(last) <= RECEIVER_SILENT);
        is_there && memory.since.is_some_and(|since| now.since(since) >= span)
    }

    pub(super) fn snapshot(
        &self,
        id: &ReceiverId,
        gateways: &BTreeMap<GatewayId, GatewayMemory>,
        now: Timestamp,
    ) -> ReceiverNow {
        let nothing = ReceiverMemory::default();
        let memory = self.memory.get(id).unwrap_or(&nothing);
        let is_offline = memory
            .gateway
            .as_ref()
            .and_then(|gateway| gateways.get(gateway))
            .is_some_and(|gateway| gateway.is_there(now) == State::Offline);
        let state = match memory.last_heard {
            // Its will was read: it is without power or network, which is more than silence.
            _ if memory.there == Some(false) => State::Offline,
            None => State::Unknown,
            Some(_) if is_offline => State::Offline,
            Some(last) if now.since(last) > RECEIVER_SILENT => State::Silent,
            Some(_) => State::Online,
        };
        let since = now.0.div_euclid(1_000) - RATE_S;
        ReceiverNow {
            id: id.clone(),
            state,
            last_heard: memory.last_heard,
            sightings_per_minute: memory.seconds.range(since + 1..).map(|(_, n)| *n).sum(),
            gateway: memory.gateway.clone(),
            condition: memory.ill.map_or("well", |(condition, _)| condition_name(condition)),
            condition_since: memory.ill.map(|(_, since)| since),
        }
    }
}

const fn condition_name(condition: Condition) -> &'static str {
    match condition {
        Condition::Well => "well",
        Condition::Silent => "dead",
        Condition::Doubtful => "doubtful",
        Condition::Moved => "moved",
    }
}

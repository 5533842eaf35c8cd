//! The shop as it is now, in memory, and a channel of what has just happened, for pages and workers.
//!
//! It is told only what was committed, and forgets who was not heard for a while.

mod beacons;
mod event;
mod fleet;
mod frame;
mod health;
mod heat;
mod now;
mod shop;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use locate::calibrate::Source;
use locate::health::Condition;
use model::ids::{CustomerId, GatewayId, ReceiverId, StoreId};
use model::position::Position;
use model::presence::Presence;
use model::reading::Reading;
use model::shop::Shop;
use model::sighting::Sighting;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use tokio::sync::broadcast;
use wire::settings::Reported;
use wire::state::PrivacyMode;
use wire::uplink::Health;

use crate::store::{Chunk, DecisionRow, Frame, HeatHour};
use health::GatewayMemory;
use shop::ShopNow;

pub(crate) use beacons::{BeaconNow, Kind as BeaconKind, Presence as BeaconPresence};
pub use event::LiveEvent;
pub use fleet::ClockNow;
pub(crate) use fleet::{BoxNow, EarNow, FleetNow};
pub use frame::PEOPLE_MIN;
pub use now::{Door, Dot, GatewayNow, Now, People, ReceiverNow, SensorNow, State, ZoneNow, to_rfc3339};

/// The newest decisions that a snapshot shows.
pub(crate) const DECISIONS_SHOWN: u32 = 30;
/// Most edge boxes that a snapshot shows.
const GATEWAYS_MAX: usize = 256;

/// Events that a slow listener may be behind before it loses the oldest.
pub const EVENTS_MAX: usize = 1_024;

/// The shop now. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    inside: Arc<RwLock<Inside>>,
    events: broadcast::Sender<LiveEvent>,
}

#[derive(Debug, Default)]
struct Inside {
    shops: BTreeMap<StoreId, ShopNow>,
    gateways: BTreeMap<GatewayId, GatewayMemory>,
}

impl Default for Live {
    fn default() -> Self {
        Self { inside: Arc::default(), events: broadcast::channel(EVENTS_MAX).0 }
    }
}

impl Live {
    /// What the shop looks like; none for a store that is not known.
    #[must_use]
    pub fn snapshot(&self, store: &StoreId, at: Timestamp) -> Option<Now> {
        let inside = self.read();
        let shop = inside.shops.get(store)?;
        Some(shop.snapshot(&inside.gateways, at))
    }

    /// Every store's plan, by id.
    #[must_use]
    pub fn plans(&self) -> Vec<Arc<Shop>> {
        self.read().shops.values().map(|shop| Arc::clone(shop.plan())).collect()
    }

    /// A store's plan; none for a store that is not known.
    #[must_use]
    pub fn plan(&self, store: &StoreId) -> Option<Arc<Shop>> {
        self.read().shops.get(store).map(|shop| Arc::clone(shop.plan()))
    }

    /// Hears what happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.events.subscribe()
    }

    /// Takes a plan, new or changed.
    pub(crate) fn put_plan(&self, plan: &Arc<Shop>) {
        let store = plan.store.id.clone();
        let mut inside = self.write();
        match inside.shops.get_mut(&store) {
            Some(shop) => shop.put_plan(plan),
            None => {
                inside.shops.insert(store.clone(), ShopNow::new(plan));
            }
        }
        drop(inside);
        self.tell(LiveEvent::Plan(store));
    }

    /// Brings back who was where at the last commit.
    pub(crate) fn restore(
        &self,
        store: &StoreId,
        stays: &[Presence],
        decisions: Vec<DecisionRow>,
        readings: &[Reading],
    ) {
        let mut inside = self.write();
        if let Some(shop) = inside.shops.get_mut(store) {
            for stay in stays {
                shop.presence(stay);
            }
            for reading in readings {
                shop.reading(reading);
            }
            for row in decisions.into_iter().rev() {
                shop.decision(row);
            }
        }
    }

    /// Takes what was committed, and tells it.
    pub(crate) fn apply(
        &self,
        presences: &[Presence],
        readings: &[(StoreId, Reading)],
        events: Vec<LiveEvent>,
        now: Timestamp,
    ) {
        let mut inside = self.write();
        for presence in presences {
            if let Some(shop) = inside.shops.get_mut(&presence.store) {
                shop.presence(presence);
            }
        }
        for (store, reading) in readings {
            if let Some(shop) = inside.shops.get_mut(store) {
                shop.reading(reading);
            }
        }
        for event in &events {
            inside.take(event, now);
        }
        drop(inside);
        for event in events {
            self.tell(event);
        }
    }

    /// What the replay keeps of this moment, with the names of floors and zones; one per store.
    pub(crate) fn frames(&self, at: Timestamp) -> Vec<(StoreId, Chunk)> {
        let chunk = |(store, shop): (&StoreId, &ShopNow)| {
            let plan = shop.plan();
            let floors = plan.floors.iter().map(|floor| floor.id.clone()).collect();
            let zones = plan.zones().map(|zone| zone.id.clone()).collect();
            let frame: Frame = shop.frame(at);
            (store.clone(), Chunk { floors, zones, frames: vec![frame] })
        };
        self.read().shops.iter().map(chunk).collect()
    }

    /// Takes out how long people stood where since it was last taken.
    pub(crate) fn take_heat(&self, now: Timestamp) -> Vec<(StoreId, Vec<HeatHour>)> {
        let mut inside = self.write();
        inside.shops.iter_mut().map(|(store, shop)| (store.clone(), shop.heat_mut().take(now))).collect()
    }

    /// Takes back what could not be written.
    pub(crate) fn put_back_heat(&self, store: &StoreId, hours: Vec<HeatHour>) {
        if let Some(shop) = self.write().shops.get_mut(store) {
            shop.heat_mut().put_back(hours);
        }
    }

    /// Takes a sign of life of a gateway and its receivers.
    pub(crate) fn heard(&self, gateway: &GatewayId, health: Option<&Health>, sightings: &[Sighting], now: Timestamp) {
        let mut inside = self.write();
        inside.gateways.entry(gateway.clone()).or_default().heard(health, now);
        for sighting in sightings {
            for shop in inside.shops.values_mut() {
                shop.receivers_mut().heard(&sighting.receiver, gateway, now);
                shop.beacons_mut().heard(sighting, now);
            }
        }
        for beacon in health.map(|health| health.beacons.as_slice()).unwrap_or_default() {
            for shop in inside.shops.values_mut() {
                shop.beacons_mut().reported(beacon, now);
            }
        }
        let reports = health.map(|health| health.receivers.as_slice()).unwrap_or_default();
        for report in reports {
            for shop in inside.shops.values_mut() {
                shop.receivers_mut().reported(report, gateway, now);
            }
        }
    }

    /// Takes which receivers of a store are not well by what they hear.
    pub(crate) fn put_ill(&self, store: &StoreId, ill: &BTreeMap<ReceiverId, Condition>, now: Timestamp) {
        if let Some(shop) = self.write().shops.get_mut(store) {
            shop.receivers_mut().put_ill(ill, now);
        }
    }

    /// Takes what the positions of a store rest on.
    pub(crate) fn put_source(&self, store: &StoreId, source: Option<Source>) {
        if let Some(shop) = self.write().shops.get_mut(store) {
            shop.put_source(source);
        }
    }

    /// Takes a gateway's birth or will; what it keeps of strangers as far as is known now.
    pub(crate) fn gateway_state(
        &self,
        gateway: &GatewayId,
        state: &wire::state::State,
        now: Timestamp,
    ) -> Option<PrivacyMode> {
        let mut inside = self.write();
        let memory = inside.gateways.entry(gateway.clone()).or_default();
        memory.state(state, now);
        memory.privacy()
    }

    /// Takes what became of the settings that a gateway was sent.
    pub(crate) fn gateway_reported(&self, gateway: &GatewayId, reported: &Reported) {
        self.write().gateways.entry(gateway.clone()).or_default().reported(reported);
    }

    /// Takes how far a gateway's clock is from ours.
    pub fn gateway_clock(&self, gateway: &GatewayId, clock: ClockNow) {
        self.write().gateways.entry(gateway.clone()).or_default().put_clock(clock);
    }

    /// Takes how many sightings of a gateway were taken, and what was refused for which reason.
    pub(crate) fn gateway_taken(&self, gateway: &GatewayId, sightings: u64, refused: &BTreeMap<&'static str, u64>) {
        self.write().gateways.entry(gateway.clone()).or_default().taken(sightings, refused);
    }

    /// The stores of the gateways that have said who they are; boxes of old versions do not say which.
    pub(crate) fn gateway_stores(&self) -> BTreeMap<GatewayId, Option<StoreId>> {
        let inside = self.read();
        let born = inside.gateways.iter().filter(|(_, memory)| memory.is_born());
        born.map(|(id, memory)| (id.clone(), memory.store().cloned())).collect()
    }

    /// The version of the settings that each gateway said it has in force; those that try some are left out.
    pub(crate) fn gateways_in_force(&self) -> BTreeMap<GatewayId, u64> {
        let inside = self.read();
        inside.gateways.iter().filter_map(|(id, memory)| Some((id.clone(), memory.in_force()?))).collect()
    }

    /// The edge boxes, their receivers and the shops' beacons.
    pub(crate) fn fleet(&self, now: Timestamp) -> FleetNow {
        let inside = self.read();
        let known = |id: &ReceiverId| {
            let (store, shop) = inside.shops.iter().find(|(_, shop)| shop.receivers().knows(id))?;
            Some((store.clone(), shop.receivers().snapshot(id, &inside.gateways, now)))
        };
        let unheard = |(store, shop): (&StoreId, &ShopNow)| {
            let ids: Vec<_> = shop.receivers().unheard().map(|id| (store.clone(), id.clone())).collect();
            ids
        };
        FleetNow {
            gateways: inside.gateways.iter().map(|(id, memory)| (id.clone(), memory.whole(now, known))).collect(),
            unheard: inside.shops.iter().flat_map(unheard).collect(),
            beacons: inside.shops.values().flat_map(|shop| shop.beacons_now(now)).collect(),
        }
    }

    /// Takes where somebody was in the past: for the heat map alone.
    pub(crate) fn past_position(&self, store: &StoreId, position: &Position, before: Timestamp) {
        if let Some(shop) = self.write().shops.get_mut(store) {
            shop.past_position(position, before);
        }
    }

    /// Forgets a subject at once.
    pub(crate) fn forget(&self, subject: &Subject) {
        for shop in self.write().shops.values_mut() {
            shop.forget(subject);
        }
    }

    /// Takes a customer's name off the decisions shown.
    pub(crate) fn forget_customer(&self, customer: &CustomerId) {
        for shop in self.write().shops.values_mut() {
            shop.forget_customer(customer);
        }
    }

    fn tell(&self, event: LiveEvent) {
        // Nobody listening is as good as everybody told.
        let _ = self.events.send(event);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Inside> {
        self.inside.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Inside> {
        self.inside.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the store's day began.
pub(crate) fn day_start(plan: &Shop, now: Timestamp) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(&plan.store.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let start = moment.to_zoned(zone).start_of_day();
    start.map_or(now, |start| Timestamp(start.timestamp().as_millisecond()))
}

/// When the store's hour began.
pub(crate) fn hour_start(plan: &Shop, at: Timestamp) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(&plan.store.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let local = moment.to_zoned(zone);
    at - Millis::minutes(local.minute().into())
        - Millis::seconds(local.second().into())
        - Millis(local.millisecond().into())
}

//! Which store a receiver, sensor, tag or fixed transmitter belongs to, from the plans as they were applied and the surveys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use locate::identity::Tags;
use model::anchor::Advertised;
use model::ids::{ReceiverId, SensorId, StoreId, TagId};
use model::offer::Offer;
use model::shop::Shop;
use model::sighting::Transmitter;

/// The places of all stores.
#[derive(Debug, Default)]
pub(super) struct Places {
    shops: BTreeMap<StoreId, Arc<Shop>>,
    receivers: BTreeMap<ReceiverId, StoreId>,
    /// Receivers that no plan has, but the survey of a store places.
    surveyed: BTreeMap<StoreId, BTreeSet<ReceiverId>>,
    /// Transmitters whose place is known.
    anchors: BTreeMap<StoreId, BTreeMap<Advertised, ReceiverId>>,
    sensors: BTreeMap<SensorId, StoreId>,
    tags: BTreeMap<StoreId, Tags>,
    staff: BTreeSet<(StoreId, TagId)>,
}

impl Places {
    /// Takes a plan in, in place of the store's old one. Of two stores that claim the same receiver the first keeps it.
    pub(super) fn put(&mut self, shop: &Arc<Shop>) {
        let mut shops = std::mem::take(&mut self.shops);
        shops.insert(shop.store.id.clone(), Arc::clone(shop));
        *self = Self { surveyed: std::mem::take(&mut self.surveyed), ..Self::default() };
        for (store, shop) in &shops {
            for receiver in shop.receivers.iter().chain(&shop.beacons) {
                self.receivers.entry(receiver.id.clone()).or_insert_with(|| store.clone());
            }
            for sensor in &shop.sensors {
                self.sensors.entry(sensor.id.clone()).or_insert_with(|| store.clone());
            }
            let anchors = shop.anchors().map(|(advertised, receiver)| (advertised, receiver.id.clone()));
            self.anchors.insert(store.clone(), anchors.collect());
            self.tags.insert(store.clone(), Tags::new(shop));
            let staff = shop.tags.iter().filter(|tag| tag.staff);
            self.staff.extend(staff.map(|tag| (store.clone(), tag.id.clone())));
        }
        self.shops = shops;
    }

    /// Takes the receivers that a store's survey places; those of the one before are forgotten.
    pub(super) fn put_survey<'r>(&mut self, store: &StoreId, receivers: impl Iterator<Item = &'r ReceiverId>) {
        self.surveyed.insert(store.clone(), receivers.cloned().collect());
    }

    /// The store that a receiver stands in: by its plan, else by its survey, the first one's if several have it.
    pub(super) fn store_of_receiver(&self, receiver: &ReceiverId) -> Option<&StoreId> {
        let surveyed = || self.surveyed.iter().find(|(_, receivers)| receivers.contains(receiver));
        self.receivers.get(receiver).or_else(|| surveyed().map(|(store, _)| store))
    }

    /// Which receiver or beacon of a store sends this, if it is one.
    pub(super) fn anchor(&self, store: &StoreId, transmitter: &Transmitter) -> Option<&ReceiverId> {
        self.anchors.get(store)?.get(&Advertised::of(transmitter)?)
    }

    pub(super) fn store_of_sensor(&self, sensor: &SensorId) -> Option<&StoreId> {
        self.sensors.get(sensor)
    }

    pub(super) fn tag(&self, store: &StoreId, uuid: &[u8; 16], major: u16, minor: u16) -> Option<&TagId> {
        self.tags.get(store)?.find(uuid, major, minor)
    }

    pub(super) fn is_staff(&self, store: &StoreId, tag: &TagId) -> bool {
        self.staff.contains(&(store.clone(), tag.clone()))
    }

    pub(super) fn has(&self, store: &StoreId) -> bool {
        self.shops.contains_key(store)
    }

    pub(super) fn shop(&self, store: &StoreId) -> Option<&Shop> {
        self.shops.get(store).map(Arc::as_ref)
    }

    pub(super) fn offer(&self, store: &StoreId, offer: &model::ids::OfferId) -> Option<&Offer> {
        self.shops.get(store)?.offer(offer)
    }
}

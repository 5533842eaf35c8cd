//! The core towards its stores: plans and inputs in, what a store does out, and what it says of itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::brain::Brain;
use decide::catalogue::Catalogue;
use locate::calibrate::{Calibration, Source};
use locate::health::Condition;
use locate::quality::Quality;
use model::event::{Event, EventKind, Interest};
use model::fusion::Attribution;
use model::ids::{CustomerId, MessageId, ReceiverId, StoreId};
use model::presence::Presence;
use model::shop::Shop as Plan;
use model::subject::Subject;
use model::units::Probability;

use super::{Command, Core, Input, PlanFiles, pace};
use crate::shop::{self, Dropped, Shop};
use crate::shopper;

impl Core {
    /// What a store did not use, by reason.
    #[must_use]
    pub fn dropped(&self, store: &StoreId) -> Option<Dropped> {
        self.shops.get(store).map(Shop::dropped)
    }

    /// How well each store placed its people since the last call, by its own account; stores where nobody was are left out.
    pub fn take_quality(&mut self) -> Vec<(StoreId, Quality)> {
        let shops = self.shops.iter_mut();
        shops.filter_map(|(store, shop)| Some((store.clone(), shop.take_quality()?))).collect()
    }

    /// What each store has learnt of its radio since the last time it was asked for, to be kept for the next start.
    pub fn take_learnt_radio(&mut self) -> Vec<(StoreId, Calibration)> {
        let shops = self.shops.iter_mut();
        shops.filter_map(|(store, shop)| Some((store.clone(), shop.take_learnt_radio()?))).collect()
    }

    /// A store's machine that knows of its place what the store knows, and in which nobody was heard yet.
    #[must_use]
    pub fn unvisited(&self, store: &StoreId) -> Option<Shop> {
        self.shops.get(store).map(Shop::unvisited)
    }

    /// What the positions of a store rest on; none before its first plan.
    #[must_use]
    pub fn source(&self, store: &StoreId) -> Option<Source> {
        self.shops.get(store)?.source()
    }

    /// Receivers of a store that are not well, and how they are.
    pub fn ill_receivers(&self, store: &StoreId) -> impl Iterator<Item = (&ReceiverId, Condition)> {
        self.shops.get(store).into_iter().flat_map(Shop::ill_receivers)
    }

    pub(super) fn plan(&mut self, files: PlanFiles) {
        let plan = &match &self.policy {
            Some(policy) => Arc::new(Plan { policy: policy.clone(), ..Plan::clone(files.shop()) }),
            None => Arc::clone(files.shop()),
        };
        let store = plan.store.id.clone();
        self.note(Input::Plan(files.clone()));
        self.files.insert(store.clone(), files);
        if self.lent.brain.version() == 0 {
            let Brain { courses, .. } = std::mem::take(&mut self.lent.brain);
            self.lent.brain = Brain { courses, ..Brain::new(&plan.policy) };
        }
        self.begin_epochs(plan);
        self.lent.brain.courses.get_mut(&store).into_iter().for_each(|courses| pace::release(courses, plan));
        for offer in self.leases.plan(plan) {
            self.commands.push_back(Command::NeedLease { store: store.clone(), offer });
        }
        self.name(plan);
        self.plans.insert(store.clone(), Arc::new(Catalogue::new(Arc::clone(plan))));
        let seed = self.config.seed;
        self.shops.entry(store.clone()).or_insert_with(|| Shop::new(shop::Config::new(store.clone()), seed));
        self.shop(&store, shop::Input::Plan(Arc::clone(plan)));
    }

    /// Takes in what a catalogue calls things.
    fn name(&mut self, plan: &Plan) {
        self.names.add(plan.store.id.as_str());
        for product in &plan.products {
            let brand = product.brand.as_deref();
            let names = [product.id.as_str(), product.category.as_str()].into_iter().chain(brand);
            names.for_each(|name| self.names.add(name));
        }
        plan.offers.iter().for_each(|offer| self.names.add(offer.id.as_str()));
        plan.zones().for_each(|zone| self.names.add(zone.id.as_str()));
    }

    pub(super) fn shop(&mut self, store: &StoreId, input: shop::Input) {
        let Some(shop) = self.shops.get_mut(store) else { return };
        shop.handle(input, self.now);
        self.drain_shop(store);
    }

    pub(super) fn drain_shop(&mut self, store: &StoreId) {
        while let Some(command) = self.shops.get_mut(store).and_then(Shop::poll_command) {
            match command {
                shop::Command::Presence(presence) => {
                    self.commands.push_back(Command::Presence(presence.clone()));
                    self.pass_on(presence);
                }
                shop::Command::Position(position) => {
                    self.commands.push_back(Command::Position { store: store.clone(), position });
                }
                shop::Command::Visit(visit) => self.commands.push_back(Command::Visit(visit)),
                shop::Command::Reading(reading) => {
                    self.commands.push_back(Command::Reading { store: store.clone(), reading });
                }
                shop::Command::Quiet { subject, at } => {
                    self.commands.push_back(Command::Quiet { store: store.clone(), subject, at });
                }
                shop::Command::Attribution(attribution) => {
                    self.commands
                        .push_back(Command::Attribution { store: store.clone(), attribution: attribution.clone() });
                    self.touched(store, &attribution, Interest::PickedUp);
                }
                shop::Command::PutBack(attribution) => self.touched(store, &attribution, Interest::PutBack),
                shop::Command::Occupancy(occupancy) => {
                    self.commands.push_back(Command::Occupancy { store: store.clone(), occupancy });
                }
            }
        }
    }

    /// Only a linked device's presence reaches a customer: never a tag's, and never that of somebody without a name.
    pub(super) fn pass_on(&mut self, presence: Presence) {
        let customer = match &presence.subject {
            Subject::Device(device) => self.links.get(device).cloned(),
            Subject::Tag(_) | Subject::Anonymous(_) => None,
        };
        if let Some(customer) = customer {
            self.policy(&customer, &presence.store);
            let (store, zone) = (presence.store.clone(), presence.zone.clone());
            self.surround(&customer, store, zone, &presence.subject);
            self.shopper(&customer, shopper::Input::Presence(presence));
        }
    }

    /// What was lifted from a shelf or put back is the interest of the likeliest customer near it, as far as it is
    /// believed to be theirs; their machine takes it only with consent.
    pub(super) fn touched(&mut self, store: &StoreId, attribution: &Attribution, interest: Interest) {
        let Attribution { product, at, sensor, .. } = attribution;
        let Some((customer, probability)) = self.likeliest(attribution).filter(|_| product.is_some()) else { return };
        let word = if interest == Interest::PutBack { "putback" } else { "pickup" };
        let Ok(id) = MessageId::new(&format!("{word}:{store}:{sensor}:{}", at.0)) else { return };
        let what = EventKind::Interest { interest, product: product.clone(), category: None, probability };
        self.look_around(&customer);
        self.shopper(&customer, shopper::Input::Event(Event { id, at: *at, what }));
    }

    /// The customer whose devices together have the largest share.
    fn likeliest(&self, attribution: &Attribution) -> Option<(CustomerId, Probability)> {
        let mut shares: BTreeMap<&CustomerId, f64> = BTreeMap::new();
        for (subject, share) in &attribution.shares {
            let owner = match subject {
                Subject::Device(device) => self.links.get(device),
                Subject::Tag(_) | Subject::Anonymous(_) => None,
            };
            *owner.map_or(&mut 0.0, |owner| shares.entry(owner).or_default()) += share.get();
        }
        // The first of equals, in the order of names.
        let best = shares.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        Some((best.0.clone(), Probability::clamped(best.1)))
    }
}

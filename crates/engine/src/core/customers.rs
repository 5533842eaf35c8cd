//! The core towards its customers: catalogues and inputs in, what their machines want out.

use std::collections::BTreeSet;

use model::event::{Event, EventKind};
use model::ids::{CustomerId, OfferId, ProductId, StoreId, ZoneId};
use model::subject::Subject;

use super::{Command, Core, Input, Slot};
use crate::shopper::{self, Shopper, ShopperState, Surroundings};

impl Core {
    pub(super) fn load(&mut self, customer: CustomerId, state: Option<Box<ShopperState>>) {
        // What is in memory is newer than what was saved.
        if self.knows(&customer) {
            return;
        }
        let mut shopper = Shopper::new(shopper::Config { customer: customer.clone() }, self.config.seed);
        shopper.restore(state.map_or_else(ShopperState::default, |state| *state));
        self.shoppers.insert(customer.clone(), Box::new(Slot::new(shopper, self.now)));
        self.awake.insert(customer.clone());
        self.settle(&customer);
    }

    /// Makes two customers one: the devices and everything known of `from` are `into`'s from now on.
    pub(super) fn merge(&mut self, from: &CustomerId, into: &CustomerId) {
        if from == into || !self.knows(into) {
            return;
        }
        // Both or none: a trace with half a merge could not be played again.
        if self.note_state(into, false) | self.note_state(from, false) {
            self.note_state(into, true);
            self.note(Input::Merge { from: from.clone(), into: into.clone() });
        }
        for owner in self.links.values_mut().filter(|owner| *owner == from) {
            owner.clone_from(into);
        }
        let Some(mut slot) = self.shoppers.remove(from) else { return };
        if let Some(timer) = slot.timer {
            self.timers.remove(&(timer, from.clone()));
        }
        self.changed.remove(from);
        self.awake.remove(from);
        let shopper = slot.shopper(from, self.config.seed, &self.names);
        shopper.let_go_of_waiting();
        while let Some(command) = shopper.poll_command() {
            if let shopper::Command::Release { store, offer } = command {
                self.leases.release(&store, &offer);
            }
        }
        let state = slot.state(&self.names).into_owned();
        if let Some(kept) = self.awake(into) {
            kept.absorb(state);
        }
        self.settle(into);
    }

    /// Gives back what was known of somebody before a merge. What both were told stays counted with both.
    pub(super) fn split(&mut self, customer: &CustomerId, state: ShopperState, into: &CustomerId) {
        if customer == into || self.knows(into) {
            return;
        }
        self.load(into.clone(), Some(Box::new(state)));
        self.note_state(into, false);
        self.changed.insert(into.clone());
    }

    /// Gives a customer's machine the store's catalogue, if it has not got it.
    pub(super) fn policy(&mut self, customer: &CustomerId, store: &StoreId) {
        let (Some(plan), now) = (self.plans.get(store).cloned(), self.now) else { return };
        if let Some(shopper) = self.awake(customer).filter(|shopper| !shopper.has_policy(&plan)) {
            shopper.handle(shopper::Input::Policy(plan), now);
        }
    }

    pub(super) fn shopper(&mut self, customer: &CustomerId, input: shopper::Input) {
        let Some(slot) = self.shoppers.get_mut(customer) else { return };
        slot.used = self.now;
        // A catalogue that changed, or that a restored customer has not got yet, comes before what rests on it.
        for store in self.awake(customer).map(|shopper| shopper.stores()).unwrap_or_default() {
            self.policy(customer, &store);
        }
        if let shopper::Input::Event(event) = &input {
            self.policies_for(customer, event);
        }
        self.note_shopper(customer, &input);
        let now = self.now;
        self.work(customer, |shopper| shopper.handle(input, now));
        self.settle(customer);
    }

    /// Tells a customer's machine what the store sees around them, if they are in one.
    pub(super) fn look_around(&mut self, customer: &CustomerId) {
        let Some(shopper) = self.awake(customer) else { return };
        let Some((store, zone, device)) = shopper.state().place() else { return };
        let (store, zone, subject) = (store.clone(), zone.clone(), Subject::Device(device));
        self.surround(customer, store, zone, &subject);
    }

    /// The same of one of their devices in a zone.
    pub(super) fn surround(&mut self, customer: &CustomerId, store: StoreId, zone: ZoneId, subject: &Subject) {
        let around = self.shops.get(&store).map(|shop| shop.around(subject, &zone)).unwrap_or_default();
        if !around.is_empty() {
            self.shopper(customer, shopper::Input::Around(Surroundings { store, zone, around }));
        }
    }

    /// Lets a customer's machine work with what is common to all.
    pub(super) fn work(&mut self, customer: &CustomerId, what: impl FnOnce(&mut Shopper)) {
        let mut lent = std::mem::take(&mut self.lent);
        if let Some(shopper) = self.awake(customer) {
            shopper.swap(&mut lent);
            what(shopper);
            shopper.swap(&mut lent);
        }
        self.lent = lent;
    }

    /// A customer's machine, woken if it rests.
    fn awake(&mut self, customer: &CustomerId) -> Option<&mut Shopper> {
        let slot = self.shoppers.get_mut(customer)?;
        if !self.awake.contains(customer) {
            self.awake.insert(customer.clone());
        }
        Some(slot.shopper(customer, self.config.seed, &self.names))
    }

    /// Gives the catalogues that tell the categories of an event's products: of each the first store that carries it.
    pub(super) fn policies_for(&mut self, customer: &CustomerId, event: &Event) {
        let (touched, lines) = match &event.what {
            EventKind::Interest { product, .. } => (product.as_ref(), [].as_slice()),
            EventKind::Purchased { lines, .. } => (None, lines.as_slice()),
            EventKind::Returned { .. }
            | EventKind::Consent(_)
            | EventKind::Opened
            | EventKind::Complained
            | EventKind::Preferences(_)
            | EventKind::Contacted { .. }
            | EventKind::Other { .. } => return,
        };
        let carries = |product: &ProductId| self.plans.values().find(|plan| plan.product(product).is_some());
        let products = touched.into_iter().chain(lines.iter().take(shopper::LINES_MAX).map(|line| &line.product));
        let stores: BTreeSet<StoreId> = products.filter_map(carries).map(|plan| plan.store.id.clone()).collect();
        for store in stores {
            self.policy(customer, &store);
        }
    }

    /// Does what a customer's machine wants, until it wants nothing more, and notes its timer.
    pub(super) fn settle(&mut self, customer: &CustomerId) {
        while let Some(command) = self.awake(customer).and_then(Shopper::poll_command) {
            match command {
                shopper::Command::Decided(decision) => self.commands.push_back(Command::Decided(decision)),
                shopper::Command::Deliver(delivery) => self.commands.push_back(Command::Deliver(delivery)),
                shopper::Command::Outcome(outcome) => {
                    self.commands.push_back(Command::Outcome { customer: customer.clone(), outcome });
                }
                shopper::Command::Teach(taught) => self.learn(&taught),
                shopper::Command::Bought(purchase) => {
                    self.commands.push_back(Command::Bought { customer: customer.clone(), purchase });
                }
                shopper::Command::Converted { store, offer, epoch, treated } => {
                    self.converted(&store, &offer, epoch, treated);
                }
                shopper::Command::Cancel(decision) => {
                    self.commands.push_back(Command::Cancel { customer: customer.clone(), decision });
                }
                shopper::Command::Release { store, offer } => self.leases.release(&store, &offer),
                shopper::Command::Spent { store, offer, left } => self.leases.spent_but(&store, &offer, left),
                shopper::Command::Reserve { store, offer, kept } => self.reserve(customer, store, offer, kept),
            }
        }
        // The name as it is kept already, so that a timer does not keep another.
        let Some(customer) = self.shoppers.get_key_value(customer).map(|(known, _)| known.clone()) else { return };
        let Some(slot) = self.shoppers.get_mut(&customer) else { return };
        let shopper = slot.shopper(&customer, self.config.seed, &self.names);
        let (timer, has_changed) = (shopper.poll_timeout(), shopper.take_changed());
        if let Some(old) = std::mem::replace(&mut slot.timer, timer).filter(|old| Some(*old) != timer) {
            self.timers.remove(&(old, customer.clone()));
        }
        self.timers.extend(timer.map(|at| (at, customer.clone())));
        if has_changed {
            self.changed.insert(customer.clone());
        }
    }

    pub(super) fn reserve(&mut self, customer: &CustomerId, store: StoreId, offer: OfferId, kept: u64) {
        let granted = self.leases.reserve(&store, &offer, kept);
        let (now, answer) = (self.now, shopper::Input::Budget { offer: offer.clone(), granted });
        self.work(customer, |shopper| shopper.handle(answer, now));
        if self.leases.runs_low(&store, &offer, self.now) {
            self.commands.push_back(Command::NeedLease { store, offer });
        }
    }
}

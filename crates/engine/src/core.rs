//! Joins the Shop and Shopper machines in one process: the whole core behind one `handle`.
//!
//! It owns no clock, no chance and no storage. The shell feeds inputs in order, does every command, and saves what
//! [`Core::take_changed`] gives it in the transaction that commits those commands.

mod command;
mod input;
mod leases;
mod plan;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use locate::calibrate::{Calibration, Source};
use locate::quality::Quality;
use model::consent::{Consent, ConsentRecord};
use model::event::{Event, EventKind, Interest};
use model::fusion::Attribution;
use model::ids::{CustomerId, DeviceId, MessageId, OfferId, ProductId, StoreId};
use model::presence::Presence;
use model::shop::Shop as Plan;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

pub use command::Command;
pub use input::Input;
pub use plan::PlanFiles;

use self::leases::Leases;
use crate::shop::{self, Dropped, Shop};
use crate::shopper::{self, Shopper, ShopperState};

/// What the core is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreConfig {
    /// Secret seed of every id, draw and holdout: the same seed and inputs give the same commands.
    pub seed: u64,
}

/// What is kept in memory of one customer.
#[derive(Debug)]
struct Slot {
    shopper: Shopper,
    /// When the last input came.
    used: Timestamp,
    /// When its machine wants to be woken.
    timer: Option<Timestamp>,
}

/// Customers without a stay and without a timer leave the memory after this time.
pub const IDLE: Millis = Millis::minutes(30);
/// Above this many customers in memory, those without a stay and without a timer leave at once.
pub const SHOPPERS_MAX: usize = 50_000;

/// A share of a pick-up above which it counts as a customer's own.
const TAKEN: f64 = 0.5;

/// The whole core.
#[derive(Debug)]
pub struct Core {
    config: CoreConfig,
    now: Timestamp,
    plans: BTreeMap<StoreId, Arc<Plan>>,
    shops: BTreeMap<StoreId, Shop>,
    links: BTreeMap<DeviceId, CustomerId>,
    shoppers: BTreeMap<CustomerId, Slot>,
    timers: BTreeSet<(Timestamp, CustomerId)>,
    leases: Leases,
    changed: BTreeSet<CustomerId>,
    commands: VecDeque<Command>,
    /// When idle customers were last looked for.
    swept: Timestamp,
}

impl Core {
    /// Makes an empty core.
    #[must_use]
    pub fn new(config: CoreConfig) -> Self {
        Self {
            config,
            now: Timestamp::default(),
            plans: BTreeMap::new(),
            shops: BTreeMap::new(),
            links: BTreeMap::new(),
            shoppers: BTreeMap::new(),
            timers: BTreeSet::new(),
            leases: Leases::default(),
            changed: BTreeSet::new(),
            commands: VecDeque::new(),
            swept: Timestamp::default(),
        }
    }

    /// Takes one input at a time; what it causes waits in [`Core::poll_command`].
    ///
    /// What is due by `now` is done first, so that it makes no difference whether the core was woken in between.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.now = now;
        self.wake();
        match input {
            Input::Plan(files) => self.plan(files.shop()),
            Input::Sighting { store, subject, sighting } => {
                self.shop(&store, shop::Input::Sighting { subject, sighting });
            }
            Input::Reading { store, reading } => self.shop(&store, shop::Input::Reading(reading)),
            Input::Survey { store, survey } => self.shop(&store, shop::Input::Survey(survey)),
            Input::Calibration { store, calibration } => self.shop(&store, shop::Input::Calibration(calibration)),
            Input::Link { device, customer } => {
                self.links.insert(device, customer);
            }
            Input::Unlink { device } => self.unlink(device),
            Input::Load { customer, state } => self.load(customer, state),
            Input::Event { customer, event } => self.shopper(&customer, shopper::Input::Event(event)),
            Input::Consent { customer, record } => self.shopper(&customer, shopper::Input::Consent(record)),
            Input::Outcome { customer, outcome } => self.shopper(&customer, shopper::Input::Outcome(outcome)),
            Input::Lease { offer, store, units } => self.leases.lease(&store, &offer, units, now),
            Input::Delivery { customer, decision, state } => {
                self.shopper(&customer, shopper::Input::Delivery { decision, state });
            }
            Input::Forget { customer } => self.forget(&customer),
            Input::Restore { store, stays, visits } => self.shop(&store, shop::Input::Restore { stays, visits }),
            Input::Wake => {}
        }
    }

    /// Lets time pass: the same as [`Input::Wake`].
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.handle(Input::Wake, now);
    }

    /// When the core wants to be woken, if no input comes before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let shops = self.shops.values().filter_map(Shop::poll_timeout).min();
        let shoppers = self.timers.first().map(|(at, _)| *at);
        shops.into_iter().chain(shoppers).min()
    }

    /// The next thing to do.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// Whether the customer is in memory.
    #[must_use]
    pub fn knows(&self, customer: &CustomerId) -> bool {
        self.shoppers.contains_key(customer)
    }

    /// The customer that must be loaded before this input is handled; none if it can be handled as it is.
    ///
    /// A sighting may need one too: it can make a presence, and that reaches the device's customer.
    #[must_use]
    pub fn needs(&self, input: &Input) -> Option<CustomerId> {
        let customer = match input {
            Input::Link { customer, .. }
            | Input::Event { customer, .. }
            | Input::Consent { customer, .. }
            | Input::Outcome { customer, .. }
            | Input::Delivery { customer, .. } => customer,
            Input::Sighting { subject: Subject::Device(device), .. } => self.links.get(device)?,
            Input::Sighting { subject: Subject::Tag(_) | Subject::Anonymous(_), .. }
            | Input::Plan(_)
            | Input::Survey { .. }
            | Input::Calibration { .. }
            | Input::Reading { .. }
            | Input::Unlink { .. }
            | Input::Load { .. }
            | Input::Lease { .. }
            | Input::Forget { .. }
            | Input::Restore { .. }
            | Input::Wake => return None,
        };
        (!self.knows(customer)).then(|| customer.clone())
    }

    /// The customer of a linked device.
    #[must_use]
    pub fn owner(&self, device: &DeviceId) -> Option<&CustomerId> {
        self.links.get(device)
    }

    /// What is kept of a customer in memory, to look at.
    #[must_use]
    pub fn state(&self, customer: &CustomerId) -> Option<&ShopperState> {
        self.shoppers.get(customer).map(|slot| slot.shopper.state())
    }

    /// What a store did not use, by reason.
    #[must_use]
    pub fn dropped(&self, store: &StoreId) -> Option<Dropped> {
        self.shops.get(store).map(Shop::dropped)
    }

    /// The states that changed since the last call, to be saved with the commands; then idle customers are evicted.
    ///
    /// An empty state ([`ShopperState::is_empty`]) means that the customer's row is to be deleted.
    pub fn take_changed(&mut self) -> Vec<(CustomerId, ShopperState)> {
        let changed = std::mem::take(&mut self.changed);
        let saved = changed.into_iter().filter_map(|customer| {
            let state = self.shoppers.get(&customer)?.shopper.snapshot();
            Some((customer, state))
        });
        let saved = saved.collect();
        self.evict();
        saved
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

    /// What the positions of a store rest on; none before its first plan.
    #[must_use]
    pub fn source(&self, store: &StoreId) -> Option<Source> {
        self.shops.get(store)?.source()
    }

    /// Evicts who is idle; what they are is saved, and is loaded again when they come back.
    fn evict(&mut self) {
        let (now, crowded) = (self.now, self.shoppers.len() > SHOPPERS_MAX);
        if now.since(self.swept).0.abs() < if crowded { 1_000 } else { 60_000 } {
            return;
        }
        self.swept = now;
        self.shoppers.retain(|_, slot| {
            let busy = slot.timer.is_some() || slot.shopper.state().is_present();
            busy || (!crowded && now.since(slot.used) < IDLE)
        });
    }

    fn plan(&mut self, plan: &Arc<Plan>) {
        let store = plan.store.id.clone();
        for offer in self.leases.plan(plan) {
            self.commands.push_back(Command::NeedLease { store: store.clone(), offer });
        }
        self.plans.insert(store.clone(), Arc::clone(plan));
        let seed = self.config.seed;
        self.shops.entry(store.clone()).or_insert_with(|| Shop::new(shop::Config::new(store.clone()), seed));
        self.shop(&store, shop::Input::Plan(Arc::clone(plan)));
    }

    fn load(&mut self, customer: CustomerId, state: Option<Box<ShopperState>>) {
        // What is in memory is newer than what was saved.
        if self.knows(&customer) {
            return;
        }
        let mut shopper = Shopper::new(shopper::Config { customer: customer.clone() }, self.config.seed);
        shopper.restore(state.map_or_else(ShopperState::default, |state| *state));
        self.shoppers.insert(customer.clone(), Slot { shopper, used: self.now, timer: None });
        self.settle(&customer);
    }

    fn unlink(&mut self, device: DeviceId) {
        for store in self.shops.keys().cloned().collect::<Vec<_>>() {
            self.shop(&store, shop::Input::Forget(Subject::Device(device)));
        }
        if let Some(customer) = self.links.remove(&device) {
            self.shopper(&customer, shopper::Input::Gone(device));
        }
    }

    fn forget(&mut self, customer: &CustomerId) {
        let devices = self.links.iter().filter(|(_, owner)| *owner == customer);
        for device in devices.map(|(device, _)| *device).collect::<Vec<_>>() {
            self.unlink(device);
        }
        // Withdrawing everything gives reserved units back before the memory goes.
        let nothing = ConsentRecord {
            consent: Consent::default(),
            at: self.now,
            text_version: String::new(),
            channel: "forget".into(),
        };
        self.shopper(customer, shopper::Input::Consent(nothing));
        if let Some(timer) = self.shoppers.remove(customer).and_then(|slot| slot.timer) {
            self.timers.remove(&(timer, customer.clone()));
        }
        self.changed.remove(customer);
    }

    fn wake(&mut self) {
        let now = self.now;
        let due = |shop: &Shop| shop.poll_timeout().is_some_and(|at| at <= now);
        let shops: Vec<StoreId> = self.shops.iter().filter(|(_, shop)| due(shop)).map(|(id, _)| id.clone()).collect();
        for store in shops {
            if let Some(shop) = self.shops.get_mut(&store) {
                shop.handle_timeout(now);
            }
            self.drain_shop(&store);
        }
        // A machine is woken once for each call, so one that would always ask for more can't hold the core up.
        let due: Vec<CustomerId> =
            self.timers.iter().take_while(|(at, _)| *at <= now).map(|(_, customer)| customer.clone()).collect();
        for customer in due {
            if let Some(slot) = self.shoppers.get_mut(&customer) {
                slot.shopper.handle_timeout(now);
            }
            self.settle(&customer);
        }
    }

    fn shop(&mut self, store: &StoreId, input: shop::Input) {
        let Some(shop) = self.shops.get_mut(store) else { return };
        shop.handle(input, self.now);
        self.drain_shop(store);
    }

    fn drain_shop(&mut self, store: &StoreId) {
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
                    self.pick_up(store, &attribution);
                }
                shop::Command::Occupancy(occupancy) => {
                    self.commands.push_back(Command::Occupancy { store: store.clone(), occupancy });
                }
            }
        }
    }

    /// Only a linked device's presence reaches a customer: never a tag's, and never that of somebody without a name.
    fn pass_on(&mut self, presence: Presence) {
        let customer = match &presence.subject {
            Subject::Device(device) => self.links.get(device).cloned(),
            Subject::Tag(_) | Subject::Anonymous(_) => None,
        };
        if let Some(customer) = customer {
            self.policy(&customer, &presence.store);
            self.shopper(&customer, shopper::Input::Presence(presence));
        }
    }

    /// A pick-up that is more likely one customer's than everybody else's is interest; their machine takes it only with consent.
    fn pick_up(&mut self, store: &StoreId, attribution: &Attribution) {
        let Some(customer) = taker(attribution).and_then(|device| self.links.get(device).cloned()) else { return };
        let Attribution { product, at, sensor, .. } = attribution;
        let name = format!("pickup:{store}:{sensor}:{}", at.0);
        let Ok(id) = MessageId::new(&name) else { return };
        let what = EventKind::Interest { interest: Interest::PickedUp, product: product.clone(), category: None };
        self.policy(&customer, store);
        self.shopper(&customer, shopper::Input::Event(Event { id, at: *at, what }));
    }

    /// Gives a customer's machine the store's catalogue, if it has not got it.
    fn policy(&mut self, customer: &CustomerId, store: &StoreId) {
        if let (Some(slot), Some(plan)) = (self.shoppers.get_mut(customer), self.plans.get(store))
            && !slot.shopper.has_policy(plan)
        {
            slot.shopper.handle(shopper::Input::Policy(Arc::clone(plan)), self.now);
        }
    }

    fn shopper(&mut self, customer: &CustomerId, input: shopper::Input) {
        let Some(slot) = self.shoppers.get_mut(customer) else { return };
        slot.used = self.now;
        // A catalogue that changed, or that a restored customer has not got yet, comes before what rests on it.
        for store in slot.shopper.stores() {
            self.policy(customer, &store);
        }
        if let shopper::Input::Event(event) = &input {
            self.policies_for(customer, event);
        }
        if let Some(slot) = self.shoppers.get_mut(customer) {
            slot.shopper.handle(input, self.now);
        }
        self.settle(customer);
    }

    /// Gives the catalogues that tell the categories of an event's products: of each the first store that carries it.
    fn policies_for(&mut self, customer: &CustomerId, event: &Event) {
        let carries = |product: &ProductId| self.plans.values().find(|plan| plan.product(product).is_some());
        let lines = match &event.what {
            EventKind::Purchased { lines, .. } => lines.as_slice(),
            EventKind::Interest { .. }
            | EventKind::Returned { .. }
            | EventKind::Consent(_)
            | EventKind::Other { .. } => &[],
        };
        let touched = match &event.what {
            EventKind::Interest { product, .. } => product.as_ref(),
            EventKind::Purchased { .. }
            | EventKind::Returned { .. }
            | EventKind::Consent(_)
            | EventKind::Other { .. } => None,
        };
        let products = touched.into_iter().chain(lines.iter().take(shopper::LINES_MAX).map(|line| &line.product));
        let stores: BTreeSet<StoreId> = products.filter_map(carries).map(|plan| plan.store.id.clone()).collect();
        for store in stores {
            self.policy(customer, &store);
        }
    }

    /// Does what a customer's machine wants, until it wants nothing more, and notes its timer.
    fn settle(&mut self, customer: &CustomerId) {
        while let Some(command) = self.shoppers.get_mut(customer).and_then(|slot| slot.shopper.poll_command()) {
            match command {
                shopper::Command::Decided(decision) => self.commands.push_back(Command::Decided(decision)),
                shopper::Command::Deliver(delivery) => self.commands.push_back(Command::Deliver(delivery)),
                shopper::Command::Outcome(outcome) => {
                    self.commands.push_back(Command::Outcome { customer: customer.clone(), outcome });
                }
                shopper::Command::Release { store, offer } => self.leases.release(&store, &offer),
                shopper::Command::Reserve { store, offer } => self.reserve(customer, store, offer),
            }
        }
        let Some(slot) = self.shoppers.get_mut(customer) else { return };
        let timer = slot.shopper.poll_timeout();
        if let Some(old) = std::mem::replace(&mut slot.timer, timer).filter(|old| Some(*old) != timer) {
            self.timers.remove(&(old, customer.clone()));
        }
        self.timers.extend(timer.map(|at| (at, customer.clone())));
        if slot.shopper.take_changed() {
            self.changed.insert(customer.clone());
        }
    }

    fn reserve(&mut self, customer: &CustomerId, store: StoreId, offer: OfferId) {
        let granted = self.leases.reserve(&store, &offer);
        if let Some(slot) = self.shoppers.get_mut(customer) {
            slot.shopper.handle(shopper::Input::Budget { offer: offer.clone(), granted }, self.now);
        }
        if self.leases.runs_low(&store, &offer, self.now) {
            self.commands.push_back(Command::NeedLease { store, offer });
        }
    }
}

/// The device whose owner took it more likely than everybody else together.
fn taker(attribution: &Attribution) -> Option<&DeviceId> {
    let (subject, share) = attribution.shares.first()?;
    match subject {
        Subject::Device(device) => (share.get() > TAKEN && attribution.product.is_some()).then_some(device),
        Subject::Tag(_) | Subject::Anonymous(_) => None,
    }
}

#[cfg(test)]
mod tests;

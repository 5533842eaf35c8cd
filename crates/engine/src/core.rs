//! Joins the Shop and Shopper machines in one process: the whole core behind one `handle`.
//!
//! It owns no clock, no chance and no storage. The shell feeds inputs in order, does every command, and saves what
//! [`Core::take_changed`] gives it in the transaction that commits those commands.

mod ask;
mod command;
mod customers;
mod input;
mod learn;
mod leases;
mod pace;
mod plan;
mod slot;
mod stores;
mod trace;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use decide::catalogue::Catalogue;
use model::consent::{Consent, ConsentRecord};
use model::ids::{CustomerId, DeviceId, OfferId, StoreId};
use model::policy::Policy;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use ask::nowhere;
pub use ask::{Ask, COUNT_MAX};
pub use command::Command;
pub use input::Input;
pub use learn::{Epoch, Which};
pub use plan::PlanFiles;

use self::leases::Leases;
use self::slot::Slot;
use crate::log::Entry;
use crate::pack::Names;
use crate::shop::{self, Shop};
use crate::shopper::{self, Lent, Packed, ShopperState};

/// What the core is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreConfig {
    /// Secret seed of every id, draw and holdout: the same seed and inputs give the same commands.
    pub seed: u64,
}

/// Customers without a stay and without a timer leave the memory after this time.
pub const IDLE: Millis = Millis::minutes(30);
/// Above this many customers in memory, those without a stay and without a timer leave at once.
pub const SHOPPERS_MAX: usize = 50_000;

/// The whole core.
#[derive(Debug)]
pub struct Core {
    config: CoreConfig,
    now: Timestamp,
    plans: BTreeMap<StoreId, Arc<Catalogue>>,
    /// The same as they came in.
    files: BTreeMap<StoreId, PlanFiles>,
    shops: BTreeMap<StoreId, Shop>,
    links: BTreeMap<DeviceId, CustomerId>,
    shoppers: BTreeMap<CustomerId, Box<Slot>>,
    /// What the catalogues call things, so that those at rest need only its number.
    names: Names,
    /// Those whose machines are at work since the states were saved.
    awake: BTreeSet<CustomerId>,
    timers: BTreeSet<(Timestamp, CustomerId)>,
    leases: Leases,
    /// What is learnt and what people said, lent to each customer's machine while it works.
    lent: Lent,
    epochs: learn::Epochs,
    epochs_changed: BTreeSet<(StoreId, OfferId)>,
    /// Decides in place of what the stores' files say.
    policy: Option<Policy>,
    changed: BTreeSet<CustomerId>,
    commands: VecDeque<Command>,
    /// What came in about customers; none while nobody wants to know.
    trace: Option<Vec<Entry>>,
    /// Up to which step the brakes of budgets were worked.
    paced: i64,
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
            files: BTreeMap::new(),
            shops: BTreeMap::new(),
            links: BTreeMap::new(),
            shoppers: BTreeMap::new(),
            names: Names::default(),
            awake: BTreeSet::new(),
            timers: BTreeSet::new(),
            leases: Leases::default(),
            lent: Lent::default(),
            epochs: learn::Epochs::new(),
            epochs_changed: BTreeSet::new(),
            policy: None,
            changed: BTreeSet::new(),
            commands: VecDeque::new(),
            trace: None,
            paced: 0,
            swept: Timestamp::default(),
        }
    }

    /// Takes one input at a time; what it causes waits in [`Core::poll_command`].
    ///
    /// What is due by `now` is done first, so that it makes no difference whether the core was woken in between.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.now = now;
        self.keep_pace();
        // It says how things stand, also for what is due.
        if let Input::Around { customer, surroundings } = input {
            return self.shopper(&customer, shopper::Input::Around(surroundings));
        }
        self.wake();
        match input {
            Input::Plan(files) => self.plan(files),
            Input::Sighting { store, subject, sighting } => {
                self.shop(&store, shop::Input::Sighting { subject, sighting });
            }
            Input::Anchor { store, anchor, sighting } => self.shop(&store, shop::Input::Anchor { anchor, sighting }),
            Input::Reading { store, reading } => self.shop(&store, shop::Input::Reading(reading)),
            Input::Survey { store, survey } => self.shop(&store, shop::Input::Survey(survey)),
            Input::Calibration { store, calibration } => self.shop(&store, shop::Input::Calibration(calibration)),
            Input::Link { device, customer } => {
                let known = self.shoppers.get_key_value(&customer).map(|(known, _)| known.clone());
                self.links.insert(device, known.unwrap_or(customer));
            }
            Input::Unlink { device } => self.unlink(device),
            Input::Load { customer, state } => self.load(customer, state),
            Input::Event { customer, event } => {
                self.look_around(&customer);
                self.shopper(&customer, shopper::Input::Event(event));
            }
            Input::Consent { customer, record } => self.shopper(&customer, shopper::Input::Consent(record)),
            Input::Outcome { customer, outcome } => self.shopper(&customer, shopper::Input::Outcome(outcome)),
            Input::Lease { offer, store, units, used } => {
                self.leases.lease(&store, &offer, units, used, now);
                self.note(Input::Lease { offer, store, units, used });
            }
            Input::Delivery { customer, decision, state } => {
                self.shopper(&customer, shopper::Input::Delivery { decision, state });
            }
            Input::Forget { customer } => self.forget(&customer),
            Input::Restore { store, stays, visits } => self.shop(&store, shop::Input::Restore { stays, visits }),
            Input::Presence { customer, presence } => {
                self.policy(&customer, &presence.store);
                self.shopper(&customer, shopper::Input::Presence(presence));
            }
            Input::Gone { customer, device } => self.shopper(&customer, shopper::Input::Gone(device)),
            Input::Ask { customer, ask } => {
                self.look_around(&customer);
                self.asked(&customer, &ask);
            }
            Input::Merge { from, into } => self.merge(&from, &into),
            Input::Split { customer, state, into } => self.split(&customer, *state, &into),
            Input::Refused { customer, decision, code, kept } => {
                self.shopper(&customer, shopper::Input::Refused { decision, code, kept });
            }
            Input::Lever { store, offer, lever } => {
                self.lent.levers.entry(store.clone()).or_default().insert(offer.clone(), lever);
                self.note(Input::Lever { store, offer, lever });
            }
            Input::Learnt { which, rows } => {
                self.note(Input::Learnt { which, rows: rows.clone() });
                self.learnt(which, rows);
            }
            Input::Brain { brain } => self.lent.brain = *brain,
            Input::Epoch(epoch) => {
                self.note(Input::Epoch(epoch.clone()));
                self.restore_epoch(epoch);
            }
            Input::Around { .. } | Input::Wake => {}
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

    /// A customer that must be loaded before this input is handled; none if it can be handled as it is.
    /// A merge needs two: ask again after loading one.
    ///
    /// A sighting may need one too: it can make a presence, and that reaches the device's customer.
    #[must_use]
    pub fn needs(&self, input: &Input) -> Option<CustomerId> {
        let customer = match input {
            Input::Link { customer, .. }
            | Input::Event { customer, .. }
            | Input::Consent { customer, .. }
            | Input::Outcome { customer, .. }
            | Input::Presence { customer, .. }
            | Input::Around { customer, .. }
            | Input::Gone { customer, .. }
            | Input::Ask { customer, .. }
            | Input::Split { customer, .. }
            | Input::Refused { customer, .. }
            | Input::Delivery { customer, .. } => customer,
            Input::Merge { from, into } => {
                return [from, into].into_iter().find(|customer| !self.knows(customer)).cloned();
            }
            Input::Sighting { subject: Subject::Device(device), .. } => self.links.get(device)?,
            Input::Sighting { subject: Subject::Tag(_) | Subject::Anonymous(_), .. }
            | Input::Anchor { .. }
            | Input::Plan(_)
            | Input::Survey { .. }
            | Input::Calibration { .. }
            | Input::Reading { .. }
            | Input::Unlink { .. }
            | Input::Load { .. }
            | Input::Lease { .. }
            | Input::Forget { .. }
            | Input::Restore { .. }
            | Input::Lever { .. }
            | Input::Learnt { .. }
            | Input::Brain { .. }
            | Input::Epoch(_)
            | Input::Wake => return None,
        };
        (!self.knows(customer)).then(|| customer.clone())
    }

    /// The customer of a linked device.
    #[must_use]
    pub fn owner(&self, device: &DeviceId) -> Option<&CustomerId> {
        self.links.get(device)
    }

    /// Decides by this policy in every store, whatever its files say: for playing what came in again.
    pub fn decide_by(&mut self, policy: Policy) {
        self.policy = Some(policy);
    }

    /// What is kept of everybody in memory.
    #[must_use]
    pub fn into_states(self) -> BTreeMap<CustomerId, ShopperState> {
        self.shoppers.into_iter().map(|(customer, slot)| (customer, slot.state(&self.names).into_owned())).collect()
    }

    /// What is kept of a customer in memory, to look at.
    #[must_use]
    pub fn state(&self, customer: &CustomerId) -> Option<Cow<'_, ShopperState>> {
        self.shoppers.get(customer).map(|slot| slot.state(&self.names))
    }

    /// The states that changed since the last call, to be saved with the commands; none in place of an empty one
    /// ([`ShopperState::is_empty`]), whose row is to be deleted. Then all machines rest, and idle customers are evicted.
    pub fn take_changed(&mut self) -> Vec<(CustomerId, Option<Packed>)> {
        let mut saved = Vec::with_capacity(self.changed.len());
        for customer in std::mem::take(&mut self.awake) {
            let Some(slot) = self.shoppers.get_mut(&customer) else { continue };
            if self.changed.remove(&customer) {
                let state = slot.state(&self.names);
                let packed = if state.is_empty() { Ok(None) } else { Packed::new(&state).map(Some) };
                saved.extend(packed.ok().map(|packed| (customer.clone(), packed)));
            }
            slot.rest(&self.names);
            if slot.is_awake() {
                self.awake.insert(customer);
            }
        }
        self.evict();
        saved
    }

    /// Evicts who is idle; what they are is saved, and is loaded again when they come back.
    fn evict(&mut self) {
        let (now, crowded) = (self.now, self.shoppers.len() > SHOPPERS_MAX);
        if now.since(self.swept).0.abs() < if crowded { 1_000 } else { 60_000 } {
            return;
        }
        self.swept = now;
        self.shoppers.retain(|_, slot| {
            let busy = slot.timer.is_some() || slot.is_present();
            busy || (!crowded && now.since(slot.used) < IDLE)
        });
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
        self.awake.remove(customer);
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
        due.iter().for_each(|customer| self.look_around(customer));
        self.note_wake(&due);
        for customer in due {
            self.work(&customer, |shopper| shopper.handle_timeout(now));
            self.settle(&customer);
        }
    }
}

#[cfg(test)]
mod tests;

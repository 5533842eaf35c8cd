//! The Shopper machine: one customer's consent, intent, stays and offers; out come decisions and deliveries.
//!
//! Consent gates everything: without `profiling` nothing is kept and nothing is decided, and without `locating` no
//! presence is taken in.

mod asked;
mod follow;
mod merge;
mod moments;
mod state;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use decide::brain::Brain;
use decide::catalogue::Catalogue;
use decide::person::Person;
use model::consent::{Consent, ConsentRecord};
use model::decision::Decision;
use model::delivery::{Delivery, DeliveryState};
use model::event::{Event, EventKind, OrderLine};
use model::ids::{CategoryId, CustomerId, DecisionId, DeviceId, OfferId, ProductId, StoreId};
use model::offer::Lever;
use model::outcome::Outcome;
use model::presence::Presence;
use model::time::{Millis, Timestamp};

use crate::core::Ask;

pub use state::{DEVICES_MAX, LINES_MAX, MESSAGES_MAX, OPEN_MAX, ORDERS_MAX, SEEN_MAX, STAYS_MAX, ShopperState};

/// A presence or an event that is older, or further in the future, is history and never makes a moment.
pub const FRESH: Millis = Millis::seconds(30);
/// A decision waits so long for units of budgets, and then goes on without.
pub const BUDGET_WAIT: Millis = Millis::seconds(2);
/// An offer of which nothing was heard is taken back so long after its expiry: a last report may be on its way.
pub const REPORT_GRACE: Millis = Millis::seconds(30);
/// Going to the product counts as an outcome within this time of the offer (DASHBOARD A2).
pub const VISIT_WINDOW: Millis = Millis::minutes(30);
/// So long in the product's zone is a visit to it (DASHBOARD A2).
pub const VISIT_STAY: Millis = Millis::seconds(10);
/// A purchase counts as an outcome within this time of the offer: the same day's shopping. A house choice.
pub const PURCHASE_WINDOW: Millis = Millis::hours(24);

/// Whose machine it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The customer.
    pub customer: CustomerId,
}

/// What can happen to a customer.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A stay of one of their devices changed.
    Presence(Presence),
    /// One of their devices is located no more; it leaves without a word.
    Gone(DeviceId),
    /// An app or shop system tells about them.
    Event(Event),
    /// They gave or withdrew consent.
    Consent(ConsentRecord),
    /// What became of a decision, as a device tells.
    Outcome(Outcome),
    /// A store's catalogue and limits, at the start and when they change.
    Policy(Arc<Catalogue>),
    /// The answer to [`Command::Reserve`].
    Budget {
        /// Of which offer.
        offer: OfferId,
        /// Whether a unit is reserved.
        granted: bool,
    },
    /// How far a delivery got, over all its endpoints: `Sent` as soon as one took it.
    Delivery {
        /// Of which decision.
        decision: DecisionId,
        /// How far.
        state: DeliveryState,
    },
    /// Another channel asks; its count is not read here, one decision is made.
    Ask(Ask),
    /// The store refused a decision at its commit.
    Refused {
        /// Which.
        decision: DecisionId,
        /// Why.
        code: String,
    },
}

/// What a customer's machine wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A decision was made.
    Decided(Decision),
    /// Reserve a unit of an offer's budget, and answer with [`Input::Budget`].
    Reserve {
        /// In which store.
        store: StoreId,
        /// Of which offer.
        offer: OfferId,
    },
    /// Give a reserved unit back.
    Release {
        /// In which store.
        store: StoreId,
        /// Of which offer.
        offer: OfferId,
    },
    /// Get an offer to the customer.
    Deliver(Delivery),
    /// It was found out what became of a decision.
    Outcome(Outcome),
}

/// The machine of one customer.
#[derive(Debug, Clone)]
pub struct Shopper {
    customer: CustomerId,
    seed: u64,
    state: ShopperState,
    policies: BTreeMap<StoreId, Arc<Catalogue>>,
    person: Person,
    brain: Brain,
    levers: BTreeMap<OfferId, Lever>,
    commands: VecDeque<Command>,
    changed: bool,
}

impl Shopper {
    /// A customer of whom nothing is known and who has allowed nothing.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            customer: config.customer,
            seed,
            state: ShopperState::default(),
            policies: BTreeMap::new(),
            person: Person::default(),
            brain: Brain::default(),
            levers: BTreeMap::new(),
            commands: VecDeque::new(),
            changed: false,
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.handle_timeout(now);
        match input {
            Input::Presence(presence) => self.presence(&presence, now),
            Input::Gone(device) => self.gone(device),
            Input::Event(event) => self.event(event, now),
            Input::Consent(record) => self.consent(&record, now),
            Input::Outcome(outcome) => self.outcome(outcome),
            Input::Policy(plan) => {
                self.policies.insert(plan.store.id.clone(), plan);
            }
            Input::Budget { offer, granted } => self.budget(offer, granted, now),
            Input::Delivery { decision, state } => self.delivery(decision, state, now),
            Input::Ask(ask) => self.asked(&ask, now),
            Input::Refused { decision, .. } => self.refused(decision),
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.stop_waiting(now);
        self.find_visits(now);
        self.expire(now);
    }

    /// When the machine next wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let waiting = self.state.pending.as_ref().map(|pending| pending.since + BUDGET_WAIT);
        [waiting, self.next_visit(), self.next_expiry()].into_iter().flatten().min()
    }

    /// The next thing to be done.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// All that is kept of the customer. Commands must have been polled before: they are not kept.
    #[must_use]
    pub fn snapshot(&self) -> ShopperState {
        self.state.clone()
    }

    /// Goes on from what was kept.
    pub fn restore(&mut self, state: ShopperState) {
        self.state = state;
    }

    /// What is kept, to look at.
    #[must_use]
    pub const fn state(&self) -> &ShopperState {
        &self.state
    }

    /// Whether the state has changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether the store's catalogue is known as it is in `plan`.
    #[must_use]
    pub fn has_policy(&self, plan: &Arc<Catalogue>) -> bool {
        self.policies.get(&plan.store.id).is_some_and(|known| Arc::ptr_eq(known, plan))
    }

    /// The stores that the customer is in or has offers of: those whose catalogue is needed.
    #[must_use]
    pub fn stores(&self) -> BTreeSet<StoreId> {
        let stays = self.state.stays.iter().map(|stay| &stay.store);
        stays.chain(self.state.open.iter().map(|open| &open.store)).cloned().collect()
    }

    fn consent(&mut self, record: &ConsentRecord, now: Timestamp) {
        // A clock that runs ahead must not lock a later withdrawal out.
        let at = record.at.min(now);
        if self.state.consent_at.is_some_and(|known| at < known) {
            return;
        }
        self.changed = true;
        self.state.consent_at = Some(at);
        self.state.consent = record.consent;
        self.keep_what_is_allowed();
    }

    /// Empties what the consent of now does not cover.
    fn keep_what_is_allowed(&mut self) {
        let (consent, consent_at) = (self.state.consent, self.state.consent_at);
        if !consent.profiling {
            self.release_all();
            let kept = ShopperState { consent, consent_at, ..ShopperState::default() };
            self.state = if consent.any() { kept } else { ShopperState::default() };
        }
        if !consent.locating {
            self.state.stays.clear();
        }
    }

    fn event(&mut self, event: Event, now: Timestamp) {
        let at = event.at.min(now);
        if let EventKind::Consent(record) = event.what {
            self.consent_by_event(&record, now);
            return;
        }
        if !self.state.consent.profiling || !self.state.note_message(&event.id) {
            return;
        }
        self.changed = true;
        match event.what {
            EventKind::Interest { interest, product, category, probability: _ } => {
                let category = category.or_else(|| product.as_ref().and_then(|p| self.category_of(p)));
                self.state.intent.touch(interest, product.as_ref(), category.as_ref(), at);
                self.intent_came(&event.id, interest, product.as_ref(), category.as_ref(), at, now);
            }
            EventKind::Purchased { order, lines } => self.bought(order.as_deref(), &lines, at),
            EventKind::Returned { order, lines } => self.returned(order.as_deref(), &lines),
            EventKind::Consent(_)
            | EventKind::Opened
            | EventKind::Complained
            | EventKind::Preferences(_)
            | EventKind::Contacted { .. }
            | EventKind::Other { .. } => {}
        }
    }

    /// Intake with a write key proves no device: it may take any consent away, and give only `profiling`.
    fn consent_by_event(&mut self, record: &ConsentRecord, now: Timestamp) {
        let (said, known) = (record.consent, self.state.consent);
        let consent = Consent {
            locating: said.locating && known.locating,
            profiling: said.profiling,
            marketing_push: said.marketing_push && known.marketing_push,
        };
        self.consent(&ConsentRecord { consent, ..record.clone() }, now);
    }

    fn bought(&mut self, order: Option<&str>, lines: &[OrderLine], at: Timestamp) {
        let lines = &lines[..lines.len().min(LINES_MAX)];
        for line in lines {
            let category = self.category_of(&line.product);
            self.state.history.buy(&line.product, category.as_ref(), at);
            self.state.intent.buy(&line.product, category.as_ref(), at);
            self.find_purchase(&line.product, at);
        }
        if let Some(order) = order {
            self.state.note_order(order, lines);
        }
    }

    fn returned(&mut self, order: Option<&str>, lines: &[OrderLine]) {
        let whole = self.state.orders.iter().find(|known| lines.is_empty() && Some(known.order.as_str()) == order);
        let products: Vec<ProductId> = match whole {
            Some(order) => order.products.clone(),
            None => lines.iter().take(LINES_MAX).map(|line| line.product.clone()).collect(),
        };
        for product in &products {
            self.state.history.give_back(product);
            self.state.intent.give_back(product);
        }
    }

    fn category_of(&self, product: &ProductId) -> Option<CategoryId> {
        self.policies.values().find_map(|plan| plan.product(product)).map(|product| product.category.clone())
    }
}

#[cfg(test)]
mod tests;

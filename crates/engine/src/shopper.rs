//! The Shopper machine: one customer's consent, intent, stays and offers; out come decisions and deliveries.
//!
//! Consent gates everything: without `profiling` nothing is kept and nothing is decided, and without `locating` no
//! presence is taken in.

mod around;
mod asked;
mod bought;
mod follow;
mod lesson;
mod merge;
mod moments;
mod patterns;
mod rest;
mod slim;
mod state;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use decide::brain::Brain;
use decide::catalogue::Catalogue;
use decide::intent::Touch;
use model::consent::{Consent, ConsentRecord};
use model::decision::Decision;
use model::delivery::{Delivery, DeliveryState};
use model::event::{Event, EventKind};
use model::ids::{CategoryId, CustomerId, DecisionId, DeviceId, OfferId, ProductId, StoreId};
use model::offer::Lever;
use model::outcome::Outcome;
use model::presence::Presence;
use model::signal::Signal;
use model::time::{Millis, Timestamp};
use model::units::Probability;

use self::state::Pending;
use crate::core::Ask;

pub use around::Surroundings;
pub use bought::Purchase;
pub use lesson::{Answer, Taught};
pub use rest::Packed;
pub(crate) use rest::Resting;
pub use state::{DEVICES_MAX, LINES_MAX, MESSAGES_MAX, OPEN_MAX, ORDERS_MAX, SEEN_MAX, STAYS_MAX, ShopperState};

/// A presence or an event that is older, or further in the future, is history and never makes a moment.
pub const FRESH: Millis = Millis::seconds(30);
/// A presence that is told later than this after it became so is not acted on at once: a line that was held up may bring
/// behind it that they have gone on.
pub const PROMPT: Millis = Millis::seconds(3);
/// For so long what is told behind it is waited for: the rest of what was held up comes within it.
pub const LATE_WAIT: Millis = Millis::seconds(1);
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

/// From this belief on that it was this customer, an interest is a moment of theirs; below it is only interest.
pub const OWN: f64 = 0.5;

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
    /// What the store sees around them; it makes no moment by itself.
    Around(Surroundings),
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
        /// What of the offer's budget had to stay for others, when there was no more than that left of it.
        kept: Option<u64>,
    },
}

/// What a customer's machine wants done.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a command is moved once and done at once, so a box would only cost")]
pub enum Command {
    /// A decision was made.
    Decided(Decision),
    /// Reserve a unit of an offer's budget, and answer with [`Input::Budget`].
    Reserve {
        /// In which store.
        store: StoreId,
        /// Of which offer.
        offer: OfferId,
        /// So many units must stay for others.
        kept: u64,
    },
    /// Give a reserved unit back.
    Release {
        /// In which store.
        store: StoreId,
        /// Of which offer.
        offer: OfferId,
    },
    /// No more than this was left of an offer's budget at a commit: others have spent the rest.
    Spent {
        /// In which store.
        store: StoreId,
        /// Of which offer.
        offer: OfferId,
        /// What is left at most.
        left: u64,
    },
    /// Get an offer to the customer.
    Deliver(Delivery),
    /// It was found out what became of a decision.
    Outcome(Outcome),
    /// Something is to be learnt.
    Teach(Taught),
    /// A line of an order was paid.
    Bought(Purchase),
    /// The customer bought what a decision was about, for the first time in its epoch.
    Converted {
        /// In which store.
        store: StoreId,
        /// About which offer.
        offer: OfferId,
        /// In which epoch.
        epoch: u32,
        /// Whether they had been told.
        treated: bool,
    },
    /// What is still on its way is not wanted any more.
    Cancel(DecisionId),
}

/// What the core lends to a machine while it works: what is common to all customers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lent {
    pub(crate) brain: Brain,
    pub(crate) levers: BTreeMap<StoreId, BTreeMap<OfferId, Lever>>,
}

impl Lent {
    /// What people said about a store's offers.
    fn levers(&self, store: &StoreId) -> &BTreeMap<OfferId, Lever> {
        static NOTHING_SAID: BTreeMap<OfferId, Lever> = BTreeMap::new();
        self.levers.get(store).unwrap_or(&NOTHING_SAID)
    }
}

/// The machine of one customer.
#[derive(Debug, Clone)]
pub struct Shopper {
    customer: CustomerId,
    seed: u64,
    state: ShopperState,
    policies: BTreeMap<StoreId, Arc<Catalogue>>,
    lent: Lent,
    /// What was due by then is done.
    woken: Timestamp,
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
            lent: Lent::default(),
            woken: Timestamp::default(),
            commands: VecDeque::new(),
            changed: false,
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        if let Input::Around(surroundings) = input {
            return self.surround(surroundings);
        }
        self.handle_timeout(now);
        match input {
            Input::Presence(presence) => self.presence(&presence, now),
            Input::Around(_) => {}
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
            Input::Refused { decision, kept, .. } => self.refused(decision, kept),
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.stop_waiting(now);
        self.find_visits(now);
        self.learn_no(now);
        self.expire(now);
        self.fire(now);
        self.woken = now;
    }

    /// Swaps what is lent with what the machine has: once before it works, once after.
    pub(crate) const fn swap(&mut self, lent: &mut Lent) {
        std::mem::swap(&mut self.lent, lent);
    }

    /// When the machine next wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let waiting = self.state.pending.as_ref().map(Pending::due);
        [waiting, self.next_visit(), self.next_expiry(), self.next_lesson(), self.next_pattern(self.woken)]
            .into_iter()
            .flatten()
            .min()
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
            self.state.around = None;
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
            EventKind::Interest { interest, product, category, probability } => {
                let category = category.or_else(|| product.as_ref().and_then(|p| self.category_of(p)));
                let (product, category) = (product.as_ref(), category.as_ref());
                let brand = product.and_then(|product| self.brand_of(product));
                let brand = brand.as_deref();
                self.state.intent.take(&Touch { interest, product, category, brand, at, probability });
                if let Some(signal) = patterns::signal_of(interest) {
                    self.mark_event(&event.id, signal, product, probability, at, now);
                }
                if probability.get() >= OWN {
                    self.intent_came(&event.id, interest, product, category, at, now);
                }
            }
            EventKind::Purchased { order, lines } => self.bought(&event.id, order.as_deref(), &lines, at),
            EventKind::Returned { order, lines } => self.returned(order.as_deref(), &lines),
            EventKind::Opened => {
                self.mark_event(&event.id, Signal::AppOpened, None, Probability::ONE, at, now);
            }
            EventKind::Complained => {
                self.state.person.complain(at);
                self.cancel(|_| true);
            }
            EventKind::Preferences(preferences) => self.prefer(preferences),
            EventKind::Contacted { .. } => self.state.person.contacted(at),
            EventKind::Consent(_) | EventKind::Other { .. } => {}
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

    fn brand_of(&self, product: &ProductId) -> Option<String> {
        self.policies.values().find_map(|plan| plan.product(product))?.brand.clone()
    }

    fn category_of(&self, product: &ProductId) -> Option<CategoryId> {
        self.policies.values().find_map(|plan| plan.product(product)).map(|product| product.category.clone())
    }
}

#[cfg(test)]
mod tests;

//! A question of another channel: what to say to a customer now, if anything.

use decide::keyed;
use model::decision::{Around, Decision};
use model::ids::{CustomerId, DecisionId, StoreId, ZoneId};
use model::offer::Channel;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Core;
use crate::shopper::{self, Shopper, ShopperState};

/// Most offers that one question may ask for.
pub const COUNT_MAX: u8 = 10;
/// The zone of a question that knows none, about a customer who is nowhere in the store: on no plan.
const NOWHERE: &str = "nowhere";
/// The name of somebody nobody knows, in a decision that is not kept.
const NOBODY: &str = "nobody";

/// What another channel wants to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// The id of the first decision; asked again with the same id, nothing new is decided.
    pub id: DecisionId,
    /// In which store.
    pub store: StoreId,
    /// Where the customer is, when the channel knows; else where they are believed to be.
    #[serde(default)]
    pub zone: Option<ZoneId>,
    /// The place on the page or screen.
    #[serde(default)]
    pub placement: Option<String>,
    /// By which way the answer is shown. It is the caller that shows it: nothing is sent.
    #[serde(default)]
    pub channel: Channel,
    /// What the channel knows of the surroundings.
    #[serde(default)]
    pub around: Around,
    /// How many offers at most; at least one, at most [`COUNT_MAX`].
    pub count: u8,
}

impl Ask {
    /// A question for one offer in a store, for a web page.
    #[must_use]
    pub fn new(id: DecisionId, store: StoreId) -> Self {
        Self { id, store, zone: None, placement: None, channel: Channel::Web, around: Around::default(), count: 1 }
    }

    /// How many decisions it asks for.
    #[must_use]
    pub fn wanted(&self) -> u8 {
        self.count.clamp(1, COUNT_MAX)
    }

    /// The id of its `n`-th decision.
    #[must_use]
    pub fn decision(&self, n: u8) -> DecisionId {
        if n == 0 {
            return self.id;
        }
        DecisionId(keyed::id(0, "ask", &[&self.id.0.to_be_bytes(), &[n]]))
    }

    /// The question for the `n`-th decision alone.
    fn nth(&self, n: u8) -> Self {
        Self { id: self.decision(n), count: 1, ..self.clone() }
    }
}

/// The zone of whoever is in none that is known.
pub(crate) fn nowhere() -> ZoneId {
    ZoneId::new(NOWHERE).expect("the word is a slug")
}

impl Core {
    /// Decides for another channel; each decision is made before the next, so that limits hold over all of them.
    pub(super) fn asked(&mut self, customer: &CustomerId, ask: &Ask) {
        self.policy(customer, &ask.store);
        for n in 0..ask.wanted() {
            self.shopper(customer, shopper::Input::Ask(ask.nth(n)));
        }
    }

    /// What would be decided now; changes nothing and keeps nothing. None for a store that is not known.
    ///
    /// Without a customer, or with one that is not in memory, it rests on the question alone.
    #[must_use]
    pub fn ask(&self, customer: Option<&CustomerId>, ask: &Ask, now: Timestamp) -> Option<Decision> {
        let plan = self.plans.get(&ask.store)?;
        let left = self.leases.available(plan);
        let known = customer.and_then(|customer| self.shoppers.get_key_value(customer));
        let (customer, state) = match known {
            Some((customer, slot)) => (customer.clone(), slot.state(&self.names).into_owned()),
            None => (CustomerId::new(NOBODY).expect("the word is a reference"), ShopperState::of_nobody()),
        };
        let mut shopper = Shopper::new(shopper::Config { customer }, self.config.seed);
        shopper.restore(state);
        Some(shopper.preview(plan, ask, &left, &self.lent, now))
    }
}

//! What a customer was told and what they bought: the memory that caps, pauses and fatigue are counted on.

use std::collections::BTreeMap;

use model::ids::{CategoryId, DecisionId, OfferId, ProductId};
use model::outcome::OutcomeKind;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// Most tellings kept per customer; the oldest is forgotten first. At the usual 5 a day it is 100 days.
pub const TOLD_MAX: usize = 512;
/// Most purchased products kept per customer; the oldest is forgotten first.
pub const BOUGHT_MAX: usize = 256;
/// After this time a contact weighs half on the customer's patience (DECISION 3.7: 7 days).
pub const FATIGUE_HALF_LIFE: Millis = Millis::hours(7 * 24);

/// How the customer took what they were told; the last word counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// Nothing came back.
    #[default]
    Ignored,
    /// Put away.
    Dismissed,
    /// Opened.
    Opened,
    /// Used, or the product was bought.
    Taken,
}

impl Reaction {
    /// What one fresh contact costs of the customer's patience (DECISION 3.7).
    #[must_use]
    pub const fn strain(self) -> f64 {
        match self {
            Self::Ignored => 1.0,
            Self::Dismissed => 2.0,
            Self::Opened => 0.3,
            Self::Taken => -0.5,
        }
    }
}

/// One time that the customer was told something; ghost offers count as told, so that both arms see the same limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// By which decision.
    pub decision: DecisionId,
    /// Which offer.
    pub offer: OfferId,
    /// When.
    pub at: Timestamp,
    /// How they took it.
    pub reaction: Reaction,
    /// The category it was about, so that other stores' caps count it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// The brand it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
}

/// The last purchase of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bought {
    /// When.
    pub at: Timestamp,
    /// The product's category, when known.
    pub category: Option<CategoryId>,
}

/// What a customer was told and bought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    told: Vec<Told>,
    bought: BTreeMap<ProductId, Bought>,
}

impl History {
    /// Notes that the customer is told something.
    pub fn tell(&mut self, decision: DecisionId, offer: OfferId, at: Timestamp) {
        self.tell_about(decision, offer, None, None, at);
    }

    /// Notes that the customer is told something about a category and a brand.
    pub fn tell_about(
        &mut self,
        decision: DecisionId,
        offer: OfferId,
        category: Option<CategoryId>,
        brand: Option<String>,
        at: Timestamp,
    ) {
        if self.told.len() >= TOLD_MAX {
            self.told.remove(0);
        }
        self.told.push(Told { decision, offer, at, reaction: Reaction::Ignored, category, brand });
    }

    /// Takes a telling back that never reached the customer. False if it was not there.
    pub fn take_back(&mut self, decision: DecisionId) -> bool {
        let before = self.told.len();
        self.told.retain(|told| told.decision != decision);
        self.told.len() < before
    }

    /// Notes how the customer took it.
    pub fn react(&mut self, decision: DecisionId, outcome: OutcomeKind) {
        let reaction = match outcome {
            OutcomeKind::Opened | OutcomeKind::Visited => Reaction::Opened,
            OutcomeKind::Dismissed | OutcomeKind::Muted => Reaction::Dismissed,
            OutcomeKind::Redeemed | OutcomeKind::Purchased => Reaction::Taken,
            OutcomeKind::Delivered | OutcomeKind::Expired | OutcomeKind::Later | OutcomeKind::More => return,
        };
        let told = self.told.iter_mut().find(|told| told.decision == decision);
        // A purchase is the last word, also when a late "dismissed" follows it.
        if let Some(told) = told.filter(|told| told.reaction != Reaction::Taken) {
            told.reaction = reaction;
        }
    }

    /// Notes a purchase; the newest of a product counts.
    pub fn buy(&mut self, product: &ProductId, category: Option<&CategoryId>, at: Timestamp) {
        if self.bought.get(product).is_some_and(|bought| bought.at >= at) {
            return;
        }
        self.bought.insert(product.clone(), Bought { at, category: category.cloned() });
        if self.bought.len() > BOUGHT_MAX {
            let oldest = self.bought.iter().min_by_key(|(_, bought)| bought.at).map(|(id, _)| id.clone());
            oldest.map(|id| self.bought.remove(&id));
        }
    }

    /// Takes in what the same person was told and bought under another name: each telling counts once.
    pub fn absorb(&mut self, other: Self) {
        for told in other.told {
            match self.told.iter_mut().find(|known| known.decision == told.decision) {
                Some(known) if known.reaction == Reaction::Ignored => known.reaction = told.reaction,
                Some(_) => {}
                None => self.told.push(told),
            }
        }
        self.told.sort_by_key(|told| (told.at, told.decision));
        self.told.drain(..self.told.len().saturating_sub(TOLD_MAX));
        for (product, bought) in other.bought {
            self.buy(&product, bought.category.as_ref(), bought.at);
        }
    }

    /// Notes that a product came back.
    pub fn give_back(&mut self, product: &ProductId) {
        self.bought.remove(product);
    }

    /// Everything told, in the order it was told.
    #[must_use]
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// The last purchase of each product.
    #[must_use]
    pub const fn bought(&self) -> &BTreeMap<ProductId, Bought> {
        &self.bought
    }

    /// How worn the customer's patience is: every contact's strain, faded; never negative.
    #[must_use]
    pub fn fatigue(&self, now: Timestamp) -> f64 {
        let strains = self.told.iter().map(|told| {
            let age = now.since(told.at).as_seconds().max(0.0);
            told.reaction.strain() * (-age / FATIGUE_HALF_LIFE.as_seconds()).exp2()
        });
        strains.sum::<f64>().max(0.0)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.bought.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> OfferId {
        OfferId::new("o").expect("a slug")
    }

    #[test]
    fn fatigue_fades_and_depends_on_the_reaction() {
        let mut history = History::default();
        let now = Timestamp(0) + FATIGUE_HALF_LIFE;
        history.tell(DecisionId(1), offer(), Timestamp(0));
        assert!((history.fatigue(now) - 0.5).abs() < 1e-12);
        history.react(DecisionId(1), OutcomeKind::Dismissed);
        assert!((history.fatigue(now) - 1.0).abs() < 1e-12);
        history.react(DecisionId(1), OutcomeKind::Redeemed);
        history.react(DecisionId(1), OutcomeKind::Dismissed);
        assert!(history.fatigue(now).abs() < 1e-12, "what was used does not wear");
    }

    #[test]
    fn two_histories_of_one_person_add_up_and_no_telling_counts_twice() {
        let (mut one, mut other) = (History::default(), History::default());
        for (decision, at) in [(1, 10), (3, 30)] {
            one.tell(DecisionId(decision), offer(), Timestamp(at));
        }
        for (decision, at) in [(2, 20), (3, 30)] {
            other.tell(DecisionId(decision), offer(), Timestamp(at));
        }
        other.react(DecisionId(3), OutcomeKind::Dismissed);
        let product = ProductId::new("p").expect("a reference");
        one.buy(&product, None, Timestamp(5));
        other.buy(&product, None, Timestamp(9));
        let (mut ab, mut ba) = (one.clone(), other.clone());
        ab.absorb(other);
        ba.absorb(one);
        assert_eq!(ab, ba, "whoever goes on knows the same");
        let told: Vec<_> = ab.told().iter().map(|told| (told.decision.0, told.reaction)).collect();
        assert_eq!(told, [(1, Reaction::Ignored), (2, Reaction::Ignored), (3, Reaction::Dismissed)]);
        assert_eq!(ab.bought()[&product].at, Timestamp(9));
    }

    #[test]
    fn memory_is_bounded() {
        let mut history = History::default();
        for n in 0..2_000 {
            history.tell(DecisionId(n), offer(), Timestamp(0));
            let product = ProductId::new(&format!("p{n}")).expect("a reference");
            history.buy(&product, None, Timestamp(i64::try_from(n).expect("small")));
        }
        assert_eq!(history.told().len(), TOLD_MAX);
        assert_eq!(history.bought().len(), BOUGHT_MAX);
        assert!(history.bought().contains_key("p1999"), "the newest stays");
    }

    #[test]
    fn an_older_purchase_that_comes_late_changes_nothing() {
        let mut history = History::default();
        let product = ProductId::new("p").expect("a reference");
        history.buy(&product, None, Timestamp(20));
        history.buy(&product, None, Timestamp(10));
        assert_eq!(history.bought()[&product].at, Timestamp(20));
    }
}

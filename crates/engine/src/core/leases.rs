//! Shares of offers' budgets that this core may spend without asking, so that no two cores can overspend together.

use std::collections::BTreeMap;

use model::ids::{OfferId, StoreId};
use model::shop::Shop as Plan;
use model::time::{Millis, Timestamp};

/// More is asked for when so many units or fewer are left.
pub(super) const LOW: u64 = 5;
/// After the answer that there are none left, it is asked again so much later: some may have come back.
pub(super) const ASK_AGAIN: Millis = Millis::seconds(60);

/// Whether more was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// No, or it was granted.
    No,
    /// Yes, and there is no answer yet.
    Waiting,
    /// Yes, and there were none left at this time.
    NoneLeft(Timestamp),
}

#[derive(Debug)]
struct Lease {
    budget: u64,
    units: u64,
    /// Units taken of the budget in all, those in hand among them. More than the budget when units in hand are not to be
    /// had any more, because others spent them.
    taken: u64,
    asked: Asked,
}

impl Lease {
    /// What is spent, as far as is known here: what others have in hand counts as spent.
    const fn spent(&self) -> u64 {
        self.taken.saturating_sub(self.units)
    }

    /// What is left of the whole budget.
    const fn left(&self) -> u64 {
        self.budget.saturating_sub(self.spent())
    }
}

/// What is leased of every offer with a budget.
#[derive(Debug, Default)]
pub(super) struct Leases(BTreeMap<(StoreId, OfferId), Lease>);

impl Leases {
    /// Takes a plan in; gives the offers of which a lease is needed.
    ///
    /// Units of a budget that was lowered or taken away are dropped: rather spend too few than too many.
    pub(super) fn plan(&mut self, plan: &Plan) -> Vec<OfferId> {
        let store = &plan.store.id;
        let declared = |offer: &OfferId| plan.offer(offer).and_then(|offer| offer.budget);
        self.0.retain(|(of, offer), lease| of != store || declared(offer).is_some_and(|budget| budget >= lease.budget));
        let mut needed = Vec::new();
        for offer in &plan.offers {
            let Some(budget) = offer.budget else { continue };
            let key = (store.clone(), offer.id.clone());
            let raised = self.0.get(&key).is_none_or(|lease| lease.budget < budget);
            let lease = self.0.entry(key).or_insert(Lease { budget, units: 0, taken: 0, asked: Asked::No });
            lease.budget = budget;
            if raised && lease.asked != Asked::Waiting {
                lease.asked = Asked::Waiting;
                needed.push(offer.id.clone());
            }
        }
        needed
    }

    /// Takes units in. Those of an offer that has no budget any more are not needed.
    ///
    /// `used` is what was taken of the budget by all, with these units, as far as the shell knows.
    pub(super) fn lease(&mut self, store: &StoreId, offer: &OfferId, units: u64, used: Option<u64>, now: Timestamp) {
        if let Some(lease) = self.0.get_mut(&(store.clone(), offer.clone())) {
            // More than the budget itself can't be: the shell's answer is bounded here too.
            lease.units = lease.units.saturating_add(units).min(lease.budget);
            let taken = used.unwrap_or_else(|| lease.taken.saturating_add(units));
            lease.taken = taken.min(lease.budget.saturating_add(lease.units));
            lease.asked = if units == 0 { Asked::NoneLeft(now) } else { Asked::No };
        }
    }

    /// The offers of a plan of which a unit is in hand, and how many units of the whole budget are left.
    pub(super) fn available(&self, plan: &Plan) -> BTreeMap<OfferId, u64> {
        let store = &plan.store.id;
        let left = self.0.iter().filter(|((of, _), lease)| of == store && lease.units > 0);
        left.map(|((_, offer), lease)| (offer.clone(), lease.left())).collect()
    }

    /// The units of every offer with a budget, and what was taken of it in all.
    pub(super) fn all(&self) -> impl Iterator<Item = (&StoreId, &OfferId, u64, u64)> {
        self.0.iter().map(|((store, offer), lease)| (store, offer, lease.units, lease.taken))
    }

    /// What is spent of each budget, as far as is known here: what others have in hand counts as spent.
    pub(super) fn spent(&self) -> impl Iterator<Item = (&StoreId, &OfferId, u64, u64)> {
        self.0.iter().map(|((store, offer), lease)| (store, offer, lease.budget, lease.spent()))
    }

    /// Takes one unit out; false if there is none, or none but the last `kept` of the whole budget.
    pub(super) fn reserve(&mut self, store: &StoreId, offer: &OfferId, kept: u64) -> bool {
        let lease = self.0.get_mut(&(store.clone(), offer.clone()));
        let Some(lease) = lease.filter(|lease| lease.units > 0 && lease.left() > kept) else { return false };
        lease.units -= 1;
        true
    }

    /// Puts one unit back.
    pub(super) fn release(&mut self, store: &StoreId, offer: &OfferId) {
        if let Some(lease) = self.0.get_mut(&(store.clone(), offer.clone())) {
            lease.units = lease.units.saturating_add(1).min(lease.budget);
        }
    }

    /// A commit told that others have spent so much that no more than this is left, whatever was known here: whoever must
    /// leave so much gets none from now on, also without a new lease.
    pub(super) fn spent_but(&mut self, store: &StoreId, offer: &OfferId, left: u64) {
        if let Some(lease) = self.0.get_mut(&(store.clone(), offer.clone())) {
            let spent = lease.budget.saturating_sub(left);
            lease.taken = lease.taken.max(spent.saturating_add(lease.units));
        }
    }

    /// Whether it is time to ask for more; it counts as asked then.
    pub(super) fn runs_low(&mut self, store: &StoreId, offer: &OfferId, now: Timestamp) -> bool {
        let Some(lease) = self.0.get_mut(&(store.clone(), offer.clone())) else { return false };
        let may_ask = match lease.asked {
            Asked::No => true,
            Asked::Waiting => false,
            Asked::NoneLeft(at) => now.since(at) >= ASK_AGAIN,
        };
        let ask = may_ask && lease.units <= LOW;
        if ask {
            lease.asked = Asked::Waiting;
        }
        ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> (StoreId, OfferId) {
        (StoreId::new("s").expect("a slug"), OfferId::new("o").expect("a slug"))
    }

    fn leases(budget: u64) -> Leases {
        Leases(BTreeMap::from([(key(), Lease { budget, units: 0, taken: 0, asked: Asked::Waiting })]))
    }

    #[test]
    fn no_more_is_given_out_than_was_leased() {
        let (store, offer) = key();
        let mut leases = leases(100);
        leases.lease(&store, &offer, 3, None, Timestamp(0));
        assert_eq!((0..10).filter(|_| leases.reserve(&store, &offer, 0)).count(), 3);
        leases.release(&store, &offer);
        assert!(leases.reserve(&store, &offer, 0));
        assert!(!leases.reserve(&store, &offer, 0));
    }

    #[test]
    fn the_last_units_are_only_for_whom_they_are_kept() {
        let (store, offer) = key();
        let mut leases = leases(10);
        leases.lease(&store, &offer, 10, Some(10), Timestamp(0));
        assert_eq!((0..10).filter(|_| leases.reserve(&store, &offer, 3)).count(), 7, "three stay");
        assert_eq!(leases.0[&key()].left(), 3);
        assert!(!leases.reserve(&store, &offer, 3) && leases.reserve(&store, &offer, 0));
        leases.release(&store, &offer);
        leases.release(&store, &offer);
        assert!(leases.reserve(&store, &offer, 3), "what comes back counts again");
        // What others have in hand may be gone: it is not counted on.
        leases.lease(&store, &offer, 0, Some(10), Timestamp(0));
        assert!(!leases.reserve(&store, &offer, 3));
    }

    #[test]
    fn what_a_commit_told_holds_until_units_come_back() {
        let (store, offer) = key();
        let mut leases = leases(60);
        leases.lease(&store, &offer, 40, Some(40), Timestamp(0));
        leases.spent_but(&store, &offer, 30);
        assert!(!leases.reserve(&store, &offer, 30), "others have spent the rest, though 40 are in hand");
        assert!(leases.reserve(&store, &offer, 20));
        leases.spent_but(&store, &offer, 45);
        assert!(!leases.reserve(&store, &offer, 29), "an older word takes nothing back");
        // Noted and played again it is the same.
        let (_, _, units, taken) = leases.all().next().expect("one offer");
        let mut again = self::leases(60);
        again.lease(&store, &offer, units, Some(taken), Timestamp(0));
        assert!(!again.reserve(&store, &offer, 29) && again.reserve(&store, &offer, 28));
        leases.release(&store, &offer);
        assert!(leases.reserve(&store, &offer, 29));
    }

    #[test]
    fn more_is_asked_for_once_and_after_none_left_only_later() {
        let (store, offer) = key();
        let mut leases = leases(100);
        assert!(!leases.runs_low(&store, &offer, Timestamp(0)), "it was asked for already");
        leases.lease(&store, &offer, LOW, None, Timestamp(0));
        assert!(leases.runs_low(&store, &offer, Timestamp(0)));
        assert!(!leases.runs_low(&store, &offer, Timestamp(0)));
        leases.lease(&store, &offer, 0, None, Timestamp(0));
        assert!(!leases.runs_low(&store, &offer, Timestamp(59_999)));
        assert!(leases.runs_low(&store, &offer, Timestamp(60_000)));
    }
}

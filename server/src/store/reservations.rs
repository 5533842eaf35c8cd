//! Caps and budgets, exact under concurrency: a decision that is said holds a row, taken in its own transaction.
//!
//! Rows that decide are locked first (the customer's, then the offer's budget), in the same order by everybody, so
//! that each statement that counts sees what others have committed. Under SQLite's one writer the locks do nothing.

use std::collections::BTreeMap;

use model::decision::{Choice, Decision, Refusal};
use model::ids::{CategoryId, CustomerId, DecisionId, OfferId, SegmentId, StoreId};
use model::offer::{Cap, CapScope, Offer};
use model::shop::Shop;
use model::time::{Millis, Timestamp};

use super::commit::whole;
use super::decisions::Body;
use super::driver::{Done, Step, Value, to_json};

/// What a decision takes: one unit of each cap of its customer, and of its offer's budget.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reservation {
    pub(crate) store: StoreId,
    pub(crate) offer: OfferId,
    pub(crate) category: Option<CategoryId>,
    pub(crate) brand: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) budget: Option<u64>,
    /// What of the budget must stay for customers of other segments.
    pub(crate) kept: u64,
    pub(crate) caps: Vec<(CapScope, Cap)>,
}

impl Reservation {
    /// What an offer of a shop takes that is said to somebody of a segment.
    pub(crate) fn new(shop: &Shop, offer: &Offer, segment: Option<&SegmentId>, at: Timestamp) -> Self {
        let product = offer.product.as_ref().and_then(|id| shop.product(id));
        let category = offer.category.clone().or_else(|| product.map(|product| product.category.clone()));
        let brand = offer.brand.clone().or_else(|| product.and_then(|product| product.brand.clone()));
        let mut caps = vec![(CapScope::Offer, offer.cap), (CapScope::All, shop.store.cap)];
        caps.extend(offer.caps.iter().map(|cap| (cap.scope, Cap { times: cap.times, hours: cap.hours })));
        let (store, kept) = (shop.store.id.clone(), shop.kept_from(segment, offer));
        Self { store, offer: offer.id.clone(), category, brand, at, budget: offer.budget, kept, caps }
    }
}

/// A check of a reservation: the place of its step, and what to answer when it took the row away.
#[derive(Debug, Clone)]
pub(super) struct Check {
    step: usize,
    decision: DecisionId,
    refusal: Refusal,
}

/// A decision that was refused at its commit, with its customer and what it was refused for.
pub type RefusedDecision = (CustomerId, DecisionId, Refusal);

/// Locks what the reservations of a commit count on.
pub(super) fn lock_steps(
    steps: &mut Vec<Step>,
    taken: &BTreeMap<DecisionId, Reservation>,
    decisions: &BTreeMap<DecisionId, Decision>,
) {
    let mut customers: Vec<&CustomerId> =
        taken.keys().filter_map(|id| decisions.get(id)).map(|decision| &decision.customer).collect();
    customers.sort();
    customers.dedup();
    for customer in customers {
        let sql = "UPDATE customers SET at = at WHERE id = $1";
        steps.push(Step::Execute { sql, args: vec![customer.as_str().into()] });
    }
    let budgeted = taken.values().filter(|reservation| reservation.budget.is_some());
    let mut budgets: Vec<(&StoreId, &OfferId)> = budgeted.map(|r| (&r.store, &r.offer)).collect();
    budgets.sort();
    budgets.dedup();
    for (store, offer) in budgets {
        let key: Vec<Value> = vec![store.as_str().into(), offer.as_str().into()];
        let sql = "INSERT INTO budgets (store, offer, used, granted, leased) VALUES ($1, $2, 0, 0, 0) \
                   ON CONFLICT DO NOTHING";
        steps.push(Step::Execute { sql, args: key.clone() });
        let sql = "UPDATE budgets SET granted = granted WHERE store = $1 AND offer = $2";
        steps.push(Step::Execute { sql, args: key });
    }
}

/// Takes the row, checks it against every cap and the budget, counts it, and turns a refused decision into silence.
pub(super) fn reserve_steps(
    steps: &mut Vec<Step>,
    checks: &mut Vec<Check>,
    decision: &Decision,
    reservation: &Reservation,
) {
    let id: Value = decision.id.to_string().into();
    let key: Vec<Value> = vec![reservation.store.as_str().into(), reservation.offer.as_str().into()];
    let sql = "INSERT INTO reservations (decision, store, offer, customer, category, brand, at, counted) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT DO NOTHING";
    let args = vec![
        id.clone(),
        key[0].clone(),
        key[1].clone(),
        decision.customer.as_str().into(),
        reservation.category.as_ref().map(|category| category.as_str().to_owned()).into(),
        reservation.brand.clone().into(),
        reservation.at.into(),
    ];
    steps.push(Step::Execute { sql, args });
    for (scope, cap) in &reservation.caps {
        let step = cap_step(decision, reservation, *scope, *cap);
        let refusal = Refusal::Cap { told: cap.times, times: cap.times, hours: cap.hours, scope: *scope };
        check(steps, checks, decision, step, refusal);
    }
    if let Some(budget) = reservation.budget {
        let kept = reservation.kept;
        let sql = "DELETE FROM reservations WHERE decision = $1 AND counted = 0 AND \
                   (SELECT granted FROM budgets WHERE store = $2 AND offer = $3) >= $4";
        let args = vec![id.clone(), key[0].clone(), key[1].clone(), whole(budget.saturating_sub(kept)).into()];
        let step = Step::Execute { sql, args };
        check(steps, checks, decision, step, Refusal::Budget { budget, kept });
        let sql = "UPDATE budgets SET granted = granted + 1 WHERE store = $2 AND offer = $3 \
                   AND EXISTS (SELECT 1 FROM reservations WHERE decision = $1 AND counted = 0)";
        steps.push(Step::Execute { sql, args: vec![id.clone(), key[0].clone(), key[1].clone()] });
    }
    let sql = "UPDATE reservations SET counted = 1 WHERE decision = $1 AND counted = 0";
    steps.push(Step::Execute { sql, args: vec![id] });
}

/// What is refused goes nowhere: run after the deliveries were written.
pub(super) fn drop_refused_step(decision: DecisionId) -> Step {
    let sql = "DELETE FROM deliveries WHERE decision = $1 AND state = 'pending' \
               AND NOT EXISTS (SELECT 1 FROM reservations WHERE decision = $1)";
    Step::Execute { sql, args: vec![decision.to_string().into()] }
}

/// Which decisions the checks refused.
pub(super) fn refused(
    checks: &[Check],
    done: &[Done],
    decisions: &BTreeMap<DecisionId, Decision>,
) -> Vec<RefusedDecision> {
    let hit = checks.iter().filter(|check| done.get(check.step).is_some_and(|done| done.affected > 0));
    let named = hit.filter_map(|check| {
        let customer = decisions.get(&check.decision)?.customer.clone();
        Some((customer, check.decision, check.refusal.clone()))
    });
    named.collect()
}

/// A delivery that did not get there gives back what it took; once, and only while it was on its way.
pub(super) fn release_steps(steps: &mut Vec<Step>, customer: &CustomerId, decision: DecisionId) {
    let args: Vec<Value> = vec![decision.to_string().into(), customer.as_str().into()];
    for sql in [
        // The lock comes as a statement of its own: the next one then sees whether another has released it already.
        "UPDATE budgets SET granted = granted WHERE EXISTS (SELECT 1 FROM reservations r WHERE r.decision = $1 \
         AND r.customer = $2 AND r.store = budgets.store AND r.offer = budgets.offer)",
        "UPDATE budgets SET granted = granted - 1 WHERE granted > 0 AND EXISTS (SELECT 1 FROM reservations r \
         JOIN deliveries d ON d.decision = r.decision WHERE r.decision = $1 AND r.customer = $2 AND r.counted = 1 \
         AND d.state IN ('pending', 'sending') AND r.store = budgets.store AND r.offer = budgets.offer)",
        "DELETE FROM reservations WHERE decision = $1 AND customer = $2 AND EXISTS (SELECT 1 FROM deliveries d \
         WHERE d.decision = $1 AND d.state IN ('pending', 'sending'))",
    ] {
        steps.push(Step::Execute { sql, args: args.clone() });
    }
}

/// How many steps a cancel takes; the last says whether it came in time.
pub(super) const CANCEL_STEPS: usize = 4;

/// A delivery that nobody has taken up yet is called back, and gives back what it took.
pub(super) fn cancel_steps(steps: &mut Vec<Step>, customer: &CustomerId, decision: DecisionId) {
    let args: Vec<Value> = vec![decision.to_string().into(), customer.as_str().into()];
    for sql in [
        // The row is held from here on: a worker that claims at the same moment comes before or after, never between.
        "UPDATE deliveries SET leased_until = leased_until WHERE decision = $1 AND customer = $2 AND state = 'pending'",
        "UPDATE budgets SET granted = granted - 1 WHERE granted > 0 AND EXISTS (SELECT 1 FROM reservations r \
         JOIN deliveries d ON d.decision = r.decision WHERE r.decision = $1 AND r.customer = $2 AND r.counted = 1 \
         AND d.state = 'pending' AND r.store = budgets.store AND r.offer = budgets.offer)",
        "DELETE FROM reservations WHERE decision = $1 AND customer = $2 AND EXISTS (SELECT 1 FROM deliveries d \
         WHERE d.decision = $1 AND d.state = 'pending')",
        "UPDATE deliveries SET state = 'withheld', code = 'called-back' WHERE decision = $1 AND customer = $2 \
         AND state = 'pending'",
    ] {
        steps.push(Step::Execute { sql, args: args.clone() });
    }
}

/// Gives back what deliveries on their way to a customer took who is no more.
pub(super) fn release_pending_of(steps: &mut Vec<Step>, customer: &CustomerId) {
    for sql in [
        "UPDATE budgets SET granted = granted - (SELECT COUNT(*) FROM reservations r JOIN deliveries d \
         ON d.decision = r.decision WHERE d.customer = $1 AND r.counted = 1 AND d.state = 'pending' \
         AND r.store = budgets.store AND r.offer = budgets.offer) \
         WHERE EXISTS (SELECT 1 FROM reservations r JOIN deliveries d ON d.decision = r.decision \
         WHERE d.customer = $1 AND r.counted = 1 AND d.state = 'pending' \
         AND r.store = budgets.store AND r.offer = budgets.offer)",
        "DELETE FROM reservations WHERE decision IN \
         (SELECT decision FROM deliveries WHERE customer = $1 AND state = 'pending')",
    ] {
        steps.push(Step::Execute { sql, args: vec![customer.as_str().into()] });
    }
}

/// The decision as it is logged and shown when its commit refused it.
pub(crate) fn as_refused(decision: &Decision, refusal: &Refusal) -> Decision {
    let mut refused = decision.clone();
    let silence = Choice::Silence { code: refusal.code().to_owned() };
    if let Choice::Offer { offer } = std::mem::replace(&mut refused.choice, silence)
        && let Some(candidate) = refused.explanation.candidates.iter_mut().find(|one| one.offer == offer)
    {
        candidate.refused = Some(refusal.clone());
    }
    (refused.explanation.en, refused.explanation.it) = if let Refusal::Budget { budget, kept: kept @ 1.. } = refusal {
        let en = format!(
            "Not sent: others took up all of {budget} but the last {kept} at the same moment, which are kept for other customers."
        );
        let it = format!(
            "Non inviata: delle {budget} restano nello stesso istante solo le ultime {kept}, che sono per altri clienti."
        );
        (en, it)
    } else {
        let en = "Not sent: others used up the limit at the same moment.";
        (en.to_owned(), "Non inviata: il limite è stato esaurito nello stesso istante.".to_owned())
    };
    refused
}

/// What stays within a cap stays; the row that is one too many goes.
fn cap_step(decision: &Decision, reservation: &Reservation, scope: CapScope, cap: Cap) -> Step {
    let since = reservation.at - Millis::hours(i64::from(cap.hours));
    let (sql, topic): (&'static str, Option<String>) = match scope {
        CapScope::Offer => (
            "DELETE FROM reservations WHERE decision = $1 AND counted = 0 AND (SELECT COUNT(*) FROM reservations \
             WHERE customer = $2 AND at > $3 AND offer = $5) > $4",
            Some(reservation.offer.as_str().to_owned()),
        ),
        CapScope::Category => (
            "DELETE FROM reservations WHERE decision = $1 AND counted = 0 AND (SELECT COUNT(*) FROM reservations \
             WHERE customer = $2 AND at > $3 AND category = $5) > $4",
            reservation.category.as_ref().map(|category| category.as_str().to_owned()),
        ),
        CapScope::Brand => (
            "DELETE FROM reservations WHERE decision = $1 AND counted = 0 AND (SELECT COUNT(*) FROM reservations \
             WHERE customer = $2 AND at > $3 AND brand = $5) > $4",
            reservation.brand.clone(),
        ),
        CapScope::All => (
            "DELETE FROM reservations WHERE decision = $1 AND counted = 0 AND (SELECT COUNT(*) FROM reservations \
             WHERE customer = $2 AND at > $3) > $4",
            None,
        ),
    };
    let mut args: Vec<Value> = vec![
        decision.id.to_string().into(),
        decision.customer.as_str().into(),
        since.into(),
        i64::from(cap.times).into(),
    ];
    if scope != CapScope::All {
        args.push(topic.into());
    }
    Step::Execute { sql, args }
}

fn check(steps: &mut Vec<Step>, checks: &mut Vec<Check>, decision: &Decision, step: Step, refusal: Refusal) {
    let place = steps.len();
    steps.push(step);
    let sql = "UPDATE decisions SET offer = NULL, code = $2, body = $3 WHERE id = $1 AND offer IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM reservations WHERE decision = $1)";
    let body = to_json(&Body::from(&as_refused(decision, &refusal)));
    let args = vec![decision.id.to_string().into(), refusal.code().into(), body.into()];
    steps.push(Step::Execute { sql, args });
    checks.push(Check { step: place, decision: decision.id, refusal });
}

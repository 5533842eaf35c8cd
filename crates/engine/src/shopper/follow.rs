//! What becomes of an offer: how far it got, whether the customer went there, bought, or nothing happened in time.

use model::delivery::DeliveryState;
use model::ids::{DecisionId, ProductId};
use model::outcome::{Outcome, OutcomeKind};
use model::time::Timestamp;

use super::state::{Open, Stay};
use super::{Command, PURCHASE_WINDOW, REPORT_GRACE, Shopper, VISIT_STAY, VISIT_WINDOW};

impl Shopper {
    /// A device tells what became of a decision; told twice it is once.
    pub(super) fn outcome(&mut self, outcome: Outcome) {
        if !self.state.consent.profiling {
            return;
        }
        self.changed = true;
        self.state.history.react(outcome.decision, outcome.kind);
        if let Some(open) = self.state.open.iter_mut().find(|open| open.decision == outcome.decision) {
            open.outcomes.insert(outcome.kind);
            // What a device shows was sent, also when the channel's own answer got lost.
            open.delivery = open.delivery.map(|_| DeliveryState::Sent);
        }
    }

    pub(super) fn delivery(&mut self, decision: DecisionId, state: DeliveryState, now: Timestamp) {
        let Some(open) = self.state.open.iter_mut().find(|open| open.decision == decision) else { return };
        let Some(known) = open.delivery.filter(|known| *known != DeliveryState::Sent) else { return };
        self.changed = true;
        match state {
            DeliveryState::Pending => {}
            DeliveryState::Sending | DeliveryState::Sent => open.delivery = Some(known.max(state)),
            DeliveryState::Failed | DeliveryState::Withheld => self.take_back(decision),
            DeliveryState::Expired => {
                self.take_back(decision);
                self.found(decision, OutcomeKind::Expired, now);
            }
        }
    }

    /// Others had used up the cap or the budget before the commit: nothing was said.
    pub(super) fn refused(&mut self, decision: DecisionId) {
        self.changed = true;
        self.take_back(decision);
    }

    /// Lets a moment go that waits for units of budgets, and gives them back.
    pub(crate) fn let_go_of_waiting(&mut self) {
        let Some(pending) = self.state.pending.take() else { return };
        let store = pending.moment.store;
        let releases = pending.granted.into_iter().map(|offer| Command::Release { store: store.clone(), offer });
        self.commands.extend(releases);
    }

    /// What never reached the customer counts for nothing: its cap and its unit of the budget are given back.
    fn take_back(&mut self, decision: DecisionId) {
        self.state.history.take_back(decision);
        let Some(index) = self.state.open.iter().position(|open| open.decision == decision) else { return };
        let open = self.state.open.remove(index);
        self.release(&open);
    }

    fn release(&mut self, open: &Open) {
        if open.budgeted {
            self.commands.push_back(Command::Release { store: open.store.clone(), offer: open.offer.clone() });
        }
    }

    /// Gives back every unit that is not spent for sure, before all is forgotten.
    pub(super) fn release_all(&mut self) {
        for open in std::mem::take(&mut self.state.open) {
            if open.delivery == Some(DeliveryState::Pending) {
                self.release(&open);
            }
        }
        self.let_go_of_waiting();
    }

    /// The newest offer about a product takes the credit for its purchase, once.
    pub(super) fn find_purchase(&mut self, product: &ProductId, at: Timestamp) {
        let awaits = |open: &&mut Open| {
            let age = at.since(open.told_at);
            age.0 >= 0
                && age <= PURCHASE_WINDOW
                && open.products.contains(product)
                && !open.outcomes.contains(&OutcomeKind::Purchased)
        };
        let Some(open) = self.state.open.iter_mut().filter(awaits).max_by_key(|open| open.told_at) else { return };
        open.outcomes.insert(OutcomeKind::Purchased);
        let decision = open.decision;
        self.found(decision, OutcomeKind::Purchased, at);
    }

    /// Finds stays at an offer's product that have lasted long enough by `until`.
    pub(super) fn find_visits(&mut self, until: Timestamp) {
        let mut found = Vec::new();
        for open in &mut self.state.open {
            let due = self.state.stays.iter().filter_map(|stay| visit_due(open, stay)).min();
            if let Some(due) = due.filter(|due| *due <= until) {
                open.outcomes.insert(OutcomeKind::Visited);
                found.push((open.decision, due));
            }
        }
        for (decision, at) in found {
            self.found(decision, OutcomeKind::Visited, at);
        }
    }

    pub(super) fn next_visit(&self) -> Option<Timestamp> {
        let pairs = self.state.open.iter().flat_map(|open| self.state.stays.iter().map(move |stay| (open, stay)));
        pairs.filter_map(|(open, stay)| visit_due(open, stay)).min()
    }

    /// Ends what has waited long enough.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let due: Vec<(DecisionId, Timestamp, bool)> = self
            .state
            .open
            .iter()
            .filter_map(|open| Some((open.decision, expiry(open)?, open.delivery == Some(DeliveryState::Pending))))
            .filter(|(_, at, _)| *at <= now)
            .collect();
        for (decision, at, unsent) in due {
            if unsent {
                self.take_back(decision);
            } else if let Some(open) = self.state.open.iter_mut().find(|open| open.decision == decision) {
                open.outcomes.insert(OutcomeKind::Expired);
            }
            self.found(decision, OutcomeKind::Expired, at);
        }
        let before = self.state.open.len();
        self.state.open.retain(|open| now.since(open.told_at) <= PURCHASE_WINDOW);
        self.changed |= self.state.open.len() < before;
    }

    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        self.state.open.iter().filter_map(expiry).min()
    }

    fn found(&mut self, decision: DecisionId, kind: OutcomeKind, at: Timestamp) {
        self.changed = true;
        self.state.history.react(decision, kind);
        self.commands.push_back(Command::Outcome(Outcome { decision, kind, at }));
    }
}

/// When a stay becomes a visit to the offer's product; none if it can't.
fn visit_due(open: &Open, stay: &Stay) -> Option<Timestamp> {
    let there = stay.store == open.store && open.zones.contains(&stay.zone);
    if !there || open.outcomes.contains(&OutcomeKind::Visited) {
        return None;
    }
    let due = stay.since.max(open.told_at) + VISIT_STAY;
    (due.since(open.told_at) <= VISIT_WINDOW).then_some(due)
}

/// When an offer of which nothing comes has expired; none if something came, or if that is still on its way.
fn expiry(open: &Open) -> Option<Timestamp> {
    let answered = open.outcomes.iter().any(|kind| *kind != OutcomeKind::Delivered);
    match open.delivery {
        Some(DeliveryState::Pending) => Some(open.expires_at + REPORT_GRACE),
        Some(DeliveryState::Sent) if !answered => Some((open.told_at + VISIT_WINDOW).max(open.expires_at)),
        // A channel that has not answered may yet have shown it: the cap and the unit stay spent until it says no.
        Some(
            DeliveryState::Sending
            | DeliveryState::Sent
            | DeliveryState::Failed
            | DeliveryState::Expired
            | DeliveryState::Withheld,
        )
        | None => None,
    }
}

//! What becomes of an offer: how far it got, whether the customer went there, bought, or nothing happened in time.

use model::delivery::DeliveryState;
use model::event::Interest;
use model::ids::{DecisionId, ProductId, StoreId};
use model::outcome::{Outcome, OutcomeKind};
use model::preferences::Preferences;
use model::time::Timestamp;
use model::units::Cents;

use super::lesson::CONVERTED_MAX;
use super::moments::topic;
use super::state::{Open, Stay, note};
use super::{Command, PURCHASE_WINDOW, REPORT_GRACE, Shopper, VISIT_STAY, VISIT_WINDOW};

impl Shopper {
    /// A device tells what became of a decision; told twice it is once.
    pub(super) fn outcome(&mut self, outcome: Outcome) {
        if !self.state.consent.profiling {
            return;
        }
        self.changed = true;
        self.state.history.react(outcome.decision, outcome.kind);
        let Some(index) = self.state.open.iter().position(|open| open.decision == outcome.decision) else { return };
        let open = &mut self.state.open[index];
        open.outcomes.insert(outcome.kind);
        // What a device shows was sent, also when the channel's own answer got lost.
        open.delivery = open.delivery.map(|_| DeliveryState::Sent);
        if outcome.kind.is_taken_up() && self.state.open[index].delivery.is_some() {
            self.learn_yes(index);
        }
        self.reply(index, outcome);
    }

    /// What the customer wants to be told: what is on its way against it is called back.
    pub(super) fn prefer(&mut self, preferences: Preferences) {
        let muted = |open: &Open| {
            let plan = self.policies.get(&open.store);
            let (category, brand) = plan.map_or((None, None), |plan| topic(plan, &open.offer));
            preferences.mute_offers.contains(&open.offer)
                || category.is_some_and(|category| preferences.mute_categories.contains(category))
                || brand.is_some_and(|brand| preferences.mute_brands.contains(brand))
        };
        self.commands.extend(cancelled(&self.state.open, muted));
        self.state.person.preferences = preferences;
    }

    /// What a customer says to an offer beside taking it.
    fn reply(&mut self, index: usize, outcome: Outcome) {
        let open = &self.state.open[index];
        let offer = open.offer.clone();
        let category = self.policies.get(&open.store).and_then(|plan| topic(plan, &offer).0.cloned());
        match outcome.kind {
            OutcomeKind::Muted => {
                self.state.person.mute(&offer, category.as_ref());
                self.cancel(|open| open.offer == offer);
            }
            OutcomeKind::Later => {
                self.state.person.not_now(&offer, outcome.at);
                self.cancel(|open| open.offer == offer);
            }
            OutcomeKind::More => {
                let product = self.state.open[index].products.first().cloned();
                self.state.intent.touch(Interest::MoreWanted, product.as_ref(), category.as_ref(), outcome.at);
            }
            OutcomeKind::Delivered
            | OutcomeKind::Opened
            | OutcomeKind::Dismissed
            | OutcomeKind::Visited
            | OutcomeKind::Redeemed
            | OutcomeKind::Purchased
            | OutcomeKind::Expired => {}
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

    /// Others had used up the cap or the budget before the commit: nothing was said. What is `kept` of the budget is all
    /// that can be left of it then.
    pub(super) fn refused(&mut self, decision: DecisionId, kept: Option<u64>) {
        self.changed = true;
        let open = self.state.open.iter().find(|open| open.decision == decision && open.budgeted);
        let spent = kept.zip(open).map(|(left, open)| {
            let (store, offer) = (open.store.clone(), open.offer.clone());
            Command::Spent { store, offer, left }
        });
        // The unit comes back before what is left is told: it is one of those that others have spent.
        self.take_back(decision);
        self.commands.extend(spent);
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

    /// What ran in shadow is answered too, and takes no credit.
    fn find_purchase_in_shadow(&mut self, product: &ProductId, at: Timestamp) {
        let awaits = |open: &Open| open.shadow && awaits_purchase(open, product, at);
        let found: Vec<usize> = (0..self.state.open.len()).filter(|index| awaits(&self.state.open[*index])).collect();
        for index in found {
            self.state.open[index].outcomes.insert(OutcomeKind::Purchased);
            self.found(self.state.open[index].decision, OutcomeKind::Purchased, at);
        }
    }

    /// The newest offer about a product takes the credit for its purchase, once: which, where, and what was saved.
    pub(super) fn find_purchase(&mut self, product: &ProductId, at: Timestamp) -> Option<(DecisionId, StoreId, Cents)> {
        self.find_purchase_in_shadow(product, at);
        let awaits = |open: &Open| !open.shadow && awaits_purchase(open, product, at);
        let opens = self.state.open.iter().enumerate().filter(|(_, open)| awaits(open));
        let (index, _) = opens.max_by_key(|(_, open)| open.told_at)?;
        let open = &mut self.state.open[index];
        open.outcomes.insert(OutcomeKind::Purchased);
        let saved = if open.outcomes.contains(&OutcomeKind::Redeemed) { open.discount } else { Cents(0) };
        let credited = (open.decision, open.store.clone(), saved);
        let (offer, epoch, treated) = (open.offer.clone(), open.epoch, open.delivery.is_some());
        if note(&mut self.state.converted, (offer.clone(), epoch), CONVERTED_MAX) {
            let store = credited.1.clone();
            self.commands.push_back(Command::Converted { store, offer, epoch, treated });
        }
        self.learn_yes(index);
        self.found(credited.0, OutcomeKind::Purchased, at);
        Some(credited)
    }

    /// What is still on its way is called back.
    pub(super) fn cancel(&mut self, unwanted: impl Fn(&Open) -> bool) {
        self.commands.extend(cancelled(&self.state.open, unwanted));
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

/// Whether a purchase at this time may be put down to an offer.
fn awaits_purchase(open: &Open, product: &ProductId, at: Timestamp) -> bool {
    let age = at.since(open.told_at);
    age.0 >= 0
        && age <= PURCHASE_WINDOW
        && open.products.contains(product)
        && !open.outcomes.contains(&OutcomeKind::Purchased)
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

/// Calls back what is still on its way and not wanted any more.
fn cancelled(open: &[Open], unwanted: impl Fn(&Open) -> bool) -> impl Iterator<Item = Command> {
    let pending = open.iter().filter(move |open| open.delivery == Some(DeliveryState::Pending) && unwanted(open));
    pending.map(|open| Command::Cancel(open.decision))
}

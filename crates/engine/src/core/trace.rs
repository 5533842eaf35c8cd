//! What came in about customers, noted as it comes, so that it can be played again without any radio.
//!
//! Only what the customer's consent to profiling covers is noted. A customer's state is noted before the first thing
//! that happens to them, so that the notes rest on nothing but themselves.

use model::ids::CustomerId;

use super::{Core, Input};
use crate::log::Entry;
use crate::shopper::{self, ShopperState};

impl Core {
    /// Begins to note what comes in; [`Core::take_trace`] gives the notes.
    pub fn record(&mut self) {
        self.trace = Some(Vec::new());
    }

    /// What was noted since the last call.
    pub fn take_trace(&mut self) -> Vec<Entry> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Notes all that the core knows beside its customers, and each customer anew before the next that happens to
    /// them: an empty core that is fed what is noted from here on goes on like this one.
    pub fn checkpoint(&mut self) {
        if self.trace.is_none() {
            return;
        }
        let learnt = self.all_learnt();
        let plans = self.files.values().cloned().map(Input::Plan);
        let levers = self.lent.levers.iter().flat_map(|(store, levers)| {
            levers.iter().map(|(offer, lever)| Input::Lever {
                store: store.clone(),
                offer: offer.clone(),
                lever: *lever,
            })
        });
        let leases = self.leases.all().map(|(store, offer, units, taken)| Input::Lease {
            store: store.clone(),
            offer: offer.clone(),
            units,
            used: Some(taken),
        });
        let all: Vec<Input> = learnt.chain(plans).chain(levers).chain(leases).collect();
        for input in all {
            self.note(input);
        }
        for slot in self.shoppers.values_mut() {
            slot.noted = false;
        }
    }

    /// Notes an input.
    pub(super) fn note(&mut self, input: Input) {
        if let Some(trace) = &mut self.trace {
            trace.push(Entry { now: self.now, input });
        }
    }

    /// Notes what is about to happen to a customer, with the state that it happens to.
    pub(super) fn note_shopper(&mut self, customer: &CustomerId, input: &shopper::Input) {
        let consents = matches!(input, shopper::Input::Consent(record) if record.consent.profiling);
        if self.trace.is_some()
            && self.note_state(customer, consents)
            && let Some(input) = noted(customer, input)
        {
            self.note(input);
        }
        // Less is allowed now: what was noted before is erased, so the state is noted anew before what comes next.
        if matches!(input, shopper::Input::Consent(record) if !record.consent.profiling || !record.consent.locating)
            && let Some(slot) = self.shoppers.get_mut(customer)
        {
            slot.noted = false;
        }
    }

    /// Notes that time passed for customers who were due.
    pub(super) fn note_wake(&mut self, due: &[CustomerId]) {
        if self.trace.is_none() {
            return;
        }
        let mut any = false;
        for customer in due {
            any |= self.note_state(customer, false);
        }
        if any {
            self.note(Input::Wake);
        }
    }

    /// Notes a customer's state, if it may be noted and is not yet; says whether it may.
    pub(super) fn note_state(&mut self, customer: &CustomerId, consents: bool) -> bool {
        let Some(slot) = self.shoppers.get_mut(customer) else { return false };
        if !slot.state(&self.names).consent().profiling && !consents {
            return false;
        }
        if !std::mem::replace(&mut slot.noted, true) {
            let state = slot.state(&self.names).into_owned();
            let state = (state != ShopperState::default()).then(|| Box::new(state));
            self.note(Input::Load { customer: customer.clone(), state });
        }
        true
    }
}

/// A machine's input as one of the core; none for what the core tells it by itself.
fn noted(customer: &CustomerId, input: &shopper::Input) -> Option<Input> {
    let customer = customer.clone();
    Some(match input {
        shopper::Input::Presence(presence) => Input::Presence { customer, presence: presence.clone() },
        shopper::Input::Around(surroundings) => Input::Around { customer, surroundings: surroundings.clone() },
        shopper::Input::Gone(device) => Input::Gone { customer, device: *device },
        shopper::Input::Event(event) => Input::Event { customer, event: event.clone() },
        shopper::Input::Consent(record) => Input::Consent { customer, record: record.clone() },
        shopper::Input::Outcome(outcome) => Input::Outcome { customer, outcome: *outcome },
        shopper::Input::Delivery { decision, state } => {
            Input::Delivery { customer, decision: *decision, state: *state }
        }
        shopper::Input::Ask(ask) => Input::Ask { customer, ask: ask.clone() },
        shopper::Input::Refused { decision, code, kept } => {
            Input::Refused { customer, decision: *decision, code: code.clone(), kept: *kept }
        }
        shopper::Input::Policy(_) | shopper::Input::Budget { .. } => return None,
    })
}

//! Declared moments: what happens is marked in the journal, and what its patterns say fires a decision.
//!
//! A shop without declared moments has the usual two, entering and dwelling, which need no journal.
//! A visit is over for a moment when its customer has gone out by the door; one who falls silent elsewhere may be inside.

use std::collections::BTreeSet;

use decide::catalogue::Catalogue;
use decide::signals::{Fired, Mark};
use model::decision::{Moment, Trigger};
use model::event::Interest;
use model::ids::{MessageId, ProductId, VisitId};
use model::offer::Channel;
use model::pattern::Pattern;
use model::presence::{Presence, PresenceKind};
use model::signal::Signal;
use model::time::{Millis, Timestamp};
use model::units::Probability;

use super::Shopper;
use super::moments::ACCOMPANIES;
use super::state::{decision_id, hash};
use crate::core::nowhere;
use crate::shop::DOOR;

/// Whether a shop declares moments of its own.
pub(super) fn declares(plan: &Catalogue) -> bool {
    plan.patterns != Pattern::usual()
}

impl Shopper {
    /// Marks what a presence says.
    pub(super) fn mark_presence(&mut self, presence: &Presence, now: Timestamp) {
        if !self.policies.get(&presence.store).is_some_and(|plan| declares(plan)) {
            return;
        }
        let (signal, word) = match presence.kind {
            PresenceKind::Entered => (Signal::Entered, b"entered".as_slice()),
            PresenceKind::Dwelling => (Signal::Dwelling, b"dwelling".as_slice()),
            PresenceKind::Left => (Signal::Left, b"left".as_slice()),
        };
        let visit = presence.visit.0.to_be_bytes();
        let since = presence.since.0.to_be_bytes();
        let mark = Mark {
            at: presence.at.min(now),
            key: key(&[word, &visit, presence.zone.as_str().as_bytes(), &since]),
            signal,
            store: presence.store.clone(),
            zone: Some(presence.zone.clone()),
            visit: Some(presence.visit),
            product: None,
            probability: presence.probability,
        };
        if presence.kind == PresenceKind::Entered {
            let key = key(&[b"visit", &visit]);
            self.mark(Mark { key, signal: Signal::VisitStarted, zone: None, ..mark.clone() });
        }
        let has_gone = presence.kind == PresenceKind::Left && presence.reason.rule == DOOR;
        if has_gone && self.state.stays.iter().all(|stay| stay.store != presence.store) {
            self.mark_end(&mark);
        }
        self.mark(mark);
        self.fire(now);
    }

    /// Marks the end of the visit, for each of the devices that made one.
    fn mark_end(&mut self, last: &Mark) {
        let lately =
            |mark: &&Mark| mark.store == last.store && mark.at <= last.at && last.at.since(mark.at) <= ACCOMPANIES;
        let all = self.state.journal.marks().iter().filter(lately);
        let mut visits: BTreeSet<VisitId> = all.clone().filter_map(|mark| mark.visit).chain(last.visit).collect();
        all.filter(|mark| mark.signal == Signal::VisitEnded).filter_map(|mark| mark.visit).for_each(|visit| {
            visits.remove(&visit);
        });
        for visit in visits {
            let key = key(&[b"end", &visit.0.to_be_bytes()]);
            self.mark(Mark { key, signal: Signal::VisitEnded, visit: Some(visit), ..last.clone() });
        }
    }

    /// Marks what an app or a shelf says, where the customer is.
    pub(super) fn mark_event(
        &mut self,
        message: &MessageId,
        signal: Signal,
        product: Option<&ProductId>,
        probability: Probability,
        at: Timestamp,
        now: Timestamp,
    ) {
        let stay = self.state.stays.iter().max_by_key(|stay| stay.since);
        let declared = self.policies.iter().filter(|(_, plan)| declares(plan));
        let here = stay.map(|stay| &stay.store);
        let store = declared.map(|(store, _)| store).max_by_key(|store| Some(*store) == here);
        let Some(store) = store.cloned() else { return };
        let stay = stay.filter(|stay| stay.store == store);
        let mark = Mark {
            at,
            key: key(&[b"event", message.as_str().as_bytes()]),
            signal,
            zone: stay.map(|stay| stay.zone.clone()),
            visit: stay.and_then(|stay| stay.devices.first()).map(|(_, visit)| *visit),
            store,
            product: product.cloned(),
            probability,
        };
        self.mark(mark);
        self.fire(now);
    }

    fn mark(&mut self, mark: Mark) {
        self.changed |= self.state.journal.note(mark);
    }

    /// Decides at every declared moment that is due and was not answered yet.
    pub(super) fn fire(&mut self, now: Timestamp) {
        if self.state.journal.is_empty() {
            return;
        }
        let plans: Vec<_> = self.policies.values().filter(|plan| declares(plan)).cloned().collect();
        for plan in plans {
            for fired in self.state.journal.fired(&plan.patterns, &plan, now) {
                if fired.last.store == plan.store.id {
                    self.answer(&fired, now);
                }
            }
        }
    }

    fn answer(&mut self, fired: &Fired, now: Timestamp) {
        let last = &fired.last;
        let stay =
            self.state.stays.iter().find(|stay| stay.store == last.store && Some(&stay.zone) == last.zone.as_ref());
        let zone = last.zone.clone().unwrap_or_else(nowhere);
        let moment = Moment {
            store: last.store.clone(),
            visit: last.visit.unwrap_or(VisitId(0)),
            trigger: Trigger::Pattern,
            at: fired.at,
            dwell: stay.map_or(Millis::ZERO, |stay| stay.dwell(now)),
            // Both must be: that they are there, and that it was them.
            probability: stay.map_or(last.probability, |stay| least(stay.probability, last.probability)),
            pattern: Some(fired.pattern.clone()),
            channel: Channel::Push,
            placement: None,
            around: self.state.around_at(&last.store, &zone),
            zone,
        };
        let id = decision_id(self.seed, &self.customer, &moment, &fired.id.to_be_bytes());
        if self.state.note_moment(id) {
            self.changed = true;
            self.decide(id, moment, now);
        }
    }

    /// When the next declared moment is due if nothing more happens.
    pub(super) fn next_pattern(&self, now: Timestamp) -> Option<Timestamp> {
        if self.state.journal.is_empty() {
            return None;
        }
        let plans = self.policies.values().filter(|plan| declares(plan));
        plans.filter_map(|plan| self.state.journal.next_due(&plan.patterns, plan, now)).min()
    }
}

/// The mark of an interest; none for what is no sign of a moment.
pub(super) const fn signal_of(interest: Interest) -> Option<Signal> {
    match interest {
        Interest::Viewed => Some(Signal::Viewed),
        Interest::Added => Some(Signal::Added),
        Interest::Removed => Some(Signal::Removed),
        Interest::PickedUp => Some(Signal::PickedUp),
        Interest::PutBack => Some(Signal::PutBack),
        Interest::Listed | Interest::Wished | Interest::Unwished | Interest::Shared | Interest::MoreWanted => None,
    }
}

fn least(a: Probability, b: Probability) -> Probability {
    if b.get() < a.get() { b } else { a }
}

fn key(parts: &[&[u8]]) -> u64 {
    hash("mark", parts)
}

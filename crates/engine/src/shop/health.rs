//! Which receivers the shop heeds: looked at every ten seconds in which somebody was heard, and then everybody is believed
//! anew with those left out that are dead or moved.

use std::collections::BTreeMap;
use std::sync::Arc;

use locate::calibrate::Anchors;
use locate::grid::{Estimate, Field, Filter};
use locate::health::{Condition, Watch};
use model::ids::ReceiverId;
use model::shop::{Receiver, Shop as Plan};
use model::sighting::Sighting;
use model::subject::Subject;
use model::time::Timestamp;

use super::Shop;
use super::desk::Desk;

/// The watch, and when it is to judge.
#[derive(Debug, Default)]
pub(super) struct Watching {
    /// From the first plan on.
    watch: Option<Box<Watch>>,
    due: Option<Timestamp>,
}

impl Watching {
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Goes on with another field; receivers that hang elsewhere on the new plan are begun with anew.
    pub(super) fn take(&mut self, whole: &Arc<Field>, old: Option<&Plan>, new: &Plan) {
        self.watch = Some(Box::new(match self.watch.take() {
            Some(watch) => watch.onto(whole, |id| old.is_some_and(|old| place(old, id) != place(new, id))),
            None => Watch::new(whole),
        }));
    }

    /// The field with all receivers as they are.
    pub(super) fn heed(&self, whole: &Arc<Field>) -> Arc<Field> {
        match &self.watch {
            Some(watch) if !watch.conditions().is_empty() => Arc::new(whole.heeding(watch.conditions())),
            Some(_) | None => Arc::clone(whole),
        }
    }

    /// Whether a receiver is where it is believed to be, as far as is known.
    pub(super) fn is_trusted(&self, receiver: &ReceiverId) -> bool {
        self.conditions().and_then(|ill| ill.get(receiver)).is_none_or(|condition| condition.is_trusted())
    }

    /// Takes note that a receiver heard an anchor.
    pub(super) fn hear_anchor(&mut self, anchors: &Anchors, anchor: &ReceiverId, sighting: &Sighting, now: Timestamp) {
        if let Some(watch) = &mut self.watch {
            anchors.tell(anchor, sighting, watch);
            self.due.get_or_insert_with(|| Watch::due(now));
        }
    }

    fn conditions(&self) -> Option<&BTreeMap<ReceiverId, Condition>> {
        self.watch.as_ref().map(|watch| watch.conditions())
    }
}

/// A receiver or a beacon as a plan has it.
pub(super) fn place<'p>(plan: &'p Plan, id: &ReceiverId) -> Option<&'p Receiver> {
    plan.receivers.iter().chain(&plan.beacons).find(|receiver| receiver.id == *id)
}

impl Desk {
    /// Gives a slot to the watch over the receivers.
    pub(super) fn watch(&mut self, filter: &Filter, slot: i64, who: u64, estimate: &Estimate) {
        if let Some(watch) = &mut self.watching.watch {
            filter.examine(slot, who, estimate, &self.work, watch);
            self.watching.due.get_or_insert_with(|| Watch::due(self.now));
        }
    }

    /// Judges the receivers; says whether positions now rest on others.
    fn check_health(&mut self) -> bool {
        self.watching.due = None;
        let Some(watch) = &mut self.watching.watch else { return false };
        let changed = watch.check();
        if changed.is_empty() {
            return false;
        }
        for (receiver, condition) in &changed {
            self.unlearn(receiver, *condition);
        }
        if let Some(ground) = &mut self.ground {
            ground.field = self.watching.heed(&ground.whole);
        }
        true
    }

    /// What traffic said of a receiver that was moved, or that is back where it was, is of another place.
    fn unlearn(&mut self, receiver: &ReceiverId, condition: Condition) {
        let learnt = self.knows_moved(receiver);
        if condition == Condition::Moved {
            self.anchors.forget(receiver);
        }
        let Some(traffic) = &mut self.traffic else { return };
        match condition {
            Condition::Moved => traffic.forget(receiver, true),
            Condition::Well if traffic.has_moved(receiver) && !learnt => traffic.forget(receiver, false),
            Condition::Well | Condition::Silent | Condition::Doubtful => {}
        }
    }
}

impl Shop {
    /// Judges the receivers, and believes everybody anew where one is not as it was.
    pub(super) fn check_health(&mut self, now: Timestamp) {
        if !self.desk.check_health() {
            return;
        }
        let subjects: Vec<Subject> = self.followed.keys().cloned().collect();
        for subject in subjects {
            if let Some(follow) = self.release(&subject) {
                let mut follow = follow.heed(&mut self.desk);
                follow.run(&subject, now, &mut self.desk);
                self.keep(subject, follow);
            }
        }
    }

    /// Receivers that are not well, and how they are.
    pub fn ill_receivers(&self) -> impl Iterator<Item = (&ReceiverId, Condition)> {
        let all = self.desk.watching.conditions().into_iter().flatten();
        all.map(|(receiver, condition)| (receiver, *condition))
    }
}

#[cfg(test)]
mod tests;

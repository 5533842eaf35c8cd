//! Where receivers and sensors meet: the door bounds who can be inside, a pick-up is shared out among those near the shelf,
//! and zones have people also where nobody carries a radio.

mod around;
mod crowd;
mod door;
mod pickup;

use std::collections::VecDeque;

use locate::grid::{Estimate, SLOT};
use locate::near;
use model::fusion::Attribution;
use model::ids::{ProductId, SensorId, ZoneId};
use model::reading::{Reading, ReadingKind};
use model::shop::Shop as Plan;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::zone::{Zone, ZoneKind};

use self::crowd::Crowd;
use self::door::Door;
use super::desk::known;
use super::{Command, Shop};

/// A pick-up waits so long for what is heard about its time.
const SETTLE: Millis = Millis(1_500);
/// Whoever takes something still stands there so much later, when more has been heard.
const AFTER: Millis = Millis(SLOT.0 * 2);
/// An older pick-up is given to nobody: where people were then is not known any more.
const PICKUP_AGE_MAX: Millis = Millis::seconds(10);
/// Most pick-ups that wait; beyond it a pick-up is given to nobody.
const PICKUPS_MAX: usize = 64;
/// What was taken so long ago is not put back any more.
const HELD: Millis = Millis::minutes(10);
/// Who was last believed farther from the zone than this and three times the uncertainty is not asked, in metres.
const ASKED_M: f64 = 5.0;

/// What the shop knows from its sensors.
#[derive(Debug, Default)]
pub(super) struct Fusion {
    pub(super) door: Door,
    crowd: Crowd,
    pickups: VecDeque<Pickup>,
    /// What was taken lately: only that comes back.
    taken: VecDeque<Attribution>,
}

#[derive(Debug)]
struct Pickup {
    due: Timestamp,
    sensor: SensorId,
    zone: ZoneId,
    product: Option<ProductId>,
    at: Timestamp,
    items: u32,
    /// It came back, instead of being taken.
    back: bool,
}

impl Fusion {
    /// Takes a new belief about a subject.
    pub(super) fn see(&mut self, subject: &Subject, estimate: &Estimate, now: Timestamp) {
        self.crowd.see(subject, estimate, now);
    }

    /// Nobody knows any more where a subject is.
    pub(super) fn lose(&mut self, subject: &Subject, now: Timestamp) {
        self.crowd.lose(subject, now);
    }

    /// Nothing more is known of a subject.
    pub(super) fn forget(&mut self, subject: &Subject, now: Timestamp) {
        self.lose(subject, now);
        for taken in &mut self.taken {
            taken.shares.retain(|(other, _)| other != subject);
        }
    }

    pub(super) fn take_plan(&mut self, plan: &Plan, now: Timestamp) {
        self.crowd.take_plan(plan, now);
        self.pickups.retain(|pickup| plan.zone(&pickup.zone).is_some());
    }

    /// People are inside whom nobody counted.
    pub(super) fn lose_count(&mut self) {
        self.door.lose_count();
    }

    fn due(&self) -> Option<Timestamp> {
        self.pickups.front().map(|pickup| pickup.due).into_iter().chain(self.crowd.due()).min()
    }
}

impl Shop {
    /// When something is to be said that rests on sensors.
    pub(super) fn fusion_due(&self) -> Option<Timestamp> {
        self.desk.fusion.due()
    }

    /// Takes a reading that was accepted.
    pub(super) fn fuse(&mut self, reading: &Reading, now: Timestamp) {
        let Some(plan) = self.plan().cloned() else { return };
        let Some(sensor) = plan.sensors.iter().find(|sensor| sensor.id == reading.sensor) else { return };
        let at = reading.at.min(now);
        let fusion = &mut self.desk.fusion;
        fusion.crowd.read(&sensor.id, at, reading.kind, now);
        match reading.kind {
            ReadingKind::Crossing { entered, left } => {
                if plan.zone(&sensor.zone).is_some_and(|zone| zone.kind == ZoneKind::Entrance) {
                    fusion.door.set_timezone(&plan.store.timezone);
                    fusion.door.cross(&sensor.id, at, entered, left);
                    self.bound(now);
                    if left > 0 {
                        self.let_out(now);
                    }
                }
            }
            ReadingKind::ShelfDelta(items) if items != 0 => {
                if now.since(reading.at) <= PICKUP_AGE_MAX && fusion.pickups.len() < PICKUPS_MAX {
                    let (sensor, zone, product) = (sensor.id.clone(), sensor.zone.clone(), sensor.product.clone());
                    let (due, back, items) = (now + SETTLE, items > 0, items.unsigned_abs());
                    fusion.pickups.push_back(Pickup { due, sensor, zone, product, at, items, back });
                }
            }
            ReadingKind::ShelfDelta(_) | ReadingKind::Level(_) | ReadingKind::Presence(_) => {}
        }
    }

    /// Does what rests on sensors and is due.
    pub(super) fn fusion_work(&mut self, now: Timestamp) {
        while self.desk.fusion.pickups.front().is_some_and(|pickup| pickup.due <= now) {
            if let Some(pickup) = self.desk.fusion.pickups.pop_front() {
                self.attribute(pickup, now);
            }
        }
        if self.desk.fusion.crowd.due().is_some_and(|due| due <= now)
            && let Some(plan) = self.plan().cloned()
        {
            self.bound(now);
            let inside = self.desk.fusion.door.inside(now);
            let occupancies = self.desk.fusion.crowd.work(&plan, inside, now);
            self.desk.commands.extend(occupancies.into_iter().map(Command::Occupancy));
        }
    }

    /// Ends ghosts: when more of one kind are believed inside than the door can have let in, those go who have been silent for
    /// longest by their own rhythm. Nobody goes who is still heard.
    fn bound(&mut self, now: Timestamp) {
        let awake = self.followed.iter().filter(|(subject, follow)| {
            matches!(subject, Subject::Device(_)) && follow.is_inside() && follow.silence(now) <= 1.0
        });
        self.desk.fusion.door.at_least(awake.count() as u64);
        let Some(ceiling) = self.desk.fusion.door.ceiling(now) else { return };
        let devices: fn(&Subject) -> bool = |subject| matches!(subject, Subject::Device(_));
        let unknown: fn(&Subject) -> bool = |subject| matches!(subject, Subject::Anonymous(_));
        for is_kind in [devices, unknown] {
            let inside = self.followed.iter().filter(|(subject, follow)| is_kind(subject) && follow.is_inside());
            let mut quiet: Vec<(f64, Subject)> = Vec::new();
            let mut count = 0;
            for (subject, follow) in inside {
                count += 1;
                let silence = follow.silence(now);
                if silence > 1.0 {
                    quiet.push((silence, subject.clone()));
                }
            }
            quiet.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            let excess = usize::try_from(u64::saturating_sub(count, ceiling)).unwrap_or(usize::MAX);
            for (_, subject) in quiet.into_iter().take(excess) {
                let Some(mut follow) = self.release(&subject) else { continue };
                follow.lose("door-count", &mut self.desk);
                self.keep(subject, follow);
            }
        }
    }

    /// Somebody went out: who was only kept because nobody did is looked at anew.
    fn let_out(&mut self, now: Timestamp) {
        let quiet = self.followed.iter().filter(|(_, follow)| follow.silence(now) > 1.0);
        for subject in quiet.map(|(subject, _)| subject.clone()).collect::<Vec<_>>() {
            if let Some(follow) = self.release(&subject) {
                self.keep(subject, follow);
            }
        }
    }

    /// Shares a pick-up out among those near the shelf.
    fn attribute(&mut self, pickup: Pickup, now: Timestamp) {
        let Some(plan) = self.plan().cloned() else { return };
        let Some(zone) = plan.zone(&pickup.zone) else { return };
        let inside = self.desk.fusion.door.inside(now);
        let strangers = self.desk.fusion.crowd.unheard(inside) * near::room(&plan, zone);
        let (weights, hidden) = self.weights(zone, pickup.at + AFTER);
        let (weights, rest) = if pickup.back {
            let since = pickup.at - HELD;
            let taken = self.desk.fusion.taken.iter();
            let mine = taken.filter(|t| t.sensor == pickup.sensor && t.at >= since && t.at <= pickup.at);
            match pickup::of_holders(weights, hidden + strangers, mine) {
                Some(found) => found,
                // Nobody holds any: the shelf is being filled.
                None => return,
            }
        } else {
            (weights, hidden + strangers)
        };
        let (shares, unknown) = pickup::share_out(weights, rest);
        let Pickup { sensor, zone, product, at, items, back, .. } = pickup;
        let attribution = Attribution { sensor, zone, product, at, items, shares, unknown };
        if back {
            return self.desk.commands.push_back(Command::PutBack(attribution));
        }
        let taken = &mut self.desk.fusion.taken;
        if taken.len() >= PICKUPS_MAX {
            taken.pop_front();
        }
        taken.push_back(attribution.clone());
        self.desk.commands.push_back(Command::Attribution(attribution));
    }

    /// How near to the zone everybody was who may be named there, and all the others together.
    fn weights(&mut self, zone: &Zone, at: Timestamp) -> (Vec<(Subject, f64)>, f64) {
        let (mut weights, mut hidden) = (Vec::new(), 0.0);
        let fusion = &self.desk.fusion;
        let asked: Vec<Subject> =
            self.followed.keys().filter(|subject| fusion.may_be_near(subject, zone)).cloned().collect();
        for subject in asked {
            let Some(follow) = self.followed.get_mut(&subject) else { continue };
            let Some(estimate) = follow.belief(at, &mut self.desk) else { continue };
            let weight = near::nearness(&estimate, zone);
            let is_named = self.desk.position(&subject, &estimate, None).is_some()
                && !(known(&subject) && zone.kind == ZoneKind::Private);
            if is_named {
                weights.push((subject, weight));
            } else {
                hidden += weight;
            }
        }
        (weights, hidden)
    }
}

impl Fusion {
    /// Whether a person may be near enough to a zone to be asked about.
    fn may_be_near(&self, subject: &Subject, zone: &Zone) -> bool {
        let Some(seen) = self.crowd.seen(subject) else { return false };
        seen.floor == zone.floor && near::metres(seen.point, zone) <= ASKED_M + zone.reach + 3.0 * seen.uncertainty.0
    }
}

#[cfg(test)]
mod tests;

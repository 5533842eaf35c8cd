//! The Shop machine: one store's sightings and readings in, presence, positions and visits out.
//!
//! Sans-I/O: `now` and the seed are values, effects are [`Command`]s, and the same inputs give the same commands byte for byte.

mod anchor;
mod answer;
mod command;
mod desk;
mod dropped;
mod follow;
mod fusion;
mod health;
mod input;
mod known;
mod lag;
mod learn;
mod readings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use locate::calibrate::{Calibration, Source};
use locate::grid::Hearing;
use locate::quality::Quality;
use model::decision::Around;
use model::ids::{StoreId, ZoneId};
use model::position::Position;
use model::presence::{Presence, Visit};
use model::reading::Reading;
use model::shop::Shop as Plan;
use model::sighting::Sighting;
use model::subject::Subject;
use model::time::{Millis, Timestamp};

pub use self::command::Command;
use self::desk::Desk;
pub use self::dropped::Dropped;
use self::follow::Follow;
pub use self::input::Input;
use self::readings::Readings;

/// The limits of a shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Which store.
    pub store: StoreId,
    /// Most subjects followed at once; beyond it the newest unknown one is dropped first.
    pub subjects_max: usize,
}

impl Config {
    /// The usual limits for a store.
    #[must_use]
    pub const fn new(store: StoreId) -> Self {
        Self { store, subjects_max: 2_000 }
    }
}

/// The rule by which somebody who fell silent at the way out is gone.
pub(crate) const DOOR: &str = "door";
/// After so long without an accepted sighting, late ones mean that a clock was set back.
const CLOCK_STEP: Millis = Millis::seconds(10);

/// The machine of one store.
#[derive(Debug)]
pub struct Shop {
    subjects_max: usize,
    desk: Desk,
    readings: Readings,
    followed: BTreeMap<Subject, Follow>,
    /// Who wants to be looked at next, and when.
    queue: BTreeSet<(Timestamp, Subject)>,
    /// Unknown subjects in the order of their coming.
    unknown: BTreeMap<u64, Subject>,
    arrivals: u64,
}

impl Shop {
    /// A shop without a plan; sightings count only from the first plan on.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            subjects_max: config.subjects_max,
            desk: Desk::new(config.store, seed),
            readings: Readings::default(),
            followed: BTreeMap::new(),
            queue: BTreeSet::new(),
            unknown: BTreeMap::new(),
            arrivals: 0,
        }
    }

    /// A shop that knows of its place what this one knows, and in which nobody was ever heard.
    #[must_use]
    pub fn unvisited(&self) -> Self {
        Self {
            subjects_max: self.subjects_max,
            desk: self.desk.unvisited(),
            readings: Readings::default(),
            followed: BTreeMap::new(),
            queue: BTreeSet::new(),
            unknown: BTreeMap::new(),
            arrivals: 0,
        }
    }

    /// Takes one input. What was due before it is done before it.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.handle_timeout(now);
        self.desk.now = now;
        match input {
            Input::Sighting { subject, sighting } => self.sighting(subject, sighting, now),
            Input::Anchor { anchor, sighting } => self.desk.anchor(&anchor, sighting),
            Input::Reading(reading) => self.reading(reading, now),
            Input::Plan(plan) => self.take_plan(plan, now),
            Input::Survey(survey) => self.take_learnt(Calibration::of_survey(&survey), now),
            Input::Calibration(learnt) => {
                if self.desk.take_back((*learnt).clone()) {
                    self.relay(now);
                }
            }
            Input::Forget(subject) => self.forget(&subject, now),
            Input::Restore { stays, visits } => self.restore(&stays, visits, now),
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some(due) = self.poll_timeout()
            && due <= now
        {
            self.desk.now = due;
            match self.queue.first().cloned() {
                Some((at, subject)) if at <= due => {
                    let Some(mut follow) = self.release(&subject) else { return };
                    follow.run(&subject, due, &mut self.desk);
                    self.keep(subject, follow);
                }
                Some(_) | None if self.desk.watching.due().is_some_and(|at| at <= due) => self.check_health(due),
                Some(_) | None if self.desk.learning.due().is_some_and(|at| at <= due) => self.learn(due),
                Some(_) | None => self.fusion_work(due),
            }
        }
    }

    /// When the shop next wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let queue = self.queue.first().map(|(due, _)| *due);
        queue.into_iter().chain(self.fusion_due()).chain(self.desk.learning.due()).chain(self.desk.watching.due()).min()
    }

    /// The next thing to be done.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.desk.commands.pop_front()
    }

    /// Where a subject is believed to be at `now`, from all that has been heard so far; none if it is not followed,
    /// or if it is known and in a private zone.
    pub fn position(&mut self, subject: &Subject, now: Timestamp) -> Option<Position> {
        self.followed.get_mut(subject)?.position(subject, now, &mut self.desk)
    }

    /// What is known of the surroundings of a subject in a zone; nothing of one that is not followed.
    #[must_use]
    pub fn around(&self, subject: &Subject, zone: &ZoneId) -> Around {
        let plan = self.plan().filter(|_| self.followed.contains_key(subject));
        plan.map_or_else(Around::default, |plan| self.desk.fusion.around(plan, subject, zone))
    }

    /// How well people were placed since the last time it was asked for, by the shop's own account; none when nobody was.
    pub fn take_quality(&mut self) -> Option<Quality> {
        self.desk.take_quality()
    }

    /// The plan in force.
    #[must_use]
    pub fn plan(&self) -> Option<&Arc<Plan>> {
        self.desk.ground.as_ref().map(|ground| &ground.plan)
    }

    /// What was not used, by reason.
    #[must_use]
    pub const fn dropped(&self) -> Dropped {
        self.desk.dropped
    }

    /// Subjects followed now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.followed.len()
    }

    /// Whether nobody is followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.followed.is_empty()
    }

    fn sighting(&mut self, subject: Subject, mut sighting: Sighting, now: Timestamp) {
        // A clock that runs ahead can't be told from a right one by its order, only by ours.
        sighting.at = sighting.at.min(now);
        let Some(ground) = self.desk.ground.clone() else {
            self.desk.dropped.no_plan += 1;
            return;
        };
        let mut follow = match self.release(&subject) {
            Some(follow) => follow,
            None => Follow::new(self.arrivals, sighting.at, &ground),
        };
        let mut hearing = follow.hear(&subject, &sighting, now, &mut self.desk);
        if hearing == Hearing::Late && now.since(follow.accepted()) > CLOCK_STEP {
            follow.close("clock", &mut self.desk);
            follow = Follow::new(self.arrivals, sighting.at, &ground);
            hearing = follow.hear(&subject, &sighting, now, &mut self.desk);
        }
        self.desk.dropped.count(hearing);
        let new = follow.arrival() == self.arrivals;
        if !new || (hearing_counts(hearing) && self.make_room(&subject)) {
            follow.run(&subject, now, &mut self.desk);
            self.keep(subject, follow);
        }
    }

    /// Makes room for one more subject; says whether there is any.
    ///
    /// A known subject takes the place of the newest unknown one; an unknown one is not let in.
    fn make_room(&mut self, newcomer: &Subject) -> bool {
        if self.followed.len() >= self.subjects_max {
            self.desk.dropped.subjects += 1;
            let newest = match newcomer {
                Subject::Device(_) | Subject::Tag(_) => self.unknown.last_key_value().map(|(_, newest)| newest.clone()),
                Subject::Anonymous(_) => None,
            };
            let Some(newest) = newest else { return false };
            if let Some(mut follow) = self.release(&newest) {
                follow.close("full", &mut self.desk);
            }
        }
        self.arrivals += 1;
        true
    }

    /// Takes a subject out of every list.
    fn release(&mut self, subject: &Subject) -> Option<Follow> {
        let follow = self.followed.remove(subject)?;
        self.unknown.remove(&follow.arrival());
        if let Some(due) = follow.queued {
            self.queue.remove(&(due, subject.clone()));
        }
        Some(follow)
    }

    /// Puts a subject back, unless there is nothing more to do about it.
    fn keep(&mut self, subject: Subject, mut follow: Follow) {
        let Some(due) = follow.due(&self.desk) else { return };
        follow.queued = Some(due);
        match subject {
            Subject::Anonymous(_) => drop(self.unknown.insert(follow.arrival(), subject.clone())),
            Subject::Device(_) | Subject::Tag(_) => {}
        }
        self.queue.insert((due, subject.clone()));
        self.followed.insert(subject, follow);
    }

    fn forget(&mut self, subject: &Subject, now: Timestamp) {
        drop(self.release(subject));
        self.desk.fusion.forget(subject, now);
    }

    fn reading(&mut self, reading: Reading, now: Timestamp) {
        let known = self.plan().is_some_and(|plan| plan.sensors.iter().any(|sensor| sensor.id == reading.sensor));
        if !known {
            self.desk.dropped.unknown_sensor += 1;
        } else if self.readings.accept(&reading) {
            self.desk.commands.push_back(Command::Reading(reading.clone()));
            self.fuse(&reading, now);
        } else {
            self.desk.dropped.readings += 1;
        }
    }

    fn take_plan(&mut self, plan: Arc<Plan>, now: Timestamp) {
        self.desk.fusion.take_plan(&plan, now);
        if self.desk.take_plan(plan) {
            self.relay(now);
        }
    }

    /// Takes what was learnt of the store's radio, and lays everybody's belief onto the field that is made of it.
    fn take_learnt(&mut self, learnt: Calibration, now: Timestamp) {
        if self.desk.take_learnt(learnt) {
            self.relay(now);
        }
    }

    fn relay(&mut self, now: Timestamp) {
        let subjects: Vec<Subject> = self.followed.keys().cloned().collect();
        for subject in subjects {
            if let Some(follow) = self.release(&subject) {
                let follow = follow.relay(&subject, now, &mut self.desk);
                self.keep(subject, follow);
            }
        }
    }

    /// What the store has learnt of its own radio from its traffic; none while that is too little.
    #[must_use]
    pub fn calibration(&self) -> Option<Calibration> {
        self.desk.calibration()
    }

    /// What positions rest on; none before the first plan.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        self.desk.source()
    }

    fn restore(&mut self, stays: &[Presence], visits: Vec<Visit>, now: Timestamp) {
        for visit in visits.into_iter().filter(|visit| visit.ended.is_none()) {
            let subject = visit.subject.clone();
            let stays = stays.iter().filter(|stay| stay.subject == subject);
            if self.followed.contains_key(&subject) || !self.make_room(&subject) {
                continue;
            }
            let follow = Follow::restore(self.arrivals - 1, stays, visit, now);
            self.keep(subject, follow);
            self.desk.fusion.lose_count();
        }
    }
}

/// Whether something was heard that is worth following.
const fn hearing_counts(hearing: Hearing) -> bool {
    match hearing {
        Hearing::Taken(_) => true,
        Hearing::Duplicate | Hearing::Late | Hearing::UnknownReceiver | Hearing::Implausible | Hearing::Flood => false,
    }
}

#[cfg(test)]
mod tests;

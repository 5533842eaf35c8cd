//! One subject of a shop: from its sightings to its stays and its visit.
//!
//! It lives on the time of its own sightings, so that a backlog is told as it happened; our clock only says when to look.

mod leaving;

use std::collections::BTreeMap;

use locate::grid::{Estimate, Filter, Hearing, LATE_SLOTS, SLOT, slot_end, slot_of};
use locate::presence::rhythm::Rhythm;
use locate::presence::{Change, Tracker};
use model::ids::ZoneId;
use model::position::Position;
use model::presence::{Presence, PresenceKind, Visit};
use model::sighting::Sighting;
use model::subject::Subject;
use model::time::{Millis, Timestamp};

use super::DOOR;
use super::answer::Answer;
use super::desk::{Desk, Ground};
use super::lag::Lag;

/// For so long after its end a slot waits for sightings that come a little late.
const SETTLE: Millis = Millis(250);
/// A slot of which more has just come is not looked at in the same moment: the rest of its batch is still to be taken.
const REST: Millis = Millis(1);
/// A sighting may be so much late and still be put in its place.
const LATE_MAX: Millis = Millis(SLOT.0 * LATE_SLOTS);
/// Receivers of a slot from which the shop learns of its radio: with fewer the place is a guess.
const TEACHERS_MIN: usize = 3;

/// One subject of a shop.
#[derive(Debug)]
pub(super) struct Follow {
    arrival: u64,
    place: Place,
    tracker: Tracker,
    rhythm: Rhythm,
    lag: Lag,
    /// The visit, from the first slot that was looked at.
    visit: Option<Visit>,
    /// Slots with sightings that were not looked at yet.
    pending: BTreeMap<i64, Pending>,
    /// The last slot that was looked at.
    seen: i64,
    /// The zone that it was last said to be in.
    answer: Answer,
    /// When it was last believed to be at the way in and out, perhaps.
    door: Option<Timestamp>,
    /// Whether its silence was told.
    quiet: bool,
    /// Our time of the last accepted sighting, or of the restore.
    accepted: Timestamp,
    /// When it stands in the shop's queue.
    pub(super) queued: Option<Timestamp>,
}

#[derive(Debug)]
enum Place {
    /// There is a belief about it.
    Located(Box<Filter>),
    /// It has not been heard for long, or not since the restart.
    Lost,
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    first: Timestamp,
    last: Timestamp,
    sightings: u32,
    /// Our time at which the last of them came.
    came: Timestamp,
}

/// What is to be done next, and at which time of the subject.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// Look at a slot, of which more came at this time of ours.
    Look { slot: i64, came: Timestamp },
    /// Say that it is silent.
    Quiet(Millis),
    /// Take it for gone.
    Gone(Millis),
    /// End the visit.
    End(Millis),
}

impl Follow {
    pub(super) fn new(arrival: u64, at: Timestamp, ground: &Ground) -> Self {
        let filter = Filter::new(ground.field.clone(), at);
        Self {
            arrival,
            place: Place::Located(Box::new(filter)),
            tracker: Tracker::default(),
            rhythm: Rhythm::default(),
            lag: Lag::new(at),
            visit: None,
            pending: BTreeMap::new(),
            seen: i64::MIN,
            answer: Answer::default(),
            door: None,
            quiet: false,
            accepted: at,
            queued: None,
        }
    }

    pub(super) fn restore<'a>(
        arrival: u64,
        stays: impl Iterator<Item = &'a Presence>,
        visit: Visit,
        now: Timestamp,
    ) -> Self {
        Self {
            arrival,
            place: Place::Lost,
            tracker: Tracker::restore(stays),
            rhythm: Rhythm::restored(),
            lag: Lag::new(now),
            answer: Answer::default(),
            door: None,
            quiet: true,
            pending: BTreeMap::new(),
            seen: slot_of(visit.last_heard),
            visit: Some(visit),
            accepted: now,
            queued: None,
        }
    }

    pub(super) const fn arrival(&self) -> u64 {
        self.arrival
    }

    pub(super) const fn accepted(&self) -> Timestamp {
        self.accepted
    }

    /// Takes a sighting, after all that its time says must have happened before it.
    pub(super) fn hear(&mut self, subject: &Subject, sighting: &Sighting, now: Timestamp, desk: &mut Desk) -> Hearing {
        self.catch_up(subject, sighting.at, now, desk);
        let Some(ground) = desk.ground.clone() else { return Hearing::UnknownReceiver };
        if self.visit.is_none() && matches!(self.place, Place::Lost) {
            // Its visit was over before this: it comes in as anybody does, whenever that is noticed.
            *self = Self::new(self.arrival, sighting.at, &ground);
        }
        let inside: Vec<ZoneId> = self.tracker.inside().cloned().collect();
        if matches!(self.place, Place::Lost) {
            self.place = Place::Located(Box::new(Filter::within(ground.field, &inside, sighting.at, &mut desk.work)));
        }
        let Place::Located(filter) = &mut self.place else { return Hearing::Late };
        let hearing = filter.hear(sighting);
        if let Hearing::Taken(slot) = hearing {
            self.take(slot, sighting.at, now);
            self.lag.observe(now.since(sighting.at), now);
            (self.accepted, self.quiet) = (now, false);
        }
        hearing
    }

    /// Does what is due at `now`.
    pub(super) fn run(&mut self, subject: &Subject, now: Timestamp, desk: &mut Desk) {
        while let Some(next) = self.next(desk)
            && self.due_of(next) <= now
        {
            self.perform(subject, next, now, desk);
        }
    }

    /// When there is something to be done; never again if there is nothing more to follow.
    pub(super) fn due(&self, desk: &Desk) -> Option<Timestamp> {
        self.next(desk).map(|next| self.due_of(next))
    }

    /// Ends everything now.
    pub(super) fn close(&mut self, rule: &str, desk: &mut Desk) {
        if self.visit.is_some() {
            self.lose(rule, desk);
            self.end(desk);
        }
        self.pending.clear();
    }

    /// Moves onto a new plan.
    pub(super) fn relay(mut self, subject: &Subject, now: Timestamp, desk: &mut Desk) -> Self {
        let Some(ground) = desk.ground.clone() else { return self };
        self.place = match self.place {
            Place::Located(filter) => Place::Located(Box::new(filter.moved(ground.field, &mut desk.work))),
            Place::Lost => Place::Lost,
        };
        let changes = self.tracker.keep(self.last_heard(), |zone| ground.plan.zone(zone).is_some());
        self.tell(changes, desk);
        self.run(subject, now, desk);
        self
    }

    /// Goes on with other receivers heeded.
    pub(super) fn heed(mut self, desk: &mut Desk) -> Self {
        let Some(ground) = desk.ground.clone() else { return self };
        self.place = match self.place {
            Place::Located(filter) => Place::Located(Box::new(filter.heeding(ground.field, &mut desk.work))),
            Place::Lost => Place::Lost,
        };
        self
    }

    pub(super) fn position(&mut self, subject: &Subject, now: Timestamp, desk: &mut Desk) -> Option<Position> {
        let at = now - self.lag.get() - Millis(1);
        match &mut self.place {
            Place::Located(filter) => {
                let estimate = filter.estimate(slot_of(at), &mut desk.work);
                let mut answer = self.answer.clone();
                answer.see(&estimate);
                desk.position(subject, &estimate, answer.zone())
            }
            Place::Lost => None,
        }
    }

    /// What is believed about a moment that is not long ago; none if it has not been heard for long.
    pub(super) fn belief(&mut self, at: Timestamp, desk: &mut Desk) -> Option<Estimate> {
        match &mut self.place {
            Place::Located(filter) => Some(filter.estimate(slot_of(at), &mut desk.work)),
            Place::Lost => None,
        }
    }

    /// Whether it is in any zone.
    pub(super) fn is_inside(&self) -> bool {
        self.tracker.inside().next().is_some()
    }

    /// How long it has been silent, by its own rhythm: above 1 it is quiet.
    pub(super) fn silence(&self, now: Timestamp) -> f64 {
        now.since(self.accepted).as_seconds() / self.rhythm.quiet_after().as_seconds()
    }

    /// Does what must have happened before a sighting, though our clock does not ask for it yet: slots are looked at that are
    /// closed by it, and a silence that it ends was as long as it was, however late it comes to us.
    fn catch_up(&mut self, subject: &Subject, heard: Timestamp, now: Timestamp, desk: &mut Desk) {
        while let Some(next) = self.next(desk) {
            let is_past = match next {
                Next::Look { slot, .. } => slot_end(slot) + SETTLE <= heard - LATE_MAX,
                Next::Quiet(after) | Next::Gone(after) | Next::End(after) => self.last_heard() + after <= heard,
            };
            if !is_past {
                return;
            }
            self.perform(subject, next, now, desk);
        }
    }

    fn next(&self, desk: &Desk) -> Option<Next> {
        if let Some((slot, pending)) = self.pending.first_key_value() {
            return Some(Next::Look { slot: *slot, came: pending.came });
        }
        self.visit.as_ref()?;
        let here = match self.place {
            Place::Located(_) => true,
            Place::Lost => self.tracker.inside().next().is_some(),
        };
        if !here {
            return Some(Next::End(desk.gap()));
        }
        let (mute, gone) = (self.rhythm.mute_after(), self.gone_after(desk));
        Some(if self.quiet || gone <= mute { Next::Gone(gone) } else { Next::Quiet(mute) })
    }

    fn due_of(&self, next: Next) -> Timestamp {
        match next {
            Next::Look { slot, came } => (slot_end(slot) + SETTLE + self.lag.get()).max(came + REST),
            Next::Quiet(after) | Next::Gone(after) | Next::End(after) => self.accepted + after,
        }
    }

    fn perform(&mut self, subject: &Subject, next: Next, now: Timestamp, desk: &mut Desk) {
        match next {
            Next::Look { slot, .. } => self.look(subject, slot, now, desk),
            Next::Quiet(_) => {
                self.quiet = true;
                desk.tell_quiet(subject, self.last_heard());
            }
            Next::Gone(_) => {
                let rule = if self.at_the_door(desk) { DOOR } else { "silence" };
                self.lose(rule, desk);
            }
            Next::End(_) => self.end(desk),
        }
    }

    fn take(&mut self, slot: i64, at: Timestamp, now: Timestamp) {
        match &mut self.visit {
            Some(visit) if slot <= self.seen => {
                visit.sightings = visit.sightings.saturating_add(1);
                visit.last_heard = visit.last_heard.max(at);
            }
            Some(_) | None => {
                let pending = Pending { first: at, last: at, sightings: 0, came: now };
                let pending = self.pending.entry(slot).or_insert(pending);
                pending.came = now;
                pending.first = pending.first.min(at);
                pending.last = pending.last.max(at);
                pending.sightings = pending.sightings.saturating_add(1);
            }
        }
    }

    /// Looks at the subject as it was at the end of a slot.
    fn look(&mut self, subject: &Subject, slot: i64, now: Timestamp, desk: &mut Desk) {
        let (Some(pending), Place::Located(filter)) = (self.pending.remove(&slot), &mut self.place) else { return };
        let slots = if self.visit.is_some() { slot.saturating_sub(self.seen) } else { 1 };
        self.seen = slot;
        self.rhythm.hear(slot_end(slot));
        let new = self.visit.is_none();
        let visit = self.visit.get_or_insert_with(|| desk.visit(subject, pending.first));
        visit.sightings = visit.sightings.saturating_add(pending.sightings);
        visit.last_heard = visit.last_heard.max(pending.last);
        let who = visit.id.0 as u64;
        let estimate = filter.estimate(slot, &mut desk.work);
        if let Some(traffic) = &mut desk.traffic
            && estimate.heard.len() >= TEACHERS_MIN
        {
            filter.teach(slot, &mut desk.work, traffic);
            desk.taught();
        }
        desk.watch(filter, slot, who, &estimate);
        filter.commit(slot, &mut desk.work);
        self.answer.see(&estimate);
        if leaving::may_leave(&estimate, desk) {
            self.door = Some(estimate.at);
        }
        let changes = self.tracker.see(&estimate, desk.dwell(), self.rhythm.quiet_after());
        if new && !changes.iter().any(moves) {
            desk.tell_visit(visit);
        }
        let seconds = Millis(SLOT.0.saturating_mul(slots)).as_seconds();
        desk.tell_position(subject, (&estimate, self.answer.zone()), seconds, now);
        self.tell(changes, desk);
    }

    /// Says changes, and the visit before them when they move it on.
    fn tell(&mut self, changes: Vec<Change>, desk: &mut Desk) {
        let Some(visit) = &self.visit else { return };
        if changes.iter().any(moves) {
            desk.tell_visit(visit);
        }
        changes.into_iter().for_each(|change| desk.tell_change(visit, change));
    }

    /// Ends its stays; nobody knows any more where it is.
    pub(super) fn lose(&mut self, rule: &str, desk: &mut Desk) {
        let mut changes = self.tracker.silence(self.last_heard(), rule);
        let told = std::mem::replace(&mut self.quiet, true);
        if let Place::Located(mut filter) = std::mem::replace(&mut self.place, Place::Lost)
            && !changes.is_empty()
        {
            let last = filter.estimate(self.seen, &mut desk.work);
            changes = changes.into_iter().map(|change| change.explained(&last)).collect();
        }
        if let Some(visit) = &self.visit {
            desk.fusion.lose(&visit.subject, desk.now);
            if !told {
                desk.tell_quiet(&visit.subject, visit.last_heard);
            }
        }
        self.tell(changes, desk);
    }

    fn end(&mut self, desk: &mut Desk) {
        if let Some(mut visit) = self.visit.take() {
            visit.ended = Some(visit.last_heard);
            desk.tell_visit(&visit);
        }
    }

    fn last_heard(&self) -> Timestamp {
        self.visit.as_ref().map_or(self.accepted, |visit| visit.last_heard)
    }
}

/// Whether a change moves a visit on.
fn moves(change: &Change) -> bool {
    match change.kind {
        PresenceKind::Entered | PresenceKind::Left => true,
        PresenceKind::Dwelling => false,
    }
}

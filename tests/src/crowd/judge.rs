//! Holds what the shop says against what is true, moment by moment.

use std::collections::BTreeMap;

use engine::shop::Command;
use firmware_sim::person::Kind;
use firmware_sim::scenario::Scenario;
use firmware_sim::truth::PersonId;
use firmware_sim::world::{Happening, World};
use model::ids::{VisitId, ZoneId};
use model::position::Position;
use model::presence::{PresenceKind, Visit};
use model::reading::ReadingKind;
use model::subject::Subject;
use model::time::{Millis, Timestamp};

use super::channel::Channel;
use super::figures::{Report, share};
use super::ground::{Ground, Layer};
use super::{People, Run, stays};
use crate::edge::Unnamed;

/// Whoever is present so long after leaving is a ghost.
const GHOST_AFTER: Millis = Millis::seconds(5);
/// Nobody is back sooner: what begins later outside is not left over, but somebody on the way in.
const BACK_AFTER: Millis = Millis::seconds(60);
/// A dot is shown until the shop says that its bearer is quiet, and never longer than this.
const DOT_KEPT: Millis = Millis::minutes(15);

/// The judge of one run.
#[derive(Debug)]
pub(super) struct Judge {
    ground: Ground,
    from: Timestamp,
    start_sums: Option<(u64, u64, u64)>,
    people: People,
    watches: Vec<Watch>,
    seen: BTreeMap<Subject, Seen>,
    pub(super) visits: BTreeMap<VisitId, Visit>,
    /// How many people the shop expects to be inside.
    expected: Option<f64>,
    /// When each person's address changed.
    pub(super) changes: Vec<(PersonId, Timestamp)>,
    report: Report,
}

/// One person, as the judge follows it.
#[derive(Debug, Default)]
struct Watch {
    class: Option<Class>,
    address: Option<[u8; 6]>,
    came_in: Option<Timestamp>,
    left: Option<Timestamp>,
    is_doubled: bool,
    position: [Channel; 2],
    presence: [Channel; 2],
}

/// As what somebody is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A device with consent, or a tag.
    Named,
    /// Somebody with a phone and without a name.
    Stranger,
}

/// A subject, as the shop tells of it.
#[derive(Debug, Default)]
struct Seen {
    position: Option<Position>,
    last: Timestamp,
    open: Vec<ZoneId>,
    /// Since when there is a presence, and since when a dot.
    opened: Timestamp,
    shown: Timestamp,
    is_quiet: bool,
    is_ghost: bool,
}

impl Seen {
    /// What is shown of it.
    fn dot(&self, now: Timestamp) -> Option<&Position> {
        self.position.as_ref().filter(|_| !self.is_quiet && now.since(self.last) <= DOT_KEPT)
    }
}

impl Judge {
    pub(super) fn new(scenario: &Scenario, from: Timestamp) -> Self {
        Self {
            ground: Ground::new(&scenario.shop),
            from,
            start_sums: None,
            people: People::new(),
            watches: (0..scenario.people.all()).map(|_| Watch::default()).collect(),
            seen: BTreeMap::new(),
            visits: BTreeMap::new(),
            expected: None,
            changes: Vec::new(),
            report: Report::default(),
        }
    }

    /// Learns who is behind subjects.
    pub(super) fn meet(&mut self, subjects: impl IntoIterator<Item = (Subject, PersonId)>) {
        self.people.extend(subjects);
    }

    pub(super) fn knows(&self, subject: &Subject) -> bool {
        self.people.contains_key(subject)
    }

    /// Whether it is judged what happens now.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        now > self.from
    }

    /// Notes a changed address.
    pub(super) fn watch(&mut self, happening: &Happening) {
        let Happening::OnAir(on_air) = happening else { return };
        let Some(watch) = self.watches.get_mut(on_air.person.0) else { return };
        let before = watch.address.replace(on_air.address.bytes);
        if before.is_some_and(|before| before != on_air.address.bytes) {
            self.changes.push((on_air.person, on_air.at));
        }
    }

    /// Takes what the shop says.
    pub(super) fn hear(&mut self, command: Command, now: Timestamp) {
        match command {
            Command::Position(position) => {
                let seen = self.seen.entry(position.subject.clone()).or_default();
                if seen.dot(now).is_none() {
                    seen.shown = now;
                }
                seen.last = seen.last.max(position.at);
                seen.is_quiet = false;
                seen.position = Some(position);
            }
            Command::Quiet { subject, .. } => self.seen.entry(subject).or_default().is_quiet = true,
            Command::Occupancy(occupancy) if occupancy.zone.is_none() => self.expected = Some(occupancy.people),
            Command::Occupancy(_) | Command::Attribution(_) | Command::PutBack(_) => {}
            Command::Presence(presence) => {
                let seen = self.seen.entry(presence.subject.clone()).or_default();
                seen.last = seen.last.max(presence.at);
                match presence.kind {
                    PresenceKind::Entered => {
                        if seen.open.is_empty() {
                            seen.opened = now;
                        }
                        seen.open.push(presence.zone);
                    }
                    PresenceKind::Dwelling => {}
                    PresenceKind::Left => {
                        seen.open.retain(|zone| *zone != presence.zone);
                        self.close(&presence.subject, now);
                    }
                }
            }
            Command::Visit(visit) => drop(self.visits.insert(visit.id, visit)),
            Command::Reading(reading) => {
                if let ReadingKind::Crossing { entered, left } = reading.kind
                    && self.is_open(now)
                {
                    self.report.footfall[0].1 += u64::from(entered);
                    self.report.footfall[1].1 += u64::from(left);
                }
            }
        }
    }

    /// Looks at everybody at the end of a stride.
    pub(super) fn look(&mut self, world: &World, now: Timestamp) {
        let (counts, second) = (self.is_open(now), now.0 % 1_000 == 0);
        if counts && self.start_sums.is_none() {
            let sums = &world.truth().sums;
            self.start_sums = Some((sums.entered, sums.left, sums.frames));
        }
        for person in world.people() {
            self.follow(world, person.id, person.kind, now);
        }
        if counts && second {
            self.report.judged_s += 1;
            self.count_present(now);
            self.count_expected(world);
        }
    }

    /// What it all came to.
    pub(super) fn report(
        mut self,
        world: &World,
        unnamed: Unnamed,
        cpu: Option<std::time::Duration>,
        run: &Run,
    ) -> Report {
        let sums = &world.truth().sums;
        let (entered, left, frames) = self.start_sums.unwrap_or_default();
        self.report.footfall[0].0 = sums.entered - entered;
        self.report.footfall[1].0 = sums.left - left;
        self.report.frames = (sums.frames - frames, mean(sums.heard.iter().sum(), sums.frames));
        (self.report.unnamed, self.report.cpu) = (unnamed, cpu);
        let classes: Vec<Option<Class>> = self.watches.iter().map(|watch| watch.class).collect();
        let end = self.from + run.judged;
        let mut report = std::mem::take(&mut self.report);
        stays::count(world, &self, &classes, (self.from, end), &mut report);
        let seconds = report.judged_s.max(1);
        report.inside = mean(report.named.inside_s + report.strangers.inside_s, seconds);
        report.named_inside = mean(report.named.inside_s, seconds);
        report
    }

    /// Who is behind a subject.
    pub(super) fn behind(&self, subject: &Subject) -> Option<PersonId> {
        self.people.get(subject).copied()
    }

    fn follow(&mut self, world: &World, id: PersonId, kind: Kind, now: Timestamp) {
        let counts = self.is_open(now);
        let place = world.truth().place(id, now);
        let watch = &mut self.watches[id.0];
        watch.class = class(kind, world.people()[id.0].consent.locating);
        let Some(place) = place else {
            if watch.came_in.take().is_some() {
                watch.left = Some(now);
                self.leave(id, now);
            }
            return;
        };
        if watch.came_in.is_none() {
            (watch.came_in, watch.left) = (Some(now), None);
        }
        if watch.class != Some(Class::Named) {
            return;
        }
        let truth = [Layer::Top, Layer::Shelf].map(|layer| self.ground.around(layer, place.point));
        let person = &world.people()[id.0];
        let Some(subject) = super::subject_of(person, &world.scenario().shop.tags) else { return };
        let since = watch.came_in.unwrap_or(now);
        let nobody = Seen::default();
        let seen = self.seen.get(&subject).unwrap_or(&nobody);
        let position = seen.dot(now).filter(|position| position.at >= since);
        let report = &mut self.report;
        let scores = [
            (&mut report.position_top, &mut report.presence_top),
            (&mut report.position_shelf, &mut report.presence_shelf),
        ];
        let second = counts && now.0 % 1_000 == 0;
        for (number, ((told, stayed), layer)) in scores.into_iter().zip([Layer::Top, Layer::Shelf]).enumerate() {
            let answer = position.map_or((None, 0.0), |position| self.ground.answer(layer, position));
            let open = seen.open.iter().rev().find_map(|zone| self.ground.number(layer, zone));
            watch.position[number].look(truth[number], answer.0, now, counts, told);
            watch.presence[number].look(truth[number], open, now, counts, stayed);
            if second {
                watch.position[number].second(position.is_some(), told);
                watch.presence[number].second(true, stayed);
                let reliability = match layer {
                    Layer::Top => &mut report.reliability_top,
                    Layer::Shelf => &mut report.reliability_shelf,
                };
                if position.is_some() {
                    reliability.add(answer.1, answer.0 == truth[number]);
                }
                if layer == Layer::Shelf && truth[number].is_some() {
                    report.at_shelf.0 += 1;
                    report.at_shelf.1 += u64::from(answer.0 == truth[number]);
                }
            }
        }
        if let (true, Some(position)) = (second, position) {
            let error = position.point.distance(place.point);
            report.error.push(error);
            report.squares.0 += error * error;
            report.squares.1 += position.uncertainty.0 * position.uncertainty.0;
        }
    }

    fn leave(&mut self, id: PersonId, now: Timestamp) {
        let counts = self.is_open(now);
        let Self { watches, report, .. } = self;
        let watch = &mut watches[id.0];
        let scores = [
            (&mut report.position_top, &mut report.presence_top),
            (&mut report.position_shelf, &mut report.presence_shelf),
        ];
        for (number, (told, stayed)) in scores.into_iter().enumerate() {
            watch.position[number].end(now, told);
            watch.presence[number].end(now, stayed);
            watch.position[number].reset();
            watch.presence[number].reset();
        }
        match watch.class.filter(|_| counts) {
            Some(Class::Named) => report.named.departures += 1,
            Some(Class::Stranger) => report.strangers.departures += 1,
            None => {}
        }
    }

    /// The last presence of a subject ended: how long after its bearer had left?
    fn close(&mut self, subject: &Subject, now: Timestamp) {
        let Some(opened) = self.seen.get(subject).filter(|seen| seen.open.is_empty()).map(|seen| seen.opened) else {
            return;
        };
        let Some(watch) = self.people.get(subject).map(|person| &self.watches[person.0]) else { return };
        if let (Some(left), Some(class), true) = (watch.left, watch.class, now > self.from)
            && opened <= left + BACK_AFTER
        {
            let counts = match class {
                Class::Named => &mut self.report.named,
                Class::Stranger => &mut self.report.strangers,
            };
            counts.lingering.push(now.since(left).as_seconds());
        }
    }

    /// Once a second: how many are inside, and how many are expected to be.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred people")]
    fn count_expected(&mut self, world: &World) {
        let Some(expected) = self.expected else { return };
        let inside = world.truth().sums.entered - world.truth().sums.left;
        self.report.expected.push(expected - inside as f64);
    }

    /// Once a second: who is present, rightly or not.
    fn count_present(&mut self, now: Timestamp) {
        self.seen.retain(|_, seen| !seen.open.is_empty() || seen.dot(now).is_some());
        let mut doubles = vec![0_u32; self.watches.len()];
        for (subject, seen) in &mut self.seen {
            let Some(person) = self.people.get(subject) else {
                self.report.strays += 1;
                continue;
            };
            let watch = &self.watches[person.0];
            let counts = match watch.class {
                Some(Class::Named) => &mut self.report.named,
                Some(Class::Stranger) => &mut self.report.strangers,
                None => continue,
            };
            let is_present = !seen.open.is_empty();
            counts.present_s += u64::from(is_present);
            // Of each departure one ghost is counted, however often it comes and goes.
            seen.is_ghost &= watch.came_in.is_none();
            doubles[person.0] += u32::from(is_present && watch.came_in.is_some());
            let Some(left) = watch.left.filter(|left| watch.came_in.is_none() && now.since(*left) > GHOST_AFTER) else {
                continue;
            };
            let is_ghost = is_present && seen.opened <= left + BACK_AFTER;
            counts.dot_s += u64::from(seen.dot(now).is_some() && seen.shown <= left + BACK_AFTER);
            counts.ghost_s += u64::from(is_ghost);
            counts.ghosts += u64::from(is_ghost && !seen.is_ghost);
            seen.is_ghost |= is_ghost;
        }
        for (watch, present) in self.watches.iter_mut().zip(doubles) {
            let counts = match watch.class {
                Some(Class::Named) => &mut self.report.named,
                Some(Class::Stranger) => &mut self.report.strangers,
                None => continue,
            };
            let is_doubled = present > 1;
            counts.inside_s += u64::from(watch.came_in.is_some());
            counts.doubled += u64::from(is_doubled && !watch.is_doubled);
            counts.doubled_s += u64::from(is_doubled);
            watch.is_doubled = is_doubled;
        }
    }
}

fn class(kind: Kind, locating: bool) -> Option<Class> {
    match kind {
        Kind::Cart(_) => Some(Class::Named),
        Kind::Silent => None,
        Kind::AppFull
        | Kind::AppWithdraws
        | Kind::AppNoPush
        | Kind::AppProfileOnly
        | Kind::AppNoConsent
        | Kind::Anonymous => Some(if kind.has_app() && locating { Class::Named } else { Class::Stranger }),
    }
}

/// A mean is a share that may be more than one.
fn mean(sum: u64, count: u64) -> f64 {
    share(sum, count)
}

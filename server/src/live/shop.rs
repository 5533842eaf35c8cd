//! The memory of one shop: who is where, what sensors said, and the newest decisions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use geo::Intersects as _;
use locate::calibrate::Source;
use model::delivery::DeliveryState;
use model::floor::Point;
use model::fusion::Occupancy;
use model::ids::{CustomerId, DecisionId, FloorId, GatewayId, ReceiverId, SensorId, ZoneId};
use model::outcome::Outcome;
use model::position::Position;
use model::presence::{Presence, PresenceKind};
use model::reading::{Reading, ReadingKind};
use model::shop::Shop;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::zone::ZoneKind;

use super::beacons::{BeaconNow, Beacons, MISSING};
use super::health::{GatewayMemory, Receivers};
use super::heat::Heat;
use super::now::{Door, Dot, Now, People, SensorNow, ZoneNow};
use super::{DECISIONS_SHOWN, GATEWAYS_MAX};
use super::{day_start, hour_start};
use crate::store::{DecisionRow, ERASED, Frame};

/// Who was not heard for this long is not shown any more, whatever their rhythm; usually the shop says earlier that they are quiet.
const DOT_AGE_MAX: Millis = Millis::minutes(15);
/// Most subjects remembered; a new one beyond that is not shown.
const SUBJECTS_MAX: usize = 20_000;

/// The memory of one shop.
#[derive(Debug)]
pub(super) struct ShopNow {
    plan: Arc<Shop>,
    subjects: BTreeMap<Subject, SubjectNow>,
    receivers: Receivers,
    beacons: Beacons,
    readings: BTreeMap<SensorId, Reading>,
    decisions: VecDeque<Arc<DecisionRow>>,
    door: Door,
    /// The day that the door counts.
    day: Timestamp,
    heat: Heat,
    /// People expected in the zones, and under none in the store.
    expected: BTreeMap<Option<ZoneId>, f64>,
    /// What positions rest on; none before the first were made.
    source: Option<Source>,
}

#[derive(Debug, Default)]
struct SubjectNow {
    /// Where it is; none while it is quiet.
    position: Option<Arc<Position>>,
    seen: Timestamp,
    zones: BTreeSet<ZoneId>,
}

impl ShopNow {
    pub(super) fn new(plan: &Arc<Shop>) -> Self {
        let mut shop = Self {
            plan: Arc::clone(plan),
            subjects: BTreeMap::new(),
            receivers: Receivers::default(),
            beacons: Beacons::default(),
            readings: BTreeMap::new(),
            decisions: VecDeque::new(),
            door: Door::default(),
            day: Timestamp(i64::MIN),
            heat: Heat::default(),
            expected: BTreeMap::new(),
            source: None,
        };
        shop.put_plan(plan);
        shop
    }

    pub(super) const fn plan(&self) -> &Arc<Shop> {
        &self.plan
    }

    pub(super) const fn receivers_mut(&mut self) -> &mut Receivers {
        &mut self.receivers
    }

    pub(super) const fn receivers(&self) -> &Receivers {
        &self.receivers
    }

    pub(super) const fn beacons_mut(&mut self) -> &mut Beacons {
        &mut self.beacons
    }

    pub(super) fn beacons_now(&self, now: Timestamp) -> impl Iterator<Item = BeaconNow> {
        let is_hearing = move |id: &ReceiverId| self.receivers.is_hearing(id, MISSING, now);
        self.beacons.snapshot(&self.plan, is_hearing, now)
    }

    pub(super) fn put_plan(&mut self, plan: &Arc<Shop>) {
        self.plan = Arc::clone(plan);
        self.beacons.put_plan(plan);
        self.receivers.put_plan(&plan.receivers);
        self.expected.retain(|zone, _| zone.as_ref().is_none_or(|zone| plan.zone(zone).is_some()));
        self.readings.retain(|sensor, _| plan.sensors.iter().any(|known| known.id == *sensor));
    }

    pub(super) const fn put_source(&mut self, source: Option<Source>) {
        self.source = source;
    }

    pub(super) fn position(&mut self, position: &Arc<Position>, now: Timestamp) {
        self.subjects.retain(|_, subject| subject.is_here(now));
        let Some(subject) = self.subject(&position.subject) else { return };
        subject.seen = subject.seen.max(position.at);
        if let Some(before) = subject.position.replace(Arc::clone(position)) {
            let (plan, hour) = (&self.plan, hour_start(&self.plan, position.at));
            self.heat.add(position, before.at, hour, |point| is_private(plan, &position.floor, point));
        }
    }

    pub(super) fn past_position(&mut self, position: &Position, before: Timestamp) {
        let (plan, hour) = (&self.plan, hour_start(&self.plan, position.at));
        self.heat.add(position, before, hour, |point| is_private(plan, &position.floor, point));
    }

    pub(super) const fn heat_mut(&mut self) -> &mut Heat {
        &mut self.heat
    }

    pub(super) fn presence(&mut self, presence: &Presence) {
        let (kind, zone, at) = (presence.kind, presence.zone.clone(), presence.at);
        let Some(subject) = self.subject(&presence.subject) else { return };
        subject.seen = subject.seen.max(at);
        match kind {
            PresenceKind::Entered | PresenceKind::Dwelling => {
                subject.zones.insert(zone);
            }
            PresenceKind::Left => {
                subject.zones.remove(&zone);
            }
        }
    }

    /// Nobody knows for now where somebody is; they have not left.
    pub(super) fn quiet(&mut self, subject: &Subject) {
        if let Some(subject) = self.subjects.get_mut(subject) {
            subject.position = None;
        }
    }

    pub(super) fn occupancy(&mut self, occupancy: &Occupancy) {
        self.expected.insert(occupancy.zone.clone(), occupancy.people);
    }

    fn subject(&mut self, id: &Subject) -> Option<&mut SubjectNow> {
        if self.subjects.len() >= SUBJECTS_MAX && !self.subjects.contains_key(id) {
            metrics::counter!("live_dropped_total", "reason" => "subjects").increment(1);
            return None;
        }
        Some(self.subjects.entry(id.clone()).or_default())
    }

    pub(super) fn forget(&mut self, subject: &Subject) {
        self.subjects.remove(subject);
        self.heat.forget(subject);
    }

    pub(super) fn reading(&mut self, reading: &Reading) {
        let Some(sensor) = self.plan.sensors.iter().find(|sensor| sensor.id == reading.sensor) else { return };
        self.beacons.sensor_heard(&reading.sensor, reading.at);
        let is_entrance = self.plan.zone(&sensor.zone).is_some_and(|zone| zone.kind == ZoneKind::Entrance);
        if let ReadingKind::Crossing { entered, left } = reading.kind
            && is_entrance
        {
            let day = day_start(&self.plan, reading.at);
            if day > self.day {
                (self.day, self.door) = (day, Door::default());
            }
            if day == self.day {
                self.door.entered += u64::from(entered);
                self.door.left += u64::from(left);
            }
        }
        self.readings.insert(reading.sensor.clone(), reading.clone());
    }

    pub(super) fn decision(&mut self, row: DecisionRow) {
        self.decisions.push_front(Arc::new(row));
        self.decisions.truncate(DECISIONS_SHOWN as usize);
    }

    pub(super) fn delivery(&mut self, decision: DecisionId, state: DeliveryState) {
        self.change(decision, |row| row.delivery = Some(state));
    }

    pub(super) fn outcome(&mut self, outcome: Outcome) {
        self.change(outcome.decision, |row| row.outcomes.push(outcome));
    }

    fn change(&mut self, decision: DecisionId, change: impl FnOnce(&mut DecisionRow)) {
        if let Some(row) = self.decisions.iter_mut().find(|row| row.decision.id == decision) {
            change(Arc::make_mut(row));
        }
    }

    pub(super) fn forget_customer(&mut self, customer: &CustomerId) {
        let erased = CustomerId::new(ERASED).expect("the word is a reference");
        for row in self.decisions.iter_mut().filter(|row| row.decision.customer == *customer) {
            Arc::make_mut(row).decision.customer = erased.clone();
        }
    }

    pub(super) fn snapshot(&self, gateways: &BTreeMap<GatewayId, GatewayMemory>, at: Timestamp) -> Now {
        let here = self.here(at);
        let zones = self.plan.zones().map(|zone| {
            let inside = here.iter().filter(|(_, subject)| subject.zones.contains(&zone.id));
            let (zone, people) = (zone.id.clone(), count(inside.map(|(id, _)| *id)));
            ZoneNow { estimated: self.expected(Some(&zone)), zone, people }
        });
        let mine = self.receivers.gateways();
        let boxes = gateways.iter().filter(|(id, _)| mine.contains(*id) || gateways.len() == 1).take(GATEWAYS_MAX);
        Now {
            at,
            source: self.source,
            people: count(here.iter().map(|(id, _)| *id)),
            estimated: self.expected(None),
            zones: zones.collect(),
            dots: here.iter().filter_map(|(_, subject)| self.dot(subject, at)).collect(),
            receivers: self.plan.receivers.iter().map(|r| self.receivers.snapshot(&r.id, gateways, at)).collect(),
            gateways: boxes.map(|(id, memory)| memory.snapshot(id, at)).collect(),
            sensors: self.plan.sensors.iter().map(|sensor| self.sensor(&sensor.id)).collect(),
            decisions: self.decisions.iter().cloned().collect(),
            door: if day_start(&self.plan, at) == self.day { self.door } else { Door::default() },
        }
    }

    /// What the replay keeps of this moment.
    pub(super) fn frame(&self, at: Timestamp) -> Frame {
        let here = self.here(at);
        let zones = self.plan.zones().map(|zone| here.iter().filter(|(_, who)| who.zones.contains(&zone.id)).count());
        let shown = here.iter().filter_map(|(_, subject)| subject.shown(at));
        super::frame::frame(&self.plan, at, count(here.iter().map(|(id, _)| *id)), zones, shown)
    }

    fn here(&self, at: Timestamp) -> Vec<(&Subject, &SubjectNow)> {
        self.subjects.iter().filter(|(_, subject)| subject.is_here(at)).collect()
    }

    fn expected(&self, zone: Option<&ZoneId>) -> f64 {
        self.expected.get(&zone.cloned()).copied().unwrap_or_default()
    }

    fn dot(&self, subject: &SubjectNow, at: Timestamp) -> Option<Dot> {
        let position = subject.shown(at)?;
        let is_known = !matches!(position.subject, Subject::Anonymous(_));
        Some(Dot::with_cloud(position, |point| is_known && is_private(&self.plan, &position.floor, point)))
    }

    fn sensor(&self, id: &SensorId) -> SensorNow {
        let reading = self.readings.get(id);
        SensorNow {
            id: id.clone(),
            last_reading: reading.map(|reading| reading.at),
            value: reading.map(|reading| match reading.kind {
                ReadingKind::Crossing { entered, left } => format!("+{entered} -{left}"),
                ReadingKind::Level(people) => people.to_string(),
                ReadingKind::Presence(there) => if there { "present" } else { "empty" }.to_owned(),
                ReadingKind::ShelfDelta(items) => format!("{items:+}"),
            }),
        }
    }
}

fn count<'a>(subjects: impl Iterator<Item = &'a Subject>) -> People {
    let mut people = People::default();
    for subject in subjects {
        people.total += 1;
        match subject {
            Subject::Device(_) => people.identified += 1,
            Subject::Tag(_) => people.tags += 1,
            Subject::Anonymous(_) => people.anonymous += 1,
        }
    }
    people
}

impl SubjectNow {
    /// Whether the subject is in a zone, or is on the plan at all.
    fn is_here(&self, at: Timestamp) -> bool {
        !self.zones.is_empty() || self.shown(at).is_some()
    }

    /// Where the subject is drawn, if it was heard lately.
    fn shown(&self, at: Timestamp) -> Option<&Position> {
        self.position.as_deref().filter(|_| at.since(self.seen) <= DOT_AGE_MAX)
    }
}

/// Whether a place lies in a private zone.
pub(super) fn is_private(plan: &Shop, floor: &FloorId, point: Point) -> bool {
    let floor = plan.floors.iter().find(|other| other.id == *floor);
    let mut zones = floor.into_iter().flat_map(|floor| &floor.zones);
    let point = geo::Point::new(point.x, point.y);
    zones.any(|zone| zone.kind == ZoneKind::Private && zone.polygon.intersects(&point))
}

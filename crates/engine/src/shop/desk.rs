//! What all subjects of a shop share: the plan with its tables, the ids' seed, the room to compute in, and the way out.
//!
//! The way out also keeps the promise of private zones: no known subject is ever named in one.

use std::collections::VecDeque;
use std::sync::Arc;

use decide::keyed;
use locate::calibrate::{Anchors, Calibration, Traffic};
use locate::grid::{Estimate, Field, Workspace};
use locate::presence::Change;
use locate::quality::{Gauge, Quality};
use model::ids::{StoreId, VisitId, ZoneId};
use model::position::Position;
use model::presence::{Presence, PresenceReason, Visit};
use model::shop::Shop as Plan;
use model::subject::{Pseudonym, Subject};
use model::time::{Millis, Timestamp};
use model::units::Probability;
use model::zone::ZoneKind;

use super::fusion::Fusion;
use super::health::Watching;
use super::learn::Learning;
use super::{Command, Dropped};

/// Older positions than this are of no use to anybody: they come from a backlog.
const POSITION_AGE_MAX: Millis = Millis::seconds(30);
/// Belief in a private zone from which a known subject's position is kept back.
const PRIVATE: f64 = 0.3;
/// A visit ends after this silence as long as no plan says another.
const GAP_DEFAULT: Millis = Millis::seconds(900);
/// Belief below which a zone is left out of a position.
const ZONE_MIN: f64 = 0.01;
/// A look stands for no longer than this: nobody knows where a silent subject was.
const LOOK_MAX_S: f64 = 10.0;

/// A plan and its tables.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) plan: Arc<Plan>,
    pub(super) field: Arc<Field>,
    /// The same with all receivers well.
    pub(super) whole: Arc<Field>,
}

/// What all subjects of a shop share.
#[derive(Debug)]
pub(super) struct Desk {
    store: StoreId,
    seed: u64,
    pub(super) ground: Option<Ground>,
    pub(super) work: Workspace,
    pub(super) commands: VecDeque<Command>,
    pub(super) dropped: Dropped,
    /// What sensors say, and who is where in sum.
    pub(super) fusion: Fusion,
    /// The time of what is done now.
    pub(super) now: Timestamp,
    /// How well people are placed; from the first look on.
    pub(super) gauge: Option<Box<Gauge>>,
    /// What was gathered under plans before.
    pub(super) gathered: Quality,
    /// What positions rest on besides the plan.
    pub(super) learnt: Option<Arc<Calibration>>,
    /// What a survey said, without what traffic found since.
    pub(super) survey: Option<Arc<Calibration>>,
    /// What traffic said at the last lesson.
    pub(super) lesson: Option<Arc<Calibration>>,
    /// What the store's traffic says about its radio; from the first plan on.
    pub(super) traffic: Option<Box<Traffic>>,
    /// What receivers heard of transmitters whose place is known.
    pub(super) anchors: Anchors,
    /// When it is learnt from.
    pub(super) learning: Learning,
    /// How the receivers are.
    pub(super) watching: Watching,
}

impl Desk {
    pub(super) fn new(store: StoreId, seed: u64) -> Self {
        Self {
            store,
            seed,
            ground: None,
            work: Workspace::default(),
            commands: VecDeque::new(),
            dropped: Dropped::default(),
            fusion: Fusion::default(),
            now: Timestamp::default(),
            gauge: None,
            gathered: Quality::default(),
            learnt: None,
            survey: None,
            lesson: None,
            traffic: None,
            anchors: Anchors::default(),
            learning: Learning::default(),
            watching: Watching::default(),
        }
    }

    /// The same desk with nothing on it.
    pub(super) fn unvisited(&self) -> Self {
        let ground = self.ground.clone().map(|ground| Ground { field: Arc::clone(&ground.whole), ..ground });
        let mut watching = Watching::default();
        if let Some(ground) = &ground {
            watching.take(&ground.whole, None, &ground.plan);
        }
        Self {
            traffic: ground.as_ref().map(|ground| Box::new(Traffic::new(ground.field.ground()))),
            ground,
            watching,
            learnt: self.learnt.clone(),
            survey: self.survey.clone(),
            ..Self::new(self.store.clone(), self.seed)
        }
    }

    /// A visit that begins.
    pub(super) fn visit(&self, subject: &Subject, started: Timestamp) -> Visit {
        Visit {
            id: VisitId(self.id("visit", subject, started, "")),
            store: self.store.clone(),
            subject: subject.clone(),
            started,
            last_heard: started,
            ended: None,
            sightings: 0,
        }
    }

    /// Says a visit.
    pub(super) fn tell_visit(&mut self, visit: &Visit) {
        self.commands.push_back(Command::Visit(visit.clone()));
    }

    /// Says a change of a stay; in a private zone, of nobody in particular.
    pub(super) fn tell_change(&mut self, visit: &Visit, change: Change) {
        let mut presence = Presence {
            store: self.store.clone(),
            subject: visit.subject.clone(),
            zone: change.zone,
            kind: change.kind,
            at: change.at,
            since: change.since,
            probability: change.probability,
            visit: visit.id,
            reason: change.reason,
        };
        if known(&visit.subject) {
            if self.private(&presence.zone) {
                self.veil(&mut presence);
            } else if presence.reason.runner_up.as_ref().is_some_and(|(zone, _)| self.private(zone)) {
                presence.reason.runner_up = None;
            }
        }
        self.commands.push_back(Command::Presence(presence));
    }

    /// How well people were placed since the last time; none when nobody was.
    pub(super) fn take_quality(&mut self) -> Option<Quality> {
        let mut quality = std::mem::take(&mut self.gathered);
        if let Some(more) = self.gauge.as_mut().and_then(|gauge| gauge.take()) {
            quality.merge(&more);
        }
        (!quality.is_empty()).then_some(quality)
    }

    /// Says a position, if it is news, and notes how sure the look was, which stands for so many seconds.
    pub(super) fn tell_position(
        &mut self,
        subject: &Subject,
        (estimate, zone): (&Estimate, Option<&ZoneId>),
        seconds: f64,
        now: Timestamp,
    ) {
        self.fusion.see(subject, estimate, self.now);
        let Some(position) = self.position(subject, estimate, zone) else { return };
        if let Some(ground) = &self.ground {
            let gauge = self.gauge.get_or_insert_with(|| Box::new(Gauge::new(&ground.plan)));
            gauge.look(estimate, position.zone.as_ref(), seconds.min(LOOK_MAX_S));
        }
        if now.since(estimate.at) <= POSITION_AGE_MAX {
            self.commands.push_back(Command::Position(position));
        }
    }

    /// Says that a subject has fallen silent.
    pub(super) fn tell_quiet(&mut self, subject: &Subject, last_heard: Timestamp) {
        self.commands.push_back(Command::Quiet { subject: subject.clone(), at: last_heard });
    }

    /// The position as it may be said; none for a known subject in a private zone.
    pub(super) fn position(&self, subject: &Subject, estimate: &Estimate, zone: Option<&ZoneId>) -> Option<Position> {
        let mut zones: Vec<(ZoneId, Probability)> =
            estimate.zones.iter().filter(|(_, p)| p.get() >= ZONE_MIN).cloned().collect();
        if known(subject) {
            if zones.iter().any(|(zone, p)| p.get() >= PRIVATE && self.private(zone)) {
                return None;
            }
            zones.retain(|(zone, _)| !self.private(zone));
        }
        zones.sort_by(|a, b| b.1.get().total_cmp(&a.1.get()).then_with(|| a.0.cmp(&b.0)));
        Some(Position {
            subject: subject.clone(),
            at: estimate.at,
            floor: estimate.floor.clone(),
            point: estimate.point,
            uncertainty: estimate.uncertainty,
            spread: estimate.spread,
            zone: zone.filter(|zone| !known(subject) || !self.private(zone)).cloned(),
            cloud: estimate.cloud.clone(),
            zones,
        })
    }

    /// Puts a name in the place of the subject that lasts for one stay and leads nowhere.
    fn veil(&self, presence: &mut Presence) {
        let id = self.id("private", &presence.subject, presence.since, presence.zone.as_str());
        let [_, _, low, high] = [96, 64, 32, 0].map(|shift| (id >> shift) as u32);
        presence.subject = Subject::Anonymous(Pseudonym(u64::from(low) << 32 | u64::from(high)));
        presence.visit = VisitId(id);
        presence.reason = PresenceReason { rule: presence.reason.rule.clone(), ..PresenceReason::default() };
    }

    fn private(&self, zone: &ZoneId) -> bool {
        self.zone_kind(zone) == Some(ZoneKind::Private)
    }

    pub(super) fn zone_kind(&self, zone: &ZoneId) -> Option<ZoneKind> {
        self.ground.as_ref()?.field.zone_kind(zone)
    }

    /// Belief that somebody is at the way in and out.
    pub(super) fn door_belief(&self, estimate: &Estimate) -> f64 {
        let doors = estimate.zones.iter().filter(|(zone, _)| self.zone_kind(zone) == Some(ZoneKind::Entrance));
        doors.map(|(_, p)| p.get()).fold(0.0, f64::max)
    }

    /// A stay of this length is a dwell.
    pub(super) fn dwell(&self) -> Millis {
        self.ground.as_ref().map_or(Millis::ZERO, |ground| Millis::seconds(ground.plan.store.dwell_s.into()))
    }

    /// A visit ends after a silence of this length.
    pub(super) fn gap(&self) -> Millis {
        self.ground.as_ref().map_or(GAP_DEFAULT, |ground| Millis::seconds(ground.plan.store.gap_s.into()))
    }

    fn id(&self, domain: &str, subject: &Subject, at: Timestamp, zone: &str) -> u128 {
        let (kind, name): (&[u8], Vec<u8>) = match subject {
            Subject::Device(device) => (b"device", device.0.to_be_bytes().to_vec()),
            Subject::Tag(tag) => (b"tag", tag.as_str().as_bytes().to_vec()),
            Subject::Anonymous(pseudonym) => (b"anonymous", pseudonym.0.to_be_bytes().to_vec()),
        };
        let store = self.store.as_str().as_bytes();
        keyed::id(self.seed, domain, &[store, kind, &name, &at.0.to_be_bytes(), zone.as_bytes()])
    }
}

/// Whether a subject has a name that could be told.
pub(super) const fn known(subject: &Subject) -> bool {
    match subject {
        Subject::Device(_) | Subject::Tag(_) => true,
        Subject::Anonymous(_) => false,
    }
}

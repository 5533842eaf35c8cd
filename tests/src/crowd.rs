//! A crowd on virtual time, judged against ground truth: the simulator's world, the product's own parts, and a judge.
//!
//! What every figure means is said in docs/accuracy.md, and in `judge` where it is counted.

mod channel;
mod cpu;
mod figures;
mod ground;
mod judge;
mod stays;
mod strangers;
pub mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::shop::{Config, Input, Shop};
use firmware_sim::person::{Kind, Person};
use firmware_sim::scenario::Scenario;
use firmware_sim::truth::PersonId;
use firmware_sim::world::World;
use model::ids::DeviceId;
use model::subject::Subject;
use model::time::{Millis, Timestamp};

pub use self::channel::Score;
pub use self::figures::{Counts, Quantiles, Report};

use self::cpu::Cpu;
use self::judge::Judge;
use self::strangers::Strangers;
use crate::edge::{Arrived, Edge};

/// Wednesday 11 March 2026, 10:00 in Rome.
const START: Timestamp = Timestamp(1_773_219_600_000);
/// How far the run goes in one stride.
const STRIDE: Millis = Millis(100);

/// How a crowd is run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The seed of the world and of the shop.
    pub seed: u64,
    /// How many people there are in all; four fifths of them are inside at a time.
    pub people: usize,
    /// After so many seconds a phone changes its address; with 0 it keeps it.
    pub address_s: u32,
    /// `count` or `day`: how long a stranger is the same stranger to the gateway.
    pub privacy: &'static str,
    /// People arrive, and nothing is judged.
    pub warm_up: Millis,
    /// What is judged.
    pub judged: Millis,
}

impl Run {
    /// Plays and judges it. `progress` is told every virtual minute.
    ///
    /// # Panics
    /// When the embedded scenario is broken.
    pub fn play(&self, mut progress: impl FnMut(u64)) -> Report {
        let mut scenario = Scenario::crowd().expect("the embedded files are right");
        scenario.people = scenario.people.of(self.people);
        scenario.radio.address_s = self.address_s;
        // In a short run people come sooner, so that there are whole visits to judge.
        let soon = self.warm_up.as_seconds() + 180.0;
        scenario.habits.arrive_within_s = scenario.habits.arrive_within_s.min(soon);
        let plan = Arc::new(scenario.shop.clone());
        let mut play = Play {
            strangers: Strangers::new(self.privacy, &plan.store, START),
            edge: Edge::new(&scenario, self.privacy, strangers::draw, START),
            judge: Judge::new(&scenario, START + self.warm_up),
            world: World::new(scenario, self.seed, START),
            shop: Shop::new(Config::new(plan.store.id.clone()), self.seed),
            cpu: Cpu::default(),
        };
        play.shop.handle(Input::Plan(Arc::clone(&plan)), START);
        play.edge.know(play.world.people().iter().filter_map(|person| Some((device_of(person)?, person.air))));
        play.judge.meet(play.world.people().iter().filter_map(|p| Some((subject_of(p, &plan.tags)?, p.id))));
        let mut now = START;
        while now < START + self.warm_up + self.judged {
            now = now + STRIDE;
            play.stride(now);
            if now.since(START).0 % 60_000 == 0 {
                progress(u64::try_from(now.since(START).0 / 60_000).unwrap_or(0));
            }
        }
        play.judge.report(&play.world, play.edge.unnamed(), play.cpu.total(), self)
    }
}

struct Play {
    world: World,
    edge: Edge,
    shop: Shop,
    strangers: Strangers,
    judge: Judge,
    cpu: Cpu,
}

impl Play {
    fn stride(&mut self, now: Timestamp) {
        for happening in self.world.step(now) {
            self.strangers.watch(&happening);
            self.judge.watch(&happening);
            self.edge.notice(&happening);
        }
        let arrived = self.edge.tick(now);
        for subject in arrived.iter().filter_map(|arrived| match arrived {
            Arrived::Sighting { subject, .. } => Some(subject),
            Arrived::Reading(_) => None,
        }) {
            if !self.judge.knows(subject)
                && let Some(person) = self.strangers.behind(subject, now)
            {
                self.judge.meet([(subject.clone(), person)]);
            }
        }
        let started = self.cpu.start();
        for arrived in arrived {
            let input = match arrived {
                Arrived::Sighting { subject, sighting } => Input::Sighting { subject, sighting },
                Arrived::Reading(reading) => Input::Reading(reading),
            };
            self.shop.handle(input, now);
        }
        self.shop.handle_timeout(now);
        self.cpu.stop(started, self.judge.is_open(now));
        while let Some(command) = self.shop.poll_command() {
            self.judge.hear(command, now);
        }
        self.judge.look(&self.world, now);
    }
}

/// The name of a person's phone, if it may have one.
fn device_of(person: &Person) -> Option<DeviceId> {
    (person.kind.has_app() && person.consent.locating).then_some(DeviceId(0xde00_0000 + person.id.0 as u128))
}

/// As whom a person is followed, if by name.
fn subject_of(person: &Person, tags: &[model::shop::Tag]) -> Option<Subject> {
    match person.kind {
        Kind::Cart(number) => Some(Subject::Tag(tags.get(number)?.id.clone())),
        Kind::AppFull
        | Kind::AppWithdraws
        | Kind::AppNoPush
        | Kind::AppProfileOnly
        | Kind::AppNoConsent
        | Kind::Anonymous
        | Kind::Silent => device_of(person).map(Subject::Device),
    }
}

/// Who is behind every subject.
type People = BTreeMap<Subject, PersonId>;

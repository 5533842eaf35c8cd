//! The Shop machine: one store's sightings and readings in, presence, positions and visits out.
//!
//! Sans-I/O: `now` and the seed are values, effects are [`Command`]s, and the same inputs give the same commands byte for byte.

use std::collections::VecDeque;
use std::sync::Arc;

use model::ids::StoreId;
use model::position::Position;
use model::presence::{Presence, Visit};
use model::reading::Reading;
use model::shop::Shop as Plan;
use model::sighting::Sighting;
use model::subject::Subject;
use model::time::Timestamp;
use serde::Serialize;

/// What happens to a shop.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A receiver heard somebody.
    Sighting {
        /// Who, as far as is known.
        subject: Subject,
        /// What was heard.
        sighting: Sighting,
    },
    /// A sensor reported.
    Reading(Reading),
    /// The shop's files, at the start and when they change.
    Plan(Arc<Plan>),
    /// Everything about a subject is to be dropped, without another word about it.
    Forget(Subject),
    /// What was open when the process stopped: the last change of each open stay, and the open visits.
    Restore {
        /// Open stays.
        stays: Vec<Presence>,
        /// Open visits.
        visits: Vec<Visit>,
    },
}

/// What a shop wants done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A stay changed.
    Presence(Presence),
    /// Where a subject is now; at most about two a second for each.
    Position(Position),
    /// A visit started, went on or ended; the last one said is the truth.
    Visit(Visit),
    /// A reading was accepted; each is said once.
    Reading(Reading),
}

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

/// What was not used, by reason; totals since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Sightings before the first plan.
    pub no_plan: u64,
    /// Sightings of a receiver that is not on the plan.
    pub unknown_receiver: u64,
    /// Sightings heard before.
    pub duplicate: u64,
    /// Sightings that came too late to be put in order.
    pub late: u64,
    /// Sightings with numbers that no radio gives.
    pub implausible: u64,
    /// Sightings beyond what one subject may have in one time slot.
    pub flood: u64,
    /// Subjects refused or given up because the shop was full.
    pub subjects: u64,
    /// Readings heard before, or too late to tell.
    pub readings: u64,
    /// Readings of a sensor that is not on the plan.
    pub unknown_sensor: u64,
}

/// The machine of one store.
#[derive(Debug)]
pub struct Shop {
    plan: Option<Arc<Plan>>,
    commands: VecDeque<Command>,
    dropped: Dropped,
}

impl Shop {
    /// A shop without a plan; sightings count only from the first plan on.
    #[must_use]
    pub fn new(_config: Config, _seed: u64) -> Self {
        Self { plan: None, commands: VecDeque::new(), dropped: Dropped::default() }
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.handle_timeout(now);
        match input {
            Input::Plan(plan) => self.plan = Some(plan),
            Input::Reading(reading) => self.commands.push_back(Command::Reading(reading)),
            Input::Sighting { .. } | Input::Forget(_) | Input::Restore { .. } => {}
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, _now: Timestamp) {}

    /// When the shop next wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// The next thing to be done.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// Where a subject is believed to be at `now`, from all that has been heard so far; none if it is not followed.
    pub fn position(&mut self, _subject: &Subject, _now: Timestamp) -> Option<Position> {
        None
    }

    /// The plan in force.
    #[must_use]
    pub fn plan(&self) -> Option<&Arc<Plan>> {
        self.plan.as_ref()
    }

    /// What was not used, by reason.
    #[must_use]
    pub const fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Subjects followed now.
    #[must_use]
    pub fn len(&self) -> usize {
        0
    }

    /// Whether nobody is followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

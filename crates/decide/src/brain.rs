//! What a store has learnt of how people answer: lent to every decision, taught by outcomes.

use std::collections::BTreeMap;

use learn::duel::{Duel, Promoted};
use learn::logistic::{Config, Example, Logistic, Opinion, Path};
use learn::pace::Pace;
use model::decision::Feature;
use model::ids::{OfferId, StoreId};
use model::policy::Policy;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What was learnt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Brain {
    /// The chance that what is said is taken up.
    pub redeem: Duel,
    /// The chance that it is bought without being said, learnt from ghost offers.
    pub anyway: Logistic,
    /// How each store's offers stand.
    pub courses: BTreeMap<StoreId, BTreeMap<OfferId, Course>>,
}

/// How an offer stands in a store.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// The epoch of its measurement.
    pub epoch: u32,
    /// It harms: stopped until a person looks.
    pub stopped: bool,
    /// What is left of its worth so that its budget lasts, 0 to 1.
    pub brake: f64,
    /// What works the brake.
    pub pace: Pace,
    /// When it was last worked.
    pub paced: Timestamp,
}

impl Default for Course {
    fn default() -> Self {
        Self { epoch: 0, stopped: false, brake: 1.0, pace: Pace::new(), paced: Timestamp::default() }
    }
}

impl Brain {
    /// A store that has learnt nothing, under a policy.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let config = Config { pseudo_views: policy.pseudo_views, forget: policy.forget, ..Config::default() };
        Self { redeem: Duel::new(config), anyway: Logistic::new(config), ..Self::default() }
    }

    /// How an offer stands in a store.
    #[must_use]
    pub fn course(&self, store: &StoreId, offer: &OfferId) -> Course {
        self.courses.get(store).and_then(|offers| offers.get(offer)).copied().unwrap_or_default()
    }

    /// The same, to be changed.
    pub fn course_mut(&mut self, store: &StoreId, offer: &OfferId) -> &mut Course {
        self.courses.entry(store.clone()).or_default().entry(offer.clone()).or_default()
    }

    /// Lessons taken so far.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.redeem.version()
    }

    /// The part of an opinion that the house's priors still have, 1 to 0: it falls with the lessons.
    #[must_use]
    pub fn house_part(lessons: u64, policy: &Policy) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "lessons are counted, far below 2^53")]
        let lessons = lessons as f64;
        policy.pseudo_views / (policy.pseudo_views + lessons)
    }

    /// What is believed of a telling.
    #[must_use]
    pub fn opinion(&self, path: Path<'_>, features: &[Feature]) -> Opinion {
        self.redeem.opinion(&Example { path, features })
    }

    /// What is believed of saying nothing.
    #[must_use]
    pub fn opinion_anyway(&self, path: Path<'_>, features: &[Feature]) -> Opinion {
        self.anyway.opinion(&Example { path, features })
    }

    /// Takes the outcome of something that was said.
    pub fn teach(&mut self, path: Path<'_>, features: &[Feature], yes: bool, now: Timestamp) -> Option<Promoted> {
        self.redeem.teach(&Example { path, features }, yes, now)
    }

    /// Takes the outcome of a ghost offer: what happens when nothing is said.
    pub fn teach_anyway(&mut self, path: Path<'_>, features: &[Feature], yes: bool, now: Timestamp) {
        self.anyway.teach(&Example { path, features }, yes, now);
    }
}

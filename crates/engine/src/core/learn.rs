//! What answers teach, and whether an offer harms: one brain and one watch for each offer and epoch, kept by the shell.

use std::collections::BTreeMap;

use decide::brain::Brain;
use decide::keyed;
use learn::logistic::{Example, Path, Row};
use measure::conversions::{Verdict, Watch};
use model::ids::{OfferId, StoreId};
use model::shop::Shop as Plan;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Core, Input};
use crate::shopper::{Answer, Taught};

/// The chance that a harmless offer is ever stopped.
const HARM_ALPHA: f64 = 0.05;
/// Why an offer is stopped that makes people buy less.
const HARM: &str = "harm";

/// Which model a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Champion and challenger: the chance that what is said is taken up.
    Redeem,
    /// The chance that it is bought without being said.
    Anyway,
}

impl Which {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redeem => "redeem",
            Self::Anyway => "anyway",
        }
    }

    /// The model of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Redeem, Self::Anyway].into_iter().find(|which| which.name() == name)
    }
}

/// The measurement of one offer since it was last changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// In which store.
    pub store: StoreId,
    /// Of which offer.
    pub offer: OfferId,
    /// Counts up at every change of the offer or of the share.
    pub number: u32,
    /// Tells whether the offer has changed.
    pub digest: String,
    /// Since when.
    pub started: Timestamp,
    /// When it was stopped; none while it runs.
    pub stopped: Option<Timestamp>,
    /// Why it was stopped.
    pub why: Option<String>,
    /// The evidence so far, with the share of those triggered that are told.
    pub watch: Watch,
}

impl Core {
    /// What was learnt, as far as it changed since the last call: to be kept, and told with [`Input::Learnt`] at the next start.
    pub fn take_learnt(&mut self) -> Vec<(Which, Row)> {
        let Brain { redeem, anyway, .. } = &mut self.lent.brain;
        let redeem = redeem.take_changed().into_iter().map(|row| (Which::Redeem, row));
        redeem.chain(anyway.take_changed().into_iter().map(|row| (Which::Anyway, row))).collect()
    }

    /// What is learnt, to look at.
    #[must_use]
    pub const fn brain(&self) -> &Brain {
        &self.lent.brain
    }

    pub(super) fn learnt(&mut self, which: Which, rows: Vec<Row>) {
        match which {
            Which::Redeem => self.lent.brain.redeem.restore(rows),
            Which::Anyway => self.lent.brain.anyway.restore(rows),
        }
    }

    pub(super) fn learn(&mut self, taught: &Taught) {
        let (offer, store) = (taught.offer.as_str(), taught.store.as_str());
        let path = Path { offer, category: &taught.category, store };
        let (brain, features, now) = (&mut self.lent.brain, taught.features.as_slice(), self.now);
        let example = Example { path, features };
        let promoted = match (taught.ghost, taught.answer) {
            (false, Answer::Yes | Answer::No) => brain.teach(path, features, taught.answer == Answer::Yes, now),
            (false, Answer::LateYes) => {
                brain.redeem.correct(&example, now);
                None
            }
            (true, Answer::Yes | Answer::No) => {
                brain.teach_anyway(path, features, taught.answer == Answer::Yes, now);
                None
            }
            (true, Answer::LateYes) => {
                brain.anyway.correct(&example, now);
                None
            }
        };
        if promoted.is_some() {
            self.commands.push_back(Command::Alarm { store: taught.store.clone(), what: "drift".to_owned() });
        }
    }

    /// Takes an epoch back as it was kept, before the plan that goes on with it.
    pub(super) fn restore_epoch(&mut self, epoch: Epoch) {
        let key = (epoch.store.clone(), epoch.offer.clone());
        if self.epochs.get(&key).is_none_or(|known| known.number <= epoch.number) {
            self.put_epoch(epoch);
        }
    }

    /// Begins an epoch for each offer that is new or has changed.
    pub(super) fn begin_epochs(&mut self, plan: &Plan) {
        for offer in &plan.offers {
            let share = plan.told_share(offer);
            let text = serde_json::to_string(offer).expect("an offer has text keys and finite numbers");
            let digest = keyed::digest(0, "epoch", &[text.as_bytes(), &share.to_bits().to_be_bytes()]);
            let digest: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            let known = self.epochs.get(&(plan.store.id.clone(), offer.id.clone()));
            if known.is_some_and(|known| known.digest == digest) {
                continue;
            }
            let epoch = Epoch {
                store: plan.store.id.clone(),
                offer: offer.id.clone(),
                number: known.map_or(1, |known| known.number.saturating_add(1)),
                digest,
                started: self.now,
                stopped: None,
                why: None,
                watch: Watch::new(share, HARM_ALPHA),
            };
            self.epochs_changed.insert((epoch.store.clone(), epoch.offer.clone()));
            self.put_epoch(epoch);
        }
    }

    /// Measurements that began or went on since the last call: to be kept, and told with [`Input::Epoch`] at the next start.
    pub fn take_epochs(&mut self) -> Vec<Epoch> {
        let changed = std::mem::take(&mut self.epochs_changed);
        changed.into_iter().filter_map(|key| self.epochs.get(&key).cloned()).collect()
    }

    fn put_epoch(&mut self, epoch: Epoch) {
        let course = self.lent.brain.course_mut(&epoch.store, &epoch.offer);
        (course.epoch, course.stopped) = (epoch.number, epoch.stopped.is_some());
        self.epochs.insert((epoch.store.clone(), epoch.offer.clone()), epoch);
    }

    /// A customer's first conversion in an epoch: it counts for one of the two arms, and harm stops the offer.
    pub(super) fn converted(&mut self, store: &StoreId, offer: &OfferId, number: u32, treated: bool) {
        let key = (store.clone(), offer.clone());
        let Some(epoch) = self.epochs.get_mut(&key).filter(|epoch| epoch.number == number) else { return };
        let share = epoch.watch.share();
        if share <= 0.0 || share >= 1.0 {
            // Nobody is kept without it, so there is nothing to compare with.
            return;
        }
        epoch.watch.add(treated);
        if epoch.stopped.is_none() && epoch.watch.verdict() == Verdict::Harm {
            epoch.stopped = Some(self.now);
            epoch.why = Some(HARM.to_owned());
            self.lent.brain.course_mut(store, offer).stopped = true;
            let (store, offer, e) = (store.clone(), offer.clone(), epoch.watch.e());
            self.commands.push_back(Command::Stopped { store, offer, e });
        }
        self.epochs_changed.insert(key);
    }
}

pub(super) type Epochs = BTreeMap<(StoreId, OfferId), Epoch>;

impl Core {
    /// All that is learnt, as an input for an empty core.
    pub(super) fn all_learnt(&self) -> impl Iterator<Item = Input> {
        let brain = Input::Brain { brain: Box::new(self.lent.brain.clone()) };
        self.epochs.values().cloned().map(Input::Epoch).chain(std::iter::once(brain))
    }
}

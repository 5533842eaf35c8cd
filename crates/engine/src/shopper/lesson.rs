//! What an offer teaches: a yes when it is taken up in time, a no when nothing came, and a correction when a yes came late.

use model::decision::{Decision, Feature};
use model::delivery::DeliveryState;
use model::ids::{OfferId, StoreId};
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

use super::slim;
use super::state::Open;
use super::{Command, Shopper};

/// Most conversions remembered, so that each customer counts once in an epoch; the oldest is forgotten first.
pub(super) const CONVERTED_MAX: usize = 64;

/// What an offer's answer will teach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Lesson {
    /// The category of what it is about; empty when that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    category: String,
    /// What the model saw.
    #[serde(with = "slim::features")]
    features: Vec<Feature>,
    /// Until then an answer is in time.
    due: Timestamp,
    /// What it has taught; nothing yet when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taught: Option<bool>,
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Taken up in time.
    Yes,
    /// Nothing came in time.
    No,
    /// Taken up after "no" had been learnt.
    LateYes,
}

/// Something to be learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct Taught {
    /// Of which offer.
    pub offer: OfferId,
    /// In which category; empty when that is not known.
    pub category: String,
    /// In which store.
    pub store: StoreId,
    /// What the model saw.
    pub features: Vec<Feature>,
    /// What came back.
    pub answer: Answer,
    /// It was never said: this is what happens anyway.
    pub ghost: bool,
}

impl Lesson {
    pub(super) fn of(decision: &Decision, category: Option<&str>, now: Timestamp, window_s: u32) -> Self {
        Self {
            category: category.unwrap_or_default().to_owned(),
            // What is 0 teaches nothing.
            features: decision.explanation.features.iter().map(kept).filter(|one| one.value != 0.0).collect(),
            due: now + Millis::seconds(i64::from(window_s)),
            taught: None,
        }
    }
}

impl Shopper {
    /// An offer was taken up.
    pub(super) fn learn_yes(&mut self, index: usize) {
        let open = &mut self.state.open[index];
        let Some(lesson) = &mut open.lesson else { return };
        let answer = match lesson.taught {
            None => Answer::Yes,
            Some(false) => Answer::LateYes,
            Some(true) => return,
        };
        lesson.taught = Some(true);
        let taught = taught(open, answer);
        // There is nothing more to be learnt of it.
        open.lesson.iter_mut().for_each(|lesson| lesson.features = Vec::new());
        self.commands.extend(taught.map(Command::Teach));
    }

    /// Learns a no of every offer whose time is over.
    pub(super) fn learn_no(&mut self, now: Timestamp) {
        let mut found = Vec::new();
        for open in &mut self.state.open {
            if lesson_due(open).is_none_or(|due| due > now) {
                continue;
            }
            if let Some(lesson) = &mut open.lesson {
                lesson.taught = Some(false);
            }
            found.extend(taught(open, Answer::No));
        }
        self.changed |= !found.is_empty();
        self.commands.extend(found.into_iter().map(Command::Teach));
    }

    pub(super) fn next_lesson(&self) -> Option<Timestamp> {
        self.state.open.iter().filter_map(lesson_due).min()
    }
}

/// When nothing having come becomes a no. What is still on its way has not been said, so it teaches nothing yet.
fn lesson_due(open: &Open) -> Option<Timestamp> {
    let lesson = open.lesson.as_ref().filter(|lesson| lesson.taught.is_none())?;
    match open.delivery {
        None | Some(DeliveryState::Sent | DeliveryState::Sending) => Some(lesson.due),
        Some(DeliveryState::Pending | DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Withheld) => None,
    }
}

fn kept(feature: &Feature) -> Feature {
    Feature { value: slim::rounded(feature.value), ..feature.clone() }
}

fn taught(open: &Open, answer: Answer) -> Option<Taught> {
    let lesson = open.lesson.as_ref()?;
    Some(Taught {
        offer: open.offer.clone(),
        category: lesson.category.clone(),
        store: open.store.clone(),
        features: lesson.features.clone(),
        answer,
        ghost: open.delivery.is_none(),
    })
}

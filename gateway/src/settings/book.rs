//! What the box was told to have, what it tries, and what it falls back on. Pure; kept whole after every step.

use std::collections::BTreeSet;

use model::ids::{BootId, ReceiverId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wire::settings::{self, Desired, Outcome, Refused, Reported};

use crate::count::RECEIVERS_MAX;

/// So often a box begins with settings that are on trial; killed once more it goes back.
pub const STARTS_MAX: u32 = 3;
/// Of those that were heard before, one in so many may be missing afterwards: people carry phones home, and shops close.
const MISSING_PART: usize = 5;

/// Settings on trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Which.
    pub desired: Desired,
    /// How often the box has begun with them.
    pub starts: u32,
    /// Receivers that were heard before.
    pub receivers: Vec<ReceiverId>,
}

/// What became of the last settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    version: u64,
    /// Of the whole document; empty in books that were kept before 0.2.
    #[serde(default)]
    digest: String,
    outcome: Outcome,
    field: Option<String>,
    reason: Option<String>,
    at: Timestamp,
}

/// The book.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    good: Option<Desired>,
    trial: Option<Trial>,
    last: Option<Last>,
}

/// How a box on trial fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signs {
    /// The server told the same or newer settings again, over a line that was made with these.
    pub is_told: bool,
    /// Receivers that were heard since the box began with them.
    pub heard: Vec<ReceiverId>,
}

impl Book {
    /// Whether settings are others than those that were decided on already.
    #[must_use]
    pub fn is_news(&self, desired: &Desired) -> bool {
        // Whether receivers may be lost by them is of no interest any more once they are in force.
        let is_same = |known: &Desired| (known.version, &known.settings) == (desired.version, &desired.settings);
        !self.in_force().is_some_and(is_same) && !self.is_done_with(desired)
    }

    /// Whether settings are the last that could not be. The version alone says little: it may be another server's, or the same
    /// one's after a step back.
    fn is_done_with(&self, desired: &Desired) -> bool {
        let is_same =
            |last: &Last| last.version == desired.version && (last.digest.is_empty() || last.digest == digest(desired));
        self.last.as_ref().is_some_and(|last| match last.outcome {
            Outcome::Refused | Outcome::RolledBack => is_same(last),
            Outcome::Applied | Outcome::Trying => false,
        })
    }

    /// The settings to begin with, and whether they are on trial. Trials that did not last are ended here.
    pub fn begin(&mut self, now: Timestamp) -> (Option<Desired>, bool) {
        if self.trial.as_ref().is_some_and(|trial| trial.starts >= STARTS_MAX) {
            self.roll_back(None, &format!("the box was stopped {STARTS_MAX} times before it was well"), now);
        }
        match &mut self.trial {
            Some(trial) => {
                trial.starts += 1;
                (Some(trial.desired.clone()), true)
            }
            None => (self.good.clone(), false),
        }
    }

    /// The settings that the box runs with: those on trial, else those that held.
    #[must_use]
    pub fn in_force(&self) -> Option<&Desired> {
        self.trial.as_ref().map(|trial| &trial.desired).or(self.good.as_ref())
    }

    /// The trial that is under way.
    #[must_use]
    pub const fn trial(&self) -> Option<&Trial> {
        self.trial.as_ref()
    }

    /// Settings can't be.
    pub fn refuse(&mut self, desired: &Desired, refused: &Refused, now: Timestamp) {
        let reason = format!("{}; {}", refused.problem, refused.fix);
        self.note(desired, Outcome::Refused, Some(refused.field.clone()), Some(reason), now);
    }

    /// Settings are to be tried; `heard` may be empty where they can silence nobody. What those on trial had still to prove,
    /// the next have to.
    pub fn try_out(&mut self, desired: Desired, heard: impl IntoIterator<Item = ReceiverId>, now: Timestamp) {
        let mut before: BTreeSet<ReceiverId> = heard.into_iter().collect();
        before.extend(self.trial.take().into_iter().flat_map(|trial| trial.receivers));
        let receivers =
            if desired.may_lose_receivers { Vec::new() } else { before.into_iter().take(RECEIVERS_MAX).collect() };
        self.note(&desired, Outcome::Trying, None, None, now);
        self.trial = Some(Trial { desired, starts: 0, receivers });
    }

    /// What is missing before the box is as well as before; none when it is, and then the settings hold.
    pub fn look(&mut self, signs: &Signs, now: Timestamp) -> Option<String> {
        let trial = self.trial.as_ref()?;
        if !signs.is_told {
            return Some("the line to the server did not come back".into());
        }
        let missing: Vec<&str> =
            trial.receivers.iter().filter(|id| !signs.heard.contains(id)).map(ReceiverId::as_str).collect();
        if missing.len() > trial.receivers.len() / MISSING_PART {
            let names = missing.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            return Some(format!("{} receivers were not heard any more: {names}", missing.len()));
        }
        if let Some(trial) = self.trial.take() {
            self.note_end(&trial.desired, Outcome::Applied, None, None, now);
            self.good = Some(trial.desired);
        }
        None
    }

    /// The box was not well with the settings on trial.
    pub fn roll_back(&mut self, field: Option<String>, reason: &str, now: Timestamp) {
        if let Some(trial) = self.trial.take() {
            self.note_end(&trial.desired, Outcome::RolledBack, field, Some(reason.to_owned()), now);
        }
    }

    /// Settings that held do not go with the box's own file any more: it goes by its file alone.
    pub fn give_up(&mut self, refused: &Refused, now: Timestamp) {
        if let Some(good) = self.good.take() {
            self.refuse(&good, refused, now);
        }
    }

    /// What to tell the server; nothing before it ever sent settings.
    #[must_use]
    pub fn report(&self, boot: BootId) -> Option<Reported> {
        let last = self.last.as_ref()?;
        Some(Reported {
            boot,
            version: last.version,
            outcome: last.outcome,
            field: last.field.clone(),
            reason: last.reason.clone(),
            in_force: self.in_force().map(|desired| desired.version),
            at: last.at,
        })
    }

    fn note(
        &mut self,
        desired: &Desired,
        outcome: Outcome,
        field: Option<String>,
        reason: Option<String>,
        at: Timestamp,
    ) {
        let (version, digest) = (desired.version, digest(desired));
        self.last = Some(Last { version, digest, outcome, field, reason, at });
    }

    /// The same of a trial that has ended; what was said of newer settings meanwhile stays.
    fn note_end(
        &mut self,
        desired: &Desired,
        outcome: Outcome,
        field: Option<String>,
        reason: Option<String>,
        at: Timestamp,
    ) {
        if self.last.as_ref().is_none_or(|last| last.version <= desired.version) {
            self.note(desired, outcome, field, reason, at);
        }
    }
}

/// What tells one document from another.
fn digest(desired: &Desired) -> String {
    hex::encode(Sha256::digest(settings::encode(desired)))
}

#[cfg(test)]
mod tests;

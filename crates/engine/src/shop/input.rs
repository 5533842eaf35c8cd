//! What can happen to a shop.

use std::sync::Arc;

use locate::calibrate::Calibration;
use model::ids::ReceiverId;
use model::presence::{Presence, Visit};
use model::reading::Reading;
use model::shop::Shop as Plan;
use model::sighting::Sighting;
use model::subject::Subject;
use model::survey::Survey;

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
    /// A receiver heard a transmitter whose place is known: nobody.
    Anchor {
        /// Which one, as a receiver or beacon of the plan.
        anchor: ReceiverId,
        /// What was heard.
        sighting: Sighting,
    },
    /// A sensor reported.
    Reading(Reading),
    /// The shop's files, at the start and when they change.
    Plan(Arc<Plan>),
    /// What a survey of the store found; it takes the place of the one before.
    Survey(Arc<Survey>),
    /// What the store has learnt of its own radio before the process stopped.
    Calibration(Arc<Calibration>),
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

//! What a shop did not use, by reason.

use locate::grid::Hearing;
use serde::Serialize;

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

impl Dropped {
    pub(super) const fn count(&mut self, hearing: Hearing) {
        match hearing {
            Hearing::Taken(_) => {}
            Hearing::Duplicate => self.duplicate += 1,
            Hearing::Late => self.late += 1,
            Hearing::UnknownReceiver => self.unknown_receiver += 1,
            Hearing::Implausible => self.implausible += 1,
            Hearing::Flood => self.flood += 1,
        }
    }
}

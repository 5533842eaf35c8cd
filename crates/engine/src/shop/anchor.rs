//! What a shop makes of transmitters whose place is known: never a person, but a measure of its receivers.

use locate::calibrate::{Calibration, Source};
use model::ids::ReceiverId;
use model::sighting::Sighting;

use super::desk::Desk;

impl Desk {
    /// Takes what a receiver heard of an anchor.
    pub(super) fn anchor(&mut self, anchor: &ReceiverId, mut sighting: Sighting) {
        let Some(ground) = &self.ground else {
            self.dropped.no_plan += 1;
            return;
        };
        let plan = &ground.plan;
        let known = |id: &ReceiverId| plan.receivers.iter().chain(&plan.beacons).any(|receiver| receiver.id == *id);
        if !known(anchor) || !known(&sighting.receiver) {
            self.dropped.unknown_receiver += 1;
            return;
        }
        sighting.at = sighting.at.min(self.now);
        // One that was moved is not where the plan says, whether it hears or is heard.
        if !self.watching.is_trusted(anchor) || !self.anchors.hear(anchor, &sighting) {
            return;
        }
        self.watching.hear_anchor(&self.anchors, anchor, &sighting, self.now);
        if self.survey.is_none() {
            self.learning.listen(self.anchors.listened(), self.now);
        }
    }

    /// What the traffic and the anchors say about the radio; none while that is too little.
    pub(super) fn calibration(&self) -> Option<Calibration> {
        let traffic = self.traffic.as_ref().and_then(|traffic| traffic.calibration());
        match (traffic, self.anchors.links()) {
            (Some(learnt), links) => Some(Calibration { anchors: links.unwrap_or_default(), ..learnt }),
            (None, Some(links)) => Some(Calibration { anchors: links, ..Calibration::empty(Source::Traffic) }),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests;

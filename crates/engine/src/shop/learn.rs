//! When a shop learns of its radio from its own traffic: every ten minutes, if there was enough traffic since, or
//! every hour on top of a survey. A quiet shop is left alone.

use std::sync::Arc;

use locate::calibrate::Calibration;
use model::time::{Millis, Timestamp};

use super::Shop;
use super::desk::Desk;

/// The shortest time between two lessons.
const EVERY: Millis = Millis::minutes(10);
/// The same where there is a survey: what changes then is slow, and a survey takes long to fit.
const SURVEYED_EVERY: Millis = Millis::minutes(60);
/// The time between two lessons that rest on nothing but anchors.
const ANCHORS_EVERY: Millis = Millis::minutes(60);
/// Device-seconds that must have been heard since the last one.
const GATHERED_S: f64 = 1_800.0;
/// In so many seconds of open hours, a week of them, what was heard comes to count half.
const HALF_LIFE_S: f64 = 70.0 * 3_600.0;
/// Longer times between two lessons were not all open hours.
const OPEN_MAX_S: f64 = 3_600.0;

/// The state of learning.
#[derive(Debug, Default)]
pub(super) struct Learning {
    /// When the next lesson is; none while too little was heard.
    due: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Device-seconds of traffic at the last lesson.
    seconds: f64,
    /// What was learnt and not yet asked for.
    learnt: Option<Calibration>,
}

impl Learning {
    /// Begins anew, with traffic of so many device-seconds.
    pub(super) const fn begin(&mut self, seconds: f64) {
        (self.due, self.seconds) = (None, seconds);
    }

    /// Notes how much traffic there is by now.
    pub(super) fn gather(&mut self, seconds: f64, every: Millis, now: Timestamp) {
        if self.due.is_none() && seconds - self.seconds >= GATHERED_S {
            self.due = Some(self.last.map_or(now, |last| now.max(last + every)));
        }
    }

    /// Notes that anchors were heard for so long by now: they are learnt from at once when that is enough, and then now and then.
    pub(super) fn listen(&mut self, listened: Option<Millis>, now: Timestamp) {
        if self.due.is_none() && listened.is_some() {
            self.due = match self.last {
                None => Some(now),
                Some(last) if now.since(last) >= ANCHORS_EVERY => Some(now),
                Some(_) => None,
            };
        }
    }

    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Takes what was learnt since it was last asked for.
    pub(super) const fn take(&mut self) -> Option<Calibration> {
        self.learnt.take()
    }

    /// Begins the time to the next lesson; says by how much old traffic is to fade.
    fn pass(&mut self, seconds: f64, now: Timestamp) -> f32 {
        let since = self.last.map_or(0.0, |last| now.since(last).as_seconds()).min(OPEN_MAX_S);
        (self.due, self.last, self.seconds) = (None, Some(now), seconds);
        0.5_f64.powf(since / HALF_LIFE_S) as f32
    }
}

impl Desk {
    /// Notes that somebody's sightings were learnt from.
    pub(super) fn taught(&mut self) {
        if let Some(traffic) = &self.traffic {
            let every = if self.survey.is_some() { SURVEYED_EVERY } else { EVERY };
            self.learning.gather(traffic.seconds(), every, self.now);
        }
    }

    /// Learns from the traffic so far; says whether positions now rest on it.
    fn learn(&mut self, now: Timestamp) -> bool {
        let Some(traffic) = &mut self.traffic else { return false };
        let keep = self.learning.pass(traffic.seconds(), now);
        traffic.fade(keep);
        self.anchors.fade(keep.into());
        let Some(learnt) = self.calibration() else { return false };
        self.learning.learnt = Some(learnt.clone());
        self.lesson = Some(Arc::new(learnt.clone()));
        self.take_learnt(learnt)
    }
}

impl Shop {
    /// Does the lesson that is due.
    pub(super) fn learn(&mut self, now: Timestamp) {
        if self.desk.learn(now) {
            self.relay(now);
        }
    }

    /// What was learnt of the radio since the last time it was asked for, to be kept for the next start.
    pub const fn take_learnt_radio(&mut self) -> Option<Calibration> {
        self.desk.learning.take()
    }
}

#[cfg(test)]
mod tests;

//! One stream of answers about one person, held against the truth: share right, time to notice, false switches, flaps.

use std::collections::VecDeque;

use model::time::{Millis, Timestamp};

use super::figures::{Quantiles, share};
use super::ground::Zone;

/// Shorter stays are passages: nobody needs to notice them.
const STAY_MIN: Millis = Millis::seconds(3);
/// There and back within this time is a flap, when the truth did not change meanwhile.
const FLAP_MAX: Millis = Millis::seconds(10);

/// What is added up over all people.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Seconds of people looked at.
    pub moments: u64,
    /// Of these, with the right answer.
    pub right: u64,
    /// Of these, with no answer at all.
    pub silent: u64,
    /// Stays of three seconds and more.
    pub stays: u64,
    /// Of these, never noticed while they lasted.
    pub missed: u64,
    /// From the true entry to the first right answer, in seconds, of those noticed.
    pub notice: Quantiles,
    /// Switches into a wrong zone.
    pub false_switches: u64,
    /// There and back within ten seconds while the truth stood still.
    pub flaps: u64,
}

impl Score {
    /// Share of moments with the right answer.
    #[must_use]
    pub fn right_share(&self) -> f64 {
        share(self.right, self.moments)
    }

    /// Share of stays that were never noticed.
    #[must_use]
    pub fn missed_share(&self) -> f64 {
        share(self.missed, self.stays)
    }

    /// So many of something, per hour and person.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub fn per_hour(&self, count: u64) -> f64 {
        count as f64 * 3_600.0 / self.moments.max(1) as f64
    }
}

/// One person's stream of answers.
#[derive(Debug, Default)]
pub(super) struct Channel {
    stay: Option<Stay>,
    answer: Zone,
    /// The last answers and when each was given, oldest first.
    switches: VecDeque<(Timestamp, Zone)>,
}

#[derive(Debug)]
struct Stay {
    zone: Zone,
    since: Timestamp,
    noticed: Option<Millis>,
    /// Whether it began while everything is judged.
    counts: bool,
}

impl Channel {
    /// Takes what is true and what is answered now. `counts` says whether it is judged.
    pub(super) fn look(&mut self, truth: Zone, answer: Zone, now: Timestamp, counts: bool, score: &mut Score) {
        if self.stay.as_ref().is_none_or(|stay| stay.zone != truth) {
            self.end(now, score);
            self.stay = Some(Stay { zone: truth, since: now, noticed: None, counts });
        }
        if answer != self.answer {
            self.answer = answer;
            self.switch(truth, now, counts, score);
        }
        if let Some(stay) = self.stay.as_mut().filter(|stay| stay.zone.is_some() && stay.zone == answer) {
            stay.noticed.get_or_insert(now.since(stay.since));
        }
    }

    /// Once a second: is the answer right?
    pub(super) fn second(&self, is_answered: bool, score: &mut Score) {
        let truth = self.stay.as_ref().and_then(|stay| stay.zone);
        score.moments += 1;
        score.silent += u64::from(!is_answered);
        score.right += u64::from(is_answered && truth == self.answer);
    }

    /// The person has gone.
    pub(super) fn end(&mut self, now: Timestamp, score: &mut Score) {
        let Some(stay) = self.stay.take() else { return };
        if stay.zone.is_none() || !stay.counts || now.since(stay.since) < STAY_MIN {
            return;
        }
        score.stays += 1;
        match stay.noticed {
            Some(after) => score.notice.push(after.as_seconds()),
            None => score.missed += 1,
        }
    }

    /// Forgets everything, as the person is outside.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    fn switch(&mut self, truth: Zone, now: Timestamp, counts: bool, score: &mut Score) {
        self.switches.push_back((now, self.answer));
        if self.switches.len() > 3 {
            self.switches.pop_front();
        }
        if !counts {
            return;
        }
        score.false_switches += u64::from(self.answer.is_some() && self.answer != truth);
        let since = self.stay.as_ref().map_or(now, |stay| stay.since);
        if let [(_, first), (left, second), (back, third)] = *self.switches.make_contiguous() {
            let there_and_back = first == third && first != second && back.since(left) <= FLAP_MAX;
            score.flaps += u64::from(there_and_back && since <= left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(seconds: &[(Zone, Zone)]) -> Score {
        let (mut channel, mut score) = (Channel::default(), Score::default());
        let mut now = Timestamp(0);
        for (truth, answer) in seconds {
            now = now + Millis::seconds(1);
            channel.look(*truth, *answer, now, true, &mut score);
            channel.second(answer.is_some(), &mut score);
        }
        channel.end(now + Millis::seconds(1), &mut score);
        score
    }

    #[test]
    fn a_late_answer_costs_moments_and_time() {
        let (a, b) = (Some(0), Some(1));
        let score = play(&[(a, a), (a, a), (a, a), (b, a), (b, a), (b, b), (b, b)]);
        assert_eq!((score.moments, score.right, score.stays, score.missed), (7, 5, 2, 0));
        assert!((score.notice.at(1.0) - 2.0).abs() < 1e-9);
        assert_eq!((score.false_switches, score.flaps), (0, 0));
    }

    #[test]
    fn there_and_back_is_a_flap_only_while_the_truth_stands_still() {
        let (a, b) = (Some(0), Some(1));
        let score = play(&[(a, a), (a, a), (a, b), (a, b), (a, a), (a, a)]);
        assert_eq!((score.flaps, score.false_switches), (1, 1));
        let true_there_and_back = play(&[(a, a), (a, a), (b, b), (b, b), (a, a), (a, a)]);
        assert_eq!((true_there_and_back.flaps, true_there_and_back.false_switches), (0, 0));
        let mut slow = vec![(a, a), (a, b)];
        slow.extend([(a, b); 11]);
        slow.push((a, a));
        assert_eq!(play(&slow).flaps, 0, "eleven seconds later it is another mistake");
    }

    #[test]
    fn a_stay_that_nobody_noticed_is_missed_unless_it_was_a_passage() {
        let (a, b) = (Some(0), Some(1));
        let score = play(&[(a, a), (a, a), (a, a), (b, a), (b, a), (a, a), (a, a), (a, a)]);
        assert_eq!((score.stays, score.missed), (2, 0), "two seconds in b are a passage");
        let score = play(&[(a, a), (a, a), (a, a), (b, a), (b, a), (b, a), (b, None)]);
        assert_eq!((score.stays, score.missed, score.silent), (2, 1, 1));
    }
}

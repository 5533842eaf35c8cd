//! The one zone that a subject is said to be in: the likeliest, but not before it leads clearly or for long enough, so that
//! the answer does not flap at a border.

use locate::grid::Estimate;
use model::ids::ZoneId;
use model::time::{Millis, Timestamp};

/// A zone must be so much likelier than the last answer to become its rival.
const MARGIN: f64 = 0.2;
/// With a lead like this it is the answer at once.
const CLEAR: f64 = 0.35;
/// With less it must lead for so long.
const HOLD: Millis = Millis(500);
/// Belief in being in no zone at all from which no zone is said.
const OUTSIDE: f64 = 0.5;

/// What was said last, and who is about to take its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    zone: Option<ZoneId>,
    rival: Option<(ZoneId, Timestamp)>,
}

impl Answer {
    pub(super) const fn zone(&self) -> Option<&ZoneId> {
        self.zone.as_ref()
    }

    /// Takes a belief; two of the same moment count once.
    pub(super) fn see(&mut self, estimate: &Estimate) {
        if estimate.outside.get() > OUTSIDE {
            *self = Self::default();
            return;
        }
        let likelier = |a: &&(ZoneId, _), b: &&(ZoneId, _)| b.0.cmp(&a.0);
        let Some((best, p)) =
            estimate.believed.iter().max_by(|a, b| a.1.get().total_cmp(&b.1.get()).then_with(|| likelier(a, b)))
        else {
            return;
        };
        let Some(last) = &self.zone else {
            self.zone = Some(best.clone());
            return;
        };
        let believed = estimate.believed.iter().find(|(zone, _)| zone == last).map_or(0.0, |(_, p)| p.get());
        let lead = p.get() - believed;
        let since = match &self.rival {
            Some((rival, since)) if rival == best => *since,
            Some(_) | None => estimate.at,
        };
        if lead <= MARGIN {
            self.rival = None;
        } else if lead > CLEAR || estimate.at.since(since) >= HOLD {
            *self = Self { zone: Some(best.clone()), rival: None };
        } else {
            self.rival = Some((best.clone(), since));
        }
    }
}

#[cfg(test)]
mod tests {
    use model::floor::Point;
    use model::ids::FloorId;
    use model::position::Spread;
    use model::units::{Metres, Probability};

    use super::*;

    fn believe(answer: &mut Answer, ms: i64, left: f64, right: f64) -> String {
        let zone = |name: &str, p: f64| (ZoneId::new(name).expect("a slug"), Probability::clamped(p));
        answer.see(&Estimate {
            at: Timestamp(ms),
            floor: FloorId::new("g").expect("a slug"),
            point: Point::default(),
            uncertainty: Metres(1.0),
            spread: Spread::default(),
            cloud: Vec::new(),
            zones: Vec::new(),
            believed: vec![zone("left", left), zone("right", right)],
            outside: Probability::clamped(1.0 - left - right),
            heard: Vec::new(),
        });
        answer.zone().map_or_else(String::new, ToString::to_string)
    }

    #[test]
    fn a_small_lead_must_last_and_a_large_one_need_not() {
        let mut answer = Answer::default();
        assert_eq!(believe(&mut answer, 0, 0.6, 0.4), "left");
        assert_eq!(believe(&mut answer, 500, 0.45, 0.55), "left", "within the margin");
        assert_eq!(believe(&mut answer, 1_000, 0.38, 0.62), "left", "leads, but not for long");
        assert_eq!(believe(&mut answer, 1_500, 0.45, 0.55), "left", "and the lead is gone");
        assert_eq!(believe(&mut answer, 2_000, 0.38, 0.62), "left");
        assert_eq!(believe(&mut answer, 2_500, 0.38, 0.62), "right", "for half a second");
        assert_eq!(believe(&mut answer, 3_500, 0.9, 0.1), "left", "at once");
        assert_eq!(believe(&mut answer, 4_000, 0.2, 0.1), "", "in no zone");
    }
}

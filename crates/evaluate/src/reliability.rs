//! Whether a claim means something: of all answers given with 80 %, about 80 % must be right.

use std::collections::BTreeMap;

use model::floor::Point;
use model::position::Spread;

use crate::part::Truth;
use crate::play::Answer;

/// Lower ends of the bins of a zone's probability; the first holds all that is less likely than the second's.
pub const BINS: [f64; 6] = [0.0, 0.5, 0.6, 0.7, 0.8, 0.9];
/// Squared distances, in units of the spread, that hold a half and nine tenths of a normal belief in the plane.
const HALF: f64 = 1.386_294;
const NINE_TENTHS: f64 = 4.605_170;

/// How claims compared with the truth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reliability {
    /// For each bin: zone answers given in it, the sum of their probabilities, and how many were right.
    pub bins: [Bin; BINS.len()],
    /// Answers with a spread.
    pub places: usize,
    /// Of them, those whose truth lay in the region that holds half of the belief.
    pub in_half: usize,
    /// Of them, those whose truth lay in the region that holds nine tenths of it.
    pub in_nine_tenths: usize,
}

/// The zone answers given with about the same probability.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// How many.
    pub given: usize,
    /// The sum of their probabilities.
    pub claimed: f64,
    /// How many were right.
    pub right: usize,
    /// The variance of how many would be right if every claim held and the answers of one stay were right or wrong together.
    pub variance: f64,
}

impl Reliability {
    /// Compares answers with the truth. Where no zone is told, none is compared.
    #[must_use]
    pub fn of(truth: &[Truth], answers: &[Answer]) -> Self {
        let answers: BTreeMap<&str, &Answer> = answers.iter().map(|answer| (answer.sample.as_str(), answer)).collect();
        let mut reliability = Self::default();
        for truth in truth.chunk_by(|a, b| (&a.track, &a.zone) == (&b.track, &b.zone)) {
            let mut stay = [Bin::default(); BINS.len()];
            for truth in truth {
                if let Some(answer) = answers.get(truth.sample.as_str()) {
                    reliability.count(truth, answer, &mut stay);
                }
            }
            reliability.bins.iter_mut().zip(&stay).for_each(|(bin, stay)| bin.add(stay));
        }
        reliability
    }

    fn count(&mut self, truth: &Truth, answer: &Answer, stay: &mut [Bin; BINS.len()]) {
        let Some(claim) = &answer.claim else { return };
        let same_floor = truth.floor.as_ref().is_none_or(|floor| *floor == answer.floor);
        let away = truth.point.and_then(|point| squared(claim.spread, answer.point, point));
        if let Some(away) = away.filter(|_| same_floor) {
            self.places += 1;
            self.in_half += usize::from(away <= HALF);
            self.in_nine_tenths += usize::from(away <= NINE_TENTHS);
        }
        let claimed = claim.zones.iter().find(|(zone, _)| *zone == answer.zone);
        if let Some((_, p)) = claimed.filter(|_| !truth.zone.is_empty()) {
            let bin = &mut stay[BINS.iter().rposition(|low| p >= low).unwrap_or(0)];
            bin.given += 1;
            bin.claimed += p;
            bin.right += usize::from(answer.zone == truth.zone);
        }
    }

    /// The mean difference between what was claimed and what was right, over the bins, weighted by their answers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn zone_error(&self) -> Option<f64> {
        let given: usize = self.bins.iter().map(|bin| bin.given).sum();
        let error: f64 = self.bins.iter().map(|bin| (bin.claimed - bin.right as f64).abs()).sum();
        (given > 0).then(|| error / given as f64)
    }

    /// The difference that chance alone would make if all claims held: stays are few, and answers of one stay err together.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn zone_error_by_chance(&self) -> Option<f64> {
        let given: usize = self.bins.iter().map(|bin| bin.given).sum();
        // The mean of the absolute value of a normal law.
        let error: f64 = self.bins.iter().map(|bin| (bin.variance * std::f64::consts::FRAC_2_PI).sqrt()).sum();
        (given > 0).then(|| error / given as f64)
    }
}

impl Bin {
    /// Adds the answers of one stay.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn add(&mut self, stay: &Self) {
        self.given += stay.given;
        self.claimed += stay.claimed;
        self.right += stay.right;
        self.variance += stay.claimed * (stay.given as f64 - stay.claimed);
    }
}

/// The squared distance from the centre of a belief, in units of its spread; none for a spread without an area.
fn squared(spread: Spread, centre: Point, place: Point) -> Option<f64> {
    let Spread { xx, xy, yy } = spread;
    let area = xx * yy - xy * xy;
    let (dx, dy) = (place.x - centre.x, place.y - centre.y);
    (area > 1e-9).then(|| (yy * dx * dx - 2.0 * xy * dx * dy + xx * dy * dy) / area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::play::Claim;

    #[test]
    fn claims_are_counted_where_they_belong() {
        let truth = |n: usize, x: f64, zone: &str| Truth {
            sample: format!("s{n}"),
            track: "a".into(),
            t: 0.0,
            point: Some(Point { x, y: 0.0 }),
            zone: zone.into(),
            floor: None,
        };
        let answer = |n: usize, p: f64| Answer {
            sample: format!("s{n}"),
            point: Point::default(),
            zone: "z".into(),
            floor: String::new(),
            claim: Some(Claim {
                uncertainty: 2.0,
                spread: Spread { xx: 1.0, xy: 0.0, yy: 4.0 },
                zones: vec![("z".into(), p)],
            }),
        };
        let all = [truth(0, 1.0, "z"), truth(1, 2.0, "y"), truth(2, 9.0, ""), truth(3, 0.0, "z")];
        let reliability = Reliability::of(&all, &[answer(0, 0.85), answer(1, 0.85), answer(2, 0.99), answer(3, 0.3)]);
        assert_eq!((reliability.bins[4].given, reliability.bins[4].right), (2, 1));
        assert_eq!((reliability.bins[0].given, reliability.bins[5].given), (1, 0));
        assert_eq!((reliability.places, reliability.in_half, reliability.in_nine_tenths), (4, 2, 3));
        assert!((reliability.zone_error().expect("answers") - (0.7 + 0.7) / 3.0).abs() < 1e-9);
        let chance = [0.85 * 0.15 * 2.0, 0.3 * 0.7].map(|variance: f64| (variance * 2.0 / std::f64::consts::PI).sqrt());
        assert!((reliability.zone_error_by_chance().expect("answers") - (chance[0] + chance[1]) / 3.0).abs() < 1e-9);
        // Two of one stay are right or wrong together: that is one chance of twice the weight.
        let one = Reliability::of(&[truth(0, 1.0, "z"), truth(1, 1.0, "z")], &[answer(0, 0.85), answer(1, 0.85)]);
        assert!((one.bins[4].variance - 4.0 * 0.85 * 0.15).abs() < 1e-9);
        let two = Reliability::of(&[truth(0, 1.0, "z"), truth(1, 1.0, "y")], &[answer(0, 0.85), answer(1, 0.85)]);
        assert!((two.bins[4].variance - 2.0 * 0.85 * 0.15).abs() < 1e-9);
        assert_eq!(Reliability::default().zone_error_by_chance(), None);
    }
}

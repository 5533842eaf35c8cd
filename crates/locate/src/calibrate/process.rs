//! Gaussian processes over the floor: what a receiver hears beyond the log-distance law, with how sure that is.
//! Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapter 2; exponential kernel.

use std::collections::BTreeMap;

use model::floor::Point;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use crate::lanes::{CELLS, fast_exp, wide};

/// How far apart a dB that walls take from the way sets two places, in metres: behind a wall the field is another one.
const WALL_M_DB: f64 = 0.1;
/// Noise of the mean of one frame around what is heard there on average, in dB.
pub(super) const FADING_DB: f64 = 3.8;

/// How a field varies over a floor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    /// Standard deviation, in dB.
    pub(super) spread: f64,
    /// Metres in which it becomes another one.
    pub(super) reach: f64,
    /// What differs from visit to visit at one place, in dB.
    pub(super) nugget: f64,
}

/// What was found at a place, relative to the law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Finding {
    pub(super) floor: usize,
    pub(super) point: Point,
    /// What walls and furniture take on the way to it, in dB.
    pub(super) loss: f64,
    pub(super) residual: f64,
    pub(super) frames: f64,
}

impl Shape {
    fn kernel(self, a: &Finding, b: &Finding) -> f64 {
        if a.floor != b.floor {
            return 0.0;
        }
        let apart = a.point.distance(b.point).hypot((a.loss - b.loss) * WALL_M_DB);
        self.spread * self.spread * (-apart / self.reach).exp()
    }

    fn noise(self, finding: &Finding) -> f64 {
        self.nugget * self.nugget + FADING_DB * FADING_DB / finding.frames.max(0.1)
    }

    fn factor(self, findings: &[Finding]) -> Option<Cholesky<f64, Dyn>> {
        let covariance = DMatrix::from_fn(findings.len(), findings.len(), |row, column| {
            let other = &findings[column];
            let noise = if row == column { self.noise(other) } else { 0.0 };
            self.kernel(&findings[row], other) + noise
        });
        covariance.cholesky()
    }

    /// How well the shape fits, as the logarithm of the marginal likelihood, up to a constant of the findings' count.
    pub(super) fn evidence(self, findings: &[Finding]) -> f64 {
        let Some(factor) = self.factor(findings) else { return f64::NEG_INFINITY };
        let residuals = DVector::from_iterator(findings.len(), findings.iter().map(|finding| finding.residual));
        let Some(white) = factor.l().solve_lower_triangular(&residuals) else { return f64::NEG_INFINITY };
        let determinant: f64 = factor.l_dirty().diagonal().iter().map(|value| value.ln()).sum();
        -0.5 * white.norm_squared() - determinant
    }
}

/// A process that knows what was found.
#[derive(Debug)]
pub(super) struct Process<'f> {
    shape: Shape,
    findings: &'f [Finding],
    factor: Option<Cholesky<f64, Dyn>>,
    /// What was found, floor by floor.
    floors: BTreeMap<usize, Known>,
}

/// What was found on one floor, one entry a finding in each table. Entries up to a whole chunk weigh nothing.
#[derive(Debug, Default)]
struct Known {
    x: Vec<f32>,
    y: Vec<f32>,
    /// What walls take, in the metres that it sets places apart.
    behind: Vec<f32>,
    /// What the mean takes of each.
    weights: Vec<f32>,
    /// What each takes of the variance where it was found, as a part of the square of the kernel.
    takes: Vec<f32>,
}

impl<'f> Process<'f> {
    pub(super) fn new(shape: Shape, findings: &'f [Finding]) -> Self {
        let residuals = DVector::from_iterator(findings.len(), findings.iter().map(|finding| finding.residual));
        let factor = shape.factor(findings);
        let weights = factor.as_ref().map(|factor| factor.solve(&residuals));
        let whole = shape.spread * shape.spread;
        let mut floors: BTreeMap<usize, Known> = BTreeMap::new();
        for (finding, weight) in findings.iter().zip(weights.iter().flatten()) {
            let known = floors.entry(finding.floor).or_default();
            known.x.push(finding.point.x as f32);
            known.y.push(finding.point.y as f32);
            known.behind.push((finding.loss * WALL_M_DB) as f32);
            known.weights.push(*weight as f32);
            known.takes.push((1.0 / (whole + shape.noise(finding))) as f32);
        }
        for known in floors.values_mut() {
            let whole = known.x.len().next_multiple_of(CELLS);
            for table in [&mut known.x, &mut known.y, &mut known.behind, &mut known.weights, &mut known.takes] {
                table.resize(whole, 0.0);
            }
        }
        Self { shape, findings, factor, floors }
    }

    /// The mean and the variance of the residual at a place to which walls take `loss` dB. The variance is the one that the best
    /// single finding leaves, which is an upper bound of [`Self::left`] and needs no second solve.
    pub(super) fn at(&self, floor: usize, point: Point, loss: f64) -> (f64, f64) {
        let whole = self.shape.spread * self.shape.spread;
        let Some(known) = self.floors.get(&floor) else { return (0.0, whole) };
        let place = [point.x as f32, point.y as f32, (loss * WALL_M_DB) as f32];
        let (mean, taken) = gather(known, place, -1.0 / self.shape.reach as f32);
        (whole * f64::from(mean), whole - whole * whole * f64::from(taken))
    }

    /// The variance that all findings together leave at a place to which walls take `loss` dB.
    pub(super) fn left(&self, floor: usize, point: Point, loss: f64) -> f64 {
        let whole = self.shape.spread * self.shape.spread;
        let Some(factor) = &self.factor else { return whole };
        let at = Finding { floor, point, loss, residual: 0.0, frames: 0.0 };
        let shared = self.findings.iter().map(|finding| self.shape.kernel(finding, &at));
        let shared = DVector::from_iterator(self.findings.len(), shared);
        let white = factor.l_dirty().solve_lower_triangular(&shared);
        white.map_or(whole, |white| (whole - white.norm_squared()).max(0.0))
    }
}

wide! {
    /// The sum of weights times what is left of a kernel at a place, and the most that one finding takes; `fall` is what
    /// the kernel's logarithm falls by in a metre.
    fn gather<'a>(known: &'a Known, place: [f32; 3], fall: f32) -> (f32, f32) {
        let (mut sums, mut most) = ([0.0_f32; CELLS], [0.0_f32; CELLS]);
        let places = known.x.as_chunks::<CELLS>().0.iter().zip(known.y.as_chunks::<CELLS>().0);
        let places = places.zip(known.behind.as_chunks::<CELLS>().0);
        let tables = known.weights.as_chunks::<CELLS>().0.iter().zip(known.takes.as_chunks::<CELLS>().0);
        for (((xs, ys), behind), (weights, takes)) in places.zip(tables) {
            for n in 0..CELLS {
                let (right, up, walls) = (xs[n] - place[0], ys[n] - place[1], behind[n] - place[2]);
                let kernel = fast_exp(fall * (right * right + up * up + walls * walls).sqrt());
                sums[n] += kernel * weights[n];
                let taken = kernel * kernel * takes[n];
                most[n] = if taken > most[n] { taken } else { most[n] };
            }
        }
        (sums.iter().sum(), most.into_iter().fold(0.0, f32::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_wall_the_field_is_another_one() {
        let shape = Shape { spread: 4.0, reach: 2.0, nugget: 1.5 };
        let before = |n: u32| Finding {
            floor: 0,
            point: Point { x: 0.4 * f64::from(n), y: 1.0 },
            loss: 0.0,
            residual: 5.0,
            frames: 20.0,
        };
        let behind =
            |n: u32| Finding { loss: 12.0, residual: -5.0, point: Point { x: 4.4, y: f64::from(n) }, ..before(0) };
        let at = Point { x: 4.2, y: 1.0 };
        let one_side: Vec<Finding> = (0..10).map(before).collect();
        let (near, sure) = Process::new(shape, &one_side).at(0, at, 0.0);
        let (through, unsure) = Process::new(shape, &one_side).at(0, at, 12.0);
        assert!(near > 3.0 && through < 0.85 * near && unsure > sure, "{near} {through} {sure} {unsure}");
        // Once both sides are known each is told by its own.
        let both: Vec<Finding> = (0..10).map(before).chain((0..3).map(behind)).collect();
        let process = Process::new(shape, &both);
        let (near, through) = (process.at(0, at, 0.0).0, process.at(0, at, 12.0).0);
        assert!(near - through > 2.0, "{near} {through}");
    }

    #[test]
    fn all_findings_together_leave_less_than_the_best_of_them() {
        let shape = Shape { spread: 4.0, reach: 3.0, nugget: 1.5 };
        let found = |n: u32| Finding {
            floor: 0,
            point: Point { x: f64::from(n % 4), y: f64::from(n / 4) },
            loss: 0.0,
            residual: 2.0,
            frames: 20.0,
        };
        let findings: Vec<Finding> = (0..16).map(found).collect();
        let all = Process::new(shape, &findings);
        let within = Point { x: 1.5, y: 1.5 };
        let (left, bound) = (all.left(0, within, 0.0), all.at(0, within, 0.0).1);
        assert!(left > 0.0 && left < 0.8 * bound, "{left} {bound}");
        // One alone leaves what the bound says, and nothing is known of another floor.
        let one = Process::new(shape, &findings[..1]);
        assert!((one.left(0, within, 0.0) - one.at(0, within, 0.0).1).abs() < 0.01);
        assert!((one.left(1, within, 0.0) - 16.0).abs() < 1e-9);
    }
}

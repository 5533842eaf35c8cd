//! Gaussian processes over the floor: what a receiver hears beyond the log-distance law, with how sure that is.
//! Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapter 2; exponential kernel.

use model::floor::Point;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

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
    pub(super) residual: f64,
    pub(super) frames: f64,
}

impl Shape {
    fn kernel(self, a: &Finding, floor: usize, point: Point) -> f64 {
        if a.floor != floor {
            return 0.0;
        }
        self.spread * self.spread * (-a.point.distance(point) / self.reach).exp()
    }

    fn noise(self, finding: &Finding) -> f64 {
        self.nugget * self.nugget + FADING_DB * FADING_DB / finding.frames.max(0.1)
    }

    fn factor(self, findings: &[Finding]) -> Option<Cholesky<f64, Dyn>> {
        let covariance = DMatrix::from_fn(findings.len(), findings.len(), |row, column| {
            let other = &findings[column];
            let noise = if row == column { self.noise(other) } else { 0.0 };
            self.kernel(&findings[row], other.floor, other.point) + noise
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
    weights: Option<DVector<f64>>,
}

impl<'f> Process<'f> {
    pub(super) fn new(shape: Shape, findings: &'f [Finding]) -> Self {
        let residuals = DVector::from_iterator(findings.len(), findings.iter().map(|finding| finding.residual));
        let weights = shape.factor(findings).map(|factor| factor.solve(&residuals));
        Self { shape, findings, weights }
    }

    /// The mean and the variance of the residual at a place. The variance is the one that the best single finding leaves,
    /// which is an upper bound of the exact one and needs no second solve.
    pub(super) fn at(&self, floor: usize, point: Point) -> (f64, f64) {
        let whole = self.shape.spread * self.shape.spread;
        let Some(weights) = &self.weights else { return (0.0, whole) };
        let (mut mean, mut taken) = (0.0, 0.0_f64);
        for (finding, weight) in self.findings.iter().zip(weights.iter()) {
            let kernel = self.shape.kernel(finding, floor, point);
            mean += kernel * weight;
            taken = taken.max(kernel * kernel / (whole + self.shape.noise(finding)));
        }
        (mean, whole - taken)
    }
}

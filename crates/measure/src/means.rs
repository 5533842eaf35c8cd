//! Differences of means, such as money a customer: with a fixed interval, and with one that may be looked at every minute.
//!
//! The second is the asymptotic confidence sequence of Waudby-Smith et al. with GrowthBook's tuning. It needs many
//! conversions in both arms to be what it says: `lift` sees to that.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::conversions::Interval;

/// The number of customers for which the always-valid interval is narrowest, unless said otherwise.
pub const N_STAR: f64 = 5_000.0;

/// What is kept of an arm: sums over its customers of what they spent (`y`) and what they had spent before (`x`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Customers.
    pub n: u64,
    /// Sum of y.
    pub y: f64,
    /// Sum of y squared.
    pub yy: f64,
    /// Sum of x.
    pub x: f64,
    /// Sum of x squared.
    pub xx: f64,
    /// Sum of x times y.
    pub xy: f64,
}

impl Sums {
    /// One more customer.
    pub fn add(&mut self, y: f64, x: f64) {
        self.n += 1;
        self.y += y;
        self.yy += y * y;
        self.x += x;
        self.xx += x * x;
        self.xy += x * y;
    }

    /// Both as one.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            n: self.n + other.n,
            y: self.y + other.y,
            yy: self.yy + other.yy,
            x: self.x + other.x,
            xx: self.xx + other.xx,
            xy: self.xy + other.xy,
        }
    }

    /// Sample variance of x, and covariance of x and y.
    fn spread(&self) -> (f64, f64) {
        let n = count(self.n);
        ((self.xx - self.x * self.x / n) / (n - 1.0), (self.xy - self.x * self.y / n) / (n - 1.0))
    }

    /// Mean and sample variance of `y - theta * x`.
    fn moments(&self, theta: f64) -> (f64, f64) {
        let n = count(self.n);
        let variance = (self.yy - self.y * self.y / n) / (n - 1.0);
        let (of_x, both) = self.spread();
        (self.y / n - theta * self.x / n, variance + theta * theta * of_x - 2.0 * theta * both)
    }
}

/// How much the second arm has over the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference.
    pub point: f64,
    /// Its interval, if one looks once, at a time set before.
    pub fixed: Interval,
    /// The chance to see as much without any difference, under the same condition.
    pub p: f64,
    /// Its interval, however often one looks.
    pub always: Interval,
    /// The same chance, however often one looks.
    pub always_p: f64,
    /// How much of what was spent before is taken off, if any.
    pub theta: Option<f64>,
}

/// The arms' means and variances, and how the interval is wanted.
#[derive(Debug, Clone, Copy)]
struct Arms {
    mean: [f64; 2],
    variance: [f64; 2],
    n: [f64; 2],
}

/// The difference of two rates: of those that convert, `xb` of `nb` less `xa` of `na`; relative to the first if wanted.
/// None where an arm is too small to say how it spreads.
#[must_use]
pub fn proportion(
    [xa, na]: [u64; 2],
    [xb, nb]: [u64; 2],
    relative: bool,
    alpha: f64,
    n_star: f64,
) -> Option<Difference> {
    let rate = |x, n| count(x) / count(n);
    let mean = [rate(xa, na), rate(xb, nb)];
    let arms = Arms { mean, variance: mean.map(|p| p * (1.0 - p)), n: [count(na), count(nb)] };
    arms.difference(relative, alpha, n_star)
}

/// The difference of two means.
#[must_use]
pub fn plain(a: &Sums, b: &Sums, relative: bool, alpha: f64, n_star: f64) -> Option<Difference> {
    of_sums(a, b, 0.0).difference(relative, alpha, n_star)
}

/// The difference of two means, less what was to be expected from what the same customers had spent before (CUPED).
#[must_use]
pub fn cuped(a: &Sums, b: &Sums, alpha: f64, n_star: f64) -> Option<Difference> {
    // Over both arms as one sample: the treatment must not choose its own yardstick.
    let (variance, covariance) = a.plus(b).spread();
    if variance.is_nan() || variance <= 0.0 {
        return plain(a, b, false, alpha, n_star);
    }
    let theta = covariance / variance;
    let difference = of_sums(a, b, theta).difference(false, alpha, n_star)?;
    Some(Difference { theta: Some(theta), ..difference })
}

fn of_sums(a: &Sums, b: &Sums, theta: f64) -> Arms {
    let [(mean_a, variance_a), (mean_b, variance_b)] = [a.moments(theta), b.moments(theta)];
    Arms { mean: [mean_a, mean_b], variance: [variance_a, variance_b], n: [count(a.n), count(b.n)] }
}

impl Arms {
    fn difference(&self, relative: bool, alpha: f64, n_star: f64) -> Option<Difference> {
        let Self { mean: [ma, mb], variance: [va, vb], n: [na, nb] } = *self;
        let (point, square) = if relative {
            ((mb - ma) / ma, vb / (nb * ma * ma) + va * mb * mb / (na * ma.powi(4)))
        } else {
            (mb - ma, vb / nb + va / na)
        };
        if na < 2.0 || nb < 2.0 || !square.is_finite() || square <= 0.0 {
            return None;
        }
        let (of_a, of_b) = (va / na, vb / nb);
        let freedom = (of_a + of_b).powi(2) / (of_a * of_a / (na - 1.0) + of_b * of_b / (nb - 1.0));
        let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
        let t = point / square.sqrt();
        let around = |half: f64| Interval { low: point - half, high: point + half };
        let (half, always_p) = sequence(na + nb, square, t, alpha, n_star);
        Some(Difference {
            point,
            fixed: around(student.inverse_cdf(1.0 - alpha / 2.0) * square.sqrt()),
            p: 2.0 * student.cdf(-t.abs()),
            always: around(half),
            always_p,
            theta: None,
        })
    }
}

/// Half the width of the confidence sequence, and its p-value.
fn sequence(n: f64, square: f64, t: f64, alpha: f64, n_star: f64) -> (f64, f64) {
    let bar = -2.0 * alpha.ln();
    let rho = ((bar + (bar + 1.0).ln()) / n_star).sqrt();
    let scaled = (n * rho).mul_add(rho, 1.0);
    let width = (2.0 * scaled * (scaled.sqrt() / alpha).ln() / (n * rho).powi(2)).sqrt();
    let p = scaled.sqrt() * (-rho * rho * n * t * t / (2.0 * scaled)).exp();
    ((n * square).sqrt() * width, p.min(1.0))
}

#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
const fn count(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests;

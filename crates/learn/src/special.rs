//! The few functions of mathematics that learning needs and the library of special functions lacks or has slower.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use statrs::function::erf::erfc;

/// The logistic function: a chance from log-odds.
#[must_use]
pub fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

/// Log-odds from a chance; infinite at 0 and 1.
#[must_use]
pub fn logit(p: f64) -> f64 {
    p.ln() - (-p).ln_1p()
}

/// The chance that a standard normal variable is at most `t`.
#[must_use]
pub fn normal_cdf(t: f64) -> f64 {
    0.5 * erfc(-t * FRAC_1_SQRT_2)
}

/// The density of a standard normal variable.
#[must_use]
pub fn normal_density(t: f64) -> f64 {
    (-0.5 * t * t).exp() / (2.0 * PI).sqrt()
}

/// Expected chance when the log-odds are normal: MacKay's approximation, for what is shown.
#[must_use]
pub fn expected_chance(mean: f64, sd: f64) -> f64 {
    sigmoid(mean / widening(sd))
}

/// By how much being unsure draws the expected chance towards even: log-odds of `z * widening(sd)` are expected as those of
/// `z` would be, were they sure.
#[must_use]
pub fn widening(sd: f64) -> f64 {
    (1.0 + PI * sd * sd / 8.0).sqrt()
}

/// The second derivative of the logarithm of the gamma function, for `x > 0`.
///
/// Recurrence up to 12, then the asymptotic series (Abramowitz and Stegun, 6.4.6 and 6.4.12); error below 1e-13 relative.
#[must_use]
pub fn trigamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 12.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    // Bernoulli numbers over powers of x: 1/6, -1/30, 1/42, -1/30, 5/66, -691/2730.
    let series = [-691.0 / 2730.0, 5.0 / 66.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 1.0 / 6.0];
    let tail = series.iter().fold(0.0, |sum: f64, b| sum.mul_add(square, *b));
    sum + 1.0 / x + square / 2.0 + tail * square / x
}

#[cfg(test)]
mod tests {
    use statrs::function::gamma::digamma;

    use super::*;

    #[test]
    fn trigamma_is_the_slope_of_digamma() {
        for x in [0.3, 0.7, 1.0, 2.5, 7.0, 11.99, 40.0, 1_000.0] {
            let h = 1e-4 * x;
            let slope =
                (8.0 * (digamma(x + h) - digamma(x - h)) - digamma(x + 2.0 * h) + digamma(x - 2.0 * h)) / (12.0 * h);
            assert!((trigamma(x) / slope - 1.0).abs() < 1e-7, "{x}: {} against {slope}", trigamma(x));
        }
        assert!((trigamma(1.0) - PI * PI / 6.0).abs() < 1e-13);
        assert!((trigamma(0.5) - PI * PI / 2.0).abs() < 1e-12);
    }

    #[test]
    fn sigmoid_and_logit_undo_each_other() {
        for z in [-30.0, -4.0, -1e-9, 0.0, 0.5, 12.0] {
            assert!((logit(sigmoid(z)) - z).abs() < 1e-9 * (1.0 + z.abs()) + 1e-10, "{z}");
        }
        assert!(sigmoid(-800.0) >= 0.0 && sigmoid(800.0) <= 1.0);
    }

    #[test]
    fn normal_chances_are_the_known_ones() {
        assert!((normal_cdf(1.959_963_984_540_054) - 0.975).abs() < 1e-11);
        assert!((normal_cdf(-6.0) / 9.865_876_450_377_012e-10 - 1.0).abs() < 1e-9);
    }
}

//! Logistic regression to the very minimum: Newton's method on the penalised likelihood.

use nalgebra::{DMatrix, DVector};

/// Steps after which a fit is as good as it gets.
const STEPS_MAX: usize = 200;
/// A step shorter than this ends the fit.
const STEP_MIN: f64 = 1e-11;

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// One for each column.
    pub weights: Vec<f64>,
    /// Log-odds where all columns are 0.
    pub intercept: f64,
}

impl Fit {
    /// The chance at a row.
    #[must_use]
    pub fn chance(&self, row: &[f64]) -> f64 {
        sigmoid(row.iter().zip(&self.weights).map(|(x, w)| x * w).sum::<f64>() + self.intercept)
    }
}

/// Minimises `c * (sum of log-losses) + |weights|^2 / 2`; the intercept is free.
///
/// Where all answers are the same no intercept is low (or high) enough; then the answer is just that chance.
#[must_use]
pub fn fit(rows: &[Vec<f64>], yes: &[f64], c: f64) -> Fit {
    let (n, columns) = (rows.len(), rows.first().map_or(0, Vec::len));
    let mean = yes.iter().sum::<f64>() / count(n.max(1));
    if n == 0 || mean <= 0.0 || mean >= 1.0 {
        let intercept = if mean > 0.5 { f64::INFINITY } else { f64::NEG_INFINITY };
        return Fit { weights: vec![0.0; columns], intercept };
    }
    let x = DMatrix::from_fn(n, columns + 1, |i, j| if j < columns { rows[i][j] } else { 1.0 });
    let y = DVector::from_column_slice(yes);
    let mut beta = DVector::zeros(columns + 1);
    beta[columns] = (mean / (1.0 - mean)).ln();
    let mut loss = objective(&x, &y, &beta, c);
    for _ in 0..STEPS_MAX {
        let Some(step) = newton(&x, &y, &beta, c) else { break };
        let mut part = 1.0;
        // The whole step unless it overshoots.
        let (next, reached) = loop {
            let next = &beta - &step * part;
            let reached = objective(&x, &y, &next, c);
            if reached <= loss || part < 1e-6 {
                break (next, reached);
            }
            part /= 2.0;
        };
        (beta, loss) = (next, reached);
        if step.amax() < STEP_MIN {
            break;
        }
    }
    Fit { weights: beta.iter().take(columns).copied().collect(), intercept: beta[columns] }
}

/// The step to subtract; none if the curvature can't be inverted.
fn newton(x: &DMatrix<f64>, y: &DVector<f64>, beta: &DVector<f64>, c: f64) -> Option<DVector<f64>> {
    let last = beta.len() - 1;
    let p = (x * beta).map(sigmoid);
    let mut gradient = x.tr_mul(&(&p - y)) * c;
    let mut weighted = x.clone();
    for (i, mut row) in weighted.row_iter_mut().enumerate() {
        row *= c * p[i] * (1.0 - p[i]);
    }
    let mut curvature = x.tr_mul(&weighted);
    for j in 0..last {
        gradient[j] += beta[j];
        curvature[(j, j)] += 1.0;
    }
    Some(curvature.cholesky()?.solve(&gradient))
}

fn objective(x: &DMatrix<f64>, y: &DVector<f64>, beta: &DVector<f64>, c: f64) -> f64 {
    let z = x * beta;
    let loss: f64 = z.iter().zip(y.iter()).map(|(z, y)| z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z).sum();
    let penalty: f64 = beta.iter().take(beta.len() - 1).map(|w| w * w).sum();
    c * loss + penalty / 2.0
}

/// The logistic function.
#[must_use]
pub fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

#[expect(clippy::cast_precision_loss, reason = "logs are far shorter than 2^53")]
pub(super) const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_vanishes_at_the_fit() {
        let rows: Vec<Vec<f64>> = (0..60).map(|i| vec![f64::from(i % 7), f64::from(i % 3) - 1.0]).collect();
        let yes: Vec<f64> = (0..60).map(|i| f64::from(u8::from(i % 7 + i % 5 > 6))).collect();
        let fit = fit(&rows, &yes, 100.0);
        let error = |i: usize| fit.chance(&rows[i]) - yes[i];
        for (column, weight) in fit.weights.iter().enumerate() {
            let gradient = 100.0 * (0..60).map(|i| error(i) * rows[i][column]).sum::<f64>() + weight;
            assert!(gradient.abs() < 1e-7, "{gradient}");
        }
        assert!((0..60).map(error).sum::<f64>().abs() < 1e-9);
    }

    #[test]
    fn answers_that_are_all_the_same_are_just_that() {
        let rows = vec![vec![1.0], vec![2.0]];
        assert!(fit(&rows, &[0.0, 0.0], 100.0).chance(&[1.0]).abs() < 1e-12);
        assert!((fit(&rows, &[1.0, 1.0], 100.0).chance(&[1.0]) - 1.0).abs() < 1e-12);
        assert!(fit(&[], &[], 100.0).chance(&[]).abs() < 1e-12);
    }
}

//! The five estimates with their standard errors and bootstrap intervals.

use serde::{Deserialize, Serialize};

use super::irls::count;
use super::model::Expected;
use super::mt::Twister;
use super::{Log, Options, mean};

/// One estimate of what an average round would have earned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Low end of the 95 % bootstrap interval.
    pub low: f64,
    /// High end of it.
    pub high: f64,
}

/// All five.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimates {
    /// Inverse propensity.
    pub ips: Estimate,
    /// Self-normalised inverse propensity.
    pub snips: Estimate,
    /// By the model alone; to be read beside `dr` only.
    pub dm: Estimate,
    /// Doubly robust.
    pub dr: Estimate,
    /// Self-normalised doubly robust.
    pub sndr: Estimate,
}

pub(super) fn all(log: &Log, weights: &[f64], model: &Expected, options: &Options) -> Estimates {
    let n = weights.len();
    let rewards: Vec<f64> = log.rounds.iter().map(|round| round.reward).collect();
    let average = mean(weights.iter().copied());
    let by = |term: &dyn Fn(usize) -> f64| (0..n).map(term).collect::<Vec<f64>>();
    let missed = |i: usize| weights[i] * (rewards[i] - model.taken[i]);
    let (ips, dm) = (by(&|i| weights[i] * rewards[i]), model.policy.clone());
    let snips = by(&|i| weights[i] * rewards[i] / average);
    let (dr, sndr) = (by(&|i| dm[i] + missed(i)), by(&|i| dm[i] + missed(i) / average));
    // The ratios' errors by the delta method: of terms that average 0.
    let ratio = mean(snips.iter().copied());
    let snips_around = by(&|i| weights[i] * (rewards[i] - ratio) / average);
    let (level, left) = (mean(dm.iter().copied()), mean((0..n).map(missed)) / average);
    let sndr_around = by(&|i| dm[i] - level + (missed(i) - weights[i] * left) / average);
    let made = |terms: &[f64], se| bootstrap(terms, se, options);
    Estimates {
        ips: made(&ips, standard_error(&ips)),
        snips: made(&snips, standard_error(&snips_around)),
        dm: made(&dm, standard_error(&dm)),
        dr: made(&dr, standard_error(&dr)),
        sndr: made(&sndr, standard_error(&sndr_around)),
    }
}

fn standard_error(terms: &[f64]) -> f64 {
    let (n, centre) = (count(terms.len()), mean(terms.iter().copied()));
    let squares: f64 = terms.iter().map(|x| (x - centre) * (x - centre)).sum();
    if terms.len() < 2 { f64::INFINITY } else { (squares / (n - 1.0) / n).sqrt() }
}

/// The mean of the terms with the interval between the 2.5th and 97.5th percentile of resampled means.
fn bootstrap(terms: &[f64], se: f64, options: &Options) -> Estimate {
    let mut twister = Twister::new(options.seed);
    let most = u32::try_from(terms.len() - 1).unwrap_or(u32::MAX);
    let resample = |_| {
        let sum: f64 = (0..terms.len()).map(|_| terms[twister.up_to(most) as usize]).sum();
        sum / count(terms.len())
    };
    let mut means: Vec<f64> = (0..options.resamples).map(resample).collect();
    means.sort_by(f64::total_cmp);
    let value = mean(terms.iter().copied());
    let at = |part| percentile(&means, part).unwrap_or(value);
    Estimate { value, se, low: at(0.025), high: at(0.975) }
}

/// Between the two nearest, in proportion.
fn percentile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * count(sorted.len().checked_sub(1)?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the list")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    Some((place - count(below)).mul_add(sorted[above] - sorted[below], sorted[below]))
}

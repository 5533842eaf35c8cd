//! Sample-ratio check: whether as many customers are treated as should be. If not, something leaks, and no lift is to be
//! believed.

use statrs::function::beta::{beta_reg, ln_beta};

/// Below this the report is hidden.
pub const P_MIN: f64 = 1e-3;

/// The chance of a split at least as unlikely as this one: the exact two-sided binomial test.
#[must_use]
pub fn srm(treated: u64, control: u64, share: f64) -> f64 {
    let n = treated + control;
    if n == 0 {
        return 1.0;
    }
    // Outcomes as likely as this one within rounding count as such.
    let seen = ln_mass(treated, n, share) + 1e-7;
    let mode = {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most n")]
        let mode = (count(n + 1) * share).floor() as u64;
        mode.min(n)
    };
    let rare = |k: u64| ln_mass(k, n, share) <= seen;
    if treated <= mode {
        // The first above the mode that is not likelier.
        let first = search(mode, n + 1, rare);
        (at_most(treated, n, share) + at_least(first, n, share)).min(1.0)
    } else {
        let likelier = search(0, mode, |k| !rare(k));
        let below = if likelier == 0 { 0.0 } else { at_most(likelier - 1, n, share) };
        (below + at_least(treated, n, share)).min(1.0)
    }
}

/// The first in `from..to` for which it holds, if it holds for all from there on; else `to`.
fn search(from: u64, to: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

fn ln_mass(k: u64, n: u64, share: f64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    let (k, rest) = (count(k), count(n - k));
    let ways = -ln_beta(k + 1.0, rest + 1.0) - (k + rest + 1.0).ln();
    ways + k * share.ln() + rest * (-share).ln_1p()
}

fn at_most(k: u64, n: u64, share: f64) -> f64 {
    if k >= n { 1.0 } else { beta_reg(count(n - k), count(k + 1), 1.0 - share) }
}

fn at_least(k: u64, n: u64, share: f64) -> f64 {
    match k {
        0 => 1.0,
        _ if k > n => 0.0,
        _ => beta_reg(count(k), count(n - k + 1), share),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
const fn count(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, outcome by outcome.
    fn slowly(treated: u64, n: u64, share: f64) -> f64 {
        let seen = ln_mass(treated, n, share) + 1e-7;
        (0..=n).map(|k| ln_mass(k, n, share)).filter(|mass| *mass <= seen).map(f64::exp).sum()
    }

    #[test]
    fn it_is_the_sum_of_all_that_is_not_likelier() {
        for share in [0.5, 0.9, 0.95, 0.137] {
            for n in [1, 2, 7, 40, 333] {
                for treated in 0..=n {
                    let (fast, slow) = (srm(treated, n - treated, share), slowly(treated, n, share).min(1.0));
                    assert!((fast - slow).abs() < 1e-10, "{treated} of {n} at {share}: {fast} against {slow}");
                }
            }
        }
    }

    #[test]
    fn a_leak_is_seen_and_a_fair_split_is_not() {
        assert!(srm(9_000, 1_000, 0.9) > 0.99);
        assert!(srm(9_150, 850, 0.9) < P_MIN);
        assert!(srm(9_000_000, 1_004_000, 0.9) < P_MIN);
        assert!((srm(0, 0, 0.9) - 1.0).abs() < 1e-12);
    }
}

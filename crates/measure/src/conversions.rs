//! Lift from conversions alone, valid however often one looks.
//!
//! If an offer changes nothing, each customer who converts was treated with exactly the treated share, whatever the
//! rate. So the converting customers are coin throws, and a mixture of other coins against that one is an e-process:
//! the chance that it ever exceeds `1 / alpha` under no effect is at most `alpha` (Ville). Each customer counts once in an
//! epoch, with the first conversion, and the share is fixed in the epoch.

use serde::{Deserialize, Serialize};
use statrs::function::beta::ln_beta;

/// How much the mixture leans on the treated share: it weighs as much as so many conversions.
pub const K: f64 = 50.0;

/// From where to where; a side may be open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The low end.
    pub low: f64,
    /// The high end.
    pub high: f64,
}

impl Interval {
    /// Whether it holds `x`, ends included.
    #[must_use]
    pub fn covers(&self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }
}

/// Logarithm of the evidence against "no effect" from converting customers; `share` of all those triggered are treated.
#[must_use]
pub fn log_e(treated: u64, control: u64, share: f64, k: f64) -> f64 {
    log_e_at(treated, control, share, k, 0.0)
}

/// Whether there is something to compare: where everybody is in one arm there is not.
pub(crate) const fn has_two_arms(share: f64) -> bool {
    share > 0.0 && share < 1.0
}

/// The same against "the treated convert `exp(log_ratio)` times as often".
fn log_e_at(treated: u64, control: u64, share: f64, k: f64, log_ratio: f64) -> f64 {
    // Without two arms nothing speaks against anything.
    if !has_two_arms(share) {
        return 0.0;
    }
    let (x1, x0) = (count(treated), count(control));
    let (a, b) = (k * share, k * (1.0 - share));
    // ln of share * r / (share * r + 1 - share) and of its rest, without overflow at far ratios.
    let odds = log_ratio + share.ln() - (-share).ln_1p();
    let (ln_theta, ln_rest) = (-softplus(-odds), -softplus(odds));
    ln_beta(a + x1, b + x0) - ln_beta(a, b) - x1 * ln_theta - x0 * ln_rest
}

/// The rate ratios, treated over control, that the evidence can't exclude; valid at every look at once.
///
/// Without any treated conversion the low end is 0, without any in control the high end is infinite.
#[must_use]
pub fn ratio_interval(treated: u64, control: u64, share: f64, k: f64, alpha: f64) -> Interval {
    let bar = -alpha.ln();
    let excludes = |log_ratio: f64| log_e_at(treated, control, share, k, log_ratio) >= bar;
    let centre = match (treated, control) {
        (0, 0) => return Interval { low: 0.0, high: f64::INFINITY },
        // With one side empty the likeliest ratio is at infinity; any ratio beyond the excluded ones will do to begin.
        (0, _) => -FAR,
        (_, 0) => FAR,
        (x1, x0) => (count(x1) / count(x0)).ln() + (-share).ln_1p() - share.ln(),
    };
    let low = if treated == 0 { 0.0 } else { border(-FAR, centre, excludes).exp() };
    let high = if control == 0 { f64::INFINITY } else { border(FAR, centre, excludes).exp() };
    Interval { low, high }
}

/// Logarithm of a ratio beyond all that can be seen: e^200.
const FAR: f64 = 200.0;

/// Where the excluded ratios end, between one outside and the likeliest.
fn border(outside: f64, inside: f64, excludes: impl Fn(f64) -> bool) -> f64 {
    let (mut outside, mut inside) = (outside, inside);
    if !excludes(outside) {
        return if outside < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    // Each step halves: 80 of them are finer than a double can tell.
    for _ in 0..80 {
        let middle = f64::midpoint(outside, inside);
        if excludes(middle) {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    inside
}

/// ln(1 + e^x).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// What can be said of an offer so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Verdict {
    /// Too few conversions to say anything, even had all of them been on one side.
    NotEnough {
        /// Conversions of the treated.
        treated: u64,
        /// Conversions of the control.
        control: u64,
    },
    /// Enough to look at, not enough to tell.
    Undecided,
    /// The treated convert more often.
    Better,
    /// The treated convert less often: the offer does harm.
    Harm,
}

/// Fewest conversions in all before a verdict other than "not enough" is given.
pub const CONVERSIONS_MIN: u64 = 20;

/// Watches one offer in one epoch, conversion by conversion; what it once found stays found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    share: f64,
    alpha: f64,
    treated: u64,
    control: u64,
    /// Highest evidence so far, and which way it pointed then.
    highest: f64,
    better: bool,
}

impl Watch {
    /// A watch for an epoch with this treated share; `alpha` is the chance of a false alarm, ever.
    #[must_use]
    pub const fn new(share: f64, alpha: f64) -> Self {
        Self { share, alpha, treated: 0, control: 0, highest: 0.0, better: false }
    }

    /// A customer's first conversion in the epoch.
    pub fn add(&mut self, treated: bool) {
        if treated {
            self.treated += 1;
        } else {
            self.control += 1;
        }
        let now = log_e(self.treated, self.control, self.share, K);
        if now > self.highest {
            self.highest = now;
            self.better = count(self.treated) * (1.0 - self.share) > count(self.control) * self.share;
        }
    }

    /// Conversions of treated and control.
    #[must_use]
    pub const fn counts(&self) -> (u64, u64) {
        (self.treated, self.control)
    }

    /// The treated share that it was made with.
    #[must_use]
    pub const fn share(&self) -> f64 {
        self.share
    }

    /// The highest evidence so far.
    #[must_use]
    pub fn e(&self) -> f64 {
        self.highest.exp()
    }

    /// What can be said.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.highest >= -self.alpha.ln() {
            return if self.better { Verdict::Better } else { Verdict::Harm };
        }
        if self.treated + self.control < CONVERSIONS_MIN {
            return Verdict::NotEnough { treated: self.treated, control: self.control };
        }
        Verdict::Undecided
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
const fn count(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests;

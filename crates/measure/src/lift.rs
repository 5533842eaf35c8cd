//! The report on an offer or on all of them: what being told changed, or that there is not enough to say.

use serde::{Deserialize, Serialize};

use crate::conversions::{CONVERSIONS_MIN, Interval, K, Verdict, has_two_arms, log_e, ratio_interval};
use crate::means::{Difference, N_STAR, Sums, cuped};
use crate::srm::{P_MIN, srm};

/// Money is compared from so many conversions in each arm.
pub const MONEY_CONVERSIONS_MIN: u64 = 20;
/// Money is compared from so many customers in each arm.
pub const MONEY_CUSTOMERS_MIN: u64 = 200;

/// One customer in one epoch, from the first time that an offer would have been said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Whether it was said, not kept back.
    pub treated: bool,
    /// Whether the customer converted in the epoch.
    pub converted: bool,
    /// What the customer spent in it.
    pub value: f64,
    /// What the same customer had spent before, over as long.
    pub before: f64,
}

/// What is known of one arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Customers.
    pub n: u64,
    /// Those who converted.
    pub converted: u64,
    /// The money of all.
    pub sums: Sums,
}

/// Why nothing is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hidden {
    /// The arms have not the sizes that they should: something leaks.
    SampleRatio,
    /// Too few conversions.
    NotEnough,
}

impl Hidden {
    /// The word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SampleRatio => "sample-ratio",
            Self::NotEnough => "not-enough",
        }
    }
}

/// The report.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// Those who were told.
    pub treated: Arm,
    /// Those who would have been.
    pub control: Arm,
    /// The share that should be treated.
    pub share: f64,
    /// The chance of so odd a split if nothing leaks.
    pub srm_p: f64,
    /// Why there are no results, if there are none.
    pub hidden: Option<Hidden>,
    /// How many times as often the treated convert; valid however often one looks.
    pub ratio: Option<Interval>,
    /// The evidence that there is any effect.
    pub e: f64,
    /// How much more a treated customer spends.
    pub money: Option<Difference>,
    /// In a word.
    pub verdict: Verdict,
}

/// Reports on an epoch; `share` of those triggered are treated, `alpha` is the chance of ever being wrong.
#[must_use]
pub fn lift(units: &[Unit], share: f64, alpha: f64) -> Lift {
    let (mut treated, mut control) = (Arm::default(), Arm::default());
    for unit in units {
        let arm = if unit.treated { &mut treated } else { &mut control };
        arm.n += 1;
        arm.converted += u64::from(unit.converted);
        arm.sums.add(unit.value, unit.before);
    }
    of_arms(treated, control, share, alpha)
}

/// The same from what is known of the arms.
#[must_use]
pub fn of_arms(treated: Arm, control: Arm, share: f64, alpha: f64) -> Lift {
    let srm_p = srm(treated.n, control.n, share);
    let (x1, x0) = (treated.converted, control.converted);
    let log_e = log_e(x1, x0, share, K);
    let hidden = if srm_p < P_MIN {
        Some(Hidden::SampleRatio)
    } else if x1 + x0 < CONVERSIONS_MIN || !has_two_arms(share) {
        Some(Hidden::NotEnough)
    } else {
        None
    };
    let shown = hidden.is_none();
    let rich = |arm: &Arm| arm.converted >= MONEY_CONVERSIONS_MIN && arm.n >= MONEY_CUSTOMERS_MIN;
    let money = (shown && rich(&treated) && rich(&control)).then(|| cuped(&control.sums, &treated.sums, alpha, N_STAR));
    let verdict = match hidden {
        Some(Hidden::NotEnough) => Verdict::NotEnough { treated: x1, control: x0 },
        Some(Hidden::SampleRatio) => Verdict::Undecided,
        None => verdict(log_e, treated, control, share, alpha),
    };
    Lift {
        treated,
        control,
        share,
        srm_p,
        hidden,
        ratio: shown.then(|| ratio_interval(x1, x0, share, K, alpha)),
        e: log_e.exp(),
        money: money.flatten(),
        verdict,
    }
}

fn verdict(log_e: f64, treated: Arm, control: Arm, share: f64, alpha: f64) -> Verdict {
    if log_e < -alpha.ln() {
        return Verdict::Undecided;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
    let better = treated.converted as f64 * (1.0 - share) > control.converted as f64 * share;
    if better { Verdict::Better } else { Verdict::Harm }
}

#[cfg(test)]
mod tests;

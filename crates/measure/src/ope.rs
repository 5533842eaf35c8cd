//! Off-policy evaluation: what another policy would have earned, from the log of one that drew its actions.
//!
//! Five estimates: inverse propensity (IPS), self-normalised (SNIPS), by a model of rewards alone (DM), doubly robust (DR)
//! and self-normalised doubly robust (SNDR), with cross-fitted models and bootstrap intervals. None is given when the log
//! can't carry it: then the report says why.

mod estimate;
pub mod irls;
mod model;
pub mod mt;
pub mod obd;
pub mod order;
pub mod prior;

use serde::{Deserialize, Serialize};

pub use estimate::{Estimate, Estimates};

/// One decision that was logged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round {
    /// What was done, as an index.
    pub action: usize,
    /// In which place of a list, from 0.
    pub position: usize,
    /// What came of it, 0 to 1.
    pub reward: f64,
    /// The chance with which it was done.
    pub pscore: f64,
}

/// A log, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    rounds: Vec<Round>,
    context: Vec<Vec<f64>>,
    actions: Vec<Vec<f64>>,
    positions: usize,
    menus: Option<Menus>,
}

/// What was on offer at each round, where that differs from round to round.
#[derive(Debug, Clone, PartialEq)]
pub struct Menus {
    /// For each round a number for each action, known before the draw, such as the log-odds that were believed.
    pub scores: Vec<Vec<f64>>,
    /// For each round the chance of each action in the log; 0 where it could not be taken.
    pub pscores: Vec<Vec<f64>>,
}

/// Why a log or policy can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LogError {
    /// Nothing is in it.
    #[error("the log has no rounds; give one with decisions in it")]
    Empty,
    /// A round's number is out of range.
    #[error("round {round}: {what} is {is}, {wanted} is needed")]
    Round {
        /// Which, from 0.
        round: usize,
        /// What is wrong with it.
        what: &'static str,
        /// What it is.
        is: f64,
        /// What it should be.
        wanted: &'static str,
    },
    /// Tables don't fit each other.
    #[error("{what} has {is} rows, {wanted} are needed")]
    Size {
        /// Which table.
        what: &'static str,
        /// Its rows.
        is: usize,
        /// As many as these.
        wanted: usize,
    },
    /// Rows of a table differ in length, or hold something that is no number.
    #[error("{what}: row {row} differs in length from the first or holds what is not a finite number")]
    Ragged {
        /// Which table.
        what: &'static str,
        /// Which row, from 0.
        row: usize,
    },
}

impl Log {
    /// A log of rounds, with what was known at each and what is known of each action.
    ///
    /// # Errors
    /// Tables that do not fit, and rounds with numbers out of range.
    pub fn new(rounds: Vec<Round>, context: Vec<Vec<f64>>, actions: Vec<Vec<f64>>) -> Result<Self, LogError> {
        if rounds.is_empty() {
            return Err(LogError::Empty);
        }
        table("the context", &context, rounds.len())?;
        table("the actions' features", &actions, actions.len())?;
        for (index, round) in rounds.iter().enumerate() {
            let wrong = |what, is, wanted| Err(LogError::Round { round: index, what, is, wanted });
            if round.action >= actions.len() {
                return wrong("its action", irls::count(round.action), "one of the actions described");
            }
            if !(round.pscore > 0.0 && round.pscore <= 1.0) {
                return wrong("its propensity", round.pscore, "more than 0 and at most 1");
            }
            if !(0.0..=1.0).contains(&round.reward) {
                return wrong("its reward", round.reward, "0 to 1");
            }
            if round.position >= POSITIONS_MAX {
                return wrong("its position", irls::count(round.position), "less than 64");
            }
        }
        let positions = rounds.iter().map(|round| round.position + 1).max().unwrap_or(1);
        Ok(Self { rounds, context, actions, positions, menus: None })
    }

    /// The same log, with what was on offer at each round.
    ///
    /// # Errors
    /// Tables that do not fit the log.
    pub fn with_menus(self, menus: Menus) -> Result<Self, LogError> {
        for (what, rows) in [("the scores", &menus.scores), ("the chances", &menus.pscores)] {
            table(what, rows, self.rounds.len())?;
            let fits = |row: &Vec<f64>| row.len() == self.actions.len();
            rows.iter().position(|row| !fits(row)).map_or(Ok(()), |row| Err(LogError::Ragged { what, row }))?;
        }
        Ok(Self { menus: Some(menus), ..self })
    }

    /// The number of an action at a round, if there is one.
    fn score(&self, round: usize, action: usize) -> Option<f64> {
        self.menus.as_ref().map(|menus| menus.scores[round][action])
    }

    /// Its rounds.
    #[must_use]
    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    /// How many actions there are.
    #[must_use]
    pub fn actions(&self) -> usize {
        self.actions.len()
    }

    /// What an average round earned.
    #[must_use]
    pub fn earned(&self) -> f64 {
        mean(self.rounds.iter().map(|round| round.reward))
    }
}

/// Most places of a list.
pub const POSITIONS_MAX: usize = 64;

fn table(what: &'static str, rows: &[Vec<f64>], wanted: usize) -> Result<(), LogError> {
    if rows.len() != wanted {
        return Err(LogError::Size { what, is: rows.len(), wanted });
    }
    let columns = rows.first().map_or(0, Vec::len);
    let bad = |row: &Vec<f64>| row.len() != columns || row.iter().any(|x| !x.is_finite());
    rows.iter().position(bad).map_or(Ok(()), |row| Err(LogError::Ragged { what, row }))
}

/// The chances of actions under the policy that is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum Dist {
    /// The same at every round, one row of chances for each position.
    Positions(Vec<Vec<f64>>),
    /// One row of chances for each round.
    Rounds(Vec<Vec<f64>>),
}

impl Dist {
    fn check(&self, log: &Log) -> Result<(), LogError> {
        let (what, rows, wanted) = match self {
            Self::Positions(rows) => ("the policy by position", rows, log.positions),
            Self::Rounds(rows) => ("the policy by round", rows, log.rounds.len()),
        };
        let size = |is, wanted| if is < wanted { Err(LogError::Size { what, is, wanted }) } else { Ok(()) };
        size(rows.len(), wanted)?;
        let fits =
            |row: &Vec<f64>| row.len() == log.actions.len() && row.iter().all(|p| (0.0..=1.0 + 1e-9).contains(p));
        rows.iter().position(|row| !fits(row)).map_or(Ok(()), |row| Err(LogError::Ragged { what, row }))
    }

    fn at(&self, round: usize, position: usize) -> &[f64] {
        match self {
            Self::Positions(rows) => &rows[position],
            Self::Rounds(rows) => &rows[round],
        }
    }
}

/// How to evaluate, and when to refuse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Parts of the cross-fit.
    pub folds: usize,
    /// Resamples for intervals.
    pub resamples: usize,
    /// Seed of parts and resamples.
    pub seed: u32,
    /// Inverse strength of the penalty of the model of rewards.
    pub c: f64,
    /// Between these the mean weight must be.
    pub mean_weight: [f64; 2],
    /// So many rounds the weighted log must be worth.
    pub ess_min: f64,
    /// At most this share of all weight may be one round's.
    pub share_max: f64,
    /// At most this share of the policy's chances may be on actions that the log never took.
    pub unsupported_max: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            folds: 3,
            resamples: 1_000,
            seed: 12_345,
            c: 100.0,
            mean_weight: [0.9, 1.1],
            ess_min: 200.0,
            share_max: 0.1,
            unsupported_max: 0.01,
        }
    }
}

/// How much the rounds weigh.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Weights {
    /// About 1 if the propensities are right and the log covers the policy.
    pub mean: f64,
    /// The largest.
    pub max: f64,
    /// So many rounds of the policy itself would tell as much.
    pub ess: f64,
    /// The largest one's share of all.
    pub share_max: f64,
    /// Share of the policy's chances that is on actions which the log never took, or could not take in that round.
    pub unsupported: f64,
}

/// Why no number is given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// `mean-weight`, `ess`, `one-weight` or `support`.
    pub code: Code,
    /// What it is.
    pub is: f64,
    /// The bound that it breaks.
    pub wanted: f64,
}

/// The bounds that a log may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The mean weight is far from 1.
    MeanWeight,
    /// The weighted log is worth too few rounds.
    Ess,
    /// One round weighs too much.
    OneWeight,
    /// The policy does what the log never did.
    Support,
}

/// What can be said of a policy from a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Decisions in the log.
    pub rounds: usize,
    /// Actions that there are.
    pub actions: usize,
    /// Rounds with a reward.
    pub clicks: usize,
    /// What an average round earned in the log.
    pub logged: f64,
    /// How much the rounds weigh.
    pub weights: Weights,
    /// Why there are no estimates; empty if there are.
    pub refused: Vec<Refusal>,
    /// The estimates.
    pub estimates: Option<Estimates>,
}

/// Evaluates a policy on a log.
///
/// # Errors
/// A policy that does not fit the log.
pub fn evaluate(log: &Log, policy: &Dist, options: &Options) -> Result<Report, LogError> {
    policy.check(log)?;
    let chances = |(index, round): (usize, &Round)| policy.at(index, round.position)[round.action] / round.pscore;
    let weighted: Vec<f64> = log.rounds.iter().enumerate().map(chances).collect();
    let weights = weigh(log, policy, &weighted);
    let refused = refusals(&weights, options);
    let estimates = refused.is_empty().then(|| {
        let model = model::fit(log, policy, options);
        estimate::all(log, &weighted, &model, options)
    });
    let clicks = log.rounds.iter().filter(|round| round.reward > 0.0).count();
    let (rounds, actions) = (log.rounds.len(), log.actions.len());
    Ok(Report { rounds, actions, clicks, logged: log.earned(), weights, refused, estimates })
}

fn weigh(log: &Log, policy: &Dist, weights: &[f64]) -> Weights {
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    let max = weights.iter().copied().fold(0.0, f64::max);
    let over = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let mut taken = vec![false; log.actions.len()];
    for round in &log.rounds {
        taken[round.action] = true;
    }
    let missing = |(index, round): (usize, &Round)| {
        let row = policy.at(index, round.position);
        let never = |action: usize| match &log.menus {
            Some(menus) => menus.pscores[index][action] <= 0.0,
            None => !taken[action],
        };
        (0..row.len()).filter(|action| never(*action)).map(|action| row[action]).sum::<f64>()
    };
    Weights {
        mean: sum / irls::count(weights.len()),
        max,
        ess: over(sum * sum, squares),
        share_max: over(max, sum),
        unsupported: mean(log.rounds.iter().enumerate().map(missing)),
    }
}

fn refusals(weights: &Weights, options: &Options) -> Vec<Refusal> {
    let [least, most] = options.mean_weight;
    let nearest = if weights.mean < least { least } else { most };
    let bounds = [
        (Code::MeanWeight, weights.mean, nearest, (least..=most).contains(&weights.mean)),
        (Code::Ess, weights.ess, options.ess_min, weights.ess >= options.ess_min),
        (Code::OneWeight, weights.share_max, options.share_max, weights.share_max <= options.share_max),
        (Code::Support, weights.unsupported, options.unsupported_max, weights.unsupported <= options.unsupported_max),
    ];
    bounds.into_iter().filter(|bound| !bound.3).map(|(code, is, wanted, _)| Refusal { code, is, wanted }).collect()
}

/// The mean; 0 of nothing.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len();
    if n == 0 { 0.0 } else { values.sum::<f64>() / irls::count(n) }
}

#[cfg(test)]
mod tests;

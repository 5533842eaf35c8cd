//! A model of rewards, cross-fitted: each round is judged by one that never saw it.

use super::irls::{self, Fit, sigmoid};
use super::mt::folds;
use super::{Dist, Log, Options};

/// What the models expect of each round.
pub(super) struct Expected {
    /// Of the action that was taken.
    pub(super) taken: Vec<f64>,
    /// Of the policy's choice.
    pub(super) policy: Vec<f64>,
}

/// Fits one model for each part and position on the rounds of the other parts, and asks it about the part's own.
pub(super) fn fit(log: &Log, policy: &Dist, options: &Options) -> Expected {
    let part = folds(log.rounds.len(), options.folds, options.seed);
    let parts = u8::try_from(options.folds.clamp(1, 255)).expect("clamped");
    let mut expected = Expected { taken: vec![0.0; part.len()], policy: vec![0.0; part.len()] };
    for fold in 0..parts {
        for position in 0..log.positions {
            let at = |index: &usize| log.rounds[*index].position == position;
            let (own, others): (Vec<usize>, Vec<usize>) =
                (0..part.len()).filter(at).partition(|index| part[*index] == fold);
            if !own.is_empty() {
                ask(log, policy, &learn(log, &others, options.c), &own, &mut expected);
            }
        }
    }
    expected
}

fn learn(log: &Log, rows: &[usize], c: f64) -> Fit {
    let row = |index: &usize| {
        let action = log.rounds[*index].action;
        [&log.context[*index][..], &log.actions[action], log.score(*index, action).as_slice()].concat()
    };
    let yes: Vec<f64> = rows.iter().map(|index| log.rounds[*index].reward).collect();
    irls::fit(&rows.iter().map(row).collect::<Vec<_>>(), &yes, c)
}

fn ask(log: &Log, policy: &Dist, model: &Fit, rows: &[usize], expected: &mut Expected) {
    let known = log.context.first().map_or(0, Vec::len);
    let (of_context, rest) = model.weights.split_at(known.min(model.weights.len()));
    let (of_action, of_score) = rest.split_at(log.actions.first().map_or(0, Vec::len).min(rest.len()));
    let of_score = of_score.first().copied().unwrap_or(0.0);
    let sum = |x: &[f64], w: &[f64]| x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
    let actions: Vec<f64> = log.actions.iter().map(|features| sum(features, of_action)).collect();
    for index in rows {
        let round = &log.rounds[*index];
        let start = sum(&log.context[*index], of_context) + model.intercept;
        let chance =
            |action: usize| sigmoid(start + actions[action] + of_score * log.score(*index, action).unwrap_or(0.0));
        expected.taken[*index] = chance(round.action);
        let (mut worth, mut all) = (0.0, 0.0);
        let row = policy.at(*index, round.position).iter().enumerate();
        for (action, p) in row.filter(|(_, p)| **p > 0.0) {
            worth += p * chance(action);
            all += p;
        }
        expected.policy[*index] = if all > 0.0 { worth / all } else { 0.0 };
    }
}

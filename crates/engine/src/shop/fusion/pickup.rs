//! Who may have taken something from a shelf: the people near it share it out, and so does everybody who is not heard.

use std::collections::BTreeMap;

use model::fusion::Attribution;
use model::subject::Subject;
use model::units::Probability;

/// The weight of somebody of whom nothing is known at all: a neighbour, a child, somebody who has just come in.
const STRANGER: f64 = 0.05;
/// Shares below this are nobody's.
const SHARE_MIN: f64 = 0.01;
/// Most shares of one pick-up.
const SHARES_MAX: usize = 16;

/// Shares a pick-up out by weight: `weights` of those who may be named, and `rest`, the weight of those who may not and of
/// the people expected nearby who are not heard. Whatever the numbers, shares and the rest sum to one.
pub(super) fn share_out(weights: Vec<(Subject, f64)>, rest: f64) -> (Vec<(Subject, Probability)>, Probability) {
    let others = STRANGER + sound(rest);
    let sum: f64 = others + weights.iter().map(|(_, weight)| sound(*weight)).sum::<f64>();
    let mut shares: Vec<(Subject, f64)> =
        weights.into_iter().map(|(subject, weight)| (subject, sound(weight) / sum)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    shares.retain(|(_, share)| *share >= SHARE_MIN);
    shares.truncate(SHARES_MAX);
    let named: f64 = shares.iter().map(|(_, share)| share).sum();
    let shares = shares.into_iter().map(|(subject, share)| (subject, Probability::clamped(share))).collect();
    (shares, Probability::clamped(1.0 - named))
}

const fn sound(weight: f64) -> f64 {
    if weight.is_finite() { weight.clamp(0.0, 1e6) } else { 0.0 }
}

/// Weighs those near the shelf by how likely they hold what was taken from it, and all others by how likely one of them does.
/// None when nothing was taken that could come back.
pub(super) fn of_holders<'a>(
    weights: Vec<(Subject, f64)>,
    rest: f64,
    taken: impl Iterator<Item = &'a Attribution>,
) -> Option<(Vec<(Subject, f64)>, f64)> {
    let (mut lacks, mut nobody, mut any) = (BTreeMap::<&Subject, f64>::new(), 1.0, false);
    for one in taken {
        any = true;
        nobody *= 1.0 - one.unknown.get();
        for (subject, share) in &one.shares {
            *lacks.entry(subject).or_insert(1.0) *= 1.0 - share.get();
        }
    }
    let holds = |subject: &Subject| lacks.get(subject).map_or(0.0, |lacks| 1.0 - lacks);
    let weights = weights.into_iter().map(|(subject, weight)| (holds(&subject) * weight, subject));
    any.then(|| (weights.map(|(weight, subject)| (subject, weight)).collect(), rest * (1.0 - nobody)))
}

#[cfg(test)]
mod tests {
    use model::subject::Pseudonym;
    use proptest::prelude::*;

    use super::*;

    fn subject(n: u64) -> Subject {
        Subject::Anonymous(Pseudonym(n))
    }

    #[test]
    fn one_person_at_the_shelf_has_most_of_it_and_two_share_it() {
        let (shares, unknown) = share_out(vec![(subject(1), 0.9)], 0.1);
        assert!((shares[0].1.get() - 0.9 / 1.05).abs() < 1e-9 && unknown.get() < 0.15);
        let (shares, _) = share_out(vec![(subject(1), 0.9), (subject(2), 0.9)], 0.1);
        assert!(shares.iter().all(|(_, share)| share.get() < 0.5), "nobody is named by a coin: {shares:?}");
        let (shares, unknown) = share_out(vec![(subject(1), 0.9)], 3.0);
        assert!(shares[0].1.get() < 0.3 && unknown.get() > 0.7, "many are not heard");
        assert_eq!(share_out(Vec::new(), 0.0), (Vec::new(), Probability::ONE));
    }

    proptest! {
        #[test]
        fn shares_sum_to_one_whatever_the_weights(
            weights in prop::collection::vec(prop_oneof![0.0_f64..1.0, any::<f64>()], 0..60),
            hidden in any::<f64>(),
            strangers in prop_oneof![0.0_f64..100.0, any::<f64>()],
        ) {
            let weights: Vec<(Subject, f64)> = (0..).map(subject).zip(weights).collect();
            let (shares, unknown) = share_out(weights, hidden + strangers);
            let sum: f64 = shares.iter().map(|(_, share)| share.get()).sum::<f64>() + unknown.get();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
            prop_assert!(unknown.get() > 0.0 && shares.len() <= SHARES_MAX);
            prop_assert!(shares.iter().all(|(_, share)| share.get() >= SHARE_MIN));
            prop_assert!(shares.windows(2).all(|pair| pair[0].1.get() >= pair[1].1.get()));
        }
    }
}

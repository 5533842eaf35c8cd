//! Reports on made-up shops whose truth is known.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Customers who convert at `rate`, times `ratio` if told, and spend about 2,000 cents then, more if they did before.
fn shop(seed: u64, customers: usize, rate: f64, ratio: f64, share: f64) -> Vec<Unit> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let one = |_| {
        let treated = chance.random::<f64>() < share;
        let habit = 0.5 + chance.random::<f64>();
        let chance_of = rate * habit * if treated { ratio } else { 1.0 };
        let converted = chance.random::<f64>() < chance_of;
        let spends = |luck: f64| 1_000.0 + 2_000.0 * luck;
        let value = if converted { spends(chance.random()) } else { 0.0 };
        let before = if chance.random::<f64>() < rate * habit { spends(chance.random()) } else { 0.0 };
        Unit { treated, converted, value, before }
    };
    (0..customers).map(one).collect()
}

/// Share of 1,000 shops for which it holds.
fn share_of(runs: u64, holds: impl Fn(u64) -> bool) -> f64 {
    let count = (0..runs).filter(|seed| holds(*seed)).count();
    f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(runs).unwrap())
}

#[test]
fn the_measured_lift_covers_the_true_one() {
    for (ratio, rate, customers) in [(1.0, 0.10, 2_000), (1.5, 0.06, 4_000), (0.7, 0.2, 2_000)] {
        let covered = share_of(1_000, |seed| {
            let lift = lift(&shop(seed, customers, rate, ratio, 0.9), 0.9, 0.05);
            lift.ratio.is_none_or(|interval| interval.covers(ratio))
        });
        assert!(covered >= 0.95, "ratio {ratio}: {covered}");
        let shown = share_of(50, |seed| {
            let lift = lift(&shop(seed, customers, rate, ratio, 0.9), 0.9, 0.05);
            lift.ratio.is_some_and(|ratio| ratio.low > 0.1 && ratio.high < 10.0)
        });
        assert!(shown > 0.95, "coverage must not come from saying nothing: {shown}");
    }
}

#[test]
fn the_measured_money_covers_the_true_one() {
    // What a treated customer spends more: rate * (ratio - 1) * 2,000 cents.
    for ratio in [1.0, 1.5] {
        let truth = 0.2 * (ratio - 1.0) * 2_000.0;
        let covered = share_of(1_000, |seed| {
            let lift = lift(&shop(seed, 3_000, 0.2, ratio, 0.8), 0.8, 0.05);
            // One in a thousand fair splits looks like a leak.
            lift.money.map_or(lift.hidden == Some(Hidden::SampleRatio), |money| {
                money.always.covers(truth) && money.theta.is_some()
            })
        });
        assert!(covered >= 0.95, "{ratio}: {covered}");
    }
}

#[test]
fn little_data_is_called_that() {
    let lift = lift(&shop(1, 100, 0.05, 1.0, 0.9), 0.9, 0.05);
    assert_eq!(lift.hidden.map(Hidden::code), Some("not-enough"));
    assert!(lift.ratio.is_none() && lift.money.is_none());
    assert!(matches!(lift.verdict, Verdict::NotEnough { .. }));
    // A small control shows the ratio, but not yet money.
    let lift = super::lift(&shop(1, 1_500, 0.08, 1.0, 0.95), 0.95, 0.05);
    assert!(lift.control.n < MONEY_CUSTOMERS_MIN && lift.ratio.is_some() && lift.money.is_none(), "{lift:?}");
}

#[test]
fn a_leaking_split_hides_the_results() {
    let mut units = shop(2, 4_000, 0.2, 1.4, 0.9);
    let mut kept = 0;
    units.retain(|unit| {
        unit.treated || {
            kept += 1;
            kept % 2 == 0
        }
    });
    let lift = lift(&units, 0.9, 0.05);
    assert_eq!((lift.hidden, lift.ratio, lift.verdict), (Some(Hidden::SampleRatio), None, Verdict::Undecided));
    assert_eq!(Hidden::SampleRatio.code(), "sample-ratio");
}

#[test]
fn large_effects_get_their_word() {
    let better = lift(&shop(3, 20_000, 0.1, 1.8, 0.5), 0.5, 0.05);
    assert_eq!(better.verdict, Verdict::Better);
    let harm = lift(&shop(3, 20_000, 0.1, 0.5, 0.9), 0.9, 0.05);
    assert_eq!(harm.verdict, Verdict::Harm);
    assert!(harm.ratio.unwrap().high < 1.0 && harm.e >= 20.0);
}

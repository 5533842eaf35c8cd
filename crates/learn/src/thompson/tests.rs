//! Shares against draws, against an integral on each arm's own grid, and at the edges.

use proptest::strategy::Strategy as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;

fn arm(mean: f64, sd: f64, scale: f64, shift: f64) -> Arm {
    Arm { mean, sd, scale, shift }
}

/// Arms as a shop has them: seldom a yes, worth some cents, more or less sure.
fn some(seed: u64, count: usize) -> Vec<Arm> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut between = move |low: f64, high: f64| chance.random::<f64>().mul_add(high - low, low);
    (0..count).map(|_| arm(between(-4.5, 0.5), between(0.05, 1.5), between(20.0, 900.0), between(-40.0, 0.0))).collect()
}

/// An independent way: for each arm the midpoint rule over its own log-odds, 40,000 steps.
fn slowly(arms: &[Arm], reserve: f64) -> Vec<f64> {
    let steps = 40_000;
    let win = |i: usize| {
        let mut sum = 0.0;
        for step in 0..steps {
            let t = (f64::from(step) + 0.5) / f64::from(steps) * 18.0 - 9.0;
            let x = arms[i].at(arms[i].mean + t * arms[i].sd);
            if x > reserve {
                let others = (0..arms.len()).filter(|j| *j != i).map(|j| normal_cdf(arms[j].deviations(x)));
                sum += normal_density(t) * others.product::<f64>();
            }
        }
        sum * 18.0 / f64::from(steps)
    };
    (0..arms.len()).map(win).collect()
}

#[test]
fn shares_agree_with_a_slow_integral() {
    for (seed, count, reserve) in [(1, 2, 0.0), (2, 5, 8.0), (3, 19, 0.0), (4, 19, 60.0), (5, 1, 3.0)] {
        let arms = some(seed, count);
        let fast = shares(&arms, reserve);
        for (fast, slow) in fast.arms.iter().zip(slowly(&arms, reserve)) {
            assert!((fast - slow).abs() < 1e-4, "seed {seed}: {fast} against {slow}");
        }
    }
}

#[test]
fn shares_sum_to_one_before_they_are_made_to() {
    for seed in 0..40 {
        let arms = some(seed, 19);
        let silence: f64 = arms.iter().map(|arm| normal_cdf(arm.deviations(5.0))).product();
        let mut race = Race::new(&arms);
        let low = arms.iter().map(|arm| arm.quantile(-WIDTH)).fold(5.0, f64::max);
        race.run(low, arms.iter().map(|arm| arm.quantile(WIDTH)).fold(5.0, f64::max));
        let sum = race.won.iter().sum::<f64>() + silence;
        assert!((sum - 1.0).abs() < 1e-7, "seed {seed}: {sum}");
        let shares = shares(&arms, 5.0);
        assert!((shares.arms.iter().sum::<f64>() + shares.silence - 1.0).abs() < 1e-12);
    }
}

#[test]
fn shares_agree_with_draws() {
    let mut arms = some(7, 8);
    arms[3] = arm(-1.0, 0.001, 300.0, -5.0);
    let shares = shares(&arms, 20.0);
    let mut chance = ChaCha8Rng::seed_from_u64(9);
    let draws = 200_000;
    let mut won = vec![0.0; arms.len() + 1];
    for _ in 0..draws {
        let worths = arms.iter().map(|arm| {
            let (u, v): (f64, f64) = (1.0 - chance.random::<f64>(), chance.random());
            let normal = (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos();
            arm.at(arm.mean + arm.sd * normal)
        });
        let best = worths.enumerate().fold((arms.len(), 20.0), |best, next| if next.1 > best.1 { next } else { best });
        won[best.0] += 1.0 / f64::from(draws);
    }
    for (share, drawn) in shares.arms.iter().chain([&shares.silence]).zip(&won) {
        // Four standard errors of the draws.
        let bound = 4.0 * (share * (1.0 - share) / f64::from(draws)).sqrt() + 1e-5;
        assert!((share - drawn).abs() < bound, "{share} against {drawn}");
    }
}

#[test]
fn a_narrow_belief_is_not_missed_by_the_grid() {
    let arms = [arm(-1.0, 1e-6, 100.0, 0.0), arm(-1.0, 1.2, 100.0, 0.0)];
    let shares = shares(&arms, 0.0);
    assert!((shares.arms[0] - 0.5).abs() < 1e-3, "{shares:?}");
}

#[test]
fn equal_arms_share_equally() {
    let shares = shares(&[arm(-2.0, 0.7, 100.0, -3.0); 4], f64::NEG_INFINITY);
    for share in &shares.arms {
        assert!((share - 0.25).abs() < 1e-12, "{shares:?}");
    }
    assert!(shares.silence.abs() < 1e-12);
}

#[test]
fn silence_wins_over_what_is_worth_little() {
    let quiet = shares(&[arm(-4.0, 0.3, 50.0, -10.0), arm(-3.0, 0.5, 40.0, -10.0)], 0.0);
    assert!(quiet.silence > 0.99 && quiet.best.is_none(), "{quiet:?}");
    let none = shares(&[], 0.0);
    assert!((none.silence - 1.0).abs() < 1e-15 && none.arms.is_empty());
}

#[test]
fn an_arm_that_brings_nothing_is_no_arm() {
    let arms = [arm(0.0, 1.0, 0.0, 100.0), arm(0.0, 1.0, -5.0, 100.0), arm(f64::NAN, 1.0, 5.0, 0.0)];
    assert!(reachable(&arms, ARMS_MAX).is_empty());
    let shares = shares(&arms, 0.0);
    assert_eq!((shares.arms, shares.best), (vec![0.0; 3], None));
}

#[test]
fn only_the_most_promising_are_reachable_and_equals_by_order() {
    let mut arms = vec![arm(-3.0, 0.1, 100.0, 0.0); 30];
    arms[29] = arm(-3.0, 2.0, 100.0, 0.0);
    let kept = reachable(&arms, ARMS_MAX);
    assert_eq!(kept, (0..18).chain([29]).collect::<Vec<usize>>());
}

#[test]
fn the_floor_bounds_every_weight() {
    let arms = some(11, ARMS_MAX - 1);
    let shares = shares(&arms, 0.0).with_floor(EPSILON);
    for share in shares.arms.iter().chain([&shares.silence]) {
        assert!(*share >= 0.0025 && 1.0 / share <= 400.0 + 1e-9, "{share}");
    }
    assert!((shares.arms.iter().sum::<f64>() + shares.silence - 1.0).abs() < 1e-12);
}

#[test]
fn policies_share_as_they_say() {
    let arms = [arm(-1.0, 0.5, 100.0, 0.0), arm(0.0, 0.5, 100.0, 0.0), arm(-2.0, 0.5, 100.0, 0.0)];
    let of = |choose| shares_of(choose, &arms, 0.0, 0.2);
    assert_eq!(of(Choose::Best).arms, [0.0, 1.0, 0.0]);
    assert_eq!(of(Choose::Uniform).arms, [0.25; 3]);
    let greedy = of(Choose::EpsilonGreedy);
    assert!((greedy.arms[1] - 0.85).abs() < 1e-12 && (greedy.silence - 0.05).abs() < 1e-12, "{greedy:?}");
    let thompson = of(Choose::Thompson);
    assert!(thompson.arms[1] > thompson.arms[0] && thompson.arms[2] >= 0.05, "{thompson:?}");
    assert!(shares_of(Choose::Best, &arms, 90.0, 0.2).silence > 0.99);
}

#[test]
fn draws_fall_on_arms_by_their_shares() {
    let shares = Shares { arms: vec![0.2, 0.0, 0.5], silence: 0.3, best: Some(2) };
    let picks = [0.0, 0.199, 0.2, 0.699, 0.7, 0.999].map(|draw| pick(&shares, draw));
    assert_eq!(picks, [Some(0), Some(0), Some(2), Some(2), None, None]);
}

proptest::proptest! {
    #[test]
    fn any_arms_give_shares(arms in proptest::collection::vec(
        (-12.0..12.0_f64, 0.0..6.0_f64, 0.01..1e6_f64, -1e5..1e5_f64).prop_map(|(m, s, c, d)| arm(m, s, c, d)), 0..20), reserve in -1e5..1e5_f64) {
        let shares = shares(&arms, reserve);
        let sum = shares.arms.iter().sum::<f64>() + shares.silence;
        proptest::prop_assert!((sum - 1.0).abs() < 1e-9);
        proptest::prop_assert!(shares.arms.iter().all(|share| (0.0..=1.0).contains(share)));
    }
}

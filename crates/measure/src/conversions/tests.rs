//! The unit case, the edges, and thousands of seeded experiments with and without an effect.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;

#[test]
fn the_unit_case_comes_out() {
    assert!((log_e(1_000, 70, 0.9, K).exp() - 496.378_263_086_0).abs() < 1e-7);
    let interval = ratio_interval(1_000, 70, 0.9, K, 0.05);
    assert!((interval.low - 1.104_393_447_262_982_2).abs() < 1e-9, "{interval:?}");
    assert!((interval.high - 2.380_510_066_365_279_6).abs() < 1e-9, "{interval:?}");
}

#[test]
fn nothing_seen_says_nothing() {
    assert!(log_e(0, 0, 0.9, K).abs() < 1e-12);
    assert_eq!(ratio_interval(0, 0, 0.9, K, 0.05), Interval { low: 0.0, high: f64::INFINITY });
}

#[test]
fn where_everybody_is_in_one_arm_nothing_is_compared() {
    for share in [0.0, 1.0] {
        assert!(log_e(400, 0, share, K).abs() < 1e-12 && log_e(0, 0, share, K).abs() < 1e-12);
        assert_eq!(ratio_interval(400, 3, share, K, 0.05), Interval { low: 0.0, high: f64::INFINITY });
        let arm = |n, converted| crate::lift::Arm { n, converted, ..crate::lift::Arm::default() };
        let (told, kept) = if share > 0.5 { (arm(900, 400), arm(0, 0)) } else { (arm(0, 0), arm(900, 400)) };
        let lift = crate::lift::of_arms(told, kept, share, 0.05);
        assert_eq!((lift.hidden, lift.ratio), (Some(crate::lift::Hidden::NotEnough), None), "{lift:?}");
        assert!((lift.e - 1.0).abs() < 1e-12 && matches!(lift.verdict, Verdict::NotEnough { .. }));
    }
}

#[test]
fn an_empty_side_leaves_its_end_open() {
    let only_treated = ratio_interval(400, 0, 0.9, K, 0.05);
    assert!(only_treated.high.is_infinite() && only_treated.low > 1.0, "{only_treated:?}");
    let only_control = ratio_interval(0, 40, 0.9, K, 0.05);
    assert!(only_control.low == 0.0 && only_control.high < 1.0, "{only_control:?}");
}

#[test]
fn the_interval_holds_one_exactly_when_the_evidence_is_low() {
    for treated in (0..400).step_by(37) {
        for control in (0..60).step_by(7) {
            let low_evidence = log_e(treated, control, 0.9, K) < 20.0_f64.ln();
            let interval = ratio_interval(treated, control, 0.9, K, 0.05);
            assert_eq!(interval.covers(1.0), low_evidence, "{treated} {control} {interval:?}");
        }
    }
}

/// When each of `runs` experiments first rejects, by customers seen, looking every `every` of 20,000.
fn stops(runs: u64, rates: [f64; 2], share: f64, every: u32) -> Vec<u32> {
    let one = |seed| {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let (mut treated, mut control) = (0, 0);
        for customer in 1..=20_000 {
            let told = chance.random::<f64>() < share;
            if chance.random::<f64>() < rates[usize::from(told)] {
                *if told { &mut treated } else { &mut control } += 1;
            }
            if customer % every == 0 && log_e(treated, control, share, K) >= 20.0_f64.ln() {
                return Some(customer);
            }
        }
        None
    };
    (0..runs).filter_map(one).collect()
}

#[test]
fn a_test_of_nothing_seldom_alarms_however_often_one_looks() {
    for (rate, share, wanted) in [(0.05, 0.9, 0.019), (0.05, 0.5, 0.029), (0.01, 0.9, 0.011)] {
        let alarms = stops(2_000, [rate, rate], share, 100).len();
        let alarms = f64::from(u32::try_from(alarms).unwrap()) / 2_000.0;
        assert!(alarms <= 0.05, "{rate} {share}: {alarms}");
        // Three standard errors of 2,000 runs around the reference.
        assert!((alarms - wanted).abs() < 3.0 * (wanted / 2_000.0_f64).sqrt(), "{rate} {share}: {alarms}");
    }
}

#[test]
fn an_effect_is_found_as_often_and_as_soon_as_it_should() {
    let mut found = stops(2_000, [0.05, 0.075], 0.9, 100);
    let power = f64::from(u32::try_from(found.len()).unwrap()) / 2_000.0;
    assert!((power - 0.935).abs() < 0.02, "{power}");
    // Of those that stop.
    found.sort_unstable();
    let median = f64::from(found[found.len() / 2]);
    assert!((median / 7_700.0 - 1.0).abs() < 0.1, "{median}");
}

/// Conversions after which a watch calls harm, of an offer that multiplies the rate by `ratio`.
fn harm_stops(runs: u64, share: f64, ratio: f64) -> Vec<u32> {
    let theta = share * ratio / (share * ratio + 1.0 - share);
    let one = |seed| {
        let mut chance = ChaCha8Rng::seed_from_u64(1_000_000 + seed);
        let mut watch = Watch::new(share, 0.05);
        (1..=3_000).find(|_| {
            watch.add(chance.random::<f64>() < theta);
            watch.verdict() == Verdict::Harm
        })
    };
    (0..runs).filter_map(one).collect()
}

#[test]
fn an_offer_that_does_harm_is_stopped_by_itself() {
    for (share, median, most) in [(0.9, 537.0, 1_518.0), (0.8, 323.0, 863.0), (0.5, 244.0, 592.0)] {
        let mut found = harm_stops(2_000, share, 0.7);
        assert!(found.len() >= 1_990, "{share}: {} of 2000", found.len());
        found.sort_unstable();
        let at = |part: f64| f64::from(found[(f64::from(u32::try_from(found.len()).unwrap()) * part) as usize]);
        assert!((at(0.5) / median - 1.0).abs() < 0.12, "{share}: median {}", at(0.5));
        assert!((at(0.95) / most - 1.0).abs() < 0.15, "{share}: p95 {}", at(0.95));
    }
}

#[test]
fn a_harmless_offer_is_seldom_stopped() {
    for share in [0.9, 0.8, 0.5] {
        let stopped = harm_stops(2_000, share, 1.0).len();
        assert!(stopped <= 60, "{share}: {stopped} of 2000");
    }
}

#[test]
fn too_few_conversions_are_called_that() {
    let mut watch = Watch::new(0.9, 0.05);
    for _ in 0..5 {
        watch.add(true);
    }
    assert_eq!(watch.verdict(), Verdict::NotEnough { treated: 5, control: 0 });
}

#[test]
fn what_was_found_stays_found() {
    let mut watch = Watch::new(0.5, 0.05);
    for _ in 0..40 {
        watch.add(true);
    }
    assert_eq!(watch.verdict(), Verdict::Better);
    for _ in 0..40 {
        watch.add(false);
    }
    assert_eq!(watch.verdict(), Verdict::Better);
}

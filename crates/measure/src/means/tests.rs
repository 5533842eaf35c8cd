//! Against an independent implementation's numbers, and against the shared ones where they lie beside the repository.

use std::path::PathBuf;

use serde_json::Value;

use super::*;

#[expect(clippy::disallowed_methods, reason = "the crate is pure; its tests read their vectors")]
fn shared(name: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/obd").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("note: {} is not there, so nothing was compared with it", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("shared data is JSON"))
}

fn close(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().expect(what);
    assert!((ours - theirs).abs() < 1e-9, "{what}: {ours} against {theirs}");
}

fn same(ours: &Difference, theirs: &Value) {
    close(ours.point, &theirs["point"], "point");
    close(ours.fixed.low, &theirs["ci"][0], "low");
    close(ours.fixed.high, &theirs["ci"][1], "high");
    close(ours.p, &theirs["p"], "p");
    close(ours.always.low, &theirs["seq_ci"][0], "sequential low");
    close(ours.always.high, &theirs["seq_ci"][1], "sequential high");
    close(ours.always_p, &theirs["seq_p"], "sequential p");
}

#[test]
fn rates_equal_the_shared_reference() {
    let Some(reference) = shared("gbstats_sequential_reference.json") else { return };
    let cases = reference["cases"].as_array().expect("cases");
    assert!(cases.len() >= 10);
    for case in cases {
        let number = |key: &str| case[key].as_u64().expect(key);
        let (a, b) = ([number("xa"), number("na")], [number("xb"), number("nb")]);
        let (alpha, n_star) = (case["alpha"].as_f64().unwrap(), case["n_star"].as_f64().unwrap());
        same(&proportion(a, b, case["diff"] == "relative", alpha, n_star).expect("both arms have people"), case);
    }
}

fn sums(of: &Value) -> Sums {
    let number = |key: &str| of[key].as_f64().expect(key);
    Sums {
        n: of["n"].as_u64().unwrap(),
        y: number("sum_y"),
        yy: number("sum_y2"),
        x: number("sum_x"),
        xx: number("sum_x2"),
        xy: number("sum_xy"),
    }
}

#[test]
fn money_equals_the_shared_reference() {
    let Some(reference) = shared("gbstats_cuped_reference.json") else { return };
    let (a, b) = (sums(&reference["inputs"]["a"]), sums(&reference["inputs"]["b"]));
    same(&plain(&a, &b, false, 0.05, N_STAR).unwrap(), &reference["results"]["plain"]);
    let adjusted = cuped(&a, &b, 0.05, N_STAR).unwrap();
    same(&adjusted, &reference["results"]["cuped"]);
    close(adjusted.theta.unwrap(), &reference["theta"], "theta");
}

#[test]
fn a_published_case_comes_out() {
    let found = proportion([100, 1_000], [130, 1_000], false, 0.05, N_STAR).unwrap();
    assert!((found.point - 0.03).abs() < 1e-12 && (found.p - 0.035_411_490_257_496_46).abs() < 1e-9, "{found:?}");
    assert!((found.always.low + 0.014_517_962_102_267_787).abs() < 1e-9, "{found:?}");
    assert!((found.always_p - 0.378_931_507_585_797_47).abs() < 1e-9, "{found:?}");
}

#[test]
fn arms_too_small_to_spread_say_nothing() {
    assert_eq!(proportion([0, 0], [1, 10], false, 0.05, N_STAR), None);
    assert_eq!(proportion([0, 10], [0, 10], false, 0.05, N_STAR), None);
    assert_eq!(proportion([0, 10], [3, 10], true, 0.05, N_STAR), None);
    assert_eq!(plain(&Sums::default(), &Sums::default(), false, 0.05, N_STAR), None);
}

#[test]
fn without_a_past_nothing_is_taken_off() {
    let (mut a, mut b) = (Sums::default(), Sums::default());
    for i in 0..50 {
        a.add(f64::from(i % 7), 0.0);
        b.add(f64::from(i % 9), 0.0);
    }
    assert_eq!(cuped(&a, &b, 0.05, N_STAR), plain(&a, &b, false, 0.05, N_STAR));
}

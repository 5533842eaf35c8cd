use proptest::prelude::*;

use super::*;

fn truth(rows: &[(&str, f64, f64, &str)]) -> Vec<Truth> {
    let row = |(n, (track, t, x, zone)): (usize, &(&str, f64, f64, &str))| Truth {
        sample: format!("s{n}"),
        track: (*track).into(),
        t: *t,
        point: Some(Point { x: *x, y: 0.0 }),
        zone: (*zone).into(),
        floor: None,
    };
    rows.iter().enumerate().map(row).collect()
}

fn guesses(zones: &[&str]) -> BTreeMap<String, Guess> {
    let guess = |zone: &&str| Guess { point: Some(Point::default()), zone: (*zone).into(), floor: String::new() };
    zones.iter().enumerate().map(|(n, zone)| (format!("s{n}"), guess(zone))).collect()
}

fn walk(zones: &str) -> Vec<Truth> {
    let rows: Vec<(&str, f64, f64, String)> =
        zones.chars().zip(0u8..).map(|(zone, t)| ("a", f64::from(t), 0.0, zone.to_string())).collect();
    let rows: Vec<(&str, f64, f64, &str)> =
        rows.iter().map(|(a, t, x, zone)| (*a, *t, *x, if zone == "-" { "" } else { zone })).collect();
    truth(&rows)
}

fn answers(zones: &str) -> BTreeMap<String, Guess> {
    let zones: Vec<String> = zones.chars().map(|zone| zone.to_string().replace('-', "")).collect();
    guesses(&zones.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn errors_are_ordered_and_a_missing_answer_counts_as_far_away() {
    let truth = truth(&[("a", 0.0, 1.0, ""), ("a", 1.0, 2.0, ""), ("a", 2.0, 3.0, ""), ("a", 3.0, 4.0, "")]);
    let metrics = score(&truth, &guesses(&["", "", ""]), None);
    assert_eq!((metrics.n, metrics.coverage), (4, 0.75));
    assert_eq!((metrics.median, metrics.mean), (Some(2.5), Some(251.25)));
    assert_eq!(metrics.zone, None, "no zone is told");
}

#[test]
fn changes_are_noticed_missed_wrong_and_flapping() {
    let metrics = score(&walk("aaaaabbbbbaaaaacccccc"), &answers("aaaaaabbbbbbbbbbacccc"), None);
    assert_eq!(metrics.changes, 3);
    assert!((metrics.missed.expect("there were changes") - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(metrics.detect_median, Some(1.5), "b after 1 s, c after 2 s");
    assert_eq!(metrics.switches.map(f64::round), Some(9.0));
    assert_eq!(metrics.false_switches, Some(3.0), "into a, where it was c");
    let still = score(&walk("aaaaaaaaaaaaaaaaaaaaa"), &answers("aabaaaaaaaaaaaaaaaaaa"), None);
    assert_eq!((still.flaps, still.changes), (Some(3.0), 0));
    let late = score(&walk("aaaaaaaaaaaaaaaaaaaaa"), &answers("aabbbbbbbbbbbbbaaaaaa"), None);
    assert_eq!(late.flaps, Some(0.0), "after 13 s it is no flap");
}

#[test]
fn a_walk_is_scored_across_its_path() {
    let path = walk_path("x0,y0,x1,y1\n0,1,10,1\n5,5,5,5\n").expect("a path");
    let truth = truth(&[("a", 0.0, 500.0, "z")]);
    let metrics = score(&truth, &guesses(&["z"]), Some(&path));
    assert_eq!((metrics.median, metrics.zone), (Some(1.0), None));
    assert!(walk_path("x0,y0,x1,y1\n").is_err());
}

proptest! {
    #[test]
    fn shares_stay_shares_whatever_is_answered(
        walked in prop::collection::vec((0..3u8, 0..3u8), 1..60),
    ) {
        let zones = |pick: fn(&(u8, u8)) -> u8| -> String { walked.iter().map(|pair| char::from(b'a' + pick(pair))).collect() };
        let metrics = score(&walk(&zones(|pair| pair.0)), &answers(&zones(|pair| pair.1)), None);
        for share in [metrics.zone, metrics.zone_macro, metrics.missed, Some(metrics.coverage)].into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&share));
        }
        prop_assert!(metrics.false_switches <= metrics.switches);
    }
}

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;

fn truth(rows: &[(&str, f64, f64, &str)]) -> Vec<Truth> {
    let row = |(n, (track, t, x, zone)): (usize, &(&str, f64, f64, &str))| Truth {
        sample: format!("s{n}"),
        track: (*track).into(),
        t: *t,
        point: Point { x: *x, y: 0.0 },
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

/// What the script beside the recordings prints for the same answers; none where script or recording is not there.
fn script(truth: &Path, answers: &Path) -> Option<BTreeMap<String, f64>> {
    let script = truth.ancestors().nth(3)?.join("score_positions.py");
    let ran = Command::new("python3").arg(script).arg("--truth").arg(truth).arg("--pred").arg(answers).output().ok()?;
    let text = String::from_utf8(ran.stdout).ok()?;
    let figures = text.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once(' ')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    });
    let figures: BTreeMap<String, f64> = figures.collect();
    (!figures.is_empty()).then_some(figures)
}

#[test]
fn the_figures_are_those_of_the_script_beside_the_recordings() {
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/positions");
    for set in ["tetam", "mall"] {
        let path = recordings.join(set).join("dev/truth.csv");
        let Ok(text) = std::fs::read_to_string(&path) else {
            let _ =
                std::io::Write::write_all(&mut std::io::stderr(), b"the recordings are not here: nothing compared\n");
            return;
        };
        let rows = "track,t,rx,rssi\n";
        let part = crate::part::Part::parse(rows, "sample_id,track,t\n", Some(&text)).expect("the truth");
        let (guesses, table) = noisy(&part.truth);
        let file = std::env::temp_dir().join(format!("attimo-score-{}-{set}.csv", std::process::id()));
        std::fs::write(&file, table).expect("a temporary file");
        let said = script(&path, &file);
        std::fs::remove_file(&file).expect("it was there");
        let Some(said) = said else {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"Python is not here: nothing compared\n");
            return;
        };
        compare(&score(&part.truth, &guesses, None), &said);
    }
}

/// Answers that are late, off and partly missing, and the same as a table.
fn noisy(truth: &[Truth]) -> (BTreeMap<String, Guess>, String) {
    let (mut guesses, mut table) = (BTreeMap::new(), String::from("sample_id,x,y,zone,floor\n"));
    for (n, pair) in truth.windows(4).enumerate().filter(|(n, _)| n % 17 != 0) {
        let (now, before) = (&pair[3], &pair[usize::from(n % 3 == 0)]);
        let point = Point { x: now.point.x + f64::from(u8::try_from(n % 7).unwrap_or(0)), y: now.point.y };
        let floor = before.floor.clone().unwrap_or_default();
        table += &format!("{},{},{},{},{floor}\n", now.sample, point.x, point.y, before.zone);
        guesses.insert(now.sample.clone(), Guess { point: Some(point), zone: before.zone.clone(), floor });
    }
    (guesses, table)
}

fn compare(metrics: &Metrics, said: &BTreeMap<String, f64>) {
    let ours = [
        ("coverage", Some(metrics.coverage)),
        ("err_median", metrics.median),
        ("err_p75", metrics.p75),
        ("err_p90", metrics.p90),
        ("err_p95", metrics.p95),
        ("err_mean", metrics.mean),
        ("floor_acc", metrics.floor),
        ("zone_acc", metrics.zone),
        ("zone_macro", metrics.zone_macro),
        ("t_detect_median", metrics.detect_median),
        ("t_detect_p95", metrics.detect_p95),
        ("missed_changes", metrics.missed),
        ("truth_switches_min", metrics.truth_switches),
        ("switches_min", metrics.switches),
        ("false_switches_min", metrics.false_switches),
        ("flaps_min", metrics.flaps),
    ];
    for (name, value) in ours {
        match (value, said.get(name)) {
            (Some(ours), Some(theirs)) => assert!((ours - theirs).abs() <= 0.000_51, "{name}: {ours} is not {theirs}"),
            (ours, theirs) => assert!(ours.is_none() && theirs.is_none(), "{name}: {ours:?} is not {theirs:?}"),
        }
    }
    assert!(said.get("zone_acc").is_some_and(|share| *share > 0.3), "the comparison means something");
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

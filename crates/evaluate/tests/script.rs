//! Our scores are those of the script beside the recordings, for the same answers. Without script, recordings or Python there
//! is nothing to compare with, and the test says so.

#![expect(clippy::disallowed_methods, reason = "the crate is pure; this test reads recordings and runs a script")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use evaluate::part::{Part, Truth};
use evaluate::score::{Guess, Metrics, score};
use model::floor::Point;

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
        let part = Part::parse(rows, "sample_id,track,t\n", Some(&text)).expect("the truth");
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
        let place = now.point.expect("every place is told");
        let point = Point { x: place.x + f64::from(u8::try_from(n % 7).unwrap_or(0)), y: place.y };
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

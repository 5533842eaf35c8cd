//! Plays the labelled part of recordings, split so that nothing is scored that was learned from, and prints the scores.
//!
//! `accuracy DATA_DIR [NAME..]`: names of sets (tetam, flat, mall, uji_library), of tests or parts of them ("tracks"), and of
//! configurations (plan, survey); none means all.

#![expect(clippy::disallowed_methods, reason = "what is measured is pure; this program around it reads files")]

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use evaluate::case::{Case, DevFiles, cases};
use evaluate::play::{Answer, Knowledge, Stage};
use evaluate::score::Metrics;
use evaluate::set::SetFiles;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("usage: accuracy DATA_DIR [NAME..]")?);
    let names: Vec<String> = arguments.collect();
    let mut out = std::io::stdout();
    writeln!(out, "{HEADER}")?;
    for recording in ["tetam", "flat", "mall", "uji_library"] {
        for case in cases(recording, &set_files(&dir.join(recording)), &dev_files(&dir.join(recording).join("dev")))? {
            if !names.is_empty() && !names.iter().any(|name| case.name.contains(name.as_str())) {
                continue;
            }
            let begun = Instant::now();
            let answers = play(&case);
            let line = line(&case.score(&answers));
            writeln!(out, "{:14} plan   {line} {:.1} s", case.name, begun.elapsed().as_secs_f64())?;
        }
    }
    Ok(())
}

const HEADER: &str = "set            config    med   p75   p95  zone macro floor  t_d  p95 miss  false flaps switch";

fn line(m: &Metrics) -> String {
    let two = |value: Option<f64>| value.map_or_else(|| "    -".into(), |value| format!("{value:5.2}"));
    let three = |value: Option<f64>| value.map_or_else(|| "   - ".into(), |value| format!("{value:5.3}"));
    [
        two(m.median),
        two(m.p75),
        two(m.p95),
        three(m.zone),
        three(m.zone_macro),
        three(m.floor),
        two(m.detect_median),
        two(m.detect_p95),
        two(m.missed),
        two(m.false_switches),
        two(m.flaps),
        two(m.switches),
    ]
    .join(" ")
}

/// Plays all tracks of a case on all cores.
fn play(case: &Case) -> Vec<Answer> {
    let stage = Stage::new(&case.set, &Knowledge::Plan);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut answers = Vec::new();
        while let Some(track) = case.test.tracks.get(next.fetch_add(1, Ordering::Relaxed)) {
            answers.extend(stage.play(track));
        }
        answers
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no track breaks the play")).collect()
    })
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn set_files(dir: &Path) -> SetFiles {
    SetFiles {
        receivers: read(&dir.join("receivers.csv")),
        zones_csv: read(&dir.join("zones.csv")),
        zones_geojson: read(&dir.join("zones.geojson")),
        walls_csv: read(&dir.join("layout_walls.csv")),
        obstacles_csv: read(&dir.join("obstacles.csv")),
    }
}

fn dev_files(dir: &Path) -> DevFiles {
    DevFiles {
        rssi: read(&dir.join("rssi.csv")).unwrap_or_default(),
        queries: read(&dir.join("queries.csv")).unwrap_or_default(),
        truth: read(&dir.join("truth.csv")).unwrap_or_default(),
        histogram: read(&dir.join("survey_hist.csv")),
        raw: read(&dir.join("survey_raw120s.csv")),
    }
}

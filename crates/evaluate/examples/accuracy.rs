//! The quick look while the engine is worked on: plays the labelled part of recordings, split so that nothing is scored that was
//! learned from, and prints one line for each case. `attimo-server evaluate report` makes the page.
//!
//! `accuracy DATA_DIR [WORD..]`: words choose cases ("tetam", "tracks", "mall"), configurations ("plan", "self", "survey"),
//! "others" for what others do and "walks" for the simulated scenario; none means ours on all.

#![expect(clippy::disallowed_methods, reason = "what is measured is pure; this program around it reads files")]

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use evaluate::baseline::{self, Ground, Library, Method};
use evaluate::case::{Case, DevFiles, RECORDINGS, cases, score_answers};
use evaluate::folds::Fold;
use evaluate::part::Track;
use evaluate::play::{Answer, Config, Knowledge, Stage};
use evaluate::reliability::Reliability;
use evaluate::scenario::{INSTANT, RADIO, VARIANTS, Walk, set, walks};
use evaluate::score::Metrics;
use evaluate::set::SetFiles;

type Failure = Box<dyn Error>;

const HEADER: &str =
    "                                  med   p75   p95  zone macro floor  t_d   p95  miss false flaps switch";

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("usage: accuracy DATA_DIR [WORD..]")?);
    let words: Vec<String> = arguments.collect();
    let said = |word: &str| words.iter().any(|other| other == word);
    writeln!(std::io::stdout(), "{HEADER}")?;
    if said("walks") {
        return scenario();
    }
    let configs: Vec<Config> = Config::ALL.into_iter().filter(|config| said(config.name())).collect();
    let chosen = |case: &Case| {
        let mut names = words.iter().filter(|word| *word != "others" && !is_config(word)).peekable();
        names.peek().is_none() || names.any(|name| case.name.contains(name.as_str()))
    };
    for recording in RECORDINGS {
        let folder = dir.join(recording);
        for case in cases(recording, &set_files(&folder), &dev_files(&folder.join("dev")))?.iter().filter(|c| chosen(c))
        {
            for config in case.configs().into_iter().filter(|config| configs.is_empty() || configs.contains(config)) {
                if said("others") { others(case, config)? } else { ours(case, config)? }
            }
        }
    }
    Ok(())
}

fn is_config(word: &str) -> bool {
    Config::ALL.iter().any(|config| config.name() == word)
}

fn ours(case: &Case, config: Config) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut answers = Vec::new();
    for (fold, knowledge) in case.lessons(config)? {
        let stage = Stage::new(&case.set, &knowledge);
        answers.extend(each(&tested(case, fold), |track| stage.play(track)));
    }
    let reliability = Reliability::of(&case.test.truth, &answers);
    let [gap, chance] =
        [reliability.zone_error(), reliability.zone_error_by_chance()].map(|gap| gap.unwrap_or_default());
    let (all, nine) = (reliability.places.max(1), reliability.in_nine_tenths);
    let (line, seconds) = (line(&case.score(&answers)), begun.elapsed().as_secs_f64());
    let (name, config) = (case.name, config.name());
    writeln!(
        std::io::stdout(),
        "{name:14} {config:17}{line}  gap {gap:.3} (by chance {chance:.3}) in90 {}% {seconds:.1} s",
        nine * 100 / all
    )?;
    for (device, median) in case.by_device(&answers) {
        writeln!(std::io::stdout(), "{:14} {device:17}{median:5.2}", "")?;
    }
    Ok(())
}

fn others(case: &Case, config: Config) -> Result<(), Failure> {
    for method in Method::ALL {
        let mut answers = Vec::new();
        for fold in &case.folds {
            let ground = match config {
                Config::Plan | Config::SelfTaught => Ground::of(&case.set),
                Config::Survey => {
                    let survey = case.survey(fold)?;
                    Ground::surveyed(&case.set, &survey, Library::new(case, fold, &survey))
                }
            };
            if ground.can(method) {
                answers.extend(each(&tested(case, fold), |track| baseline::play(method, &ground, track)));
            }
        }
        let line = line(&case.score(&answers));
        writeln!(std::io::stdout(), "{:14} {:6} {:10.10}{line}", case.name, config.name(), method.name())?;
    }
    Ok(())
}

fn scenario() -> Result<(), Failure> {
    let set = set()?;
    let (stage, ground) = (Stage::new(&set, &Knowledge::Plan), Ground::of(&set).with_radio(RADIO.0, RADIO.1));
    for walk in Walk::ALL {
        for variant in VARIANTS {
            let part = walks(walk, variant);
            let tracks: Vec<&Track> = part.tracks.iter().collect();
            let score = |answers: Vec<Answer>| line(&score_answers(&part.truth, &answers, None));
            let solver = score(each(&tracks, |track| baseline::play_simplex(&ground, track, INSTANT)));
            let ours = score(each(&tracks, |track| stage.play(track)));
            let name = format!("{:8.8} {}", walk.name(), variant.name);
            writeln!(std::io::stdout(), "{name:28} NM  {solver}\n{name:28} we  {ours}")?;
        }
    }
    Ok(())
}

fn line(m: &Metrics) -> String {
    let two = |value: Option<f64>| value.map_or_else(|| "    -".into(), |value| format!("{value:5.2}"));
    let three = |value: Option<f64>| value.map_or_else(|| "    -".into(), |value| format!("{value:5.3}"));
    let places = [two(m.median), two(m.p75), two(m.p95), three(m.zone), three(m.zone_macro), three(m.floor)];
    let times = [m.detect_median, m.detect_p95, m.missed, m.false_switches, m.flaps, m.switches].map(two);
    [places.join(" "), times.join(" ")].join(" ")
}

fn tested<'c>(case: &'c Case, fold: &Fold) -> Vec<&'c Track> {
    case.test.tracks.iter().filter(|track| fold.test.contains(&track.name)).collect()
}

/// Plays tracks on all cores.
fn each(tracks: &[&Track], play: impl Fn(&Track) -> Vec<Answer> + Sync) -> Vec<Answer> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut answers = Vec::new();
        while let Some(track) = tracks.get(next.fetch_add(1, Ordering::Relaxed)) {
            answers.extend(play(track));
        }
        answers
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
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

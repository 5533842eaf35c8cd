//! `attimo-server evaluate report`: all recordings in all configurations beside what others do, as one page.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use evaluate::baseline::{self, Ground, Library, Method};
use evaluate::case::{Case, RECORDINGS, cases, score_answers};
use evaluate::folds::Fold;
use evaluate::part::Track;
use evaluate::play::{Answer, Config, Knowledge, Stage};
use evaluate::reliability::Reliability;
use evaluate::report::{Other, Ours, Report, WalkResult, placed};
use evaluate::scenario::{self, SEEDS, VARIANTS, Walk};
use runtime::clock::{Clock as _, SystemClock};

use super::{ReportOptions, files, stage};

/// Measures everything and writes the page.
///
/// # Errors
/// What is wrong with the files, and how to mend it.
pub fn run(options: &ReportOptions) -> anyhow::Result<String> {
    let clock = SystemClock::new();
    let begun = clock.now();
    let mut report = Report::default();
    for recording in RECORDINGS {
        for case in read(&options.data, recording)? {
            measure(&case, &mut report)?;
        }
    }
    report.walks = walks()?;
    let results = report.markdown();
    let seconds = clock.now().since(begun).as_seconds().round();
    if let Some(out) = &options.out {
        write(out, &results)?;
        return Ok(format!("{results}\nwritten to {} after {seconds} s\n", out.display()));
    }
    Ok(format!("{results}\nmeasured in {seconds} s\n"))
}

fn read(data: &Path, recording: &str) -> anyhow::Result<Vec<Case>> {
    let folder = data.join(recording);
    let dev = files::dev(&folder.join("dev"))?;
    cases(recording, &files::set(&folder)?, &dev).with_context(|| format!("in {}", folder.display()))
}

fn write(out: &PathBuf, results: &str) -> anyhow::Result<()> {
    let page = if out.exists() { files::needed(out)? } else { String::new() };
    std::fs::write(out, placed(&page, results)).with_context(|| format!("write {}", out.display()))
}

/// Ours in every configuration that the case allows, then the baselines.
fn measure(case: &Case, report: &mut Report) -> anyhow::Result<()> {
    for config in case.configs() {
        let mut answers = Vec::new();
        let bar = stage::bar(case.test.tracks.len(), &format!("{}, {}", case.name, config.name()));
        for (fold, knowledge) in case.lessons(config)? {
            let shop = Stage::new(&case.set, &knowledge);
            answers.extend(stage::each(&tested(case, fold), &bar, |track| shop.play(track))?);
        }
        bar.finish_and_clear();
        report.ours.push(Ours {
            case: case.name,
            config,
            metrics: case.score(&answers),
            reliability: Reliability::of(&case.test.truth, &answers),
            devices: case.by_device(&answers),
        });
    }
    for config in [Config::Plan, Config::Survey] {
        for method in Method::ALL {
            others(case, config, method, report)?;
        }
    }
    Ok(())
}

fn tested<'c>(case: &'c Case, fold: &Fold) -> Vec<&'c Track> {
    case.test.tracks.iter().filter(|track| fold.test.contains(&track.name)).collect()
}

fn others(case: &Case, config: Config, method: Method, report: &mut Report) -> anyhow::Result<()> {
    let mut answers: Vec<Answer> = Vec::new();
    let bar = stage::bar(case.test.tracks.len(), &format!("{}, {}, {}", case.name, config.name(), method.name()));
    for fold in &case.folds {
        let ground = match config {
            Config::Plan | Config::SelfTaught => Ground::of(&case.set),
            Config::Survey => {
                let survey = case.survey(fold)?;
                let library = Library::new(case, fold, &survey);
                Ground::surveyed(&case.set, &survey, library)
            }
        };
        // What a survey adds nothing to is told once, without it.
        if !ground.can(method) || (config == Config::Survey && !method.learns() && Ground::of(&case.set).can(method)) {
            return Ok(());
        }
        answers.extend(stage::each(&tested(case, fold), &bar, |track| baseline::play(method, &ground, track))?);
    }
    bar.finish_and_clear();
    let metrics = case.score(&answers);
    report.others.push(Other { case: case.name, config, method: method.name(), metrics });
    Ok(())
}

fn walks() -> anyhow::Result<Vec<WalkResult>> {
    let set = scenario::set()?;
    let shop = Stage::new(&set, &Knowledge::Plan);
    let ground = Ground::of(&set).with_radio(scenario::RADIO.0, scenario::RADIO.1);
    let mut results = Vec::new();
    let tracks = Walk::ALL.len() * VARIANTS.len() * 2 * usize::try_from(SEEDS)?;
    let bar = stage::bar(tracks, "simulated scenario");
    for walk in Walk::ALL {
        for variant in VARIANTS {
            let part = scenario::walks(walk, variant);
            let tracks: Vec<&Track> = part.tracks.iter().collect();
            let score = |answers: &[Answer]| score_answers(&part.truth, answers, None);
            let solver = stage::each(&tracks, &bar, |track| baseline::play_simplex(&ground, track, scenario::INSTANT))?;
            let ours = stage::each(&tracks, &bar, |track| shop.play(track))?;
            let (solver, ours) = (score(&solver), score(&ours));
            results.push(WalkResult { walk: walk.name(), variant: variant.name, solver, ours });
        }
    }
    bar.finish_and_clear();
    Ok(results)
}

//! `attimo-server evaluate positions`: answers the questions of any recording of the known form.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use evaluate::case::score_answers;
use evaluate::part::{Part, Track, read_truth};
use evaluate::play::{Answer, Knowledge, Stage, learn};
use evaluate::score::{Metrics, walk_path};
use evaluate::set::Set;
use evaluate::survey::{Labelled, survey};

use super::{Positions, files, stage};

/// Answers, writes and, where the truth is told, scores.
///
/// # Errors
/// What is wrong with the files or options, and how to mend it.
pub fn run(options: &Positions) -> anyhow::Result<String> {
    let set = Set::parse(&files::set(&options.plan)?).with_context(|| in_folder(&options.plan))?;
    let rssi = files::needed(&options.part.join("rssi.csv"))?;
    let queries = files::needed(&options.part.join("queries.csv"))?;
    let part = Part::parse(&rssi, &queries, None).with_context(|| in_folder(&options.part))?;
    let truth = options.truth.as_deref().map(files::needed).transpose()?;
    let truth = truth.as_deref().map(read_truth).transpose().with_context(|| file(options.truth.as_deref()))?;
    let path = options.walk_path.as_deref().map(files::needed).transpose()?;
    let path = path.as_deref().map(walk_path).transpose().with_context(|| file(options.walk_path.as_deref()))?;
    let knowledge = knowledge(options, &set)?;

    let shop = Stage::new(&set, &knowledge);
    let tracks: Vec<&Track> = part.tracks.iter().collect();
    let bar = stage::bar(tracks.len(), "playing");
    let answers = stage::each(&tracks, &bar, |track| shop.play(track))?;
    bar.finish_and_clear();

    std::fs::write(&options.out, table(&answers, set.has_floors))
        .with_context(|| format!("write {}", options.out.display()))?;
    let mut said: String = set.notes.iter().map(|note| format!("note: {note}\n")).collect();
    if part.implausible > 0 {
        let _ = writeln!(said, "note: {} rows with a strength that no radio gives are left out", part.implausible);
    }
    let _ = writeln!(said, "{} answers to {} tracks written to {}", answers.len(), tracks.len(), options.out.display());
    if let Some(truth) = truth {
        said += &figures(&score_answers(&truth, &answers, path.as_deref()));
    }
    Ok(said)
}

/// What the shop is told beforehand. `self` reads no label, not even by chance.
fn knowledge(options: &Positions, set: &Set) -> anyhow::Result<Knowledge> {
    let config = options.config.to_string_lossy();
    let folder = |what: &str| match &options.learn {
        Some(folder) => Ok(folder),
        None => bail!("--config {config} learns from {what}; name their folder with --learn DEV_DIR"),
    };
    match config.as_ref() {
        "plan" => Ok(Knowledge::Plan),
        "self" => {
            let folder = folder("unlabelled frames")?;
            let rssi = files::needed(&folder.join("rssi.csv"))?;
            let raw = files::optional(&folder.join("survey_raw120s.csv"))?;
            Ok(learn(set, &Part::unlabelled(&rssi, raw.as_deref()).with_context(|| in_folder(folder))?))
        }
        "survey" => {
            let folder = folder("labelled frames")?;
            let dev = files::dev(folder)?;
            let read = || {
                let tracks = Part::parse(&dev.rssi, &dev.queries, Some(&dev.truth))?;
                survey(set, &Labelled::new(set, dev.histogram.as_deref(), tracks)?, |_, _| true)
            };
            Ok(Knowledge::Survey(Arc::new(read().with_context(|| in_folder(folder))?)))
        }
        other => bail!("--config {other} is none of plan, self and survey"),
    }
}

fn in_folder(folder: &Path) -> String {
    format!("in {}", folder.display())
}

fn file(path: Option<&Path>) -> String {
    format!("in {}", path.unwrap_or(Path::new("")).display())
}

/// The answers as a table.
fn table(answers: &[Answer], has_floors: bool) -> String {
    let mut table = String::from(if has_floors { "sample_id,x,y,zone,floor\n" } else { "sample_id,x,y,zone\n" });
    for Answer { sample, point, zone, floor, .. } in answers {
        let _ = write!(table, "{},{:.3},{:.3},{}", cell(sample), point.x, point.y, cell(zone));
        if has_floors {
            let _ = write!(table, ",{}", cell(floor));
        }
        table.push('\n');
    }
    table
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// The scores, one a line.
fn figures(metrics: &Metrics) -> String {
    let rows = [
        ("share answered", Some(metrics.coverage)),
        ("error median (m)", metrics.median),
        ("error p75 (m)", metrics.p75),
        ("error p90 (m)", metrics.p90),
        ("error p95 (m)", metrics.p95),
        ("error mean (m)", metrics.mean),
        ("right floor (share)", metrics.floor),
        ("right zone (share)", metrics.zone),
        ("right zone, mean of zones", metrics.zone_macro),
        ("time to notice, median (s)", metrics.detect_median),
        ("time to notice, p95 (s)", metrics.detect_p95),
        ("changes missed (share)", metrics.missed),
        ("true switches / min", metrics.truth_switches),
        ("switches / min", metrics.switches),
        ("false switches / min", metrics.false_switches),
        ("flaps / min", metrics.flaps),
    ];
    let mut said = format!("{:<28} {}\n", "questions", metrics.n);
    for (name, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(said, "{name:<28} {value:.3}");
        }
    }
    said
}

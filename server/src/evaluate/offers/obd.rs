//! The folder of an Open Bandit campaign: which files it has, and what is evaluated on which.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use flate2::read::MultiGzDecoder;
use measure::ope::obd::{self, Table};
use measure::ope::prior::Prior;
use measure::ope::{Dist, Log, Options, evaluate};

use super::{Findings, Logged, Run};

/// Most bytes of one file, unpacked.
const BYTES_MAX: u64 = 2 << 30;
/// Most rows of one table.
const ROWS_MAX: usize = 2_000_000;

/// Evaluates each policy on the log of the other.
pub(super) fn run(folder: &Path, campaign: &str, from: Option<Logged>) -> anyhow::Result<Findings> {
    let plain = !campaign.is_empty() && campaign.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    ensure!(plain, "--campaign {campaign:?} is no name of a folder; use letters, digits, _ and -");
    let logs = [Logged::Random, Logged::Bts].map(|policy| (policy, files(folder, campaign, policy)));
    let mut runs = Vec::new();
    for (logged, found) in &logs {
        let Some(found) = found.as_ref().filter(|_| from.is_none_or(|from| from == *logged)) else { continue };
        let log = read_log(found)?;
        let to = logged.other();
        let policy = policy(folder, campaign, to, &log)?;
        let report = evaluate(&log, &policy, &Options::default()).context("the policy does not fit the log")?;
        let truth = logs.iter().find(|(policy, _)| *policy == to).and_then(|(_, found)| found.as_ref());
        let truth = truth.map(read_log).transpose()?.map(|log| log.earned());
        runs.push(Run { from: logged.name().to_owned(), to: to.name().to_owned(), skipped: None, truth, report });
    }
    if runs.is_empty() {
        let wanted = from.map_or("random or bts", Logged::name);
        bail!(
            "{} holds no log raw/{wanted}/{campaign}/{campaign}.csv.gz; check --obd and --campaign",
            folder.display()
        );
    }
    Ok(Findings { campaign: campaign.to_owned(), runs })
}

/// The files of one policy's log.
struct Files {
    rounds: PathBuf,
    items: PathBuf,
}

/// Where they are, with or without `raw` above and `.gz` behind.
fn files(folder: &Path, campaign: &str, policy: Logged) -> Option<Files> {
    let homes = [folder.join("raw"), folder.to_owned()].map(|home| home.join(policy.name()).join(campaign));
    let rounds = homes.iter().find_map(|home| table_in(home, campaign))?;
    let items = rounds.with_file_name("item_context.csv");
    Some(Files { rounds, items })
}

fn table_in(home: &Path, name: &str) -> Option<PathBuf> {
    [".csv.gz", ".csv"].map(|end| home.join(format!("{name}{end}"))).into_iter().find(|path| path.is_file())
}

fn read_log(files: &Files) -> anyhow::Result<Log> {
    // Affinities are dozens of columns that no estimate uses.
    let rounds = read_table(&files.rounds, |column| !column.contains("affinity"))?;
    let items = read_table(&files.items, |_| true)?;
    obd::log(&rounds, &items).with_context(|| format!("read {}", files.rounds.display()))
}

/// The chances of the policy that is asked about: as written down, else worked out from its prior.
fn policy(folder: &Path, campaign: &str, policy: Logged, log: &Log) -> anyhow::Result<Dist> {
    match policy {
        Logged::Random => Ok(obd::uniform(log)),
        Logged::Bts => match table_in(folder, &format!("action_dist_bts_{campaign}")) {
            Some(path) => {
                let table = read_table(&path, |_| true)?;
                obd::policy(&table, log).with_context(|| format!("read {}", path.display()))
            }
            None => from_prior(&folder.join("prior_bts.yaml"), campaign, log),
        },
    }
}

fn from_prior(path: &Path, campaign: &str, log: &Log) -> anyhow::Result<Dist> {
    let wanted = || format!("read {}, for want of action_dist_bts_{campaign}.csv beside it", path.display());
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text)).with_context(wanted)?;
    obd::prior_policy(&Prior::parse(&text, campaign).with_context(wanted)?, log).with_context(wanted)
}

fn read_table(path: &Path, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Table> {
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let packed = path.extension().is_some_and(|end| end == "gz");
    let text: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    table(text.take(BYTES_MAX), wanted).with_context(|| format!("read {}", path.display()))
}

fn table(text: impl Read, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Table> {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().context("the first line should name the columns")?.clone();
    let name = |name: &str| if wanted(name) { name.trim_start_matches('\u{feff}').to_owned() } else { String::new() };
    let mut table = Table::new(header.iter().map(name).collect());
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row)? {
        ensure!(table.rows() < ROWS_MAX, "there are more than {ROWS_MAX} rows; split the log");
        table.push(&row);
    }
    Ok(table)
}

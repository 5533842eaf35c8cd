//! `attimo-server evaluate`: how right positions are on recordings, and how good other ways to choose
//! offers would have been. The files, threads and bars around the pure crates `evaluate` and `measure`.

pub mod files;
pub mod offers;
pub mod positions;
pub mod report;
mod stage;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};

/// What is evaluated.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answers every question of a recording from what was heard before it.
    ///
    /// Each row goes the product's own way: as the message that ESPresense would send, through the wire's reader and an
    /// edge box's window into the Shop machine, on the time of the recording.
    Positions(Positions),
    /// Measures four recordings in all configurations, split so that nothing is scored that was learned from, beside what
    /// others do, and a simulated scenario. Takes some minutes.
    Report(ReportOptions),
    /// Says what another way to choose offers would have earned, from a log of one that explored.
    Offers(offers::Options),
}

/// What `report` is told.
#[derive(Debug, Args)]
pub struct ReportOptions {
    /// The folder with the recordings: tetam, flat, mall and uji_library, each with its dev folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// A page to write the tables into, between its marks; else they are only printed.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What `positions` is told.
#[derive(Debug, Args)]
pub struct Positions {
    /// The folder with zones.csv or zones.geojson, and as far as known receivers.csv, layout_walls.csv and obstacles.csv.
    #[arg(long, value_name = "SET_DIR")]
    pub plan: PathBuf,
    /// The folder with rssi.csv and queries.csv.
    #[arg(long, value_name = "PART_DIR")]
    pub part: PathBuf,
    /// What the shop knows beforehand: plan only the plan, self what it learns from unlabelled frames, survey labelled ones.
    #[arg(long, id = "config", value_name = "CONFIG", value_parser = configurations())]
    pub config: PathBuf,
    /// The folder to learn from: of it self reads rssi.csv, survey also truth.csv and survey_hist.csv.
    #[arg(long, value_name = "DEV_DIR")]
    pub learn: Option<PathBuf>,
    /// Where to write the answers: sample_id, x, y, zone and, if the plan names floors, floor.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where everybody truly was: prints the scores.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// The known path of a walk: scores distances from it, in place of places and zones.
    #[arg(long, value_name = "FILE", requires = "truth")]
    pub walk_path: Option<PathBuf>,
}

/// The server has a `--config FILE` for every command; here the same option chooses one of three words, so it is read as
/// the same type.
fn configurations() -> impl clap::builder::TypedValueParser<Value = PathBuf> {
    PossibleValuesParser::new(["plan", "self", "survey"]).map(PathBuf::from)
}

/// Does what is asked; answers what is printed.
///
/// # Errors
/// What is wrong with the files or options, and how to mend it.
pub fn run(command: &Command) -> anyhow::Result<String> {
    match command {
        Command::Positions(options) => positions::run(options),
        Command::Report(options) => report::run(options),
        Command::Offers(options) => offers::run(options),
    }
}

#[cfg(test)]
mod tests;

//! `survey`: takes over what somebody wrote down on a walk through a shop, so that its positions rest on it.

mod read;

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use evaluate::table;
use locate::calibrate::{Calibration, Source};
use model::ids::StoreId;
use model::time::Timestamp;

use crate::doctor;
use crate::store::{self, Store};

pub use read::{FloorSummary, Summary, read};

/// Largest file that is read, in bytes.
const FILE_LEN_MAX: u64 = 64 * 1024 * 1024;

/// What `survey` is told.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// A table with a line for each receiver at each spot: floor,x,y,seconds,receiver,rssi,frames and, if several devices
    /// walked, device. x and y in metres of the plan; rssi the mean, in dBm, of that many frames in that many seconds.
    #[arg(value_name = "FILE.csv", required_unless_present = "forget", conflicts_with = "forget")]
    pub file: Option<PathBuf>,
    /// Which shop of the database; the only one when it is not given.
    #[arg(long, value_name = "ID")]
    pub store: Option<StoreId>,
    /// Forgets the survey: from the next start on, the shop goes by what it learns by itself.
    #[arg(long)]
    pub forget: bool,
}

/// Why a survey can't be taken over.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("{}: can't be read: {problem}; name a table of at most 64 MiB, in UTF-8", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// The file is wrong.
    #[error(transparent)]
    Invalid(#[from] table::Error),
    /// There is no such shop.
    #[error(transparent)]
    Shop(#[from] doctor::Error),
    /// The store failed.
    #[error("keep the survey")]
    Store(#[from] store::Error),
}

/// Does what is asked; answers what is printed.
///
/// # Errors
/// When the file can't be read or is wrong, there is no such shop, or the database fails; then nothing is changed.
pub async fn run(options: &Options, store: &Store, now: Timestamp) -> Result<String, Error> {
    let shop = doctor::applied(store, options.store.as_ref()).await?;
    let id = &shop.store.id;
    let Some(path) = &options.file else {
        return Ok(if store.delete_calibration(id, Source::Survey).await? {
            format!("the survey of {id} is forgotten; a running server goes by it until its next start\n")
        } else {
            format!("there is no survey of {id}: nothing to forget\n")
        });
    };
    let text = file(path)?;
    let (survey, summary) = read(&path.display().to_string(), &text, &shop)?;
    store.put_calibration(id, &Calibration::of_survey(&survey), now).await?;
    Ok(format!("survey of {id}: {summary}kept in place of an earlier one; a running server notices by itself\n"))
}

fn file(path: &Path) -> Result<String, Error> {
    let wrong = |problem: String| Error::Read { path: path.to_owned(), problem };
    let len = std::fs::metadata(path).map_err(|cause| wrong(cause.to_string()))?.len();
    if len > FILE_LEN_MAX {
        return Err(wrong(format!("it has {len} bytes")));
    }
    std::fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.seconds / 60.0;
        writeln!(f, "{} spots, {} devices, {minutes:.1} minutes", self.spots, self.devices)?;
        writeln!(f, "  receivers that heard something: {}", self.receivers)?;
        let list = |ids: &[model::ids::ReceiverId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if !self.silent.is_empty() {
            writeln!(f, "  on the plan, but never heard anything: {}", list(&self.silent))?;
        }
        if !self.unplanned.is_empty() {
            let ids = list(&self.unplanned);
            writeln!(f, "  not on the plan: {ids}; the survey tells where, and they are listened to all the same")?;
        }
        for floor in &self.floors {
            let FloorSummary { id, spots, covered, area } = floor;
            writeln!(f, "  floor {id}: {spots} spots, about {covered:.0} of {area:.0} m2 covered")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! The files of recordings, from disk.

use std::path::Path;

use anyhow::{Context as _, bail};
use evaluate::case::DevFiles;
use evaluate::set::SetFiles;

/// Largest file read, in bytes.
const BYTES_MAX: u64 = 1 << 30;

/// The files of a place.
///
/// # Errors
/// When the folder is not there, or one of its files can't be read.
pub fn set(dir: &Path) -> anyhow::Result<SetFiles> {
    if !dir.is_dir() {
        bail!("{} is not a folder; name the one with zones.csv or zones.geojson", dir.display());
    }
    Ok(SetFiles {
        receivers: optional(&dir.join("receivers.csv"))?,
        zones_csv: optional(&dir.join("zones.csv"))?,
        zones_geojson: optional(&dir.join("zones.geojson"))?,
        walls_csv: optional(&dir.join("layout_walls.csv"))?,
        obstacles_csv: optional(&dir.join("obstacles.csv"))?,
    })
}

/// The files of a labelled folder.
///
/// # Errors
/// When one that must be there is not, or one can't be read.
pub fn dev(dir: &Path) -> anyhow::Result<DevFiles> {
    Ok(DevFiles {
        rssi: needed(&dir.join("rssi.csv"))?,
        queries: optional(&dir.join("queries.csv"))?.unwrap_or_else(|| "sample_id,track,t\n".into()),
        truth: optional(&dir.join("truth.csv"))?.unwrap_or_else(|| "sample_id,track,t,x,y\n".into()),
        histogram: optional(&dir.join("survey_hist.csv"))?,
        raw: optional(&dir.join("survey_raw120s.csv"))?,
    })
}

/// The text of a file that must be there.
///
/// # Errors
/// When it is not, or can't be read.
pub fn needed(path: &Path) -> anyhow::Result<String> {
    match optional(path)? {
        Some(text) => Ok(text),
        None => bail!("{} is missing; check the folder that was named", path.display()),
    }
}

/// The text of a file, if it is there.
///
/// # Errors
/// When it can't be read.
pub fn optional(path: &Path) -> anyhow::Result<Option<String>> {
    if !path.exists() {
        return Ok(None);
    }
    let length = path.metadata().with_context(|| format!("look at {}", path.display()))?.len();
    if length > BYTES_MAX {
        bail!("{} has {length} bytes, at most {BYTES_MAX} are read; split it into several parts", path.display());
    }
    std::fs::read_to_string(path).map(Some).with_context(|| format!("read {}", path.display()))
}

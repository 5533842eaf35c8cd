//! `apply`: takes a shop's files over. Checks all of them, tells what changes, and does nothing the second time.

mod diff;

use std::path::{Path, PathBuf};

use model::shop::{FLOOR_FILE, SHOP_FILE, Shop, ShopError};
use model::time::Timestamp;

use crate::store::{self, Store};

pub use diff::{Change, diff};

/// Largest file that is read, in bytes.
const FILE_LEN_MAX: u64 = 4 * 1024 * 1024;

/// Why files can't be applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("{}: can't be read: {problem}; name the folder that holds {SHOP_FILE} and {FLOOR_FILE}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// The files are wrong; all that is wrong is listed.
    #[error("{}", lines(.0))]
    Invalid(Vec<ShopError>),
    /// The store failed.
    #[error("keep the shop")]
    Store(#[from] store::Error),
}

fn lines(errors: &[ShopError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What applying did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The store's id.
    pub store: String,
    /// What is different now; empty when nothing is.
    pub changes: Vec<Change>,
    /// Whether the shop was not known before.
    pub is_new: bool,
    /// Whether only spelling, order of lines or comments differ.
    pub is_text_only: bool,
}

/// Applies the files of a folder; with `dry_run` only tells what would change.
///
/// # Errors
/// When a file can't be read or is wrong, or the store fails; then nothing is changed.
pub async fn apply(folder: &Path, store: &Store, dry_run: bool, now: Timestamp) -> Result<Report, Error> {
    let (toml, geojson) = (read(&folder.join(SHOP_FILE))?, read(&folder.join(FLOOR_FILE))?);
    let shop = Shop::parse(&toml, &geojson).map_err(Error::Invalid)?;
    let unfit = decide::check::check(&shop);
    if !unfit.is_empty() {
        return Err(Error::Invalid(unfit));
    }
    let known = store.shops().await?;
    let others: Vec<Shop> = known
        .iter()
        .filter(|row| row.store != shop.store.id)
        .filter_map(|row| Shop::parse(&row.shop_toml, &row.floor_geojson).ok())
        .collect();
    let taken = taken_elsewhere(&shop, &others);
    if !taken.is_empty() {
        return Err(Error::Invalid(taken));
    }
    let old = known.iter().find(|row| row.store == shop.store.id);
    let old_shop = old.and_then(|row| Shop::parse(&row.shop_toml, &row.floor_geojson).ok());
    let changes = diff(old_shop.as_ref(), &shop);
    let is_same_text = old.is_some_and(|row| row.shop_toml == toml && row.floor_geojson == geojson);
    if !dry_run && !is_same_text {
        store.put_shop(&shop.store.id, &toml, &geojson, now).await?;
    }
    Ok(Report {
        store: shop.store.id.to_string(),
        is_new: old.is_none(),
        is_text_only: changes.is_empty() && !is_same_text,
        changes,
    })
}

/// Reads and checks the files of a folder, and does nothing with them.
///
/// # Errors
/// When a file can't be read or is wrong.
pub fn load(folder: &Path) -> Result<Shop, Error> {
    let (toml, geojson) = (read(&folder.join(SHOP_FILE))?, read(&folder.join(FLOOR_FILE))?);
    Shop::parse(&toml, &geojson).map_err(Error::Invalid)
}

fn read(path: &Path) -> Result<String, Error> {
    let wrong = |problem: String| Error::Read { path: path.to_owned(), problem };
    let len = std::fs::metadata(path).map_err(|cause| wrong(cause.to_string()))?.len();
    if len > FILE_LEN_MAX {
        return Err(wrong(format!("it has {len} bytes, at most {FILE_LEN_MAX} are read")));
    }
    std::fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))
}

/// Receivers and sensors are known by their names alone, so no two stores may use the same.
fn taken_elsewhere(shop: &Shop, others: &[Shop]) -> Vec<ShopError> {
    let mut errors = Vec::new();
    for other in others {
        let ends = |shop: &Shop| -> Vec<String> {
            let radio = shop.receivers.iter().chain(&shop.beacons).map(|end| end.id.to_string());
            radio.chain(shop.sensors.iter().map(|sensor| sensor.id.to_string())).collect()
        };
        let theirs = ends(other);
        for id in ends(shop).into_iter().filter(|id| theirs.contains(id)) {
            errors.push(ShopError {
                file: SHOP_FILE.to_owned(),
                key: format!("receiver, beacon or sensor {id:?}"),
                problem: format!("the store {:?} uses the same id", other.store.id.as_str()),
                fix: "give every receiver, beacon and sensor of the chain an id of its own".to_owned(),
            });
        }
    }
    errors
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.changes.is_empty() {
            let what = if self.is_text_only { "only its text changed" } else { "nothing to change" };
            return writeln!(f, "{}: {what}", self.store);
        }
        writeln!(f, "{}{}", self.store, if self.is_new { " (new)" } else { "" })?;
        for change in &self.changes {
            writeln!(f, "  {change}")?;
        }
        let n = self.changes.len();
        writeln!(f, "{n} {}", if n == 1 { "change" } else { "changes" })
    }
}

#[cfg(test)]
mod tests;

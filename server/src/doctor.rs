//! `doctor`: says how exact a shop is, zone by zone, from its plan alone or from its own traffic, and what would help.

mod map;
mod paint;
pub mod place;
pub mod plan;
mod words;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::ids::StoreId;
use model::shop::{Shop, ShopError};
use model::time::{Millis, Timestamp};
use serde::Serialize;

use crate::apply;
use crate::store::{self, ShopRow, Store};

pub use paint::Paint;

use place::Diagnosis;
use plan::Promise;

/// The longest time that can be looked back.
const SINCE_MAX: Millis = Millis::hours(24 * 366);

/// What the doctor can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Says what to expect of a shop, from its plan alone: before anything is installed, without traffic and database.
    Plan(Plan),
    /// Says how a shop turned out, from its own traffic.
    Place(Place),
}

/// `doctor plan`.
#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// The folder with shop.toml and floor.geojson; without it, a shop of the database is taken.
    pub folder: Option<PathBuf>,
    /// Which shop of the database; the only one when it is not given.
    #[arg(long, value_name = "ID", conflicts_with = "folder")]
    pub store: Option<StoreId>,
    /// For machines.
    #[arg(long)]
    pub json: bool,
}

/// `doctor place`.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Which shop of the database; the only one when it is not given.
    #[arg(long, value_name = "ID")]
    pub store: Option<StoreId>,
    /// How far to look back, such as 12h or 7d; whole days (UTC) are taken.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub since: Since,
    /// For machines.
    #[arg(long)]
    pub json: bool,
}

/// How far to look back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    text: String,
    span: Millis,
}

impl std::str::FromStr for Since {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time; write 12h or 7d, at most 366d");
        let hours = match text.char_indices().last() {
            Some((end, 'h')) => text[..end].parse::<i64>().ok(),
            Some((end, 'd')) => text[..end].parse::<i64>().ok().and_then(|days| days.checked_mul(24)),
            Some(_) | None => None,
        };
        let hours = hours.filter(|hours| (1..=SINCE_MAX.0 / Millis::hours(1).0).contains(hours)).ok_or_else(wrong)?;
        Ok(Self { text: text.to_owned(), span: Millis::hours(hours) })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder's files can't be read or are wrong.
    #[error(transparent)]
    Files(#[from] apply::Error),
    /// There is no such shop, or not only one.
    #[error("{problem}; known: {known}")]
    WhichShop {
        /// What is wrong.
        problem: String,
        /// The ids that there are.
        known: String,
    },
    /// The files that were applied are wrong for this version.
    #[error("the applied shop {store} can't be read ({first}); apply its files again")]
    Applied {
        /// Which shop.
        store: StoreId,
        /// The first thing that is wrong.
        first: String,
    },
    /// The store failed.
    #[error("read the shop")]
    Store(#[from] store::Error),
}

/// Says what a folder's plan promises.
///
/// # Errors
/// When the files can't be read or are wrong.
pub fn folder(folder: &std::path::Path, json: bool, paint: Paint) -> Result<String, Error> {
    Ok(promise(&apply::load(folder)?, json, paint))
}

/// Answers from the database.
///
/// # Errors
/// When there is no such shop, or the database fails.
pub async fn answer(command: &Command, store: &Store, now: Timestamp, paint: Paint) -> Result<String, Error> {
    match command {
        Command::Plan(Plan { folder: Some(folder), json, .. }) => self::folder(folder, *json, paint),
        Command::Plan(Plan { folder: None, store: id, json }) => {
            Ok(promise(&applied(store, id.as_ref()).await?, *json, paint))
        }
        Command::Place(Place { store: id, since, json }) => {
            let shop = applied(store, id.as_ref()).await?;
            let days = store.qualities(&shop.store.id, now - since.span).await?;
            let times = store.calibration_times().await?.into_iter();
            let learnt: Vec<_> =
                times.filter(|(of, ..)| *of == shop.store.id).map(|(_, source, at)| (source, at)).collect();
            let diagnosis = Diagnosis::of(&shop, &days, &learnt);
            Ok(if *json { document(&diagnosis) } else { diagnosis.text(&shop, &since.text, paint) })
        }
    }
}

fn promise(shop: &Shop, json: bool, paint: Paint) -> String {
    let promise = Promise::of(shop);
    if json { document(&promise) } else { promise.text(shop, paint) }
}

fn document(answer: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(answer).expect("our own types have text keys and finite numbers");
    format!("{text}\n")
}

/// The shop of the database that is meant.
pub(crate) async fn applied(store: &Store, id: Option<&StoreId>) -> Result<Shop, Error> {
    let rows = store.shops().await?;
    let known = rows.iter().map(|row| row.store.to_string()).collect::<Vec<_>>().join(", ");
    let which = |problem: String| {
        let known = if known.is_empty() { "none, run `attimo-server apply` first".to_owned() } else { known.clone() };
        Error::WhichShop { problem, known }
    };
    let row: &ShopRow = match (id, rows.as_slice()) {
        (Some(id), rows) => {
            rows.iter().find(|row| row.store == *id).ok_or_else(|| which(format!("there is no shop {id}")))?
        }
        (None, [only]) => only,
        (None, _) => return Err(which("name the shop with --store".to_owned())),
    };
    Shop::parse(&row.shop_toml, &row.floor_geojson).map_err(|errors| {
        let first = errors.first().map(ShopError::to_string).unwrap_or_default();
        Error::Applied { store: row.store.clone(), first }
    })
}

#[cfg(test)]
mod tests;

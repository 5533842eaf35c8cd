//! `attimo-server export decisions`: the log of decisions and what became of them, for tools of data people.
//!
//! One flat row for each decision: as NDJSON and Parquet, which pandas opens, or in the raw form of the Open Bandit data.
//! Customers are told apart by a keyed hash; their ids never leave.

mod columns;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::decision::{Candidate, Choice};
use model::ids::{OfferId, StoreId};
use model::policy::Policy;
use model::shop::Shop;
use model::time::{Millis, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::replay::moment;
use crate::secret::ServerSecret;
use crate::store::{self, DecisionRow, ShopRow, Store};

/// Decisions read at once.
const PAGE: u32 = 2_000;
/// Most decisions of one export: they are held in memory.
const ROWS_MAX: usize = 2_000_000;
/// The word for saying nothing.
const SILENCE: &str = "silence";

/// What to export.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Decisions with what became of them.
    Decisions(Options),
}

/// Which decisions, and how.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How to write them.
    #[arg(long, value_enum)]
    pub format: Format,
    /// From this moment on, such as 2026-03-01T00:00:00Z.
    #[arg(long, value_parser = moment)]
    pub from: Timestamp,
    /// Before this moment.
    #[arg(long, value_parser = moment)]
    pub to: Timestamp,
    /// The folder to write to; made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The campaign's name in the Open Bandit form.
    #[arg(long, default_value = "attimo")]
    pub name: String,
}

/// A form of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line of JSON for each decision.
    Ndjson,
    /// A Parquet table.
    Parquet,
    /// The raw form of the Open Bandit data.
    Obd,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file can't be written.
    #[error("{path} can't be written")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The table can't be written.
    #[error("the table can't be written")]
    Table(#[from] parquet::errors::ParquetError),
    /// The times are the wrong way round.
    #[error("--from must be before --to")]
    Order,
    /// The name would be a path.
    #[error("--name {name:?} is no name; use letters, digits, - and _")]
    Name {
        /// What was given.
        name: String,
    },
    /// There is too much.
    #[error("there are more than {ROWS_MAX} decisions; export a shorter time")]
    TooMany,
}

/// An offer that was considered, with all that choosing again needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Arm {
    offer: String,
    pscore: f64,
    mean: Option<f64>,
    sd: Option<f64>,
    scale: Option<f64>,
    shift: Option<f64>,
}

/// One decision, flat.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    decision_id: String,
    timestamp: i64,
    store: String,
    customer_hash: String,
    zone: String,
    action: String,
    item_id: i64,
    position: i64,
    pscore: f64,
    /// None while its time is not over.
    reward: Option<f64>,
    value: f64,
    holdout: bool,
    control: bool,
    shadow: bool,
    policy: String,
    model_version: i64,
    epoch: i64,
    code: Option<String>,
    delivery: Option<String>,
    outcomes: String,
    reserve: f64,
    candidates: String,
    features: String,
}

/// Exports, and says what.
///
/// # Errors
/// What is wrong, and the fix.
pub async fn run(options: &Options, store: &Store, secret: &ServerSecret, now: Timestamp) -> Result<String, Error> {
    if options.from >= options.to {
        return Err(Error::Order);
    }
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !is_name(&options.name) {
        return Err(Error::Name { name: options.name.clone() });
    }
    let (rows, items) = read(options, store, secret, now).await?;
    std::fs::create_dir_all(&options.out).map_err(|source| Error::File { path: options.out.clone(), source })?;
    let mut written = vec![write_items(&options.out.join("items.csv"), &items)?];
    match options.format {
        Format::Ndjson => {
            let line = |row: &Row| serde_json::to_string(row).expect("a row has text keys and finite numbers") + "\n";
            written.push(write(&options.out.join("decisions.ndjson"), &rows.iter().map(line).collect::<String>())?);
        }
        Format::Parquet => written.push(columns::write(&options.out.join("decisions.parquet"), &rows)?),
        Format::Obd => {
            let folder = options.out.join(&options.name);
            std::fs::create_dir_all(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
            written.push(write(&folder.join(format!("{}.csv", options.name)), &bandit_rows(&rows))?);
            written.push(write(&folder.join("item_context.csv"), &bandit_items(&items))?);
        }
    }
    let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    Ok(format!("{} decisions, {} items: {}\n", rows.len(), items.len(), names.join(", ")))
}

async fn read(
    options: &Options,
    store: &Store,
    secret: &ServerSecret,
    now: Timestamp,
) -> Result<(Vec<Row>, Vec<String>), Error> {
    let mut found: Vec<(DecisionRow, i64)> = Vec::new();
    let mut after = None;
    loop {
        let page = store.decision_log(options.from, options.to, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some((last.decision.moment.at, last.decision.id));
        found.extend(page);
        if found.len() > ROWS_MAX {
            return Err(Error::TooMany);
        }
    }
    let offers = found.iter().filter_map(|(row, _)| chosen(row)).map(|offer| offer.as_str().to_owned());
    let mut items: Vec<String> = offers.collect();
    items.sort();
    items.dedup();
    items.insert(0, SILENCE.to_owned());
    let places: BTreeMap<&str, i64> = items.iter().map(String::as_str).zip(0..).collect();
    let windows = windows(store).await?;
    let usual = window(&Policy::default());
    let rows = found.iter().map(|(row, margin)| {
        let moment = &row.decision.moment;
        let is_over = now.since(moment.at) > windows.get(&moment.store).copied().unwrap_or(usual);
        flat(row, *margin, &places, secret, is_over)
    });
    Ok((rows.collect(), items))
}

/// For how long an answer counts in each store; before that nothing is known of a decision that nobody answered.
async fn windows(store: &Store) -> Result<BTreeMap<StoreId, Millis>, Error> {
    let read = |row: ShopRow| Some((row.store, window(&Shop::parse(&row.shop_toml, &row.floor_geojson).ok()?.policy)));
    Ok(store.shops().await?.into_iter().filter_map(read).collect())
}

fn window(policy: &Policy) -> Millis {
    Millis::seconds(i64::from(policy.outcome_window_s))
}

fn chosen(row: &DecisionRow) -> Option<&OfferId> {
    match &row.decision.choice {
        Choice::Offer { offer } => Some(offer),
        Choice::Silence { .. } => None,
    }
}

fn flat(row: &DecisionRow, margin: i64, places: &BTreeMap<&str, i64>, secret: &ServerSecret, is_over: bool) -> Row {
    let decision = &row.decision;
    let action = chosen(row).map_or(SILENCE, OfferId::as_str);
    let hash = secret.code("export", decision.customer.as_str().as_bytes());
    let yes = row.outcomes.iter().any(|outcome| outcome.kind.is_taken_up());
    let features: Vec<_> = decision.explanation.features.iter().map(|one| (&one.name, one.value)).collect();
    let outcomes: Vec<_> = row.outcomes.iter().map(|one| (store::to_name(&one.kind), one.at.0)).collect();
    let arms: Vec<Arm> = decision.explanation.candidates.iter().map(arm).collect();
    #[expect(clippy::cast_precision_loss, reason = "amounts of money are far below 2^53 cents")]
    let value = margin as f64;
    Row {
        decision_id: decision.id.to_string(),
        timestamp: decision.moment.at.0,
        store: decision.moment.store.as_str().to_owned(),
        customer_hash: hex::encode(&hash[..16]),
        zone: decision.moment.zone.as_str().to_owned(),
        action: action.to_owned(),
        item_id: places.get(action).copied().unwrap_or(0),
        position: 0,
        pscore: decision.propensity.get(),
        reward: if yes { Some(1.0) } else { is_over.then_some(0.0) },
        value,
        holdout: decision.holdout,
        control: decision.control,
        shadow: decision.shadow,
        policy: decision.policy.as_str().to_owned(),
        model_version: i64::try_from(decision.model).unwrap_or(i64::MAX),
        epoch: i64::from(decision.epoch),
        code: match &decision.choice {
            Choice::Silence { code } => Some(code.clone()),
            Choice::Offer { .. } => None,
        },
        delivery: row.delivery.map(|state| store::to_name(&state)),
        outcomes: json!(outcomes).to_string(),
        reserve: 0.0,
        candidates: json!(arms).to_string(),
        features: json!(features).to_string(),
    }
}

/// What choosing again needs: the worth of an offer is `scale` times its chance plus `shift`, over the worth of silence.
fn arm(candidate: &Candidate) -> Arm {
    Arm {
        offer: candidate.offer.as_str().to_owned(),
        pscore: candidate.propensity.get(),
        mean: candidate.belief.map(|belief| belief.mean),
        sd: candidate.belief.map(|belief| belief.sd),
        scale: candidate.money.map(|[scale, _]| scale),
        shift: candidate.money.map(|[_, shift]| shift),
    }
}

fn bandit_rows(rows: &[Row]) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let head =
        ["", "timestamp", "item_id", "position", "click", "propensity_score", "user_feature_0", "user_feature_1"];
    let mut record = |fields: &[String]| out.write_record(fields).expect("a vector takes every record");
    record(&head.map(str::to_owned));
    // What was chosen and kept back was never seen, so nobody could answer it.
    let is_ghost = |row: &Row| row.holdout || row.control || row.shadow;
    let known = rows.iter().filter(|row| row.reward.is_some() && row.pscore > 0.0 && !is_ghost(row));
    for (index, row) in known.enumerate() {
        record(&[
            index.to_string(),
            crate::live::to_rfc3339(Timestamp(row.timestamp)),
            row.item_id.to_string(),
            "1".to_owned(),
            if row.reward == Some(1.0) { "1" } else { "0" }.to_owned(),
            row.pscore.to_string(),
            row.store.clone(),
            row.zone.clone(),
        ]);
    }
    text(out)
}

fn bandit_items(items: &[String]) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut record = |fields: &[String]| out.write_record(fields).expect("a vector takes every record");
    record(&["", "item_id", "item_feature_0", "item_feature_1", "item_feature_2", "item_feature_3"].map(str::to_owned));
    for (index, item) in items.iter().enumerate() {
        let kind = if item == SILENCE { SILENCE } else { "offer" };
        let row = [&index.to_string(), &index.to_string(), "0", item.as_str(), kind, kind].map(str::to_owned);
        record(&row);
    }
    text(out)
}

fn write_items(path: &Path, items: &[String]) -> Result<PathBuf, Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut record = |fields: [&str; 2]| out.write_record(fields).expect("a vector takes every record");
    record(["item_id", "action"]);
    for (index, item) in items.iter().enumerate() {
        record([&index.to_string(), item]);
    }
    write(path, &text(out))
}

fn text(out: csv::Writer<Vec<u8>>) -> String {
    let bytes = out.into_inner().expect("a vector takes every record");
    String::from_utf8(bytes).expect("all that was written is text")
}

fn write(path: &Path, text: &str) -> Result<PathBuf, Error> {
    std::fs::write(path, text).map_err(|source| Error::File { path: path.to_owned(), source })?;
    Ok(path.to_owned())
}

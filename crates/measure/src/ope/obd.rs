//! Campaigns in the form of the Open Bandit Dataset, as the Open Bandit Pipeline 0.4.1 reads them.

use std::collections::{BTreeMap, BTreeSet};

use super::order::argsort;
use super::{Dist, Log, LogError, Round};

/// A table of text, by column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    columns: BTreeMap<String, Vec<String>>,
    order: Vec<String>,
    rows: usize,
}

/// Why a folder can't be read as a campaign.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObdError {
    /// A column is missing.
    #[error("{table} has no column {column:?}; it should be in the form of the Open Bandit Dataset")]
    Column {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: String,
    },
    /// A cell is no number, or one out of range.
    #[error("{table}, row {row}: {column} is {is:?}; write {wanted}")]
    Cell {
        /// Which table.
        table: &'static str,
        /// Which row, from 1, below the header.
        row: usize,
        /// Which column.
        column: String,
        /// What it is.
        is: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The rounds don't make a log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The policy is for another number of actions or positions.
    #[error("the policy has {is} {what}, the log has {wanted}; take both from the same campaign")]
    Policy {
        /// Items or positions.
        what: &'static str,
        /// As many.
        is: usize,
        /// The log's.
        wanted: usize,
    },
}

impl Table {
    /// A table whose columns have these names; columns without a name are left out.
    #[must_use]
    pub fn new(header: Vec<String>) -> Self {
        let columns = header.iter().filter(|name| !name.is_empty()).map(|name| (name.clone(), Vec::new())).collect();
        Self { columns, order: header, rows: 0 }
    }

    /// One more row, in the order of the header; cells that are missing are empty.
    pub fn push<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        let mut cells = cells.into_iter();
        for name in &self.order {
            let cell = cells.next().unwrap_or_default();
            if let Some(column) = self.columns.get_mut(name) {
                column.push(cell.to_owned());
            }
        }
        self.rows += 1;
    }

    /// How many rows it has.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    fn column(&self, table: &'static str, name: &str) -> Result<&[String], ObdError> {
        let missing = || ObdError::Column { table, column: name.to_owned() };
        self.columns.get(name).map(Vec::as_slice).ok_or_else(missing)
    }

    fn numbers(&self, table: &'static str, name: &str) -> Result<Vec<f64>, ObdError> {
        let parse = |(row, cell): (usize, &String)| {
            let number = cell.trim().parse().ok().filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| cell_error(table, row, name, cell, "a number"))
        };
        self.column(table, name)?.iter().enumerate().map(parse).collect()
    }

    fn indices(&self, table: &'static str, name: &str) -> Result<Vec<usize>, ObdError> {
        let parse = |(row, cell): (usize, &String)| {
            let index = cell.trim().parse::<u32>().ok();
            index.map(|i| i as usize).ok_or_else(|| cell_error(table, row, name, cell, "a whole number from 0"))
        };
        self.column(table, name)?.iter().enumerate().map(parse).collect()
    }
}

fn cell_error(table: &'static str, row: usize, column: &str, is: &str, wanted: &'static str) -> ObdError {
    let is = is.chars().take(64).collect();
    ObdError::Cell { table, row: row + 1, column: column.to_owned(), is, wanted }
}

const LOG: &str = "the log";
const ITEMS: &str = "the item context";
const POLICY: &str = "the policy";

/// The log of a campaign, from its rounds and its own policy's item context.
///
/// # Errors
/// Columns that are missing and cells that make no sense.
pub fn log(rounds: &Table, items: &Table) -> Result<Log, ObdError> {
    let order = argsort(rounds.column(LOG, "timestamp")?);
    let actions = rounds.indices(LOG, "item_id")?;
    let places = ranks(&rounds.numbers(LOG, "position")?);
    let rewards = rounds.numbers(LOG, "click")?;
    let pscores = rounds.numbers(LOG, "propensity_score")?;
    let round = |i: usize| Round { action: actions[i], position: places[i], reward: rewards[i], pscore: pscores[i] };
    let context = contexts(rounds)?;
    let sorted = order.iter().map(|i| round(*i)).collect();
    let context = order.iter().map(|i| context[*i].clone()).collect();
    Ok(Log::new(sorted, context, item_features(items)?)?)
}

/// One column for each value of each user feature but the first, in the order of the words.
fn contexts(rounds: &Table) -> Result<Vec<Vec<f64>>, ObdError> {
    let mut rows = vec![Vec::new(); rounds.rows()];
    for name in rounds.order.iter().filter(|name| name.contains("user_feature")) {
        let cells = rounds.column(LOG, name)?;
        let values: BTreeSet<&String> = cells.iter().collect();
        for value in values.into_iter().skip(1) {
            for (row, cell) in rows.iter_mut().zip(cells) {
                row.push(if cell == value { 1.0 } else { 0.0 });
            }
        }
    }
    Ok(rows)
}

/// The item's number, the codes of its word features, then its number feature; by item.
fn item_features(items: &Table) -> Result<Vec<Vec<f64>>, ObdError> {
    let ids = items.numbers(ITEMS, "item_id")?;
    let mut rows: Vec<Vec<f64>> = ids.iter().map(|id| vec![*id]).collect();
    let named = items.order.iter().filter(|name| name.starts_with("item_feature") && *name != "item_feature_0");
    for name in named {
        let cells = items.column(ITEMS, name)?;
        let values: BTreeSet<&String> = cells.iter().collect();
        let codes: BTreeMap<&String, f64> = values.into_iter().zip((0_u32..).map(f64::from)).collect();
        for (row, cell) in rows.iter_mut().zip(cells) {
            row.push(codes[cell]);
        }
    }
    for (row, number) in rows.iter_mut().zip(items.numbers(ITEMS, "item_feature_0")?) {
        row.push(number);
    }
    Ok(rows)
}

/// The places of values among the distinct ones, from 0.
fn ranks(values: &[f64]) -> Vec<usize> {
    let mut distinct = values.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    values.iter().map(|value| distinct.partition_point(|other| other < value)).collect()
}

/// A policy that is written down: `item_id`, then one column for each position.
///
/// # Errors
/// Columns that are missing, cells that are no chances, a size that is not the log's.
pub fn policy(table: &Table, log: &Log) -> Result<Dist, ObdError> {
    let ids = table.indices(POLICY, "item_id")?;
    let names: Vec<&String> = table.order.iter().filter(|name| name.starts_with("pos")).collect();
    if names.len() < log.positions {
        return Err(ObdError::Policy { what: "positions", is: names.len(), wanted: log.positions });
    }
    let mut positions = Vec::new();
    for name in names {
        let mut row = vec![None; log.actions()];
        for (number, (id, p)) in ids.iter().zip(table.numbers(POLICY, name)?).enumerate() {
            let place = row.get_mut(*id).filter(|_| (0.0..=1.0).contains(&p));
            *place.ok_or_else(|| {
                cell_error(POLICY, number, name, &p.to_string(), "a chance of one of the log's items")
            })? = Some(p);
        }
        let known = row.iter().flatten().count();
        let full = row.into_iter().collect::<Option<Vec<f64>>>();
        positions.push(full.ok_or(ObdError::Policy { what: "items", is: known, wanted: log.actions() })?);
    }
    Ok(Dist::Positions(positions))
}

/// The exact chances of a Thompson sampling with a known prior.
///
/// # Errors
/// A prior for another number of items.
pub fn prior_policy(prior: &super::prior::Prior, log: &Log) -> Result<Dist, ObdError> {
    if prior.alpha.len() != log.actions() {
        return Err(ObdError::Policy { what: "items", is: prior.alpha.len(), wanted: log.actions() });
    }
    Ok(Dist::Positions(prior.positions(log.positions)))
}

/// All actions alike.
#[must_use]
pub fn uniform(log: &Log) -> Dist {
    let share = 1.0 / super::irls::count(log.actions());
    Dist::Positions(vec![vec![share; log.actions()]; log.positions])
}

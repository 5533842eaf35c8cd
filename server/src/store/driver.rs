//! The port to a database: neutral values in, neutral rows out, and one transaction as a list of steps.
//!
//! Times and counts are 64-bit integers and documents are text on both databases, so one SQL text serves both;
//! what differs (bulk inserts, locking, migrations) is the driver's own.

use async_trait::async_trait;
use model::time::Timestamp;

use super::{Error, Result};

/// A value to bind. Each carries its type also when it is null, which PostgreSQL needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Real(Option<f64>),
    Blob(Option<Vec<u8>>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}
impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}
impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(Some(i64::from(flag)))
    }
}
impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(Some(at.0))
    }
}
impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Int(at.map(|at| at.0))
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(Some(number))
    }
}
impl From<Option<Vec<u8>>> for Value {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self::Blob(bytes)
    }
}
impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(Some(bytes.to_vec()))
    }
}

/// The type of a column in a bulk insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Int,
    Real,
    Blob,
}

/// A table that is written in bulk.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// What follows the values: the conflict clause, or nothing.
    pub(crate) conflict: &'static str,
}

/// One step of a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// One statement; rows it returns are in [`Done::rows`].
    Execute { sql: &'static str, args: Vec<Value> },
    /// Many rows at once. No two rows may have the same key when the conflict clause updates.
    Insert { table: &'static Table, rows: Vec<Vec<Value>> },
}

/// What a step did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) affected: u64,
    pub(crate) rows: Vec<Row>,
}

/// A database.
#[async_trait]
pub(crate) trait Driver: Send + Sync {
    /// Reads, outside any transaction.
    async fn fetch(&self, sql: &'static str, args: Vec<Value>) -> std::result::Result<Vec<Row>, sqlx::Error>;
    /// Does all steps or none; when it returns, they are on disk.
    async fn transact(&self, steps: Vec<Step>) -> std::result::Result<Vec<Done>, sqlx::Error>;
    /// Makes what was deleted unreadable in the files too, as far as the database can.
    async fn scrub(&self) -> std::result::Result<(), sqlx::Error>;
    /// Closes every connection.
    async fn close(&self);
}

/// One cell as it was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Int(i64),
    Real(f64),
    Blob(Vec<u8>),
}

/// One row as it was read; columns by place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<Cell>);

impl Row {
    fn cell(&self, at: usize) -> &Cell {
        self.0.get(at).unwrap_or(&Cell::Null)
    }

    fn wrong<T>(&self, at: usize, wanted: &str) -> Result<T> {
        Err(Error::Corrupt { what: "column", problem: format!("column {at} is not {wanted}") })
    }

    pub(crate) fn is_null(&self, at: usize) -> bool {
        *self.cell(at) == Cell::Null
    }

    pub(crate) fn text(&self, at: usize) -> Result<&str> {
        match self.cell(at) {
            Cell::Text(text) => Ok(text),
            Cell::Null | Cell::Int(_) | Cell::Real(_) | Cell::Blob(_) => self.wrong(at, "text"),
        }
    }

    pub(crate) fn opt_text(&self, at: usize) -> Result<Option<&str>> {
        if *self.cell(at) == Cell::Null { Ok(None) } else { self.text(at).map(Some) }
    }

    pub(crate) fn int(&self, at: usize) -> Result<i64> {
        match self.cell(at) {
            Cell::Int(number) => Ok(*number),
            Cell::Null | Cell::Text(_) | Cell::Real(_) | Cell::Blob(_) => self.wrong(at, "a whole number"),
        }
    }

    pub(crate) fn real(&self, at: usize) -> Result<f64> {
        match self.cell(at) {
            Cell::Real(number) => Ok(*number),
            Cell::Null | Cell::Text(_) | Cell::Int(_) | Cell::Blob(_) => self.wrong(at, "a number"),
        }
    }

    pub(crate) fn blob(&self, at: usize) -> Result<&[u8]> {
        match self.cell(at) {
            Cell::Blob(bytes) => Ok(bytes),
            Cell::Null | Cell::Text(_) | Cell::Int(_) | Cell::Real(_) => self.wrong(at, "bytes"),
        }
    }

    pub(crate) fn opt_blob(&self, at: usize) -> Result<Option<&[u8]>> {
        if *self.cell(at) == Cell::Null { Ok(None) } else { self.blob(at).map(Some) }
    }

    pub(crate) fn flag(&self, at: usize) -> Result<bool> {
        self.int(at).map(|n| n != 0)
    }

    pub(crate) fn unsigned(&self, at: usize) -> Result<u64> {
        self.int(at).map(|n| u64::try_from(n).unwrap_or(0))
    }

    pub(crate) fn time(&self, at: usize) -> Result<Timestamp> {
        self.int(at).map(Timestamp)
    }

    pub(crate) fn opt_time(&self, at: usize) -> Result<Option<Timestamp>> {
        if *self.cell(at) == Cell::Null { Ok(None) } else { self.time(at).map(Some) }
    }

    /// An id, or anything else that is read from text.
    pub(crate) fn id<T>(&self, at: usize, what: &'static str) -> Result<T>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        self.text(at)?.parse().map_err(|e: T::Err| Error::Corrupt { what, problem: e.to_string() })
    }

    /// A document that was written as JSON text.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, at: usize, what: &'static str) -> Result<T> {
        from_json(self.text(at)?, what)
    }
}

/// Reads a JSON text that this program wrote.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Corrupt { what, problem: e.to_string() })
}

/// Writes a value as JSON text.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have text keys and finite numbers")
}

/// Writes a unit enum as its serde name.
pub(crate) fn to_name<T: serde::Serialize>(value: &T) -> String {
    to_json(value).trim_matches('"').to_owned()
}

/// Reads a unit enum from its serde name.
pub(crate) fn from_name<T: serde::de::DeserializeOwned>(name: &str, what: &'static str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned()))
        .map_err(|e| Error::Corrupt { what, problem: e.to_string() })
}

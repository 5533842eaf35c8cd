//! The store: everything that outlives the process, on SQLite or PostgreSQL, chosen by URL at run time.
//!
//! What is asked is written once, in the files by concern; how a database answers is behind `store::driver`,
//! which SQLite and PostgreSQL implement, each with its own migrations.
//! Reads go to a pool; writes go one at a time, and what the owner task learns goes in one [`Changes`] per commit.

mod access;
mod calibration;
mod clocks;
mod commit;
mod decisions;
mod driver;
mod erase;
mod fleet;
mod heat;
mod identity;
mod inputs;
mod learning;
mod merging;
mod objections;
mod offers;
mod people;
mod postgres;
mod purge;
mod quality;
mod regulations;
mod replay;
mod reservations;
mod rows;
mod settings;
mod shops;
mod sqlite;
mod tables;
mod traffic;
mod watch;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use std::path::Path;
use std::sync::Arc;

pub use commit::{Changes, Committed};
pub(crate) use driver::to_name;
pub(crate) use fleet::KnownGateway;
pub use heat::{Cell, HEAT_PEOPLE_MIN, HEAT_SIDE_M, HeatHour};
pub use identity::Profile;
pub use inputs::Recorded;
pub use merging::LeverRow;
pub(crate) use merging::Merged;
pub(crate) use objections::Objected;
pub use offers::OfferFigures;
pub use people::MergeRow;
pub use purge::Retention;
pub use regulations::Regulation;
pub use replay::{Chunk, Frame, Mark};
pub use reservations::RefusedDecision;
pub(crate) use reservations::{Reservation, as_refused};
pub use rows::{
    AccessKey, Account, BrokerUser, Count, CountKind, Customer, DecisionFact, DecisionRow, Device, ERASED, KeyKind,
    Lease, OfferRow, Outbox, PresenceRow, PushEndpoint, Role, ShopRow,
};
pub use settings::SettingsRow;
pub(crate) use watch::{QUARTER_MS, Tally};

use driver::{Driver, Row, Step, Value};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL names no database that is known.
    #[error("the database URL starts with {scheme:?}; use sqlite:PATH or postgres://USER@HOST/NAME")]
    UnknownScheme {
        /// What it starts with; never the rest, which may hold a password.
        scheme: String,
    },
    /// The database could not be opened.
    #[error("could not open the database")]
    Open(#[source] sqlx::Error),
    /// Its tables could not be brought up to date.
    #[error("could not bring the tables up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A query failed.
    #[error("the database did not {doing}")]
    Query {
        /// What was being done.
        doing: &'static str,
        /// The database's own words.
        #[source]
        source: sqlx::Error,
    },
    /// A stored value is not what this version wrote.
    #[error("the stored {what} can't be read: {problem}")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    /// Whether the same request may work later: the database is away or busy, not wrong.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        match self {
            Self::Query { source, .. } => source.as_database_error().is_some_and(|e| e.is_unique_violation()),
            Self::UnknownScheme { .. } | Self::Open(_) | Self::Migrate(_) | Self::Corrupt { .. } => false,
        }
    }
}

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;

/// The store. Cheap to clone; every clone shares the same pools.
#[derive(Clone)]
pub struct Store {
    driver: Arc<dyn Driver>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database that the URL names, creates it when it is a file, and brings its tables up to date.
    ///
    /// # Errors
    /// When the URL is not understood, the database can't be reached, or a migration fails.
    pub async fn open(url: &str) -> Result<Self> {
        let driver: Arc<dyn Driver> = match url.split(':').next() {
            Some("sqlite") => Arc::new(sqlite::Sqlite::open(url).await?),
            Some("postgres" | "postgresql") => Arc::new(postgres::Postgres::open(url).await?),
            scheme => return Err(Error::UnknownScheme { scheme: scheme.unwrap_or_default().to_owned() }),
        };
        Ok(Self { driver })
    }

    /// The URL of the SQLite file that a data folder holds.
    #[must_use]
    pub fn file_url(data_dir: &Path) -> String {
        format!("sqlite:{}", data_dir.join("attimo.db").display())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        self.fetch("answer a ping", "SELECT CAST(1 AS BIGINT)", vec![]).await.map(|_| ())
    }

    /// Closes the connections; what was committed stays.
    pub async fn close(&self) {
        self.driver.close().await;
    }

    async fn fetch(&self, doing: &'static str, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        self.driver.fetch(sql, args).await.map_err(|source| Error::Query { doing, source })
    }

    async fn fetch_one(&self, doing: &'static str, sql: &'static str, args: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.fetch(doing, sql, args).await?.into_iter().next())
    }

    async fn execute(&self, doing: &'static str, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        let done = self.transact(doing, vec![Step::Execute { sql, args }]).await?;
        Ok(done.first().map_or(0, |d| d.affected))
    }

    async fn transact(&self, doing: &'static str, steps: Vec<Step>) -> Result<Vec<driver::Done>> {
        self.driver.transact(steps).await.map_err(|source| Error::Query { doing, source })
    }
}

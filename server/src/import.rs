//! `attimo-server import`: orders and events of other systems from a table (CSV), handed to the running server like any
//! sender's. What can't be read is named line by line; what was taken before changes nothing.

mod table;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use reqwest::StatusCode;
use serde_json::{Value, json};

pub use table::{Bad, Table};

use crate::config::Config;
use crate::keys;
use crate::store::{KeyKind, Store};

/// What the write key of imports is called: it is made anew each time.
pub const SENDER: &str = "import";
/// Events in one request.
const BATCH: usize = 200;
/// Most lines that are named; the rest is counted.
const BAD_SHOWN: usize = 100;
/// Longest wait that a server may ask for.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// How often one request is sent before it is given up.
const TRIES: u32 = 10;

/// What to import.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Orders, one line a product: receipt, at, store, customer or card, product, quantity, price; `kind` is sale or return.
    Orders(Options),
    /// Events: event, timestamp, user_id or anonymous_id, message_id; every other column is a property of the event.
    Events(Options),
}

/// From where and to where.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The table: UTF-8, the first line names the columns.
    file: PathBuf,
    /// The store of lines that name none.
    #[arg(long)]
    store: Option<String>,
    /// The running server; the configuration's own address when left out.
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("read {file}")]
    File {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no table of that kind.
    #[error("{file} is no such table: {problem}")]
    NoTable {
        /// Which file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The store failed.
    #[error("make a key for the import")]
    Store(#[from] crate::store::Error),
    /// The server did not answer.
    #[error("reach the server at {url}; start it, or name another with --to")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused a request.
    #[error("the server refused line {line}: {problem}")]
    Refused {
        /// The first line of the request.
        line: u64,
        /// What it said.
        problem: String,
    },
}

/// What became of a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Orders or events that were sent.
    pub sent: usize,
    /// Orders that were new and somebody's who allows a profile; events are not told apart.
    pub stored: usize,
    /// Orders that were known already.
    pub duplicate: usize,
    /// Lines that were left out.
    pub bad: Vec<Bad>,
}

/// Imports a table into the running server and says what became of it.
///
/// # Errors
/// [`Error`] names the file, the server or the line.
pub async fn run(
    command: &Command,
    config: &Config,
    store: &Store,
    now: model::time::Timestamp,
) -> Result<String, Error> {
    let (Command::Orders(options) | Command::Events(options)) = command;
    let file = options.file.display().to_string();
    let bytes = std::fs::read(&options.file).map_err(|source| Error::File { file: file.clone(), source })?;
    let table = match command {
        Command::Orders(_) => table::orders(&bytes, options.store.as_deref()),
        Command::Events(_) => table::events(&bytes),
    };
    let table = table.map_err(|problem| Error::NoTable { file, problem })?;
    let key = keys::create_key(store, KeyKind::Write, SENDER, now).await?;
    let url = options.to.clone().unwrap_or_else(|| own_url(config));
    let server = Server { http: client(), url, key };
    let report = match command {
        Command::Orders(_) => server.orders(table).await?,
        Command::Events(_) => server.events(table).await?,
    };
    Ok(report.to_string())
}

fn client() -> reqwest::Client {
    runtime::mqtt::install_crypto();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build();
    client.expect("a client without options of its own can be made")
}

/// Where the server of this configuration listens, as seen from this machine.
fn own_url(config: &Config) -> String {
    let mut address = config.server.listen;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::IpAddr::from([127, 0, 0, 1]));
    }
    format!("http://{address}")
}

/// The server that takes it.
pub(crate) struct Server {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) key: String,
}

impl Server {
    pub(crate) async fn orders(&self, table: Table) -> Result<Report, Error> {
        let mut report = Report { bad: table.bad, ..Report::default() };
        for (line, order) in table.rows {
            match self.send("/v1/pos/transactions", line, &order).await {
                Ok(booked) => {
                    report.sent += 1;
                    report.stored += usize::from(booked["stored"] == true);
                    report.duplicate += usize::from(booked["duplicate"] == true);
                }
                Err(Error::Refused { line, problem }) => report.bad.push(Bad { line, problem }),
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    pub(crate) async fn events(&self, table: Table) -> Result<Report, Error> {
        let mut report = Report { bad: table.bad, ..Report::default() };
        for rows in table.rows.chunks(BATCH) {
            let first = rows.first().map_or(0, |(line, _)| *line);
            let batch: Vec<&Value> = rows.iter().map(|(_, event)| event).collect();
            let answer = self.send("/v1/batch", first, &json!({"batch": batch})).await?;
            let rejected = answer["rejected"].as_array().map_or(&[][..], Vec::as_slice);
            for reject in rejected {
                let index = reject["index"].as_u64().and_then(|n| usize::try_from(n).ok());
                let line = index.and_then(|n| rows.get(n)).map_or(first, |(line, _)| *line);
                report.bad.push(Bad { line, problem: reject["code"].as_str().unwrap_or("refused").to_owned() });
            }
            report.sent += rows.len() - rejected.len().min(rows.len());
        }
        Ok(report)
    }

    /// Sends one request, and again while the server asks to wait.
    async fn send(&self, path: &str, line: u64, body: &Value) -> Result<Value, Error> {
        let unreachable = |source| Error::Unreachable { url: self.url.clone(), source };
        for _ in 0..TRIES {
            let request = self.http.post(format!("{}{path}", self.url)).basic_auth(&self.key, Some("")).json(body);
            let answer = request.send().await.map_err(unreachable)?;
            let status = answer.status();
            if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
                let asked = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                tokio::time::sleep(Duration::from_secs(asked.unwrap_or(1)).min(WAIT_MAX)).await;
                continue;
            }
            let said: Value = answer.json().await.map_err(unreachable)?;
            if status.is_success() {
                return Ok(said);
            }
            let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
            let problem = format!("{}: {}; {}", text("field"), text("detail"), text("fix"));
            return Err(Error::Refused { line, problem });
        }
        Err(Error::Refused { line, problem: "the server asks to wait again and again; try later".into() })
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} sent", self.sent)?;
        if self.stored + self.duplicate > 0 {
            write!(f, ", {} new, {} known already", self.stored, self.duplicate)?;
        }
        writeln!(f, ", {} lines left out", self.bad.len())?;
        for Bad { line, problem } in self.bad.iter().take(BAD_SHOWN) {
            writeln!(f, "  line {line}: {problem}")?;
        }
        if self.bad.len() > BAD_SHOWN {
            writeln!(f, "  and {} more", self.bad.len() - BAD_SHOWN)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

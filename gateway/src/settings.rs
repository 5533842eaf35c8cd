//! Settings from afar: the box runs with its own file and what the server lays over it. Others are tried, looked after for some
//! minutes, and taken back by the box itself when it is not as well with them as before.

pub mod book;
mod kept;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use model::ids::{BootId, ReceiverId};
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use runtime::config::ConfigError;
use runtime::notify::Notifier;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::settings::{self, Desired, Refused, Reported};
use wire::uplink::Health;

use crate::config::Config;
use crate::run::{self, Running};
use book::{Book, Signs};
use kept::Kept;

/// How often it is looked whether the box is well.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A receiver that was heard within so long is one to ask after.
const HEARD_BEFORE: Millis = Millis::seconds(60);
/// A run that was told to end must have let go of its disk within so long.
const LET_GO: Duration = Duration::from_secs(15);

/// The ends of a run that settings need.
#[derive(Debug)]
pub struct Ends {
    /// Which run.
    pub boot: BootId,
    /// When it began.
    pub started_at: Timestamp,
    /// What the server wants the box to have.
    pub desired: mpsc::Receiver<Bytes>,
    /// What the server is told about it.
    pub report: watch::Sender<Option<Reported>>,
    /// How the box fares.
    pub health: watch::Receiver<Health>,
}

/// Why a run was left.
enum Left {
    /// It ended, by itself or because it was told to.
    Ended(anyhow::Result<()>),
    /// There are other settings to run with.
    Others,
}

/// Runs the box until it is told to stop, with whatever settings hold. `ready` is told each time where the status page answers.
///
/// # Errors
/// What could not be opened, and why.
pub async fn run(
    path: &Path,
    clock: Arc<dyn Clock>,
    stop: &CancellationToken,
    mut ready: impl FnMut(std::net::SocketAddr),
) -> anyhow::Result<()> {
    let mut config = Config::load(path)?;
    let kept = Kept::new(&config.gateway.data_dir);
    let mut shop = Shop { book: kept.get(), kept, clock: Arc::clone(&clock) };
    let mut listen = None;
    loop {
        let is_trial;
        (config, is_trial) = shop.next(path)?;
        if let Some(known) = listen {
            config.status.listen = known;
        }
        runtime::telemetry::set_filter(&config.log.filter);
        let session = stop.child_token();
        let mut running = match run::start(&config, Arc::clone(&clock), &session).await {
            Ok(running) => running,
            Err(cause) if is_trial => {
                shop.back(None, &format!("the box could not start: {cause:#}"));
                continue;
            }
            Err(cause) => return Err(cause),
        };
        if listen.replace(running.status).is_none() {
            ready(running.status);
        }
        running.tend(Notifier::from_environment(), &session);
        match shop.tend(running, &config, path, stop, session).await? {
            Left::Ended(result) => return result,
            Left::Others => tracing::info!("the gateway goes on with other settings"),
        }
    }
}

/// The configuration as the running box has it: its file, with what the server laid over it. Changes nothing.
///
/// # Errors
/// What is wrong with the file.
pub fn as_it_runs(path: &Path) -> Result<Config, ConfigError> {
    let own = Config::load(path)?;
    let book = Kept::new(&own.gateway.data_dir).get();
    let desired = book.in_force().filter(|_| own.settings.from_afar);
    Ok(desired.and_then(|desired| Config::load_with(path, desired).ok()).unwrap_or(own))
}

/// Goes by the box's own file from the next start on: who enrols it again may have another server in mind.
///
/// # Errors
/// When the kept settings can't be deleted.
pub fn forget(data_dir: &Path) -> Result<(), (PathBuf, io::Error)> {
    Kept::new(data_dir).forget()
}

/// The book, with where it lies.
struct Shop {
    book: Book,
    kept: Kept,
    clock: Arc<dyn Clock>,
}

impl Shop {
    /// The configuration to run with now, and whether its settings are on trial. The box's own file has the first word: what
    /// is wrong in it is not the settings' fault, and a box that takes none from afar goes by it alone.
    fn next(&mut self, path: &Path) -> anyhow::Result<(Config, bool)> {
        let own = Config::load(path)?;
        if !own.settings.from_afar {
            if self.book != Book::default() {
                tracing::info!("this box takes no settings from afar (settings.from_afar): those it had are left out");
                self.book = Book::default();
                self.keep();
            }
            return Ok((own, false));
        }
        loop {
            let (desired, is_trial) = self.book.begin(self.clock.now());
            self.keep();
            let Some(desired) = desired else { return Ok((own, false)) };
            match Config::load_with(path, &desired) {
                Ok(config) => return Ok((config, is_trial)),
                Err(refused) if is_trial => self.back(Some(refused.field.clone()), &refused.to_string()),
                Err(refused) => {
                    tracing::error!(%refused, "settings from afar do not go with the box's own file and are left out");
                    self.book.give_up(&refused, self.clock.now());
                }
            }
        }
    }

    fn back(&mut self, field: Option<String>, reason: &str) {
        tracing::warn!(reason, "the box goes back to the settings before: {reason}");
        self.book.roll_back(field, reason, self.clock.now());
        self.keep();
    }

    /// A box that can't write its book still works; after a restart it is where it was before.
    fn keep(&self) {
        if let Err(cause) = self.kept.put(&self.book) {
            tracing::error!(%cause, "the settings can't be kept: free the disk, or replace it");
        }
    }

    /// Looks after a run until it ends or there are other settings to run with.
    async fn tend(
        &mut self,
        mut running: Running,
        config: &Config,
        path: &Path,
        stop: &CancellationToken,
        session: CancellationToken,
    ) -> anyhow::Result<Left> {
        let mut ends = running.take_ends().context("take the ends of a run")?;
        let disk = running.disk();
        let token = session.clone();
        let mut parts: JoinHandle<anyhow::Result<()>> = tokio::spawn(async move { running.join(&token).await });
        let began = self.clock.monotonic();
        let deadline = began.0 + Millis::seconds(i64::from(config.settings.healthy_within_s)).0;
        let mut is_told = false;
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            let report = self.book.report(ends.boot);
            ends.report.send_if_modified(|told| {
                *told != report && {
                    told.clone_from(&report);
                    true
                }
            });
            tokio::select! {
                ended = &mut parts => {
                    let ended = ended.context("run the gateway").and_then(|ended| ended);
                    let Err(cause) = &ended else { return Ok(Left::Ended(ended)) };
                    if stop.is_cancelled() || self.book.trial().is_none() {
                        return Ok(Left::Ended(ended));
                    }
                    self.back(None, &format!("a part of the box ended: {cause:#}"));
                    return Ok(Left::Others);
                }
                Some(payload) = ends.desired.recv() => {
                    let Some(desired) = read(&payload) else { continue };
                    let newest = self.book.trial().map(|trial| trial.desired.version);
                    is_told |= newest == Some(desired.version);
                    if !self.book.is_news(&desired) {
                        continue;
                    }
                    if let Err(refused) = self.judge(&desired, config, path) {
                        tracing::warn!(version = desired.version, %refused, "settings from afar are refused: {refused}");
                        self.book.refuse(desired.version, &refused, self.clock.now());
                        self.keep();
                        continue;
                    }
                    tracing::info!(version = desired.version, "settings from afar are tried");
                    let before = heard_lately(&ends.health.borrow());
                    let is_young = self.clock.monotonic().0 - began.0 < HEARD_BEFORE.0;
                    self.book.try_out(desired, before, is_young, self.clock.now());
                    self.keep();
                }
                _ = every.tick(), if self.book.trial().is_some() => {
                    let signs = Signs { is_told, heard: heard(&ends.health.borrow(), ends.started_at) };
                    match self.book.look(&signs, self.clock.now()) {
                        None => {
                            tracing::info!("the box is well with its new settings");
                            self.keep();
                            continue;
                        }
                        Some(reason) if self.clock.monotonic().0 >= deadline => self.back(None, &reason),
                        Some(_) => continue,
                    }
                }
            }
            session.cancel();
            let _ = parts.await;
            let_go(disk).await;
            return Ok(Left::Others);
        }
    }

    /// Whether settings can be at all, with the box's own file.
    fn judge(&self, desired: &Desired, config: &Config, path: &Path) -> Result<(), Refused> {
        config.trusts_the_line()?;
        Config::load_with(path, desired).map(|_| ())
    }
}

fn read(payload: &[u8]) -> Option<Desired> {
    if payload.is_empty() {
        return None;
    }
    settings::decode(payload)
        .inspect_err(|cause| {
            tracing::warn!(cause = cause as &dyn std::error::Error, "settings from afar can't be read")
        })
        .ok()
}

/// Receivers that were heard not long before the last one: by their own times, since nobody's clock need be right.
fn heard_lately(health: &Health) -> Vec<ReceiverId> {
    let newest = health.receivers.iter().map(|known| known.last_heard).max();
    newest.map(|newest| heard(health, newest - HEARD_BEFORE)).unwrap_or_default()
}

/// Receivers that were heard since a moment.
fn heard(health: &Health, since: Timestamp) -> Vec<ReceiverId> {
    health.receivers.iter().filter(|known| known.last_heard >= since).map(|known| known.receiver.clone()).collect()
}

/// Waits until the spool's thread has ended: two must not write into one folder.
async fn let_go(mut disk: watch::Receiver<crate::spool::Standing>) {
    let ended = async { while disk.changed().await.is_ok() {} };
    if tokio::time::timeout(LET_GO, ended).await.is_err() {
        tracing::error!("the disk is slow: the spool of the run before has not ended");
    }
}

#[cfg(test)]
mod tests;

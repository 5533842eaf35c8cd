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
/// A receiver that was heard within so long is one to ask after; and so long a run gives all of them to be heard.
const HEARD_BEFORE: Millis = Millis::seconds(60);
/// Settings from afar that follow each other let the box run for so long in between: it may hear nothing while it begins anew.
const RUNS_AT_LEAST: Millis = Millis::seconds(10);
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
    let (mut listen, mut may_leave) = (None, Millis(0));
    loop {
        let is_trial;
        (config, is_trial) = shop.next(path)?;
        if let Some(known) = listen {
            config.status.listen = known;
        }
        runtime::telemetry::set_filter(&config.log.filter);
        let session = stop.child_token();
        let mut disk = None;
        let mut running = match run::start(&config, Arc::clone(&clock), &session, &mut disk).await {
            Ok(running) => running,
            Err(cause) if is_trial => {
                session.cancel();
                if let Some(disk) = disk {
                    let_go(disk, LET_GO).await?;
                }
                shop.back(None, &format!("the box could not start: {cause:#}"));
                continue;
            }
            Err(cause) => return Err(cause),
        };
        if listen.replace(running.status).is_none() {
            ready(running.status);
        }
        running.tend(Notifier::from_environment(), &session);
        let watch = Watch::new(clock.monotonic(), &config, may_leave);
        match shop.tend(running, watch, &config, path, stop, session).await? {
            Left::Ended(result) => return result,
            Left::Others => tracing::info!("the gateway goes on with other settings"),
        }
        may_leave = Millis(clock.monotonic().0 + RUNS_AT_LEAST.0);
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

/// What is known of a run while it is looked after.
struct Watch {
    /// When it may be left for other settings at the earliest; the way back is open at any time.
    may_leave: Millis,
    /// When it has had time to hear everybody.
    settled: Millis,
    /// When settings on trial must have proved themselves.
    deadline: Millis,
    /// The server told the settings on trial, or newer ones, over the line that was made with them.
    is_told: bool,
    /// Settings that are to be tried.
    pending: Option<Pending>,
}

/// Settings that wait to be tried.
#[derive(Debug, Clone, PartialEq)]
struct Pending {
    desired: Desired,
    /// They may silence somebody: it must be known first who is heard without them.
    is_risky: bool,
}

impl Pending {
    fn is_due(&self, watch: &Watch, now: Millis) -> bool {
        now >= watch.may_leave && (!self.is_risky || now >= watch.settled)
    }
}

impl Watch {
    fn new(began: Millis, config: &Config, may_leave: Millis) -> Self {
        let healthy_within = Millis::seconds(i64::from(config.settings.healthy_within_s));
        // A receiver that takes longer than a trial lasts could not prove itself anyway.
        let settled = Millis(began.0 + HEARD_BEFORE.0.min(healthy_within.0));
        Self { may_leave, settled, deadline: Millis(began.0 + healthy_within.0), is_told: false, pending: None }
    }
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
        mut watch: Watch,
        config: &Config,
        path: &Path,
        stop: &CancellationToken,
        session: CancellationToken,
    ) -> anyhow::Result<Left> {
        let mut ends = running.take_ends().context("take the ends of a run")?;
        let disk = running.disk();
        let token = session.clone();
        let mut parts: JoinHandle<anyhow::Result<()>> = tokio::spawn(async move { running.join(&token).await });
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
                    break;
                }
                Some(payload) = ends.desired.recv() => {
                    if let Some(desired) = read(&payload) {
                        self.told(desired, &mut watch, config, path);
                    }
                }
                _ = every.tick(), if watch.pending.is_some() || self.book.trial().is_some() => {
                    if self.is_left(&mut watch, &ends) {
                        break;
                    }
                }
            }
        }
        session.cancel();
        end(&mut parts, LET_GO).await;
        let_go(disk, LET_GO).await?;
        Ok(Left::Others)
    }

    /// Takes what the server wants the box to have.
    fn told(&mut self, desired: Desired, watch: &mut Watch, config: &Config, path: &Path) {
        watch.is_told |= self.book.trial().is_some_and(|trial| desired.version >= trial.desired.version);
        // Only the last that was told counts.
        watch.pending = None;
        if !self.book.is_news(&desired) {
            return;
        }
        match judge(&desired, config, path) {
            Ok(next) => watch.pending = Some(Pending { desired, is_risky: !next.listens_as(config) }),
            Err(refused) => {
                tracing::warn!(version = desired.version, %refused, "settings from afar are refused: {refused}");
                self.book.refuse(&desired, &refused, self.clock.now());
                self.keep();
            }
        }
    }

    /// Looks how the box fares; whether there are other settings to run with.
    fn is_left(&mut self, watch: &mut Watch, ends: &Ends) -> bool {
        let now = self.clock.monotonic();
        if watch.pending.as_ref().is_some_and(|next| next.is_due(watch, now))
            && let Some(Pending { desired, is_risky }) = watch.pending.take()
        {
            tracing::info!(version = desired.version, "settings from afar are tried");
            // Settings that can silence nobody are not judged by who falls silent meanwhile.
            let before = if is_risky { heard_lately(&ends.health.borrow()) } else { Vec::new() };
            self.book.try_out(desired, before, self.clock.now());
            self.keep();
            return true;
        }
        if self.book.trial().is_none() {
            return false;
        }
        let signs = Signs { is_told: watch.is_told, heard: heard(&ends.health.borrow(), ends.started_at) };
        match self.book.look(&signs, self.clock.now()) {
            None => {
                tracing::info!("the box is well with its new settings");
                self.keep();
                false
            }
            Some(reason) if now >= watch.deadline => {
                self.back(None, &reason);
                true
            }
            Some(_) => false,
        }
    }
}

/// What the box would run with, if settings can be at all with its own file.
fn judge(desired: &Desired, config: &Config, path: &Path) -> Result<Config, Refused> {
    config.trusts_the_line()?;
    Config::load_with(path, desired)
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

/// Receivers that were heard since a moment. One that is to be there and was never heard is listed with no time at all.
fn heard(health: &Health, since: Timestamp) -> Vec<ReceiverId> {
    let is_heard = |at: Timestamp| at > Timestamp(0) && at >= since;
    health.receivers.iter().filter(|known| is_heard(known.last_heard)).map(|known| known.receiver.clone()).collect()
}

/// Waits until a run has ended that was told to; one that does not in time is cut off.
async fn end(parts: &mut JoinHandle<anyhow::Result<()>>, limit: Duration) {
    if !parts.is_finished() && tokio::time::timeout(limit, &mut *parts).await.is_err() {
        tracing::error!("a part of the run before did not end and is cut off");
        parts.abort();
        let _ = parts.await;
    }
}

/// Waits until the spool's thread has ended: two must not write into one folder.
async fn let_go(mut disk: watch::Receiver<crate::spool::Standing>, limit: Duration) -> anyhow::Result<()> {
    let ended = async { while disk.changed().await.is_ok() {} };
    tokio::time::timeout(limit, ended)
        .await
        .context("the disk is slow: the spool of the run before has not ended; start the gateway anew")
}

#[cfg(test)]
mod tests;

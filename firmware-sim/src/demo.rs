//! The demo: writes a configuration, starts the real binaries beside it, runs the world around them in real time,
//! and compares at the end what the server says with what was true.

mod child;
mod config;
mod observe;
mod report;
mod secrets;
mod show;
mod stage;
mod start;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use runtime::clock::{Clock, SystemClock};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use observe::Observer;
use report::Report;
use show::Show;
use stage::Stage;

use crate::scenario::Files;

/// How long the world goes on after the last step, so that what is under way arrives.
const DRAIN: Duration = Duration::from_secs(3);
/// How often the world moves on.
const STEP: Duration = Duration::from_millis(50);
/// How often the server is asked what it sees.
const LOOK: Duration = Duration::from_secs(1);
/// Longer than any demo.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How the demo is run.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Which shop, and who comes.
    pub scenario: Files,
    /// For how long; until it is stopped if none.
    pub lasts: Option<Duration>,
    /// Plain lines instead of bars, and no browser.
    pub headless: bool,
    /// The seed of the world.
    pub seed: u64,
    /// Where the report goes.
    pub report: Option<PathBuf>,
    /// Where everything is kept; a temporary folder if none.
    pub data: Option<PathBuf>,
    /// Where the page is served.
    pub listen: Option<SocketAddr>,
}

impl Demo {
    /// Runs it to its end.
    ///
    /// # Errors
    /// When a part does not start or dies, with the last lines that it wrote.
    pub async fn run(self, stop: &CancellationToken) -> anyhow::Result<()> {
        let show = Show::new(self.headless);
        let mut stage = Stage::set(&self, &show).await?;
        let outcome = self.perform(&mut stage, &show, stop).await;
        // Whatever happened, no child outlives its parent; what it wrote is told first.
        let ended = stage.strike(&show).await;
        outcome.and(ended)
    }

    async fn perform(&self, stage: &mut Stage, show: &Show, stop: &CancellationToken) -> anyhow::Result<()> {
        stage.connect(show).await?;
        show.whereabouts(stage.whereabouts())?;
        if !self.headless {
            open_browser(&stage.whereabouts().base);
        }
        let clock = SystemClock::new();
        let mut observer = Observer::new();
        let over = tokio::time::sleep(self.lasts.unwrap_or(FOREVER));
        tokio::pin!(over);
        let mut step = tokio::time::interval(STEP);
        let mut look = tokio::time::interval(LOOK);
        step.set_missed_tick_behavior(MissedTickBehavior::Skip);
        look.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = &mut over => break,
                _ = step.tick() => stage.step(clock.now()).await?,
                _ = look.tick() => {
                    stage.check_children()?;
                    stage.look();
                    show.progress(stage, clock.monotonic(), self.lasts)?;
                }
                news = stage.news() => stage.take(news, &mut observer),
            }
        }
        self.conclude(stage, observer, show).await
    }

    /// Lets what is under way arrive, asks the server for its figures, and writes the report.
    async fn conclude(&self, stage: &mut Stage, mut observer: Observer, show: &Show) -> anyhow::Result<()> {
        show.line("the world stands still; waiting for what is under way")?;
        let end = tokio::time::Instant::now() + DRAIN;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(end) => break,
                news = stage.news() => stage.take(news, &mut observer),
            }
        }
        stage.check_children()?;
        let report = Report::collect(self.seed, stage, &observer).await.context("ask the server for its figures")?;
        show.summary(&report)?;
        if let Some(path) = &self.report {
            let text = serde_json::to_string_pretty(&report).context("write the report as JSON")?;
            std::fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))?;
        }
        if self.lasts.is_some() && report.is_dead() {
            bail!("the run ended without one position from the server; keep the logs with --data and look there");
        }
        Ok(())
    }
}

/// Opens the dashboard where there is a desktop; where there is none, the printed address is enough.
fn open_browser(url: &str) {
    let mut command = tokio::process::Command::new("xdg-open");
    let _ = command.arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}

//! A gateway without a shop around it: fed by POSTs or by a broker of the test's own, and looked at from outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use gateway::spool::medium::Folder;
use gateway::spool::{Limits, Spool};
use model::reading::ReadingKind;
use model::time::Millis;
use wire::uplink::Batch;

use crate::answering::STORE;
use crate::process::{Running, program};

/// A loaded machine is slow; what does not happen within this will not happen.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at what happens in another process.
const LOOK: Duration = Duration::from_millis(20);

/// How it is started.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Lines of `[gateway]` besides the usual ones.
    pub gateway: String,
    /// Lines of `[receivers]` besides the port for POSTs.
    pub receivers: String,
    /// Lines of `[uplink]`; a server that is never there if empty.
    pub uplink: String,
    /// Whole sections besides those.
    pub sections: String,
    /// Where it keeps what it keeps, if not in its folder.
    pub data: Option<PathBuf>,
    /// The program that it is started by, with its arguments.
    pub by: Vec<String>,
    /// Variables of its environment.
    pub environment: BTreeMap<String, String>,
}

/// A running gateway.
#[derive(Debug)]
pub struct Alone {
    folder: PathBuf,
    data: PathBuf,
    order: Order,
    posts: u16,
    /// The process.
    pub running: Running,
    /// Where its status page answers.
    pub status: String,
    http: reqwest::Client,
}

impl Alone {
    /// Starts one in a folder; what was kept there before is found again.
    ///
    /// # Errors
    /// When it does not start; the message holds its log.
    pub fn start(folder: &Path, order: Order) -> anyhow::Result<Self> {
        let posts = crate::free_port()?;
        let data = order.data.clone().unwrap_or_else(|| folder.join("data"));
        let nobody = format!("url = \"mqtt://127.0.0.1:{}\"", crate::free_port()?);
        let uplink = if order.uplink.is_empty() { &nobody } else { &order.uplink };
        let text = format!(
            "[gateway]\nid = \"edge-1\"\nstore = \"{STORE}\"\ndata_dir = {data:?}\n{}\n\
             [receivers]\nhttp_listen = \"127.0.0.1:{posts}\"\n{}\n[uplink]\n{uplink}\n\
             [status]\nlisten = \"127.0.0.1:0\"\n{}\n",
            order.gateway, order.receivers, order.sections
        );
        std::fs::write(folder.join("gateway.toml"), text)?;
        let (running, status) = launch(folder, &order)?;
        Ok(Self { folder: folder.to_owned(), data, order, posts, running, status, http: reqwest::Client::new() })
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.running.kill_9();
    }

    /// Starts it again after it was killed or stopped.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.running.kill_9();
        (self.running, self.status) = launch(&self.folder, &self.order)?;
        Ok(())
    }

    /// Posts what a receiver says; false when the box has too much waiting.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn try_post(&self, topic: &str, payload: impl Into<reqwest::Body>) -> anyhow::Result<bool> {
        let url = format!("http://127.0.0.1:{}/in/{topic}", self.posts);
        Ok(self.http.post(url).body(payload).send().await?.status() == 202)
    }

    /// Posts what a receiver says.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn post(&self, topic: &str, payload: impl Into<reqwest::Body>) -> anyhow::Result<()> {
        anyhow::ensure!(self.try_post(topic, payload).await?, "the box took no post under {topic}");
        Ok(())
    }

    /// One of its pages.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn page(&self, path: &str) -> anyhow::Result<String> {
        Ok(self.http.get(format!("http://{}/{path}", self.status)).send().await?.text().await?)
    }

    /// A metric, over all its labels; zero while it was never told.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn metric(&self, name: &str) -> anyhow::Result<u64> {
        let text = self.page("metrics").await?;
        let lines = text.lines().filter_map(|line| line.strip_prefix(name));
        Ok(lines.filter_map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    /// Waits until its health names a code, or names it no more; how long that took.
    ///
    /// # Errors
    /// When that does not happen.
    pub async fn until_health(&self, code: &str, named: bool) -> anyhow::Result<Duration> {
        let began = Instant::now();
        self.until(&format!("health names {code}: {named}"), async || {
            Ok(self.page("healthz").await?.contains(code) == named)
        })
        .await?;
        Ok(began.elapsed())
    }

    /// Waits until something is so that nobody announces.
    ///
    /// # Errors
    /// When it never is; the message holds the end of the log.
    pub async fn until(&self, what: &str, mut is: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while !is().await? {
            anyhow::ensure!(Instant::now() < until, "waited in vain until {what}:\n{}", self.running.log_tail());
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// What waits on its disk, read while it is stopped or from a copy while it runs.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn kept(&self) -> anyhow::Result<Vec<Batch>> {
        kept_in(&self.data)
    }
}

/// What waits in a gateway's data folder.
///
/// # Errors
/// When it can't be read.
pub fn kept_in(data: &Path) -> anyhow::Result<Vec<Batch>> {
    let copy = tempfile::tempdir()?;
    for entry in std::fs::read_dir(data.join("spool"))? {
        let path = entry?.path();
        // A segment may be let go between the two steps.
        let _ = std::fs::copy(&path, copy.path().join(path.file_name().context("a name")?));
    }
    let limits = Limits::new(1 << 40, Millis::hours(1_000_000));
    let (spool, _) = Spool::open(Folder::open(copy.path())?, limits, [0; 16])?;
    let stored = spool.read(spool.standing().oldest, usize::MAX)?;
    // Of sightings that made room for others only the number is left.
    let whole = stored.iter().filter(|stored| !stored.batch.is_empty());
    whole.map(|stored| wire::uplink::decode(&stored.batch).context("read a batch")).collect()
}

/// How many people crossed, in and out, by the readings of batches.
#[must_use]
pub fn crossed(batches: &[Batch]) -> (u32, u32) {
    batches.iter().flat_map(|batch| &batch.readings).fold((0, 0), |sum, reading| match reading.kind {
        ReadingKind::Crossing { entered, left } => (sum.0 + entered, sum.1 + left),
        ReadingKind::Level(_) | ReadingKind::Presence(_) | ReadingKind::ShelfDelta(_) => sum,
    })
}

/// The library that shifts a program's wall clock; none where the test may be left out without it.
///
/// # Errors
/// When it is not installed, and the test may not be left out.
pub fn faketime() -> anyhow::Result<Option<PathBuf>> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten();
    let mut here = folders.filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketimeMT.so.1")));
    let found = here.find(|path| path.is_file());
    crate::need::or_leave_out(found, "libfaketime is not installed", "apt-get install faketime")
}

/// The environment of a program whose wall clock is shifted by what stands in a file, such as `+3600`.
#[must_use]
pub fn shifted_by(shift: &Path, library: &Path) -> BTreeMap<String, String> {
    [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", shift.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn launch(folder: &Path, order: &Order) -> anyhow::Result<(Running, String)> {
    let mut words = order.by.iter().map(PathBuf::from).chain([program("attimo-gateway")]);
    let mut command = Command::new(words.next().context("a program")?);
    command.args(words).arg("--config").arg(folder.join("gateway.toml"));
    command.env_remove("RUST_LOG").envs(&order.environment);
    let mut running = Running::start(&mut command, &folder.join("gateway.log"))?;
    let status = running.wait_ready()?.remove("status").context("the gateway says where its status page is")?;
    Ok((running, status))
}

//! A child process: its log in a file, its ready line read, and a guard that ends it when this process is gone.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child as Process, Command};
use tokio::sync::mpsc;

use crate::guard::Guard;

/// Lines of a dead child's log that are told.
const TAIL_LINES: usize = 30;
/// How long a child may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a child may take to stop in order.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// A running child.
#[derive(Debug)]
pub(super) struct Child {
    name: &'static str,
    log: PathBuf,
    process: Process,
    guard: Guard,
    lines: mpsc::Receiver<String>,
    memory_kib: Option<u64>,
}

impl Child {
    /// Starts it in a process group of its own, so that Ctrl-C reaches this process alone and the order of stopping is kept.
    pub(super) fn start(name: &'static str, command: &mut Command, logs: &Path) -> anyhow::Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("write {}", log.display()))?;
        let errors = file.try_clone().with_context(|| format!("write {}", log.display()))?;
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let id = process.id().context("the child ended at once")?;
        let guard = Guard::over(id).context("start the guard of a child")?;
        let output = process.stdout.take().context("the child has no output")?;
        let (sender, lines) = mpsc::channel(64);
        tokio::spawn(copy(output, file, sender));
        Ok(Self { name, log, process, guard, lines, memory_kib: None })
    }

    /// Waits for a line of its output that a function takes.
    pub(super) async fn wait_for<T>(&mut self, what: &str, take: impl Fn(&str) -> Option<T>) -> anyhow::Result<T> {
        let found = tokio::time::timeout(READY_WITHIN, async {
            while let Some(line) = self.lines.recv().await {
                if let Some(found) = take(&line) {
                    return Some(found);
                }
            }
            None
        });
        match found.await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => {
                let status = self.process.wait().await.context("wait for a child")?;
                bail!("{} ended ({status}) before it said {what}; {}", self.name, self.tail())
            }
            Err(_) => bail!("{} did not say {what} within {} s; {}", self.name, READY_WITHIN.as_secs(), self.tail()),
        }
    }

    /// The next line of its output that has come already.
    pub(super) fn line(&mut self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// Fails if it has ended by itself.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        self.measure();
        match self.process.try_wait().context("look after a child")? {
            Some(status) => bail!("{} ended by itself ({status}); {}", self.name, self.tail()),
            None => Ok(()),
        }
    }

    /// The most memory it ever had, in KiB.
    pub(super) const fn memory_kib(&self) -> Option<u64> {
        self.memory_kib
    }

    /// Stops it in order: asks, waits, and only then ends it.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        self.measure();
        if let (None, Some(id)) = (self.process.try_wait().context("look after a child")?, self.process.id()) {
            let asked = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "stop", &id.to_string()]).status().await;
            asked.context("ask a child to stop")?;
        }
        let ended = tokio::time::timeout(STOP_WITHIN, self.process.wait()).await;
        if ended.is_err() {
            self.process.kill().await.context("end a child")?;
        }
        self.guard.dismiss().await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => bail!("{} did not end well ({status}); {}", self.name, self.tail()),
            Ok(Err(error)) => Err(error).context("wait for a child"),
            Err(_) => bail!("{} did not stop within {} s; {}", self.name, STOP_WITHIN.as_secs(), self.tail()),
        }
    }

    fn measure(&mut self) {
        self.memory_kib = self.process.id().and_then(peak_kib).or(self.memory_kib);
    }

    fn tail(&self) -> String {
        tail(self.name, &self.log)
    }
}

/// The last lines of a log.
pub(super) fn tail(name: &str, log: &Path) -> String {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    format!("the last lines of {name} ({}):\n{}", log.display(), last.join("\n"))
}

/// The most memory a process ever had, in KiB, as Linux tells.
pub(super) fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Copies a child's output to its log, and passes the lines on as long as somebody keeps up.
async fn copy(output: tokio::process::ChildStdout, mut log: File, lines: mpsc::Sender<String>) {
    let mut reader = BufReader::new(output).lines();
    while let Ok(Some(line)) = reader.next_line().await {
        // A full disk must not stop the child.
        let _ = writeln!(log, "{line}");
        let _ = lines.try_send(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_child_that_dies_is_told_with_its_last_lines() {
        let logs = tempfile::tempdir().expect("a temporary folder");
        let script = "echo ready x=1; echo it is broken >&2; exit 3";
        let mut child = Child::start("part", &mut shell(script), logs.path()).expect("a shell");
        let ready = child.wait_for("ready", |line| line.strip_prefix("ready ").map(str::to_owned)).await;
        assert_eq!(ready.expect("the line"), "x=1");
        let error = child.wait_for("more", |line| line.strip_prefix("more").map(str::to_owned)).await;
        let error = error.expect_err("it has ended").to_string();
        assert!(error.contains("exit status: 3") && error.contains("it is broken"), "{error}");
        assert!(child.check().is_err());
    }

    #[tokio::test]
    async fn a_child_is_ended_when_its_guard_loses_the_pipe() {
        let logs = tempfile::tempdir().expect("a temporary folder");
        let mut child = Child::start("part", &mut shell("echo up; exec sleep 600"), logs.path()).expect("a shell");
        child.wait_for("up", |line| (line == "up").then_some(())).await.expect("it runs");
        child.guard.abandon();
        let ended = tokio::time::timeout(Duration::from_secs(10), child.process.wait()).await;
        assert!(!ended.expect("in time").expect("a status").success());
    }

    #[tokio::test]
    async fn a_child_that_stops_in_order_is_no_failure() {
        let logs = tempfile::tempdir().expect("a temporary folder");
        let script = "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done";
        let mut child = Child::start("part", &mut shell(script), logs.path()).expect("a shell");
        child.wait_for("up", |line| (line == "up").then_some(())).await.expect("it runs");
        child.check().expect("it runs");
        assert!(child.memory_kib().is_some_and(|kib| kib > 100));
        child.stop().await.expect("it stops");
    }
}

//! Our own programs as processes: started from `target/`, told apart by their ready line, killed without mercy.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a program may take until it is ready; debug builds on a busy machine are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// The path of one of our programs, built beside this test.
///
/// # Panics
/// When it was not built: `make test` builds it first.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/test");
    let path = folder.join(name);
    assert!(path.is_file(), "{} is missing: cargo build -p server -p gateway -p firmware-sim", path.display());
    path
}

/// A running program of ours. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Running {
    /// Starts a program; its log goes to a file.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("start {command:?}"))?;
        let stdout = child.stdout.take().context("the output is piped")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines, log: log.to_path_buf() })
    }

    /// Waits for a line that starts with a text, and returns it.
    ///
    /// # Errors
    /// When the program ends or stays silent; the message holds the end of its log.
    pub fn wait_line(&mut self, start: &str) -> anyhow::Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.starts_with(start) => return Ok(line),
                Ok(_) => {}
                Err(_) => {
                    let ended = self.child.try_wait()?;
                    bail!("no line {start:?} came (ended: {ended:?}); its log ends with:\n{}", self.log_tail())
                }
            }
        }
    }

    /// Waits for `ready` and returns its `key=value` pairs.
    ///
    /// # Errors
    /// As [`Running::wait_line`].
    pub fn wait_ready(&mut self) -> anyhow::Result<std::collections::BTreeMap<String, String>> {
        let line = self.wait_line("ready ")?;
        Ok(line
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect())
    }

    /// Kills it with SIGKILL and waits for its end.
    pub fn kill_9(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, and waits; how it ended.
    ///
    /// # Errors
    /// When it can't be asked.
    pub fn stop(&mut self) -> anyhow::Result<Option<i32>> {
        output(Command::new("kill").args(["-TERM", &self.id().to_string()]))?;
        Ok(self.child.wait()?.code())
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill_9();
    }
}

/// Runs a program to its end and returns its standard output.
///
/// # Errors
/// When it fails; the message holds what it said.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("run {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed with {}: {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

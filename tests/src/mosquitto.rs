//! A mosquitto of the test's own: the broker that most shops' receivers publish to.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use tempfile::TempDir;

const PROGRAM: &str = "/usr/sbin/mosquitto";

/// A running broker. Dropping it kills it.
#[derive(Debug)]
pub struct Mosquitto {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Mosquitto {
    /// Starts one that lets everybody in, on a free port.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let (folder, port) = (TempDir::new()?, crate::free_port()?);
        let file = folder.path().join("mosquitto.conf");
        std::fs::write(&file, format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"))?;
        let mut child = Command::new(PROGRAM)
            .args(["-v", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("start mosquitto (apt-get install mosquitto)")?;
        let mut lines = BufReader::new(child.stderr.take().context("the output is piped")?).lines();
        anyhow::ensure!(
            lines.by_ref().map_while(Result::ok).any(|line| line.ends_with(" running")),
            "mosquitto does not start"
        );
        // The pipe must be read on, or the broker would stand still once it is full.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Self { port, child, _folder: folder })
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A private message bus: a `dbus-daemon` of our own in a folder of our own, stopped when dropped.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::Error;
use crate::guard::Guard;

/// Everybody may do everything: nobody but the test's or demo's own processes knows the address.
const POLICY: &str = r#"<policy context="default">
<allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="*"/><allow eavesdrop="true"/></policy>"#;

/// A running bus.
#[derive(Debug)]
pub struct Bus {
    folder: PathBuf,
    address: String,
    child: Child,
    guard: Guard,
}

impl Bus {
    /// Starts one in a folder, and waits until it answers.
    ///
    /// Clients find it through the environment variable `DBUS_SYSTEM_BUS_ADDRESS`.
    ///
    /// # Errors
    /// [`Error`] when the folder can't be used or `dbus-daemon` is not installed.
    pub async fn start(folder: &Path) -> Result<Self, Error> {
        let (child, address) = spawn(folder).await?;
        let guard = guard(folder, &child)?;
        Ok(Self { folder: folder.to_owned(), address, child, guard })
    }

    /// Ends the bus if it still runs, and starts another one under the same address, as a system that is upgraded does.
    ///
    /// # Errors
    /// As [`Bus::start`].
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.stop().await;
        let (child, address) = spawn(&self.folder).await?;
        self.guard = guard(&self.folder, &child)?;
        (self.child, self.address) = (child, address);
        Ok(())
    }

    /// Where clients reach it.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The folder it lives in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The daemon's process id, while it runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// Fault: ends the bus itself.
    pub async fn stop(&mut self) {
        // It may be gone already, which is what is wanted.
        let _ = self.child.kill().await;
        self.guard.dismiss().await;
    }
}

/// Starts the daemon, and waits until it says where it listens.
async fn spawn(folder: &Path) -> Result<(Child, String), Error> {
    let folder_error = |source| Error::Folder { folder: folder.display().to_string(), source };
    let config = write_config(folder).map_err(folder_error)?;
    let log = std::fs::File::create(folder.join("bus.log")).map_err(folder_error)?;
    let mut child = Command::new("dbus-daemon")
        .arg(format!("--config-file={}", config.display()))
        .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|cause| Error::Daemon { problem: cause.to_string() })?;
    let said = first_line(&mut child).await.ok_or_else(|| Error::Daemon { problem: "it says no address".into() })?;
    // The rest of the line is the name of this very daemon; the next one under the same path has another.
    let address = said.split(',').next().unwrap_or_default().to_owned();
    Ok((child, address))
}

fn guard(folder: &Path, child: &Child) -> Result<Guard, Error> {
    let id = child.id().ok_or_else(|| Error::Daemon { problem: "it ended at once".into() })?;
    Guard::over(id).map_err(|source| Error::Folder { folder: folder.display().to_string(), source })
}

fn write_config(folder: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let socket = folder.join("bus");
    if socket.exists() {
        std::fs::remove_file(&socket)?;
    }
    let config = folder.join("bus.conf");
    let listen = format!("<type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>", socket.display());
    std::fs::write(&config, format!("<busconfig>{listen}{POLICY}</busconfig>\n"))?;
    Ok(config)
}

async fn first_line(child: &mut Child) -> Option<String> {
    let output = child.stdout.take()?;
    let line = BufReader::new(output).lines().next_line().await.ok().flatten()?;
    (!line.trim().is_empty()).then(|| line.trim().to_owned())
}

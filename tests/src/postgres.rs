//! A real PostgreSQL in a temporary folder, on a free port, for one test.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;

use crate::process::output;

/// A running PostgreSQL. Dropping it stops it and removes its folder.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts one; none when PostgreSQL is not installed.
    ///
    /// # Errors
    /// When it is installed and does not start.
    pub fn start() -> anyhow::Result<Option<Self>> {
        let Some(bin) = binaries() else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("attimo-pg").tempdir()?;
        let data = folder.path().join("data");
        if is_root() {
            // PostgreSQL refuses to run as root.
            output(Command::new("chown").arg("nobody").arg(folder.path()))?;
        }
        output(as_user(&bin.join("initdb")).arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "attimo",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale",
            "C",
        ]))?;
        let port = crate::free_port()?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} -c fsync=off",
            data.display()
        );
        output(
            as_user(&bin.join("pg_ctl"))
                .arg("-D")
                .arg(&data)
                .args(["-w", "-l"])
                .arg(data.join("log"))
                .args(["-o", &options, "start"]),
        )
        .context("start PostgreSQL")?;
        Ok(Some(Self { folder, bin, port }))
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://attimo@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let _ = output(as_user(&self.bin.join("pg_ctl")).arg("-D").arg(data).args(["-m", "immediate", "-w", "stop"]));
    }
}

fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file())
        .collect();
    folders.sort();
    folders.pop().or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
    })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn as_user(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "nobody", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

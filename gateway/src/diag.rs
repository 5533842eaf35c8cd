//! `attimo-gateway diag`: one file to send to who helps, without anything of a person or of a secret in it.
//!
//! It holds the configuration without secrets, what the doctor found, health and metrics of the running gateway, the
//! last lines of its log, and versions. Everything goes through `scrub` before it is written.

mod scrub;
mod tar;

use std::path::{Path, PathBuf};

use clap::Args;
use model::time::Timestamp;
use toml::{Table, Value};

use crate::config::Config;
use crate::doctor;

/// Lines of the log that go along.
const LOG_LINES: usize = 500;
/// What in a configuration is told to nobody.
const SECRET_KEYS: [&str; 4] = ["password", "username", "token", "key"];
/// What stands in its place.
const HIDDEN: &str = "(hidden)";

/// `diag`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where to write the bundle, a .tar file.
    #[arg(long, short, value_name = "FILE", default_value = "attimo-gateway-diag.tar")]
    pub out: PathBuf,
    /// The gateway's log, where it goes to a file; else the system's journal is asked.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The bundle can't be written.
    #[error("write {path}")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Makes the bundle; the names of what is in it.
///
/// # Errors
/// When the configuration can't be read or the bundle can't be written.
pub async fn bundle(options: &Options, path: &Path, config: &Config, now: Timestamp) -> Result<Vec<String>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let report = doctor::examine(config, now).await;
    let secrets = secrets_of(config);
    let parts = [
        ("version.txt", format!("attimo-gateway {}\n{}\n", env!("CARGO_PKG_VERSION"), system())),
        ("gateway.toml", without_secrets(&text)),
        ("doctor.txt", report.text()),
        ("healthz.txt", doctor::page(config, "/healthz").await.unwrap_or_else(|| "it does not run\n".into())),
        ("metrics.txt", doctor::page(config, "/metrics").await.unwrap_or_else(|| "it does not run\n".into())),
        ("log.txt", log(options).await?),
    ];
    let parts: Vec<(String, String)> =
        parts.into_iter().map(|(name, text)| (name.to_owned(), scrub::scrub(&text, &secrets))).collect();
    let bytes = tar::write(&parts, now);
    runtime::files::write_private(&options.out, &bytes)
        .map_err(|source| Error::Write { path: options.out.clone(), source })?;
    Ok(parts.into_iter().map(|(name, _)| name).collect())
}

fn secrets_of(config: &Config) -> Vec<String> {
    let all =
        [&config.uplink.username, &config.uplink.password, &config.receivers.username, &config.receivers.password];
    // A gateway's own id is often its user name, and stands everywhere.
    all.into_iter().flatten().filter(|secret| **secret != config.gateway.id.as_str()).cloned().collect()
}

/// The configuration as it stands in the file, without comments and secrets.
fn without_secrets(text: &str) -> String {
    match text.parse::<Table>() {
        Ok(mut table) => {
            hide(&mut table);
            toml::to_string(&table).unwrap_or_else(|_| "it can't be written\n".into())
        }
        Err(_) => "it is no TOML, and is left out\n".into(),
    }
}

fn hide(table: &mut Table) {
    for (key, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => hide(inner),
            Value::String(text) if SECRET_KEYS.iter().any(|secret| key.contains(secret)) => *text = HIDDEN.into(),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => {}
        }
    }
}

fn system() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find(|line| line.starts_with("PRETTY_NAME=")).unwrap_or("unknown system");
    format!("{name} {} {}", std::env::consts::OS, std::env::consts::ARCH)
}

async fn log(options: &Options) -> Result<String, Error> {
    let text = match &options.log {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        None => {
            let lines = LOG_LINES.to_string();
            let asked = tokio::process::Command::new("journalctl")
                .args(["-u", "attimo-gateway", "--no-pager", "-o", "short-iso", "-n", &lines])
                .output()
                .await;
            match asked {
                Ok(answer) if answer.status.success() => String::from_utf8_lossy(&answer.stdout).into_owned(),
                Ok(_) | Err(_) => "there is no journal here; name the log with --log\n".into(),
            }
        }
    };
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(LOG_LINES)..].join("\n") + "\n")
}

#[cfg(test)]
mod tests;

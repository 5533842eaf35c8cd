//! `attimo-gateway doctor`: looks at everything that a box needs, and says what is wrong and what to do.

mod checks;
mod net;

use clap::Args;
use model::time::Timestamp;
use serde::Serialize;

use crate::config::Config;
use crate::timeline;

pub(crate) use net::page;

/// `doctor`.
#[derive(Debug, Clone, Copy, Args)]
pub struct Options {
    /// For machines.
    #[arg(long)]
    pub json: bool,
}

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Well,
    /// It works, and somebody should look.
    Warning,
    /// It does not work.
    Wrong,
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which thing.
    pub check: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    fn well(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Well, found: found.into(), fix: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, state: State::Warning, found: found.into(), fix: Some(fix.into()) }
    }

    fn wrong(check: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, state: State::Wrong, found: found.into(), fix: Some(fix.into()) }
    }
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing is wrong; warnings do not count.
    pub well: bool,
    /// One finding for each check, in a fixed order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The report as people read it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Finding { check, state, found, fix } in &self.findings {
            let mark = match state {
                State::Well => "ok     ",
                State::Warning => "warning",
                State::Wrong => "WRONG  ",
            };
            text += &format!("{mark}  {check:<12} {found}\n");
            if let Some(fix) = fix {
                text += &format!("{:22} do: {fix}\n", "");
            }
        }
        text += if self.well { "nothing is wrong\n" } else { "something is wrong, see above\n" };
        text
    }
}

/// Looks at everything. The configuration was read already.
pub async fn examine(config: &Config, now: Timestamp) -> Report {
    let mut findings = vec![
        checks::configuration(config),
        checks::privacy(config),
        checks::clock(timeline::belief_of(now), net::clock_ahead(config).await),
        checks::data_folder(config).await,
        checks::disk(config).await,
        checks::certificate(config, now),
    ];
    findings.extend(net::uplink(config).await);
    findings.push(checks::radio(config));
    findings.push(net::running(config).await);
    let well = findings.iter().all(|finding| finding.state != State::Wrong);
    Report { well, findings }
}

#[cfg(test)]
mod tests;

//! `attimo-server evaluate offers`: what another way to choose offers would have earned, from what was logged.
//!
//! Reads our own exported decisions, and campaigns in the form of the Open Bandit Dataset. Says a number only where the log
//! can carry it.

pub mod log;
pub mod obd;
mod text;

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use measure::ope::Report;
use serde::Serialize;

/// What `offers` is told.
#[derive(Debug, Args)]
pub struct Options {
    /// A folder in the form of the Open Bandit Dataset: raw/{random,bts}/NAME/, with the policies beside raw.
    #[arg(long, value_name = "DIR", requires = "campaign", required_unless_present = "log")]
    pub obd: Option<PathBuf>,
    /// The campaign, such as all, men or women.
    #[arg(long, value_name = "NAME", requires = "obd")]
    pub campaign: Option<String>,
    /// The policy whose log is read; without it, each for which there is a log.
    #[arg(long, value_name = "POLICY", requires = "obd")]
    pub from: Option<Logged>,
    /// Our own log of decisions: decisions.ndjson as exported, or the folder that holds it.
    #[arg(long, value_name = "FILE", requires = "policy", conflicts_with = "obd")]
    pub log: Option<PathBuf>,
    /// The policy to judge on it: a file with choose, epsilon, arms_max, weight and off, as under `policy` of shop.toml.
    #[arg(long, value_name = "FILE", requires = "log")]
    pub policy: Option<PathBuf>,
    /// Prints one line of JSON, in full precision.
    #[arg(long)]
    pub json: bool,
}

/// The policies of the Open Bandit Dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Logged {
    /// Every item alike.
    Random,
    /// Bernoulli Thompson sampling.
    Bts,
}

impl Logged {
    const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Bts => "bts",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Random => Self::Bts,
            Self::Bts => Self::Random,
        }
    }
}

/// All that was found.
#[derive(Debug, Serialize)]
pub struct Findings {
    /// The campaign, or the log.
    pub campaign: String,
    /// One for each pair of a log and a policy.
    pub runs: Vec<Run>,
}

/// One policy judged on another's log.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Whose log.
    pub from: String,
    /// Which policy.
    pub to: String,
    /// Decisions of the log that were left out: kept back to compare with, or without a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<usize>,
    /// What it earned when it ran itself, if that is known.
    pub truth: Option<f64>,
    /// What can be said of it.
    #[serde(flatten)]
    pub report: Report,
}

/// Evaluates; answers what is printed.
///
/// # Errors
/// What is wrong with the files, and how to mend it.
pub fn run(options: &Options) -> anyhow::Result<String> {
    let findings = match (&options.obd, &options.campaign, &options.log, &options.policy) {
        (Some(folder), Some(campaign), _, _) => obd::run(folder, campaign, options.from)?,
        (_, _, Some(log), Some(policy)) => log::run(log, policy)?,
        _ => bail!("give --obd with --campaign, or --log with --policy"),
    };
    if options.json {
        return Ok(format!("{}\n", serde_json::to_string(&findings)?));
    }
    Ok(text::page(&findings))
}

#[cfg(test)]
mod tests;

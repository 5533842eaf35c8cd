//! What the person in front of the terminal sees: plain lines, and a bar where there is a terminal and nobody said `--headless`.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use model::time::Millis;

use super::report::Report;
use super::stage::{Stage, Whereabouts};

/// A line of progress is written once in so many seconds.
const LINE_EVERY_S: i64 = 10;

/// The terminal.
#[derive(Debug)]
pub(super) struct Show {
    bar: Option<ProgressBar>,
}

impl Show {
    pub(super) fn new(headless: bool) -> Self {
        let style = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}");
        let bar = || ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self { bar: (!headless).then(bar) }
    }

    /// One line.
    pub(super) fn line(&self, text: &str) -> anyhow::Result<()> {
        match &self.bar {
            Some(bar) if !bar.is_hidden() => {
                bar.println(text);
                Ok(())
            }
            Some(_) | None => writeln!(std::io::stdout(), "{text}").context("write to the terminal"),
        }
    }

    /// Where to look.
    pub(super) fn whereabouts(&self, at: &Whereabouts) -> anyhow::Result<()> {
        let Whereabouts { base, gateway, token, write_key, shopper, data } = at;
        self.line("")?;
        self.line(&format!("  dashboard   {base}/"))?;
        match token {
            Some(token) => self.line(&format!("  set-up      {token}  (once, to make the account)"))?,
            None => self.line("  set-up      done already in this data folder")?,
        }
        let signed_in = shopper.as_ref().map_or_else(String::new, |user| format!("&user={user}"));
        // In the fragment, the key never reaches a log.
        self.line(&format!("  demo phone  {base}/phone#key={write_key}{signed_in}"))?;
        self.line(&format!("  gateway     {gateway}/"))?;
        self.line(&format!("  data        {data}"))?;
        self.line("")
    }

    /// How far it is.
    pub(super) fn progress(&self, stage: &Stage, since: Millis, lasts: Option<Duration>) -> anyhow::Result<()> {
        let seconds = since.0 / 1_000;
        let sums = &stage.world.truth().sums;
        let tally = stage.tally();
        let of = lasts.map_or_else(String::new, |lasts| format!(" of {}", lasts.as_secs()));
        let text = format!(
            "{seconds}{of} s: {} came in, {} went out, {} frames, {} offers shown, {} purchases",
            sums.entered, sums.left, sums.frames, tally.shown, sums.purchases
        );
        match &self.bar {
            Some(bar) if !bar.is_hidden() => {
                bar.set_message(text);
                bar.tick();
                Ok(())
            }
            Some(_) | None if seconds % LINE_EVERY_S == 0 => self.line(&text),
            Some(_) | None => Ok(()),
        }
    }

    /// How it went.
    pub(super) fn summary(&self, report: &Report) -> anyhow::Result<()> {
        let metres = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |m| format!("{m:.2} m"));
        let percent = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |s| format!("{:.1} %", 100.0 * s));
        let seconds = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |s| format!("{s:.1} s"));
        let Report { positions, zones, footfall, decisions, deliveries, entry_to_delivery: delay, .. } = report;
        self.line(&format!(
            "positions   median {}, p95 {} over {} samples",
            metres(positions.median_m),
            metres(positions.p95_m),
            positions.samples
        ))?;
        self.line(&format!("zones       right for {} of the time", percent(zones.accuracy)))?;
        self.line(&format!(
            "footfall    {} in, {} out; counted {} in, {} out",
            footfall.truth.entered, footfall.truth.left, footfall.counted.entered, footfall.counted.left
        ))?;
        let silences: u64 = decisions.silences.values().sum();
        self.line(&format!(
            "decisions   {} offers, {} held back, {silences} silences",
            decisions.offers, decisions.held_back
        ))?;
        self.line(&format!(
            "deliveries  {} shown; {} by push taken and opened",
            deliveries.shown, deliveries.push_taken
        ))?;
        self.line(&format!(
            "from entering the zone to the offer: p50 {}, p95 {} over {}",
            seconds(delay.all.p50_s),
            seconds(delay.all.p95_s),
            delay.all.n
        ))
    }
}

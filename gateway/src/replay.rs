//! `attimo-gateway replay FILE`: a capture or a recording through this box's own pipeline, at the file's own times.
//!
//! It says what the box would have heard and sent. It sends nothing: a person who is replayed is not there.

mod source;
mod summary;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use model::time::{Millis, Timestamp};

use crate::config::Config;
use crate::now::Now;
use crate::pipeline::{Parcel, Pipeline};
use crate::radio::port::RawAdvertisement;
use source::Source;
use summary::{Summary, line};

/// The largest file that is read.
const BYTES_MAX: u64 = 1 << 30;

/// Runs a capture or a recording through this box's own pipeline, and says what it would have heard and sent.
///
/// FILE is a btsnoop capture (Android's btsnoop_hci.log, or btmon -w FILE) or what `record` wrote.
/// Nothing is sent and nothing is kept: a person who is replayed is not there. Addresses do not appear in what it prints.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attimo-gateway replay btsnoop_hci.log
  attimo-gateway replay --each recording.jsonl | head
  attimo-gateway replay --each --speed 1 recording.jsonl      # as fast as it happened

The prefix, the tags and the privacy mode are those of the configuration (--config).")]
pub struct Args {
    /// The capture or recording.
    pub file: PathBuf,
    /// How many times as fast as it happened; 0 does not wait at all.
    #[arg(long, default_value_t = 0.0, value_name = "TIMES")]
    pub speed: f64,
    /// Prints each sighting as a line of JSON before the summary.
    #[arg(long)]
    pub each: bool,
}

/// Why a replay did not come about.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("read {file}: {source}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is too large.
    #[error("{file} has {bytes} bytes: cut it into pieces of at most 1 GiB")]
    Large {
        /// Which.
        file: String,
        /// How many.
        bytes: u64,
    },
    /// It is neither a capture nor a recording.
    #[error("{file}: {source}")]
    Form {
        /// Which.
        file: String,
        /// What is wrong.
        source: source::Error,
    },
    /// What it says can't be printed.
    #[error("print: {0}")]
    Print(#[from] std::io::Error),
}

/// The command.
pub fn run(args: &Args, config: &Path) -> ExitCode {
    let refuse = |cause: &dyn std::fmt::Display, code| {
        let _ = writeln!(std::io::stderr(), "attimo-gateway: {cause}");
        ExitCode::from(code)
    };
    if !(0.0..=1_000_000.0).contains(&args.speed) {
        return refuse(
            &"--speed: write 0, for no waiting, or how many times as fast as it happened",
            runtime::exit::CONFIG,
        );
    }
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(cause) => return refuse(&cause, runtime::exit::CONFIG),
    };
    match print(args, &config, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Print(cause)) if cause.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(cause) => refuse(&cause, runtime::exit::UNAVAILABLE),
    }
}

/// Replays, and prints what comes of it.
///
/// # Errors
/// [`Error`] when the file can't be used or nobody reads on.
pub fn print(args: &Args, config: &Config, out: &mut dyn Write) -> Result<(), Error> {
    let file = args.file.display().to_string();
    let read = |source| Error::Read { file: file.clone(), source };
    let bytes = std::fs::metadata(&args.file).map_err(read)?.len();
    if bytes > BYTES_MAX {
        return Err(Error::Large { file, bytes });
    }
    let bytes = std::fs::read(&args.file).map_err(read)?;
    let mut source = Source::open(&bytes).map_err(|source| Error::Form { file: file.clone(), source })?;
    let mut replay = Replay::new(config);
    while let Some(raw) = source.next() {
        if args.speed > 0.0 {
            std::thread::sleep(replay.wait(raw.time, args.speed));
        }
        replay.advertisement(&raw);
        replay.tell(args.each, out)?;
    }
    replay.finish();
    replay.tell(args.each, out)?;
    replay.summary.source(&source);
    let text = replay.summary.text(&file, &replay.pipeline);
    writeln!(out, "{text}")?;
    Ok(())
}

/// A pipeline whose clocks are those of the file.
struct Replay {
    pipeline: Pipeline,
    summary: Summary,
    start: Option<Timestamp>,
    now: Millis,
}

impl Replay {
    fn new(config: &Config) -> Self {
        // The clocks are set by the first advertisement; until then nothing can be due.
        let start = Now::new(Timestamp(0), Millis(0));
        let pipeline = Pipeline::new(config, None, rand::random, start);
        Self { pipeline, summary: Summary::default(), start: None, now: Millis(0) }
    }

    /// How long to wait until the next one, at so many times the pace at which it happened.
    fn wait(&self, time: Timestamp, speed: f64) -> Duration {
        let ahead = self.start.map_or(0, |start| (time.since(start).0 - self.now.0).clamp(0, 3_600_000));
        Duration::from_millis(u64::try_from(ahead).unwrap_or(0)).div_f64(speed)
    }

    fn advertisement(&mut self, raw: &RawAdvertisement) {
        let start = *self.start.get_or_insert(raw.time);
        // A clock that was set back while the file was made: the pipeline's monotonic one stands still meanwhile.
        let until = Millis(raw.time.since(start).0.max(self.now.0));
        while let Some(due) = self.pipeline.poll_timeout().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.pipeline.handle_timeout(self.at(self.now));
        }
        self.now = until;
        self.summary.heard(raw);
        self.pipeline.advertisement(raw, self.at(until));
    }

    fn finish(&mut self) {
        self.pipeline.finish(self.at(self.now));
    }

    fn at(&self, monotonic: Millis) -> Now {
        let start = self.start.unwrap_or(Timestamp(0));
        Now::new(start + monotonic, monotonic)
    }

    /// Takes out what would go to the server.
    fn tell(&mut self, each: bool, out: &mut dyn Write) -> Result<(), Error> {
        while let Some(parcel) = self.pipeline.poll_parcel() {
            let (sightings, readings) = match parcel {
                Parcel::Durable { sightings, readings, .. } => (sightings, Some(readings.len())),
                Parcel::Volatile { sightings } => (sightings, None),
            };
            self.summary.parcel(&sightings, readings);
            if each {
                for sighting in &sightings {
                    writeln!(out, "{}", line(sighting))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

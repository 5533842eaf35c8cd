//! `attimo-gateway record`: raw advertisements into a file, for a short time and for a reason. A diagnostic, never a habit.
//!
//! It is the one place where addresses reach a disk. So it must be asked for by hand, with a reason that is logged,
//! ends by itself, and leaves a file that nobody else may read and that says what it holds.

pub mod form;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use runtime::clock::{Clock, SystemClock};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::radio;
use crate::radio::state::State;
use form::Header;

/// The longest recording.
const SPAN_MAX: Duration = Duration::from_secs(3_600);
/// The largest file.
const BYTES_MAX: u64 = 256 << 20;
/// The longest reason.
const WHY_MAX: usize = 200;
/// Advertisements that are written at once.
const AT_ONCE: usize = 256;

/// Records what this box's own radio hears, raw, for a short time and a stated reason.
///
/// THE FILE HOLDS RADIO ADDRESSES OF EVERYBODY IN RANGE. Nobody else can read it; delete it when it has served.
/// The reason is logged and stands in the file. The gateway may run meanwhile: BlueZ tells both.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  attimo-gateway record --for 60s --why \"ticket 812: the door receiver hears nobody\" door.jsonl
  attimo-gateway replay door.jsonl

The radio is the one of the configuration (--config). It ends after the time, on SIGINT, or at 256 MiB.")]
pub struct Args {
    /// For how long: 30s, 5m; at most 1h.
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    pub span: Duration,
    /// Why; 200 characters at most.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub why: String,
    /// A new file; one that is there is not overwritten.
    pub file: PathBuf,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Advertisements in the file.
    pub adverts: u64,
    /// Advertisements that were dropped before they could be written.
    pub dropped: u64,
    /// Whether the file became too large and it ended early.
    pub full: bool,
    /// How the radio fared at the end.
    pub radio: State,
}

fn span(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("write a number and s, m or h, such as 60s".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write a number and s, m or h, such as 60s".to_owned())?;
    let span = Duration::from_secs(number.saturating_mul(seconds));
    match span {
        Duration::ZERO => Err("record for at least 1s".to_owned()),
        span if span > SPAN_MAX => Err("a recording of people's addresses lasts at most 1h".to_owned()),
        span => Ok(span),
    }
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("say why; it is logged and stands in the file".to_owned());
    }
    if text.chars().count() > WHY_MAX || text.chars().any(char::is_control) {
        return Err("one line of at most 200 characters".to_owned());
    }
    Ok(text.to_owned())
}

/// The command.
pub fn run(args: &Args, config: &Path) -> ExitCode {
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(cause) => return refuse(&cause, runtime::exit::CONFIG),
    };
    runtime::telemetry::init(config.log.format, &config.log.filter);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return refuse(&format!("start the runtime: {cause}"), runtime::exit::UNAVAILABLE),
    };
    let done = runtime.block_on(async { record(args, &config, &runtime::shutdown::token()).await });
    match done {
        Ok(done) => {
            let file = args.file.display().to_string();
            let value =
                json!({ "file": file, "advertisements": done.adverts, "dropped": done.dropped, "full": done.full });
            let _ = writeln!(std::io::stdout(), "{value}");
            match done.radio {
                State::Silent { reason } if done.adverts == 0 => refuse(&reason, runtime::exit::UNAVAILABLE),
                State::Off | State::Starting | State::Hearing | State::Quiet { .. } | State::Silent { .. } => {
                    ExitCode::SUCCESS
                }
            }
        }
        Err(cause) => refuse(&format!("{cause:#}"), runtime::exit::UNAVAILABLE),
    }
}

/// Records until the time is over, the file is full, or it is stopped.
///
/// # Errors
/// When there is no radio in the configuration or the file can't be made or written.
pub async fn record(args: &Args, config: &Config, stop: &CancellationToken) -> anyhow::Result<Recorded> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let stop = stop.child_token();
    let (state, radio_state) = watch::channel(State::Off);
    let mut tasks = JoinSet::new();
    let Some(queue) = radio::start(&config.radio, clock.clone(), state, &stop, &mut tasks) else {
        anyhow::bail!("this box has no radio of its own: write radio.source = \"bluez\"");
    };
    let header = Header::new(config.gateway.id.as_str(), &args.why, clock.now(), args.span.as_secs());
    let mut out = Output::create(&args.file, &header)?;
    let file = args.file.display().to_string();
    let seconds = args.span.as_secs();
    tracing::warn!(file, seconds, why = args.why, "a raw recording begins: it holds addresses of everybody in range");
    let until = tokio::time::sleep(args.span);
    tokio::pin!(until);
    while out.bytes < BYTES_MAX {
        tokio::select! {
            () = &mut until => break,
            () = stop.cancelled() => break,
            some = queue.receive(AT_ONCE) => some.iter().try_for_each(|raw| out.line(&form::write(raw)))?,
        }
    }
    let radio = radio_state.borrow().clone();
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    // What was heard in time and still waits.
    let full = out.bytes >= BYTES_MAX;
    let left = if full { 0 } else { usize::MAX };
    queue.take(left).iter().try_for_each(|raw| out.line(&form::write(raw)))?;
    let dropped = queue.heard().values().map(|heard| heard.dropped).sum::<u64>() + queue.len() as u64;
    let done = Recorded { adverts: out.lines.saturating_sub(1), dropped, full, radio };
    out.file.flush()?;
    tracing::warn!(file, adverts = done.adverts, "the raw recording has ended: delete it when it has served");
    Ok(done)
}

/// A file that nobody else may read.
struct Output {
    file: BufWriter<File>,
    lines: u64,
    bytes: u64,
}

impl Output {
    fn create(path: &Path, header: &Header) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|cause| anyhow::anyhow!("make {}: {cause}", path.display()))?;
        let mut out = Self { file: BufWriter::new(file), lines: 0, bytes: 0 };
        out.line(&serde_json::to_string(header)?)?;
        Ok(out)
    }

    fn line(&mut self, line: &str) -> std::io::Result<()> {
        self.lines += 1;
        self.bytes += line.len() as u64 + 1;
        self.file.write_all(line.as_bytes())?;
        self.file.write_all(b"\n")
    }
}

fn refuse(cause: &dyn std::fmt::Display, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "attimo-gateway: {cause}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_short_and_has_a_reason() {
        assert_eq!(span("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(span("1h"), Ok(SPAN_MAX));
        for wrong in ["0s", "61m", "3601s", "60", "s", "-1s", "1d", "99999999999999999999h", "18446744073709551615h"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
        assert_eq!(reason(" the door "), Ok("the door".to_owned()));
        for wrong in ["", "  ", "two\nlines", &"x".repeat(201)] {
            assert!(reason(wrong).is_err(), "{wrong:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_file_and_none_is_overwritten() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        let header = Header::new("gw-1", "a test", model::time::Timestamp(0), 1);
        let mut out = Output::create(&path, &header).expect("a file");
        out.file.flush().expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(Output::create(&path, &header).is_err());
        let text = std::fs::read_to_string(&path).expect("text");
        assert_eq!(Header::parse(text.trim()), Ok(header));
    }

    #[tokio::test]
    async fn without_a_radio_nothing_is_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::parse(crate::config::TEMPLATE, "template").expect("right");
        let file = folder.path().join("a.jsonl");
        let args = Args { span: Duration::from_secs(1), why: "a test".into(), file: file.clone() };
        let refused = record(&args, &config, &CancellationToken::new()).await.expect_err("no radio");
        assert!(refused.to_string().contains("radio.source"), "{refused}");
        assert!(!file.exists());
    }
}

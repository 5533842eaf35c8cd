//! `attimo-gateway`: the command line of the edge box.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use gateway::config::{Config, TEMPLATE};
use gateway::enrol::identity::Kept;
use gateway::{diag, doctor, enrol, settings};
use runtime::clock::{Clock as _, SystemClock};

/// The edge box of a shop: hears receivers, sensors and its own radio, keeps what counts, and sends it up.
///
/// What it hears goes to the server over MQTT, and stays on disk until the server has said that it is kept.
/// Addresses of phones never leave this box.
#[derive(Debug, Parser)]
#[command(name = "attimo-gateway", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The configuration file.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        default_value = "/etc/attimo/gateway.toml",
        env = "ATTIMO_GATEWAY_CONFIG"
    )]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gateway; this is what happens without a command as well.
    Run,
    /// Gets this box a certificate of its server, for a one-time token; from then on it needs no password.
    Enrol {
        /// The server, as in a browser.
        #[arg(long, value_name = "URL")]
        server: String,
        /// What `attimo-server gateway token ID` printed.
        #[arg(long, value_name = "TOKEN", env = "ATTIMO_GATEWAY_TOKEN", hide_env_values = true)]
        token: String,
    },
    /// Looks at everything that the box needs, and says what is wrong and what to do.
    Doctor(doctor::Options),
    /// Writes one file for who helps: configuration, health, metrics, log; without secrets and without people.
    Diag(diag::Options),
    /// Writes or checks a configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    Decode(gateway::decode::Args),
    Replay(gateway::replay::Args),
    Record(gateway::record::Args),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Prints a configuration with every key and what it means.
    Template,
    /// Reads the configuration and says what is wrong with it; starts nothing.
    Check,
}

const EXAMPLES: &str = "\
Examples:
  attimo-gateway config template > gateway.toml
  attimo-gateway config check --config gateway.toml
  attimo-gateway enrol --server http://shop-server:8080 --token TOKEN
  attimo-gateway doctor
  attimo-gateway diag --out for-support.tar
  attimo-gateway --config gateway.toml

When it is up it prints one line, `ready status=ADDRESS:PORT`: there are a status page, /healthz and /metrics.
Every key can also be set by the environment, such as ATTIMO_GATEWAY__UPLINK__PASSWORD.
It ends in order on SIGTERM and SIGINT. Exit codes: 0 well, 1 the doctor found something wrong, 64 wrong configuration, 69 something is missing.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None | Some(Command::Run) => run(&cli.config),
        Some(Command::Decode(args)) => gateway::decode::run(&args, &cli.config),
        Some(Command::Replay(args)) => gateway::replay::run(&args, &cli.config),
        Some(Command::Record(args)) => gateway::record::run(&args, &cli.config),
        Some(Command::Enrol { server, token }) => enrol(&cli.config, &server, &token),
        Some(Command::Doctor(options)) => examine(&cli.config, options),
        Some(Command::Diag(options)) => bundle(&cli.config, &options),
        Some(Command::Config { command: ConfigCommand::Template }) => say(TEMPLATE),
        Some(Command::Config { command: ConfigCommand::Check }) => match Config::load(&cli.config) {
            Ok(_) => say(&format!("{}: all is well\n", cli.config.display())),
            Err(cause) => refuse(&cause),
        },
    }
}

fn run(path: &Path) -> ExitCode {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(cause) => return refuse(&cause),
    };
    runtime::telemetry::init(config.log.format, &config.log.filter);
    match serve(path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            tracing::error!("{cause:#}");
            ExitCode::from(runtime::exit::UNAVAILABLE)
        }
    }
}

fn serve(path: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let stop = runtime::shutdown::token();
        let ready = |status| {
            say(&format!("ready status={status}\n"));
            tracing::info!(%status, "the gateway is up");
        };
        settings::run(path, Arc::new(SystemClock::new()), &stop, ready).await
    })
}

fn enrol(path: &Path, server: &str, token: &str) -> ExitCode {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(cause) => return refuse(&cause),
    };
    let kept = Kept::new(&config.gateway.data_dir);
    match block_on(enrol::enrol(&config.gateway.id, &kept, server, token)) {
        Ok(Ok(enrolment)) => say(&format!(
            "gateway {} is enrolled at {}; start it, or restart it: systemctl restart attimo-gateway\n",
            config.gateway.id, enrolment.server
        )),
        Ok(Err(cause)) => fail(&anyhow::Error::new(cause)),
        Err(cause) => fail(&cause),
    }
}

fn examine(path: &Path, options: doctor::Options) -> ExitCode {
    let config = match settings::as_it_runs(path) {
        Ok(config) => config,
        Err(cause) => return refuse(&cause),
    };
    let report = match block_on(doctor::examine(&config, SystemClock::new().now())) {
        Ok(report) => report,
        Err(cause) => return fail(&cause),
    };
    let text = if options.json {
        serde_json::to_string_pretty(&report).map_or_else(|_| report.text(), |text| text + "\n")
    } else {
        report.text()
    };
    let said = say(&text);
    if report.well { said } else { ExitCode::FAILURE }
}

fn bundle(path: &Path, options: &diag::Options) -> ExitCode {
    let config = match settings::as_it_runs(path) {
        Ok(config) => config,
        Err(cause) => return refuse(&cause),
    };
    match block_on(diag::bundle(options, path, &config, SystemClock::new().now())) {
        Ok(Ok(names)) => say(&format!("{}: {}\n", options.out.display(), names.join(", "))),
        Ok(Err(cause)) => fail(&anyhow::Error::new(cause)),
        Err(cause) => fail(&cause),
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    Ok(runtime.block_on(work))
}

fn fail(cause: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "attimo-gateway: {cause:#}");
    ExitCode::from(runtime::exit::UNAVAILABLE)
}

fn refuse(cause: &dyn std::fmt::Display) -> ExitCode {
    // Without a log, because that is configured as well.
    let _ = writeln!(std::io::stderr(), "attimo-gateway: {cause}");
    ExitCode::from(runtime::exit::CONFIG)
}

fn say(text: &str) -> ExitCode {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever was reading is gone.
        Err(_) => ExitCode::FAILURE,
    }
}

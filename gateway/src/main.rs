//! `attimo-gateway`: the command line of the edge box.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use gateway::config::{Config, TEMPLATE};
use runtime::clock::SystemClock;

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
  attimo-gateway --config gateway.toml

When it is up it prints one line, `ready status=ADDRESS:PORT`: there are a status page, /healthz and /metrics.
Every key can also be set by the environment, such as ATTIMO_GATEWAY__UPLINK__PASSWORD.
It ends in order on SIGTERM and SIGINT. Exit codes: 0 well, 64 wrong configuration, 69 something is missing.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None | Some(Command::Run) => run(&cli.config),
        Some(Command::Decode(args)) => gateway::decode::run(&args, &cli.config),
        Some(Command::Replay(args)) => gateway::replay::run(&args, &cli.config),
        Some(Command::Record(args)) => gateway::record::run(&args, &cli.config),
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
    match serve(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            tracing::error!("{cause:#}");
            ExitCode::from(runtime::exit::UNAVAILABLE)
        }
    }
}

fn serve(config: &Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let stop = runtime::shutdown::token();
        let running = gateway::run::start(config, Arc::new(SystemClock::new()), &stop).await?;
        say(&format!("ready status={}\n", running.status));
        tracing::info!(gateway = %config.gateway.id, status = %running.status, "the gateway is up");
        running.join(&stop).await
    })
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

//! The command line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use firmware_sim::api::Api;
use firmware_sim::fleet::Broker;
use firmware_sim::replay::{self, Replay, Server};
use runtime::telemetry::Format;

/// The exit code of a run that failed.
const FAILED: u8 = 1;

/// A whole shop in software.
#[derive(Debug, Parser)]
#[command(name = "attimo-sim", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays a recording as ESPresense messages, and asks a server for positions if one is named.
    Replay(ReplayArgs),
    /// Writes shop.toml and floor.geojson for a recording, for `attimo-server apply`.
    ShopFrom(ShopFromArgs),
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// The recording: a folder with rssi.csv (track,t,rx,rssi), and receivers.csv and zones.csv beside it.
    folder: PathBuf,
    /// The broker that the gateway listens to.
    #[arg(long, default_value = "mqtt://127.0.0.1:1883")]
    broker: String,
    /// The user at the broker.
    #[arg(long)]
    username: Option<String>,
    /// The password at the broker; better given by the environment.
    #[arg(long, env = "ATTIMO_SIM_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// How many times faster than it was recorded; only 1 gives true positions.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// The server to ask for positions, such as http://127.0.0.1:8080.
    #[arg(long, requires = "api_key")]
    server: Option<String>,
    /// Its API key; better given by the environment.
    #[arg(long, env = "ATTIMO_SIM_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// The store that was made by `shop-from`.
    #[arg(long, default_value = "replay")]
    store: String,
    /// Where the server's answers go, as sample_id,x,y,zone.
    #[arg(long, requires = "server")]
    out: Option<PathBuf>,
    /// Draws no progress bar.
    #[arg(long)]
    headless: bool,
}

#[derive(Debug, Args)]
struct ShopFromArgs {
    /// The recording: a folder with rssi.csv, and receivers.csv and zones.csv beside it.
    folder: PathBuf,
    /// Where both files go.
    #[arg(long)]
    out: PathBuf,
    /// The store's id.
    #[arg(long, default_value = "replay")]
    store: String,
}

/// Reads the command line and does it.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    runtime::telemetry::init(Format::Text, "warn");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.context("start the runtime").and_then(|runtime| runtime.block_on(carry_out(cli.command)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed terminal is no reason to fail twice.
            let _ = writeln!(std::io::stderr(), "attimo-sim: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

async fn carry_out(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Replay(args) => play(args).await,
        Command::ShopFrom(args) => {
            let shop = replay::write_shop(&args.folder, &args.out, &args.store)?;
            let (receivers, zones, tags) = (shop.receivers.len(), shop.zones().count(), shop.tags.len());
            say(&format!("{}: {receivers} receivers, {zones} zones, {tags} tags", args.out.display()))
        }
    }
}

async fn play(args: ReplayArgs) -> anyhow::Result<()> {
    let server = match (&args.server, &args.api_key) {
        (Some(base), Some(key)) => Some(Server { api: Api::new(base, "", key)?, store: args.store }),
        (Some(_) | None, _) => None,
    };
    let broker = Broker { url: args.broker, username: args.username, password: args.password };
    let (folder, out) = (args.folder, args.out);
    let replay = Replay { folder, broker, speed: args.speed, server, out, progress: !args.headless };
    let played = replay.run(&runtime::shutdown::token()).await?;
    say(&format!(
        "played {} tracks, {} messages; {} of {} queries answered",
        played.tracks, played.messages, played.answered, played.queries
    ))
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("write to the terminal")
}

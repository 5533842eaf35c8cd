//! The command line.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use firmware_sim::api::Api;
use firmware_sim::demo::Demo;
use firmware_sim::fleet::Broker;
use firmware_sim::replay::{self, Replay, Server};
use firmware_sim::scenario::Files;
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
    /// Runs the demo shop: starts server and gateway beside this program, and a world around them.
    Demo(DemoArgs),
    /// Plays a recording as ESPresense messages, and asks a server for positions if one is named.
    Replay(ReplayArgs),
    /// Writes shop.toml and floor.geojson for a recording, for `attimo-server apply`.
    ShopFrom(ShopFromArgs),
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// The shop and its people: demo, or crowd with 200 people among metal shelves.
    #[arg(long, default_value = "demo", value_name = "NAME", value_parser = read_scenario)]
    scenario: Files,
    /// How long it runs, such as 120s or 5m; until Ctrl-C if left out.
    #[arg(long = "for", value_name = "TIME", value_parser = read_duration)]
    lasts: Option<Duration>,
    /// Plain lines instead of a bar, and no browser.
    #[arg(long)]
    headless: bool,
    /// The seed of the world: the same seed, the same people and the same walks.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Writes the figures, against ground truth, to this file.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Keeps everything in this folder; a temporary one that is removed if left out.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the page is served; port 8080 of this machine, or any free one, if left out.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
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
        Command::Demo(args) => {
            let DemoArgs { scenario, lasts, headless, seed, report, data, listen } = args;
            Demo { scenario, lasts, headless, seed, report, data, listen }.run(&runtime::shutdown::token()).await
        }
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

/// Finds a scenario by its name.
fn read_scenario(name: &str) -> Result<Files, String> {
    Files::named(name).ok_or_else(|| format!("{name:?} is no scenario; there are demo and crowd"))
}

/// Reads `120s`, `5m`, `1h` or a number of seconds.
fn read_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time; write 120s, 5m or 1h");
    let (number, unit) = match text.char_indices().last() {
        Some((end, 's')) => (&text[..end], 1),
        Some((end, 'm')) => (&text[..end], 60),
        Some((end, 'h')) => (&text[..end], 3_600),
        Some(_) | None => (text, 1),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|s| (1..=31_536_000).contains(s)).map(Duration::from_secs).ok_or_else(wrong)
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("write to the terminal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(read_duration(text).ok(), expect.map(Duration::from_secs), "{text}");
        };
        check("120s", Some(120));
        check("5m", Some(300));
        check("1h", Some(3_600));
        check("90", Some(90));
        check("0s", None);
        check("soon", None);
        check("", None);
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}

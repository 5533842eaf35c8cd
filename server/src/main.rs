//! `attimo-server`: the command line of the server.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use model::ids::GatewayId;
use runtime::clock::{Clock as _, SystemClock};
use server::config::{Config, TEMPLATE};
use server::store::{KeyKind, Role, Store};
use server::{apply, doctor, evaluate, export, fleet, import, keys, replay, serve, survey};

/// Locates who consents, decides whether to make an offer, delivers it, and measures what became of it.
#[derive(Debug, Parser)]
#[command(name = "attimo-server", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The configuration file.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        default_value = "/etc/attimo/server.toml",
        env = "ATTIMO_SERVER_CONFIG"
    )]
    config: PathBuf,
    /// The database, in place of the file's: sqlite:PATH or postgres://USER@HOST/NAME.
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server; this is what happens without a command as well.
    Run,
    /// Takes over a shop's files, shop.toml and floor.geojson; a running server notices by itself.
    Apply {
        /// The folder that holds both files.
        folder: PathBuf,
        /// Only says what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Takes over what was heard on a walk through a shop, to place its people better; a running server notices by itself.
    Survey(survey::Options),
    /// Makes keys for the APIs.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Makes log-ins for the broker inside the server.
    BrokerUser {
        #[command(subcommand)]
        command: BrokerUserCommand,
    },
    /// Lets gateways in by one-time tokens, and throws them out.
    Gateway {
        #[command(subcommand)]
        command: fleet::Command,
    },
    /// Says how exact a shop is, zone by zone, and what would help.
    Doctor {
        #[command(subcommand)]
        command: doctor::Command,
    },
    /// Says how right positions are on recordings; needs neither configuration nor database.
    Evaluate {
        #[command(subcommand)]
        command: evaluate::Command,
    },
    /// Plays what came in again, through the same policy or another: who would have got what, and what limits would have said.
    Replay(replay::Options),
    /// Takes orders or events of other systems from a table, into the running server.
    Import {
        #[command(subcommand)]
        command: import::Command,
    },
    /// Writes the log of decisions for other tools: NDJSON, Parquet, or the form of the Open Bandit data.
    Export {
        #[command(subcommand)]
        command: export::Command,
    },
    /// Writes or checks a configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Makes a key and shows it, once; a key of the same kind and name stops working.
    Create {
        /// What it opens.
        #[arg(long)]
        kind: Kind,
        /// What to call it.
        name: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// The back office.
    Api,
    /// The intake of events, for apps and shop systems.
    Write,
}

#[derive(Debug, Subcommand)]
enum BrokerUserCommand {
    /// Makes a log-in and shows its password, once; the old password of the same name stops working.
    Add {
        /// What it may do.
        #[arg(long)]
        role: BrokerRole,
        /// Its name; for a gateway its id.
        name: GatewayId,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BrokerRole {
    /// An edge box: speaks under its own name, hears receivers and sensors.
    Gateway,
    /// A receiver or sensor: speaks in its maker's form, hears nothing.
    Receiver,
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
  attimo-server config template > server.toml
  attimo-server doctor plan shop/
  attimo-server evaluate positions --plan tetam --part tetam/dev --config plan --out answers.csv
  attimo-server apply shop/ --config server.toml
  attimo-server replay --from 2026-03-11T08:00:00Z --to 2026-03-11T20:00:00Z --policy candidate.toml --config server.toml
  attimo-server survey walk.csv --store rome-1 --config server.toml
  attimo-server gateway token shop-1 --config server.toml
  attimo-server gateway revoke shop-1 --config server.toml
  attimo-server broker-user add --role gateway shop-1 --config server.toml
  attimo-server key create --kind write my-app --config server.toml
  attimo-server import orders orders.csv --store rome-1 --config server.toml
  attimo-server --config server.toml

When it is up it prints one line, `ready http=ADDRESS:PORT mqtt=ADDRESS:PORT`.
Until there is an account it also prints a one-time set-up token at each start.
Every key can also be set by the environment, such as ATTIMO_SERVER__SERVER__LISTEN.
It ends in order on SIGTERM and SIGINT. Exit codes: 0 well, 64 wrong configuration or files, 69 something is missing.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Command::Config { command: ConfigCommand::Template }) = cli.command {
        return say(TEMPLATE);
    }
    if let Some(Command::Evaluate { command }) = &cli.command {
        return evaluated(command);
    }
    if let Some(Command::Doctor { command: doctor::Command::Plan(doctor::Plan { folder: Some(folder), json, .. }) }) =
        &cli.command
    {
        // A plan alone needs no configuration: nothing is installed yet.
        return match doctor::folder(folder, *json, doctor::Paint::of_stdout()) {
            Ok(text) => say(&text),
            Err(cause) => fail(&cause, runtime::exit::CONFIG),
        };
    }
    let config = match Config::load(&cli.config) {
        Ok(config) => config,
        Err(cause) => return fail(&cause, runtime::exit::CONFIG),
    };
    let database_url = config.database_url(cli.database_url);
    match cli.command {
        None | Some(Command::Run) => run(config, &database_url),
        Some(Command::Gateway { command }) => once(gateways(&config, &database_url, &command)),
        Some(Command::Doctor { command }) => once(examine(&config, &database_url, &command)),
        Some(Command::Evaluate { command }) => evaluated(&command),
        Some(Command::Config { command: ConfigCommand::Template | ConfigCommand::Check }) => {
            say(&format!("{}: all is well\n", cli.config.display()))
        }
        Some(Command::Apply { folder, dry_run }) => once(apply_shop(&config, &database_url, &folder, dry_run)),
        Some(Command::Export { command: export::Command::Decisions(options) }) => {
            once(export_decisions(&config, &database_url, &options))
        }
        Some(Command::Replay(options)) => once(play_again(&config, &database_url, &options)),
        Some(Command::Survey(options)) => once(take_survey(&config, &database_url, &options)),
        Some(Command::Import { command }) => once(take_table(&config, &database_url, &command)),
        Some(Command::Key { command: KeyCommand::Create { kind, name } }) => {
            once(create_key(&config, &database_url, kind, &name))
        }
        Some(Command::BrokerUser { command: BrokerUserCommand::Add { role, name } }) => {
            once(create_broker_user(&config, &database_url, role, &name))
        }
    }
}

fn evaluated(command: &evaluate::Command) -> ExitCode {
    match evaluate::run(command) {
        Ok(text) => say(&text),
        Err(cause) => fail(&format_args!("{cause:#}"), runtime::exit::CONFIG),
    }
}

fn run(config: Config, database_url: &str) -> ExitCode {
    runtime::telemetry::init(config.log.format, config.log_filter());
    runtime::telemetry::install_metrics();
    let served = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")
        .and_then(|runtime| runtime.block_on(serve_until_told(config, database_url)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            tracing::error!("{cause:#}");
            ExitCode::from(runtime::exit::UNAVAILABLE)
        }
    }
}

async fn serve_until_told(config: Config, database_url: &str) -> anyhow::Result<()> {
    let stop = runtime::shutdown::token();
    let public = config.server.public_url.clone();
    let running = serve::start(config, database_url, Arc::new(SystemClock::new()), &stop).await?;
    if let Some(token) = &running.setup_token {
        let page = public.unwrap_or_else(|| format!("http://{}", running.http));
        tracing::info!("no account yet: open {page} and enter the set-up token {token}");
        say(&format!("setup token={token}\n"));
    }
    let mqtt = running.mqtt.map_or_else(|| "none".to_owned(), |address| address.to_string());
    let mqtts = running.mqtts.map_or_else(String::new, |address| format!(" mqtts={address}"));
    say(&format!("ready http={} mqtt={mqtt}{mqtts}\n", running.http));
    running.join(&stop).await
}

async fn apply_shop(config: &Config, database_url: &str, folder: &Path, dry_run: bool) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let report = apply::apply(folder, &store, dry_run, SystemClock::new().now()).await.map_err(|cause| {
        let code = match &cause {
            apply::Error::Read { .. } | apply::Error::Invalid(_) => runtime::exit::CONFIG,
            apply::Error::Store(_) => runtime::exit::UNAVAILABLE,
        };
        Failure { cause: cause.into(), code }
    })?;
    store.close().await;
    let note = if dry_run && !report.changes.is_empty() { "dry run: nothing was kept\n" } else { "" };
    Ok(format!("{report}{note}"))
}

async fn gateways(config: &Config, database_url: &str, command: &fleet::Command) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let answer = fleet::run(command, &store, SystemClock::new().now()).await.map_err(|cause| {
        let code = match &cause {
            fleet::Error::Unknown { .. } | fleet::Error::Settings { .. } | fleet::Error::Refused(_) => {
                runtime::exit::CONFIG
            }
            fleet::Error::Authority(_) | fleet::Error::Store(_) => runtime::exit::UNAVAILABLE,
        };
        Failure { cause: cause.into(), code }
    });
    store.close().await;
    answer
}

async fn examine(config: &Config, database_url: &str, command: &doctor::Command) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let now = SystemClock::new().now();
    let answer = doctor::answer(command, &store, now, doctor::Paint::of_stdout()).await.map_err(|cause| {
        let code = match &cause {
            doctor::Error::Files(_) | doctor::Error::WhichShop { .. } | doctor::Error::Applied { .. } => {
                runtime::exit::CONFIG
            }
            doctor::Error::Store(_) => runtime::exit::UNAVAILABLE,
        };
        Failure { cause: cause.into(), code }
    });
    store.close().await;
    answer
}

async fn take_survey(config: &Config, database_url: &str, options: &survey::Options) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let answer = survey::run(options, &store, SystemClock::new().now()).await.map_err(|cause| {
        let code = match &cause {
            survey::Error::Store(_) | survey::Error::Shop(doctor::Error::Store(_)) => runtime::exit::UNAVAILABLE,
            survey::Error::Read { .. } | survey::Error::Invalid(_) | survey::Error::Shop(_) => runtime::exit::CONFIG,
        };
        Failure { cause: cause.into(), code }
    });
    store.close().await;
    answer
}

async fn play_again(config: &Config, database_url: &str, options: &replay::Options) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let secret = serve::server_secret(&store).await.context("read the server's secret")?;
    let answer = replay::run(options, &store, &secret).await.map_err(|cause| {
        let code = match &cause {
            replay::Error::Store(_) => runtime::exit::UNAVAILABLE,
            replay::Error::File { .. }
            | replay::Error::Policy { .. }
            | replay::Error::Order
            | replay::Error::TooOld { .. }
            | replay::Error::Nothing => runtime::exit::CONFIG,
        };
        Failure { cause: cause.into(), code }
    });
    store.close().await;
    answer
}

async fn take_table(config: &Config, database_url: &str, command: &import::Command) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let answer = import::run(command, config, &store, SystemClock::new().now()).await.map_err(|cause| {
        let code = match &cause {
            import::Error::File { .. } | import::Error::NoTable { .. } | import::Error::Refused { .. } => {
                runtime::exit::CONFIG
            }
            import::Error::Store(_) | import::Error::Unreachable { .. } => runtime::exit::UNAVAILABLE,
        };
        Failure { cause: cause.into(), code }
    });
    store.close().await;
    answer
}

async fn export_decisions(config: &Config, database_url: &str, options: &export::Options) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let secret = serve::server_secret(&store).await.context("read the server's secret")?;
    let answer = export::run(options, &store, &secret, SystemClock::new().now()).await.map_err(|cause| {
        let code = match &cause {
            export::Error::Store(_) => runtime::exit::UNAVAILABLE,
            export::Error::File { .. }
            | export::Error::Table(_)
            | export::Error::Order
            | export::Error::Name { .. }
            | export::Error::TooMany => runtime::exit::CONFIG,
        };
        Failure { cause: cause.into(), code }
    });
    store.close().await;
    answer
}

async fn create_key(config: &Config, database_url: &str, kind: Kind, name: &str) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let kind = match kind {
        Kind::Api => KeyKind::Api,
        Kind::Write => KeyKind::Write,
    };
    let key = keys::create_key(&store, kind, name, SystemClock::new().now()).await.context("keep the key")?;
    let mut text = String::new();
    if kind == KeyKind::Write {
        let secret = serve::server_secret(&store).await.context("read the server's secret")?;
        let secret = keys::webhook_secret(&store, &secret, name).await.context("read the key")?;
        text += &format!("signing secret of /v1/webhooks/{name}, shown only now:\n  {secret}\n");
    }
    // Last, because scripts take the last word.
    text += &format!("{} key {name}, shown only now:\n  {key}\n", kind.name());
    store.close().await;
    Ok(text)
}

async fn create_broker_user(
    config: &Config,
    database_url: &str,
    role: BrokerRole,
    name: &GatewayId,
) -> Result<String, Failure> {
    let store = open(config, database_url).await?;
    let role = match role {
        BrokerRole::Gateway => Role::Gateway,
        BrokerRole::Receiver => Role::Receiver,
    };
    let now = SystemClock::new().now();
    let password = keys::create_broker_user(&store, role, name, now).await.context("keep the user")?;
    store.close().await;
    Ok(format!("broker user {name} ({}), password shown only now:\n  {password}\n", role.name()))
}

async fn open(config: &Config, database_url: &str) -> anyhow::Result<Store> {
    let folder = &config.server.data_dir;
    std::fs::create_dir_all(folder).with_context(|| format!("make the data folder {}", folder.display()))?;
    Store::open(database_url).await.context("open the database")
}

/// Why a command failed, and how that is told to the shell.
struct Failure {
    cause: anyhow::Error,
    code: u8,
}

impl From<anyhow::Error> for Failure {
    fn from(cause: anyhow::Error) -> Self {
        Self { cause, code: runtime::exit::UNAVAILABLE }
    }
}

/// Runs a command that ends by itself, and prints what it answers.
fn once(command: impl Future<Output = Result<String, Failure>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return fail(&cause, runtime::exit::UNAVAILABLE),
    };
    match runtime.block_on(command) {
        Ok(text) => say(&text),
        Err(failure) => fail(&format_args!("{:#}", failure.cause), failure.code),
    }
}

fn fail(cause: &dyn std::fmt::Display, code: u8) -> ExitCode {
    // Without a log, because that is configured as well.
    let _ = writeln!(std::io::stderr(), "attimo-server: {cause}");
    ExitCode::from(code)
}

fn say(text: &str) -> ExitCode {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever was reading is gone.
        Err(_) => ExitCode::FAILURE,
    }
}

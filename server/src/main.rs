//! `attimo-server`: runs what its command line says.

mod cli;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use cli::{BrokerRole, BrokerUserCommand, Cli, Command, ConfigCommand, KeyCommand, Kind};
use model::ids::GatewayId;
use runtime::clock::{Clock as _, SystemClock};
use server::config::{Config, TEMPLATE};
use server::store::{KeyKind, Role, Store};
use server::{apply, doctor, evaluate, export, fleet, import, keys, replay, serve, survey};

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

//! What `attimo-server` can be told on its command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use model::ids::GatewayId;
use server::{doctor, evaluate, export, fleet, import, replay, survey};

/// Locates who consents, decides whether to make an offer, delivers it, and measures what became of it.
#[derive(Debug, Parser)]
#[command(name = "attimo-server", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The configuration file.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        default_value = "/etc/attimo/server.toml",
        env = "ATTIMO_SERVER_CONFIG"
    )]
    pub(crate) config: PathBuf,
    /// The database, in place of the file's: sqlite:PATH or postgres://USER@HOST/NAME.
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
pub(crate) enum KeyCommand {
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
pub(crate) enum Kind {
    /// The back office.
    Api,
    /// The intake of events, for apps and shop systems.
    Write,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BrokerUserCommand {
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
pub(crate) enum BrokerRole {
    /// An edge box: speaks under its own name, hears receivers and sensors.
    Gateway,
    /// A receiver or sensor: speaks in its maker's form, hears nothing.
    Receiver,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
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

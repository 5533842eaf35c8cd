//! A whole shop's machinery for one story: server, gateway, broker and database, all real, in one temporary folder.

mod app;
mod config;
mod figures;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;

pub use app::{App, Consent, Phone};
pub use figures::{LOOK, PATIENCE};

use crate::postgres::Postgres;
use crate::process::{Running, output, program};
use crate::walker::Receivers;

/// Where the tables lie.
#[derive(Debug)]
pub enum Database {
    /// In a file of the house.
    Sqlite,
    /// In a PostgreSQL of its own.
    Postgres(Postgres),
}

/// A running house.
#[derive(Debug)]
pub struct House {
    folder: TempDir,
    database: Database,
    /// The server's process.
    pub server: Running,
    /// The gateway's process.
    pub gateway: Running,
    /// Where the server answers, `http://..`.
    pub http: String,
    /// Where its broker answers, `mqtt://..`.
    pub mqtt: String,
    /// Where the gateway's status page answers, `host:port`.
    pub gateway_status: String,
    /// A key for the back office.
    pub api_key: String,
    /// A key for the app's intake.
    pub write_key: String,
    receiver_password: String,
    /// What stands in the gateway's environment besides.
    gateway_environment: Vec<(String, String)>,
}

impl House {
    /// Builds the folder, applies the small shop, makes keys and users, and starts both programs.
    ///
    /// # Errors
    /// When a part does not start; the message holds its log.
    pub fn start(database: Database) -> anyhow::Result<Self> {
        Self::start_with(database, Vec::new())
    }

    /// The same with more in the gateway's environment.
    ///
    /// # Errors
    /// As [`House::start`].
    pub fn start_with(database: Database, gateway_environment: Vec<(String, String)>) -> anyhow::Result<Self> {
        Self::start_shop(database, gateway_environment, &crate::tree::root().join("tests/shops/small"))
    }

    /// The same with the shop of another folder.
    ///
    /// # Errors
    /// As [`House::start`].
    pub fn start_shop(
        database: Database,
        gateway_environment: Vec<(String, String)>,
        shop: &Path,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("attimo-house").tempdir()?;
        let at = folder.path();
        let (http_port, mqtt_port, tls_port) = (crate::free_port()?, crate::free_port()?, crate::free_port()?);
        config::write_server(at, http_port, mqtt_port, tls_port)?;
        let cli = |arguments: &[&str]| server_cli(at, &database, arguments);
        output(cli(&["apply"]).arg(shop)).context("apply the shop")?;
        let api_key = last_word(&output(&mut cli(&["key", "create", "--kind", "api", "story"]))?);
        let write_key = last_word(&output(&mut cli(&["key", "create", "--kind", "write", "story-app"]))?);
        let gateway_password = last_word(&output(&mut cli(&["broker-user", "add", "--role", "gateway", "edge-1"]))?);
        let receiver_password =
            last_word(&output(&mut cli(&["broker-user", "add", "--role", "receiver", "receivers"]))?);
        config::write_gateway(at, mqtt_port, &gateway_password)?;
        let mut server = start_server(at, &database)?;
        server.wait_ready()?;
        let mut gateway = start_gateway(at, &gateway_environment)?;
        let gateway_status =
            gateway.wait_ready()?.remove("status").context("the gateway says where its status page is")?;
        Ok(Self {
            gateway_status,
            http: format!("http://127.0.0.1:{http_port}"),
            mqtt: format!("mqtt://127.0.0.1:{mqtt_port}"),
            folder,
            database,
            server,
            gateway,
            api_key,
            write_key,
            receiver_password,
            gateway_environment,
        })
    }

    /// The folder of the house.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database's address.
    #[must_use]
    pub fn database_url(&self) -> String {
        match &self.database {
            Database::Sqlite => format!("sqlite:{}", self.folder.path().join("server/attimo.db").display()),
            Database::Postgres(postgres) => postgres.url(),
        }
    }

    /// The receivers of the shop.
    ///
    /// # Errors
    /// When the broker's address is wrong.
    pub fn receivers(&self) -> anyhow::Result<Receivers> {
        Receivers::connect(&self.mqtt, "receivers", &self.receiver_password)
    }

    /// The app of the shop, as a developer would write it.
    #[must_use]
    pub fn app(&self) -> App {
        App::new(&self.http, &self.write_key)
    }

    /// Asks the back office.
    ///
    /// # Errors
    /// When it does not answer with JSON.
    pub async fn api(&self, path: &str) -> anyhow::Result<serde_json::Value> {
        let answer =
            reqwest::Client::new().get(format!("{}{path}", self.http)).bearer_auth(&self.api_key).send().await?;
        anyhow::ensure!(answer.status().is_success(), "{path}: {} {}", answer.status(), answer.text().await?);
        Ok(answer.json().await?)
    }

    /// Waits until the gateway hears the shop: a ready one may still be subscribing.
    ///
    /// # Errors
    /// When it hears nothing.
    pub async fn wait_until_heard(&self) -> anyhow::Result<()> {
        let heard = async || Ok(self.gateway_metric("attimo_gateway_adverts_heard_total", "").await? > 0);
        self.until("the gateway hears something", heard).await
    }

    /// Runs a command of the server, beside the running one, and answers what it printed.
    ///
    /// # Errors
    /// When the command fails; the message holds what it said.
    pub fn server_cli(&self, arguments: &[&str]) -> anyhow::Result<String> {
        output(&mut server_cli(self.folder.path(), &self.database, arguments))
    }

    /// The same so many days later, by the library that shifts a program's clock.
    ///
    /// # Errors
    /// As [`House::server_cli`].
    pub fn server_cli_later(&self, days: u32, library: &Path, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = server_cli(self.folder.path(), &self.database, arguments);
        output(command.env("LD_PRELOAD", library).env("FAKETIME", format!("+{days}d")))
    }

    /// Runs `attimo-gateway enrol` on the box.
    ///
    /// # Errors
    /// When it is refused; the message holds what it said.
    pub fn enrol(&self, token: &str) -> anyhow::Result<String> {
        let mut command = Command::new(program("attimo-gateway"));
        command.args(["enrol", "--server", &self.http, "--token", token]);
        output(command.arg("--config").arg(self.folder.path().join("gateway.toml")))
    }

    /// Starts the gateway anew with no other way up than its certificate.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn go_up_by_certificate(&mut self) -> anyhow::Result<()> {
        config::forget_uplink(self.folder.path())?;
        self.kill_gateway()
    }

    /// Kills the server with SIGKILL and starts it again.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn kill_server(&mut self) -> anyhow::Result<()> {
        self.server.kill_9();
        self.server = start_server(self.folder.path(), &self.database)?;
        self.server.wait_ready().map(|_| ())
    }

    /// Kills the gateway with SIGKILL and starts it again.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn kill_gateway(&mut self) -> anyhow::Result<()> {
        self.gateway.kill_9();
        self.gateway = start_gateway(self.folder.path(), &self.gateway_environment)?;
        self.gateway_status =
            self.gateway.wait_ready()?.remove("status").context("the gateway says where its status page is")?;
        Ok(())
    }
}

fn server_cli(folder: &Path, database: &Database, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("attimo-server"));
    command.args(arguments).arg("--config").arg(folder.join("server.toml"));
    match database {
        Database::Sqlite => command.env_remove("DATABASE_URL"),
        Database::Postgres(postgres) => command.env("DATABASE_URL", postgres.url()),
    };
    command
}

fn start_server(folder: &Path, database: &Database) -> anyhow::Result<Running> {
    Running::start(&mut server_cli(folder, database, &["run"]), &log_of(folder, "server"))
}

fn start_gateway(folder: &Path, environment: &[(String, String)]) -> anyhow::Result<Running> {
    let mut command = Command::new(program("attimo-gateway"));
    command.arg("run").arg("--config").arg(folder.join("gateway.toml"));
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    Running::start(&mut command, &log_of(folder, "gateway"))
}

fn log_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.log"))
}

fn last_word(text: &str) -> String {
    text.split_whitespace().last().unwrap_or_default().to_owned()
}

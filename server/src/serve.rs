//! The running server: opens what it needs in order, starts its tasks, and stops them in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::AppState;
use crate::broker::{Broker, Tls};
use crate::config::Config;
use crate::deliver::{self, Channels};
use crate::fleet;
use crate::fleet::authority::Authority;
use crate::ingest;
use crate::live::Live;
use crate::record::{self, Recorder};
use crate::run::{Handle, Parts};
use crate::secret::{ServerSecret, random_bytes};
use crate::store::{self, Store};

/// How often what is too old is deleted.
const PURGE_EVERY: Duration = Duration::from_secs(3_600);
/// How long open requests may take to end when the server stops.
const PATIENCE: Duration = Duration::from_secs(5);
/// The name under which the store keeps the server's secret.
const SECRET: &str = "server";

/// A running server.
#[derive(Debug)]
pub struct Running {
    /// Where pages and APIs are served.
    pub http: SocketAddr,
    /// Where the broker inside listens; none with another broker.
    pub mqtt: Option<SocketAddr>,
    /// Where it lets gateways with a certificate in; none when nowhere.
    pub mqtts: Option<SocketAddr>,
    /// The one-time token for the first account; none when there is one.
    pub setup_token: Option<Arc<str>>,
    broker: Option<Broker>,
    store: Store,
    owner: JoinHandle<()>,
    recorder: Recorder,
    others: Vec<JoinHandle<()>>,
    web: JoinHandle<std::io::Result<()>>,
}

/// Starts everything. When it returns, ports are open and what was committed is restored.
///
/// # Errors
/// Names what could not be opened.
pub async fn start(
    config: Config,
    database_url: &str,
    clock: Arc<dyn Clock>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Running> {
    runtime::mqtt::install_crypto();
    tokio::fs::create_dir_all(&config.server.data_dir)
        .await
        .with_context(|| format!("make the data folder {}", config.server.data_dir.display()))?;
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("listen on {}; set [server] listen to a free address", config.server.listen))?;
    let http = listener.local_addr().context("read the port")?;
    let store = Store::open(database_url).await.context("open the database")?;
    let secret = server_secret(&store).await.context("read the server's secret")?;
    let live = Live::default();
    let prefix = config.air.prefix_bytes().context("read [air] prefix")?;
    let parts = Parts {
        store: store.clone(),
        live: live.clone(),
        secret: secret.clone(),
        prefix,
        clock: Arc::clone(&clock),
        shutdown: shutdown.clone(),
    };
    let (run, owner) = Handle::start(parts).await.context("restore what was committed")?;
    let (broker, link) = open_broker(&config, &store, clock.now()).await?;
    let targets = ingest::Targets {
        run: run.clone(),
        live: live.clone(),
        clock: Arc::clone(&clock),
        store: store.clone(),
        secret: secret.clone(),
        certificate_lasts: Millis::hours(24 * i64::from(config.broker.certificate_days)),
    };
    let ingest = ingest::start(&link, targets, shutdown.clone()).context("reach the broker")?;

    let channels = Channels::open(&store, &config.push).await.context("open the ways to customers")?;
    let setup_token = setup_token(&store).await.context("look for an account")?;
    let spans = config.retention.spans();
    let recorder = Recorder::start(record::Parts {
        store: store.clone(),
        live: live.clone(),
        clock: Arc::clone(&clock),
        replay: config.replay,
    });
    let state = AppState {
        config: Arc::new(config),
        store: store.clone(),
        run,
        live,
        secret,
        channels,
        clock: Arc::clone(&clock),
        setup_token: setup_token.clone(),
        tls_port: broker.as_ref().and_then(Broker::tls_address).map(|address| address.port()),
    };
    let outbox = deliver::start(state.clone(), shutdown.clone());
    let purge = tokio::spawn(purge(store.clone(), spans, clock, shutdown.clone()));
    let mut others = vec![ingest, outbox, purge];
    if let Some(broker) = &broker {
        others.push(fleet::watch::start(store.clone(), broker.sessions(), shutdown.clone()));
    }
    let web = serve_web(listener, state, shutdown.clone());
    let mqtt = broker.as_ref().map(Broker::address);
    let mqtts = broker.as_ref().and_then(Broker::tls_address);
    Ok(Running { http, mqtt, mqtts, setup_token, broker, store, owner, recorder, others, web })
}

impl Running {
    /// Waits until the server is told to stop, or a part of it ends by itself, and then stops the rest.
    ///
    /// # Errors
    /// When a part ended that must not.
    pub async fn join(mut self, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let ended = tokio::select! {
            // The owner ends because it was told to: that must win, or an orderly stop looks like a failure.
            biased;
            () = shutdown.cancelled() => Ok(()),
            _ = &mut self.owner => Err(anyhow::anyhow!("the owner of the core ended; restart the server")),
            web = &mut self.web => Err(anyhow::anyhow!("the HTTP side ended: {web:?}")),
        };
        shutdown.cancel();
        let rest = async {
            for task in &mut self.others {
                // A task that panicked has said so in the log.
                let _ = task.await;
            }
            if !self.owner.is_finished() {
                let _ = (&mut self.owner).await;
            }
            if !self.web.is_finished() {
                let _ = (&mut self.web).await;
            }
        };
        if tokio::time::timeout(PATIENCE, rest).await.is_err() {
            tracing::warn!("some requests did not end in time and are cut");
            self.web.abort();
        }
        // After the owner, so that what it saw last is written too.
        if tokio::time::timeout(PATIENCE, self.recorder.finish()).await.is_err() {
            tracing::warn!("the last seconds of heat map and replay could not be written");
        }
        drop(self.broker.take());
        self.store.close().await;
        // Stopping cancels the owner as well, so its end is an error only when nobody asked for it.
        ended
    }
}

/// What the broker shows to gateways with a certificate; none when it is not to listen for them.
async fn broker_tls(config: &Config, store: &Store, now: Timestamp) -> anyhow::Result<Option<Tls>> {
    let Some(listen) = config.broker.tls_listen else { return Ok(None) };
    let authority = Authority::open(store, now).await.context("open the gateways' authority")?;
    let (key, certificate) = authority.for_broker(now).context("make the broker's certificate")?;
    let folder = config.server.data_dir.join("broker");
    tokio::fs::create_dir_all(&folder).await.with_context(|| format!("make the folder {}", folder.display()))?;
    Ok(Some(Tls { listen, folder, key, certificate, authority: authority.certificate().to_owned() }))
}

async fn open_broker(config: &Config, store: &Store, now: Timestamp) -> anyhow::Result<(Option<Broker>, ingest::Link)> {
    let settings = &config.broker;
    if let Some(url) = &settings.url {
        let (username, password) = (settings.username.clone(), settings.password.clone());
        return Ok((None, ingest::Link { url: url.clone(), username, password }));
    }
    let tls = broker_tls(config, store, now).await?;
    let broker = Broker::start(settings.listen, tls, settings.receiver_topics.clone(), store.clone()).await?;
    let mut address = broker.address();
    if address.ip().is_unspecified() {
        address.set_ip(std::net::IpAddr::from([127, 0, 0, 1]));
    }
    let credentials = broker.credentials().clone();
    let link = ingest::Link {
        url: format!("mqtt://{address}"),
        username: Some(credentials.username),
        password: Some(credentials.password),
    };
    Ok((Some(broker), link))
}

/// The server's secret; made at the first start.
///
/// # Errors
/// When the database fails.
pub async fn server_secret(store: &Store) -> store::Result<ServerSecret> {
    let bytes = store.secret_or_insert(SECRET, &random_bytes()).await?;
    let wrong = |_| store::Error::Corrupt { what: "server secret", problem: "it has not 32 bytes".into() };
    bytes.try_into().map(ServerSecret::new).map_err(wrong)
}

/// A token for the first account, as long as there is none.
async fn setup_token(store: &Store) -> store::Result<Option<Arc<str>>> {
    let is_needed = store.account_count().await? == 0;
    Ok(is_needed.then(|| Arc::from(hex::encode(&random_bytes()[..16]))))
}

fn serve_web(listener: TcpListener, state: AppState, shutdown: CancellationToken) -> JoinHandle<std::io::Result<()>> {
    let router = crate::api::router(state).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        axum::serve(listener, router).with_graceful_shutdown(async move { shutdown.cancelled().await }).await
    })
}

async fn purge(store: Store, spans: store::Retention, clock: Arc<dyn Clock>, shutdown: CancellationToken) {
    let mut every = tokio::time::interval(PURGE_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = every.tick() => {}
        }
        match store.purge(spans, clock.now()).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "deleted {rows} rows that were kept long enough"),
            Err(cause) => tracing::warn!(%cause, "could not delete what is too old; trying again in an hour"),
        }
    }
}

#[cfg(test)]
mod tests;

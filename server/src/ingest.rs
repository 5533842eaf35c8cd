//! From the broker to the owner: batches of gateways, checked; acknowledged to the gateway only after the commit.

pub(crate) mod clocks;
pub(crate) mod marks;
mod read;

use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use model::ids::GatewayId;
use model::time::Millis;
use runtime::clock::Clock;
use runtime::mqtt::{self, Client, Event, Events, Options, Qos};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::state::PrivacyMode;
use wire::topics::{self, Topic};
use wire::uplink::{self, Ack};

use crate::fleet;
use crate::fleet::desired::Desk;
use crate::fleet::http::Renewed;
use crate::live::Live;
use crate::objections::Board;
use crate::run::{Handle, Lane, Taken};
use crate::secret::ServerSecret;
use crate::store::Store;

/// Most batches that wait for their commit; further ones wait at the broker.
const WAITING_MAX: usize = 256;

/// How often it is looked whether other settings are to be told to gateways.
const SETTINGS_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// How to reach the broker.
#[derive(Debug, Clone)]
pub struct Link {
    /// `mqtt://host:port` or `mqtts://host:port`.
    pub url: String,
    /// User name.
    pub username: Option<String>,
    /// Password.
    pub password: Option<String>,
}

/// What ingest hands on to.
#[derive(Debug, Clone)]
pub struct Targets {
    /// The owner of the core.
    pub run: Handle,
    /// The shop now.
    pub live: Live,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What outlives the process.
    pub store: Store,
    /// Under keys of this the lists of objections are made.
    pub secret: ServerSecret,
    /// How long the certificates of gateways last.
    pub certificate_lasts: Millis,
}

/// What may be acknowledged, and to whom.
type Answer = (GatewayId, Vec<Ack>);

/// Connects to the broker and takes what gateways send until the server stops.
///
/// # Errors
/// When the broker's address can't be understood; a broker that is away is waited for.
pub fn start(link: &Link, targets: Targets, shutdown: CancellationToken) -> Result<JoinHandle<()>, mqtt::Error> {
    // A name of its own at each start: nobody can throw the server out by taking its name.
    let name = format!("attimo-server-{}", hex::encode(&crate::secret::random_bytes()[..8]));
    let mut options = Options::new(&link.url, &name);
    options.username.clone_from(&link.username);
    options.password.clone_from(&link.password);
    let (client, events) = mqtt::connect(&options)?;
    Ok(tokio::spawn(async move {
        let filters = [
            (topics::GATEWAYS_UP, Qos::AtLeastOnce),
            (topics::GATEWAYS_PAST, Qos::AtLeastOnce),
            (topics::GATEWAYS_LIVE, Qos::AtMostOnce),
            (topics::GATEWAYS_STATE, Qos::AtLeastOnce),
            (topics::GATEWAYS_RENEWAL, Qos::AtLeastOnce),
            (topics::GATEWAYS_REPORTED, Qos::AtLeastOnce),
        ];
        if client.subscribe(&filters).await.is_ok() {
            let (desk, board, waiting) = (Desk::default(), Board::default(), FuturesUnordered::new());
            Ingest { client: client.clone(), targets, desk, board, waiting }.run(events, &shutdown).await;
        }
        client.disconnect().await;
    }))
}

struct Ingest {
    client: Client,
    targets: Targets,
    desk: Desk,
    board: Board,
    waiting: FuturesUnordered<BoxFuture<'static, Answer>>,
}

impl Ingest {
    async fn run(mut self, mut events: Events, shutdown: &CancellationToken) {
        let mut settings = tokio::time::interval(SETTINGS_EVERY);
        settings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = settings.tick() => {
                    self.tell_desired().await;
                    self.tell_objections().await;
                }
                Some(answer) = self.waiting.next(), if !self.waiting.is_empty() => acknowledge(&self.client, answer).await,
                event = events.next(), if self.waiting.len() < WAITING_MAX => match event {
                    Some(Event::Message { topic, payload, .. }) => self.message(&topic, &payload).await,
                    Some(Event::Connected { .. }) => {
                        tracing::info!("connected to the broker");
                        self.desk.forget();
                        self.board.forget();
                    }
                    Some(Event::Disconnected { reason }) => tracing::warn!(reason, "the broker is away"),
                    None => return,
                },
            }
        }
    }

    async fn message(&mut self, topic: &str, payload: &[u8]) {
        if topics::matches(topics::GATEWAYS_RENEWAL, topic) {
            return self.renew(topic, payload).await;
        }
        if let Some(gateway) = topics::captured(topics::GATEWAYS_PAST, topic) {
            return self.take(read::pack(gateway, payload), Lane::Durable).await;
        }
        if topics::matches(topics::GATEWAYS_REPORTED, topic) {
            return self.reported(topic, payload);
        }
        match Topic::parse(topic) {
            Some(Topic::GatewayUp { gateway }) => self.take(read::batch(gateway, payload), Lane::Durable).await,
            Some(Topic::GatewayLive { gateway }) => self.take(read::batch(gateway, payload), Lane::Volatile).await,
            Some(Topic::GatewayState { gateway }) => self.state(gateway, payload),
            Some(
                Topic::EspresenseDevice { .. }
                | Topic::EspresenseStatus { .. }
                | Topic::EspresenseTelemetry { .. }
                | Topic::BtToMqtt { .. }
                | Topic::Minew { .. }
                | Topic::TasmotaSensor { .. }
                | Topic::Counter { .. }
                | Topic::GatewayAck { .. },
            )
            | None => refuse("unknown-topic"),
        }
    }

    /// Hands on what was read of a message. Each batch stands under its own number, and is acknowledged after its commit.
    async fn take(&mut self, read: Option<read::Read>, lane: Lane) {
        let Some(read::Read { gateway, batches, refused }) = read else { return };
        let came = self.targets.clock.now();
        // Nobody is answered there, and of what can't be read nothing is left but its number.
        if lane == Lane::Volatile && !refused.is_empty() {
            return;
        }
        let mut replies = Vec::with_capacity(batches.len());
        for batch in batches {
            let seq = batch.seq;
            // Nobody waits when the owner is gone: the server is stopping then.
            let Ok((reply, slot)) = self.targets.run.batch(gateway.clone(), lane, batch, came).await else { return };
            replies.push((seq, reply, slot));
        }
        if lane == Lane::Durable {
            self.waiting.push(Box::pin(async move {
                let mut acks = Vec::new();
                for (seq, reply, slot) in replies {
                    // A gap, or the server stops: the gateway sends it again.
                    if let (Ok(Taken::Stored | Taken::Duplicate), Some(ack)) = (reply.await, slot.get().copied()) {
                        read::answer(&mut acks, ack, refused.contains(&seq).then_some(seq));
                    }
                }
                (gateway, acks)
            }));
        }
    }

    /// Gives a gateway its next certificate; the broker has checked that the topic is its own.
    async fn renew(&mut self, topic: &str, payload: &[u8]) {
        let name = topics::captured(topics::GATEWAYS_RENEWAL, topic).map(GatewayId::new);
        let (Some(Ok(gateway)), Ok(request)) = (name, std::str::from_utf8(payload)) else {
            return refuse("bad-renewal");
        };
        let Targets { store, clock, certificate_lasts, .. } = &self.targets;
        match fleet::http::renew(store, &gateway, request, clock.now(), *certificate_lasts).await {
            Ok(Renewed::Signed(answer)) => self.answer_renewal(&gateway, answer).await,
            Ok(Renewed::TooOften(answer)) => {
                refuse("renewal-too-often");
                self.answer_renewal(&gateway, answer).await;
            }
            Ok(Renewed::Nobody) => refuse("renewal-of-nobody"),
            Err(cause) => {
                tracing::warn!(%gateway, %cause, "a certificate was not renewed");
                refuse("bad-renewal");
            }
        }
    }

    async fn answer_renewal(&mut self, gateway: &GatewayId, answer: Vec<u8>) {
        let topic = topics::gateway_certificate(gateway.as_str());
        if self.client.publish(&topic, answer, Qos::AtLeastOnce, false).await.is_err() {
            tracing::debug!("the broker's client has ended; the gateway will ask again");
        }
    }

    /// What became of the settings that a gateway was sent.
    fn reported(&self, topic: &str, payload: &[u8]) {
        let name = topics::captured(topics::GATEWAYS_REPORTED, topic).map(GatewayId::new);
        match (name, wire::settings::decode_report(payload)) {
            (Some(Ok(gateway)), Ok(report)) => self.targets.live.gateway_reported(&gateway, &report),
            (Some(Err(_)) | None, _) => refuse("bad-gateway"),
            (_, Err(cause)) => refuse(cause.code()),
        }
    }

    /// Tells gateways which settings they are to have, where that has changed.
    async fn tell_desired(&mut self) {
        let Targets { store, live, .. } = &self.targets;
        match self.desk.due(store, live).await {
            Ok(due) => {
                for (topic, document) in due {
                    if self.client.publish(&topic, document, Qos::AtLeastOnce, true).await.is_err() {
                        self.desk.forget();
                    }
                }
            }
            Err(cause) => tracing::warn!(%cause, "could not read the settings of gateways; trying again"),
        }
    }

    /// Tells the boxes who objected, where that has changed.
    async fn tell_objections(&mut self) {
        let Targets { store, secret, .. } = &self.targets;
        match self.board.due(store, secret).await {
            Ok(due) => {
                for due in due {
                    let (topic, list) = (&due.topic, due.list.clone());
                    if self.client.publish(topic, list, Qos::AtLeastOnce, true).await.is_ok() {
                        self.board.told(due);
                    }
                }
            }
            Err(cause) => tracing::warn!(%cause, "could not read who objected; trying again"),
        }
    }

    fn state(&self, name: &str, payload: &[u8]) {
        // An empty message takes back what was retained.
        if payload.is_empty() {
            return;
        }
        match (GatewayId::new(name), wire::state::decode(payload)) {
            (Ok(gateway), Ok(state)) => {
                let privacy = self.targets.live.gateway_state(&gateway, &state, self.targets.clock.now());
                tell_privacy(&gateway, privacy);
            }
            (Err(_), _) => refuse("bad-gateway"),
            (_, Err(cause)) => refuse(cause.code()),
        }
    }
}

/// Says what a box keeps of people who gave no consent; no mode is in force where it is not known.
fn tell_privacy(gateway: &GatewayId, in_force: Option<PrivacyMode>) {
    for mode in PrivacyMode::ALL {
        metrics::gauge!("gateway_privacy_mode", "gateway" => gateway.to_string(), "mode" => mode.word())
            .set(f64::from(u8::from(Some(mode) == in_force)));
    }
}

async fn acknowledge(client: &Client, (gateway, acks): Answer) {
    let topic = topics::gateway_ack(gateway.as_str());
    for ack in acks {
        if client.publish(&topic, uplink::encode_ack(ack), Qos::AtLeastOnce, false).await.is_err() {
            tracing::debug!("the broker's client has ended; the gateway will ask again");
        }
    }
}

/// Bad bytes are normal: they are counted by reason and dropped.
fn refuse(reason: &'static str) {
    metrics::counter!("ingest_dropped_total", "reason" => reason).increment(1);
}

#[cfg(test)]
mod tests;

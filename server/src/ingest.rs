//! From the broker to the owner: batches of gateways, checked; acknowledged to the gateway only after the commit.

pub(crate) mod clocks;
pub(crate) mod marks;

use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use model::ids::{BootId, GatewayId};
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use runtime::mqtt::{self, Client, Event, Events, Options, Qos};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::state::PrivacyMode;
use wire::topics::{self, Topic};
use wire::uplink::{self, Ack, Batch, pack};

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

/// A batch that was answered: what may be acknowledged, and whether.
type Answer = (GatewayId, Option<Ack>, Option<Taken>);

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
            return self.pack(gateway, payload).await;
        }
        if topics::matches(topics::GATEWAYS_REPORTED, topic) {
            return self.reported(topic, payload);
        }
        match Topic::parse(topic) {
            Some(Topic::GatewayUp { gateway }) => self.batch(gateway, Lane::Durable, payload).await,
            Some(Topic::GatewayLive { gateway }) => self.batch(gateway, Lane::Volatile, payload).await,
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

    async fn batch(&mut self, name: &str, lane: Lane, payload: &[u8]) {
        let came = self.targets.clock.now();
        let (gateway, batch) = match read_batch(name, payload) {
            Ok(read) => read,
            Err(reason) => {
                refuse(reason);
                match step_over(name, payload) {
                    Some(read) if lane == Lane::Durable => read,
                    Some(_) | None => return,
                }
            }
        };
        // Nobody waits when the owner is gone: the server is stopping then.
        let Ok((reply, slot)) = self.targets.run.batch(gateway.clone(), lane, batch, came).await else { return };
        if lane == Lane::Durable {
            self.waiting.push(Box::pin(async move {
                let taken = reply.await.ok();
                (gateway, slot.get().copied(), taken)
            }));
        }
    }

    /// Takes what a box had kept back. Each batch stands under its own number; the last that is kept answers for all.
    async fn pack(&mut self, name: &str, payload: &[u8]) {
        let came = self.targets.clock.now();
        let (gateway, batches) = match read_pack(name, payload) {
            Ok(read) => read,
            Err(reason) => return refuse(reason),
        };
        let mut replies = Vec::with_capacity(batches.len());
        for batch in batches {
            let Ok(reply) = self.targets.run.batch(gateway.clone(), Lane::Durable, batch, came).await else { return };
            replies.push(reply);
        }
        self.waiting.push(Box::pin(async move {
            let mut answer = (gateway, None, None);
            for (reply, slot) in replies {
                if let Ok(taken @ (Taken::Stored | Taken::Duplicate)) = reply.await {
                    (answer.1, answer.2) = (slot.get().copied(), Some(taken));
                }
            }
            answer
        }));
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

async fn acknowledge(client: &Client, (gateway, ack, taken): Answer) {
    let Some(ack) = ack else { return };
    match taken {
        Some(Taken::Stored | Taken::Duplicate) => {
            let topic = topics::gateway_ack(gateway.as_str());
            if client.publish(&topic, uplink::encode_ack(ack), Qos::AtLeastOnce, false).await.is_err() {
                tracing::debug!("the broker's client has ended; the gateway will ask again");
            }
        }
        // A gap, or the server stops: the gateway sends it again.
        Some(Taken::Unknown | Taken::NotAllowed) | None => {}
    }
}

/// Reads a batch, and checks that who sent it is who it says.
fn read_batch(name: &str, payload: &[u8]) -> Result<(GatewayId, Batch), &'static str> {
    let gateway = GatewayId::new(name).map_err(|_| "bad-gateway")?;
    let batch = uplink::decode(payload).map_err(|cause| cause.code())?;
    if batch.gateway != gateway {
        return Err("foreign-gateway");
    }
    Ok((gateway, batch))
}

/// Reads a pack, and checks that who sent it is who it says. A batch in it that can't be read is stepped over.
fn read_pack(name: &str, payload: &[u8]) -> Result<(GatewayId, Vec<Batch>), &'static str> {
    let gateway = GatewayId::new(name).map_err(|_| "bad-gateway")?;
    let pack::Unpacked { batches, unreadable } = pack::decode_pack(payload).map_err(|cause| cause.code())?;
    if batches.iter().any(|batch| batch.gateway != gateway) {
        return Err("foreign-gateway");
    }
    for (seq, cause) in unreadable {
        refuse(cause.code());
        tracing::warn!(%gateway, seq, %cause, "a batch in a pack can't be read and is stepped over");
    }
    Ok((gateway, batches))
}

/// The same batch without its content, when only the content can't be read.
///
/// Without an answer the gateway would send it for ever, and nothing behind it would ever come through.
fn step_over(name: &str, payload: &[u8]) -> Option<(GatewayId, Batch)> {
    let numbers = uplink::decode_numbers(payload).ok().filter(|numbers| numbers.gateway.as_str() == name)?;
    tracing::warn!(gateway = %numbers.gateway, seq = numbers.seq, "a batch can't be read and is stepped over");
    let batch = Batch {
        gateway: numbers.gateway.clone(),
        spool: numbers.spool,
        boot: BootId(0),
        seq: numbers.seq,
        oldest: numbers.oldest,
        sent_at: Timestamp(0),
        sightings: Vec::new(),
        readings: Vec::new(),
        health: None,
        live_from: numbers.live_from,
        historical: true,
        clocks: None,
    };
    Some((numbers.gateway, batch))
}

/// Bad bytes are normal: they are counted by reason and dropped.
fn refuse(reason: &'static str) {
    metrics::counter!("ingest_dropped_total", "reason" => reason).increment(1);
}

#[cfg(test)]
mod tests;

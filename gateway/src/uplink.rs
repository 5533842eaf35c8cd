//! The uplink: batches from the spool to the server, again until it acknowledges them, and the volatile lane beside them.

pub mod sender;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::ids::{BootId, GatewayId};
use model::sighting::Sighting;
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use runtime::mqtt::{self, Client, Event, Events, Options, Qos, Will};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use wire::state::{self, Liveness, State};
use wire::topics;
use wire::uplink::{self, Batch, Health};

use crate::config;
use crate::metric::{self, Name};
use crate::spool::Stored;
use crate::spool::worker::Handle;
use sender::Sender;

/// How often the gateway tells how it fares.
const HEALTH_EVERY: Duration = Duration::from_secs(5);
/// Without anything else, the sender looks again after so long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// When the box stops, the server has this long to acknowledge what is left.
const FAREWELL_MAX: Duration = Duration::from_secs(3);
/// Most parcels of the volatile lane that wait; a newer one is dropped and counted.
pub const VOLATILE_MAX: usize = 64;

/// Who speaks.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Which box.
    pub gateway: GatewayId,
    /// Which run of it.
    pub boot: BootId,
    /// When the run began.
    pub started_at: Timestamp,
}

impl Identity {
    fn state(&self, state: Liveness) -> Bytes {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        state::encode(&State { boot: self.boot, state, version, started_at: self.started_at }).into()
    }
}

/// How the uplink stands, for the status page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Whether the broker is there.
    pub connected: bool,
    /// Why not.
    pub reason: Option<String>,
    /// When the server last acknowledged something.
    pub acked_at: Option<Timestamp>,
}

/// What the uplink takes from the rest of the box.
#[derive(Debug)]
pub struct Inputs {
    /// The spool.
    pub spool: Handle,
    /// Parcels of the volatile lane.
    pub volatile: mpsc::Receiver<Vec<Sighting>>,
    /// How the box fares.
    pub health: watch::Receiver<Health>,
}

/// The uplink, ready to run.
#[derive(Debug)]
pub struct Uplink {
    identity: Identity,
    inputs: Inputs,
    clock: Arc<dyn Clock>,
    client: Client,
    events: Events,
    sender: Sender,
    link: watch::Sender<Link>,
}

/// How to reach the server's broker, with the will that tells of a sudden end.
#[must_use]
pub fn options(config: &config::Uplink, identity: &Identity) -> Options {
    let client_id = format!("attimo-gateway-{}", identity.gateway);
    let mut options = Options::new(&config.url, &client_id);
    options.username.clone_from(&config.username);
    options.password.clone_from(&config.password);
    options.ca_file.clone_from(&config.ca_file);
    options.keep_alive_s = 10;
    options.will = Some(Will {
        topic: topics::gateway_state(identity.gateway.as_str()),
        payload: identity.state(Liveness::Offline),
        qos: Qos::AtLeastOnce,
        retain: true,
    });
    options
}

impl Uplink {
    /// Starts the connection; nothing is sent before [`Uplink::run`].
    ///
    /// # Errors
    /// [`mqtt::Error`] when the options can't work.
    pub fn start(
        options: &Options,
        identity: Identity,
        inputs: Inputs,
        clock: Arc<dyn Clock>,
        link: watch::Sender<Link>,
    ) -> Result<Self, mqtt::Error> {
        let (client, events) = mqtt::connect(options)?;
        let standing = *inputs.spool.standing().borrow();
        let sender = Sender::new(standing.oldest, standing.last);
        Ok(Self { identity, inputs, clock, client, events, sender, link })
    }

    /// Sends until it is stopped, then says goodbye.
    ///
    /// # Errors
    /// [`mqtt::Error`] when the client ended by itself.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), mqtt::Error> {
        let ack = topics::gateway_ack(self.identity.gateway.as_str());
        self.client.subscribe(&[(&ack, Qos::AtLeastOnce)]).await?;
        let mut standing = self.inputs.spool.standing();
        let mut health = tokio::time::interval(HEALTH_EVERY);
        health.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.send_due(&mut standing).await;
            let wait = self.wait();
            tokio::select! {
                () = stop.cancelled() => break,
                event = self.events.next() => self.event(event.ok_or(mqtt::Error::Closed)?).await,
                changed = standing.changed() => if changed.is_err() { break },
                Some(sightings) = self.inputs.volatile.recv() => self.send_volatile(sightings, None),
                _ = health.tick() => {
                    let health = self.inputs.health.borrow().clone();
                    self.send_volatile(Vec::new(), Some(health));
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.farewell(&mut standing).await;
        Ok(())
    }

    /// Gives the server a moment to acknowledge what is left, and leaves in order.
    async fn farewell(&mut self, standing: &mut watch::Receiver<crate::spool::Standing>) {
        while let Ok(sightings) = self.inputs.volatile.try_recv() {
            self.send_volatile(sightings, None);
        }
        let _ = tokio::time::timeout(FAREWELL_MAX, async {
            loop {
                self.send_due(standing).await;
                if !self.link.borrow().connected || self.sender.is_done() {
                    return;
                }
                let Some(event) = self.events.next().await else { return };
                self.event(event).await;
            }
        })
        .await;
        let topic = topics::gateway_state(self.identity.gateway.as_str());
        let _ = self.client.try_publish(&topic, self.identity.state(Liveness::Offline), Qos::AtLeastOnce, true);
        self.client.disconnect().await;
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Connected { .. } => {
                tracing::info!("the uplink stands");
                let topic = topics::gateway_state(self.identity.gateway.as_str());
                let birth = self.identity.state(Liveness::Online);
                if self.client.try_publish(&topic, birth, Qos::AtLeastOnce, true).is_err() {
                    tracing::warn!("the queue to the broker is full, the birth was not sent");
                }
                self.sender.connected(self.clock.monotonic());
                self.tell(true, None);
            }
            Event::Disconnected { reason } => {
                if self.link.borrow().connected {
                    tracing::warn!(reason, "the uplink is gone, batches wait on disk");
                }
                self.sender.disconnected();
                self.tell(false, Some(reason));
            }
            Event::Message { payload, .. } => self.ack(&payload).await,
        }
    }

    async fn ack(&mut self, payload: &[u8]) {
        let ack = match uplink::decode_ack(payload) {
            Ok(ack) if ack.spool == self.inputs.spool.id() => ack,
            // The server also answers to a box that had this name and another disk.
            Ok(_) => return,
            Err(cause) => {
                tracing::warn!(%cause, "an acknowledgement can't be read");
                return;
            }
        };
        let standing = *self.inputs.spool.standing().borrow();
        self.sender.acked(ack.through.min(standing.last), self.clock.monotonic());
        self.inputs.spool.acked(ack.through).await;
        self.link.send_modify(|link| link.acked_at = Some(self.clock.now()));
    }

    async fn send_due(&mut self, standing: &mut watch::Receiver<crate::spool::Standing>) {
        let now = self.clock.monotonic();
        let held = *standing.borrow_and_update();
        self.sender.holds(held.oldest, held.last);
        let Some(due) = self.sender.poll(now) else {
            return;
        };
        let count = usize::try_from(due.end() - due.start() + 1).unwrap_or(1);
        for stored in self.inputs.spool.read(*due.start(), count).await {
            let seq = stored.seq;
            let topic = topics::gateway_up(self.identity.gateway.as_str());
            let payload = self.batch(stored, held.oldest);
            if self.client.try_publish(&topic, payload, Qos::AtLeastOnce, false).is_err() {
                return;
            }
            metric::add(Name::Sent, 1);
            self.sender.sent(seq, now);
        }
    }

    /// Numbers a stored batch. One that can't be read any more goes up empty, so that the others can follow.
    fn batch(&self, stored: Stored, oldest: u64) -> Bytes {
        let content = uplink::decode(&stored.batch).unwrap_or_else(|cause| {
            tracing::error!(%cause, seq = stored.seq, "a stored batch can't be read and is sent empty");
            metric::add_labelled(Name::Dropped, "reason", "batch-unreadable", 1);
            self.empty()
        });
        uplink::encode(&Batch {
            spool: self.inputs.spool.id(),
            boot: self.identity.boot,
            seq: stored.seq,
            oldest: oldest.min(stored.seq),
            sent_at: self.clock.now(),
            ..content
        })
    }

    fn send_volatile(&self, sightings: Vec<Sighting>, health: Option<Health>) {
        let count = sightings.len() as u64;
        let sent = self.link.borrow().connected && {
            let topic = topics::gateway_live(self.identity.gateway.as_str());
            let payload = uplink::encode(&Batch { sightings, health, ..self.empty() });
            self.client.try_publish(&topic, payload, Qos::AtMostOnce, false).is_ok()
        };
        if !sent && count > 0 {
            metric::add_labelled(Name::Dropped, "reason", "volatile-not-sent", count);
        }
    }

    fn empty(&self) -> Batch {
        empty_batch(&self.identity, self.inputs.spool.id(), self.clock.now())
    }

    fn wait(&self) -> Duration {
        let due = self.sender.poll_timeout().map_or(i64::MAX, |at| (at.0 - self.clock.monotonic().0).max(1));
        LOOK_EVERY.min(Duration::from_millis(u64::try_from(due).unwrap_or(1)))
    }

    fn tell(&self, connected: bool, reason: Option<String>) {
        metric::set(Name::Connected, u64::from(connected));
        self.link.send_modify(|link| {
            link.connected = connected;
            link.reason = reason;
        });
    }
}

/// A batch without content and without a number, as the volatile lane has it.
#[must_use]
pub fn empty_batch(identity: &Identity, spool: [u8; 16], now: Timestamp) -> Batch {
    Batch {
        gateway: identity.gateway.clone(),
        spool,
        boot: identity.boot,
        seq: 0,
        oldest: 0,
        sent_at: now,
        sightings: Vec::new(),
        readings: Vec::new(),
        health: None,
    }
}

/// How long the oldest batch has waited.
#[must_use]
pub fn waited(oldest_at: Option<Timestamp>, now: Timestamp) -> Millis {
    oldest_at.map_or(Millis::ZERO, |at| Millis(now.since(at).0.max(0)))
}

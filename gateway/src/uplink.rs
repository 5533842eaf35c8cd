//! The uplink: batches from the spool to the server, again until it acknowledges them, and the volatile lane beside them.

mod batches;
mod down;
mod identity;
pub mod sender;
pub mod way;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::sighting::Sighting;
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use runtime::mqtt::{self, Client, Events, Qos, Trouble};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use wire::settings::{self, Reported};
use wire::state::Liveness;
use wire::topics;
use wire::uplink::clock::{Belief, Clocks, Made};
use wire::uplink::pack::{self, Kept};
use wire::uplink::{self, Batch, Health};

use crate::metric::{self, Name};
use crate::objections::{Gate, Keeper};
use crate::spool::Stored;
use crate::spool::worker::Handle;
use crate::timeline::Timeline;
use batches::packs;
use sender::Sender;
use way::Way;

pub use batches::{drift_of, empty_batch, waited};
pub use identity::{About, Identity};

/// How often the gateway tells how it fares.
pub(crate) const HEALTH_EVERY: Millis = Millis::seconds(5);
/// Without anything else, the sender looks again after so long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// When the box stops, the server has this long to acknowledge what is left.
const FAREWELL_MAX: Duration = Duration::from_secs(3);
/// Most parcels of the volatile lane that wait; a newer one is dropped and counted.
pub const VOLATILE_MAX: usize = 64;

/// How the uplink stands, for the status page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Whether the broker is there.
    pub connected: bool,
    /// Why not.
    pub reason: Option<String>,
    /// What kind of trouble that is.
    pub trouble: Option<Trouble>,
    /// Until when the box's certificate is valid; none when it has none.
    pub certificate_ends: Option<Timestamp>,
    /// When the server last acknowledged something.
    pub acked_at: Option<Timestamp>,
    /// Batches that were kept back and wait behind what is new.
    pub backlog: u64,
    /// How far the server's clock is ahead of the box's time line, once the server said so.
    pub offset: Option<Millis>,
    /// How far the wall clock is ahead of that line.
    pub drift: Millis,
    /// Whether the box believes its wall clock.
    pub belief: Option<Belief>,
    /// Devices that are not to be heard.
    pub objections: usize,
    /// When the sender turned last, on the monotonic clock.
    pub turned_at: Millis,
}

impl Link {
    /// How far the server's clock is ahead of the wall clock, once the server said so.
    #[must_use]
    pub fn skew(&self) -> Option<Millis> {
        self.offset.map(|offset| Millis(offset.0 - self.drift.0))
    }
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
    /// Most batches a second of what was kept back.
    pub backlog_per_s: u32,
    /// Who objected.
    pub objections: Keeper,
    /// Where settings from afar go.
    pub desired: mpsc::Sender<Bytes>,
    /// What is said of them.
    pub report: watch::Receiver<Option<Reported>>,
}

/// The uplink, ready to run.
#[derive(Debug)]
pub struct Uplink {
    identity: Identity,
    inputs: Inputs,
    clock: Arc<Timeline>,
    client: Client,
    events: Events,
    sender: Sender,
    link: watch::Sender<Link>,
    way: Way,
    gate: Gate,
}

impl Uplink {
    /// Starts the connection; nothing is sent before [`Uplink::run`].
    ///
    /// # Errors
    /// [`mqtt::Error`] when the options can't work.
    pub fn start(
        way: Way,
        identity: Identity,
        inputs: Inputs,
        clock: Arc<Timeline>,
        link: watch::Sender<Link>,
    ) -> Result<Self, mqtt::Error> {
        let (client, events) = mqtt::connect(&way.options)?;
        let standing = *inputs.spool.standing().borrow();
        // What seems to be of the future was stamped before somebody set the clock: nobody knows how old it is.
        let age = standing.oldest_at.map_or(Millis::ZERO, |at| clock.now().since(at));
        let stale = age >= sender::FRESH || age < Millis::ZERO;
        let sender = Sender::new(standing.oldest, standing.last, stale, inputs.backlog_per_s);
        let ends = way.renewal.as_ref().map(|renewal| Timestamp(renewal.enrolment().expires_at));
        link.send_modify(|link| link.certificate_ends = ends);
        Ok(Self { identity, inputs, clock, client, events, sender, link, way, gate: Gate::default() })
    }

    /// Sends until it is stopped, then says goodbye.
    ///
    /// # Errors
    /// [`mqtt::Error`] when the client ended by itself.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), mqtt::Error> {
        self.subscribe().await?;
        let mut standing = self.inputs.spool.standing();
        let mut health = tokio::time::interval(Duration::from_millis(HEALTH_EVERY.0.unsigned_abs()));
        health.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.turned();
            self.send_due(&mut standing).await;
            let wait = self.wait();
            tokio::select! {
                () = stop.cancelled() => break,
                event = self.events.next() => self.event(event.ok_or(mqtt::Error::Closed)?).await?,
                changed = standing.changed() => if changed.is_err() { break },
                Ok(()) = self.inputs.report.changed() => self.send_report(),
                Some(sightings) = self.inputs.volatile.recv() => self.send_volatile(sightings, None),
                _ = health.tick() => {
                    let backlog = self.sender.backlog();
                    let health = Health { backlog, ..self.inputs.health.borrow().clone() };
                    self.send_volatile(Vec::new(), Some(health));
                    self.ask_for_certificate();
                    self.tell_clock();
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
                if !self.link.borrow().connected || self.sender.is_live_done() {
                    return;
                }
                let Some(event) = self.events.next().await else { return };
                if self.event(event).await.is_err() {
                    return;
                }
            }
        })
        .await;
        let topic = topics::gateway_state(self.identity.gateway.as_str());
        let _ = self.client.try_publish(&topic, self.identity.state(Liveness::Offline), Qos::AtLeastOnce, true);
        self.client.disconnect().await;
    }

    /// Asks for the next certificate when it is time.
    fn ask_for_certificate(&mut self) {
        let (now, monotonic) = (self.clock.wall(), self.clock.monotonic());
        let gateway = &self.identity.gateway;
        if !self.link.borrow().connected {
            return;
        }
        let Some(request) = self.way.renewal.as_mut().and_then(|renewal| renewal.poll(gateway, now, monotonic)) else {
            return;
        };
        tracing::info!("the next certificate is asked for");
        let topic = topics::gateway_renewal(gateway.as_str());
        if self.client.try_publish(&topic, request, Qos::AtLeastOnce, false).is_err() {
            tracing::warn!("the queue to the broker is full, the certificate is asked for later");
        }
    }

    async fn send_due(&mut self, standing: &mut watch::Receiver<crate::spool::Standing>) {
        let now = self.clock.monotonic();
        if !self.gate.is_open(now) {
            return;
        }
        let held = *standing.borrow_and_update();
        self.sender.holds(held.oldest, held.last, now);
        // First what is new, then a little of what was kept back.
        while let Some(due) = self.sender.poll(now) {
            let count = usize::try_from(due.numbers.end() - due.numbers.start() + 1).unwrap_or(1);
            let found = self.inputs.spool.read(*due.numbers.start(), count).await;
            if !found.iter().any(|stored| due.numbers.contains(&stored.seq)) {
                return;
            }
            let found = found.into_iter().filter(|stored| due.numbers.contains(&stored.seq));
            for pack in packs(found, due.historical && self.sender.takes_packs()) {
                let (first, last) = (pack[0].seq, pack[pack.len() - 1].seq);
                let (topic, payload) = self.message(pack, held.oldest);
                if self.client.try_publish(&topic, payload, Qos::AtLeastOnce, false).is_err() {
                    return;
                }
                metric::add(Name::Sent, last + 1 - first);
                (first..=last).for_each(|seq| self.sender.sent(seq, now));
            }
            if due.historical {
                return;
            }
        }
    }

    /// What goes as one message, and where: a batch alone as if it were new, several as a pack.
    fn message(&self, mut pack: Vec<Stored>, oldest: u64) -> (String, Bytes) {
        let gateway = self.identity.gateway.as_str();
        if pack.len() == 1
            && let Some(alone) = pack.pop()
        {
            return (topics::gateway_up(gateway), self.batch(alone, oldest));
        }
        let seq = pack.first().map_or(0, |first| first.seq);
        let head = Batch { seq, oldest: oldest.min(seq), live_from: self.sender.live_from(), ..self.empty() };
        let kept = pack.into_iter().map(|stored| Kept { seq: stored.seq, batch: stored.batch.into() });
        let head = Batch { historical: true, ..head };
        (topics::gateway_past(gateway), pack::encode_pack(&head, &kept.collect::<Vec<_>>()))
    }

    /// Numbers a stored batch. One that can't be read any more goes up empty, so that the others can follow.
    fn batch(&self, stored: Stored, oldest: u64) -> Bytes {
        let content = match uplink::decode(&stored.batch) {
            Ok(content) => content,
            // Of sightings that made room for others only the number is left; they were counted then.
            Err(_) if stored.batch.is_empty() => self.empty(),
            Err(cause) => {
                tracing::error!(%cause, seq = stored.seq, "a stored batch can't be read and is sent empty");
                metric::add_labelled(Name::Dropped, "reason", "batch-unreadable", 1);
                self.empty()
            }
        };
        let made = Made::by_another(&content, self.identity.boot);
        uplink::encode(&Batch {
            clocks: Some(Clocks { made, ..self.clock.clocks() }),
            spool: self.inputs.spool.id(),
            boot: self.identity.boot,
            seq: stored.seq,
            oldest: oldest.min(stored.seq),
            sent_at: self.clock.now(),
            live_from: self.sender.live_from(),
            historical: self.sender.is_historical(stored.seq),
            ..content
        })
    }

    /// Says what became of the settings from afar; again at each connection.
    fn send_report(&mut self) {
        let report = self.inputs.report.borrow_and_update().clone();
        let Some(report) = report.filter(|_| self.link.borrow().connected) else { return };
        let topic = topics::gateway_reported(self.identity.gateway.as_str());
        if self.client.try_publish(&topic, settings::encode_report(&report), Qos::AtLeastOnce, true).is_err() {
            tracing::warn!("the queue to the broker is full, what became of the settings was not said");
        }
    }

    fn send_volatile(&mut self, sightings: Vec<Sighting>, health: Option<Health>) {
        let count = sightings.len() as u64;
        // How the box fares is about nobody, and goes also while the list is waited for.
        let may_go = sightings.is_empty() || self.gate.is_open(self.clock.monotonic());
        let sent = may_go && self.link.borrow().connected && {
            let topic = topics::gateway_live(self.identity.gateway.as_str());
            let payload = uplink::encode(&Batch { sightings, health, ..self.empty() });
            self.client.try_publish(&topic, payload, Qos::AtMostOnce, false).is_ok()
        };
        if !sent && count > 0 {
            metric::add_labelled(Name::Dropped, "reason", "volatile-not-sent", count);
        }
    }

    fn empty(&self) -> Batch {
        empty_batch(&self.identity, self.inputs.spool.id(), &self.clock)
    }

    fn wait(&self) -> Duration {
        let due = self.sender.poll_timeout().map_or(i64::MAX, |at| (at.0 - self.clock.monotonic().0).max(1));
        LOOK_EVERY.min(Duration::from_millis(u64::try_from(due).unwrap_or(1)))
    }

    /// Says that it turns; nobody needs to be woken for that.
    fn turned(&self) {
        let now = self.clock.monotonic();
        self.link.send_if_modified(|link| {
            link.turned_at = now;
            false
        });
    }

    /// Says how the box's clock stands.
    fn tell_clock(&self) {
        let (drift, belief) = (self.clock.drift(), self.clock.belief());
        let objections = self.inputs.objections.devices();
        self.link.send_modify(|link| {
            (link.drift, link.belief, link.objections) = (drift, Some(belief), objections);
        });
        metric::clock(belief, self.link.borrow().skew());
    }

    fn tell(&self, connected: bool, reason: Option<String>) {
        metric::set(Name::Connected, u64::from(connected));
        self.link.send_modify(|link| {
            link.connected = connected;
            link.trouble = reason.as_deref().map(Trouble::of);
            link.reason = reason;
        });
    }
}

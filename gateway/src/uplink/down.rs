//! What comes down the uplink: acknowledgements, the list of those who objected, settings from afar, certificates.

use model::time::Timestamp;
use runtime::clock::Clock as _;
use runtime::mqtt::{self, Event, Qos};
use wire::state::Liveness;
use wire::{topics, uplink};

use super::Uplink;
use crate::metric::{self, Name};

impl Uplink {
    pub(super) async fn subscribe(&self) -> Result<(), mqtt::Error> {
        let gateway = self.identity.gateway.as_str();
        let mut topics = vec![topics::gateway_ack(gateway), topics::gateway_desired(gateway)];
        topics.extend(self.list_topic());
        if self.way.renewal.is_some() {
            topics.push(topics::gateway_certificate(gateway));
        }
        let filters: Vec<(&str, Qos)> = topics.iter().map(|topic| (topic.as_str(), Qos::AtLeastOnce)).collect();
        self.client.subscribe(&filters).await
    }

    /// Takes a certificate, and connects anew with it.
    async fn certificate(&mut self, payload: &[u8]) -> Result<(), mqtt::Error> {
        let Some(renewal) = self.way.renewal.as_mut() else { return Ok(()) };
        match renewal.take(payload) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(cause) => {
                tracing::error!(cause = &cause as &dyn std::error::Error, "the new certificate can't be kept");
                return Ok(());
            }
        }
        let ends = Timestamp(renewal.enrolment().expires_at);
        match renewal.kept() {
            Ok(Some((identity, _))) => self.way.options.identity = Some(identity),
            Ok(None) | Err(_) => {
                tracing::error!("the new certificate can't be read back");
                return Ok(());
            }
        }
        tracing::info!("the certificate was renewed");
        self.client.disconnect().await;
        (self.client, self.events) = mqtt::connect(&self.way.options)?;
        self.sender.disconnected();
        self.tell(false, Some("connecting with the new certificate".into()));
        self.link.send_modify(|link| link.certificate_ends = Some(ends));
        self.subscribe().await
    }

    pub(super) async fn event(&mut self, event: Event) -> Result<(), mqtt::Error> {
        match event {
            Event::Connected { .. } => {
                tracing::info!("the uplink stands");
                let topic = topics::gateway_state(self.identity.gateway.as_str());
                let birth = self.identity.state(Liveness::Online);
                if self.client.try_publish(&topic, birth, Qos::AtLeastOnce, true).is_err() {
                    tracing::warn!("the queue to the broker is full, the birth was not sent");
                }
                // A box of no store is told of nobody.
                if self.list_topic().is_some() {
                    self.gate.connected(self.inputs.objections.was_told(), self.clock.monotonic());
                }
                self.sender.connected(self.clock.monotonic());
                self.tell(true, None);
                self.send_report();
            }
            Event::Disconnected { reason } => {
                if self.link.borrow().connected {
                    tracing::warn!(reason, "the uplink is gone, batches wait on disk");
                }
                self.sender.disconnected();
                self.tell(false, Some(reason));
            }
            Event::Message { topic, payload, .. } => {
                if topic == topics::gateway_certificate(self.identity.gateway.as_str()) {
                    return self.certificate(&payload).await;
                }
                if topic == topics::gateway_desired(self.identity.gateway.as_str()) {
                    // It is told again at the next connection.
                    let _ = self.inputs.desired.try_send(payload);
                    return Ok(());
                }
                if Some(&topic) == self.list_topic().as_ref() {
                    self.take_objections(&payload);
                    return Ok(());
                }
                self.ack(&payload).await;
            }
        }
        Ok(())
    }

    /// Where the list of those who objected in this store stands.
    fn list_topic(&self) -> Option<String> {
        self.identity.about.store.as_ref().map(|store| topics::objections(store.as_str()))
    }

    fn take_objections(&mut self, payload: &[u8]) {
        match self.inputs.objections.take(payload) {
            Ok(is_news) => {
                self.gate.told();
                // What was heard of strangers before the list came may be of somebody on it.
                while is_news && let Ok(before) = self.inputs.volatile.try_recv() {
                    metric::add_labelled(Name::Dropped, "reason", "objections-changed", before.len() as u64);
                }
            }
            Err(cause) => tracing::warn!(%cause, "a list of objections can't be read"),
        }
    }

    /// What the server can't read it would never read: it goes with its acknowledgement, and is counted.
    fn count_refused(&self, refused: (u64, u64)) {
        let count = self.sender.unanswered(refused);
        if count > 0 {
            let (first, last) = refused;
            tracing::error!(
                first,
                last,
                "the server could not read batches {first} to {last}; what was in them is lost"
            );
            metric::add_labelled(Name::Dropped, "reason", "batch-refused", count);
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
        if ack.packs {
            self.sender.packs();
        }
        if let Some(refused) = ack.refused {
            self.count_refused(refused);
        }
        let last = self.inputs.spool.standing().borrow().last;
        let beyond = ack.beyond.map(|(from, to)| (from, to.min(last))).filter(|(from, to)| from <= to);
        self.sender.acked(ack.through.min(last), beyond, self.clock.monotonic());
        self.inputs.spool.acked(ack.through, beyond).await;
        let backlog = self.sender.backlog();
        metric::set(Name::Backlog, backlog);
        self.link.send_modify(|link| {
            link.acked_at = Some(self.clock.now());
            link.backlog = backlog;
            link.offset = ack.offset.or(link.offset);
        });
    }
}

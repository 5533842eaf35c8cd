//! What each request means: checked against consent and what is known, then fed to the core and noted for the commit.

use std::collections::BTreeMap;

use engine::core::Input;
use model::consent::{Consent, ConsentRecord};
use model::event::{Event, EventKind};
use model::ids::{CustomerId, DeviceId, GatewayId};
use model::outcome::Outcome;
use model::reading::Reading;
use model::sighting::{Sighting, Transmitter};
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use wire::uplink::{Ack, Batch};

use super::identity::Link;
use super::owner::Owner;
use super::{AckSlot, Lane, Request, Taken};
use crate::ingest::marks::Place;
use crate::store::{Device, Result};

/// A peer's clock may run ahead of ours by so much; what comes from further in the future is stamped with our time.
const AHEAD_MAX: Millis = Millis::minutes(5);

/// What a batch's acknowledgement tells besides, and where it goes.
struct Acknowledging<'a> {
    /// By how much the batch's times were set right.
    offset: Option<Millis>,
    slot: &'a AckSlot,
}

impl Owner {
    /// Takes one request. On an error nothing was fed to the core, and the same request may be taken again.
    pub(super) async fn take(&mut self, request: Request) -> Result<Taken> {
        match request {
            Request::Event { customer, event } => self.event(customer, event).await,
            Request::Device { device, consent } => self.device(*device, consent).await,
            Request::Consent { customer, record } => self.consent(customer, record).await,
            Request::Outcome { customer, outcome } => self.outcome(customer, outcome).await,
            Request::Unlink { device } => self.unlink(device).await,
            Request::Forget { customer } => self.forget(customer, self.now).await,
            Request::Sighting(sighting) => self.phone_sighting(*sighting).await,
            Request::Delivery { customer, decision, state, code } => {
                self.effects.changes.withheld.extend(code.map(|code| (decision, code)));
                self.effects.changes.delivery_states.push((customer.clone(), decision, state));
                self.feed(Input::Delivery { customer, decision, state }).await?;
                Ok(Taken::Stored)
            }
            Request::Batch { gateway, lane, mut batch, came, slot } => {
                let (offset, timeless) = self.set_right(&mut batch, came);
                self.batch(gateway, lane, *batch, timeless, Acknowledging { offset, slot: &slot }).await
            }
            Request::Ask { customer, ask, slot } => self.decide(customer, *ask, slot).await,
            Request::Preview { customer, ask, slot } => self.preview(customer, &ask, &slot).await,
            Request::Merge { from, into } => self.merge(from, into).await,
            Request::Split { customer, other } => self.split(customer, other).await,
            Request::Lever { store, offer, lever, by } => self.lever(store, offer, lever, by).await,
        }
    }

    /// What a customer allows now, this round's changes included.
    pub(super) async fn allows(&self, customer: &CustomerId) -> Result<Consent> {
        if let Some(consent) = self.consents.get(customer) {
            return Ok(consent.unwrap_or_default());
        }
        Ok(self.store.customer(customer).await?.map(|known| known.allows()).unwrap_or_default())
    }

    async fn event(&mut self, customer: CustomerId, mut event: Event) -> Result<Taken> {
        event.at = self.plausible(event.at);
        let is_consent = matches!(event.what, EventKind::Consent(_));
        if !is_consent && !self.allows(&customer).await?.profiling {
            metrics::counter!("events_dropped_total", "reason" => "no-consent").increment(1);
            return Ok(Taken::NotAllowed);
        }
        // An order is one, whoever tells of it and under whatever message id.
        let ids: Vec<_> = std::iter::once(event.id.clone()).chain(crate::intake::order_id(&event.what)).collect();
        for (n, id) in ids.iter().enumerate() {
            if self.effects.changes.message_ids.contains_key(id) || self.store.knows_message(id).await? {
                metrics::counter!("events_dropped_total", "reason" => "duplicate").increment(1);
                if n > 0 {
                    // The message is new, though what it says is not.
                    self.effects.changes.message_ids.insert(event.id, self.now);
                }
                return Ok(Taken::Duplicate);
            }
        }
        let taken = if let EventKind::Consent(record) = event.what {
            self.consent(customer, record).await?
        } else {
            self.feed(Input::Event { customer, event }).await?;
            Taken::Stored
        };
        self.effects.changes.message_ids.extend(ids.into_iter().map(|id| (id, self.now)));
        metrics::counter!("events_total").increment(1);
        Ok(taken)
    }

    async fn device(&mut self, device: Device, consent: Option<ConsentRecord>) -> Result<Taken> {
        let (id, customer) = (device.id, device.customer.clone());
        let allowed = match &consent {
            Some(record) => record.consent,
            None => self.allows(&customer).await?,
        };
        if !allowed.any() {
            if let Some(record) = consent {
                self.forget(customer, Timestamp(record.at.0.min(self.now.0))).await?;
            }
            return Ok(Taken::NotAllowed);
        }
        if let Some(record) = &consent
            && self.was_withdrawn_after(&customer, record.at).await?
        {
            return Ok(Taken::NotAllowed);
        }
        if let Some(old) = self.identity.link(id).filter(|old| old.customer != customer).cloned() {
            // The device changed hands: what it did before stays the old customer's, without its name.
            self.core.handle(Input::Unlink { device: id }, self.now);
            self.effects.changes.rehomed.insert(id);
            tracing::debug!(device = %id, had_location = old.locating, "device {id} changed its customer");
        }
        if let Some(record) = consent {
            self.consent(customer.clone(), record).await?;
        }
        self.effects.changes.devices.insert(id, device);
        self.identity.put(id, Link { customer: customer.clone(), locating: allowed.locating });
        if allowed.locating {
            self.feed(Input::Link { device: id, customer }).await?;
        }
        self.identity.refresh(self.now);
        Ok(Taken::Stored)
    }

    async fn consent(&mut self, customer: CustomerId, mut record: ConsentRecord) -> Result<Taken> {
        // A clock that runs ahead must not make a consent that no later withdrawal can undo.
        record.at = Timestamp(record.at.0.min(self.now.0));
        if !record.consent.any() {
            return self.forget(customer, record.at).await;
        }
        if self.was_withdrawn_after(&customer, record.at).await? {
            return Ok(Taken::Duplicate);
        }
        let known = self.store.customer(&customer).await?;
        if known.is_some_and(|known| known.consent.at > record.at) && !self.consents.contains_key(&customer) {
            return Ok(Taken::Duplicate);
        }
        self.feed(Input::Consent { customer: customer.clone(), record: record.clone() }).await?;
        let locating = record.consent.locating;
        self.consents.insert(customer.clone(), Some(record.consent));
        self.effects.changes.consents.push((customer.clone(), record));
        if !locating {
            self.effects.changes.hidden.insert(customer.clone());
        }
        for device in self.identity.devices_of(&customer) {
            self.relink(device, &customer, locating).await?;
        }
        self.identity.refresh(self.now);
        Ok(Taken::Stored)
    }

    /// Whether a customer has withdrawn everything since: then a grant of before that, which arrives late, counts no more.
    async fn was_withdrawn_after(&self, customer: &CustomerId, at: Timestamp) -> Result<bool> {
        let trace = self.identity.trace(customer);
        let withdrawn = match self.effects.changes.withdrawals.get(&trace) {
            Some(withdrawn) => Some(*withdrawn),
            None => self.store.withdrawn(&trace).await?,
        };
        Ok(withdrawn.is_some_and(|withdrawn| at < withdrawn))
    }

    async fn relink(&mut self, device: DeviceId, customer: &CustomerId, locating: bool) -> Result<()> {
        let before = self.identity.put(device, Link { customer: customer.clone(), locating });
        let was_located = before.is_some_and(|link| link.locating);
        match (was_located, locating) {
            (false, true) => self.feed(Input::Link { device, customer: customer.clone() }).await,
            (true, false) => self.feed(Input::Unlink { device }).await,
            (false, false) | (true, true) => Ok(()),
        }
    }

    async fn outcome(&mut self, customer: CustomerId, mut outcome: Outcome) -> Result<Taken> {
        outcome.at = self.plausible(outcome.at);
        let known = self.store.decision(outcome.decision).await?;
        let fresh = self.effects.changes.decisions.get(&outcome.decision);
        let decision = known.as_ref().map(|row| &row.decision).or(fresh);
        // Nobody answers what nobody was told: a word about a ghost would spoil what it is there to measure.
        if decision.is_none_or(|decision| decision.customer != customer || decision.said().is_none()) {
            return Ok(Taken::Unknown);
        }
        let is_same = |other: &Outcome| other.decision == outcome.decision && other.kind == outcome.kind;
        let is_known = known.is_some_and(|row| row.outcomes.iter().any(is_same));
        if is_known || self.effects.changes.outcomes.iter().any(is_same) {
            return Ok(Taken::Duplicate);
        }
        self.feed(Input::Outcome { customer: customer.clone(), outcome }).await?;
        self.effects.outcome(customer, outcome);
        Ok(Taken::Stored)
    }

    async fn unlink(&mut self, device: DeviceId) -> Result<Taken> {
        if self.identity.remove(device).is_none() {
            return Ok(Taken::Unknown);
        }
        self.effects.changes.devices.remove(&device);
        self.effects.changes.unlinked.insert(device);
        self.must_commit = true;
        self.feed(Input::Unlink { device }).await?;
        self.live.forget(&Subject::Device(device));
        self.identity.refresh(self.now);
        Ok(Taken::Stored)
    }

    async fn forget(&mut self, customer: CustomerId, at: Timestamp) -> Result<Taken> {
        for device in self.identity.devices_of(&customer) {
            self.identity.remove(device);
            self.live.forget(&Subject::Device(device));
        }
        self.identity.refresh(self.now);
        self.feed(Input::Forget { customer: customer.clone() }).await?;
        self.live.forget_customer(&customer);
        self.consents.insert(customer.clone(), None);
        self.effects.changes.withdrawals.insert(self.identity.trace(&customer), at);
        self.effects.changes.forgotten.insert(customer);
        // Forgetting is the last thing of a commit, so nothing that comes after may share it.
        self.must_commit = true;
        Ok(Taken::Stored)
    }

    async fn phone_sighting(&mut self, mut sighting: Sighting) -> Result<Taken> {
        let Transmitter::Device(device) = sighting.transmitter else { return Ok(Taken::Unknown) };
        if !self.identity.link(device).is_some_and(|link| link.locating) {
            return Ok(Taken::NotAllowed);
        }
        let Some(store) = self.places.store_of_receiver(&sighting.receiver).cloned() else {
            return Ok(Taken::Unknown);
        };
        sighting.at = self.plausible(sighting.at);
        metrics::counter!("sightings_total", "source" => "phone").increment(1);
        self.feed(Input::Sighting { store, subject: Subject::Device(device), sighting }).await?;
        Ok(Taken::Stored)
    }

    async fn batch(
        &mut self,
        gateway: GatewayId,
        lane: Lane,
        batch: Batch,
        timeless: u64,
        Acknowledging { offset, slot }: Acknowledging<'_>,
    ) -> Result<Taken> {
        let mut is_late = false;
        if lane == Lane::Durable {
            let key = (gateway.clone(), batch.spool);
            let marks = self.watermarks.entry(key.clone()).or_default();
            let place = marks.take(batch.seq, batch.oldest, batch.live_from);
            // A repeat learns no more than that it is known.
            let through = if place == Place::Repeat { marks.through().min(batch.seq) } else { marks.through() };
            // Read only after the commit, and never changed once it is set.
            let _ = slot.set(Ack {
                spool: batch.spool,
                through,
                beyond: marks.beyond(),
                offset,
                packs: true,
                refused: None,
            });
            match place {
                Place::Repeat => return Ok(Taken::Duplicate),
                Place::Gap => {
                    metrics::counter!("batches_refused_total", "reason" => "gap").increment(1);
                    return Ok(Taken::Unknown);
                }
                Place::Next | Place::Late => {
                    self.effects.changes.watermarks.insert(key.clone(), (marks.high(), self.now));
                    self.effects.changes.watermark_gaps.insert(key, marks.gaps());
                }
            }
            is_late = place == Place::Late || batch.historical;
        }
        self.left_out_timeless(&gateway, timeless);
        if is_late {
            return Ok(self.past(&gateway, batch));
        }
        self.live.heard(&gateway, batch.health.as_ref(), &batch.sightings, self.now);
        let mut refused: BTreeMap<&'static str, u64> = BTreeMap::new();
        let all = batch.sightings.len() as u64;
        for sighting in batch.sightings {
            if let Err(reason) = self.gateway_sighting(sighting).await {
                dropped(reason);
                *refused.entry(reason).or_default() += 1;
            }
        }
        self.live.gateway_taken(&gateway, all - refused.values().sum::<u64>(), &refused);
        for reading in batch.readings {
            self.reading(reading).await;
        }
        metrics::counter!("batches_total").increment(1);
        Ok(Taken::Stored)
    }

    async fn gateway_sighting(&mut self, mut sighting: Sighting) -> std::result::Result<(), &'static str> {
        let store = self.places.store_of_receiver(&sighting.receiver).cloned().ok_or("unknown-receiver")?;
        sighting.at = self.plausible(sighting.at);
        metrics::counter!("sightings_total", "source" => "gateway").increment(1);
        if let Some(anchor) = self.places.anchor(&store, &sighting.transmitter).cloned() {
            self.feed_known(Input::Anchor { store, anchor, sighting }).await;
            return Ok(());
        }
        let subject = self.identity.subject(&sighting.transmitter, sighting.at, &store, &self.places)?;
        self.feed_known(Input::Sighting { store, subject, sighting }).await;
        Ok(())
    }

    async fn reading(&mut self, mut reading: Reading) {
        let Some(store) = self.places.store_of_sensor(&reading.sensor).cloned() else {
            return dropped("unknown-sensor");
        };
        reading.at = self.plausible(reading.at);
        self.feed_known(Input::Reading { store, reading }).await;
    }

    /// Feeds a part of a batch whose first parts are in the core already: it can't be taken again as a whole.
    async fn feed_known(&mut self, input: Input) {
        if let Err(cause) = self.feed(input.clone()).await {
            tracing::warn!(%cause, "could not read a customer's state; going on without it for now");
            self.core.handle(input, self.now);
            self.drain();
        }
    }

    /// A peer's time, unless it lies too far in the future.
    pub(super) fn plausible(&self, at: Timestamp) -> Timestamp {
        if at.since(self.now) > AHEAD_MAX {
            metrics::counter!("clock_ahead_total").increment(1);
            return self.now;
        }
        at
    }
}

pub(super) fn dropped(reason: &'static str) {
    metrics::counter!("sightings_dropped_total", "reason" => reason).increment(1);
}

//! Questions of other channels, customers made one and parted again, and what people say about offers.

use engine::core::{Ask, Input};
use model::decision::Decision;
use model::ids::{CustomerId, OfferId, StoreId};
use model::offer::Lever;

use super::identity::Link;
use super::owner::Owner;
use super::{Slot, Taken};
use crate::store::{LeverRow, Merged, Result};

impl Owner {
    /// Decides for another channel; the answer is put into the slot after the commit.
    pub(super) async fn decide(&mut self, customer: CustomerId, ask: Ask, slot: Slot) -> Result<Taken> {
        if !self.places.has(&ask.store) {
            return Ok(Taken::Unknown);
        }
        if !self.allows(&customer).await?.profiling {
            return Ok(Taken::NotAllowed);
        }
        let ids: Vec<_> = (0..ask.wanted()).map(|n| ask.decision(n)).collect();
        let mut known = Vec::new();
        for id in &ids {
            let row = self.store.decision(*id).await?;
            known.extend(row.map(|row| row.decision).filter(|decision| decision.customer == customer));
        }
        if !known.is_empty() {
            let _ = slot.set(known);
            return Ok(Taken::Duplicate);
        }
        self.feed(Input::Ask { customer, ask }).await?;
        self.asked.push((ids, slot));
        Ok(Taken::Stored)
    }

    /// Puts what was committed where it was asked for.
    pub(super) fn answer(&mut self, decided: impl Fn(model::ids::DecisionId) -> Option<Decision>) {
        for (ids, slot) in std::mem::take(&mut self.asked) {
            // A slot is filled once: whoever asked has this one alone.
            let _ = slot.set(ids.into_iter().filter_map(&decided).collect());
        }
    }

    pub(super) async fn preview(&mut self, customer: Option<CustomerId>, ask: &Ask, slot: &Slot) -> Result<Taken> {
        if let Some(customer) = &customer
            && !self.core.knows(customer)
            && self.allows(customer).await?.profiling
        {
            self.load(customer).await?;
        }
        let Some(decision) = self.core.ask(customer.as_ref(), ask, self.now) else { return Ok(Taken::Unknown) };
        let _ = slot.set(vec![decision]);
        Ok(Taken::Duplicate)
    }

    /// Makes two customers one. What has been taken before is committed first: rows move, not what is on its way.
    pub(super) async fn merge(&mut self, from: CustomerId, into: CustomerId) -> Result<Taken> {
        let Some(known) = self.store.customer(&from).await?.filter(|_| from != into) else {
            return Ok(Taken::Unknown);
        };
        let devices: Vec<_> = self.identity.devices_of(&from);
        let aliases = self.store.names_to_move(&from).await?;
        let kept = self.store.customer(&into).await?;
        let id = format!("{from}>{into}@{}", self.now.0);
        if !self.core.knows(&from) {
            self.load(&from).await?;
        }
        let state = self.core.state(&from).and_then(|state| serde_json::to_string(&*state).ok());
        // The account's own word stands: what a browser was told does not change what the person said.
        if kept.is_none() {
            self.consents.insert(into.clone(), Some(known.consent.consent));
            self.effects.changes.consents.push((into.clone(), known.consent.clone()));
        }
        let locating = self.allows(&into).await?.locating;
        for device in &devices {
            self.identity.put(*device, Link { customer: into.clone(), locating });
        }
        self.identity.refresh(self.now);
        self.feed(Input::Merge { from: from.clone(), into: into.clone() }).await?;
        self.effects.changes.profiles.remove(&from);
        let (at, consent) = (self.now, known.consent);
        self.effects.changes.merged.push(Merged { id, from, into, at, consent, devices, aliases, state });
        self.must_commit = true;
        Ok(Taken::Stored)
    }

    /// Parts two customers again.
    pub(super) async fn split(&mut self, customer: CustomerId, other: CustomerId) -> Result<Taken> {
        let Some(merged) = self.store.merged(&other, &customer).await? else { return Ok(Taken::Unknown) };
        let state = merged.state.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let record = merged.consent.clone();
        let locating = record.consent.locating;
        self.feed(Input::Split { customer, state: Box::new(state), into: other.clone() }).await?;
        self.consents.insert(other.clone(), Some(record.consent));
        self.effects.changes.consents.push((other.clone(), record));
        for device in &merged.devices {
            if self.identity.put(*device, Link { customer: other.clone(), locating }).is_some_and(|old| old.locating) {
                self.feed(Input::Unlink { device: *device }).await?;
            }
            if locating {
                self.feed(Input::Link { device: *device, customer: other.clone() }).await?;
            }
        }
        self.identity.refresh(self.now);
        self.effects.changes.parted.push((merged, self.now));
        self.must_commit = true;
        Ok(Taken::Stored)
    }

    pub(super) async fn lever(&mut self, store: StoreId, offer: OfferId, lever: Lever, by: String) -> Result<Taken> {
        if self.places.offer(&store, &offer).is_none() || lever.check().is_err() {
            return Ok(Taken::Unknown);
        }
        self.feed(Input::Lever { store: store.clone(), offer: offer.clone(), lever }).await?;
        self.effects.changes.levers.push(LeverRow { store, offer, lever, by, at: self.now });
        Ok(Taken::Stored)
    }
}

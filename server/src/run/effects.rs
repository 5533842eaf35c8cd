//! All that the core can cause, turned into what is committed and what is shown: the one match over its commands.

use std::sync::Arc;

use engine::core::Command;
use model::decision::Decision;
use model::ids::CustomerId;
use model::outcome::Outcome;
use model::presence::Presence;
use model::reading::Reading;

use super::identity::Identity;
use super::places::Places;
use crate::live::LiveEvent;
use crate::store::{Changes, Lease, RefusedDecision, Reservation, as_refused};

/// Units leased at a time: a tenth of the budget, within these bounds.
const LEASE_MIN: u64 = 1;
const LEASE_MAX: u64 = 100;

/// What one round of the owner leads to.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// To be committed.
    pub(super) changes: Changes,
    /// To be shown after the commit.
    pub(super) events: Vec<LiveEvent>,
    /// For the memory of who is where; after the commit.
    pub(super) presences: Vec<Presence>,
    /// For the memory of what sensors said; after the commit.
    pub(super) readings: Vec<(model::ids::StoreId, Reading)>,
}

impl Effects {
    /// Takes a command in.
    pub(super) fn take(&mut self, command: Command, identity: &Identity, places: &Places) {
        match command {
            Command::Presence(presence) => {
                self.presences.push(presence.clone());
                let is_known = identity.may_name(&presence.subject);
                self.changes.presence(presence, is_known);
            }
            Command::Position { store, position } => {
                self.events.push(LiveEvent::Position { store, position: Arc::new(position) });
            }
            Command::Visit(visit) => {
                let is_known = identity.may_name(&visit.subject);
                self.changes.visit(visit, is_known);
            }
            Command::Reading { store, reading } => {
                self.readings.push((store.clone(), reading.clone()));
                self.changes.readings.push((store, reading));
            }
            Command::Quiet { store, subject, .. } => self.events.push(LiveEvent::Quiet { store, subject }),
            // Who took what is for the decisions of the customer it may have been, and is kept of nobody.
            Command::Attribution { attribution, .. } => {
                let taker = if attribution.shares.first().is_some_and(|(_, p)| *p > attribution.unknown) {
                    "likely"
                } else {
                    "unknown"
                };
                metrics::counter!("pickups_total", "taker" => taker).increment(1);
            }
            Command::Occupancy { store, occupancy } => {
                let zone = occupancy.zone.as_ref().map_or_else(String::new, ToString::to_string);
                metrics::gauge!("people_expected", "store" => store.to_string(), "zone" => zone).set(occupancy.people);
                self.events.push(LiveEvent::Occupancy { store, occupancy });
            }
            Command::Decided(decision) => {
                // What runs in shadow is kept and exported; nobody was to hear it, so no page shows it as said.
                if !decision.shadow {
                    self.events.push(LiveEvent::Decision(Arc::new(decision.clone())));
                }
                self.reserve(&decision, places);
                self.changes.decisions.insert(decision.id, decision);
            }
            Command::Deliver(delivery) => {
                self.events.push(LiveEvent::Delivery(Arc::new(delivery.clone())));
                self.changes.deliveries.insert(delivery.decision, delivery);
            }
            Command::Outcome { customer, outcome } => self.outcome(customer, outcome),
            Command::Bought { customer, purchase } => self.changes.purchases.push((customer, purchase)),
            Command::Cancel { customer, decision } => self.changes.cancelled.push((customer, decision)),
            Command::Stopped { store, offer, e } => {
                metrics::counter!("offers_stopped_total", "store" => store.to_string()).increment(1);
                tracing::error!(%store, %offer, e, "offer {offer} makes people buy less and is stopped; change it to start anew");
            }
            Command::Alarm { store, what } => {
                metrics::counter!("alarms_total", "store" => store.to_string(), "what" => what.clone()).increment(1);
                tracing::error!(%store, what, "a person should look at store {store}: {what}");
            }
            Command::NeedLease { store, offer } => {
                if let Some(budget) = places.offer(&store, &offer).and_then(|offer| offer.budget) {
                    let units = (budget / 10).clamp(LEASE_MIN, LEASE_MAX);
                    self.changes.leases.push(Lease { store, offer, units, budget });
                }
            }
        }
    }

    /// What the commit refused is silence, for pages and who asked as in the log, and is delivered nowhere.
    pub(super) fn refuse(&mut self, refused: &[RefusedDecision]) {
        for (_, id, refusal) in refused {
            let Some(decision) = self.changes.decisions.get_mut(id) else { continue };
            *decision = as_refused(decision, refusal);
            let silent = Arc::new(decision.clone());
            self.events.retain(|event| !matches!(event, LiveEvent::Delivery(delivery) if delivery.decision == *id));
            for event in &mut self.events {
                if let LiveEvent::Decision(shown) = event
                    && shown.id == *id
                {
                    *shown = Arc::clone(&silent);
                }
            }
        }
    }

    /// What is said takes a unit of its caps and of its budget, in the transaction of its decision.
    fn reserve(&mut self, decision: &Decision, places: &Places) {
        let Some(offer) = decision.said() else { return };
        let shop = places.shop(&decision.moment.store);
        if let Some((shop, offer)) = shop.and_then(|shop| Some((shop, shop.offer(offer)?))) {
            let taken = Reservation::new(shop, offer, decision.explanation.segment.as_ref(), decision.moment.at);
            self.changes.reservations.insert(decision.id, taken);
        }
    }

    /// Takes what became of a decision.
    pub(super) fn outcome(&mut self, customer: CustomerId, outcome: Outcome) {
        self.changes.outcomes.push(outcome);
        self.events.push(LiveEvent::Outcome { customer, outcome });
    }
}

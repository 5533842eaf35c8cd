//! What has just happened, and what it changes of the shop now.

use std::sync::Arc;

use model::decision::Decision;
use model::delivery::{Delivery, DeliveryState};
use model::fusion::Occupancy;
use model::ids::{CustomerId, StoreId};
use model::outcome::Outcome;
use model::position::Position;
use model::subject::Subject;
use model::time::Timestamp;

use super::Inside;
use crate::store::DecisionRow;

/// What has just happened. Everything but positions is on disk already.
#[derive(Debug, Clone)]
pub enum LiveEvent {
    /// A decision was made, offer or silence.
    Decision(Arc<Decision>),
    /// A delivery lies in the outbox.
    Delivery(Arc<Delivery>),
    /// Something became of a decision.
    Outcome {
        /// Whose.
        customer: CustomerId,
        /// What.
        outcome: Outcome,
    },
    /// Somebody is somewhere.
    Position {
        /// In which store.
        store: StoreId,
        /// Where.
        position: Arc<Position>,
    },
    /// Somebody has fallen silent: where they are is not known for now.
    Quiet {
        /// In which store.
        store: StoreId,
        /// Who.
        subject: Subject,
    },
    /// Another number of people is expected in a zone or in the store.
    Occupancy {
        /// In which store.
        store: StoreId,
        /// Where, and how many.
        occupancy: Occupancy,
    },
    /// A shop's files changed.
    Plan(StoreId),
}

impl Inside {
    /// Takes into the shop what has just happened.
    pub(super) fn take(&mut self, event: &LiveEvent, now: Timestamp) {
        match event {
            LiveEvent::Decision(decision) => {
                if let Some(shop) = self.shops.get_mut(&decision.moment.store) {
                    let decision = decision.as_ref().clone();
                    shop.decision(DecisionRow { decision, delivery: None, outcomes: vec![] });
                }
            }
            LiveEvent::Delivery(delivery) => {
                if let Some(shop) = self.shops.get_mut(&delivery.store) {
                    shop.delivery(delivery.decision, DeliveryState::Pending);
                }
            }
            LiveEvent::Outcome { outcome, .. } => {
                for shop in self.shops.values_mut() {
                    shop.outcome(*outcome);
                }
            }
            LiveEvent::Position { store, position } => {
                if let Some(shop) = self.shops.get_mut(store) {
                    shop.position(position, now);
                }
            }
            LiveEvent::Quiet { store, subject } => {
                if let Some(shop) = self.shops.get_mut(store) {
                    shop.quiet(subject);
                }
            }
            LiveEvent::Occupancy { store, occupancy } => {
                if let Some(shop) = self.shops.get_mut(store) {
                    shop.occupancy(occupancy);
                }
            }
            LiveEvent::Plan(_) => {}
        }
    }
}

//! The shop as it is now, in memory, and a channel of what has just happened, for pages and workers.
//!
//! It is told only what was committed, and forgets who was not heard for a while.

mod now;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use model::decision::Decision;
use model::delivery::Delivery;
use model::ids::{CustomerId, StoreId};
use model::outcome::Outcome;
use model::position::Position;
use model::shop::Shop;
use model::time::Timestamp;
use tokio::sync::broadcast;

pub use now::{Dot, Door, GatewayNow, Now, People, ReceiverNow, SensorNow, State, ZoneNow};

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
    /// A shop's files changed.
    Plan(StoreId),
}

/// Events that a slow listener may be behind before it loses the oldest.
pub const EVENTS_MAX: usize = 1_024;

/// The shop now. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    shops: Arc<RwLock<BTreeMap<StoreId, now::ShopNow>>>,
    events: broadcast::Sender<LiveEvent>,
}

impl Default for Live {
    fn default() -> Self {
        Self { shops: Arc::default(), events: broadcast::channel(EVENTS_MAX).0 }
    }
}

impl Live {
    /// What the shop looks like; none for a store that is not known.
    #[must_use]
    pub fn snapshot(&self, store: &StoreId, at: Timestamp) -> Option<Now> {
        self.read().get(store).map(|shop| shop.snapshot(at))
    }

    /// Every store's plan, by id.
    #[must_use]
    pub fn plans(&self) -> Vec<Arc<Shop>> {
        self.read().values().map(|shop| Arc::clone(shop.plan())).collect()
    }

    /// A store's plan; none for a store that is not known.
    #[must_use]
    pub fn plan(&self, store: &StoreId) -> Option<Arc<Shop>> {
        self.read().get(store).map(|shop| Arc::clone(shop.plan()))
    }

    /// Hears what happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.events.subscribe()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<StoreId, now::ShopNow>> {
        self.shops.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

//! Joins the Shop and Shopper machines in one process: the whole core behind one `handle`.
//!
//! It owns no clock, no chance and no storage. The shell feeds inputs in order, does every command, and saves what
//! [`Core::take_changed`] gives it in the transaction that commits those commands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use model::consent::ConsentRecord;
use model::decision::Decision;
use model::delivery::{Delivery, DeliveryState};
use model::event::Event;
use model::ids::{CustomerId, DecisionId, DeviceId, OfferId, StoreId};
use model::outcome::Outcome;
use model::position::Position;
use model::presence::{Presence, Visit};
use model::reading::Reading;
use model::shop::{Shop as Plan, ShopError};
use model::sighting::Sighting;
use model::subject::Subject;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::shopper::ShopperState;

/// What the core is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreConfig {
    /// Secret seed of every id, draw and holdout: the same seed and inputs give the same commands.
    pub seed: u64,
}

/// A shop as its two files declare it, read and checked. It is logged as the two texts, so that a log is complete.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "PlanTexts", into = "PlanTexts")]
pub struct PlanFiles {
    texts: Arc<(String, String)>,
    shop: Arc<Plan>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanTexts {
    shop_toml: String,
    floor_geojson: String,
}

impl PlanFiles {
    /// Reads and checks both files.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(shop_toml: &str, floor_geojson: &str) -> Result<Self, Vec<ShopError>> {
        let shop = Arc::new(Plan::parse(shop_toml, floor_geojson)?);
        Ok(Self { texts: Arc::new((shop_toml.to_owned(), floor_geojson.to_owned())), shop })
    }

    /// The shop that the files declare.
    #[must_use]
    pub const fn shop(&self) -> &Arc<Plan> {
        &self.shop
    }
}

impl PartialEq for PlanFiles {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl TryFrom<PlanTexts> for PlanFiles {
    type Error = ShopError;
    fn try_from(texts: PlanTexts) -> Result<Self, ShopError> {
        Self::parse(&texts.shop_toml, &texts.floor_geojson).map_err(|mut errors| errors.swap_remove(0))
    }
}

impl From<PlanFiles> for PlanTexts {
    fn from(plan: PlanFiles) -> Self {
        let (shop_toml, floor_geojson) = Arc::unwrap_or_clone(plan.texts);
        Self { shop_toml, floor_geojson }
    }
}

/// Everything that can come into the core.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[expect(
    clippy::large_enum_variant,
    reason = "inputs are handled one by one and sightings, the common case, are large"
)]
pub enum Input {
    /// Adds or replaces a store.
    Plan(PlanFiles),
    /// A receiver heard a subject.
    Sighting {
        /// In which store.
        store: StoreId,
        /// Who was heard, identity resolved.
        subject: Subject,
        /// What was heard.
        sighting: Sighting,
    },
    /// A sensor reported.
    Reading {
        /// In which store.
        store: StoreId,
        /// What.
        reading: Reading,
    },
    /// A device belongs to a customer who consents to being located.
    Link {
        /// The device.
        device: DeviceId,
        /// Its customer.
        customer: CustomerId,
    },
    /// A device belongs to nobody any more; it is forgotten in every store.
    Unlink {
        /// The device.
        device: DeviceId,
    },
    /// What was saved of a customer; comes before the first input to a customer not in memory.
    Load {
        /// Who.
        customer: CustomerId,
        /// What was saved; none for a new customer.
        state: Option<Box<ShopperState>>,
    },
    /// An app or shop system tells about a customer.
    Event {
        /// About whom.
        customer: CustomerId,
        /// What.
        event: Event,
    },
    /// A customer gave or withdrew consent.
    Consent {
        /// Who.
        customer: CustomerId,
        /// What is allowed now.
        record: ConsentRecord,
    },
    /// What became of a decision, as a device tells.
    Outcome {
        /// Whose decision.
        customer: CustomerId,
        /// What became of it.
        outcome: Outcome,
    },
    /// Units of an offer's budget that this core may spend; 0 means that there are none left.
    Lease {
        /// Of which offer.
        offer: OfferId,
        /// In which store.
        store: StoreId,
        /// How many more.
        units: u64,
    },
    /// How far a delivery got.
    Delivery {
        /// To whom.
        customer: CustomerId,
        /// Of which decision.
        decision: DecisionId,
        /// How far.
        state: DeliveryState,
    },
    /// Everything about a customer is erased.
    Forget {
        /// Who.
        customer: CustomerId,
    },
    /// What was saved of a store's stays and visits; comes after its plan.
    Restore {
        /// Which store.
        store: StoreId,
        /// The last word on every open stay.
        stays: Vec<Presence>,
        /// The open visits.
        visits: Vec<Visit>,
    },
    /// Nothing but time has passed.
    Wake,
}

/// Everything that the core can cause. The shell's one `match` over it is the list of all that can happen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "command", content = "with")]
pub enum Command {
    /// A stay in a zone changed.
    Presence(Presence),
    /// Somebody is believed to be here.
    Position {
        /// In which store.
        store: StoreId,
        /// Who and where.
        position: Position,
    },
    /// A visit started, went on or ended.
    Visit(Visit),
    /// A sensor's report was accepted, once.
    Reading {
        /// In which store.
        store: StoreId,
        /// What.
        reading: Reading,
    },
    /// A decision was made, for an offer or for silence; ghost offers of the holdout too.
    Decided(Decision),
    /// An offer must get to a customer.
    Deliver(Delivery),
    /// The core itself found out what became of a decision.
    Outcome {
        /// Whose decision.
        customer: CustomerId,
        /// What became of it.
        outcome: Outcome,
    },
    /// Lease more of an offer's budget, and answer with [`Input::Lease`].
    NeedLease {
        /// In which store.
        store: StoreId,
        /// Of which offer.
        offer: OfferId,
    },
}

/// The whole core.
#[derive(Debug)]
pub struct Core {
    config: CoreConfig,
    links: BTreeMap<DeviceId, CustomerId>,
    shoppers: BTreeMap<CustomerId, ShopperState>,
    changed: BTreeSet<CustomerId>,
    commands: VecDeque<Command>,
}

impl Core {
    /// Makes an empty core.
    #[must_use]
    pub const fn new(config: CoreConfig) -> Self {
        Self {
            config,
            links: BTreeMap::new(),
            shoppers: BTreeMap::new(),
            changed: BTreeSet::new(),
            commands: VecDeque::new(),
        }
    }

    /// Takes one input at a time; what it causes waits in [`Core::poll_command`].
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        let _ = (input, now, self.config);
    }

    /// Lets time pass: the same as [`Input::Wake`].
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.handle(Input::Wake, now);
    }

    /// When the core wants to be woken, if no input comes before.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// The next thing to do.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// Whether the customer is in memory.
    #[must_use]
    pub fn knows(&self, customer: &CustomerId) -> bool {
        self.shoppers.contains_key(customer)
    }

    /// The customer that must be loaded before this input is handled; none if it can be handled as it is.
    #[must_use]
    pub fn needs(&self, input: &Input) -> Option<CustomerId> {
        let _ = input;
        None
    }

    /// The customer of a linked device.
    #[must_use]
    pub fn owner(&self, device: &DeviceId) -> Option<&CustomerId> {
        self.links.get(device)
    }

    /// The states that changed since the last call, to be saved with the commands; then idle customers are evicted.
    /// An empty state ([`ShopperState::is_empty`]) means that the customer's row is to be deleted.
    pub fn take_changed(&mut self) -> Vec<(CustomerId, ShopperState)> {
        std::mem::take(&mut self.changed)
            .into_iter()
            .filter_map(|id| self.shoppers.get(&id).map(|state| (id, state.clone())))
            .collect()
    }
}

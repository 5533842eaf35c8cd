//! A customer's machine between two inputs: all that is kept of them in as few bytes as it takes.

use std::sync::Arc;

use decide::catalogue::Catalogue;
use model::ids::CustomerId;
use model::time::Timestamp;

use super::{Config, Shopper, ShopperState};
use crate::pack::{self, Error, Names};

/// All that is kept of a customer, as bytes: what a database saves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// Packs a state.
    ///
    /// # Errors
    /// [`Error`]: the state can't be written.
    pub fn new(state: &ShopperState) -> Result<Self, Error> {
        pack::to_bytes(state, &Names::default()).map(|bytes| Self(bytes.into()))
    }

    /// What was packed.
    ///
    /// # Errors
    /// [`Error`] says what is wrong with the bytes.
    pub fn unpack(&self) -> Result<ShopperState, Error> {
        pack::from_bytes(&self.0, &Names::default())
    }

    /// Takes bytes that were saved; whether they are right shows when they are unpacked.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// As they are to be saved.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A machine that has nothing to do.
#[derive(Debug)]
pub(crate) struct Resting {
    woken: Timestamp,
    /// With the core's names.
    state: Box<[u8]>,
    policies: Box<[Arc<Catalogue>]>,
    present: bool,
}

impl Resting {
    /// A machine at rest as this one is; none when it has something to do.
    pub(crate) fn new(shopper: &Shopper, names: &Names) -> Option<Self> {
        if !shopper.commands.is_empty() || shopper.changed {
            return None;
        }
        Some(Self {
            woken: shopper.woken,
            state: pack::to_bytes(&shopper.state, names).ok()?.into(),
            policies: shopper.policies.values().cloned().collect(),
            present: shopper.state.is_present(),
        })
    }

    /// The machine as it was.
    pub(crate) fn wake(&self, customer: &CustomerId, seed: u64, names: &Names) -> Shopper {
        let mut shopper = Shopper::new(Config { customer: customer.clone() }, seed);
        shopper.restore(self.state(names));
        shopper.woken = self.woken;
        shopper.policies = self.policies.iter().map(|plan| (plan.store.id.clone(), Arc::clone(plan))).collect();
        shopper
    }

    /// All that is kept of the customer.
    pub(crate) fn state(&self, names: &Names) -> ShopperState {
        pack::from_bytes(&self.state, names).expect("what was packed here unpacks")
    }

    /// Whether the customer is in a zone, as far as is known.
    pub(crate) const fn is_present(&self) -> bool {
        self.present
    }
}

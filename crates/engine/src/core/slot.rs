//! What the core has in memory of one customer: a machine at work, or one at rest in as few bytes as it takes.

use std::borrow::Cow;

use model::ids::CustomerId;
use model::time::Timestamp;

use crate::pack::Names;
use crate::shopper::{Resting, Shopper, ShopperState};

/// What is kept in memory of one customer.
#[derive(Debug)]
pub(super) struct Slot {
    machine: Machine,
    /// When the last input came.
    pub(super) used: Timestamp,
    /// When its machine wants to be woken.
    pub(super) timer: Option<Timestamp>,
    /// Whether the trace has the state that what happens now happens to.
    pub(super) noted: bool,
}

#[derive(Debug)]
enum Machine {
    Awake(Box<Shopper>),
    Resting(Resting),
}

impl Slot {
    pub(super) fn new(shopper: Shopper, now: Timestamp) -> Self {
        Self { machine: Machine::Awake(Box::new(shopper)), used: now, timer: None, noted: false }
    }

    /// The machine, woken if it rests.
    pub(super) fn shopper(&mut self, customer: &CustomerId, seed: u64, names: &Names) -> &mut Shopper {
        if let Machine::Resting(resting) = &self.machine {
            self.machine = Machine::Awake(Box::new(resting.wake(customer, seed, names)));
        }
        match &mut self.machine {
            Machine::Awake(shopper) => shopper,
            Machine::Resting(_) => unreachable!("it was woken"),
        }
    }

    /// Lays the machine to rest, unless it has something to do.
    pub(super) fn rest(&mut self, names: &Names) {
        if let Machine::Awake(shopper) = &self.machine
            && let Some(resting) = Resting::new(shopper, names)
        {
            self.machine = Machine::Resting(resting);
        }
    }

    /// Whether the machine is at work.
    pub(super) const fn is_awake(&self) -> bool {
        matches!(self.machine, Machine::Awake(_))
    }

    /// Whether the customer is in a zone, as far as is known.
    pub(super) fn is_present(&self) -> bool {
        match &self.machine {
            Machine::Awake(shopper) => shopper.state().is_present(),
            Machine::Resting(resting) => resting.is_present(),
        }
    }

    /// What is kept of the customer.
    pub(super) fn state(&self, names: &Names) -> Cow<'_, ShopperState> {
        match &self.machine {
            Machine::Awake(shopper) => Cow::Borrowed(shopper.state()),
            Machine::Resting(resting) => Cow::Owned(resting.state(names)),
        }
    }
}

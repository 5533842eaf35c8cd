//! The one owner of the core: everything that changes the shop or a shopper goes through its queue, is committed
//! together with what it caused, and is answered only then.

mod account;
mod asked;
mod clocks;
mod effects;
mod history;
mod identity;
mod ill;
mod owner;
mod places;
mod requests;
mod trace;
mod watch;

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use engine::core::Ask;
use model::consent::ConsentRecord;
use model::decision::Decision;
use model::delivery::DeliveryState;
use model::event::Event;
use model::ids::{CustomerId, DecisionId, DeviceId, GatewayId, OfferId, StoreId};
use model::offer::Lever;
use model::outcome::Outcome;
use model::sighting::Sighting;
use model::time::Timestamp;
use tokio::sync::{mpsc, oneshot};
use wire::uplink::{Ack, Batch};

pub(crate) use owner::{Owner, Parts};

use crate::store::Device;

/// Most requests waiting for the owner; whoever sends more waits.
pub const QUEUE_MAX: usize = 4_096;

/// What became of a request, after the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is on disk, with all that it caused.
    Stored,
    /// It was known already; nothing changed.
    Duplicate,
    /// The person does not allow it; nothing was kept.
    NotAllowed,
    /// It speaks of something that is not known (a decision, a device, a receiver); nothing was kept.
    Unknown,
}

/// The owner is gone: the server is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server is stopping")]
pub struct Stopped;

/// Where a batch of a gateway came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Numbered and acknowledged.
    Durable,
    /// Best effort: never touches a disk.
    Volatile,
}

/// What the owner is asked to do.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Event { customer: CustomerId, event: Event },
    Device { device: Box<Device>, consent: Option<ConsentRecord> },
    Consent { customer: CustomerId, record: ConsentRecord },
    Outcome { customer: CustomerId, outcome: Outcome },
    Unlink { device: DeviceId },
    Forget { customer: CustomerId },
    Sighting(Box<Sighting>),
    Delivery { customer: CustomerId, decision: DecisionId, state: DeliveryState, code: Option<&'static str> },
    Batch { gateway: GatewayId, lane: Lane, batch: Box<Batch>, came: Timestamp, slot: AckSlot },
    Ask { customer: CustomerId, ask: Box<Ask>, slot: Slot },
    Preview { customer: Option<CustomerId>, ask: Box<Ask>, slot: Slot },
    Merge { from: CustomerId, into: CustomerId },
    Split { customer: CustomerId, other: CustomerId },
    Lever { store: StoreId, offer: OfferId, lever: Lever, by: String },
}

/// Where it is put what may be acknowledged once a batch is committed.
pub(crate) type AckSlot = Arc<OnceLock<Ack>>;

/// Where the decisions of a question are put, before it is answered.
pub(crate) type Slot = Arc<OnceLock<Vec<Decision>>>;

/// A request with the way back.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) request: Request,
    pub(crate) reply: Option<oneshot::Sender<Taken>>,
}

/// Asks the owner. Cheap to clone; every method returns after the commit.
#[derive(Debug, Clone)]
pub struct Handle {
    jobs: mpsc::Sender<Job>,
}

impl Handle {
    pub(crate) const fn new(jobs: mpsc::Sender<Job>) -> Self {
        Self { jobs }
    }

    /// Restores what was committed and starts the owner; its task ends when the server stops.
    pub(crate) async fn start(parts: Parts) -> crate::store::Result<(Self, tokio::task::JoinHandle<()>)> {
        let owner = Owner::restore(parts).await?;
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        Ok((Self::new(jobs), tokio::spawn(owner.run(queue))))
    }

    /// Whether so many requests wait that whoever has a choice should come again later.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.jobs.capacity() == 0
    }

    /// Takes an event of a customer. Without consent to profiling nothing is kept ([`Taken::NotAllowed`]);
    /// a consent event is a call of [`Handle::consent`] instead.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn event(&self, customer: CustomerId, event: Event) -> Result<Taken, Stopped> {
        self.ask(Request::Event { customer, event }).await
    }

    /// The same for many; they share commits.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn events(&self, events: Vec<(CustomerId, Event)>) -> Result<Vec<Taken>, Stopped> {
        self.ask_all(events.into_iter().map(|(customer, event)| Request::Event { customer, event })).await
    }

    /// Keeps a device (adds or replaces it) and links it to its customer, whose consent it may bring along.
    /// When the customer then consents to nothing, nothing is kept ([`Taken::NotAllowed`]).
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn device(&self, device: Device, consent: Option<ConsentRecord>) -> Result<Taken, Stopped> {
        self.ask(Request::Device { device: Box::new(device), consent }).await
    }

    /// Takes a consent given or withdrawn. Withdrawing everything forgets the customer.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn consent(&self, customer: CustomerId, record: ConsentRecord) -> Result<Taken, Stopped> {
        self.ask(Request::Consent { customer, record }).await
    }

    /// Takes events and outcomes in their order; they share commits.
    ///
    /// # Errors
    /// [`Stopped`].
    pub(crate) async fn take(&self, requests: Vec<Request>) -> Result<Vec<Taken>, Stopped> {
        self.ask_all(requests.into_iter()).await
    }

    /// Takes what became of a decision. Idempotent per decision and kind. [`Taken::Unknown`] for a decision that is not
    /// this customer's, or that told them nothing.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn outcome(&self, customer: CustomerId, outcome: Outcome) -> Result<Taken, Stopped> {
        self.ask(Request::Outcome { customer, outcome }).await
    }

    /// Forgets one device; its customer stays while others are left or consent stands.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn unlink(&self, device: DeviceId) -> Result<Taken, Stopped> {
        self.ask(Request::Unlink { device }).await
    }

    /// Forgets a customer: devices, profile, deliveries, and the name on every presence, visit and decision.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn forget(&self, customer: CustomerId) -> Result<Taken, Stopped> {
        self.ask(Request::Forget { customer }).await
    }

    /// Takes what a phone heard of the shop; the caller has checked the device's token.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn sightings(&self, sightings: Vec<Sighting>) -> Result<Vec<Taken>, Stopped> {
        self.ask_all(sightings.into_iter().map(|sighting| Request::Sighting(Box::new(sighting)))).await
    }

    /// Takes the answer of a channel: moves the delivery in the outbox and tells the core.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn delivery(
        &self,
        customer: CustomerId,
        decision: DecisionId,
        state: DeliveryState,
    ) -> Result<Taken, Stopped> {
        self.ask(Request::Delivery { customer, decision, state, code: None }).await
    }

    /// Takes it that a delivery must not be sent any more, and why: its cap and its unit of the budget come back.
    ///
    /// # Errors
    /// [`Stopped`].
    pub(crate) async fn withheld(
        &self,
        customer: CustomerId,
        decision: DecisionId,
        code: &'static str,
    ) -> Result<Taken, Stopped> {
        let state = DeliveryState::Withheld;
        self.ask(Request::Delivery { customer, decision, state, code: Some(code) }).await
    }

    /// Decides for another channel, and answers after the commit with what was decided: an offer, a ghost offer or
    /// silence. Empty when the customer does not allow profiling or the store is not known. Asked again with the same
    /// id, it answers what was decided the first time.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn decide(&self, customer: CustomerId, ask: Ask) -> Result<Vec<Decision>, Stopped> {
        let slot = Slot::default();
        self.ask(Request::Ask { customer, ask: Box::new(ask), slot: Arc::clone(&slot) }).await?;
        Ok(slot.get().cloned().unwrap_or_default())
    }

    /// What would be decided now, for a customer or for somebody nobody knows; nothing is kept, no limit is touched.
    /// None when the store is not known.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn preview(&self, customer: Option<CustomerId>, ask: Ask) -> Result<Option<Decision>, Stopped> {
        let slot = Slot::default();
        self.ask(Request::Preview { customer, ask: Box::new(ask), slot: Arc::clone(&slot) }).await?;
        Ok(slot.get().and_then(|decisions| decisions.first().cloned()))
    }

    /// Makes two customers one: the devices, other names, caps and histories of `from` are `into`'s from now on.
    /// [`Taken::Unknown`] when nothing is known of `from`, or when both are the same.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn merge(&self, from: CustomerId, into: CustomerId) -> Result<Taken, Stopped> {
        self.ask(Request::Merge { from, into }).await
    }

    /// Parts `other` from `customer` again, as they were before the newest merge of the two that was not undone.
    /// What `customer` was told meanwhile stays counted with both. [`Taken::Unknown`] without such a merge.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn split(&self, customer: CustomerId, other: CustomerId) -> Result<Taken, Stopped> {
        self.ask(Request::Split { customer, other }).await
    }

    /// Takes what a person said about an offer; [`Taken::Unknown`] when the store has no such offer.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn lever(&self, store: StoreId, offer: OfferId, lever: Lever, by: String) -> Result<Taken, Stopped> {
        self.ask(Request::Lever { store, offer, lever, by }).await
    }

    /// Takes a gateway's batch that came at a moment of our clock; [`Taken::Stored`] and [`Taken::Duplicate`] both mean that it may be acknowledged.
    pub(crate) async fn batch(
        &self,
        gateway: GatewayId,
        lane: Lane,
        batch: Batch,
        came: Timestamp,
    ) -> Result<(Reply, AckSlot), Stopped> {
        let (batch, slot) = (Box::new(batch), AckSlot::default());
        let reply = self.send(Request::Batch { gateway, lane, batch, came, slot: Arc::clone(&slot) }).await?;
        Ok((reply, slot))
    }

    async fn ask(&self, request: Request) -> Result<Taken, Stopped> {
        self.send(request).await?.await.map_err(|_| Stopped)
    }

    async fn ask_all(&self, requests: impl Iterator<Item = Request>) -> Result<Vec<Taken>, Stopped> {
        let mut replies = Vec::new();
        for request in requests {
            replies.push(self.send(request).await?);
        }
        let mut taken = Vec::with_capacity(replies.len());
        for reply in replies {
            taken.push(reply.await.map_err(|_| Stopped)?);
        }
        Ok(taken)
    }

    async fn send(&self, request: Request) -> Result<Reply, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { request, reply: Some(reply) }).await.map_err(|_| Stopped)?;
        Ok(answer)
    }
}

/// The answer that comes after the commit.
pub(crate) type Reply = oneshot::Receiver<Taken>;

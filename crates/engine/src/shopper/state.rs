//! What is kept of one customer, and every bound on it.

use std::collections::{BTreeSet, VecDeque};

use decide::history::History;
use decide::intent::Intent;
use decide::keyed;
use decide::person::Person;
use decide::signals::Journal;
use model::consent::Consent;
use model::decision::{Around, Moment, Trigger};
use model::delivery::DeliveryState;
use model::event::OrderLine;
use model::ids::{CustomerId, DecisionId, DeviceId, MessageId, OfferId, ProductId, StoreId, VisitId, ZoneId};
use model::offer::Channel;
use model::outcome::OutcomeKind;
use model::presence::Presence;
use model::time::{Millis, Timestamp};
use model::units::{Cents, Probability};
use serde::{Deserialize, Serialize};

use super::lesson::Lesson;
use super::slim;
use super::{BUDGET_WAIT, LATE_WAIT, Surroundings};

/// Most stays open at once (nested zones, several devices); the oldest is dropped first.
///
/// Further bounds on a customer: [`decide::intent::TOPICS_MAX`], [`decide::history::TOLD_MAX`] and
/// [`decide::history::BOUGHT_MAX`].
pub const STAYS_MAX: usize = 16;
/// Most devices of one customer in one zone; further ones are not noted.
pub const DEVICES_MAX: usize = 16;
/// Most visits remembered, so that none counts twice; the oldest is forgotten first.
pub(super) const VISITS_MAX: usize = 4;
/// Most offers whose outcome is awaited; the oldest is dropped first.
pub const OPEN_MAX: usize = 64;
/// Most moments remembered, so that none is decided twice; the oldest is forgotten first.
pub const SEEN_MAX: usize = 256;
/// Most event ids remembered, so that none counts twice; the oldest is forgotten first.
pub const MESSAGES_MAX: usize = 256;
/// Most orders remembered for a return of a whole order; the oldest is forgotten first.
pub const ORDERS_MAX: usize = 32;
/// Most lines read of one order or return; further ones are not read.
pub const LINES_MAX: usize = 100;

/// All that is kept of one customer; saved by the shell, opaque to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShopperState {
    pub(super) consent: Consent,
    pub(super) consent_at: Option<Timestamp>,
    pub(super) intent: Intent,
    pub(super) history: History,
    pub(super) stays: Vec<Stay>,
    pub(super) open: Vec<Open>,
    /// A hash of each moment's decision.
    #[serde(with = "slim::hashes")]
    pub(super) seen: VecDeque<u32>,
    /// A hash of each: ids from outside are long. One of many millions is taken for another.
    #[serde(with = "slim::hashes")]
    pub(super) messages: VecDeque<u32>,
    pub(super) orders: VecDeque<Order>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) person: Person,
    #[serde(skip_serializing_if = "Journal::is_empty")]
    pub(super) journal: Journal,
    /// Offers, with their epochs, that the customer converted in.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub(super) converted: VecDeque<(OfferId, u32)>,
    /// The visits that were counted last, one for each device.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub(super) visits: VecDeque<VisitId>,
    /// What the store saw around the customer last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) around: Option<Surroundings>,
    pub(super) pending: Option<Pending>,
}

/// A customer is in a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stay {
    pub(super) store: StoreId,
    pub(super) zone: ZoneId,
    pub(super) since: Timestamp,
    pub(super) probability: Probability,
    /// With which devices, and in which visit of each.
    pub(super) devices: Vec<(DeviceId, VisitId)>,
    /// The dwell was told already.
    pub(super) dwelled: bool,
    /// It was told while it was news: only then may intent that comes later speak into it.
    pub(super) live: bool,
}

/// An offer, or ghost offer, whose outcome is awaited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) decision: DecisionId,
    pub(super) store: StoreId,
    pub(super) offer: OfferId,
    /// The products it is about.
    pub(super) products: Vec<ProductId>,
    /// Where they stand.
    pub(super) zones: Vec<ZoneId>,
    pub(super) told_at: Timestamp,
    pub(super) expires_at: Timestamp,
    /// How far it got; none for a ghost offer, which goes nowhere.
    pub(super) delivery: Option<DeliveryState>,
    /// Whether it holds a unit of the offer's budget.
    pub(super) budgeted: bool,
    /// What became of it so far.
    pub(super) outcomes: BTreeSet<OutcomeKind>,
    /// What its answer will teach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lesson: Option<Lesson>,
    /// In which epoch of its measurement it was chosen.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) epoch: u32,
    /// What the customer saves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) discount: Cents,
    /// It only runs in shadow: it is not measured.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) shadow: bool,
}

/// What an order held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) order: String,
    pub(super) products: Vec<ProductId>,
}

/// A moment that waits for units of budgets, or for what is told behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) id: DecisionId,
    pub(super) moment: Moment,
    pub(super) since: Timestamp,
    pub(super) awaited: BTreeSet<OfferId>,
    pub(super) granted: BTreeSet<OfferId>,
}

impl Pending {
    /// One that was told late and asks for no budget yet.
    pub(super) const fn held(id: DecisionId, moment: Moment, since: Timestamp) -> Self {
        Self { id, moment, since, awaited: BTreeSet::new(), granted: BTreeSet::new() }
    }

    /// Whether it waits for what is told behind it: what asks for no budget any more is decided at once.
    pub(super) fn is_held(&self) -> bool {
        self.awaited.is_empty()
    }

    /// When it waits no longer.
    pub(super) fn due(&self) -> Timestamp {
        self.since + if self.is_held() { LATE_WAIT } else { BUDGET_WAIT }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ShopperState {
    /// Whether nothing is kept, so that nothing has to be stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Somebody of whom nothing is known, to whom a page may still show what fits where they are.
    pub(crate) fn of_nobody() -> Self {
        let consent = Consent { locating: true, profiling: true, marketing_push: true };
        Self { consent, ..Self::default() }
    }

    /// What the customer allows.
    #[must_use]
    pub const fn consent(&self) -> Consent {
        self.consent
    }

    /// How much they want a product, 0 to 1.
    #[cfg(test)]
    pub(crate) fn wants(&self, product: &ProductId, now: Timestamp) -> f64 {
        self.intent.product(product, None, now)
    }

    /// Whether the customer is in a zone now, as far as is known.
    #[must_use]
    pub fn is_present(&self) -> bool {
        !self.stays.is_empty()
    }

    /// Whether the customer has been in this store, as far as is known, in a zone entered at this time or later.
    pub(super) fn is_there_since(&self, store: &StoreId, since: Timestamp) -> bool {
        self.stays.iter().any(|stay| stay.store == *store && stay.since >= since)
    }

    /// Whether the customer is still in the zone of a moment, on the same visit, as far as is known.
    pub(super) fn is_still_there(&self, moment: &Moment) -> bool {
        let same = |stay: &&Stay| stay.store == moment.store && stay.zone == moment.zone;
        self.stays.iter().filter(same).any(|stay| stay.devices.iter().any(|(_, visit)| *visit == moment.visit))
    }

    /// Notes a moment. False if it was noted before.
    pub(super) fn note_moment(&mut self, id: DecisionId) -> bool {
        note(&mut self.seen, short(id.0 as u64 ^ (id.0 >> 64) as u64), SEEN_MAX)
    }

    /// Notes an event. False if it was noted before.
    pub(super) fn note_message(&mut self, id: &MessageId) -> bool {
        note(&mut self.messages, short(hash("message", &[id.as_str().as_bytes()])), MESSAGES_MAX)
    }

    pub(super) fn note_order(&mut self, order: &str, lines: &[OrderLine]) {
        self.orders.retain(|known| known.order != order);
        if self.orders.len() >= ORDERS_MAX {
            self.orders.pop_front();
        }
        let products = lines.iter().map(|line| line.product.clone()).collect();
        self.orders.push_back(Order { order: order.to_owned(), products });
    }

    /// Opens a stay, or joins the device to the one that is open.
    pub(super) fn enter(&mut self, presence: &Presence, device: DeviceId) -> &mut Stay {
        let known = self.stays.iter().position(|s| s.store == presence.store && s.zone == presence.zone);
        let index = known.unwrap_or_else(|| {
            if self.stays.len() >= STAYS_MAX {
                self.stays.remove(0);
            }
            self.stays.push(Stay::new(presence));
            self.stays.len() - 1
        });
        let stay = &mut self.stays[index];
        stay.probability = presence.probability;
        if stay.devices.len() < DEVICES_MAX && !stay.devices.iter().any(|(known, _)| *known == device) {
            stay.devices.push((device, presence.visit));
        }
        stay
    }

    /// Takes a device out of the stays that `which` names, and ends those that nobody is left in.
    pub(super) fn leave(&mut self, device: DeviceId, which: impl Fn(&Stay) -> bool) {
        for stay in self.stays.iter_mut().filter(|stay| which(stay)) {
            stay.devices.retain(|(known, _)| *known != device);
        }
        self.stays.retain(|stay| !stay.devices.is_empty());
        if self.stays.is_empty() {
            self.around = None;
        }
    }
}

impl Stay {
    fn new(presence: &Presence) -> Self {
        Self {
            store: presence.store.clone(),
            zone: presence.zone.clone(),
            since: presence.since,
            probability: presence.probability,
            devices: Vec::new(),
            dwelled: false,
            live: false,
        }
    }

    /// How long it has lasted.
    pub(super) fn dwell(&self, now: Timestamp) -> Millis {
        Millis(now.since(self.since).0.max(0))
    }

    /// The moment that intent makes of it at `now`.
    pub(super) fn moment(&self, around: Around, now: Timestamp) -> Option<Moment> {
        let (_, visit) = self.devices.first()?;
        Some(Moment {
            store: self.store.clone(),
            visit: *visit,
            zone: self.zone.clone(),
            trigger: Trigger::Intent,
            at: now,
            dwell: self.dwell(now),
            probability: self.probability,
            pattern: None,
            channel: Channel::Push,
            placement: None,
            around,
        })
    }
}

/// The id of the decision at a moment: it follows from the moment, so that a moment told twice has one decision.
pub(super) fn decision_id(seed: u64, customer: &CustomerId, moment: &Moment, cause: &[u8]) -> DecisionId {
    let trigger = match moment.trigger {
        Trigger::Entered => b"entered".as_slice(),
        Trigger::Dwelling => b"dwelling",
        Trigger::Intent => b"intent",
        Trigger::Pattern => {
            moment.pattern.as_ref().map_or(b"pattern".as_slice(), |pattern| pattern.as_str().as_bytes())
        }
        Trigger::Asked => b"asked",
    };
    DecisionId(keyed::id(
        seed,
        "decision",
        &[
            customer.as_str().as_bytes(),
            moment.store.as_str().as_bytes(),
            &moment.visit.0.to_be_bytes(),
            moment.zone.as_str().as_bytes(),
            trigger,
            cause,
        ],
    ))
}

/// A short number for something long that is only compared.
pub(super) fn hash(domain: &str, parts: &[&[u8]]) -> u64 {
    let digest = keyed::digest(0, domain, parts);
    u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
}

/// A hash of a hash, as it is kept.
const fn short(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

pub(super) fn note<T: PartialEq>(known: &mut VecDeque<T>, id: T, max: usize) -> bool {
    if known.contains(&id) {
        return false;
    }
    if known.len() >= max {
        known.pop_front();
    }
    known.push_back(id);
    true
}

//! What is done with calls that could be read: suppression and consent first, then who it is, then events of those who
//! allow a profile. The rest is counted and dropped.

use std::collections::{BTreeMap, BTreeSet};

use model::consent::{Consent, ConsentRecord};
use model::event::{Event, EventKind};
use model::ids::{CustomerId, DecisionId, MessageId};
use model::outcome::{Outcome, OutcomeKind};
use model::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::parse::{Call, Preferences};
use super::people::People;
use crate::app::AppState;
use crate::run::{Request, Taken};
use crate::store;

/// Why the calls could not be taken; the client sends them again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The store failed.
    #[error("look up the customers of a batch")]
    Store(#[from] store::Error),
    /// The server is stopping.
    #[error(transparent)]
    Stopped(#[from] crate::run::Stopped),
}

/// How many events went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) stored: usize,
    pub(crate) duplicate: usize,
    /// No consent to a profile: nothing was kept.
    pub(crate) no_consent: usize,
    /// Nothing that a decision reads: nothing was kept.
    pub(crate) unread: usize,
    /// The person is suppressed: nothing was kept.
    pub(crate) suppressed: usize,
    /// Coupons that redeemed what their decision told the customer.
    pub(crate) redeemed: usize,
    /// Coupons told of again.
    pub(crate) redeemed_before: usize,
    /// Coupons of a decision that is not known, told nothing, or is somebody else's.
    pub(crate) not_theirs: usize,
}

/// The id under which a sender's message is known, so that no two senders can be in each other's way, and so that
/// what an app writes into its ids is not kept.
///
/// # Panics
/// Never: 64 hexadecimal digits are an id.
#[must_use]
pub fn message_id(sender: &str, id: &MessageId) -> MessageId {
    let mut hash = Sha256::new();
    hash.update((sender.len() as u64).to_be_bytes());
    hash.update(sender.as_bytes());
    hash.update(id.as_str().as_bytes());
    MessageId::new(&hex::encode(hash.finalize())).expect("hexadecimal digits are an id")
}

/// The id under which an order is known, whoever tells of it: the same order by the web shop, the till and a table is
/// one. None without an order number.
///
/// # Panics
/// Never: a word and 64 hexadecimal digits are an id.
#[must_use]
pub fn order_id(what: &EventKind) -> Option<MessageId> {
    let EventKind::Purchased { order: Some(order), lines } = what else { return None };
    // Tills start their numbers again: only the same number with the same goods is the same order.
    let mut goods: Vec<_> = lines.iter().map(|line| (line.product.as_str(), line.quantity)).collect();
    goods.sort_unstable();
    let mut hash = Sha256::new();
    hash.update((order.len() as u64).to_be_bytes());
    hash.update(order.as_bytes());
    for (product, quantity) in goods {
        hash.update((product.len() as u64).to_be_bytes());
        hash.update(product.as_bytes());
        hash.update(quantity.to_be_bytes());
    }
    Some(MessageId::new(&format!("order-{}", hex::encode(hash.finalize()))).expect("hexadecimal digits are an id"))
}

/// Takes calls of one sender in their order. When it returns, what is kept is on disk.
pub(crate) async fn take(app: &AppState, sender: &str, calls: Vec<Call>) -> Result<Tally, Error> {
    let mut people = People::new(app);
    let mut coupons = Coupons::of(app, &calls).await?;
    let (mut tally, mut told) = (Tally::default(), Vec::new());
    for call in calls {
        let parts = call.says.len() + usize::from(call.redeems.is_some());
        if people.is_suppressed(&call).await? {
            tally.suppressed += parts;
            continue;
        }
        if call.consent.any() || people.is_news(&call) {
            // What came before a change of consent, or of who is who, is decided as it was at its own time.
            settle(app, &mut told, &mut tally).await?;
        }
        if call.consent.any() {
            people.consent(&call).await?;
        }
        people.link(&call).await?;
        let Some(customer) = people.profiled(&call).await? else {
            tally.no_consent += parts;
            continue;
        };
        if let Some(decision) = call.redeems {
            told.extend(coupons.redeem(&customer, decision, call.at, &mut tally));
        }
        for (n, what) in call.says.iter().enumerate() {
            if is_read(what) {
                let event = Event { id: message_id(sender, &call.event_id(n)), at: call.at, what: what.clone() };
                told.push(Request::Event { customer: customer.clone(), event });
            } else {
                tally.unread += 1;
            }
        }
    }
    settle(app, &mut told, &mut tally).await?;
    Ok(tally)
}

/// The coupons of one batch: what they name is looked up once, and only what told somebody an offer goes on.
struct Coupons {
    said: BTreeMap<DecisionId, Timestamp>,
    redeemed: BTreeSet<(DecisionId, CustomerId)>,
}

impl Coupons {
    async fn of(app: &AppState, calls: &[Call]) -> Result<Self, store::Error> {
        let named: BTreeSet<DecisionId> = calls.iter().filter_map(|call| call.redeems).collect();
        Ok(Self { said: app.store.said(&named).await?, redeemed: BTreeSet::new() })
    }

    fn redeem(
        &mut self,
        customer: &CustomerId,
        decision: DecisionId,
        at: Timestamp,
        tally: &mut Tally,
    ) -> Option<Request> {
        let Some(decided_at) = self.said.get(&decision) else {
            tally.not_theirs += 1;
            return None;
        };
        if !self.redeemed.insert((decision, customer.clone())) {
            tally.redeemed_before += 1;
            return None;
        }
        // A client's clock may be wrong: nothing is used before it was decided.
        let outcome = Outcome { decision, kind: OutcomeKind::Redeemed, at: at.max(*decided_at) };
        Some(Request::Outcome { customer: customer.clone(), outcome })
    }
}

/// Whether a decision reads it: data that nobody reads is data that nobody keeps.
const fn is_read(what: &EventKind) -> bool {
    match what {
        EventKind::Other { .. } => false,
        EventKind::Interest { .. }
        | EventKind::Purchased { .. }
        | EventKind::Returned { .. }
        | EventKind::Opened
        | EventKind::Complained
        | EventKind::Preferences(_)
        | EventKind::Contacted { .. }
        | EventKind::Consent(_) => true,
    }
}

/// Hands over what is told so far, in its order.
async fn settle(app: &AppState, told: &mut Vec<Request>, tally: &mut Tally) -> Result<(), Error> {
    if told.is_empty() {
        return Ok(());
    }
    let coupons: Vec<bool> = told.iter().map(|request| matches!(request, Request::Outcome { .. })).collect();
    for (taken, is_coupon) in app.run.take(std::mem::take(told)).await?.into_iter().zip(coupons) {
        if is_coupon { tally.add_coupon(taken) } else { tally.add(taken) }
    }
    Ok(())
}

impl Tally {
    const fn add_coupon(&mut self, taken: Taken) {
        match taken {
            Taken::Stored => self.redeemed += 1,
            Taken::Duplicate => self.redeemed_before += 1,
            Taken::NotAllowed => self.no_consent += 1,
            Taken::Unknown => self.not_theirs += 1,
        }
    }

    const fn add(&mut self, taken: Taken) {
        match taken {
            Taken::Stored => self.stored += 1,
            Taken::Duplicate => self.duplicate += 1,
            Taken::NotAllowed | Taken::Unknown => self.no_consent += 1,
        }
    }
}

/// The consent that the call leads to; none when it changes nothing.
pub(super) fn changed(known: Option<&ConsentRecord>, call: &Call) -> Option<ConsentRecord> {
    if known.is_some_and(|known| known.at > call.at) {
        return None;
    }
    let before = known.map(|known| known.consent).unwrap_or_default();
    let after = merged(before, call.consent);
    let record = |known: &ConsentRecord| known.text_version.clone();
    let text_version = known.map_or_else(|| "unstated".to_owned(), record);
    (after != before).then(|| ConsentRecord { consent: after, at: call.at, text_version, channel: "segment".into() })
}

/// Everybody who reads the page knows the write key: it may withdraw anything, and grant a profile only.
fn merged(before: Consent, said: Preferences) -> Consent {
    Consent {
        locating: before.locating && said.locating != Some(false),
        profiling: said.profiling.unwrap_or(before.profiling),
        marketing_push: before.marketing_push && said.marketing_push != Some(false),
    }
}

#[cfg(test)]
mod tests;

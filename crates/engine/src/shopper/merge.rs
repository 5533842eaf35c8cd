//! Two customers turn out to be one: caps and histories add up, so that nobody is told more for having two names.

use model::time::Timestamp;

use super::state::{MESSAGES_MAX, OPEN_MAX, ORDERS_MAX, SEEN_MAX, STAYS_MAX, note};
use super::{Shopper, ShopperState};

impl Shopper {
    /// Takes in all that was known of another customer.
    pub fn absorb(&mut self, other: ShopperState, now: Timestamp) {
        self.changed = true;
        self.state.absorb(other, now);
    }
}

impl ShopperState {
    /// Adds what was known of another customer. The newer consent of the two counts.
    pub fn absorb(&mut self, other: Self, _now: Timestamp) {
        if other.consent_at > self.consent_at {
            (self.consent, self.consent_at) = (other.consent, other.consent_at);
        }
        for told in other.history.told() {
            self.history.tell(told.decision, told.offer.clone(), told.at);
        }
        for (product, bought) in other.history.bought() {
            self.history.buy(product, bought.category.as_ref(), bought.at);
        }
        self.open.extend(other.open);
        self.open.sort_by_key(|open| (open.told_at, open.decision));
        self.open.drain(..self.open.len().saturating_sub(OPEN_MAX));
        self.stays.extend(other.stays);
        self.stays.drain(..self.stays.len().saturating_sub(STAYS_MAX));
        for id in other.seen {
            note(&mut self.seen, id, SEEN_MAX);
        }
        for id in other.messages {
            note(&mut self.messages, id, MESSAGES_MAX);
        }
        for order in other.orders {
            note(&mut self.orders, order, ORDERS_MAX);
        }
    }
}

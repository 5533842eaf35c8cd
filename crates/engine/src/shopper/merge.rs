//! Two customers turn out to be one: caps and histories add up, so that nobody is told more for having two names.

use super::lesson::CONVERTED_MAX;
use super::state::{DEVICES_MAX, MESSAGES_MAX, OPEN_MAX, ORDERS_MAX, SEEN_MAX, STAYS_MAX, Stay, VISITS_MAX, note};
use super::{Shopper, ShopperState};

impl Shopper {
    /// Takes in all that was known of another customer.
    pub fn absorb(&mut self, other: ShopperState) {
        self.changed = true;
        self.state.absorb(other);
    }
}

impl ShopperState {
    /// Adds what was known of the same person under another name. What was allowed under this name stands; only when
    /// nothing was, the other's word counts.
    pub fn absorb(&mut self, other: Self) {
        if self.consent_at.is_none() {
            (self.consent, self.consent_at) = (other.consent, other.consent_at);
        }
        self.history.absorb(other.history);
        self.intent.absorb(other.intent);
        self.person.absorb(other.person);
        for open in other.open {
            if !self.open.iter().any(|known| known.decision == open.decision) {
                self.open.push(open);
            }
        }
        self.open.sort_by_key(|open| (open.told_at, open.decision));
        self.open.drain(..self.open.len().saturating_sub(OPEN_MAX));
        if self.consent.locating {
            self.journal.absorb(other.journal);
            other.stays.into_iter().for_each(|stay| self.join(stay));
            self.around = self.around.take().or(other.around);
        }
        for id in other.seen {
            note(&mut self.seen, id, SEEN_MAX);
        }
        for id in other.messages {
            note(&mut self.messages, id, MESSAGES_MAX);
        }
        for order in other.orders {
            if !self.orders.iter().any(|known| known.order == order.order) {
                note(&mut self.orders, order, ORDERS_MAX);
            }
        }
        for visit in other.visits {
            note(&mut self.visits, visit, VISITS_MAX);
        }
        for conversion in other.converted {
            note(&mut self.converted, conversion, CONVERTED_MAX);
        }
    }

    /// A phone and a watch in the same zone are one stay.
    fn join(&mut self, other: Stay) {
        let same = self.stays.iter_mut().find(|stay| stay.store == other.store && stay.zone == other.zone);
        let Some(stay) = same else {
            if self.stays.len() >= STAYS_MAX {
                self.stays.remove(0);
            }
            return self.stays.push(other);
        };
        stay.since = stay.since.min(other.since);
        stay.dwelled |= other.dwelled;
        stay.live |= other.live;
        for (device, visit) in other.devices {
            let is_new = !stay.devices.iter().any(|(known, _)| *known == device);
            if is_new && stay.devices.len() < DEVICES_MAX {
                stay.devices.push((device, visit));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use decide::signals::Mark;
    use model::consent::Consent;
    use model::event::Interest;
    use model::ids::{DecisionId, DeviceId, OfferId, ProductId, StoreId, VisitId, ZoneId};
    use model::signal::Signal;
    use model::time::Timestamp;
    use model::units::Probability;

    use super::*;

    fn stay(zone: &str, since: i64, device: u128) -> Stay {
        Stay {
            store: StoreId::new("s").expect("a slug"),
            zone: ZoneId::new(zone).expect("a slug"),
            since: Timestamp(since),
            probability: Probability::ONE,
            devices: vec![(DeviceId(device), VisitId(device))],
            dwelled: device == 2,
            live: true,
        }
    }

    fn state(consent_at: Option<i64>, locating: bool) -> ShopperState {
        ShopperState {
            consent: Consent { locating, profiling: true, marketing_push: false },
            consent_at: consent_at.map(Timestamp),
            ..ShopperState::default()
        }
    }

    #[test]
    fn caps_add_up_and_what_was_allowed_stands() {
        let (mut person, mut visitor) = (state(Some(1), true), state(Some(9), false));
        let offer = OfferId::new("o").expect("a slug");
        let tell = |state: &mut ShopperState, decision, at| {
            state.history.tell(DecisionId(decision), offer.clone(), Timestamp(at));
        };
        tell(&mut person, 1, 10);
        tell(&mut visitor, 2, 5);
        let product = ProductId::new("p").expect("a reference");
        visitor.intent.touch(Interest::Viewed, Some(&product), None, Timestamp(5));
        person.absorb(visitor.clone());
        person.absorb(visitor);
        let told: Vec<_> = person.history.told().iter().map(|told| told.decision.0).collect();
        assert_eq!(told, [2, 1], "each once, in the order of time, also when taken in twice");
        assert!(person.consent.locating, "a browser's word does not change the person's");
        assert!(person.intent.product(&product, None, Timestamp(6)) > 0.3, "what the visitor wanted is wanted");
    }

    #[test]
    fn without_a_word_of_ones_own_the_others_counts() {
        let mut person = ShopperState::default();
        person.absorb(state(Some(9), true));
        assert!(person.consent.locating && person.consent.profiling);
    }

    #[test]
    fn what_was_muted_marked_and_converted_under_another_name_still_holds() {
        let (mut person, mut visitor) = (state(Some(1), true), state(Some(1), true));
        let offer = OfferId::new("o").expect("a slug");
        visitor.person.mute(&offer, None);
        visitor.person.complain(Timestamp(7));
        visitor.journal.note(Mark {
            at: Timestamp(5),
            key: 1,
            signal: Signal::Viewed,
            store: StoreId::new("s").expect("a slug"),
            zone: None,
            visit: None,
            product: None,
            probability: Probability::ONE,
        });
        visitor.converted.push_back((offer.clone(), 3));
        person.absorb(visitor.clone());
        person.absorb(visitor);
        assert!(person.person.preferences.mute_offers.contains(&offer));
        assert_eq!(person.person.complaint_at, Some(Timestamp(7)));
        assert_eq!(person.journal.marks().len(), 1);
        assert_eq!(person.converted, [(offer, 3)], "one customer counts once in an epoch");
    }

    #[test]
    fn two_devices_in_one_zone_are_one_stay_and_nobody_is_placed_who_does_not_allow_it() {
        let (mut person, mut other) = (state(Some(1), true), state(Some(1), true));
        person.stays.push(stay("wine", 10, 1));
        other.stays.extend([stay("wine", 5, 2), stay("games", 7, 2)]);
        let mut hidden = state(Some(1), false);
        hidden.absorb(other.clone());
        assert!(hidden.stays.is_empty());
        person.absorb(other);
        assert_eq!(person.stays.len(), 2);
        assert_eq!((person.stays[0].since, person.stays[0].devices.len()), (Timestamp(5), 2));
        assert!(person.stays[0].dwelled);
    }
}

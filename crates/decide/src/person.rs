//! What is known of one customer beside intent and history: what they said, what they buy again, how things stand.

use std::collections::BTreeMap;

use model::ids::{CategoryId, OfferId, ProductId};
use model::preferences::Preferences;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

use crate::history::{History, Reaction};

/// Most products whose cycle is kept; the one bought longest ago is forgotten first.
pub const CYCLES_MAX: usize = 64;
/// Most outside contacts, and most "not now"s, kept; the oldest is forgotten first.
pub const CONTACTS_MAX: usize = 32;
/// Most muted topics of one kind.
pub const MUTED_MAX: usize = 64;
/// "Not now" holds for so long.
pub const LATER: Millis = Millis::hours(24);
/// Longer waits count as this long.
const WAIT_MAX: Millis = Millis::minutes(30);
/// Two purchases closer than this are one errand, not a cycle.
const ERRAND: Millis = Millis::hours(12);

/// How a product is bought again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    /// The last time.
    pub last: Timestamp,
    /// Days between two purchases, the newer weighing more; 0 while there was one.
    pub days: f64,
    /// How many gaps it rests on.
    pub gaps: u32,
}

/// One customer beside intent and history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// What they said.
    #[serde(skip_serializing_if = "is_default")]
    pub preferences: Preferences,
    /// When they last complained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint_at: Option<Timestamp>,
    /// Visits so far.
    #[serde(skip_serializing_if = "is_default")]
    pub visits: u32,
    /// Orders returned so far.
    #[serde(skip_serializing_if = "is_default")]
    pub returns: u32,
    /// How long they last waited at a till, in seconds, and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waited: Option<(f64, Timestamp)>,
    /// Spent so far, in cents.
    #[serde(skip_serializing_if = "is_default")]
    pub spend: f64,
    /// How products are bought again.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cycles: BTreeMap<ProductId, Cycle>,
    /// When others told them something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Timestamp>,
    /// "Not now", until when.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub later: BTreeMap<OfferId, Timestamp>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Person {
    /// Notes a purchase: the product's cycle follows.
    pub fn buy(&mut self, product: &ProductId, amount: f64, at: Timestamp) {
        if amount.is_finite() && amount > 0.0 {
            self.spend += amount;
        }
        let cycle = self.cycles.entry(product.clone()).or_insert(Cycle { last: at, days: 0.0, gaps: 0 });
        let gap = at.since(cycle.last);
        if gap >= ERRAND {
            let days = gap.as_seconds() / 86_400.0;
            cycle.days = if cycle.gaps == 0 { days } else { 0.5f64.mul_add(days - cycle.days, cycle.days) };
            cycle.gaps = cycle.gaps.saturating_add(1);
        }
        cycle.last = cycle.last.max(at);
        if self.cycles.len() > CYCLES_MAX {
            let oldest = self.cycles.iter().min_by_key(|(_, cycle)| cycle.last).map(|(id, _)| id.clone());
            oldest.map(|id| self.cycles.remove(&id));
        }
    }

    /// Notes that something came back.
    pub const fn give_back(&mut self) {
        self.returns = self.returns.saturating_add(1);
    }

    /// Notes that a visit began.
    pub const fn visit(&mut self) {
        self.visits = self.visits.saturating_add(1);
    }

    /// Notes a complaint.
    pub fn complain(&mut self, at: Timestamp) {
        self.complaint_at = self.complaint_at.max(Some(at));
    }

    /// Notes that they waited at a till.
    pub fn waits(&mut self, from: Timestamp, to: Timestamp) {
        let seconds = to.since(from).as_seconds().clamp(0.0, WAIT_MAX.as_seconds());
        if self.waited.is_none_or(|(_, at)| at <= to) {
            self.waited = Some((seconds, to));
        }
    }

    /// The last wait, in ten minutes, and fading; none when none is known.
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Option<f64> {
        self.waited.map(|(seconds, at)| seconds / 600.0 * fade(at, now, 30.0))
    }

    /// The last complaint, 1 when it is fresh, and fading; none when there was none.
    #[must_use]
    pub fn complaint(&self, now: Timestamp) -> Option<f64> {
        self.complaint_at.map(|at| fade(at, now, 30.0))
    }

    /// Notes that somebody else told them something.
    pub fn contacted(&mut self, at: Timestamp) {
        let place = self.contacts.partition_point(|known| *known <= at);
        self.contacts.insert(place, at);
        if self.contacts.len() > CONTACTS_MAX {
            self.contacts.remove(0);
        }
    }

    /// "Not now": this offer waits.
    pub fn not_now(&mut self, offer: &OfferId, at: Timestamp) {
        self.later.retain(|_, until| *until > at);
        if self.later.len() < CONTACTS_MAX {
            self.later.insert(offer.clone(), at + LATER);
        }
    }

    /// "Not for me": nothing more of this offer, nor of its category.
    pub fn mute(&mut self, offer: &OfferId, category: Option<&CategoryId>) {
        if self.preferences.mute_offers.len() < MUTED_MAX {
            self.preferences.mute_offers.insert(offer.clone());
        }
        if self.preferences.mute_categories.len() < MUTED_MAX {
            self.preferences.mute_categories.extend(category.cloned());
        }
    }

    /// The days after which this customer buys the product again, once that is known from two gaps.
    #[must_use]
    pub fn cycle(&self, product: &ProductId) -> Option<f64> {
        self.cycles.get(product).filter(|cycle| cycle.gaps >= 2).map(|cycle| cycle.days)
    }

    /// How things stand between the customer and the shop, -1 to 1: what they did with what they were told, and whether
    /// they complained, sent things back or had to wait.
    #[must_use]
    pub fn relationship(&self, history: &History, now: Timestamp) -> f64 {
        let taken: f64 = history.told().iter().map(|told| fade(told.at, now, 30.0) * weight(told.reaction)).sum();
        let complaint = 3.0 * self.complaint(now).unwrap_or(0.0);
        let wait = 0.5 * self.wait(now).unwrap_or(0.0);
        let returns = 0.3 * f64::from(self.returns.min(10));
        let visits = 0.1 * f64::from(self.visits.min(10));
        ((taken + visits - complaint - returns - wait) / 4.0).tanh()
    }

    /// Takes the same person under another name in: counters add, wishes unite.
    pub fn absorb(&mut self, other: Self) {
        self.preferences.mute_categories.extend(other.preferences.mute_categories);
        self.preferences.mute_brands.extend(other.preferences.mute_brands);
        self.preferences.mute_offers.extend(other.preferences.mute_offers);
        let most = [self.preferences.a_day_max, other.preferences.a_day_max];
        self.preferences.a_day_max = most.into_iter().flatten().min();
        self.preferences.quiet = self.preferences.quiet.take().or(other.preferences.quiet);
        self.preferences.birth_year = self.preferences.birth_year.or(other.preferences.birth_year);
        self.preferences.channels = match (self.preferences.channels.take(), other.preferences.channels) {
            (Some(ours), Some(theirs)) => Some(ours.intersection(&theirs).copied().collect()),
            (ours, theirs) => ours.or(theirs),
        };
        self.complaint_at = self.complaint_at.max(other.complaint_at);
        self.waited = [self.waited, other.waited].into_iter().flatten().max_by_key(|(_, at)| *at);
        self.visits = self.visits.saturating_add(other.visits);
        self.returns = self.returns.saturating_add(other.returns);
        self.spend += other.spend;
        for (product, cycle) in other.cycles {
            let known = self.cycles.entry(product).or_insert(cycle);
            if cycle.gaps > known.gaps {
                *known = Cycle { last: known.last.max(cycle.last), ..cycle };
            } else {
                known.last = known.last.max(cycle.last);
            }
        }
        other.contacts.into_iter().for_each(|at| self.contacted(at));
        for (offer, until) in other.later {
            let known = self.later.entry(offer).or_insert(until);
            *known = until.max(*known);
        }
    }
}

/// What is left of something after its half-life in days.
fn fade(at: Timestamp, now: Timestamp, half_life: f64) -> f64 {
    (-now.since(at).as_seconds().max(0.0) / (half_life * 86_400.0)).exp2()
}

const fn weight(reaction: Reaction) -> f64 {
    match reaction {
        Reaction::Ignored => -0.2,
        Reaction::Dismissed => -0.6,
        Reaction::Opened => 0.3,
        Reaction::Taken => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use model::ids::DecisionId;
    use model::outcome::OutcomeKind;

    use super::*;

    fn product() -> ProductId {
        ProductId::new("p").expect("a reference")
    }

    fn offer() -> OfferId {
        OfferId::new("o").expect("a slug")
    }

    const fn day(n: i64) -> Timestamp {
        Timestamp(n * 86_400_000)
    }

    #[test]
    fn a_cycle_is_learnt_from_two_gaps_and_one_errand_counts_once() {
        let mut person = Person::default();
        person.buy(&product(), 500.0, day(0));
        person.buy(&product(), 500.0, day(0) + Millis::hours(1));
        assert_eq!(person.cycle(&product()), None);
        person.buy(&product(), 500.0, day(10));
        person.buy(&product(), 500.0, day(20));
        assert!((person.cycle(&product()).expect("two gaps") - 10.0).abs() < 0.1);
        assert!((person.spend - 2_000.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_taken_mends_a_relationship_and_a_complaint_hurts_it() {
        let (mut person, mut history) = (Person::default(), History::default());
        assert!(person.relationship(&history, day(9)).abs() < 1e-12);
        history.tell(DecisionId(1), offer(), day(8));
        assert!(person.relationship(&history, day(9)) < 0.0);
        history.react(DecisionId(1), OutcomeKind::Redeemed);
        let good = person.relationship(&history, day(9));
        assert!(good > 0.1);
        person.complain(day(9));
        assert!(person.relationship(&history, day(9)) < -0.3);
        assert!(person.relationship(&history, day(300)) > -0.1, "it is forgotten");
    }

    #[test]
    fn who_had_to_wait_thinks_less_of_the_shop_until_it_is_forgotten() {
        let (mut person, history) = (Person::default(), History::default());
        assert_eq!(person.wait(day(1)), None);
        person.waits(day(1), day(1) + Millis::minutes(10));
        let known = |person: &Person, at| person.wait(at).expect("a wait");
        assert!((known(&person, day(1)) - 1.0).abs() < 1e-12, "in ten minutes");
        assert!((known(&person, day(31) + Millis::minutes(10)) - 0.5).abs() < 1e-12, "half after a month");
        assert!(person.relationship(&history, day(2)) < -0.1);
        person.waits(day(0), day(0) + Millis::minutes(1));
        assert!(known(&person, day(2)) > 0.9, "an older one that is told late changes nothing");
        person.waits(day(2), day(3));
        assert!((known(&person, day(3)) - 3.0).abs() < 1e-12, "half an hour at most");
    }

    #[test]
    fn two_names_of_one_person_add_up() {
        let (mut one, mut other) = (Person::default(), Person::default());
        one.visit();
        other.visit();
        other.contacted(day(3));
        one.contacted(day(5));
        other.mute(&offer(), None);
        other.complain(day(2));
        one.absorb(other);
        assert_eq!((one.visits, one.contacts.clone(), one.complaint_at), (2, vec![day(3), day(5)], Some(day(2))));
        assert!(one.preferences.mute_offers.contains(&offer()));
    }
}

//! How shoppers truly answer offers, hidden from whoever decides: what each would do with and without an offer is settled
//! before anything is decided, so that every way to decide meets the same people.
//!
//! The law here is its own: a taste for each kind of thing on a straight scale, not the curve that a product might fit.

mod circumstances;

use crate::chance::Chance;

pub use circumstances::Circumstances;

/// The truth about one offer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Appeal {
    /// The kind of thing that it is about; people's tastes go by kind.
    pub kind: u64,
    /// Share of people who buy the thing anyway, 0 to 1.
    pub anyway: f64,
    /// Share who buy it when told of the offer, 0 to 1; below `anyway` the offer drives people away.
    pub told: f64,
    /// How far tastes move both shares up and down, as a part of them, 0 to 1.
    pub taste: f64,
}

/// What somebody would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Would {
    /// Buys if nothing is said.
    pub buy_anyway: bool,
    /// Buys, with the offer, if it is said.
    pub buy_told: bool,
}

/// People and what they would do.
#[derive(Debug, Clone)]
pub struct Responses {
    chance: Chance,
    appeals: Vec<Appeal>,
}

impl Responses {
    /// People who answer these offers; the same seed gives the same people.
    #[must_use]
    pub fn new(seed: u64, appeals: Vec<Appeal>) -> Self {
        Self { chance: Chance::root(seed), appeals }
    }

    /// The true chances of somebody to buy: if nothing is said, and if the offer is.
    #[must_use]
    pub fn chances(&self, person: u64, offer: usize) -> (f64, f64) {
        let appeal = self.appeals[offer];
        let taste = self.chance.branch("taste", person).branch("kind", appeal.kind).draws().between(-1.0, 1.0);
        let share = |of: f64| (of * (1.0 + appeal.taste * taste)).clamp(0.0, 1.0);
        (share(appeal.anyway), share(appeal.told))
    }

    /// What somebody would do at a visit. Whoever buys both ways is one who did not need the offer.
    #[must_use]
    pub fn would(&self, person: u64, visit: u64, offer: usize) -> Would {
        let (anyway, told) = self.chances(person, offer);
        self.met(person, visit, offer, anyway, told)
    }

    fn met(&self, person: u64, visit: u64, offer: usize, anyway: f64, told: f64) -> Would {
        let luck = self
            .chance
            .branch("visit", visit)
            .branch("person", person)
            .branch("offer", offer as u64)
            .draws()
            .between(0.0, 1.0);
        Would { buy_anyway: luck < anyway, buy_told: luck < told }
    }

    /// In what state somebody is met at a visit.
    #[must_use]
    pub fn circumstances(&self, person: u64, visit: u64) -> Circumstances {
        Circumstances::drawn(&self.chance.branch("circumstances", visit).branch("person", person))
    }

    /// What somebody would do at a visit, as ready to listen as they then are.
    #[must_use]
    pub fn would_then(&self, person: u64, visit: u64, offer: usize) -> Would {
        let (anyway, told) = self.chances(person, offer);
        let told = (told * self.circumstances(person, visit).readiness()).min(1.0);
        self.met(person, visit, offer, anyway, told)
    }

    /// The true ratio of buyers among people who are told to the buyers among the same people told nothing.
    #[must_use]
    pub fn lift(&self, people: impl Iterator<Item = u64>, offer: usize) -> f64 {
        let (anyway, told) = people.fold((0.0, 0.0), |sums, person| {
            let (anyway, told) = self.chances(person, offer);
            (sums.0 + anyway, sums.1 + told)
        });
        told / anyway
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPEAL: Appeal = Appeal { kind: 1, anyway: 0.1, told: 0.25, taste: 0.5 };

    #[test]
    fn people_answer_as_often_as_the_truth_says_and_always_alike() {
        let responses = Responses::new(3, vec![APPEAL]);
        let people = 20_000;
        let count = |of: fn(Would) -> bool| (0..people).filter(|n| of(responses.would(*n, 0, 0))).count() as f64;
        let (anyway, told) = (count(|would| would.buy_anyway), count(|would| would.buy_told));
        assert!((anyway / people as f64 - 0.1).abs() < 0.01, "{anyway}");
        assert!((told / people as f64 - 0.25).abs() < 0.01, "{told}");
        assert!((responses.lift(0..people, 0) - 2.5).abs() < 1e-9);
        let again = Responses::new(3, vec![APPEAL]);
        assert!((0..100).all(|person| again.would(person, 7, 0) == responses.would(person, 7, 0)));
    }

    #[test]
    fn who_is_ready_to_listen_buys_more_when_told_and_no_more_anyway() {
        let responses = Responses::new(3, vec![Appeal { taste: 0.0, ..APPEAL }]);
        let (ready, unready): (Vec<u64>, Vec<u64>) =
            (0..20_000).partition(|person| responses.circumstances(*person, 0).readiness() > 1.0);
        let share = |of: fn(Would) -> bool, people: &[u64]| {
            people.iter().filter(|person| of(responses.would_then(**person, 0, 0))).count() as f64 / people.len() as f64
        };
        let told = |people| share(|would| would.buy_told, people);
        assert!(told(&ready) > 1.5 * told(&unready), "{} {}", told(&ready), told(&unready));
        let anyway = |people| share(|would| would.buy_anyway, people);
        assert!((anyway(&ready) - anyway(&unready)).abs() < 0.02);
        assert_eq!(responses.circumstances(7, 1), responses.circumstances(7, 1));
    }

    #[test]
    fn tastes_differ_between_people_and_not_between_visits() {
        let responses = Responses::new(3, vec![APPEAL, Appeal { kind: 2, ..APPEAL }]);
        let told: Vec<f64> = (0..100).map(|person| responses.chances(person, 0).1).collect();
        assert!(told.iter().any(|share| *share > 0.3) && told.iter().any(|share| *share < 0.2));
        assert!(told.iter().all(|share| (0.125..=0.375).contains(share)));
        let other = (0..100).filter(|person| (told[*person as usize] - responses.chances(*person, 1).1).abs() > 0.01);
        assert!(other.count() > 80, "another kind, another taste");
    }
}

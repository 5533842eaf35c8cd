use model::pattern::Times;
use proptest::prelude::*;

use super::*;
use crate::fixture::{NOON, World, product, zone};

fn mark(signal: Signal, seconds: i64, place: &str) -> Mark {
    let key = u64::try_from(seconds).expect("after noon") * 32 + signal as u64;
    Mark {
        at: NOON + Millis::seconds(seconds),
        key,
        signal,
        store: StoreId::new("rome-1").expect("a slug"),
        zone: Some(zone(place)),
        visit: Some(VisitId(1)),
        product: None,
        probability: Probability::ONE,
    }
}

fn of(signal: Signal, seconds: i64, id: &str) -> Mark {
    Mark { product: Some(product(id)), ..mark(signal, seconds, "wine") }
}

fn journal(marks: &[Mark]) -> Journal {
    let mut journal = Journal::default();
    for mark in marks {
        journal.note(mark.clone());
    }
    journal
}

fn pattern(id: &str, on: &[Signal]) -> Pattern {
    let mut pattern = Pattern::usual().remove(0);
    pattern.id = MomentId::new(id).expect("a slug");
    pattern.on = on.to_vec();
    pattern
}

/// When a pattern fires, in seconds after noon, looked at every second for five minutes.
fn firings(marks: &[Mark], pattern: &Pattern) -> Vec<i64> {
    let (journal, shop) = (journal(marks), World::new().shop);
    let mut seen = BTreeSet::new();
    (0..300)
        .flat_map(|second| journal.fired(std::slice::from_ref(pattern), &shop, NOON + Millis::seconds(second)))
        .filter(|fired| seen.insert(fired.id))
        .map(|fired| fired.at.since(NOON).0 / 1_000)
        .collect()
}

#[test]
fn steps_count_in_their_order_in_one_zone_and_in_time() {
    use Signal::{Dwelling, Entered, Left};
    let steps = pattern("p", &[Entered, Dwelling]);
    assert_eq!(firings(&[mark(Entered, 1, "wine"), mark(Dwelling, 9, "wine")], &steps), [9]);
    assert!(firings(&[mark(Dwelling, 1, "wine"), mark(Entered, 9, "wine")], &steps).is_empty());
    assert!(firings(&[mark(Entered, 1, "pasta"), mark(Dwelling, 9, "wine")], &steps).is_empty());
    assert!(firings(&[mark(Entered, 1, "staff"), mark(Dwelling, 9, "staff")], &steps).is_empty(), "private");
    let soon = Pattern { within_s: 5, ..steps };
    assert!(firings(&[mark(Entered, 1, "wine"), mark(Dwelling, 9, "wine")], &soon).is_empty());
    // Came, stayed and left without taking anything up.
    let mut walked = pattern("walked", &[Entered, Dwelling, Left]);
    walked.without = vec![Signal::PickedUp];
    let stay = [mark(Entered, 1, "wine"), mark(Dwelling, 9, "wine"), mark(Left, 60, "wine")];
    assert_eq!(firings(&stay, &walked), [60]);
    let took = [stay.as_slice(), &[of(Signal::PickedUp, 30, "barolo")]].concat();
    assert!(firings(&took, &walked).is_empty());
}

#[test]
fn lingering_fires_later_if_the_stay_goes_on() {
    let lingering = Pattern { after_s: 60, ..pattern("lingering", &[Signal::Dwelling]) };
    assert_eq!(firings(&[mark(Signal::Dwelling, 10, "wine")], &lingering), [70]);
    assert!(firings(&[mark(Signal::Dwelling, 10, "wine"), mark(Signal::Left, 40, "wine")], &lingering).is_empty());
    assert_eq!(firings(&[mark(Signal::Dwelling, 10, "wine"), mark(Signal::Left, 71, "wine")], &lingering), [70]);
    let (journal, shop) = (journal(&[mark(Signal::Dwelling, 10, "wine")]), World::new().shop);
    let due = journal.next_due(std::slice::from_ref(&lingering), &shop, NOON + Millis::seconds(11));
    assert_eq!(due, Some(NOON + Millis::seconds(70)));
}

#[test]
fn passing_for_the_second_time_is_told_from_standing_twice() {
    use Signal::{Entered, Left};
    let second = Pattern { times: Some(Times { count: 2, hours: 72 }), ..pattern("second-pass", &[Entered]) };
    let once = [mark(Entered, 1, "wine"), mark(Entered, 5, "wine")];
    assert!(firings(&once, &second).is_empty(), "one stay, told twice");
    let twice = [mark(Entered, 1, "wine"), mark(Left, 20, "wine"), mark(Entered, 90, "wine")];
    assert_eq!(firings(&twice, &second), [90]);
    let elsewhere = [mark(Entered, 1, "pasta"), mark(Left, 20, "pasta"), mark(Entered, 90, "wine")];
    assert!(firings(&elsewhere, &second).is_empty());
}

#[test]
fn what_was_put_back_or_bought_is_not_left_behind() {
    let leaving = Pattern { scope: Scope::Visit, unbought: true, ..pattern("leaving", &[Signal::VisitEnded]) };
    let end = mark(Signal::VisitEnded, 200, "wine");
    let took = of(Signal::PickedUp, 30, "barolo");
    assert_eq!(firings(&[took.clone(), end.clone()], &leaving), [200]);
    assert!(firings(&[took.clone(), of(Signal::PutBack, 40, "barolo"), end.clone()], &leaving).is_empty());
    assert!(firings(std::slice::from_ref(&end), &leaving).is_empty());
    let mut bought = journal(&[took, end]);
    bought.bought(&product("barolo"));
    assert!(bought.fired(&[leaving], &World::new().shop, NOON + Millis::seconds(201)).is_empty());
    let back = pattern("hesitating", &[Signal::PickedUp, Signal::PutBack]);
    assert_eq!(firings(&[of(Signal::PickedUp, 3, "barolo"), of(Signal::PutBack, 9, "barolo")], &back), [9]);
}

#[test]
fn a_pattern_rests() {
    let marks: Vec<Mark> = [1, 31, 61, 121].map(|at| mark(Signal::Entered, at, "wine")).to_vec();
    let resting = Pattern { rest_s: 60, ..pattern("p", &[Signal::Entered]) };
    assert_eq!(firings(&marks, &resting), [1, 61, 121]);
}

#[test]
fn memory_is_bounded_and_the_newest_stays() {
    let marks: Vec<Mark> = (0..200).map(|at| mark(Signal::Entered, at, "wine")).collect();
    let journal = journal(&marks);
    assert_eq!(journal.marks().len(), MARKS_MAX);
    assert_eq!(journal.marks().last().map(|mark| mark.at), Some(NOON + Millis::seconds(199)));
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        events in prop::collection::vec((0..250_i64, 0..6_usize, any::<bool>()), 0..40),
        turns in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
    ) {
        use Signal::{Dwelling, Entered, Left, PickedUp, PutBack, VisitEnded};
        let kinds = [Entered, Dwelling, Left, PickedUp, PutBack, VisitEnded];
        let place = |wine| if wine { "wine" } else { "pasta" };
        let marks: Vec<Mark> = events.iter().map(|(at, kind, wine)| mark(kinds[*kind], *at, place(*wine))).collect();
        let mut unique: Vec<Mark> = Vec::new();
        for mark in marks {
            if unique.iter().all(|known| known.key != mark.key) { unique.push(mark) }
        }
        let mut shuffled = unique.clone();
        for turn in &turns {
            if unique.is_empty() { break }
            let index = turn.index(shuffled.len());
            let repeated = shuffled[index].clone();
            shuffled.swap(0, index);
            shuffled.push(repeated);
        }
        let patterns = [
            pattern("a", &[Entered, Dwelling]),
            Pattern { without: vec![PickedUp], after_s: 20, ..pattern("b", &[Entered]) },
            Pattern { times: Some(Times { count: 2, hours: 1 }), ..pattern("c", &[Entered]) },
        ];
        prop_assert_eq!(journal(&unique), journal(&shuffled));
        for one in &patterns {
            prop_assert_eq!(firings(&unique, one), firings(&shuffled, one));
        }
    }
}

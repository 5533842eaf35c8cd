//! Who met a person's word about an offer, on which side, and what they bought from then on.

use engine::shopper::Purchase;
use measure::lift::Unit;
use model::decision::{Choice, Decision, Word};
use model::ids::{OfferId, ProductId, StoreId};
use model::offer::Lever;
use model::units::Cents;

use super::*;

const SHARE: f64 = 0.25;

fn shop() -> StoreId {
    StoreId::new("bari").expect("an id")
}

/// Who met the word about the offer, when, and whether it was put aside for them.
fn met(id: u128, who: &str, at: i64, aside: bool) -> Decision {
    let mut decision = decision(id, who, after(at), true);
    decision.choice = Choice::Silence { code: "not-worth-it".into() };
    decision.moment.store = shop();
    decision.words_aside = aside;
    decision.words = vec![Word { offer: offer("primitivo"), weight: 1.5, pin: false, share: SHARE }];
    decision
}

fn bought(order: &str, product: &str, at: i64, margin: i64) -> Purchase {
    Purchase {
        order: order.parse().expect("an id"),
        product: ProductId::new(product).expect("an id"),
        store: Some(shop()),
        decision: None,
        amount: Cents(2 * margin),
        margin: Cents(margin),
        at: after(at),
    }
}

/// Silence counts as much as an offer, only the first meeting begins a customer's time, and any purchase of what the
/// offer is about converts, on both sides alike.
pub(super) async fn both_sides_of_a_word_are_compared(store: &Store) {
    let (bari, wine): (_, OfferId) = (shop(), offer("primitivo"));
    let mut changes = Changes::default();
    for who in ["hal", "ida", "jon", "kim", "leo"] {
        changes.consents.push((customer(who), consent(true, true)));
    }
    let mut held = met(906, "leo", 20, false);
    held.holdout = true;
    let mut other = met(907, "leo", 20, false);
    other.words[0].share = 0.5;
    let early = met(905, "kim", 5, true);
    let all =
        [met(901, "hal", 20, false), met(902, "hal", 60, false), met(903, "ida", 30, true), met(904, "jon", 40, true)];
    changes.decisions = all.into_iter().chain([early, held, other]).map(|one| (one.id, one)).collect();
    changes.purchases = vec![
        (customer("hal"), bought("w-1", "primitivo", 50, 300)),
        (customer("hal"), bought("w-2", "primitivo", 15, 40)),
        (customer("ida"), bought("w-3", "bread", 70, 20)),
        (customer("jon"), bought("w-4", "primitivo", 35, 90)),
    ];
    let say = |weight: f64, approved: bool, at: i64| super::super::LeverRow {
        store: bari.clone(),
        offer: wine.clone(),
        lever: Lever { weight, approved, ..Lever::default() },
        by: "rosa".into(),
        at: after(at),
    };
    assert_eq!(store.words_of(&bari, &wine).await.expect("read").moved, None);
    changes.levers = vec![say(2.0, true, 1), say(1.5, true, 10), say(1.5, false, 12)];
    store.commit(&changes).await.expect("committed");
    let since = store.words_of(&bari, &wine).await.expect("read").moved;
    assert_eq!(since, Some(after(10)), "since this weight, whatever else was said");
    let product = ProductId::new("primitivo").expect("an id");
    let products = [&product].into();
    let units = store.word_units((&bari, &wine), &products, SHARE, after(10), after(100)).await.expect("read");
    let unit = |treated, converted, value, before| Unit { treated, converted, value, before };
    assert_eq!(units, [unit(true, true, 300.0, 40.0), unit(false, false, 20.0, 0.0), unit(false, false, 0.0, 90.0)]);

    let mut changes = Changes { levers: vec![say(1.0, true, 80)], ..Changes::default() };
    changes.forgotten.insert(customer("ida"));
    store.commit(&changes).await.expect("committed");
    assert_eq!(store.words_of(&bari, &wine).await.expect("read").moved, None, "it was taken back");
    let left = store.word_units((&bari, &wine), &products, SHARE, after(10), after(100)).await.expect("read");
    assert_eq!(left.len(), 2, "nothing is left of who is forgotten");
}

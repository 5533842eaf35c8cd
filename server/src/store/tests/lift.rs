//! Who was told and who would have been, with what they bought; and the log of decisions that tells the same.

use engine::shopper::Purchase;
use measure::lift::Unit;
use model::ids::{ProductId, StoreId};
use model::units::Cents;

use super::*;

const EPOCH: u32 = 2;

fn shop() -> StoreId {
    StoreId::new("torino").expect("an id")
}

/// A line of an order that earned so much, put down to a decision or to none.
fn bought(order: &str, at: i64, margin: i64, decision: Option<u128>) -> Purchase {
    Purchase {
        order: order.parse().expect("an id"),
        product: ProductId::new("barolo").expect("an id"),
        store: Some(shop()),
        decision: decision.map(DecisionId),
        amount: Cents(2 * margin),
        margin: Cents(margin),
        at: after(at),
    }
}

/// Five customers: told, kept back by the offer, told in an earlier epoch, in shadow only, kept back by the store.
pub(super) fn changes() -> Changes {
    let mut changes = Changes::default();
    for (id, who) in [(101, "cleo"), (102, "dino"), (103, "eva"), (104, "fay"), (105, "gus"), (106, "silent")] {
        let mut decision = decision(id, who, after(30), who == "silent");
        decision.moment.store = shop();
        decision.epoch = if who == "eva" { EPOCH - 1 } else { EPOCH };
        (decision.control, decision.shadow, decision.holdout) = (who == "dino", who == "fay", who == "gus");
        changes.consents.push((customer(who), consent(true, true)));
        changes.decisions.insert(decision.id, decision);
    }
    changes.purchases = vec![
        (customer("cleo"), bought("o-1", -50, 300, None)),
        (customer("cleo"), bought("o-2", 50, 700, Some(101))),
        (customer("dino"), bought("o-3", 60, 50, None)),
        (customer("eva"), bought("o-4", 70, 20, Some(103))),
        (customer("gus"), bought("o-5", 80, 90, Some(105))),
        (customer("nobody"), bought("o-6", 80, 90, None)),
    ];
    changes
}

/// Every customer is one unit, converts only by what is put down to such a decision, and is counted once.
pub(super) async fn told_and_kept_back_are_compared(store: &Store) {
    for _ in 0..2 {
        store.commit(&changes()).await.expect("committed, and the same again changes nothing");
    }
    let unit = |treated, converted, value, before| Unit { treated, converted, value, before };
    let (cleo, dino) = (unit(true, true, 700.0, 300.0), unit(false, false, 50.0, 0.0));
    let (eva, gus) = (unit(true, true, 20.0, 0.0), unit(false, true, 90.0, 0.0));
    let wine = offer("wine-week");
    let of_offer = store.lift_units(&shop(), Some((&wine, EPOCH)), after(0), after(100)).await.expect("read");
    assert_eq!(of_offer, [cleo, dino, gus], "only this epoch");
    let of_store = store.lift_units(&shop(), None, after(0), after(100)).await.expect("read");
    assert_eq!(of_store, [cleo, Unit { treated: true, ..dino }, eva, gus], "only the store's own holdout is kept back");
    let later = store.lift_units(&shop(), None, after(31), after(100)).await.expect("read");
    assert_eq!(later, [], "nobody was told since");

    let facts = store.decision_facts(&shop(), after(30), after(31)).await.expect("read");
    let held: Vec<_> = facts.iter().map(|fact| (fact.id.0, fact.holdout)).collect();
    assert_eq!(
        held,
        [(101, false), (102, true), (103, false), (105, true), (106, false)],
        "nothing that ran in shadow"
    );

    let log = store.decision_log(after(30), after(31), None, 3).await.expect("read");
    let margins: Vec<_> = log.iter().map(|(row, margin)| (row.decision.id.0, *margin)).collect();
    assert_eq!(margins, [(101, 700), (102, 0), (103, 20)]);
    let last = &log[2].0.decision;
    let rest = store.decision_log(after(30), after(31), Some((last.moment.at, last.id)), 10).await.expect("read");
    assert_eq!(rest.iter().map(|(row, _)| row.decision.id.0).collect::<Vec<_>>(), [104, 105, 106]);
}

/// The comparison of all offers begins anew when the share of those kept without them is changed, and by nothing else.
pub(super) async fn the_comparison_of_all_begins_when_its_share_is_set(store: &Store) {
    let file = |holdout: &str, name: &str| {
        format!("[store]\nid = \"torino\"\nname = \"{name}\"\ntimezone = \"Europe/Rome\"\n{holdout}\n")
    };
    assert_eq!(store.holdout_since(&shop()).await.expect("read"), None);
    let applied = [
        (1, file("holdout = 0.1", "One"), 1),
        // The usual share, said or not.
        (2, file("", "Two"), 1),
        (3, file("holdout = 0.2", "Two"), 3),
        (4, file("holdout = 0.2", "Three"), 3),
        (5, file("holdout = 0.1", "Three"), 5),
    ];
    for (at, toml, since) in applied {
        store.put_shop(&shop(), &toml, "{}", after(at)).await.expect("kept");
        assert_eq!(store.holdout_since(&shop()).await.expect("read"), Some(after(since)), "applied at {at}");
    }
}

//! How each offer of a store fares, in one question.

use measure::lift::Unit;
use model::delivery::DeliveryState;

use super::*;

/// What `lift::changes` left behind, with deliveries and answers: told and kept back apart, only what was said counts as
/// told, and both arms are those of the report on one offer.
pub(super) async fn each_offer_is_counted_by_its_epoch(store: &Store) {
    let shop = model::ids::StoreId::new("torino").expect("an id");
    let mut changes = Changes::default();
    let mut sent = delivery(101, "cleo");
    sent.store = shop.clone();
    changes.deliveries.insert(sent.decision, sent.clone());
    changes.outcomes = [OutcomeKind::Opened, OutcomeKind::Redeemed, OutcomeKind::Delivered]
        .map(|kind| Outcome { decision: sent.decision, kind, at: after(40) })
        .to_vec();
    store.commit(&changes).await.expect("committed");
    let wine = offer("wine-week");
    let figures = async |number: u32| {
        let all = store.offer_figures(&shop).await.expect("read");
        all.get(&(wine.clone(), number)).copied().unwrap_or_default()
    };
    assert_eq!(figures(2).await.told, 0, "it waits to be sent");
    let mut changes = Changes::default();
    changes.delivery_states.push((customer("cleo"), sent.decision, DeliveryState::Sent));
    store.commit(&changes).await.expect("committed");
    let now = figures(2).await;
    assert_eq!((now.told, now.opened, now.redeemed, now.purchased), (1, 1, 1, 0));
    assert_eq!((now.kept_back, now.shadow), (2, 1), "kept back by the offer and by the store; in shadow");
    assert_eq!((now.treated, now.control), ((1, 1), (2, 1)));
    let units = store.lift_units(&shop, Some((&wine, 2)), after(0), after(100)).await.expect("read");
    let arm = |treated: bool| {
        let of: Vec<&Unit> = units.iter().filter(|unit| unit.treated == treated).collect();
        (of.len() as u64, of.iter().filter(|unit| unit.converted).count() as u64)
    };
    assert_eq!((arm(true), arm(false)), (now.treated, now.control), "the same as in the report");
    let before = figures(1).await;
    assert_eq!((before.told, before.treated), (1, (1, 1)), "another epoch is counted apart");
    assert!(store.offer_figures(&model::ids::StoreId::new("nowhere").expect("an id")).await.expect("read").is_empty());
    let milano = fixture::shop();
    let given = store.budgets_given(&milano).await.expect("read");
    assert_eq!(given.get(&wine).copied().unwrap_or_default(), store.granted(&milano, &wine).await.expect("read"));
}

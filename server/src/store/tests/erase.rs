//! What goes with a consent, with a split and with a person, of all that carries a name.

use model::ids::CustomerId;

use super::*;
use crate::identity::{Kind, Name};

/// Everything that can hold a customer's name, beside the row of the customer.
const NAMED: [&str; 9] = [
    "SELECT COUNT(*) FROM purchases WHERE customer = $1",
    "SELECT COUNT(*) FROM reservations WHERE customer = $1",
    "SELECT COUNT(*) FROM inputs WHERE customer = $1 OR body LIKE '%' || $1 || '%'",
    "SELECT COUNT(*) FROM merges WHERE from_customer = $1 OR into_customer = $1 OR id LIKE '%' || $1 || '%'",
    "SELECT COUNT(*) FROM aliases WHERE customer = $1",
    "SELECT COUNT(*) FROM meetings WHERE customer = $1",
    "SELECT COUNT(*) FROM decisions WHERE customer = $1",
    "SELECT COUNT(*) FROM consents WHERE customer = $1",
    "SELECT COUNT(*) FROM customers WHERE id = $1",
];

async fn named(store: &Store, customer: &CustomerId) -> Vec<u64> {
    let mut found = Vec::new();
    for sql in NAMED {
        found.push(store.count_of(sql, customer).await.expect("counted"));
    }
    found
}

/// What a profile rests on goes with the consent to it; whoever is forgotten is in no row, and neither is who went into them.
pub(super) async fn nothing_new_is_left_of_who_is_forgotten(store: &Store) {
    let (cleo, visitor) = (customer("cleo"), customer("anonymous:cleo-browser"));
    let mut changes = Changes::default();
    changes.consents.push((visitor.clone(), consent(true, true)));
    let name = Name::new(Kind::AnonymousId, "cleo-browser").expect("a name");
    let load = |customer: &CustomerId| engine::core::Input::Load { customer: customer.clone(), state: None };
    for (seq, who) in [(1, &cleo), (2, &visitor)] {
        let entry = engine::log::Entry { now: NOW, input: load(who) };
        changes.inputs.push(Recorded { seq, start: seq == 1, entry });
    }
    let reservation = reservations::one(101, "cleo", "wine-week", None, false).reservations;
    changes.reservations = reservation;
    changes.decisions = lift::changes().decisions;
    store.commit(&changes).await.expect("committed");
    store.meet("a keyed hash", &cleo, NOW, NOW).await.expect("noted");
    let merged = Merged {
        id: format!("{visitor}>{cleo}@1"),
        from: visitor.clone(),
        into: cleo.clone(),
        at: after(1),
        consent: consent(true, true),
        devices: vec![],
        aliases: vec![],
        state: Some("what was known of the visitor".into()),
    };
    let changes = Changes { merged: vec![merged.clone()], ..Changes::default() };
    store.commit(&changes).await.expect("committed");
    store.put_name(&name, &cleo, NOW).await.expect("kept");
    assert!(
        named(store, &cleo).await.iter().all(|n| *n > 0),
        "there is something to erase: {:?}",
        named(store, &cleo).await
    );

    let known = "SELECT COUNT(*) FROM merges WHERE into_customer = $1 AND state IS NOT NULL";
    assert_eq!(store.count_of(known, &cleo).await.expect("counted"), 1);
    let changes = Changes { consents: vec![(cleo.clone(), consent(true, false))], ..Changes::default() };
    store.commit(&changes).await.expect("committed");
    assert_eq!(store.purchases_of(&cleo).await.expect("counted"), 0, "no profile, no purchases");
    assert_eq!(store.inputs_of(&cleo).await.expect("counted"), 0);
    assert_eq!(store.count_of(known, &cleo).await.expect("counted"), 0);

    let changes = Changes { forgotten: BTreeSet::from([cleo.clone()]), ..Changes::default() };
    store.commit(&changes).await.expect("committed");
    for who in [&cleo, &visitor] {
        assert_eq!(named(store, who).await, [0; NAMED.len()], "{who}");
    }
    assert!(named(store, &customer("eva")).await.iter().sum::<u64>() > 0, "others stay");
}

/// A merge that was wrong is over from the moment at which it was undone, and the visitor's state is the visitor's alone.
pub(super) async fn a_parted_merge_keeps_no_copy(store: &Store) {
    let (eva, visitor) = (customer("eva"), customer("anonymous:eva-browser"));
    let mut changes = Changes { consents: vec![(visitor.clone(), consent(true, true))], ..Changes::default() };
    store.commit(&changes).await.expect("committed");
    changes = Changes::default();
    changes.merged.push(Merged {
        id: "merge-1".into(),
        from: visitor.clone(),
        into: eva.clone(),
        at: after(1),
        consent: consent(true, true),
        devices: vec![],
        aliases: vec![],
        state: Some("{}".into()),
    });
    store.commit(&changes).await.expect("committed");
    let merged = store.merged(&visitor, &eva).await.expect("read").expect("a merge");
    assert_eq!((&merged.consent, merged.state.as_deref()), (&consent(true, true), Some("{}")));
    let changes = Changes { parted: vec![(merged, after(9))], ..Changes::default() };
    store.commit(&changes).await.expect("committed");
    assert_eq!(store.merged(&visitor, &eva).await.expect("read"), None);
    let over = "SELECT COUNT(*) FROM merges WHERE into_customer = $1 AND state IS NULL AND undone - at = 8000";
    assert_eq!(store.count_of(over, &eva).await.expect("counted"), 1);
}

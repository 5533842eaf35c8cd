//! Fifty writers at once never overspend a budget or a cap by one, and what did not get there is given back once.

use std::collections::BTreeMap;

use model::decision::Choice;
use model::delivery::DeliveryState;
use model::ids::{CategoryId, DecisionId};
use model::offer::{Cap, CapScope};

use super::cluster::Cluster;
use super::fixture::*;
use crate::store::{Changes, Reservation, Store};

/// Writers, and the tries of each.
const WRITERS: u128 = 50;
const BUDGET: u64 = 7;
const CAP: Cap = Cap { times: 3, hours: 24 };

#[tokio::test(flavor = "multi_thread")]
async fn fifty_writers_never_overspend_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&Store::file_url(folder.path())).await.expect("a store");
    never_overspent(&[store]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_writers_of_five_servers_never_overspend_on_postgresql() {
    let cluster = Cluster::start();
    let mut stores = Vec::new();
    for _ in 0..5 {
        stores.push(Store::open(&cluster.url()).await.expect("a store"));
    }
    never_overspent(&stores).await;
}

async fn never_overspent(stores: &[Store]) {
    let store = &stores[0];
    let mut people = Changes::default();
    for name in (0..WRITERS).map(who).chain(["ada".into(), "bea".into()]) {
        people.consents.push((customer(&name), consent(true, true)));
    }
    store.commit(&people).await.expect("committed");

    // A budget, wanted by fifty different customers.
    let told = at_once(stores, |n| one(1_000 + n, &who(n), "rare", Some(BUDGET), false)).await;
    assert_eq!(told, usize::try_from(BUDGET).expect("small"));
    assert_eq!(store.granted(&shop(), &offer("rare")).await.expect("read"), BUDGET);
    logged(store, 1_000, usize::try_from(BUDGET).expect("small"), "budget").await;

    // A cap of one customer over one offer, and over all offers of a category.
    let told = at_once(stores, |n| one(2_000 + n, "ada", "often", None, false)).await;
    assert_eq!(told, 3);
    assert_eq!(store.reserved(&customer("ada")).await.expect("read"), 3);
    logged(store, 2_000, 3, "cap").await;
    let told = at_once(stores, |n| one(3_000 + n, "bea", &format!("other-{n}"), None, true)).await;
    assert_eq!(told, 3, "fifty different offers of one category");

    given_back_once(stores).await;
    kept_for_others(stores).await;
}

/// Fifty customers get a budget but for what is kept from them; then fifty get that from whom nothing is kept.
async fn kept_for_others(stores: &[Store]) {
    const KEPT: u64 = 3;
    for (first, kept, left) in [(5_000, KEPT, BUDGET - KEPT), (6_000, 0, KEPT)] {
        let left = usize::try_from(left).expect("small");
        let told = at_once(stores, |n| {
            let mut changes = one(first + n, &who(n), "kept", Some(BUDGET), false);
            changes.reservations.values_mut().for_each(|reservation| reservation.kept = kept);
            changes
        });
        assert_eq!(told.await, left);
        logged(&stores[0], first, left, "budget").await;
    }
}

/// Two workers report the same delivery as failed, over and over: its unit comes back once, and is spent again once.
async fn given_back_once(stores: &[Store]) {
    let store = &stores[0];
    let mut failed = None;
    for n in 0..WRITERS {
        let row = store.decision(DecisionId(1_000 + n)).await.expect("read").expect("a decision");
        if row.delivery == Some(DeliveryState::Pending) {
            failed = Some((row.decision.customer, row.decision.id));
        }
    }
    let (customer, decision) = failed.expect("a delivery");
    let mut changes = Changes::default();
    changes.delivery_states.push((customer, decision, DeliveryState::Failed));
    let tasks = (0..10).map(|n| {
        let (store, changes) = (stores[n % stores.len()].clone(), changes.clone());
        tokio::spawn(async move { commit(&store, &changes).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a writer");
    }
    assert_eq!(store.granted(&shop(), &offer("rare")).await.expect("read"), BUDGET - 1);
    let told = at_once(stores, |n| one(4_000 + n, &who(n), "rare", Some(BUDGET), false)).await;
    assert_eq!(told, 1);
    store.return_leases().await.expect("returned");
    assert_eq!(store.granted(&shop(), &offer("rare")).await.expect("read"), BUDGET);
}

/// Every decision of a round: so many offers with a delivery, the others silence with this code and none.
async fn logged(store: &Store, first: u128, offers: usize, code: &str) {
    let mut told = 0;
    for n in 0..WRITERS {
        let row = store.decision(DecisionId(first + n)).await.expect("read").expect("a decision");
        match &row.decision.choice {
            Choice::Offer { .. } => {
                told += 1;
                assert_eq!(row.delivery, Some(DeliveryState::Pending));
            }
            Choice::Silence { code: said } => {
                assert_eq!((said.as_str(), row.delivery), (code, None));
            }
        }
    }
    assert_eq!(told, offers);
}

/// Commits fifty changes at once, each twice as after a lost answer, and counts those that were not refused.
async fn at_once(stores: &[Store], changes: impl Fn(u128) -> Changes) -> usize {
    let tasks: Vec<_> = (0..WRITERS)
        .map(|n| {
            let store = stores[usize::try_from(n).expect("small") % stores.len()].clone();
            let changes = changes(n);
            tokio::spawn(async move {
                let first = commit(&store, &changes).await;
                assert_eq!(commit(&store, &changes).await, first, "the same again changes nothing");
                first
            })
        })
        .collect();
    let mut told = 0;
    for task in tasks {
        told += usize::from(!task.await.expect("a writer"));
    }
    told
}

/// Whether the commit refused its decision. The owner tries again as well when the database was busy.
async fn commit(store: &Store, changes: &Changes) -> bool {
    for _ in 0..20 {
        if let Ok(committed) = store.commit(changes).await {
            return !committed.refused.is_empty();
        }
    }
    panic!("the database never took it");
}

fn who(n: u128) -> String {
    format!("customer-{n}")
}

pub(super) fn one(id: u128, who: &str, name: &str, budget: Option<u64>, topic: bool) -> Changes {
    let category = topic.then(|| CategoryId::new("wine").expect("a category"));
    let caps = match topic {
        true => vec![(CapScope::Offer, CAP), (CapScope::Category, CAP)],
        false => vec![(CapScope::Offer, CAP)],
    };
    let mut decision = decision(id, who, after(0), false);
    decision.choice = Choice::Offer { offer: offer(name) };
    let reservation =
        Reservation { store: shop(), offer: offer(name), category, brand: None, at: after(0), budget, kept: 0, caps };
    let delivery = model::delivery::Delivery { offer: offer(name), ..delivery(id % 100, who) };
    let delivery = model::delivery::Delivery { id: model::ids::DeliveryId(id), decision: DecisionId(id), ..delivery };
    Changes {
        decisions: BTreeMap::from([(decision.id, decision)]),
        deliveries: BTreeMap::from([(delivery.decision, delivery)]),
        reservations: BTreeMap::from([(DecisionId(id), reservation)]),
        ..Changes::default()
    }
}

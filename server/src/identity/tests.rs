use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn customer(id: &str) -> CustomerId {
    CustomerId::new(id).expect("an id")
}

#[test]
fn a_name_is_linked_once_and_then_known() {
    let anna = customer("anna");
    let fresh = Known { met: 1, ..Known::default() };
    assert_eq!(judge(&fresh, Kind::AnonymousId, &anna), Verdict::Link);
    let linked = Known { owner: Some(anna.clone()), is_user: true, met: 1, held: 1, ..Known::default() };
    assert_eq!(judge(&linked, Kind::AnonymousId, &anna), Verdict::Same);
}

#[test]
fn a_visitor_who_logs_in_brings_what_is_kept_of_them() {
    let (visitor, anna) = (customer("anonymous:a-1"), customer("anna"));
    let known = Known { visitor: Some(visitor.clone()), met: 1, ..Known::default() };
    let merge = Verdict::Merge { from: visitor.clone(), into: anna.clone() };
    assert_eq!(judge(&known, Kind::AnonymousId, &anna), merge);
    let owned = Known { owner: Some(visitor), met: 1, ..Known::default() };
    assert_eq!(judge(&owned, Kind::Device, &anna), merge);
}

#[test]
fn two_people_who_logged_in_are_never_made_one() {
    let known = Known { owner: Some(customer("bruno")), is_user: true, met: 2, ..Known::default() };
    assert_eq!(judge(&known, Kind::AnonymousId, &customer("anna")), Verdict::Refused("another-user"));
}

#[test]
fn a_name_too_many_is_not_linked() {
    for (kind, limit) in [(Kind::Card, 5), (Kind::Device, 10), (Kind::AnonymousId, 100), (Kind::UserId, 1)] {
        let known = |held| Known { met: 1, held, ..Known::default() };
        assert_eq!(judge(&known(limit - 1), kind, &customer("anna")), Verdict::Link, "{kind:?}");
        assert_eq!(judge(&known(limit), kind, &customer("anna")), Verdict::Refused("limit"), "{kind:?}");
    }
}

#[test]
fn a_device_that_four_people_use_is_shared_for_good() {
    let known =
        |met, is_shared| Known { is_shared, owner: Some(customer("anna")), is_user: true, met, ..Known::default() };
    assert_eq!(judge(&known(3, false), Kind::AnonymousId, &customer("carla")), Verdict::Refused("another-user"));
    assert_eq!(judge(&known(4, false), Kind::AnonymousId, &customer("dario")), Verdict::Shared);
    assert_eq!(
        judge(&known(0, true), Kind::AnonymousId, &customer("anna")),
        Verdict::Shared,
        "also for its first user"
    );
}

#[test]
fn names_are_bounded_and_plain() {
    assert_eq!(Name::new(Kind::Card, " 4711 ").map(|name| name.value), Some("4711".to_owned()));
    for bad in ["null", "0000", "a\nb", &"x".repeat(300)] {
        assert_eq!(Name::new(Kind::Card, bad), None, "{bad:?}");
    }
    for kind in [Kind::UserId, Kind::Card, Kind::Device, Kind::AnonymousId] {
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
    }
}

/// A graph as the store keeps it, driven by the rules alone.
#[derive(Default)]
struct Graph {
    owner: BTreeMap<u16, CustomerId>,
    met: BTreeMap<u16, BTreeSet<CustomerId>>,
    shared: BTreeSet<u16>,
    /// For every customer, the log-ins that ended up in it.
    people: BTreeMap<CustomerId, BTreeSet<CustomerId>>,
}

impl Graph {
    fn log_in(&mut self, name: u16, user: &CustomerId) {
        self.people.entry(user.clone()).or_default().insert(user.clone());
        let met = self.met.entry(name).or_default();
        met.insert(user.clone());
        let owner = self.owner.get(&name).cloned();
        let visitor = customer(&format!("anonymous:{name}"));
        let known = Known {
            is_shared: self.shared.contains(&name),
            is_user: owner.as_ref().is_some_and(|owner| !owner.as_str().starts_with("anonymous:")),
            visitor: owner.is_none().then_some(visitor),
            owner,
            met: u32::try_from(met.len()).expect("few"),
            held: u32::try_from(self.owner.values().filter(|owner| *owner == user).count()).expect("few"),
        };
        match judge(&known, Kind::AnonymousId, user) {
            Verdict::Same | Verdict::Refused(_) => {}
            Verdict::Link => {
                self.owner.insert(name, user.clone());
            }
            Verdict::Merge { from, into } => {
                let moved = self.people.remove(&from).unwrap_or_default();
                self.people.entry(into.clone()).or_default().extend(moved);
                self.owner.insert(name, into);
            }
            Verdict::Shared => {
                self.shared.insert(name);
                self.owner.remove(&name);
            }
        }
    }
}

#[test]
fn a_kiosk_never_makes_five_hundred_people_one() {
    let mut graph = Graph::default();
    for n in 0..500 {
        graph.log_in(7, &customer(&format!("user-{n}")));
    }
    assert_eq!(graph.people.len(), 500);
    assert!(graph.people.values().all(|logins| logins.len() == 1));
    assert!(graph.shared.contains(&7) && !graph.owner.contains_key(&7));
}

proptest! {
    #[test]
    fn whatever_comes_no_customer_holds_two_log_ins(calls in prop::collection::vec((0u16..30, 0u16..40), 1..400)) {
        let mut graph = Graph::default();
        for (name, user) in calls {
            graph.log_in(name, &customer(&format!("user-{user}")));
        }
        prop_assert!(graph.people.values().all(|logins| logins.len() == 1));
        for customer in graph.people.keys() {
            let held = graph.owner.values().filter(|owner| *owner == customer).count();
            prop_assert!(held <= Kind::AnonymousId.limit() as usize);
        }
        for name in &graph.shared {
            prop_assert!(!graph.owner.contains_key(name));
        }
    }
}

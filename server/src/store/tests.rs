//! One story for every database: what is promised of the store, told on SQLite and on a real PostgreSQL.

mod calibration;
pub(crate) mod cluster;
mod erase;
mod fixture;
mod floor;
mod gateways;
mod lift;
mod looks;
mod offers;
mod quality;
mod reservations;
mod words;

use std::collections::BTreeSet;

use model::delivery::DeliveryState;
use model::ids::{DecisionId, DeviceId, GatewayId, MessageId, VisitId};
use model::outcome::{Outcome, OutcomeKind};
use model::presence::PresenceKind;
use model::reading::{Reading, ReadingKind};
use model::subject::{Pseudonym, Subject};
use model::time::{Millis, Timestamp};

use self::fixture::*;
use super::*;

#[tokio::test]
async fn the_story_holds_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = Store::file_url(folder.path());
    story(&url).await;
}

#[tokio::test]
async fn the_story_holds_on_postgresql() {
    let cluster = cluster::Cluster::start();
    story(&cluster.url()).await;
}

#[tokio::test]
async fn postgresql_comes_back_after_a_crash_with_all_that_was_committed() {
    let cluster = cluster::Cluster::start();
    let store = Store::open(&cluster.url()).await.expect("a store");
    let mut changes = Changes::default();
    changes.watermarks.insert((gateway(), [1; 16]), (7, NOW));
    store.commit(&changes).await.expect("committed");
    cluster.crash();
    assert!(store.commit(&changes).await.is_err(), "nothing is committed while the database is away");
    cluster.control_start();
    assert_eq!(high(&store).await, [((gateway(), [1; 16]), 7)]);
    store.commit(&changes).await.expect("committed again");
}

#[tokio::test]
async fn an_unknown_scheme_is_refused_without_repeating_the_password() {
    let error = Store::open("mysql://root:secret@host/db").await.expect_err("refused");
    assert!(!error.to_string().contains("secret"), "{error}");
}

/// The whole story, in chapters that build on each other; the store is opened again in the middle.
async fn story(url: &str) {
    let store = Store::open(url).await.expect("a store");
    access(&store).await;
    shops(&store).await;
    budgets(&store).await;
    people(&store).await;
    a_state_that_was_saved_as_text_is_read_and_packed_from_then_on(&store).await;
    decisions(&store).await;
    lift::told_and_kept_back_are_compared(&store).await;
    lift::the_comparison_of_all_begins_when_its_share_is_set(&store).await;
    words::both_sides_of_a_word_are_compared(&store).await;
    offers::each_offer_is_counted_by_its_epoch(&store).await;
    floor::heat_adds_up(&store).await;
    quality::a_day_adds_up(&store).await;
    calibration::the_last_word_stays(&store).await;
    floor::frames_come_back_and_go_by_age_and_bytes(&store).await;
    store.close().await;

    let store = Store::open(url).await.expect("the same store");
    outbox(&store).await;
    traffic(&store).await;
    nothing_is_known_of_who_is_forgotten(&store).await;
    erase::nothing_new_is_left_of_who_is_forgotten(&store).await;
    erase::a_parted_merge_keeps_no_copy(&store).await;
    floor::thin_hours_go_first(&store).await;
    purge(&store).await;
    gateways::settings_have_versions_and_gateways_are_known(&store).await;
    store.ping().await.expect("alive");
    store.close().await;
}

async fn access(store: &Store) {
    assert_eq!(store.secret("a").await.expect("read"), None);
    assert_eq!(store.secret_or_insert("a", b"one").await.expect("kept"), b"one");
    assert_eq!(store.secret_or_insert("a", b"two").await.expect("kept"), b"one", "a secret is never replaced");

    let account = Account { name: "Ada".into(), password_hash: "$argon2id$".into() };
    assert!(store.create_first_account(&account, NOW).await.expect("made"));
    let second = Account { name: "Bob".into(), ..account.clone() };
    assert!(!store.create_first_account(&second, NOW).await.expect("refused"));
    assert_eq!(store.account_count().await.expect("counted"), 1);
    assert_eq!(store.account("Ada").await.expect("read"), Some(account));
    assert_eq!(store.account("Bob").await.expect("read"), None);

    store.create_session(b"cookie", "Ada", after(10)).await.expect("opened");
    assert_eq!(store.session(b"cookie", NOW).await.expect("read").as_deref(), Some("Ada"));
    assert_eq!(store.session(b"cookie", after(10)).await.expect("read"), None, "it has run out");
    store.delete_session(b"cookie").await.expect("ended");
    assert_eq!(store.session(b"cookie", NOW).await.expect("read"), None);

    store.put_key(KeyKind::Api, "till", b"hash-1", NOW).await.expect("kept");
    store.put_key(KeyKind::Api, "till", b"hash-2", NOW).await.expect("replaced");
    assert_eq!(store.key(KeyKind::Api, b"hash-1").await.expect("read"), None);
    assert_eq!(store.key(KeyKind::Api, b"hash-2").await.expect("read").map(|key| key.name), Some("till".into()));
    assert_eq!(store.key(KeyKind::Write, b"hash-2").await.expect("read"), None, "a key opens one kind of door");

    for role in [Role::Receiver, Role::Gateway] {
        let user = BrokerUser { name: "shop-1".into(), role, password_hash: vec![1, 2] };
        store.put_broker_user(&user, NOW).await.expect("kept");
        assert_eq!(store.broker_user("shop-1").await.expect("read"), Some(user));
    }
    assert_eq!(store.broker_user("shop-2").await.expect("read"), None);
}

async fn shops(store: &Store) {
    assert!(store.shops().await.expect("read").is_empty());
    store.put_shop(&shop(), "a", "b", NOW).await.expect("kept");
    store.put_shop(&shop(), "c", "d", NOW).await.expect("changed");
    let rows = store.shops().await.expect("read");
    assert_eq!(rows, vec![ShopRow { store: shop(), version: 2, shop_toml: "c".into(), floor_geojson: "d".into() }]);
    assert_eq!(store.shop_versions().await.expect("read"), vec![(shop(), 2)]);

    for seq in [1, 2] {
        let mut changes = Changes::default();
        changes.watermarks.insert((gateway(), [9; 16]), (seq, NOW));
        store.commit(&changes).await.expect("committed");
    }
    assert_eq!(high(store).await, [((gateway(), [9; 16]), 2)]);
}

/// The highest number taken of each spool.
async fn high(store: &Store) -> Vec<((GatewayId, [u8; 16]), u64)> {
    store.marks().await.expect("read").into_iter().map(|(of, marks)| (of, marks.high())).collect()
}

async fn budgets(store: &Store) {
    let lease = |units| Changes {
        leases: vec![Lease { store: shop(), offer: offer("capped"), units, budget: 10 }],
        ..Changes::default()
    };
    let mut given = Vec::new();
    for units in [4, 4, 4, 4] {
        given.extend(store.commit(&lease(units)).await.expect("committed").leased);
    }
    assert_eq!(given, [4, 4, 2, 0], "never more than the budget");
    store.return_leases().await.expect("returned");
    assert_eq!(store.commit(&lease(100)).await.expect("committed").leased, [10], "what was not granted came back");
    assert_eq!(store.granted(&shop(), &offer("capped")).await.expect("read"), 0);
}

async fn people(store: &Store) {
    let mut changes = Changes::default();
    for (name, device) in [("ada", 1), ("bob", 2)] {
        changes.consents.push((customer(name), consent(true, true)));
        changes.devices.insert(DeviceId(device), fixture::device(device, name));
        changes.profiles.insert(customer(name), Some(vec![1, 2, 3]));
    }
    // Nobody consented for this one, so there is no row to keep a state in.
    changes.profiles.insert(customer("nobody"), Some(vec![4]));
    changes.message_ids.insert(MessageId::new("m1").expect("an id"), NOW);
    store.commit(&changes).await.expect("committed");
    store.commit(&changes).await.expect("the same again does no harm");

    assert_eq!(store.device(DeviceId(1)).await.expect("read"), Some(fixture::device(1, "ada")));
    assert_eq!(store.device(DeviceId(9)).await.expect("read"), None);
    assert_eq!(store.devices_of(&customer("bob")).await.expect("read"), vec![fixture::device(2, "bob")]);
    let known = store.customer(&customer("ada")).await.expect("read").expect("a customer");
    assert_eq!(known.consent, consent(true, true));
    assert_eq!(store.profile(&customer("ada")).await.expect("read"), Some(Profile::Packed(vec![1, 2, 3])));
    assert_eq!(store.profile(&customer("nobody")).await.expect("read"), None);
    assert_eq!(store.customer(&customer("nobody")).await.expect("read"), None);
    assert!(store.knows_message(&MessageId::new("m1").expect("an id")).await.expect("read"));
    assert!(!store.knows_message(&MessageId::new("m2").expect("an id")).await.expect("read"));

    let mut changes = Changes::default();
    changes.consents.push((customer("bob"), consent(false, true)));
    store.commit(&changes).await.expect("committed");
    let links = store.links().await.expect("read");
    assert_eq!(links, vec![(DeviceId(1), customer("ada"), true), (DeviceId(2), customer("bob"), false)]);
}

async fn a_state_that_was_saved_as_text_is_read_and_packed_from_then_on(store: &Store) {
    let (ada, text) = (customer("ada"), super::identity::tests::TEXT);
    store.put_text(&ada, text).await.expect("saved");
    let saved = store.profile(&ada).await.expect("read").expect("a state");
    assert_eq!(saved, Profile::Text(text.to_owned()));
    let state = saved.state().expect("it is understood");
    assert!(!state.is_empty());

    let packed = engine::shopper::Packed::new(&state).expect("packed").as_bytes().to_vec();
    let mut changes = Changes::default();
    changes.profiles.insert(ada.clone(), Some(packed.clone()));
    store.commit(&changes).await.expect("committed");
    let saved = store.profile(&ada).await.expect("read").expect("a state");
    assert_eq!((saved.state(), saved), (Ok(state), Profile::Packed(packed)));
    assert_eq!(
        store
            .count_of("SELECT COUNT(*) FROM customers WHERE id = $1 AND snapshot IS NOT NULL", &ada)
            .await
            .expect("counted"),
        0,
        "the text is gone"
    );
}

async fn decisions(store: &Store) {
    let mut changes = Changes::default();
    for (id, at, silent) in [(1, 0, false), (2, 10, true), (3, 20, false)] {
        let decision = decision(id, "ada", after(at), silent);
        changes.decisions.insert(decision.id, decision);
    }
    for id in [1, 3] {
        changes.deliveries.insert(DecisionId(id), delivery(id, "ada"));
    }
    changes.outcomes.push(outcome(1, OutcomeKind::Opened));
    changes.outcomes.push(outcome(77, OutcomeKind::Opened));
    store.commit(&changes).await.expect("committed");
    store.commit(&changes).await.expect("the same again changes nothing");

    let row = store.decision(DecisionId(1)).await.expect("read").expect("a decision");
    assert_eq!(row.decision, decision(1, "ada", after(0), false));
    assert_eq!(row.outcomes, vec![outcome(1, OutcomeKind::Opened)]);
    assert_eq!(row.delivery, Some(DeliveryState::Pending));
    let newest = store.decisions(&shop(), after(0), after(20), 1).await.expect("read");
    assert_eq!(
        newest.iter().map(|row| row.decision.id).collect::<Vec<_>>(),
        [DecisionId(2)],
        "[from, before), newest first"
    );
    let facts = store.decision_facts(&shop(), after(0), after(21)).await.expect("read");
    assert_eq!(facts.len(), 3);
    assert_eq!(facts[1].code.as_deref(), Some("intent"));
    assert_eq!(facts[0].offer, Some(offer("wine-week")));
    assert_eq!(store.outcomes(&shop(), after(0), after(21)).await.expect("read").len(), 1);
    let offers = store.offers_of(&customer("ada"), after(0)).await.expect("read");
    assert_eq!(offers.len(), 2);
    assert_eq!(offers[0].delivery, delivery(3, "ada"), "newest first");
    assert!(store.offers_of(&customer("bob"), after(0)).await.expect("read").is_empty());
}

async fn outbox(store: &Store) {
    let lease = Millis::seconds(5);
    let claim = async |at| store.claim_deliveries(after(at), lease, 10).await.expect("claimed");
    let first = claim(0).await;
    assert_eq!(first.iter().map(|o| (o.delivery.decision.0, o.attempts)).collect::<Vec<_>>(), [(1, 0), (3, 0)]);
    assert!(claim(1).await.is_empty(), "a claim is exclusive");
    store.postpone_delivery(DecisionId(3), after(3)).await.expect("postponed");
    assert!(claim(2).await.is_empty());
    assert_eq!(claim(3).await.iter().map(|o| (o.delivery.decision.0, o.attempts)).collect::<Vec<_>>(), [(3, 1)]);
    // The worker died with the first: after the lease somebody else gets it.
    assert_eq!(claim(6).await.iter().map(|o| (o.delivery.decision.0, o.attempts)).collect::<Vec<_>>(), [(1, 1)]);

    let mut changes = Changes::default();
    changes.delivery_states.push((customer("ada"), DecisionId(1), DeliveryState::Sent));
    changes.delivery_states.push((customer("bob"), DecisionId(3), DeliveryState::Sent));
    store.commit(&changes).await.expect("committed");
    changes.delivery_states = vec![(customer("ada"), DecisionId(1), DeliveryState::Failed)];
    store.commit(&changes).await.expect("committed");
    let state = async |id| store.decision(DecisionId(id)).await.expect("read").and_then(|row| row.delivery);
    assert_eq!(state(1).await, Some(DeliveryState::Sent), "what is finished stays finished");
    assert_eq!(state(3).await, Some(DeliveryState::Sending), "only its customer's delivery moves");
    assert!(store.late_deliveries(after(100), 10).await.expect("read").is_empty());
    let late = store.late_deliveries(after(10_000), 10).await.expect("read");
    assert_eq!(late.iter().map(|d| d.decision.0).collect::<Vec<_>>(), [3]);
}

async fn traffic(store: &Store) {
    let mut changes = Changes::default();
    changes.presence(presence(1, PresenceKind::Entered, 0), true);
    changes.visit(visit(1, Subject::Device(DeviceId(1)), None), true);
    store.commit(&changes).await.expect("committed");
    let open = store.open_presences(&shop()).await.expect("read");
    assert_eq!(open, vec![presence(1, PresenceKind::Entered, 0)]);
    assert_eq!(store.open_visits(&shop()).await.expect("read").len(), 1);

    let mut changes = Changes::default();
    changes.presence(presence(1, PresenceKind::Dwelling, 8), true);
    changes.presence(presence(1, PresenceKind::Left, 20), true);
    changes.visit(visit(1, Subject::Device(DeviceId(1)), Some(after(30))), true);
    changes.readings.push((shop(), reading(3)));
    // People without a name are counted and have no row, whoever says that they are known.
    for known in [true, false] {
        let anonymous = Subject::Anonymous(Pseudonym(7));
        let entered = model::presence::Presence { subject: anonymous.clone(), ..presence(5, PresenceKind::Entered, 0) };
        changes.presence(entered, known);
        changes.visit(visit(5, anonymous, Some(after(9))), known);
    }
    store.commit(&changes).await.expect("committed");
    assert!(store.open_presences(&shop()).await.expect("read").is_empty());
    assert!(store.open_visits(&shop()).await.expect("read").is_empty());
    let stays = store.presences(&shop(), after(0), after(100)).await.expect("read");
    assert_eq!(stays.len(), 1);
    assert_eq!((stays[0].dwelling_at, stays[0].left_at), (Some(after(8)), Some(after(20))));
    assert_eq!(stays[0].subject, Some(Subject::Device(DeviceId(1))));
    let visits = store.visits(&shop(), after(0), after(100)).await.expect("read");
    assert_eq!(
        visits,
        vec![(Some(Subject::Device(DeviceId(1))), visit(1, Subject::Device(DeviceId(1)), Some(after(30))))]
    );
    assert_eq!(store.readings(&shop(), after(0), after(100)).await.expect("read"), vec![reading(3)]);
    let counts = store.counts(&shop(), after(-1_000), after(1_000)).await.expect("read");
    let mut kinds: Vec<(CountKind, u64)> = counts.iter().map(|count| (count.kind, count.n)).collect();
    kinds.sort();
    assert_eq!(kinds, [(CountKind::Entered, 2), (CountKind::Visited, 2)]);
}

async fn nothing_is_known_of_who_is_forgotten(store: &Store) {
    let changes = Changes { forgotten: BTreeSet::from([customer("ada")]), ..Changes::default() };
    store.commit(&changes).await.expect("committed");
    assert_eq!(store.customer(&customer("ada")).await.expect("read"), None);
    assert_eq!(store.device(DeviceId(1)).await.expect("read"), None);
    assert!(store.offers_of(&customer("ada"), after(0)).await.expect("read").is_empty());
    let row = store.decision(DecisionId(1)).await.expect("read").expect("the decision itself stays");
    assert_eq!(row.decision.customer.as_str(), ERASED);
    assert_eq!(store.visits(&shop(), after(0), after(100)).await.expect("read")[0].0, None);
    assert_eq!(store.presences(&shop(), after(0), after(100)).await.expect("read")[0].subject, None);
    assert!(store.customer(&customer("bob")).await.expect("read").is_some(), "others stay");

    let changes = Changes { unlinked: BTreeSet::from([DeviceId(2)]), ..Changes::default() };
    store.commit(&changes).await.expect("committed");
    assert!(store.devices_of(&customer("bob")).await.expect("read").is_empty());
}

async fn purge(store: &Store) {
    let two = Millis::hours(2);
    let retention = Retention { visits: two, message_ids: two, deliveries: two, heat: two };
    assert_eq!(store.purge(retention, after(60)).await.expect("purged"), 0, "everything is young");
    store.meet("a keyed hash", &customer("bob"), after(0), after(0)).await.expect("noted");
    assert!(store.purge(retention, after(3 * 3_600)).await.expect("purged") > 0);
    assert!(store.visits(&shop(), after(0), after(100)).await.expect("read").is_empty());
    assert_eq!(store.decision(DecisionId(1)).await.expect("read"), None);
    assert!(!store.knows_message(&MessageId::new("m1").expect("an id")).await.expect("read"));
    let met = "SELECT COUNT(*) FROM meetings WHERE customer = $1";
    assert_eq!(store.count_of(met, &customer("bob")).await.expect("counted"), 1);
    store.purge(retention, after(31 * 24 * 3_600)).await.expect("purged");
    assert_eq!(
        store.count_of(met, &customer("bob")).await.expect("counted"),
        0,
        "who was met a month ago counts no more"
    );
}

fn outcome(decision: u128, kind: OutcomeKind) -> Outcome {
    Outcome { decision: DecisionId(decision), kind, at: after(5) }
}

fn reading(at: i64) -> Reading {
    Reading {
        sensor: model::ids::SensorId::new("door").expect("an id"),
        at: after(at),
        kind: ReadingKind::Crossing { entered: 2, left: 1 },
    }
}

fn visit(id: u128, subject: Subject, ended: Option<Timestamp>) -> model::presence::Visit {
    let (id, store, started) = (VisitId(id), shop(), after(0));
    model::presence::Visit { id, store, subject, started, last_heard: after(9), ended, sightings: 3 }
}

fn gateway() -> GatewayId {
    GatewayId::new("shop-1").expect("an id")
}

//! The broker against the real client.

use std::net::SocketAddr;
use std::time::Duration;

use model::time::Timestamp;
use runtime::mqtt::{self, Client, Event, Events, Options, Qos, Will};

use super::hooks::password_hash;
use super::rules::RECEIVER_TOPICS;
use super::*;
use crate::store::{BrokerUser, Role};

const PATIENCE: Duration = Duration::from_secs(10);

struct Bench {
    broker: Broker,
    store: Store,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Store::file_url(folder.path())).await.expect("a store");
        for (name, role) in [("shop-1", Role::Gateway), ("r1", Role::Receiver)] {
            let user = BrokerUser { name: name.into(), role, password_hash: password_hash(b"secret") };
            store.put_broker_user(&user, Timestamp(0)).await.expect("a user");
        }
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let topics = RECEIVER_TOPICS.map(str::to_owned).to_vec();
        let broker = Broker::start(any, None, topics, store.clone()).await.expect("a broker");
        Self { broker, store, _folder: folder }
    }

    fn options(&self, user: &str, password: &str) -> Options {
        Options::new(&format!("mqtt://{}", self.broker.address()), &format!("test-{user}"))
            .with_credentials(user, password)
    }

    async fn client(&self, user: &str) -> (Client, Events) {
        connected(&self.options(user, "secret")).await
    }

    async fn server(&self) -> (Client, Events) {
        let credentials = self.broker.credentials();
        connected(&self.options(&credentials.username, &credentials.password)).await
    }
}

async fn next(events: &mut Events) -> Event {
    tokio::time::timeout(PATIENCE, events.next()).await.expect("an event in time").expect("a running client")
}

async fn connected(options: &Options) -> (Client, Events) {
    let (client, mut events) = mqtt::connect(options).expect("good options");
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    (client, events)
}

async fn message(events: &mut Events) -> (String, Vec<u8>, bool) {
    loop {
        match next(events).await {
            Event::Message { topic, payload, retain } => return (topic, payload.to_vec(), retain),
            Event::Connected { .. } | Event::Disconnected { .. } => {}
        }
    }
}

async fn is_refused(options: &Options) -> bool {
    let (client, mut events) = mqtt::connect(options).expect("good options");
    let refused = matches!(next(&mut events).await, Event::Disconnected { .. });
    client.disconnect().await;
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_an_unknown_user_and_nobody_are_refused() {
    let bench = Bench::start().await;
    assert!(is_refused(&bench.options("shop-1", "wrong")).await);
    assert!(is_refused(&bench.options("nobody", "secret")).await);
    assert!(is_refused(&bench.options("attimo-server", "secret")).await);
    assert!(is_refused(&Options::new(&format!("mqtt://{}", bench.broker.address()), "x")).await);
    let _ = bench.client("shop-1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_on_a_foreign_topic_does_not_arrive() {
    let bench = Bench::start().await;
    let (server, mut heard) = bench.server().await;
    server.subscribe(&[("gw/#", Qos::AtLeastOnce)]).await.expect("queued");
    // A retained message comes whether the subscription stood before it or not.
    server.publish("gw/probe/state", "up", Qos::AtLeastOnce, true).await.expect("queued");
    assert_eq!(message(&mut heard).await.0, "gw/probe/state");

    let (gateway, _events) = bench.client("shop-1").await;
    gateway.publish("gw/shop-2/up", "forged", Qos::AtLeastOnce, false).await.expect("queued");
    gateway.publish("gw/shop-1/ack", "forged", Qos::AtLeastOnce, false).await.expect("queued");
    gateway.publish("gw/shop-1/up", "true", Qos::AtLeastOnce, false).await.expect("queued");
    let (mut topic, mut payload, _) = message(&mut heard).await;
    while topic == "gw/probe/state" {
        (topic, payload, _) = message(&mut heard).await;
    }
    assert_eq!((topic.as_str(), payload.as_slice()), ("gw/shop-1/up", b"true".as_slice()));
}

/// What is asked for before the line stands is asked for once when it does: twice would bring all that is kept twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_before_the_line_stands_comes_once() {
    let bench = Bench::start().await;
    let (server, _events) = bench.server().await;
    server.publish("gw/shop-1/ack", "kept", Qos::AtLeastOnce, true).await.expect("queued");
    for n in 0..5 {
        let options = bench.options("shop-1", "secret");
        let (gateway, mut heard) = mqtt::connect(&options).expect("good options");
        gateway.subscribe(&[("gw/shop-1/ack", Qos::AtLeastOnce)]).await.expect("noted");
        gateway.subscribe(&[("gw/shop-1/desired", Qos::AtLeastOnce)]).await.expect("noted");
        // When the last one comes both subscriptions stand: a second one of the first would have brought its message by then.
        let (mut kept, last) = (0, format!("last {n}"));
        loop {
            let (_, payload, _) = message(&mut heard).await;
            if payload == b"kept" {
                kept += 1;
                let topic = "gw/shop-1/desired";
                server.publish(topic, last.clone(), Qos::AtLeastOnce, true).await.expect("queued");
            } else if payload == last.as_bytes() {
                break;
            }
        }
        assert_eq!(kept, 1);
        gateway.disconnect().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_everything_hears_nothing() {
    let bench = Bench::start().await;
    let (receiver, mut heard) = bench.client("r1").await;
    receiver.subscribe(&[("#", Qos::AtLeastOnce)]).await.expect("queued");
    receiver.subscribe(&[("espresense/rooms/wine/+/set", Qos::AtLeastOnce)]).await.expect("queued");
    let (server, _events) = bench.server().await;
    // The last one is allowed: when it arrives, the first would have arrived before.
    let mut tries = tokio::time::interval(Duration::from_millis(50));
    let seen = tokio::time::timeout(PATIENCE, async {
        loop {
            tokio::select! {
                event = heard.next() => if let Some(Event::Message { topic, .. }) = event { break topic },
                _ = tries.tick() => {
                    for topic in ["gw/shop-1/ack", "espresense/rooms/wine/x/set"] {
                        server.publish(topic, "x", Qos::AtLeastOnce, false).await.expect("queued");
                    }
                }
            }
        }
    });
    assert_eq!(seen.await.expect("in time"), "espresense/rooms/wine/x/set");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retained_state_reaches_who_comes_later_and_a_will_is_sent() {
    let bench = Bench::start().await;
    let will = Will { topic: "gw/shop-1/state".into(), payload: "offline".into(), qos: Qos::AtLeastOnce, retain: true };
    let options = Options { will: Some(will), ..bench.options("shop-1", "secret") };
    // The gateway lives in a runtime of its own, so that it can die without a goodbye.
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let gateway = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let (gateway, mut events) = connected(&options).await;
            gateway.publish("gw/shop-1/state", "online", Qos::AtLeastOnce, true).await.expect("queued");
            let _ = ready.send(());
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                let _ = tokio::time::timeout(Duration::from_millis(20), events.next()).await;
            }
        });
    });
    is_ready.await.expect("a gateway");

    let (server, mut heard) = bench.server().await;
    server.subscribe(&[("gw/+/state", Qos::AtLeastOnce)]).await.expect("queued");
    let state = message(&mut heard).await;
    assert_eq!((state.0.as_str(), state.1.as_slice()), ("gw/shop-1/state", b"online".as_slice()));
    drop(stop);
    gateway.join().expect("no panic");
    let state = message(&mut heard).await;
    assert_eq!((state.0.as_str(), state.1.as_slice()), ("gw/shop-1/state", b"offline".as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_on_a_foreign_topic_and_a_foreign_client_id_are_refused() {
    let bench = Bench::start().await;
    let will =
        |topic: &str| Some(Will { topic: topic.into(), payload: "x".into(), qos: Qos::AtLeastOnce, retain: true });
    let forged = Options { will: will("gw/shop-1/state"), ..bench.options("r1", "secret") };
    assert!(is_refused(&forged).await);

    let _gateway = bench.client("shop-1").await;
    let thief = Options { client_id: "test-shop-1".into(), ..bench.options("r1", "secret") };
    assert!(is_refused(&thief).await);
}

/// A box that is killed and starts again may be let in before the broker has noticed that its old session is over.
#[tokio::test(flavor = "multi_thread")]
async fn who_came_back_before_the_old_session_was_over_may_still_speak_and_listen() {
    let bench = Bench::start().await;
    let guard = &bench.broker.sessions.guard;
    let old = known("test-shop-1", "shop-1", Role::Gateway, hooks::Proof::Password(password_hash(b"secret")));
    assert!(guard.take_in(old.clone()));
    let (gateway, mut events) = bench.client("shop-1").await;
    guard.ended(&old.connection);
    let (server, mut heard) = bench.server().await;
    server.subscribe(&[("gw/+/state", Qos::AtLeastOnce)]).await.expect("queued");
    server.publish("gw/shop-1/ack", "all", Qos::AtLeastOnce, true).await.expect("queued");
    gateway.subscribe(&[("gw/shop-1/ack", Qos::AtLeastOnce)]).await.expect("queued");
    assert_eq!(message(&mut events).await.1, b"all");
    gateway.publish("gw/shop-1/state", "online", Qos::AtLeastOnce, true).await.expect("queued");
    assert_eq!(message(&mut heard).await.1, b"online");
    // When this session is over as well, nothing is left of it.
    gateway.disconnect().await;
    let is_over = async {
        while guard.proofs() != (false, false) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, is_over).await.expect("in time");
}

fn known(client: &'static str, name: &str, role: Role, proof: hooks::Proof) -> hooks::Known {
    let connection = Id::from(1, client.into());
    hooks::Known { user: rules::User { name: name.into(), role }, proof, connection, missed: 0 }
}

fn by_certificate(client: &'static str, serial: &str) -> hooks::Known {
    known(client, "gw-1", Role::Gateway, hooks::Proof::Certificate(serial.into()))
}

/// As if all sessions had ended.
fn forget_all(guard: &hooks::Guard) {
    guard.outdated(&hooks::Counting::default()).values().for_each(|known| guard.ended(&known.connection));
}

/// As it is while a session is admitted: its certificate was looked at, and the session does not stand yet.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_admitted_while_its_certificate_is_taken_back_does_not_stay() {
    let bench = Bench::start().await;
    let (guard, sessions) = (&bench.broker.sessions.guard, bench.broker.sessions());
    assert!(guard.take_in(by_certificate("test-shop-1", "aa")));
    sessions.end_outdated(&bench.store).await.expect("looked");
    assert_eq!(guard.proofs(), (false, true), "its session may be about to begin");
    // However late it begins, it is ended the next time.
    let (_gateway, mut events) = {
        forget_all(guard);
        let session = bench.client("shop-1").await;
        forget_all(guard);
        assert!(guard.take_in(by_certificate("test-shop-1", "aa")));
        session
    };
    sessions.end_outdated(&bench.store).await.expect("looked");
    while !matches!(next(&mut events).await, Event::Disconnected { .. }) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_had_a_session_is_forgotten() {
    let bench = Bench::start().await;
    let (guard, sessions) = (&bench.broker.sessions.guard, bench.broker.sessions());
    assert!(guard.take_in(by_certificate("box", "aa")));
    for _ in 0..hooks::MISSED_MAX {
        sessions.end_outdated(&bench.store).await.expect("looked");
        assert_eq!(guard.proofs(), (false, true));
    }
    sessions.end_outdated(&bench.store).await.expect("looked");
    assert_eq!(guard.proofs(), (false, false));
    // One that was let in by the next certificate meanwhile stays.
    assert!(guard.take_in(by_certificate("box", "bb")));
    (0..=hooks::MISSED_MAX).for_each(|_| guard.missed("box", &by_certificate("box", "aa")));
    assert_eq!(guard.proofs(), (false, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_its_password_and_leaves_nothing() {
    let bench = Bench::start().await;
    let sessions = bench.broker.sessions();
    let (_gateway, mut events) = bench.client("shop-1").await;
    let (_receiver, mut others) = bench.client("r1").await;
    let user = BrokerUser { name: "shop-1".into(), role: Role::Gateway, password_hash: password_hash(b"another") };
    bench.store.put_broker_user(&user, Timestamp(1)).await.expect("a user");
    sessions.end_outdated(&bench.store).await.expect("looked");
    while !matches!(next(&mut events).await, Event::Disconnected { .. }) {}
    let others_left = tokio::time::timeout(Duration::from_millis(200), others.next()).await;
    assert!(others_left.is_err(), "the other one stays: {others_left:?}");
    // When its session has ended, its client id is anybody's.
    let is_free = async {
        let known = known("test-shop-1", "r1", Role::Receiver, hooks::Proof::Password(password_hash(b"secret")));
        while !bench.broker.sessions.guard.take_in(known.clone()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, is_free).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_is_free_again_when_the_broker_is_gone() {
    let bench = Bench::start().await;
    let address = bench.broker.address();
    drop(bench);
    let freed = async {
        while std::net::TcpListener::bind(address).is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.expect("the port is free");
}

//! Gateways with certificates: let in by a token once, known by their certificate, thrown out within seconds.

use std::time::Duration;

use model::time::Millis;
use rcgen::{CertificateParams, KeyPair};
use runtime::clock::Clock;
use runtime::mqtt::{Identity, Trouble};
use serde_json::{Value, json};

use super::*;
use crate::fleet;
use crate::fleet::authority::{Authority, BROKER_NAME};

const PATIENCE: Duration = Duration::from_secs(30);

struct Site {
    running: Running,
    http: reqwest::Client,
    stop: CancellationToken,
    clock: SystemClock,
}

fn id(name: &str) -> GatewayId {
    GatewayId::new(name).expect("an id")
}

/// A key and a request for it, as a box makes them.
fn request() -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let request = CertificateParams::default().serialize_request(&key).expect("a request");
    (key.serialize_pem(), request.pem().expect("text"))
}

impl Site {
    async fn open(folder: &std::path::Path) -> Self {
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = {folder:?}\n\
             [broker]\nlisten = \"127.0.0.1:0\"\ntls_listen = \"127.0.0.1:0\"\n"
        );
        let config: Config = runtime::config::parse(&text, "server.toml", "X", []).expect("a configuration");
        let (url, stop, clock) = (config.database_url(None), CancellationToken::new(), SystemClock::new());
        let running = super::super::start(config, &url, Arc::new(clock.clone()), &stop).await.expect("a server");
        Self { running, http: reqwest::Client::builder().no_proxy().build().expect("a client"), stop, clock }
    }

    async fn token(&self, gateway: &str, valid: Millis) -> String {
        let now = self.clock.now();
        let authority = Authority::open(&self.running.store, now).await.expect("an authority");
        fleet::make_token(&self.running.store, &authority, &id(gateway), now + valid).await.expect("a token")
    }

    async fn ask(&self, gateway: &str, token: &str, request: &str) -> (u16, Value) {
        let body = json!({"gateway": gateway, "token": token, "request": request});
        let url = format!("http://{}/v1/gateways/enrol", self.running.http);
        let answer = self.http.post(url).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("json"))
    }

    async fn enrol(&self, gateway: &str) -> Identity {
        let token = self.token(gateway, Millis::hours(1)).await;
        let (key, request) = request();
        let (status, answer) = self.ask(gateway, &token, &request).await;
        assert_eq!(status, 200, "{answer}");
        let text = |field: &str| answer[field].as_str().expect("a text").to_owned();
        assert!(
            token.ends_with(&Authority::open(&self.running.store, self.clock.now()).await.expect("one").fingerprint())
        );
        Identity {
            key,
            certificate: text("certificate"),
            authority: text("authority"),
            broker_name: text("broker_name"),
            issued_at_s: 0,
        }
    }

    fn options(&self, name: &str, identity: &Identity) -> Options {
        let address = self.running.mqtts.expect("a port for certificates");
        let mut options = Options::new(&format!("mqtts://{address}"), name);
        options.identity = Some(identity.clone());
        options
    }

    async fn close(self) {
        self.stop.cancel();
        self.running.join(&self.stop).await.expect("an orderly end");
    }
}

async fn next(events: &mut Events) -> Event {
    tokio::time::timeout(PATIENCE, events.next()).await.expect("an event in time").expect("a running client")
}

/// Why a client is not let in.
async fn refusal(options: &Options) -> String {
    let (client, mut events) = mqtt::connect(options).expect("good options");
    let event = next(&mut events).await;
    client.disconnect().await;
    match event {
        Event::Disconnected { reason } => reason,
        Event::Connected { .. } | Event::Message { .. } => panic!("{event:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_is_let_in_heard_thrown_out_and_stays_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path()).await;
    let identity = site.enrol(NAME).await;
    let options = site.options("the-box", &identity);
    let (client, mut events) = mqtt::connect(&options).expect("good options");
    client.subscribe(&[(&topics::gateway_ack(NAME), Qos::AtLeastOnce)]).await.expect("queued");
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    client.publish(&topics::gateway_up(NAME), batch(1), Qos::AtLeastOnce, false).await.expect("queued");
    let Event::Message { payload, .. } = next(&mut events).await else { panic!("an acknowledgement") };
    assert_eq!(uplink::decode_ack(&payload).expect("readable").through, 1);

    // Another's topic is refused: its batch is never acknowledged, and ours goes on.
    client.publish(&topics::gateway_up("shop-2"), batch(1), Qos::AtLeastOnce, false).await.expect("queued");
    client.publish(&topics::gateway_up(NAME), batch(2), Qos::AtLeastOnce, false).await.expect("queued");
    let Event::Message { topic, payload, .. } = next(&mut events).await else { panic!("an acknowledgement") };
    assert_eq!((topic, uplink::decode_ack(&payload).expect("readable").through), (topics::gateway_ack(NAME), 2));
    assert!(site.running.store.marks().await.expect("read").keys().all(|(gateway, _)| gateway.as_str() == NAME));

    let command = fleet::Command::Revoke { gateway: id(NAME) };
    fleet::run(&command, &site.running.store, site.clock.now()).await.expect("thrown out");
    let since = site.clock.monotonic();
    assert!(matches!(next(&mut events).await, Event::Disconnected { .. }));
    let took = Millis(site.clock.monotonic().0 - since.0);
    println!("revocation: the session ended after {} ms", took.0);
    client.disconnect().await;
    let reason = refusal(&site.options("the-box", &identity)).await;
    assert_eq!(Trouble::of(&reason), Trouble::Refused, "{reason}");

    // A new token lets the box in again, with another certificate; the old one stays out.
    let again = site.enrol(NAME).await;
    let (client, mut events) = mqtt::connect(&site.options("the-box", &again)).expect("good options");
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    client.disconnect().await;
    assert_eq!(Trouble::of(&refusal(&site.options("another", &identity)).await), Trouble::Refused);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_once_in_time_and_for_its_own_gateway() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path()).await;
    let (_, request) = request();
    let token = site.token("shop-1", Millis::hours(1)).await;
    let late = site.token("shop-1", Millis(-1)).await;
    let code = |(status, answer): (u16, Value)| (status, answer["code"].as_str().unwrap_or_default().to_owned());
    assert_eq!(code(site.ask("shop-1", &"ab".repeat(32), &request).await), (403, "token-unknown".into()));
    assert_eq!(code(site.ask("shop-2", &token, &request).await), (403, "token-unknown".into()));
    assert_eq!(code(site.ask("shop-1", &late, &request).await), (403, "token-expired".into()));
    assert_eq!(code(site.ask("shop-1", &token, "no request").await), (400, "invalid".into()));
    assert_eq!(code(site.ask("a b", &token, &request).await), (400, "invalid".into()));
    let first = site.ask("shop-1", &token, &request).await;
    assert_eq!(first.0, 200, "who mistyped something may try again: {}", first.1);
    assert_eq!(code(site.ask("shop-1", &token, &request).await), (403, "token-used".into()));
    site.close().await;
    let file = std::fs::read(folder.path().join("attimo.db")).expect("a database");
    let secret = token.split('.').next().expect("a secret").as_bytes();
    assert!(!file.windows(secret.len()).any(|bytes| bytes == secret), "only the hash is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_certificate_and_another_authoritys_are_refused_and_a_valid_one_is_renewed() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path()).await;
    let good = site.enrol(NAME).await;
    let now = site.clock.now();
    let authority = Authority::open(&site.running.store, now).await.expect("an authority");
    let (key, asked) = request();
    let ended = authority.sign(&asked, &id(NAME), now - Millis::hours(48), Millis::hours(1)).expect("a certificate");
    let ended = Identity { key, certificate: ended.certificate, ..good.clone() };
    let reason = refusal(&site.options("ended", &ended)).await;
    assert_eq!(Trouble::of(&reason), Trouble::Certificate, "{reason}");
    let stranger = Identity { authority: good.certificate.clone(), ..good.clone() };
    assert_eq!(Trouble::of(&refusal(&site.options("stranger", &stranger)).await), Trouble::Certificate);

    let (client, mut events) = mqtt::connect(&site.options("box", &good)).expect("good options");
    client.subscribe(&[(&topics::gateway_certificate(NAME), Qos::AtLeastOnce)]).await.expect("queued");
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    let (key, asked) = request();
    client.publish(&topics::gateway_renewal(NAME), asked, Qos::AtLeastOnce, false).await.expect("queued");
    let Event::Message { payload, .. } = next(&mut events).await else { panic!("a certificate") };
    let answer: Value = serde_json::from_slice(&payload).expect("json");
    assert_eq!(answer["broker_name"], BROKER_NAME);
    let renewed = Identity { key, certificate: answer["certificate"].as_str().expect("one").to_owned(), ..good };
    let (second, mut events) = mqtt::connect(&site.options("box-2", &renewed)).expect("good options");
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    second.disconnect().await;
    client.disconnect().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_asks_for_certificates_too_often_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path()).await;
    let good = site.enrol(NAME).await;
    let (client, mut events) = mqtt::connect(&site.options("box", &good)).expect("good options");
    client.subscribe(&[(&topics::gateway_certificate(NAME), Qos::AtLeastOnce)]).await.expect("queued");
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    // Its first certificate counts as well.
    let mut answers = Vec::new();
    for _ in 0..fleet::http::RENEWALS_MAX + 1 {
        let (_, asked) = request();
        client.publish(&topics::gateway_renewal(NAME), asked, Qos::AtLeastOnce, false).await.expect("queued");
        let Event::Message { payload, .. } = next(&mut events).await else { panic!("an answer") };
        let answer: Value = serde_json::from_slice(&payload).expect("json");
        answers.push(answer["refused"].as_str().map(str::to_owned));
    }
    let given = answers.iter().filter(|refused| refused.is_none()).count() as u64;
    assert_eq!(given, fleet::http::RENEWALS_MAX - 1);
    assert_eq!(answers.pop().flatten().as_deref(), Some("renewal-too-often"));
    let other = site.enrol("shop-2").await;
    assert!(other.certificate.contains("BEGIN"), "others are not held up");
    client.disconnect().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_by_password_end_with_the_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path()).await;
    let store = &site.running.store;
    let address = site.running.mqtt.expect("a broker");
    let user =
        async |role, name: &str| keys::create_broker_user(store, role, &id(name), site.clock.now()).await.expect("one");
    let options = |name: &str, password: &str| {
        Options::new(&format!("mqtt://{address}"), &format!("by-password-{name}")).with_credentials(name, password)
    };
    let (box_password, ear_password) = (user(Role::Gateway, NAME).await, user(Role::Receiver, "ear").await);
    let other_password = user(Role::Receiver, "other").await;
    let connect = async |name: &str, password: &str| {
        let (client, mut events) = mqtt::connect(&options(name, password)).expect("good options");
        assert!(matches!(next(&mut events).await, Event::Connected { .. }));
        (client, events)
    };
    let (gateway, mut gateway_events) = connect(NAME, &box_password).await;
    let (ear, mut ear_events) = connect("ear", &ear_password).await;
    let (other, mut other_events) = connect("other", &other_password).await;

    let command = fleet::Command::Revoke { gateway: id(NAME) };
    fleet::run(&command, store, site.clock.now()).await.expect("thrown out");
    assert!(matches!(next(&mut gateway_events).await, Event::Disconnected { .. }), "its password is gone");
    user(Role::Receiver, "ear").await;
    assert!(matches!(next(&mut ear_events).await, Event::Disconnected { .. }), "its password is another one");
    assert_eq!(Trouble::of(&refusal(&options(NAME, &box_password)).await), Trouble::Refused);
    // Who kept the password keeps the session: what they say now is the next thing that they hear of.
    other.subscribe(&[("espresense/rooms/wine/max_distance/set", Qos::AtLeastOnce)]).await.expect("queued");
    let (server, _server_events) = {
        let credentials = site.running.broker.as_ref().expect("inside").credentials().clone();
        connect(&credentials.username, &credentials.password).await
    };
    let topic = "espresense/rooms/wine/max_distance/set";
    server.publish(topic, "3", Qos::AtLeastOnce, true).await.expect("queued");
    assert!(matches!(next(&mut other_events).await, Event::Message { topic: heard, .. } if heard == topic));
    let known = store.known_gateways().await.expect("read");
    assert!(known[&id(NAME)].revoked_at.is_some());
    for client in [gateway, ear, other, server] {
        client.disconnect().await;
    }
    site.close().await;
}

use std::time::Duration;

use web_push_native::jwt_simple::algorithms::ES256KeyPair;
use web_push_native::p256::PublicKey;
use web_push_native::{Auth, WebPushBuilder};

use super::*;

struct Sender {
    client: reqwest::Client,
    keys: ES256KeyPair,
    subscription: Subscription,
}

/// A request as an independent sender makes it. The sender's library leaves the port out of the audience,
/// so tests that want a right signature sign by themselves.
impl Sender {
    fn new(service: &PushService) -> Self {
        let _ = rustls_ready();
        let subscription = service.subscribe(PersonId(3), &Chance::root(1));
        Self { client: reqwest::Client::new(), keys: ES256KeyPair::generate(), subscription }
    }

    fn body(&self, text: &str) -> Vec<u8> {
        let public =
            PublicKey::from_sec1_bytes(&BASE64.decode(&self.subscription.p256dh).expect("base64")).expect("a key");
        let auth = Auth::clone_from_slice(&BASE64.decode(&self.subscription.auth).expect("base64"));
        let request = WebPushBuilder::new(self.subscription.endpoint.parse().expect("a URL"), public, auth)
            .build(text)
            .expect("a request");
        request.into_body()
    }

    fn authorization(&self, audience: &str, hours: u64) -> String {
        use web_push_native::jwt_simple::algorithms::{ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike};
        use web_push_native::jwt_simple::claims::Claims;
        let lifetime = web_push_native::jwt_simple::prelude::Duration::from_hours(hours);
        let claims = Claims::create(lifetime).with_audience(audience).with_subject("mailto:owner@example.com");
        let token = self.keys.sign(claims).expect("a signature");
        let public = self.keys.public_key().public_key().to_bytes_uncompressed();
        format!("vapid t={token}, k={}", BASE64.encode(public))
    }

    async fn send(&self, headers: &[(&str, &str)], body: Vec<u8>) -> u16 {
        let mut request = self.client.post(&self.subscription.endpoint).body(body).timeout(Duration::from_secs(5));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("an answer").status().as_u16()
    }
}

fn rustls_ready() -> bool {
    runtime::mqtt::install_crypto();
    true
}

#[tokio::test]
async fn a_right_message_is_taken_and_opened() {
    let (service, mut inbox) = PushService::start().await.expect("loopback");
    let sender = Sender::new(&service);
    let signed = sender.authorization(&service.origin, 12);
    let headers =
        [("ttl", "60"), ("content-encoding", "aes128gcm"), ("topic", "abc"), ("authorization", signed.as_str())];
    assert_eq!(sender.send(&headers, sender.body("hello")).await, 201);
    let pushed = inbox.recv().await.expect("a message");
    assert_eq!(pushed, Pushed { person: PersonId(3), message: b"hello".to_vec() });
    assert_eq!(service.answers().taken, 1);
}

#[tokio::test]
async fn what_a_real_service_refuses_is_refused() {
    let (service, _inbox) = PushService::start().await.expect("loopback");
    let sender = Sender::new(&service);
    let signed = sender.authorization(&service.origin, 12);
    let host_alone = sender.authorization("http://127.0.0.1", 12);
    let two_days = sender.authorization(&service.origin, 48);
    let check = async |headers: &[(&str, &str)], body: Vec<u8>, expect: u16| {
        assert_eq!(sender.send(headers, body).await, expect, "{headers:?}");
    };
    let (ttl, coding, authorization) =
        (("ttl", "60"), ("content-encoding", "aes128gcm"), ("authorization", signed.as_str()));
    let body = || sender.body("hello");
    check(&[coding, authorization], body(), 400).await;
    check(&[("ttl", "soon"), coding, authorization], body(), 400).await;
    check(&[ttl, authorization], body(), 400).await;
    check(&[ttl, coding, authorization, ("topic", "a topic")], body(), 400).await;
    check(&[ttl, coding, authorization, ("urgency", "now")], body(), 400).await;
    check(&[ttl, coding], body(), 401).await;
    check(&[ttl, coding, ("authorization", host_alone.as_str())], body(), 401).await;
    check(&[ttl, coding, ("authorization", two_days.as_str())], body(), 401).await;
    check(&[ttl, coding, authorization], vec![0; 5_000], 413).await;
    check(&[ttl, coding, authorization], vec![7; 200], 400).await;
    service.restrict("another key");
    check(&[ttl, coding, authorization], body(), 403).await;
    service.end(PersonId(3));
    check(&[ttl, coding, authorization], body(), 410).await;
    assert_eq!(service.answers().taken, 0);
}

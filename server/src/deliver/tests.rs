use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::StreamExt as _;
use model::delivery::{Delivery, DeliveryState};
use model::time::Millis;
use model::units::Cents;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::payload;
use super::webpush::encrypt::tests::{AUTH, UA_PUBLIC, open};
use crate::store::{Changes, Reservation};
use crate::testing::{self, API_KEY, Site};

const MINUTE: Millis = Millis::minutes(1);

/// A push service that says what it is told to, and 201 from then on.
struct Service {
    url: String,
    posts: mpsc::UnboundedReceiver<Posted>,
}

struct Posted {
    headers: HeaderMap,
    body: Bytes,
    at: tokio::time::Instant,
}

impl Posted {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn message(&self) -> Value {
        serde_json::from_slice(&open(self.body.to_vec())).expect("the message is JSON")
    }
}

type Script = (Arc<Mutex<VecDeque<(u16, Option<&'static str>)>>>, mpsc::UnboundedSender<Posted>);

impl Service {
    async fn start(answers: &[(u16, Option<&'static str>)]) -> Self {
        let (sender, posts) = mpsc::unbounded_channel();
        let script: Script = (Arc::new(Mutex::new(answers.iter().copied().collect())), sender);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/p/{id}", post(take)).with_state(script);
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, posts }
    }

    fn subscription(&self) -> Value {
        json!({"endpoint": format!("{}/p/1", self.url), "keys": {"p256dh": UA_PUBLIC, "auth": AUTH}})
    }

    async fn posted(&mut self) -> Posted {
        tokio::time::timeout(Duration::from_secs(20), self.posts.recv()).await.expect("in time").expect("a post")
    }
}

async fn take(State((script, posts)): State<Script>, headers: HeaderMap, body: Bytes) -> Response {
    let next = script.lock().expect("a lock").pop_front();
    let (status, retry_after) = next.unwrap_or((201, None));
    let _ = posts.send(Posted { headers, body, at: tokio::time::Instant::now() });
    let status = StatusCode::from_u16(status).expect("a status");
    match retry_after {
        Some(after) => (status, [("retry-after", after)]).into_response(),
        None => status.into_response(),
    }
}

async fn has_subscription(site: &Site, device: &str) -> bool {
    let device = site.app.store.device(device.parse().expect("an id")).await.expect("a store");
    device.expect("the device is kept").push.is_some()
}

#[tokio::test]
async fn an_offer_arrives_encrypted_with_its_headers_and_a_receipt_that_works() {
    let mut service = Service::start(&[]).await;
    let site = Site::open().await;
    site.device("u-1", Some(service.subscription())).await;
    let delivery = site.decide("u-1", 7, MINUTE).await;
    site.deliver();

    let posted = service.posted().await;
    site.until(delivery.decision, DeliveryState::Sent).await;
    let message = posted.message();
    assert_eq!((&message["v"], &message["offerId"]), (&json!(1), &json!("monopoly")));
    assert_eq!((&message["title"], &message["id"]), (&json!("Italiano"), &json!(delivery.decision.to_string())));
    assert_eq!(posted.header("topic"), payload::topic(delivery.decision));
    assert_eq!((posted.header("urgency"), posted.header("content-encoding")), ("high", "aes128gcm"));
    let ttl: i64 = posted.header("ttl").parse().expect("seconds");
    assert!((1..=60).contains(&ttl), "{ttl}");
    let jwt = posted.header("authorization").strip_prefix("vapid t=").expect("our scheme");
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).expect("claims")).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("json");
    assert_eq!(claims["aud"], service.url, "the audience keeps the port");

    let path = format!("/v1/offers/{}/outcomes", delivery.decision);
    let receipt = format!("Receipt {}", message["receipt"].as_str().expect("a receipt"));
    let said = site.ask("POST", &path).header("authorization", &receipt).json(&json!({"kind": "opened"}));
    assert_eq!(said.send().await.expect("an answer").status(), 200);
    let other = site.decide("u-1", 8, MINUTE).await;
    let path = format!("/v1/offers/{}/outcomes", other.decision);
    let said = site.ask("POST", &path).header("authorization", &receipt).json(&json!({"kind": "opened"}));
    assert_eq!(said.send().await.expect("an answer").status(), 401);
}

#[tokio::test]
async fn a_subscription_that_is_gone_is_posted_to_once_and_deleted() {
    let mut service = Service::start(&[(410, None)]).await;
    let site = Site::open().await;
    let (device, _) = site.device("u-1", Some(service.subscription())).await;
    let delivery = site.decide("u-1", 7, MINUTE).await;
    site.deliver();
    service.posted().await;
    site.until(delivery.decision, DeliveryState::Failed).await;
    assert!(!has_subscription(&site, &device).await);
    assert!(service.posts.try_recv().is_err());
}

#[tokio::test]
async fn a_busy_service_is_asked_again_after_the_time_it_asks_for_with_the_same_topic() {
    let mut service = Service::start(&[(429, Some("2")), (500, None)]).await;
    let site = Site::open().await;
    let (device, _) = site.device("u-1", Some(service.subscription())).await;
    let delivery = site.decide("u-1", 7, MINUTE).await;
    site.deliver();
    let (first, second, third) = (service.posted().await, service.posted().await, service.posted().await);
    assert!(second.at - first.at >= Duration::from_secs(2), "{:?}", second.at - first.at);
    site.until(delivery.decision, DeliveryState::Sent).await;
    assert_eq!(first.header("topic"), third.header("topic"));
    assert_eq!(first.message()["id"], third.message()["id"]);
    assert_ne!(first.body, third.body, "every copy is encrypted anew");
    assert!(has_subscription(&site, &device).await);
}

#[tokio::test]
async fn a_poisonous_message_is_dropped_and_the_subscription_stays() {
    for status in [400, 413] {
        let mut service = Service::start(&[(status, None)]).await;
        let site = Site::open().await;
        let (device, _) = site.device("u-1", Some(service.subscription())).await;
        let delivery = site.decide("u-1", 7, MINUTE).await;
        site.deliver();
        service.posted().await;
        site.until(delivery.decision, DeliveryState::Failed).await;
        assert!(has_subscription(&site, &device).await, "{status}");
    }
}

#[tokio::test]
async fn a_service_that_refuses_our_key_is_left_alone_and_no_subscription_is_lost() {
    let mut service = Service::start(&[(403, None)]).await;
    let site = Site::open().await;
    let (device, _) = site.device("u-1", Some(service.subscription())).await;
    let first = site.decide("u-1", 7, Millis::seconds(4)).await;
    site.deliver();
    service.posted().await;
    let second = site.decide("u-1", 8, Millis::seconds(3)).await;
    site.until(first.decision, DeliveryState::Expired).await;
    site.until(second.decision, DeliveryState::Expired).await;
    assert!(service.posts.try_recv().is_err(), "the service is left alone");
    assert!(has_subscription(&site, &device).await);
}

#[tokio::test]
async fn consent_withdrawn_between_decision_and_sending_withholds_it() {
    let mut service = Service::start(&[]).await;
    let site = Site::open().await;
    let (device, token) = site.device("u-1", Some(service.subscription())).await;
    let delivery = site.decide("u-1", 7, MINUTE).await;
    let less = json!({"locating": true, "profiling": true, "marketingPush": false, "textVersion": "1"});
    let path = format!("/v1/devices/{device}/consent");
    let answer = site.ask("PUT", &path).bearer_auth(token).json(&less).send().await.expect("an answer");
    let body: Value = answer.json().await.expect("json");
    assert_eq!(body["consent"], json!({"locating": true, "profiling": true, "marketingPush": false}));
    site.deliver();
    site.until(delivery.decision, DeliveryState::Withheld).await;
    assert!(service.posts.try_recv().is_err());
}

/// A decision with its delivery and what they take of caps and budgets.
async fn reserved(site: &Site, number: u128) -> Delivery {
    let (decision, delivery) = testing::decision("u-1", number, site.app.clock.now(), MINUTE);
    let delivery = Delivery { price: Some(Cents(1_899)), ..delivery };
    let plan = testing::shop();
    let reservation = Reservation::new(&plan, &plan.offers[0], None, delivery.decided_at);
    let mut changes = Changes::default();
    changes.reservations.insert(decision.id, reservation);
    changes.decisions.insert(decision.id, decision);
    changes.deliveries.insert(delivery.decision, delivery.clone());
    let committed = site.app.store.commit(&changes).await.expect("a commit");
    assert!(committed.refused.is_empty());
    delivery
}

/// Applies the shop with a line changed, and waits until the server has taken it over.
async fn apply(site: &Site, from: &str, to: &str, is_so: fn(&model::shop::Shop) -> bool) {
    let store = model::ids::StoreId::new("milano").expect("an id");
    let row = site.app.store.shops().await.expect("a store").pop().expect("a shop");
    let text = row.shop_toml.replace(from, to);
    assert_ne!(text, row.shop_toml, "something changes");
    site.app.store.put_shop(&store, &text, &row.floor_geojson, site.app.clock.now()).await.expect("kept");
    for _ in 0..300 {
        if site.app.live.plan(&store).is_some_and(|plan| is_so(&plan)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the shop was not taken over");
}

async fn withheld(site: &Site, delivery: &Delivery) -> Option<String> {
    site.until(delivery.decision, DeliveryState::Withheld).await;
    assert_eq!(site.app.store.reserved(&delivery.customer).await.expect("read"), 0, "its place in the caps came back");
    let path = format!("/api/v1/decisions/{}", delivery.decision);
    let told = site.ask("GET", &path).bearer_auth(API_KEY).send().await.expect("an answer");
    let told: Value = told.json().await.expect("json");
    assert_eq!(told["delivery"], "withheld");
    told["withheld"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn what_is_sold_out_dearer_or_bought_meanwhile_is_not_sent() {
    let mut service = Service::start(&[]).await;
    let site = Site::open().await;
    site.device("u-1", Some(service.subscription())).await;
    let dear = reserved(&site, 7).await;
    apply(&site, "price = 1899", "price = 1999", |plan| plan.products[0].price == Cents(1_999)).await;
    site.deliver();
    assert_eq!(withheld(&site, &dear).await.as_deref(), Some("price"));
    apply(&site, "price = 1999", "price = 1899\nin_stock = false", |plan| !plan.products[0].in_stock).await;
    let gone = reserved(&site, 8).await;
    assert_eq!(withheld(&site, &gone).await.as_deref(), Some("stock"));
    apply(&site, "in_stock = false", "in_stock = true", |plan| plan.products[0].in_stock).await;
    let mut changes = Changes::default();
    let line = engine::shopper::Purchase {
        order: model::ids::OrderId::new("o-1").expect("an id"),
        product: model::ids::ProductId::new("507f1").expect("an id"),
        store: None,
        decision: None,
        amount: Cents(1_899),
        margin: Cents(600),
        at: site.app.clock.now() + MINUTE,
    };
    changes.purchases.push((gone.customer.clone(), line));
    site.app.store.commit(&changes).await.expect("a commit");
    let bought = reserved(&site, 9).await;
    assert_eq!(withheld(&site, &bought).await.as_deref(), Some("bought"));
    assert!(service.posts.try_recv().is_err(), "nothing of it was sent");
}

#[tokio::test]
async fn what_is_late_expires_and_what_a_crash_left_is_sent_again() {
    let mut service = Service::start(&[]).await;
    let site = Site::open().await;
    site.device("u-1", Some(service.subscription())).await;
    let late = site.decide("u-1", 7, Millis(1)).await;
    let left = site.decide("u-1", 8, MINUTE).await;
    // A worker claimed it and died: its row says sending.
    let claimed = site.app.store.claim_deliveries(site.app.clock.now(), Millis(1), 10).await.expect("claimed");
    assert!(claimed.iter().any(|outbox| outbox.delivery.decision == left.decision));
    site.deliver();
    let posted = service.posted().await;
    assert_eq!(posted.header("topic"), payload::topic(left.decision));
    site.until(left.decision, DeliveryState::Sent).await;
    site.until(late.decision, DeliveryState::Expired).await;
    assert!(service.posts.try_recv().is_err(), "what is late is never sent");
}

/// Reads a stream until an event of this name comes, and gives its data.
async fn event(stream: &mut (impl futures::Stream<Item = reqwest::Result<Bytes>> + Unpin), name: &str) -> Value {
    let mut text = String::new();
    let wait = async {
        loop {
            if let Some(found) = text.split("\n\n").find(|e| e.lines().any(|l| l == format!("event: {name}")))
                && text.contains("\n\n")
            {
                let data = found.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or("null");
                return serde_json::from_str(data).expect("json");
            }
            let chunk = stream.next().await.expect("the stream goes on").expect("bytes");
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("in time")
}

#[tokio::test]
async fn an_open_stream_gets_the_offer_first_and_its_word_ends_the_delivery() {
    let mut service = Service::start(&[]).await;
    let site = Site::open().await;
    let (_, token) = site.device("u-1", Some(service.subscription())).await;
    let stream = site.ask("GET", "/v1/stream").bearer_auth(&token).send().await.expect("a stream");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut stream = stream.bytes_stream();
    event(&mut stream, "ping").await;
    site.deliver();
    let delivery = site.decide("u-1", 7, MINUTE).await;
    let offer = event(&mut stream, "offer").await;
    assert_eq!((&offer["title"], &offer["zoneName"]), (&json!("Italiano"), &json!("Games")));
    assert_eq!(offer["reason"]["en"], "They looked at it today.");
    let path = format!("/v1/offers/{}/outcomes", delivery.decision);
    let said = site.ask("POST", &path).bearer_auth(&token).json(&json!({"kind": "delivered"})).send().await;
    assert_eq!(said.expect("an answer").status(), 200);
    site.until(delivery.decision, DeliveryState::Sent).await;
    assert!(service.posts.try_recv().is_err(), "no push besides");
    let list: Value =
        site.ask("GET", "/v1/offers").bearer_auth(&token).send().await.expect("an answer").json().await.expect("json");
    assert_eq!(list["offers"][0]["outcome"], "delivered");
}

#[tokio::test]
async fn a_silent_stream_falls_back_to_push_after_two_seconds() {
    let mut service = Service::start(&[]).await;
    let site = Site::open().await;
    let (_, token) = site.device("u-1", Some(service.subscription())).await;
    let stream = site.ask("GET", "/v1/stream").bearer_auth(&token).send().await.expect("a stream");
    let mut stream = stream.bytes_stream();
    event(&mut stream, "ping").await;
    site.deliver();
    let delivery = site.decide("u-1", 7, MINUTE).await;
    event(&mut stream, "offer").await;
    let shown = tokio::time::Instant::now();
    let posted = service.posted().await;
    assert!(posted.at - shown >= Duration::from_millis(1_500), "{:?}", posted.at - shown);
    assert_eq!(posted.message()["id"], delivery.decision.to_string());
    site.until(delivery.decision, DeliveryState::Sent).await;
}

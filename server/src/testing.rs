//! A whole server for tests: a real store in a temporary folder, the real owner, and the API on a free port.

use std::sync::Arc;
use std::time::Duration;

use model::decision::{Around, Choice, Decision, Explanation, Moment, Trigger};
use model::delivery::{Delivery, DeliveryState};
use model::ids::{CustomerId, DecisionId, DeliveryId, OfferId, StoreId, VisitId, ZoneId};
use model::offer::{Channel, Content, Language, Text};
use model::shop::Shop;
use model::time::Millis;
use model::units::{Cents, Probability};
use runtime::clock::SystemClock;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::AppState;
use crate::auth::token;
use crate::config::Config;
use crate::deliver::{self, Channels};
use crate::live::Live;
use crate::run::{Handle, Owner, Parts, QUEUE_MAX};
use crate::secret::ServerSecret;
use crate::store::{Changes, KeyKind, Store};

/// The write key of the captured clients.
pub(crate) const WRITE_KEY: &str = "WRITEKEY";
/// A key for the back office.
pub(crate) const API_KEY: &str = "office-key";
/// The one-time token.
pub(crate) const SETUP_TOKEN: &str = "set-up-token";

const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"ground","name":"Ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"door","name":"Door","floor":"ground","kind":"entrance"},"geometry":{"type":"Polygon","coordinates":[[[8,0],[12,0],[12,2],[8,2],[8,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"games","name":"Games","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[1,10],[5,10],[5,15],[1,15],[1,10]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"wine","name":"Wine","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[12,10],[18,10],[18,15],[12,15],[12,10]]]}}
]}"#;

const SHOP: &str = r#"
[store]
id = "milano"
name = "Milano"
timezone = "Europe/Rome"

[[receiver]]
id = "r1"
floor = "ground"
x = 1.0
y = 2.0

[[beacon]]
id = "shelf-1"
floor = "ground"
x = 3.0
y = 12.0

[[sensor]]
id = "door-1"
kind = "counter-delta"
zone = "door"

[[sensor]]
id = "wine-count"
kind = "counter-delta"
zone = "wine"

[[tag]]
id = "cart-1"
uuid = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
major = 1
minor = 1

[[tag]]
id = "badge-1"
uuid = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
major = 1
minor = 2
staff = true

[[product]]
id = "507f1"
name = "Monopoly"
category = "Games"
price = 1899
margin = 600
zone = "games"

[[offer]]
id = "monopoly"
product = "507f1"
discount = 300
[offer.content.en]
title = "Monopoly, 3 euro off"
body = "Today only."
[offer.content.it]
title = "Monopoly, 3 euro in meno"
body = "Solo oggi."
"#;

/// A folder of the data that checkouts share, which lies beside the checkout or further up. Where there is no shared
/// data at all, a note says so; where there is, the folder must be there and so must what a test reads in it.
pub(crate) fn shared_data(name: &str) -> Option<std::path::PathBuf> {
    let above = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(shared) = above.map(|folder| folder.join("shared/data")).find(|data| data.is_dir()) else {
        println!("note: there is no shared/data above this checkout, so nothing was compared with {name}");
        return None;
    };
    let folder = shared.join(name);
    assert!(folder.is_dir(), "{} is missing beside the other shared data", folder.display());
    Some(folder)
}

/// The test shop.
pub(crate) fn shop() -> Shop {
    Shop::parse(SHOP, FLOOR).expect("the test shop is right")
}

/// A running server.
pub(crate) struct Site {
    pub(crate) app: AppState,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    shutdown: CancellationToken,
    dir: tempfile::TempDir,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Site {
    /// Opens a server with one shop and the keys above; nothing is delivered until [`Site::deliver`].
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let config =
            format!("[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = {:?}\n[push]\nallow_loopback = true\n", dir.path());
        let config: Config = toml::from_str(&config).expect("a configuration");
        let store = Store::open(&Store::file_url(dir.path())).await.expect("a store");
        let now = model::time::Timestamp(1);
        let id = StoreId::new("milano").expect("an id");
        store.put_shop(&id, SHOP, FLOOR, now).await.expect("the shop is kept");
        store.put_key(KeyKind::Write, "app", &token::hash(WRITE_KEY), now).await.expect("a key");
        store.put_key(KeyKind::Api, "office", &token::hash(API_KEY), now).await.expect("a key");
        let channels = Channels::open(&store, &config.push).await.expect("channels");
        // Who is in the holdout follows from the secret: a drawn one would put a test's customer there one time in ten.
        let (shutdown, live, secret) = (CancellationToken::new(), Live::default(), ServerSecret::new([3; 32]));
        let clock: Arc<dyn runtime::clock::Clock> = Arc::new(SystemClock::new());
        let parts = Parts {
            store: store.clone(),
            live: live.clone(),
            secret: secret.clone(),
            prefix: config.air.prefix_bytes().expect("a prefix"),
            clock: Arc::clone(&clock),
            shutdown: shutdown.clone(),
        };
        let (jobs, taken) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(Owner::restore(parts).await.expect("an owner").run(taken));
        let app = AppState {
            config: Arc::new(config),
            store,
            run: Handle::new(jobs),
            live,
            secret,
            channels,
            clock,
            setup_token: Some(SETUP_TOKEN.into()),
            tls_port: None,
        };
        let url = serve(app.clone(), shutdown.clone()).await;
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { app, url, http, shutdown, dir }
    }

    /// Where everything is kept.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Starts the outbox workers.
    pub(crate) fn deliver(&self) {
        deliver::start(self.app.clone(), self.shutdown.clone());
    }

    /// A request to the server.
    pub(crate) fn ask(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().expect("a method"), format!("{}{path}", self.url))
    }

    /// Registers a device of a user with full consent: its id and its token.
    pub(crate) async fn device(&self, user: &str, push: Option<Value>) -> (String, String) {
        let consent = json!({"locating": true, "profiling": true, "marketingPush": true});
        let mut body =
            json!({"platform": "web", "userId": user, "language": "it", "consent": consent, "textVersion": "1"});
        if let Some(push) = push {
            body["push"] = push;
        }
        let answer = self.ask("POST", "/v1/devices").basic_auth(WRITE_KEY, Some("")).json(&body).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
        let body: Value = answer.json().await.expect("json");
        assert_eq!(body["stored"], true);
        let text = |key: &str| body[key].as_str().expect("a text").to_owned();
        (text("deviceId"), text("token"))
    }

    /// Puts a decision and its delivery into the store, as the owner does.
    pub(crate) async fn decide(&self, user: &str, number: u128, lifetime: Millis) -> Delivery {
        let (decision, delivery) = decision(user, number, self.app.clock.now(), lifetime);
        let mut changes = Changes::default();
        changes.decisions.insert(decision.id, decision);
        changes.deliveries.insert(delivery.decision, delivery.clone());
        self.app.store.commit(&changes).await.expect("a commit");
        delivery
    }

    /// Waits until the delivery's row says so.
    pub(crate) async fn until(&self, decision: DecisionId, wanted: DeliveryState) {
        let mut last = None;
        for _ in 0..300 {
            last = self.app.store.decision(decision).await.expect("a store").and_then(|row| row.delivery);
            if last == Some(wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the delivery is {last:?}, not {wanted:?}");
    }
}

async fn serve(app: AppState, shutdown: CancellationToken) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = crate::api::router(app).into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).into_future());
    format!("http://{address}")
}

/// A decision for the test shop's offer, and its delivery.
pub(crate) fn decision(user: &str, number: u128, at: model::time::Timestamp, lifetime: Millis) -> (Decision, Delivery) {
    let customer = CustomerId::new(user).expect("an id");
    let store = StoreId::new("milano").expect("an id");
    let offer = OfferId::new("monopoly").expect("an id");
    let zone = ZoneId::new("games").expect("an id");
    let said = |title: &str| Text { title: title.into(), body: "Body".into() };
    let moment = Moment {
        store: store.clone(),
        visit: VisitId(number),
        zone: zone.clone(),
        trigger: Trigger::Dwelling,
        at,
        dwell: Millis::seconds(8),
        probability: Probability::ONE,
        pattern: None,
        channel: Channel::Push,
        placement: None,
        around: Around::default(),
    };
    let explanation = Explanation {
        en: "They looked at it today.".into(),
        it: "L'ha guardato oggi.".into(),
        ..Explanation::default()
    };
    let decision = Decision {
        id: DecisionId(number),
        customer: customer.clone(),
        moment,
        choice: Choice::Offer { offer: offer.clone() },
        propensity: Probability::clamped(0.9),
        holdout: false,
        control: false,
        shadow: false,
        policy: model::policy::Policy::default().id,
        model: 0,
        epoch: 0,
        words_aside: false,
        words: Vec::new(),
        explanation,
    };
    let delivery = Delivery {
        id: DeliveryId(number),
        decision: decision.id,
        customer,
        store,
        offer,
        zone,
        content: Content::from([(Language::En, said("English")), (Language::It, said("Italiano"))]),
        decided_at: at,
        expires_at: at + lifetime,
        discount: Cents(0),
        channel: Channel::Push,
        price: None,
    };
    (decision, delivery)
}

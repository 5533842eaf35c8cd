//! The app on one person's phone: registers, sends events, holds a stream open, shows offers and tells what becomes of them.

mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use model::consent::Consent;
use model::ids::{DecisionId, OfferId};
use model::shop::Shop;
use model::time::Timestamp;
use runtime::clock::{Clock, SystemClock};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use lines::Lines;

use crate::api::{Api, Proof, Registered, rfc3339};
use crate::person::Person;
use crate::shopper::Act;
use crate::truth::PersonId;

/// Things waiting for one phone, at most; later ones are lost and counted.
const INBOX_MAX: usize = 256;
/// Pause before a broken stream is opened again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// By which way an offer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Web Push.
    Push,
    /// The open stream.
    Sse,
}

/// An offer that a phone has shown for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Whose phone.
    pub person: PersonId,
    /// Its decision.
    pub decision: DecisionId,
    /// The offer.
    pub offer: OfferId,
    /// By which way it came first.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
}

/// Something for a phone.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Its person did something.
    Act(Timestamp, Act),
    /// A push message came, already opened.
    Pushed(Vec<u8>),
}

/// What all phones did, in sums.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Messages that came, per way; an offer may come both ways.
    pub received: BTreeMap<Channel, u64>,
    /// Offers shown, each once.
    pub shown: u64,
    /// Offers that came again after they had been shown.
    pub repeats: u64,
    /// Outcomes told to the server, by kind.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Events sent, by name.
    pub events: BTreeMap<&'static str, u64>,
    /// Streams opened.
    pub streams: u64,
    /// Devices of which the server keeps something, at registration.
    pub stored: u64,
    /// What failed, in the server's words; the first few.
    pub failures: Vec<String>,
}

/// What phones share.
#[derive(Debug, Clone)]
pub struct Network {
    /// The server's API.
    pub api: Api,
    /// The shop, for names and prices.
    pub shop: Arc<Shop>,
    /// Where shown offers are told.
    pub shown: mpsc::Sender<Shown>,
    /// The sums.
    pub tally: Arc<Mutex<Tally>>,
    /// Ends every phone.
    pub stop: CancellationToken,
    /// What time it is.
    pub clock: Arc<SystemClock>,
}

impl Network {
    /// Changes the sums.
    pub fn count(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn fail(&self, what: &str, error: &anyhow::Error) {
        tracing::warn!("{what}: {error:#}");
        self.count(|tally| {
            if tally.failures.len() < 20 {
                tally.failures.push(format!("{what}: {error:#}"));
            }
        });
    }
}

/// A phone at work.
#[derive(Debug, Clone)]
pub struct Phone {
    inbox: mpsc::Sender<Input>,
}

/// An offer, as the stream and the push message name it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    id: DecisionId,
    offer_id: OfferId,
    receipt: Option<String>,
}

struct App {
    person: PersonId,
    consent: Consent,
    registered: Registered,
    network: Network,
    seen: BTreeSet<DecisionId>,
    events: u64,
}

impl Phone {
    /// Sets a registered phone to work; `streams` says whether its page is open.
    #[must_use]
    pub fn start(person: &Person, registered: Registered, network: Network, streams: bool) -> Self {
        let (inbox, queue) = mpsc::channel(INBOX_MAX);
        let (offers, told) = mpsc::channel(INBOX_MAX);
        if streams {
            tokio::spawn(listen(network.clone(), registered.token.clone(), offers));
        }
        let app =
            App { person: person.id, consent: person.consent, registered, network, seen: BTreeSet::new(), events: 0 };
        tokio::spawn(app.run(queue, told));
        Self { inbox }
    }

    /// Gives the phone something; false if it can't keep up.
    #[must_use]
    pub fn give(&self, input: Input) -> bool {
        self.inbox.try_send(input).is_ok()
    }
}

/// What an app sends to register: who its person is and what it allows.
#[must_use]
pub fn registration(person: &Person) -> Value {
    let number = person.id.0;
    let language = if number.is_multiple_of(2) { "it-IT" } else { "en" };
    let mut body = json!({
        "platform": "sim", "anonymousId": format!("visitor-{number:02}"), "language": language, "textVersion": "demo-1",
    });
    let consent = person.consent;
    if consent.any() {
        body["userId"] = user(person.id).into();
        body["consent"] = json!({
            "locating": consent.locating, "profiling": consent.profiling, "marketingPush": consent.marketing_push,
        });
    }
    body
}

/// The name under which a person is signed in to the app.
#[must_use]
pub fn user(person: PersonId) -> String {
    format!("shopper-{:02}", person.0)
}

impl App {
    async fn run(mut self, mut queue: mpsc::Receiver<Input>, mut told: mpsc::Receiver<Told>) {
        let stop = self.network.stop.clone();
        self.identify().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(told) = told.recv() => self.show(told, Channel::Sse).await,
                input = queue.recv() => match input {
                    Some(Input::Act(at, act)) => self.act(at, act).await,
                    Some(Input::Pushed(message)) => self.open(&message).await,
                    None => return,
                },
            }
        }
    }

    async fn open(&mut self, message: &[u8]) {
        match serde_json::from_slice(message) {
            Ok(told) => self.show(told, Channel::Push).await,
            Err(error) => self.network.fail("read a push message", &error.into()),
        }
    }

    async fn show(&mut self, told: Told, channel: Channel) {
        let at = self.network.clock.now();
        let is_new = self.seen.insert(told.id);
        self.network.count(|tally| {
            *tally.received.entry(channel).or_default() += 1;
            if is_new {
                tally.shown += 1;
            } else {
                tally.repeats += 1;
            }
        });
        if !is_new {
            return;
        }
        let shown = Shown { person: self.person, decision: told.id, offer: told.offer_id, channel, at };
        // The world is gone only when the run is over.
        let _ = self.network.shown.send(shown).await;
        let token = self.registered.token.clone();
        let proof = told.receipt.as_deref().map_or(Proof::Device(&token), Proof::Receipt);
        self.tell(proof, told.id, "delivered", at).await;
    }

    async fn act(&mut self, at: Timestamp, act: Act) {
        let token = self.registered.token.clone();
        match act {
            Act::Viewed(product) => {
                let properties = self.product(&product);
                self.track("Product Viewed", properties, at).await;
            }
            Act::Purchased(products) => {
                let lines: Vec<Value> = products.iter().map(|product| self.product(product)).collect();
                let order = format!("order-{:02}-{}", self.person.0, at.0);
                self.track("Order Completed", json!({"order_id": order, "products": lines}), at).await;
            }
            Act::Opened(decision) => self.tell(Proof::Device(&token), decision, "opened", at).await,
            Act::Dismissed(decision) => self.tell(Proof::Device(&token), decision, "dismissed", at).await,
            Act::Redeemed(decision) => self.tell(Proof::Device(&token), decision, "redeemed", at).await,
            Act::Withdrew => {
                self.consent = Consent::default();
                if let Err(error) = self.network.api.withdraw(&self.registered).await {
                    self.network.fail("withdraw a consent", &error);
                }
            }
        }
    }

    async fn tell(&self, proof: Proof<'_>, decision: DecisionId, kind: &'static str, at: Timestamp) {
        match self.network.api.outcome(proof, decision, kind, at).await {
            Ok(()) => self.network.count(|tally| *tally.outcomes.entry(kind).or_default() += 1),
            // Who has withdrawn is not known any more; that answer is right.
            Err(_) if !self.consent.any() => {}
            Err(error) => self.network.fail(&format!("tell the outcome {kind}"), &error),
        }
    }

    async fn identify(&mut self) {
        let at = self.network.clock.now();
        let mut body = self.envelope(at);
        body["traits"] = json!({"app": "attimo-sim"});
        self.send("identify", "Identify", &body).await;
    }

    async fn track(&mut self, name: &'static str, properties: Value, at: Timestamp) {
        let mut body = self.envelope(at);
        body["event"] = name.into();
        body["properties"] = properties;
        self.send("track", name, &body).await;
    }

    async fn send(&self, kind: &str, name: &'static str, body: &Value) {
        match self.network.api.event(kind, body).await {
            Ok(()) => self.network.count(|tally| *tally.events.entry(name).or_default() += 1),
            Err(error) => self.network.fail(&format!("send {name}"), &error),
        }
    }

    /// What every event of Segment's clients carries. The page's consent banner adds what is allowed.
    fn envelope(&mut self, at: Timestamp) -> Value {
        self.events += 1;
        let mut body = json!({
            "messageId": format!("sim-{:02}-{}-{}", self.person.0, self.registered.device, self.events),
            "anonymousId": format!("visitor-{:02}", self.person.0),
            "timestamp": rfc3339(at),
            "sentAt": rfc3339(self.network.clock.now()),
            "context": {
                "library": {"name": "attimo-sim", "version": env!("CARGO_PKG_VERSION")},
                "consent": {"categoryPreferences": {"profiling": self.consent.profiling}},
            },
        });
        if self.consent.any() {
            body["userId"] = user(self.person).into();
        }
        body
    }

    #[expect(clippy::cast_precision_loss, reason = "a price is far below 2^53 cents")]
    fn product(&self, product: &model::ids::ProductId) -> Value {
        let Some(found) = self.network.shop.product(product) else { return json!({"product_id": product}) };
        json!({
            "product_id": product, "name": found.name, "category": found.category, "brand": found.brand,
            "price": found.price.0 as f64 / 100.0, "quantity": 1,
        })
    }
}

/// Holds the stream open for as long as the phone works.
async fn listen(network: Network, token: String, offers: mpsc::Sender<Told>) {
    while !network.stop.is_cancelled() {
        let read = tokio::select! {
            () = network.stop.cancelled() => return,
            read = read_stream(&network, &token, &offers) => read,
        };
        if let Err(error) = read {
            network.fail("read the stream", &error);
        }
        tokio::select! {
            () = network.stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    }
}

async fn read_stream(network: &Network, token: &str, offers: &mpsc::Sender<Told>) -> anyhow::Result<()> {
    let response = network.api.stream(token).await?;
    network.count(|tally| tally.streams += 1);
    let mut chunks = response.bytes_stream();
    let mut lines = Lines::default();
    while let Some(chunk) = chunks.next().await {
        for data in lines.take(&chunk?) {
            offers.send(serde_json::from_str(&data)?).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_without_consent_gives_no_name() {
        let demo = crate::scenario::Scenario::demo().expect("the embedded files are right");
        let world = crate::world::World::new(demo, 1, Timestamp(0));
        for person in world.people().iter().filter(|person| person.kind.has_app()) {
            let body = registration(person);
            assert_eq!(body.get("userId").is_some(), person.consent.any());
            assert_eq!(body.get("consent").is_some(), person.consent.any());
        }
    }
}

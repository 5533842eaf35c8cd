//! A push service on loopback, in the place of those in the cloud: it takes RFC 8030 requests and keeps them,
//! and it holds the keys of the browsers that subscribed, so that a test can read what was sent.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use web_push_native::p256::SecretKey;
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;

/// One message as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Which subscription it was sent to.
    pub subscription: String,
    /// The `Topic` header.
    pub topic: Option<String>,
    /// The `TTL` header.
    pub ttl: Option<String>,
    /// The encrypted body.
    pub body: Vec<u8>,
}

/// The service.
#[derive(Debug, Clone)]
pub struct PushService {
    base: String,
    received: Arc<Mutex<Vec<Received>>>,
}

/// A browser's subscription with its secret keys.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its name at the service.
    pub name: String,
    endpoint: String,
    secret: SecretKey,
    auth: [u8; 16],
}

impl PushService {
    /// Starts the service on a free port.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let received = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().route("/push/{name}", post(take)).with_state(Arc::clone(&received));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { base, received })
    }

    /// A new subscription, its keys drawn from a number.
    ///
    /// # Errors
    /// When the number makes no key; another one will.
    pub fn subscribe(&self, name: &str, number: u8) -> anyhow::Result<Subscription> {
        let secret = SecretKey::from_slice(&[number.max(1); 32]).context("a scalar of the curve")?;
        Ok(Subscription {
            name: name.to_owned(),
            endpoint: format!("{}/push/{name}", self.base),
            secret,
            auth: [number; 16],
        })
    }

    /// Everything that came so far.
    ///
    /// # Panics
    /// When a handler broke while it held the lock.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("the lock is whole").clone()
    }

    /// Waits for the first message to a subscription, and opens it.
    ///
    /// # Errors
    /// When none comes in time, or it can't be opened.
    pub async fn wait(&self, subscription: &Subscription, patience: Duration) -> anyhow::Result<Value> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(message) = self.received().into_iter().find(|message| message.subscription == subscription.name)
            {
                return subscription.open(&message);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("no push came to {} within {patience:?}", subscription.name)
    }
}

async fn take(
    State(received): State<Arc<Mutex<Vec<Received>>>>,
    Path(subscription): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, String); 2]) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let signed = header("authorization").is_some_and(|value| value.starts_with("vapid t="));
    if !signed || header("content-encoding").as_deref() != Some("aes128gcm") || header("ttl").is_none() {
        return (StatusCode::BAD_REQUEST, [("location", String::new()), ("ttl", String::new())]);
    }
    let message = Received { subscription, topic: header("topic"), ttl: header("ttl"), body: body.to_vec() };
    let ttl = message.ttl.clone().unwrap_or_default();
    received.lock().expect("the lock is whole").push(message);
    (StatusCode::CREATED, [("location", "/message/1".to_owned()), ("ttl", ttl)])
}

impl Subscription {
    /// The subscription as a browser gives it to the app.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let public = self.secret.public_key().to_encoded_point(false);
        json!({
            "endpoint": self.endpoint,
            "keys": { "p256dh": BASE64_URL_SAFE_NO_PAD.encode(public.as_bytes()), "auth": BASE64_URL_SAFE_NO_PAD.encode(self.auth) },
        })
    }

    /// Opens a message with this subscription's keys.
    ///
    /// # Errors
    /// When it was not encrypted for them.
    pub fn open(&self, message: &Received) -> anyhow::Result<Value> {
        let plain = web_push_native::decrypt(message.body.clone(), &self.secret, &self.auth.into())
            .map_err(|cause| anyhow::anyhow!("the push can't be opened: {cause:?}"))?;
        Ok(serde_json::from_slice(&plain)?)
    }
}

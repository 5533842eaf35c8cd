//! Delivery: getting a decision to a customer's devices, at least once, shown once, and never late.
//!
//! The outbox is in the store; `outbox` works it off. A device whose stream is open gets the offer there first,
//! and by Web Push when it does not say within two seconds that it has shown it.

mod attempt;
mod backoff;
mod near;
mod outbox;
pub mod payload;
pub mod streams;
mod truth;
pub mod webpush;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::AppState;
use crate::config;
use crate::store::{self, Store};

use backoff::Pauses;
use streams::Streams;
use webpush::client::Client;
use webpush::guard::{Guard, Refused};
use webpush::vapid::{self, Vapid};

/// The name under which the store keeps the push key.
const SECRET: &str = "vapid";

/// Why the channels can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("read the push key")]
    Store(#[from] store::Error),
    /// The key is unusable.
    #[error("take the push key")]
    Key(#[from] vapid::Error),
    /// The HTTP client can't be set up.
    #[error("set up the push client")]
    Client(#[from] reqwest::Error),
}

/// The ways out to customers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Channels(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    push: Client,
    guard: Guard,
    streams: Streams,
    pauses: Pauses,
}

impl Channels {
    /// Takes the push key from the store, or makes it at the first start.
    ///
    /// # Errors
    /// When the store fails, the stored key is not one, or this machine has no usable TLS.
    pub async fn open(store: &Store, push: &config::Push) -> Result<Self, Error> {
        let key = match store.secret(SECRET).await? {
            Some(key) => key,
            None => store.secret_or_insert(SECRET, &vapid::generate_pkcs8()?).await?,
        };
        let guard = Guard::new(&push.allowed_hosts, push.allow_loopback);
        let push = Client::new(Vapid::new(&key, &push.subject)?, guard.clone())?;
        Ok(Self(Arc::new(Inner { push, guard, streams: Streams::default(), pauses: Pauses::default() })))
    }

    /// The public key that pages subscribe with, base64url.
    #[must_use]
    pub fn push_key(&self) -> &str {
        self.0.push.public_key()
    }

    /// Checks a subscription's endpoint before it is kept.
    ///
    /// # Errors
    /// [`Refused`] says why it would never be used.
    pub fn check_endpoint(&self, endpoint: &str) -> Result<(), Refused> {
        self.0.guard.check(endpoint).map(|_| ())
    }

    /// The streams that devices hold open.
    #[must_use]
    pub fn streams(&self) -> &Streams {
        &self.0.streams
    }

    fn push(&self) -> &Client {
        &self.0.push
    }

    fn pauses(&self) -> &Pauses {
        &self.0.pauses
    }
}

/// Works off the outbox until the server stops; the handle ends when everything in flight has ended.
pub fn start(state: AppState, shutdown: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(outbox::run(state, shutdown))
}

#[cfg(test)]
mod tests;

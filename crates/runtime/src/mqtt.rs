//! The MQTT client behind a face of our own: it reconnects by itself, subscribes again, and every queue is bounded.
//!
//! It promises nothing about durability: what must not be lost is kept by the caller until the other end has answered.

mod options;
mod task;
mod tls;
mod trouble;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use rumqttc::{AsyncClient, PublishOptions, QoS};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use options::{Address, Error, Options, Will};
pub use tls::Identity;
pub use trouble::Trouble;

/// Most events waiting for the caller; a message beyond that is dropped and counted.
pub const EVENTS_MAX: usize = 8_192;
/// Most requests waiting for the broker; a publisher beyond that waits.
pub const REQUESTS_MAX: usize = 256;
/// Largest packet in either direction, in bytes.
pub const PACKET_BYTES_MAX: usize = 512 * 1024;

/// How hard the broker tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    /// At most once.
    AtMostOnce,
    /// At least once.
    AtLeastOnce,
}

impl Qos {
    const fn raw(self) -> QoS {
        match self {
            Self::AtMostOnce => QoS::AtMostOnce,
            Self::AtLeastOnce => QoS::AtLeastOnce,
        }
    }
}

/// What comes from the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The connection stands; every subscription was asked for again.
    Connected {
        /// Whether the broker still knew this client.
        session_present: bool,
    },
    /// The connection is gone; the client tries again by itself.
    Disconnected {
        /// Why, in plain words.
        reason: String,
    },
    /// A message.
    Message {
        /// Its topic.
        topic: String,
        /// Its bytes.
        payload: Bytes,
        /// Whether it is an old, kept message.
        retain: bool,
    },
}

/// Sends. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    raw: AsyncClient,
    filters: watch::Sender<Vec<(String, Qos)>>,
    up: Arc<AtomicBool>,
    stop: CancellationToken,
}

/// Receives. Dropping it does not stop the client; [`Client::disconnect`] does.
#[derive(Debug)]
pub struct Events {
    queue: mpsc::Receiver<Event>,
    dropped: Arc<AtomicU64>,
    turns: Arc<AtomicU64>,
}

impl Events {
    /// The next event; none only after [`Client::disconnect`].
    pub async fn next(&mut self) -> Option<Event> {
        self.queue.recv().await
    }

    /// How many events wait for the caller.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// How often the client has turned since the start: at each packet either way, so at each ping of a quiet line as well,
    /// and at each attempt to connect.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Messages that found the queue full, since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Starts a client. It connects in the background and says so by [`Event::Connected`].
///
/// # Errors
/// [`Error`] when the options can't work; a broker that is away is no error.
pub fn connect(options: &Options) -> Result<(Client, Events), Error> {
    let raw_options = options.to_raw()?;
    let (raw, mut event_loop) = AsyncClient::builder(raw_options)
        .capacity(REQUESTS_MAX)
        .try_build()
        .map_err(|cause| Error::Options { problem: cause.to_string() })?;
    // Else a small message waits for the answer to the one before, and the other end keeps that back for 40 ms.
    let mut network = event_loop.network_options();
    network.set_tcp_nodelay(true);
    event_loop.set_network_options(network);
    let (sender, queue) = mpsc::channel(EVENTS_MAX);
    let (filters, _) = watch::channel(Vec::new());
    let (stop, dropped) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
    let up = Arc::new(AtomicBool::new(false));
    let turns = Arc::new(AtomicU64::new(0));
    let task = task::Task {
        raw: raw.clone(),
        event_loop,
        sender,
        filters: filters.subscribe(),
        up: Arc::clone(&up),
        stop: stop.clone(),
        address: options.url.clone(),
        dropped: Arc::clone(&dropped),
        turns: Arc::clone(&turns),
    };
    tokio::spawn(task.run());
    Ok((Client { raw, filters, up, stop }, Events { queue, dropped, turns }))
}

/// Names the cryptography for TLS, once a process; with two in the dependency tree rustls does not choose by itself.
pub fn install_crypto() {
    options::install_crypto();
}

impl Client {
    /// Queues a message; waits while the queue is full. Queued is not arrived.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`Client::disconnect`].
    pub async fn publish(&self, topic: &str, payload: impl Into<Bytes>, qos: Qos, retain: bool) -> Result<(), Error> {
        let options = publish_options(qos, retain);
        self.raw.publish(topic, payload.into(), options).await.map_err(|_| Error::Closed)
    }

    /// Queues a message if there is room.
    ///
    /// # Errors
    /// [`Error::Full`] when there is none.
    pub fn try_publish(&self, topic: &str, payload: impl Into<Bytes>, qos: Qos, retain: bool) -> Result<(), Error> {
        let options = publish_options(qos, retain);
        self.raw.try_publish(topic, payload.into(), options).map_err(|_| Error::Full)
    }

    /// Asks for topics, now and after every reconnection.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`Client::disconnect`].
    pub async fn subscribe(&self, filters: &[(&str, Qos)]) -> Result<(), Error> {
        self.filters.send_modify(|all| all.extend(filters.iter().map(|(filter, qos)| ((*filter).to_owned(), *qos))));
        if self.stop.is_cancelled() {
            return Err(Error::Closed);
        }
        // Before there is a connection the filter is only noted: every connection begins by asking for all that is noted.
        if !self.up.load(Ordering::SeqCst) {
            return Ok(());
        }
        for (filter, qos) in filters {
            self.raw.subscribe(*filter, qos.raw()).await.map_err(|_| Error::Closed)?;
        }
        Ok(())
    }

    /// Says goodbye, so that the will is not sent, and ends.
    pub async fn disconnect(&self) {
        // A broker that is away can't be told: the stop below is enough then.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), self.raw.disconnect()).await;
        self.stop.cancel();
    }
}

const fn publish_options(qos: Qos, retain: bool) -> PublishOptions {
    PublishOptions::new(qos.raw()).retain(retain)
}

#[cfg(test)]
mod tests;

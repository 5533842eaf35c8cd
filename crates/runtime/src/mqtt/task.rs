//! The task that holds the connection: reads, reconnects with growing and jittered pauses, subscribes again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt;
use rumqttc::{AsyncClient, EventLoop, Incoming};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Event, Qos, trouble};

/// The first pause before trying again.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause before trying again.
const PAUSE_MAX: Duration = Duration::from_secs(10);

pub(super) struct Task {
    pub(super) raw: AsyncClient,
    pub(super) event_loop: EventLoop,
    pub(super) sender: mpsc::Sender<Event>,
    pub(super) filters: watch::Receiver<Vec<(String, Qos)>>,
    /// Whether there is a connection that asked for the filters when it began.
    pub(super) up: Arc<AtomicBool>,
    pub(super) stop: CancellationToken,
    /// For the words in which a trouble is told.
    pub(super) address: String,
    /// Messages that found the queue full.
    pub(super) dropped: Arc<AtomicU64>,
    /// How often it has turned, for who watches whether it still does.
    pub(super) turns: Arc<AtomicU64>,
}

impl Task {
    pub(super) async fn run(mut self) {
        let mut pause = PAUSE_MIN;
        let mut connected = false;
        // The newest change of state that found the queue full; messages may be dropped, this may not.
        let mut owed: Option<Event> = None;
        loop {
            let polled = tokio::select! {
                () = self.stop.cancelled() => return,
                polled = self.event_loop.poll() => polled,
            };
            self.turns.fetch_add(1, Ordering::Relaxed);
            if let Some(event) = owed.take() {
                owed = self.offer_state(event);
            }
            match polled {
                Ok(rumqttc::Event::Incoming(Incoming::ConnAck(ack))) => {
                    (pause, connected) = (PAUSE_MIN, true);
                    // First said, then read: a filter that is noted meanwhile is asked for at least once.
                    self.up.store(true, Ordering::SeqCst);
                    self.subscribe_again();
                    owed = self.offer_state(Event::Connected { session_present: ack.session_present });
                }
                Ok(rumqttc::Event::Incoming(Incoming::Publish(publish))) => {
                    self.offer_message(&publish.topic, publish.payload, publish.retain)
                }
                Ok(_) => {}
                Err(cause) => {
                    self.up.store(false, Ordering::SeqCst);
                    if std::mem::take(&mut connected) || owed.is_none() {
                        owed = self.offer_state(Event::Disconnected { reason: trouble::tell(&cause, &self.address) });
                    }
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = tokio::time::sleep(jittered(pause)) => {}
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    fn subscribe_again(&self) {
        for (filter, qos) in self.filters.borrow().iter() {
            if self.raw.try_subscribe(filter.as_str(), qos.raw()).is_err() {
                tracing::warn!(filter, "the queue to the broker is full, a subscription was not renewed");
            }
        }
    }

    fn offer_state(&self, event: Event) -> Option<Event> {
        match self.sender.try_send(event) {
            Err(mpsc::error::TrySendError::Full(event)) => Some(event),
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => None,
        }
    }

    fn offer_message(&self, topic: &Bytes, payload: Bytes, retain: bool) {
        let Ok(topic) = std::str::from_utf8(topic) else {
            metrics::counter!("attimo_mqtt_messages_dropped_total", "reason" => "not-utf8").increment(1);
            return;
        };
        let message = Event::Message { topic: topic.to_owned(), payload, retain };
        if let Err(mpsc::error::TrySendError::Full(_)) = self.sender.try_send(message) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("attimo_mqtt_messages_dropped_total", "reason" => "queue-full").increment(1);
        }
    }
}

/// Between half and the whole of a pause, so that a thousand shops do not come back in the same instant.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.5..=1.0))
}

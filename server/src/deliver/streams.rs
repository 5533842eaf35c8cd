//! Streams that devices hold open, and the acknowledgements that come back for what was said on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::ids::{DecisionId, DeviceId};
use tokio::sync::{mpsc, oneshot};

use crate::store::OfferRow;

/// Streams of one device; the oldest gives way to a new one.
const PER_DEVICE_MAX: usize = 3;
/// Streams in all.
pub const STREAMS_MAX: usize = 10_000;
/// Offers that a slow stream may be behind.
const QUEUE_MAX: usize = 16;

/// There are as many streams as the server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are {STREAMS_MAX} open streams already")]
pub struct Full;

/// The streams of all devices.
#[derive(Debug, Clone, Default)]
pub struct Streams(Arc<Mutex<State>>);

/// The server's end of a stream, with its number.
type Numbered = (u64, mpsc::Sender<Arc<OfferRow>>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    count: usize,
    open: BTreeMap<DeviceId, Vec<Numbered>>,
    waiting: BTreeMap<(DecisionId, DeviceId), oneshot::Sender<()>>,
}

/// One device's end of a stream; dropping it closes the stream.
#[derive(Debug)]
pub struct Listening {
    offers: mpsc::Receiver<Arc<OfferRow>>,
    streams: Streams,
    device: DeviceId,
    number: u64,
}

impl Listening {
    /// The next offer; none when the stream gave way to a newer one.
    pub async fn next(&mut self) -> Option<Arc<OfferRow>> {
        self.offers.recv().await
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.streams.lock();
        let Some(streams) = state.open.get_mut(&self.device) else { return };
        let before = streams.len();
        streams.retain(|(number, _)| *number != self.number);
        let (closed, empty) = (before - streams.len(), streams.is_empty());
        if empty {
            state.open.remove(&self.device);
        }
        state.count -= closed;
    }
}

impl Streams {
    /// Opens a stream to a device.
    ///
    /// # Errors
    /// [`Full`].
    pub fn open(&self, device: DeviceId) -> Result<Listening, Full> {
        let (sender, offers) = mpsc::channel(QUEUE_MAX);
        let mut state = self.lock();
        if state.count >= STREAMS_MAX {
            return Err(Full);
        }
        state.next += 1;
        let number = state.next;
        let streams = state.open.entry(device).or_default();
        streams.push((number, sender));
        let given_way = usize::from(streams.len() > PER_DEVICE_MAX);
        streams.drain(..given_way);
        state.count += 1 - given_way;
        drop(state);
        Ok(Listening { offers, streams: self.clone(), device, number })
    }

    /// How many streams are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().count
    }

    /// Says an offer to a device. When any stream of it took the offer, the answer resolves once the device has shown it.
    #[must_use]
    pub fn say(&self, device: DeviceId, offer: &Arc<OfferRow>) -> Option<Shown> {
        let mut state = self.lock();
        let streams = state.open.get(&device)?;
        let taken = streams.iter().filter(|(_, s)| s.try_send(Arc::clone(offer)).is_ok()).count();
        if taken == 0 {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        let key = (offer.delivery.decision, device);
        state.waiting.insert(key, sender);
        drop(state);
        Some(Shown { receiver, key, streams: self.clone() })
    }

    /// A device says that it has shown an offer.
    pub fn shown(&self, decision: DecisionId, device: DeviceId) {
        if let Some(sender) = self.lock().waiting.remove(&(decision, device)) {
            // Nobody waits any more when the two seconds are over.
            let _ = sender.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a device to say that it has shown an offer; dropping it stops waiting.
#[derive(Debug)]
pub struct Shown {
    receiver: oneshot::Receiver<()>,
    key: (DecisionId, DeviceId),
    streams: Streams,
}

impl Shown {
    /// Whether the device says so within `patience`.
    pub async fn within(mut self, patience: std::time::Duration) -> bool {
        matches!(tokio::time::timeout(patience, &mut self.receiver).await, Ok(Ok(())))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // A later attempt may wait for the same; only an abandoned wait is taken out.
        self.receiver.close();
        let mut state = self.streams.lock();
        if state.waiting.get(&self.key).is_some_and(oneshot::Sender::is_closed) {
            state.waiting.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::deliver::payload::tests::offer_row;

    #[tokio::test]
    async fn an_offer_reaches_every_stream_of_a_device_and_its_answer_comes_back() {
        let streams = Streams::default();
        let (mut one, mut two) = (streams.open(DeviceId(1)).expect("room"), streams.open(DeviceId(1)).expect("room"));
        let offer = Arc::new(offer_row());
        let shown = streams.say(DeviceId(1), &offer).expect("an open stream");
        assert!(streams.say(DeviceId(2), &offer).is_none());
        assert_eq!(one.next().await, Some(Arc::clone(&offer)));
        assert_eq!(two.next().await, Some(Arc::clone(&offer)));
        streams.shown(offer.delivery.decision, DeviceId(2));
        streams.shown(offer.delivery.decision, DeviceId(1));
        assert!(shown.within(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn silence_is_told_apart_and_leaves_nothing_behind() {
        let streams = Streams::default();
        let listening = streams.open(DeviceId(1)).expect("room");
        let shown = streams.say(DeviceId(1), &Arc::new(offer_row())).expect("an open stream");
        assert!(!shown.within(Duration::from_millis(5)).await);
        assert!(streams.lock().waiting.is_empty());
        drop(listening);
        assert_eq!(streams.count(), 0);
        assert!(streams.lock().open.is_empty());
    }

    #[tokio::test]
    async fn the_oldest_stream_gives_way_and_a_stuck_one_takes_nothing() {
        let streams = Streams::default();
        let mut held: Vec<_> = (0..=PER_DEVICE_MAX).map(|_| streams.open(DeviceId(1)).expect("room")).collect();
        assert_eq!(streams.count(), PER_DEVICE_MAX);
        assert_eq!(held[0].next().await, None);
        let offer = Arc::new(offer_row());
        for _ in 0..QUEUE_MAX {
            assert!(streams.say(DeviceId(1), &offer).is_some());
        }
        assert!(streams.say(DeviceId(1), &offer).is_none());
        held.clear();
        assert_eq!(streams.count(), 0);
    }
}

//! The radio port: what every source delivers, the bounded way it takes, and what each adapter heard and lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use model::time::{Millis, Timestamp};
use tokio::sync::Notify;
use wire::ble::address::Address;

use super::waiting::Waiting;

/// Most advertisements that wait; what has to go beyond that is counted.
pub const QUEUE_MAX: usize = 2_048;
/// Most adapters that are told apart in the counts.
const ADAPTERS_MAX: usize = 16;

/// How an advertisement was sent, as far as the source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The source does not say.
    Unknown,
    /// It can be connected to.
    Connectable,
    /// It can't be connected to.
    Broadcast,
}

/// One advertisement as the radio heard it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAdvertisement {
    /// When it reached this process.
    pub time: Timestamp,
    /// Which adapter heard it.
    pub adapter: String,
    /// From which address, and of what kind that is. It must not leave the box.
    pub address: Address,
    /// How it was sent.
    pub kind: Kind,
    /// How strong it was, in dBm.
    pub rssi: i8,
    /// The advertisement's structures.
    pub bytes: Vec<u8>,
}

/// What one adapter heard and lost since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// Advertisements heard.
    pub adverts: u64,
    /// Of these, how many were dropped because the queue was full.
    pub dropped: u64,
    /// How often it stopped hearing for a fault or a long silence, and heard again.
    pub gaps: u64,
    /// How long these gaps were, together.
    pub gap: Millis,
    /// When it heard something last.
    pub last: Option<Timestamp>,
    last_monotonic: Millis,
    broken: bool,
}

#[derive(Debug)]
struct Inner {
    waiting: Waiting,
    adapters: BTreeMap<String, Heard>,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    arrived: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked while holding it left whole values behind.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Where a source puts what it hears.
#[derive(Debug, Clone)]
pub struct Sink {
    shared: Arc<Shared>,
}

/// Where the pipeline takes it out.
#[derive(Debug)]
pub struct Queue {
    shared: Arc<Shared>,
}

/// The two ends of the way from a source to the pipeline.
#[must_use]
pub fn channel() -> (Sink, Queue) {
    let inner = Inner { waiting: Waiting::new(QUEUE_MAX), adapters: BTreeMap::new() };
    let shared = Arc::new(Shared { inner: Mutex::new(inner), arrived: Notify::new() });
    (Sink { shared: shared.clone() }, Queue { shared })
}

impl Sink {
    /// Passes an advertisement on. Without room something older of the same sender goes, or this one; either is counted.
    pub fn put(&self, advertisement: RawAdvertisement, monotonic: Millis) {
        let mut inner = self.shared.lock();
        if let Some(heard) = of(&mut inner.adapters, &advertisement.adapter) {
            heard.adverts += 1;
            if std::mem::take(&mut heard.broken) {
                heard.gaps += 1;
                heard.gap.0 += (monotonic.0 - heard.last_monotonic.0).max(0);
            }
            heard.last = Some(advertisement.time);
            heard.last_monotonic = monotonic;
        }
        if let Some(gone) = inner.waiting.push(advertisement)
            && let Some(heard) = of(&mut inner.adapters, &gone.adapter)
        {
            heard.dropped += 1;
        }
        drop(inner);
        self.shared.arrived.notify_one();
    }

    /// Says that an adapter does not hear for now: when it hears again, that was a gap.
    pub fn broke(&self, adapter: &str) {
        if let Some(heard) = self.shared.lock().adapters.get_mut(adapter) {
            heard.broken = true;
        }
    }

    /// The same of every adapter that has heard anything.
    pub fn all_broke(&self) {
        for heard in self.shared.lock().adapters.values_mut() {
            heard.broken = true;
        }
    }
}

impl Queue {
    /// Waits until something is there, and takes out up to so many, in the order they came.
    pub async fn receive(&self, max: usize) -> Vec<RawAdvertisement> {
        loop {
            let some = self.take(max);
            if !some.is_empty() {
                return some;
            }
            self.shared.arrived.notified().await;
        }
    }

    /// Takes out up to so many of those that are there.
    #[must_use]
    pub fn take(&self, max: usize) -> Vec<RawAdvertisement> {
        let mut inner = self.shared.lock();
        std::iter::from_fn(|| inner.waiting.pop()).take(max).collect()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What each adapter heard and lost.
    #[must_use]
    pub fn heard(&self) -> BTreeMap<String, Heard> {
        self.shared.lock().adapters.clone()
    }
}

fn of<'a>(adapters: &'a mut BTreeMap<String, Heard>, name: &str) -> Option<&'a mut Heard> {
    if !adapters.contains_key(name) {
        if adapters.len() >= ADAPTERS_MAX {
            return None;
        }
        adapters.insert(name.to_owned(), Heard::default());
    }
    adapters.get_mut(name)
}

#[cfg(test)]
mod tests {
    use wire::ble::address::AddressKind;

    use super::*;

    fn heard(from: u16) -> RawAdvertisement {
        let [high, low] = from.to_be_bytes();
        RawAdvertisement {
            time: Timestamp(i64::from(from)),
            adapter: "hci0".into(),
            address: Address { bytes: [0, 0, 0, 0, high, low], kind: AddressKind::Public },
            kind: Kind::Unknown,
            rssi: -50,
            bytes: Vec::new(),
        }
    }

    #[test]
    fn a_flood_fills_the_queue_and_no_more_and_every_loss_is_counted() {
        let (sink, queue) = channel();
        for number in 0..10_000 {
            sink.put(heard(number), Millis(i64::from(number)));
        }
        assert_eq!(queue.len(), QUEUE_MAX);
        let counts = queue.heard()["hci0"];
        assert_eq!((counts.adverts, counts.dropped), (10_000, 10_000 - QUEUE_MAX as u64));
        assert_eq!(queue.take(usize::MAX).len(), QUEUE_MAX);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_gap_lasts_from_the_last_before_to_the_first_after() {
        let (sink, queue) = channel();
        sink.broke("hci0");
        sink.put(heard(1), Millis(1_000));
        assert_eq!(queue.heard()["hci0"].gaps, 0, "before the first there was nothing to lose");
        sink.all_broke();
        sink.broke("hci0");
        sink.put(heard(2), Millis(4_500));
        sink.put(heard(2), Millis(9_000));
        let counts = queue.heard()["hci0"];
        assert_eq!((counts.gaps, counts.gap, counts.last), (1, Millis(3_500), Some(Timestamp(2))));
    }

    #[tokio::test]
    async fn who_waits_is_woken_and_gets_what_is_there() {
        let (sink, queue) = channel();
        let waiting = tokio::spawn(async move { queue.receive(8).await.len() });
        tokio::task::yield_now().await;
        sink.put(heard(1), Millis(0));
        assert_eq!(waiting.await.expect("no panic"), 1);
    }
}

//! The radio port: what every source delivers, and the bounded way it takes.

use model::time::Timestamp;
use tokio::sync::mpsc;
use wire::ble::address::Address;

use crate::metric::{self, Name};

/// Most advertisements that wait; a newer one beyond that is dropped and counted.
pub const QUEUE_MAX: usize = 2_048;

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
    /// From which address. It must not leave the box.
    pub address: Address,
    /// How it was sent.
    pub kind: Kind,
    /// How strong it was, in dBm.
    pub rssi: i8,
    /// The advertisement's structures.
    pub bytes: Vec<u8>,
}

/// Where a source puts what it hears.
#[derive(Debug, Clone)]
pub struct Sink {
    queue: mpsc::Sender<RawAdvertisement>,
}

/// The two ends of the way from a source to the pipeline.
#[must_use]
pub fn channel() -> (Sink, mpsc::Receiver<RawAdvertisement>) {
    let (queue, out) = mpsc::channel(QUEUE_MAX);
    (Sink { queue }, out)
}

impl Sink {
    /// Passes an advertisement on; without room it is dropped and counted.
    pub fn put(&self, advertisement: RawAdvertisement) {
        if self.queue.try_send(advertisement).is_err() {
            metric::add_labelled(Name::Dropped, "reason", "radio-queue-full", 1);
        }
    }
}

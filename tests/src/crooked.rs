//! A crooked wire to a broker: of what the box publishes, some goes twice and some comes late, after what was said later.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// MQTT's type of a message that is published, in the upper half of a packet's first byte.
const PUBLISH: u8 = 3;
/// The flag that says that a message was sent before; a broker takes no notice of it.
const AGAIN: u8 = 0x08;
/// Largest packet that is carried.
const PACKET_BYTES_MAX: usize = 1 << 20;

/// How crooked it is.
#[derive(Debug, Clone, Copy)]
pub struct Bends {
    /// Share of messages that go twice.
    pub twice: f64,
    /// Share of messages that come late.
    pub late: f64,
    /// So late at most.
    pub late_max: Duration,
    /// One number decides it all.
    pub seed: u64,
}

/// The wire. It ends when this is dropped.
#[derive(Debug)]
pub struct Crooked {
    /// Where it is called.
    pub address: SocketAddr,
    twice: Arc<AtomicU64>,
    late: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Crooked {
    /// Lays a wire to a broker, `host:port`.
    ///
    /// # Errors
    /// When the machine has no port.
    pub async fn start(target: &str, bends: Bends) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (twice, late) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (target, counts) = (target.to_owned(), (Arc::clone(&twice), Arc::clone(&late)));
        let task = tokio::spawn(async move {
            let mut chance = ChaCha12Rng::seed_from_u64(bends.seed);
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&target).await else { continue };
                let carried = ChaCha12Rng::from_rng(&mut chance);
                tokio::spawn(carry(near, far, bends, carried, counts.clone()));
            }
        });
        Ok(Self { address, twice, late, task })
    }

    /// How many messages went twice, and how many came late.
    #[must_use]
    pub fn bent(&self) -> (u64, u64) {
        (self.twice.load(Ordering::SeqCst), self.late.load(Ordering::SeqCst))
    }
}

impl Drop for Crooked {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Counts = (Arc<AtomicU64>, Arc<AtomicU64>);

async fn carry(near: TcpStream, far: TcpStream, bends: Bends, mut chance: ChaCha12Rng, counts: Counts) {
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let (send, mut sent) = mpsc::unbounded_channel::<Vec<u8>>();
    let up = async {
        while let Some(packet) = packet(&mut near_in).await {
            let is_message = packet[0] >> 4 == PUBLISH;
            if is_message && chance.random_bool(bends.twice) {
                counts.0.fetch_add(1, Ordering::SeqCst);
                let mut again = packet.clone();
                again[0] |= AGAIN;
                let _ = send.send(again);
            }
            if is_message && chance.random_bool(bends.late) {
                counts.1.fetch_add(1, Ordering::SeqCst);
                let (send, wait) = (send.clone(), bends.late_max.mul_f64(chance.random_range(0.0..1.0)));
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    let _ = send.send(packet);
                });
            } else {
                let _ = send.send(packet);
            }
        }
    };
    let out = async {
        while let Some(packet) = sent.recv().await {
            if far_out.write_all(&packet).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = out => {}
        _ = tokio::io::copy(&mut far_in, &mut near_out) => {}
    }
}

/// One whole packet of MQTT; none when the wire ends or is not MQTT.
async fn packet(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut packet = vec![from.read_u8().await.ok()?];
    let mut length = 0usize;
    for place in 0..4 {
        let byte = from.read_u8().await.ok()?;
        packet.push(byte);
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            break;
        }
    }
    if length > PACKET_BYTES_MAX {
        return None;
    }
    let head = packet.len();
    packet.resize(head + length, 0);
    from.read_exact(&mut packet[head..]).await.ok()?;
    Some(packet)
}

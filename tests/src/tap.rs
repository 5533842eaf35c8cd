//! A wire between two parts that can be tapped, cut and mended: plain TCP, forwarded byte by byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Bytes that went over the wire, by direction.
#[derive(Debug, Default, Clone)]
pub struct Recorded {
    /// From who called.
    pub up: Vec<u8>,
    /// From who was called.
    pub down: Vec<u8>,
}

#[derive(Debug)]
struct Shared {
    target: String,
    is_whole: AtomicBool,
    cut: Notify,
    records: bool,
    recorded: Mutex<Recorded>,
}

/// The wire. It ends when this is dropped.
#[derive(Debug)]
pub struct Tap {
    /// Where it is called.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Tap {
    /// Lays a wire to a target, `host:port`. With `records` all bytes are kept until [`Tap::take`].
    ///
    /// # Errors
    /// When the machine has no port.
    pub async fn start(target: &str, records: bool) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            is_whole: AtomicBool::new(true),
            cut: Notify::new(),
            records,
            recorded: Mutex::default(),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// Cuts the wire: all connections end, and new ones end at once.
    pub fn cut(&self) {
        self.shared.is_whole.store(false, Ordering::SeqCst);
        self.shared.cut.notify_waiters();
    }

    /// Mends it.
    pub fn mend(&self) {
        self.shared.is_whole.store(true, Ordering::SeqCst);
    }

    /// Takes what was recorded since the last time.
    #[must_use]
    pub fn take(&self) -> Recorded {
        std::mem::take(&mut self.shared.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((near, _)) = listener.accept().await {
        if shared.is_whole.load(Ordering::SeqCst) {
            tokio::spawn(carry(near, Arc::clone(&shared)));
        }
    }
}

async fn carry(near: TcpStream, shared: Arc<Shared>) {
    let Ok(far) = TcpStream::connect(&shared.target).await else { return };
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::select! {
        () = shared.cut.notified() => {}
        () = forward(near_in, far_out, &shared, |recorded| &mut recorded.up) => {}
        () = forward(far_in, near_out, &shared, |recorded| &mut recorded.down) => {}
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    side: fn(&mut Recorded) -> &mut Vec<u8>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if shared.records {
            let mut recorded = shared.recorded.lock().unwrap_or_else(PoisonError::into_inner);
            side(&mut recorded).extend_from_slice(&buffer[..length]);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

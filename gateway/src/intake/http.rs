//! Receivers and sensors that POST: `POST /in/TOPIC` is the same as a message of that topic on the broker.
//!
//! What is posted is sniffed, never believed: the kind of content that a device claims is not looked at.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wire::topics::TOPIC_LEN_MAX;
use wire::vendor::PAYLOAD_LEN_MAX;

/// Most messages that wait; with so many a device is told to come again.
const WAITING_MAX: usize = 1_024;

/// One message that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Under which topic.
    pub topic: String,
    /// What.
    pub payload: Bytes,
}

/// The queue of what was posted.
pub type Queue = mpsc::Receiver<Posted>;

/// Opens the port: where it listens, what comes in, and the server to be run until the token is cancelled.
///
/// # Errors
/// The port can't be opened.
pub async fn open(
    listen: SocketAddr,
    stop: CancellationToken,
) -> std::io::Result<(SocketAddr, Queue, impl Future<Output = std::io::Result<()>>)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let (posted, queue) = mpsc::channel(WAITING_MAX);
    let app = Router::new()
        .route("/in/{*topic}", post(take))
        .layer(DefaultBodyLimit::max(PAYLOAD_LEN_MAX))
        .with_state(posted);
    let serve = async move { axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await };
    Ok((address, queue, serve))
}

/// Opens the port if one is wanted, and runs it among the gateway's parts.
///
/// # Errors
/// The port can't be opened.
pub async fn start(
    listen: Option<SocketAddr>,
    stop: &CancellationToken,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<Option<Queue>> {
    let Some(listen) = listen else { return Ok(None) };
    let opened = open(listen, stop.clone()).await;
    let (address, queue, serve) = opened.context("listen for devices that POST (receivers.http_listen)")?;
    tracing::info!(%address, "devices may POST to /in/TOPIC");
    tasks.spawn(async move { serve.await.context("take in what devices POST") });
    Ok(Some(queue))
}

/// The next message that was posted; none ever comes where nothing listens.
pub async fn next(queue: Option<&mut Queue>) -> Posted {
    if let Some(queue) = queue
        && let Some(posted) = queue.recv().await
    {
        return posted;
    }
    std::future::pending().await
}

async fn take(
    State(posted): State<mpsc::Sender<Posted>>,
    Path(topic): Path<String>,
    payload: Bytes,
) -> (StatusCode, &'static str) {
    if topic.len() > TOPIC_LEN_MAX {
        return (StatusCode::URI_TOO_LONG, "the topic is too long\n");
    }
    match posted.try_send(Posted { topic, payload }) {
        Ok(()) => (StatusCode::ACCEPTED, ""),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "too much waits here; come again\n"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn status(address: SocketAddr, path: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: box\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        // A body that is too long may be refused before it was read.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).split_whitespace().nth(1).unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn what_is_posted_comes_in_under_its_topic_and_too_much_is_refused() {
        let stop = CancellationToken::new();
        let (address, mut queue, serve) =
            open(SocketAddr::from(([127, 0, 0, 1], 0)), stop.clone()).await.expect("a free port");
        let server = tokio::spawn(serve);
        // Binary under the name of JSON, as one firmware sends it.
        assert_eq!(status(address, "/in/minew/AC233FC001EA/status", &[0xbb, 0x01]).await, "202");
        let posted = queue.recv().await.expect("it came in");
        assert_eq!((posted.topic.as_str(), &posted.payload[..]), ("minew/AC233FC001EA/status", &[0xbb, 0x01][..]));
        assert_eq!(status(address, "/in/x", &vec![b' '; PAYLOAD_LEN_MAX + 1]).await, "413");
        assert_eq!(status(address, "/elsewhere", b"{}").await, "404");
        drop(queue);
        assert_eq!(status(address, "/in/x", b"{}").await, "503", "nobody takes it");
        stop.cancel();
        server.await.expect("no panic").expect("it ends in order");
    }
}

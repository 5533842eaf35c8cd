//! The broker inside the server: rmqtt on one TCP port, where everybody logs in and may say and hear only what is theirs.
//!
//! It carries messages and promises nothing: what must not be lost waits in a gateway's spool for our acknowledgement.

mod hooks;
mod retained;
pub(crate) mod rules;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use rmqtt::context::ServerContext;
use rmqtt::net::Builder;
use rmqtt::server::MqttServer;
use tokio::task::JoinHandle;

use crate::store::Store;

pub(crate) use hooks::password_hash;

/// Largest packet, in bytes: a batch of a gateway with room to spare.
const PACKET_BYTES_MAX: u32 = 320 * 1024;
/// Most connections at a time.
const CONNECTIONS_MAX: usize = 2_000;
/// Most connections that have not logged in yet; others wait.
const HANDSHAKES_MAX: usize = 100;
/// How long a log-in may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Most messages waiting for one slow client; older ones are dropped.
const QUEUE_MAX: usize = 4_096;

/// Why the broker does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its port can't be had.
    #[error("could not listen for MQTT on {address}: {problem}; set [broker] listen to a free address and port")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        problem: String,
    },
}

/// The log-in of the server itself at its own broker, made anew at each start.
#[derive(Clone)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl Credentials {
    fn fresh() -> Self {
        Self { username: "attimo-server".into(), password: hex::encode(crate::secret::random_bytes()) }
    }
}

/// A running broker. Dropping it frees the port.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    credentials: Credentials,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Broker {
    /// Opens the port; port 0 takes a free one.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn start(listen: SocketAddr, receiver_topics: Vec<String>, store: Store) -> Result<Self, Error> {
        let refused = |cause: &dyn std::fmt::Display| Error::Listen { address: listen, problem: cause.to_string() };
        let credentials = Credentials::fresh();
        let context = ServerContext::new().build().await;
        *context.extends.retain_mut().await = Box::new(retained::Retained::default());
        hooks::register(&context, hooks::Guard::new(store, credentials.clone(), receiver_topics)).await;

        let listener = Builder::new()
            // After a kill the old connections still linger for a minute; the port must be free at once.
            .reuseaddr(Some(true))
            .name("attimo")
            .laddr(listen)
            .allow_anonymous(false)
            .allow_zero_keepalive(true)
            .max_packet_size(PACKET_BYTES_MAX)
            .max_connections(CONNECTIONS_MAX)
            .max_handshaking_limit(HANDSHAKES_MAX)
            .handshake_timeout(HANDSHAKE)
            .max_mqueue_len(QUEUE_MAX)
            .nodelay(true)
            .bind()
            .map_err(|cause| refused(&cause))?
            .tcp()
            .map_err(|cause| refused(&cause))?;
        let address = listener.local_addr().map_err(|cause| refused(&cause))?;
        let server = MqttServer::new(context).listener_by_id(listener, 1).build();
        // `run`, not `start`: the latter ends the whole process when it fails.
        let task = tokio::spawn(async move {
            if let Err(cause) = server.run().await {
                tracing::error!(%cause, "the broker stopped");
            }
        });
        Ok(Self { address, credentials, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's own log-in.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

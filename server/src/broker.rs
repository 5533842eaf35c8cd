//! The broker inside the server: rmqtt on one TCP port, where everybody logs in and may say and hear only what is theirs.
//!
//! It carries messages and promises nothing: what must not be lost waits in a gateway's spool for our acknowledgement.

mod hooks;
mod retained;
mod routes;
pub(crate) mod rules;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rmqtt::context::ServerContext;
use rmqtt::net::{Builder, Listener};
use rmqtt::server::MqttServer;
use rmqtt::types::{Id, OfflineSession};
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
    /// Its key can't be written.
    #[error("could not write the broker's key to {path}")]
    Key {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
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

/// Where gateways with a certificate are let in, and with what the broker shows itself to them.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where key and certificates are written, for this process alone.
    pub folder: PathBuf,
    /// The broker's key, as PEM.
    pub key: String,
    /// The broker's certificate, as PEM.
    pub certificate: String,
    /// The authority of the gateways' certificates, as PEM.
    pub authority: String,
}

/// Ends sessions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sessions {
    context: ServerContext,
    guard: Arc<hooks::Guard>,
}

impl Sessions {
    /// Ends the session of everybody who was let in by a password or a certificate that does not count any more. To be called each
    /// second: a session that is only about to begin is ended once it stands.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn end_outdated(&self, store: &Store) -> crate::store::Result<()> {
        let (has_passwords, has_certificates) = self.guard.proofs();
        let mut counting = hooks::Counting::default();
        if has_passwords {
            counting.passwords = store.broker_passwords().await?;
        }
        if has_certificates {
            counting.certificates = store.counting_certificates().await?;
        }
        // Who came after that was asked by what was not asked for waits for the next time.
        let is_asked = |known: &hooks::Known| match known.proof {
            hooks::Proof::Password(_) => has_passwords,
            hooks::Proof::Certificate(_) => has_certificates,
        };
        for (client, known) in self.guard.outdated(&counting) {
            if is_asked(&known) {
                self.end(&client, &known).await;
            }
        }
        Ok(())
    }

    async fn end(&self, client: &str, known: &hooks::Known) {
        let id = Id::from(self.context.node.id(), client.into());
        let user = known.user.name.as_str();
        match self.context.extends.shared().await.entry(id).kick(true, true, true).await {
            Ok(OfflineSession::Exist(_)) => tracing::warn!(user, "the session of {user} was ended: it is thrown out"),
            // There is none, and so nobody will say that it ended.
            Ok(OfflineSession::NotExist) => self.guard.missed(client, known),
            Err(cause) => tracing::warn!(user, %cause, "a session could not be ended"),
        }
    }
}

/// A running broker. Dropping it frees the ports.
pub struct Broker {
    address: SocketAddr,
    tls: Option<SocketAddr>,
    sessions: Sessions,
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
    pub async fn start(
        listen: SocketAddr,
        tls: Option<Tls>,
        receiver_topics: Vec<String>,
        store: Store,
    ) -> Result<Self, Error> {
        let refused = |cause: &dyn std::fmt::Display| Error::Listen { address: listen, problem: cause.to_string() };
        let credentials = Credentials::fresh();
        let context = ServerContext::new().build().await;
        *context.extends.router_mut().await = Box::new(routes::Routes::new(context.clone()));
        *context.extends.retain_mut().await = Box::new(retained::Retained::default());
        let guard = hooks::Guard::new(store, credentials.clone(), receiver_topics);
        hooks::register(&context, Arc::clone(&guard)).await;

        let listener = builder("attimo", listen)
            .bind()
            .map_err(|cause| refused(&cause))?
            .tcp()
            .map_err(|cause| refused(&cause))?;
        let address = listener.local_addr().map_err(|cause| refused(&cause))?;
        let sessions = Sessions { context: context.clone(), guard };
        let mut server = MqttServer::new(context).listener_by_id(listener, 1);
        let mut tls_address = None;
        if let Some(tls) = tls {
            let listener = tls.listener()?;
            tls_address = Some(listener.local_addr().map_err(|cause| refused(&cause))?);
            server = server.listener_by_id(listener, 2);
        }
        let server = server.build();
        // `run`, not `start`: the latter ends the whole process when it fails.
        let task = tokio::spawn(async move {
            if let Err(cause) = server.run().await {
                tracing::error!(%cause, "the broker stopped");
            }
        });
        Ok(Self { address, tls: tls_address, sessions, credentials, task })
    }

    /// Where gateways with a certificate are let in; none when nowhere.
    #[must_use]
    pub const fn tls_address(&self) -> Option<SocketAddr> {
        self.tls
    }

    /// What ends sessions.
    pub(crate) fn sessions(&self) -> Sessions {
        self.sessions.clone()
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

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("address", &self.address).field("tls", &self.tls).finish_non_exhaustive()
    }
}

fn builder(name: &str, listen: SocketAddr) -> Builder {
    Builder::new()
        // After a kill the old connections still linger for a minute; the port must be free at once.
        .reuseaddr(Some(true))
        .name(name)
        .laddr(listen)
        .allow_anonymous(false)
        .allow_zero_keepalive(true)
        .max_packet_size(PACKET_BYTES_MAX)
        .max_connections(CONNECTIONS_MAX)
        .max_handshaking_limit(HANDSHAKES_MAX)
        .handshake_timeout(HANDSHAKE)
        .max_mqueue_len(QUEUE_MAX)
        .nodelay(true)
}

impl Tls {
    /// Opens the port. The broker reads its key from files, which nobody else may read.
    fn listener(&self) -> Result<Listener, Error> {
        let refused = |problem: String| Error::Listen { address: self.listen, problem };
        let write = |name: &str, text: &str| {
            let path = self.folder.join(name);
            runtime::files::write_private(&path, text.as_bytes())
                .map_err(|cause| Error::Key { path: path.clone(), cause })?;
            Ok(path.display().to_string())
        };
        let key = write("key.pem", &self.key)?;
        let certificate = write("certificate.pem", &self.certificate)?;
        let authority = write("authority.pem", &self.authority)?;
        builder("attimo-tls", self.listen)
            .tls_cross_certificate(true)
            .collect_cert_info(true)
            .tls_key(Some(key))
            .tls_cert(Some(certificate))
            .tls_client_ca_certs(Some(authority))
            .bind()
            .and_then(Listener::tls)
            .map_err(|cause| refused(cause.to_string()))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

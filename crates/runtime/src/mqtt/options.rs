//! How to reach a broker, and what can be wrong with it.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use rumqttc::{LastWill, MqttOptions, TlsConfiguration, Transport};

use super::{Identity, PACKET_BYTES_MAX, Qos};

/// What the broker publishes when this client vanishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// On which topic.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// How hard it tries.
    pub qos: Qos,
    /// Whether it is kept for later subscribers.
    pub retain: bool,
}

/// Where a broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether the line to it is sealed.
    pub is_tls: bool,
    /// Its name or IP address, without brackets.
    pub host: String,
    /// Its port; 1883 or 8883 where none is written.
    pub port: u16,
}

impl Address {
    /// Reads `mqtt://host:port` or `mqtts://host:port`.
    ///
    /// # Errors
    /// [`Error::Url`] says what is wrong with it.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let bad = |problem: &str| Error::Url { url: url.to_owned(), problem: problem.to_owned() };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| bad("has no scheme"))?;
        let (is_tls, default_port) = match scheme {
            "mqtt" | "tcp" => (false, 1883),
            "mqtts" | "ssl" => (true, 8883),
            _ => return Err(bad("has an unknown scheme")),
        };
        let rest = rest.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            // A bare IPv6 address has colons of its own; with a port it stands in brackets.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().map_err(|_| bad("has no valid port"))?)
            }
            Some(_) | None => (rest, default_port),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            return Err(bad("has no valid host"));
        }
        Ok(Self { is_tls, host: host.to_owned(), port })
    }

    /// Whether it is on this machine, whoever answers for names.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// How to reach a broker.
#[derive(Clone, PartialEq, Eq)]
pub struct Options {
    /// `mqtt://host:port` or `mqtts://host:port`; the port may be left out.
    pub url: String,
    /// The client's name at the broker; unique there.
    pub client_id: String,
    /// The user, if the broker wants one.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// After so many seconds without a packet the connection is tested; at least 5.
    pub keep_alive_s: u16,
    /// Whether the broker shall forget this client when it goes.
    pub clean_session: bool,
    /// Most messages under way that the broker has not confirmed.
    pub inflight: u16,
    /// What is said when this client vanishes.
    pub will: Option<Will>,
    /// The authority to trust for `mqtts`; the system's if none.
    pub ca_file: Option<PathBuf>,
    /// With what the client shows itself over `mqtts`, and whom it trusts then; in place of user and password.
    pub identity: Option<Identity>,
}

impl std::fmt::Debug for Options {
    // By hand, so that no log line ever holds the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("url", &self.url).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Options {
    /// The usual options for a broker and a client name.
    #[must_use]
    pub fn new(url: &str, client_id: &str) -> Self {
        Self {
            url: url.to_owned(),
            client_id: client_id.to_owned(),
            username: None,
            password: None,
            keep_alive_s: 30,
            clean_session: true,
            inflight: 64,
            will: None,
            ca_file: None,
            identity: None,
        }
    }

    /// The same, with a user and a password.
    #[must_use]
    pub fn with_credentials(mut self, username: &str, password: &str) -> Self {
        self.username = Some(username.to_owned());
        self.password = Some(password.to_owned());
        self
    }

    pub(super) fn to_raw(&self) -> Result<MqttOptions, Error> {
        let Address { is_tls, host, port } = Address::parse(&self.url)?;
        let mut raw = MqttOptions::new(&self.client_id, (host, port));
        raw.set_keep_alive(self.keep_alive_s.max(5));
        raw.set_clean_session(self.clean_session);
        raw.set_inflight(self.inflight.max(1));
        raw.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        if let Some(username) = &self.username {
            raw.set_credentials(username, self.password.clone().unwrap_or_default());
        }
        if let Some(will) = &self.will {
            raw.set_last_will(LastWill::new(&will.topic, will.payload.to_vec(), will.qos.raw(), will.retain));
        }
        if is_tls {
            raw.set_transport(self.transport()?);
        }
        Ok(raw)
    }

    fn transport(&self) -> Result<Transport, Error> {
        install_crypto();
        if let Some(identity) = &self.identity {
            return identity.transport();
        }
        let Some(path) = &self.ca_file else {
            return TlsConfiguration::try_default_rustls().map(Transport::tls_with_config).map_err(|cause| {
                Error::Options { problem: format!("the system's authorities can't be read: {cause}") }
            });
        };
        let ca =
            std::fs::read(path).map_err(|source| Error::CaFile { path: path.clone(), source: Arc::new(source) })?;
        Ok(Transport::tls_with_config(TlsConfiguration::Simple { ca, alpn: None, client_auth: None }))
    }
}

/// Names the cryptography for TLS once a process; with two in the dependency tree rustls will not choose by itself.
pub(super) fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Why a client can't work.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The address is not of the form `mqtt://host:port`.
    #[error("the broker address {url:?} {problem}; write mqtt://host:port or mqtts://host:port")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The authority file can't be read.
    #[error("the authority file {path} can't be read")]
    CaFile {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// An option can't work.
    #[error("the client can't start: {problem}")]
    Options {
        /// Which, and why.
        problem: String,
    },
    /// The client was stopped.
    #[error("the client is stopped")]
    Closed,
    /// There is no room in the queue.
    #[error("the queue to the broker is full")]
    Full,
}

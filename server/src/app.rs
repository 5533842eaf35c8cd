//! What every part of the server may reach: one value, cheap to clone.

use std::sync::Arc;

use runtime::clock::Clock;

use crate::config::Config;
use crate::deliver::Channels;
use crate::live::Live;
use crate::run::Handle;
use crate::secret::ServerSecret;
use crate::store::Store;

/// What every part of the server may reach.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The configuration, checked.
    pub config: Arc<Config>,
    /// What outlives the process.
    pub store: Store,
    /// The way to the owner of the core.
    pub run: Handle,
    /// The shop now.
    pub live: Live,
    /// The server's own secret.
    pub secret: ServerSecret,
    /// The ways out to customers: open streams and Web Push.
    pub channels: Channels,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The one-time token that makes the first account; none when there is one already.
    pub setup_token: Option<Arc<str>>,
    /// The port where the broker lets gateways with a certificate in; none when nowhere.
    pub tls_port: Option<u16>,
}

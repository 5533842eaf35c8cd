//! Ends the sessions of gateways that were thrown out, and of everybody whose password was taken back or replaced, by this
//! process or by the command line.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::broker::Sessions;
use crate::store::Store;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);

/// Starts to watch; ends with the server.
pub(crate) fn start(store: Store, sessions: Sessions, shutdown: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = every.tick() => {}
            }
            if let Err(cause) = sessions.end_outdated(&store).await {
                tracing::warn!(%cause, "could not look for certificates and passwords that were taken back");
            }
        }
    })
}

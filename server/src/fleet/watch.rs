//! Ends the sessions of gateways that were thrown out, and of everybody whose password was taken back or replaced, by this
//! process or by the command line.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::broker::Sessions;
use crate::store::Store;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// So soon a session ends that must.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
// A look that came too early, one that the database held up, and the one that sees it.
const _: () = assert!(EVERY.as_millis() * 3 <= ENDS_WITHIN.as_millis(), "it is looked too rarely");

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

//! Ends the sessions of gateways that were thrown out, by this process or by the command line.

use std::sync::Arc;
use std::time::Duration;

use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::broker::Sessions;
use crate::store::Store;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// Looks so far back each time, because clocks of processes differ; ending a session twice does no harm.
const BACK: Millis = Millis::minutes(2);

/// Starts to watch; ends with the server.
pub(crate) fn start(
    store: Store,
    sessions: Sessions,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = every.tick() => {}
            }
            look(&store, &sessions, clock.now()).await;
        }
    })
}

async fn look(store: &Store, sessions: &Sessions, now: Timestamp) {
    match store.revoked_gateways(now - BACK).await {
        Ok(gateways) => {
            for gateway in gateways {
                sessions.end(gateway.as_str()).await;
            }
        }
        Err(cause) => tracing::warn!(%cause, "could not look for gateways that were thrown out"),
    }
}

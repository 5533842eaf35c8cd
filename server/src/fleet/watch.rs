//! Ends the sessions of gateways that were thrown out, and of everybody whose password was taken back or replaced, by this
//! process or by the command line.

use std::collections::BTreeSet;
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
/// Looks so far back each time, because clocks of processes differ.
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
        let mut seen = BTreeSet::new();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = every.tick() => {}
            }
            look(&store, &sessions, clock.now(), &mut seen).await;
            look_at_passwords(&store, &sessions).await;
        }
    })
}

/// Each certificate ends its gateway's sessions once: also when the box was let in again meanwhile, since nobody knows here
/// by which one a session came. The box itself comes back at once.
async fn look(store: &Store, sessions: &Sessions, now: Timestamp, seen: &mut BTreeSet<String>) {
    match store.revoked_certificates(now - BACK).await {
        Ok(revoked) => {
            let fresh: BTreeSet<_> = revoked.iter().filter(|(serial, _)| !seen.contains(*serial)).collect();
            let gateways: BTreeSet<_> = fresh.into_iter().map(|(_, gateway)| gateway).collect();
            for gateway in gateways {
                sessions.end(gateway.as_str()).await;
            }
            *seen = revoked.into_keys().collect();
        }
        Err(cause) => tracing::warn!(%cause, "could not look for gateways that were thrown out"),
    }
}

async fn look_at_passwords(store: &Store, sessions: &Sessions) {
    match sessions.outdated(store).await {
        Ok(users) => {
            for user in users {
                sessions.end(&user).await;
            }
        }
        Err(cause) => tracing::warn!(%cause, "could not look for passwords that were taken back"),
    }
}

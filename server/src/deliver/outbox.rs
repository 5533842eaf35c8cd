//! Works off the outbox: claims what is due, tries it, and finishes or postpones it. One task per delivery, bounded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::delivery::{Delivery, DeliveryState};
use model::ids::{DecisionId, DeviceId};
use model::time::{Millis, Timestamp};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::attempt::{Ended, attempt};
use crate::app::AppState;
use crate::live::LiveEvent;
use crate::store::{self, Outbox};

/// Deliveries tried at once.
const AT_ONCE_MAX: usize = 128;
/// Longer than the longest try: a stream's two seconds and a push service's ten. After a crash this long passes before it is tried again.
const LEASE: Millis = Millis::seconds(15);
/// How often what was postponed is looked for; what is new comes by itself.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Late deliveries that are closed at once.
const LATE_MAX: u32 = 200;
/// How long tries in flight may take when the server stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// Devices that got a delivery while others of the same customer are still waiting for it, and when it expires.
type Had = Arc<Mutex<BTreeMap<DecisionId, (Timestamp, Vec<DeviceId>)>>>;

/// Runs until the server stops.
pub(super) async fn run(state: AppState, shutdown: CancellationToken) {
    let mut events = state.live.subscribe();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let had = Had::default();
    let mut tries = JoinSet::new();
    loop {
        let due = tokio::select! {
            () = shutdown.cancelled() => break,
            event = events.recv() => match event {
                Ok(LiveEvent::Delivery(_)) | Err(RecvError::Lagged(_)) => true,
                Ok(LiveEvent::Decision(_) | LiveEvent::Outcome { .. } | LiveEvent::Position { .. } | LiveEvent::Quiet { .. } | LiveEvent::Occupancy { .. } | LiveEvent::Plan(_)) => false,
                Err(RecvError::Closed) => break,
            },
            _ = look.tick() => {
                close_late(&state, &had).await;
                true
            }
            Some(ended) = tries.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(error = &error as &dyn std::error::Error, "a delivery's task died; it will be tried again");
                }
                false
            }
        };
        if due {
            claim(&state, &had, &mut tries).await;
        }
    }
    let rest = async { while tries.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, rest).await.is_err() {
        tracing::warn!("deliveries in flight were cut off; they will be tried again at the next start");
    }
}

async fn claim(state: &AppState, had: &Had, tries: &mut JoinSet<()>) {
    let room = AT_ONCE_MAX.saturating_sub(tries.len());
    if room == 0 {
        return;
    }
    let limit = u32::try_from(room).unwrap_or(u32::MAX);
    match state.store.claim_deliveries(state.clock.now(), LEASE, limit).await {
        Ok(claimed) => {
            for outbox in claimed {
                tries.spawn(deliver(state.clone(), Arc::clone(had), outbox));
            }
        }
        Err(error) => complain(&error, "the outbox could not be read; it will be tried again"),
    }
}

/// One claimed delivery, from the check to its row in the outbox.
async fn deliver(state: AppState, had: Had, outbox: Outbox) {
    let decision = outbox.delivery.decision;
    let mut devices = lock(&had).get(&decision).map(|(_, devices)| devices.clone()).unwrap_or_default();
    let ended = match attempt(&state, &outbox, &mut devices).await {
        Ok(ended) => ended,
        Err(error) => {
            // The lease brings it back; nothing is lost.
            complain(&error, "a delivery could not be tried; it will be tried again");
            return;
        }
    };
    match ended {
        Ended::For(verdict) => {
            lock(&had).remove(&decision);
            let reached = !devices.is_empty();
            finish(&state, &outbox.delivery, if reached { DeliveryState::Sent } else { verdict }, None).await;
        }
        Ended::Withheld(code) => {
            lock(&had).remove(&decision);
            let (verdict, code) =
                if devices.is_empty() { (DeliveryState::Withheld, Some(code)) } else { (DeliveryState::Sent, None) };
            finish(&state, &outbox.delivery, verdict, code).await;
        }
        Ended::Later { until } => {
            if !devices.is_empty() {
                lock(&had).insert(decision, (outbox.delivery.expires_at, devices));
            }
            if let Err(error) = state.store.postpone_delivery(decision, until).await {
                complain(&error, "a delivery could not be postponed; it will be tried again");
            }
        }
    }
}

/// What was not sent in time is over: a late offer is a wrong offer.
async fn close_late(state: &AppState, had: &Had) {
    match state.store.late_deliveries(state.clock.now(), LATE_MAX).await {
        Ok(late) => {
            for delivery in late {
                let reached = lock(had).remove(&delivery.decision).is_some();
                finish(state, &delivery, if reached { DeliveryState::Sent } else { DeliveryState::Expired }, None)
                    .await;
            }
        }
        Err(error) => complain(&error, "late deliveries could not be read"),
    }
    // What was erased with its customer never ends; it leaves here.
    let long_over = state.clock.now() - Millis::minutes(5);
    lock(had).retain(|_, (expires_at, _)| *expires_at > long_over);
}

async fn finish(state: &AppState, delivery: &Delivery, verdict: DeliveryState, code: Option<&'static str>) {
    let name = match verdict {
        DeliveryState::Pending => "pending",
        DeliveryState::Sending => "sending",
        DeliveryState::Sent => "sent",
        DeliveryState::Failed => "failed",
        DeliveryState::Expired => "expired",
        DeliveryState::Withheld => "withheld",
    };
    let (customer, decision) = (delivery.customer.clone(), delivery.decision);
    let told = match code {
        Some(code) => state.run.withheld(customer, decision, code).await,
        None => state.run.delivery(customer, decision, verdict).await,
    };
    if told.is_err() {
        tracing::warn!(decision = %delivery.decision, "the server stopped before a delivery's end was kept");
        return;
    }
    let took = state.clock.now().since(delivery.decided_at);
    metrics::counter!("deliveries_total", "state" => name).increment(1);
    metrics::histogram!("delivery_seconds", "state" => name).record(took.as_seconds());
    if let Some(code) = code {
        metrics::counter!("deliveries_withheld_total", "code" => code).increment(1);
    }
    tracing::info!(decision = %delivery.decision, state = name, code, took_ms = took.0, "a delivery is over: {name}");
}

fn lock(had: &Had) -> std::sync::MutexGuard<'_, BTreeMap<DecisionId, (Timestamp, Vec<DeviceId>)>> {
    had.lock().unwrap_or_else(PoisonError::into_inner)
}

fn complain(error: &store::Error, what: &'static str) {
    tracing::error!(error = error as &dyn std::error::Error, "{what}");
}

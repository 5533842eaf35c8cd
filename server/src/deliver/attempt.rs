//! One try to get a delivery out: checked first, then every device of the customer by its best channel.

use std::sync::Arc;
use std::time::Duration;

use model::consent::Purpose;
use model::delivery::{Delivery, DeliveryState};
use model::ids::{DecisionId, DeviceId};
use model::outcome::OutcomeKind;
use model::time::{Millis, Timestamp};

use super::near::still_near;
use super::webpush::client::{Error, Message, Verdict};
use super::{backoff, payload, truth};
use crate::app::AppState;
use crate::auth::token;
use crate::store::{self, Device, OfferRow, Outbox, PushEndpoint};

/// How long an open stream has to say that the offer was shown, before Web Push is used.
const PATIENCE: Duration = Duration::from_secs(2);
/// Nothing is sent that would arrive in the last second of its life.
const LAST_MOMENT: Millis = Millis::seconds(1);

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is over.
    For(DeliveryState),
    /// It must not be sent any more, for this reason.
    Withheld(&'static str),
    /// Not now; some devices may have got it.
    Later {
        /// When to try again.
        until: Timestamp,
    },
}

/// What became of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// It has it.
    Yes,
    /// No channel leads to it now; one may open.
    NoChannel,
    /// It will never get this.
    Never,
    /// Try again.
    Retry(Option<Millis>),
}

/// Tries once. `had` are the devices that got it in earlier tries; those that get it now are added.
pub(super) async fn attempt(state: &AppState, outbox: &Outbox, had: &mut Vec<DeviceId>) -> Result<Ended, store::Error> {
    let delivery = &outbox.delivery;
    let Some(row) = offer_row(state, delivery).await? else { return Ok(Ended::Withheld("erased")) };
    if seen(&row) {
        return Ok(Ended::For(DeliveryState::Sent));
    }
    let devices = match check(state, delivery).await? {
        Ok(devices) => devices,
        Err(ended) => return Ok(ended),
    };
    let row = Arc::new(row);
    let waiting: Vec<&Device> = devices.iter().filter(|device| !had.contains(&device.id)).collect();
    let tries = waiting.iter().map(|device| reach(state, &row, device));
    let reached = futures::future::join_all(tries).await;
    had.extend(waiting.iter().zip(&reached).filter(|(_, r)| **r == Reached::Yes).map(|(device, _)| device.id));
    Ok(conclude(&reached, !had.is_empty(), outbox.attempts, state.clock.now()))
}

/// The delivery with its explanation, as pages get it. None when the decision was erased meanwhile.
async fn offer_row(state: &AppState, delivery: &Delivery) -> Result<Option<OfferRow>, store::Error> {
    let row = state.store.decision(delivery.decision).await?;
    Ok(row.filter(|row| row.decision.customer == delivery.customer).map(|row| OfferRow {
        delivery: delivery.clone(),
        state: DeliveryState::Sending,
        explanation: row.decision.explanation,
        outcomes: row.outcomes,
    }))
}

/// Whether some device has said that it showed it: before a crash, or on a stream that opened meanwhile.
fn seen(row: &OfferRow) -> bool {
    row.outcomes.iter().any(|outcome| match outcome.kind {
        OutcomeKind::Delivered
        | OutcomeKind::Opened
        | OutcomeKind::Dismissed
        | OutcomeKind::Muted
        | OutcomeKind::Later
        | OutcomeKind::More
        | OutcomeKind::Redeemed => true,
        OutcomeKind::Visited | OutcomeKind::Purchased | OutcomeKind::Expired => false,
    })
}

/// The last look before sending: may it be said, is it in time, is it still true, is the customer still there?
async fn check(state: &AppState, delivery: &Delivery) -> Result<Result<Vec<Device>, Ended>, store::Error> {
    let now = state.clock.now();
    if now + LAST_MOMENT >= delivery.expires_at {
        return Ok(Err(Ended::For(DeliveryState::Expired)));
    }
    let needed = [Purpose::Locating, Purpose::Profiling, Purpose::MarketingPush];
    let customer = state.store.customer(&delivery.customer).await?;
    if !customer.is_some_and(|customer| needed.iter().all(|purpose| customer.allows().allows(*purpose))) {
        return Ok(Err(Ended::Withheld("consent")));
    }
    if let Some(code) = truth::is_false(state, delivery).await? {
        return Ok(Err(Ended::Withheld(code)));
    }
    let devices = state.store.devices_of(&delivery.customer).await?;
    let ids: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
    if !still_near(&state.live, delivery, &ids, now) {
        return Ok(Err(Ended::Withheld("place")));
    }
    Ok(Ok(devices))
}

fn conclude(reached: &[Reached], any_had: bool, attempts: u32, now: Timestamp) -> Ended {
    let later = |asked| Ended::Later { until: now + backoff::wait(attempts, asked, rand::random_range(0.0..1.0)) };
    let asked = reached.iter().filter_map(|r| match r {
        Reached::Retry(asked) => Some(*asked),
        Reached::Yes | Reached::NoChannel | Reached::Never => None,
    });
    // The shortest wait wins: every device is asked again only when its own service allows, which is checked there.
    if let Some(asked) = asked.reduce(|a, b| a.min(b)) {
        return later(asked);
    }
    if any_had {
        return Ended::For(DeliveryState::Sent);
    }
    if reached.contains(&Reached::NoChannel) { later(None) } else { Ended::For(DeliveryState::Failed) }
}

/// Gets it to one device: by its open stream, or else by Web Push.
async fn reach(state: &AppState, row: &Arc<OfferRow>, device: &Device) -> Reached {
    let shown = state.channels.streams().say(device.id, row);
    let spoken = shown.is_some();
    if let Some(shown) = shown
        && shown.within(PATIENCE).await
    {
        metrics::counter!("channel_answers_total", "channel" => "sse", "answer" => "shown").increment(1);
        return Reached::Yes;
    }
    match &device.push {
        Some(endpoint) => push(state, &row.delivery, device, endpoint).await,
        // It went out on the stream and may yet be shown: say it again rather than lose it.
        None if spoken => Reached::Retry(None),
        None => Reached::NoChannel,
    }
}

async fn push(state: &AppState, delivery: &Delivery, device: &Device, to: &PushEndpoint) -> Reached {
    let now = state.clock.now();
    let left = delivery.expires_at.since(now);
    if left <= LAST_MOMENT {
        return Reached::Never;
    }
    let origin = reqwest::Url::parse(&to.endpoint).map(|url| super::webpush::vapid::origin(&url)).unwrap_or_default();
    if let Some(left) = state.channels.pauses().left(&origin, now) {
        return Reached::Retry(Some(left));
    }
    let receipt = token::receipt(&state.secret, delivery.decision, device.id);
    let Some(payload) = payload::push(delivery, device.language, &receipt) else { return Reached::Never };
    let message = Message {
        endpoint: &to.endpoint,
        p256dh: &to.p256dh,
        auth: &to.auth,
        payload: &payload,
        ttl_s: u32::try_from(left.0 / 1_000).unwrap_or(u32::MAX),
        topic: &payload::topic(delivery.decision),
    };
    match state.channels.push().send(&message, now).await {
        Ok(verdict) => heed(state, verdict, device, &origin, delivery.decision).await,
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(error = cause, decision = %delivery.decision, "a push can't be sent to a subscription");
            count("unusable");
            match error {
                Error::Sign(_) => Reached::Retry(None),
                Error::Endpoint(_) | Error::Encrypt(_) => Reached::Never,
            }
        }
    }
}

/// Does what a push service's answer asks for.
async fn heed(state: &AppState, verdict: Verdict, device: &Device, origin: &str, decision: DecisionId) -> Reached {
    match verdict {
        Verdict::Sent => {
            count("sent");
            state.channels.pauses().accept(origin);
            Reached::Yes
        }
        Verdict::Gone { status } => {
            count("gone");
            tracing::info!(status, decision = %decision, "a push subscription is over and is deleted");
            forget_endpoint(state, device).await;
            Reached::Never
        }
        Verdict::Unauthorized { status } => {
            count("unauthorized");
            Reached::Retry(Some(state.channels.pauses().refuse(origin, status, state.clock.now())))
        }
        Verdict::Poison { status } => {
            count("refused");
            tracing::warn!(status, decision = %decision, "a push service refused the message for good");
            Reached::Never
        }
        Verdict::Retry { after, why } => {
            count("later");
            tracing::debug!(why, decision = %decision, "a push service asks to come back later");
            Reached::Retry(after)
        }
    }
}

/// Deletes the subscription, unless the device has registered a new one meanwhile.
async fn forget_endpoint(state: &AppState, device: &Device) {
    let known = match state.store.device(device.id).await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a dead push subscription could not be looked up");
            return;
        }
    };
    let Some(known) = known.filter(|known| known.push == device.push) else { return };
    if state.run.device(Device { push: None, ..known }, None).await.is_err() {
        tracing::warn!("a dead push subscription stays until the next start");
    }
}

fn count(answer: &'static str) {
    metrics::counter!("channel_answers_total", "channel" => "webpush", "answer" => answer).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_news_of_any_device_decides() {
        let state = |reached: &[Reached], had| match conclude(reached, had, 0, Timestamp(0)) {
            Ended::For(state) => Some(state),
            Ended::Withheld(_) | Ended::Later { .. } => None,
        };
        assert_eq!(state(&[Reached::Yes, Reached::Never], true), Some(DeliveryState::Sent));
        assert_eq!(state(&[Reached::Yes, Reached::NoChannel], true), Some(DeliveryState::Sent));
        assert_eq!(state(&[Reached::Yes, Reached::Retry(None)], true), None);
        assert_eq!(state(&[Reached::Never], false), Some(DeliveryState::Failed));
        assert_eq!(state(&[], false), Some(DeliveryState::Failed));
        assert_eq!(state(&[Reached::Never, Reached::NoChannel], false), None);
    }

    #[test]
    fn what_a_service_asks_for_is_waited() {
        let reached = [Reached::Retry(Some(Millis::seconds(7)))];
        let Ended::Later { until } = conclude(&reached, false, 0, Timestamp(0)) else { panic!("not over") };
        assert!((7_000..=8_000).contains(&until.0), "{until:?}");
    }
}

//! A device's stream: offers as they are made, over Server-Sent Events, and a ping so that both ends notice a dead line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures::Stream;
use model::delivery::DeliveryState;
use model::offer::Language;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::api::Api;
use crate::api::access::DeviceToken;
use crate::api::problem::Problem;
use crate::api::views;
use crate::deliver::streams::Listening;
use crate::live::Live;
use crate::store::{Device, OfferRow};

/// How often a silent stream says that it lives.
pub const PING_EVERY: Duration = Duration::from_secs(15);

/// Opens the stream: first the offers that still hold and were not seen, then each as it is made.
///
/// # Errors
/// 401 without a device's token, 503 when too many streams are open.
#[utoipa::path(get, path = "/v1/stream", tag = "app", security(("device" = [])),
    responses((status = 200, content_type = "text/event-stream", body = String,
        description = "`offer` with an offer as in GET /v1/offers, `ping` every 15 s"), (status = 401, body = super::super::problem::Problem)))]
pub async fn open(
    State(api): State<Api>,
    DeviceToken(id): DeviceToken,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Problem> {
    let full = |_| Problem::unavailable("too many streams are open");
    // Opened before the list is read: an offer made in between comes twice rather than never.
    let listening = api.app.channels.streams().open(id).map_err(full)?;
    let device = api.app.store.device(id).await?;
    let unseen = match &device {
        Some(device) => unseen(&api, device).await?,
        None => Vec::new(),
    };
    let language = device.and_then(|device| device.language);
    let mut ping = interval_at(Instant::now(), PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let told = Telling { listening, ping, language, live: api.app.live.clone(), backlog: unseen };
    Ok(Sse::new(futures::stream::unfold(told, |mut telling| async {
        let event = telling.next().await?;
        Some((Ok(event), telling))
    })))
}

async fn unseen(api: &Api, device: &Device) -> Result<Vec<Arc<OfferRow>>, Problem> {
    let now = api.app.clock.now();
    let rows = api.app.store.offers_of(&device.customer, now - model::time::Millis::hours(1)).await?;
    let due = |row: &OfferRow| match row.state {
        DeliveryState::Pending | DeliveryState::Sending => row.delivery.expires_at > now && row.outcomes.is_empty(),
        DeliveryState::Sent | DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Withheld => false,
    };
    // Newest first in the store; the oldest is at the end here and told first.
    Ok(rows.into_iter().filter(due).map(Arc::new).collect())
}

struct Telling {
    listening: Listening,
    ping: Interval,
    language: Option<Language>,
    live: Live,
    backlog: Vec<Arc<OfferRow>>,
}

impl Telling {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let row = match self.backlog.pop() {
                Some(row) => row,
                None => tokio::select! {
                    row = self.listening.next() => row?,
                    _ = self.ping.tick() => return Some(Event::default().event("ping").data("{}")),
                },
            };
            let Some(view) = views::offer(&row, &self.live, self.language) else { continue };
            if let Ok(event) = Event::default().event("offer").id(row.delivery.decision.to_string()).json_data(view) {
                return Some(event);
            }
        }
    }
}

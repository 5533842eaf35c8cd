//! A store as it moves, over Server-Sent Events: the whole once a second, decisions and positions at once.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, Sse};
use futures::Stream;
use model::decision::Decision;
use model::ids::StoreId;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Interval, MissedTickBehavior};

use super::{now, stores};
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::problem::Problem;
use crate::api::views;
use crate::live::{Dot, LiveEvent};
use crate::store::DecisionRow;

/// How often the whole is said.
const EVERY: Duration = Duration::from_secs(1);

/// Opens the stream.
///
/// # Errors
/// 401 without a session or key, 404 for a store that is not known, 503 when too many pages are open.
#[utoipa::path(get, path = "/api/v1/stores/{store}/live", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("store" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = String,
        description = "`now` once a second, `decision` and `position` at once"),
        (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn open(
    State(api): State<Api>,
    _: Staff,
    Path(store): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Problem> {
    let store = stores::find(&api, &store)?.store.id.clone();
    let place = std::sync::Arc::clone(&api.pages).try_acquire_owned();
    let place = place.map_err(|_| Problem::unavailable("too many pages are open"))?;
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let events = api.app.live.subscribe();
    let page = Page { api, store, every, events, _place: place };
    Ok(Sse::new(futures::stream::unfold(page, |mut page| async {
        let event = page.next().await?;
        Some((Ok(event), page))
    })))
}

struct Page {
    api: Api,
    store: StoreId,
    every: Interval,
    events: broadcast::Receiver<LiveEvent>,
    _place: OwnedSemaphorePermit,
}

impl Page {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = tokio::select! {
                _ = self.every.tick() => now::snapshot(&self.api, &self.store).and_then(|now| say("now", &now)),
                event = self.events.recv() => match event {
                    Ok(event) => self.view(&event),
                    // What was missed is in the next `now`.
                    Err(RecvError::Lagged(_)) => None,
                    Err(RecvError::Closed) => return None,
                },
            };
            if event.is_some() {
                return event;
            }
        }
    }

    fn view(&self, event: &LiveEvent) -> Option<Event> {
        match event {
            LiveEvent::Decision(decision) if decision.moment.store == self.store => self.decision(decision),
            LiveEvent::Position { store, position } if *store == self.store => say("position", &Dot::moved(position)),
            LiveEvent::Decision(_)
            | LiveEvent::Position { .. }
            | LiveEvent::Delivery(_)
            | LiveEvent::Outcome { .. }
            | LiveEvent::Quiet { .. }
            | LiveEvent::Occupancy { .. }
            | LiveEvent::Plan(_) => None,
        }
    }

    fn decision(&self, decision: &Decision) -> Option<Event> {
        let row = DecisionRow { decision: decision.clone(), delivery: None, outcomes: Vec::new() };
        say("decision", &views::decision(&row, &self.api.app.live, &self.api.app.secret))
    }
}

fn say<T: Serialize>(name: &str, what: &T) -> Option<Event> {
    Event::default().event(name).json_data(what).ok()
}

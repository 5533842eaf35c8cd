//! The loop of a run: what is heard goes into the pipeline, what comes out of it into the spool and the volatile lane.

use std::sync::Arc;
use std::time::Duration;

use model::reading::Reading;
use model::sighting::Sighting;
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use runtime::mqtt::{self, Event, Events};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use wire::objections::Objections;
use wire::uplink::{self as up, Batch};

use crate::intake::http;
use crate::metric::{self, Name};
use crate::now::Now;
use crate::pipeline::{Parcel, Pipeline};
use crate::radio::port::{Queue, RawAdvertisement};
use crate::spool::Entry;
use crate::spool::worker::Handle;
use crate::status::{Flow, Intake, Pulse};
use crate::timeline::{self, Timeline};
use crate::uplink::{self, Identity};

/// How often the pipeline tells what it has counted.
const PULSE_EVERY: Duration = Duration::from_secs(1);
/// Advertisements of the own radio that are worked off before anything else gets its turn.
const ADVERTISEMENTS_AT_ONCE: usize = 64;
/// How often it is kept how far the run got.
const KEEP_TIME_EVERY: Millis = Millis::minutes(1);
/// The longest sleep without anything due.
const IDLE: Millis = Millis(1_000);

/// The pipeline with its ends.
pub(super) struct Work {
    pub(super) objections: watch::Receiver<Option<Arc<Objections>>>,
    pub(super) pipeline: Pipeline,
    pub(super) spool: Handle,
    pub(super) identity: Identity,
    pub(super) clock: Arc<Timeline>,
    pub(super) time_kept: timeline::Kept,
    pub(super) time_kept_at: Millis,
    pub(super) volatile: mpsc::Sender<Vec<Sighting>>,
    pub(super) pulse: watch::Sender<Pulse>,
    pub(super) health: watch::Sender<up::Health>,
    pub(super) intake_state: watch::Sender<Intake>,
    /// Messages of receivers that found no room so far.
    pub(super) intake_dropped: u64,
    /// Messages of receivers and sensors that were taken out of their queues.
    pub(super) taken: u64,
}

impl Work {
    pub(super) async fn run(
        mut self,
        intake: Option<(mqtt::Client, Events)>,
        mut posts: Option<http::Queue>,
        radio: Option<Queue>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let (client, mut events) = intake.unzip();
        let mut pulse = tokio::time::interval(PULSE_EVERY);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ended = Ok(());
        loop {
            let wait = self.wait();
            tokio::select! {
                () = stop.cancelled() => break,
                event = next_event(events.as_mut()) => match event {
                    Some(event) => {
                        self.taken += 1;
                        self.event(event);
                    }
                    // It ends only when it is told to, or broken: then it does not come back by itself.
                    None => {
                        ended = Err(anyhow::anyhow!("the client of the receivers' broker has ended"));
                        break;
                    }
                },
                posted = http::next(posts.as_mut()) => {
                    self.taken += 1;
                    let now = self.now();
                    self.pipeline.message(&posted.topic, &posted.payload, false, now);
                }
                some = next_advertisements(radio.as_ref()) => {
                    let now = self.now();
                    some.iter().for_each(|raw| self.pipeline.advertisement(raw, now));
                }
                _ = pulse.tick() => {
                    if let Some(events) = &events {
                        self.count_queue(events);
                    }
                    let waiting = events.as_ref().map_or(0, Events::waiting) + posts.as_ref().map_or(0, http::Queue::len);
                    let flow = Flow { turns: events.as_ref().map(Events::turns), waiting, taken: self.taken };
                    self.beat(radio.as_ref(), flow);
                }
                () = tokio::time::sleep(wait) => {}
            }
            self.work();
        }
        if let Some(client) = client {
            client.disconnect().await;
        }
        let now = self.now();
        self.pipeline.finish(now);
        self.pass_on();
        self.spool.flush().await;
        keep_time(&self.time_kept, self.clock.reached());
        ended
    }

    /// Now; and the pipeline learns of objections first.
    fn now(&mut self) -> Now {
        let now = Now { drift: self.clock.drift(), ..Now::read(self.clock.as_ref()) };
        if self.objections.has_changed().unwrap_or(false) {
            let objections = self.objections.borrow_and_update().clone();
            self.pipeline.obey(objections, now);
        }
        now
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Message { topic, payload, retain } => {
                let now = self.now();
                self.pipeline.message(&topic, &payload, retain, now);
            }
            Event::Connected { .. } => {
                tracing::info!("the receivers' broker is there");
                self.intake_state.send_replace(Intake::Connected);
            }
            Event::Disconnected { reason } => {
                if *self.intake_state.borrow() == Intake::Connected {
                    tracing::warn!(reason, "the receivers' broker is gone");
                }
                self.intake_state.send_replace(Intake::Gone { reason });
            }
        }
    }

    fn wait(&self) -> Duration {
        let now = self.clock.monotonic();
        let due = self.pipeline.poll_timeout().map_or(IDLE.0, |at| (at.0 - now.0).clamp(0, IDLE.0));
        Duration::from_millis(u64::try_from(due).unwrap_or(0))
    }

    fn work(&mut self) {
        let now = self.now();
        if self.pipeline.poll_timeout().is_some_and(|due| now.monotonic >= due) {
            self.pipeline.handle_timeout(now);
        }
        self.pass_on();
    }

    fn pass_on(&mut self) {
        while let Some(parcel) = self.pipeline.poll_parcel() {
            match parcel {
                Parcel::Durable { at, sightings, readings, state } => self.keep(at, sightings, readings, state),
                Parcel::Volatile { sightings } => {
                    let count = sightings.len() as u64;
                    if self.volatile.try_send(sightings).is_err() {
                        self.pipeline.counts_mut().drop("volatile-queue-full", count);
                    }
                }
            }
        }
    }

    fn keep(&mut self, at: Timestamp, sightings: Vec<Sighting>, readings: Vec<Reading>, state: Option<Vec<u8>>) {
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let (seen, read) = (count(sightings.len()), count(readings.len()));
        let empty = uplink::empty_batch(&self.identity, self.spool.id(), &self.clock);
        let batch = up::encode(&Batch { sightings, readings, ..empty }).to_vec();
        if !self.spool.append(Entry { at, sightings: seen, readings: read, state, batch }) {
            self.pipeline.counts_mut().drop("spool-queue-full", u64::from(seen) + u64::from(read));
        }
    }

    /// What waits of the receivers' messages, and what found no room.
    fn count_queue(&mut self, events: &Events) {
        metric::set(Name::IntakeWaiting, events.waiting() as u64);
        let all = events.dropped();
        let fresh = all - std::mem::replace(&mut self.intake_dropped, all);
        self.pipeline.counts_mut().drop("intake-queue-full", fresh);
    }

    /// Once a second: what was counted, for the page and the server; and the spool looks at its bounds.
    fn beat(&mut self, radio: Option<&Queue>, flow: Flow) {
        let now = self.now();
        if let Some(radio) = radio {
            self.pipeline.radio_fares(&radio.heard());
        }
        if self.pipeline.poll_timeout().is_none() {
            self.pipeline.handle_timeout(now);
        }
        self.keep_time(now.monotonic);
        self.spool.tick();
        self.health.send_replace(self.fare(now));
        self.pulse.send_replace(Pulse { at: now.monotonic, counts: self.pipeline.counts().clone(), flow });
    }

    /// Keeps how far the run got, so that a box without a clock of its own can go on from there.
    fn keep_time(&mut self, now: Millis) {
        if now.0 - self.time_kept_at.0 >= KEEP_TIME_EVERY.0 {
            self.time_kept_at = now;
            let (kept, reached) = (self.time_kept.clone(), self.clock.reached());
            tokio::task::spawn_blocking(move || keep_time(&kept, reached));
        }
    }

    fn fare(&self, now: Now) -> up::Health {
        let standing = *self.spool.standing().borrow();
        let counts = self.pipeline.counts();
        let mut dropped: Vec<(String, u64)> =
            counts.dropped.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
        let lost = standing.lost_by_reason().map(|(code, lost)| (code, lost.sightings + lost.readings));
        dropped.extend(lost.into_iter().filter(|(_, count)| *count > 0).map(|(code, count)| (code.to_owned(), count)));
        dropped.truncate(up::DROP_CODES_MAX);
        up::Health {
            spool_batches: standing.waiting(),
            spool_bytes: standing.bytes,
            oldest_unsent_ms: u64::try_from(uplink::waited(standing.oldest_at, now.wall).0).unwrap_or(0),
            adverts_heard: counts.heard,
            sightings_sent: counts.sightings,
            dropped,
            receivers: counts.receivers().collect(),
            sightings_lost: standing.lost().sightings,
            readings_lost: standing.lost().readings,
            // The sender knows, and fills it in.
            backlog: 0,
            beacons: self.pipeline.batteries(now),
        }
    }
}

fn keep_time(kept: &timeline::Kept, reached: Timestamp) {
    if let Err(cause) = kept.put(reached) {
        tracing::warn!(%cause, "the time can't be kept for the next start");
    }
}

async fn next_event(events: Option<&mut Events>) -> Option<Event> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

async fn next_advertisements(radio: Option<&Queue>) -> Vec<RawAdvertisement> {
    match radio {
        Some(radio) => radio.receive(ADVERTISEMENTS_AT_ONCE).await,
        None => std::future::pending().await,
    }
}

//! The whole box at work: opens what it needs in order, runs the pipeline, and stops without losing anything.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use model::ids::BootId;
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use runtime::mqtt::{self, Event, Events, Options, Qos};
use runtime::notify::Notifier;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wire::objections::Objections;
use wire::uplink::{self as up, Batch};

use crate::config::Config;
use crate::intake::http;
use crate::metric::{self, Name};
use crate::now::Now;
use crate::objections::Keeper;
use crate::pipeline::{Parcel, Pipeline};
use crate::privacy;
use crate::radio;
use crate::radio::port::{Queue, RawAdvertisement};
use crate::radio::state::State;
use crate::settings::Ends;
use crate::spool::worker::{self, Handle};
use crate::spool::{Entry, Limits, Recovery};
use crate::status::{self, Intake, Pulse, Sources};
use crate::timeline::{self, Timeline};
use crate::uplink::way::Way;
use crate::uplink::{self, Identity, Inputs, Link, Uplink};
use crate::watchdog;

/// How often the pipeline tells what it has counted.
const PULSE_EVERY: Duration = Duration::from_secs(1);
/// Advertisements of the own radio that are worked off before anything else gets its turn.
const ADVERTISEMENTS_AT_ONCE: usize = 64;
/// How often it is kept how far the run got.
const KEEP_TIME_EVERY: Millis = Millis::minutes(1);
/// Most documents of settings that wait to be looked at.
const DESIRED_MAX: usize = 4;
/// The longest sleep without anything due.
const IDLE: Millis = Millis(1_000);

/// A box that is up; its status page answers.
#[derive(Debug)]
pub struct Running {
    /// Where the status page answers.
    pub status: std::net::SocketAddr,
    tasks: JoinSet<anyhow::Result<()>>,
    watched: (Sources, Handle, Duration),
    ends: Option<Ends>,
}

impl Running {
    /// Tells systemd that the box is up, and from then on whether it works.
    pub fn tend(&mut self, notifier: Notifier, stop: &CancellationToken) {
        notifier.ready();
        let ((sources, spool, silence), stop) = (self.watched.clone(), stop.clone());
        self.tasks.spawn(async move {
            watchdog::tend(notifier, sources, spool, silence, stop).await;
            Ok(())
        });
    }

    /// The ends that settings from afar need, once.
    pub const fn take_ends(&mut self) -> Option<Ends> {
        self.ends.take()
    }

    /// Ends when the spool's thread does.
    #[must_use]
    pub fn disk(&self) -> watch::Receiver<crate::spool::Standing> {
        self.watched.1.standing()
    }

    /// Waits until every part has ended; they do when the token is cancelled, or when one of them fails.
    ///
    /// # Errors
    /// The first failure of a part.
    pub async fn join(mut self, stop: &CancellationToken) -> anyhow::Result<()> {
        let mut first = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            // Parts end by themselves only when something is broken: then all of them go, in order.
            stop.cancel();
            let ended = ended.context("run a part of the gateway").and_then(|ended| ended);
            if first.is_ok() {
                first = ended;
            }
        }
        first
    }
}

/// Brings a box up. `disk` is what tells when the spool's thread has ended, also of a box that did not come up.
///
/// # Errors
/// What could not be opened, and why.
pub async fn start(
    config: &Config,
    clock: Arc<dyn Clock>,
    stop: &CancellationToken,
    disk: &mut Option<watch::Receiver<crate::spool::Standing>>,
) -> anyhow::Result<Running> {
    runtime::telemetry::install_metrics();
    let listener =
        TcpListener::bind(config.status.listen).await.context("listen for the status page (status.listen)")?;
    let status = listener.local_addr().context("read the status page's address")?;
    let time_kept = timeline::Kept::new(&config.gateway.data_dir);
    let line = Arc::new(Timeline::start(clock, time_kept.get()));
    // From here on everybody goes by the line; who needs the wall clock asks it for that.
    let clock: Arc<dyn Clock> = line.clone();
    let now = Now::read(clock.as_ref());
    let (spool, recovery) = open_spool(config, clock.clone())?;
    *disk = Some(spool.standing());
    let pipeline = Pipeline::new(config, recovery.state.as_deref(), privacy::draw, now);
    let identity = Identity::new(config, BootId(rand::random()), now.wall);

    let (pulse, pulse_seen) = watch::channel(Pulse::default());
    let (health, health_seen) = watch::channel(up::Health::default());
    let (link, link_seen) = watch::channel(Link::default());
    let (intake_state, intake_seen) = watch::channel(Intake::default());
    let (radio_state, radio_seen) = watch::channel(State::default());
    let objections = Keeper::open(&config.gateway.data_dir);

    let mut tasks = JoinSet::new();
    let up = (health_seen, link, objections.clone());
    let (volatile, ends, stop_uplink) = go_up(config, &identity, line.clone(), spool.clone(), up, &mut tasks)?;
    let events = intake(config, &pipeline, &intake_state).await.context("start the intake")?;
    let posts = http::start(config.receivers.http_listen, stop, &mut tasks).await?;
    let radio = radio::start(&config.radio, clock.clone(), radio_state, stop, &mut tasks);
    let sources = Sources {
        gateway: config.gateway.id.to_string(),
        store: config.gateway.store.to_string(),
        started_at: now.wall,
        pulse: pulse_seen,
        spool: spool.standing(),
        link: link_seen,
        intake: intake_seen,
        radio: radio_seen,
        clock: clock.clone(),
    };
    let watched = (sources.clone(), spool.clone(), config.radio.silence());
    let stopping = stop.clone();
    tasks.spawn(async move { status::serve(listener, sources, stopping).await.context("serve the status page") });
    let mut objections = objections.list();
    objections.mark_changed();
    let work = Work {
        objections,
        pipeline,
        spool,
        identity,
        clock: line,
        time_kept,
        time_kept_at: now.monotonic,
        volatile,
        pulse,
        health,
        intake_state,
        intake_dropped: 0,
    };
    let stopping = stop.clone();
    tasks.spawn(async move {
        let ended = work.run(events, posts, radio, stopping).await;
        stop_uplink.cancel();
        ended
    });
    Ok(Running { status, tasks, watched, ends: Some(ends) })
}

fn open_spool(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<(Handle, Recovery)> {
    let age_max = Millis::hours(i64::from(config.spool.age_max_h));
    let folder = config.gateway.data_dir.join("spool");
    worker::start(&folder, Limits::new(config.spool.bytes_max, age_max), clock)
        .with_context(|| format!("open the spool in {} (gateway.data_dir)", folder.display()))
}

/// Starts the uplink: its volatile lane, the ends that settings from afar need, and what stops it.
/// It outlives the pipeline, so that the last batches still go.
fn go_up(
    config: &Config,
    identity: &Identity,
    line: Arc<Timeline>,
    spool: Handle,
    (health, link, objections): (watch::Receiver<up::Health>, watch::Sender<Link>, Keeper),
    tasks: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<(mpsc::Sender<Vec<model::sighting::Sighting>>, Ends, CancellationToken)> {
    let (volatile, volatile_out) = mpsc::channel(uplink::VOLATILE_MAX);
    let (desired_in, desired) = mpsc::channel(DESIRED_MAX);
    let (report, report_seen) = watch::channel(None);
    let Identity { boot, started_at, .. } = *identity;
    let ends = Ends { boot, started_at, desired, report, health: health.clone() };
    let inputs = Inputs {
        spool,
        volatile: volatile_out,
        health,
        backlog_per_s: config.uplink.backlog_per_s,
        objections,
        desired: desired_in,
        report: report_seen,
    };
    let way = Way::find(config, identity).context("find the way to the server")?;
    let link_up = Uplink::start(way, identity.clone(), inputs, line, link).context("start the uplink")?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tasks.spawn(async move { link_up.run(stopping).await.context("run the uplink") });
    Ok((volatile, ends, stop))
}

/// Connects to the receivers' broker, if there is one.
async fn intake(
    config: &Config,
    pipeline: &Pipeline,
    state: &watch::Sender<Intake>,
) -> Result<Option<(mqtt::Client, Events)>, mqtt::Error> {
    let Some(url) = &config.receivers.url else {
        return Ok(None);
    };
    let mut options = Options::new(url, &format!("attimo-gateway-{}-intake", config.gateway.id));
    options.username.clone_from(&config.receivers.username);
    options.password.clone_from(&config.receivers.password);
    options.ca_file.clone_from(&config.receivers.ca_file);
    options.keep_alive_s = 10;
    let (client, events) = mqtt::connect(&options)?;
    let filters: Vec<(&str, Qos)> = pipeline.filters().map(|filter| (filter, Qos::AtLeastOnce)).collect();
    client.subscribe(&filters).await?;
    state.send_replace(Intake::Gone { reason: "not connected yet".into() });
    Ok(Some((client, events)))
}

/// The pipeline with its ends.
struct Work {
    objections: watch::Receiver<Option<Arc<Objections>>>,
    pipeline: Pipeline,
    spool: Handle,
    identity: Identity,
    clock: Arc<Timeline>,
    time_kept: timeline::Kept,
    time_kept_at: Millis,
    volatile: mpsc::Sender<Vec<model::sighting::Sighting>>,
    pulse: watch::Sender<Pulse>,
    health: watch::Sender<up::Health>,
    intake_state: watch::Sender<Intake>,
    /// Messages of receivers that found no room so far.
    intake_dropped: u64,
}

impl Work {
    async fn run(
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
                    Some(event) => self.event(event),
                    // It ends only when it is told to, or broken: then it does not come back by itself.
                    None => {
                        ended = Err(anyhow::anyhow!("the client of the receivers' broker has ended"));
                        break;
                    }
                },
                posted = http::next(posts.as_mut()) => {
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
                    self.beat(radio.as_ref());
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

    /// Now; and the pipeline learns how far the wall clock is from it.
    fn now(&mut self) -> Now {
        let now = Now::read(self.clock.as_ref());
        self.pipeline.wall_is_ahead(self.clock.drift());
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
                Parcel::Durable { .. } => self.keep(parcel),
                Parcel::Volatile { sightings } => {
                    let count = sightings.len() as u64;
                    if self.volatile.try_send(sightings).is_err() {
                        self.pipeline.counts_mut().drop("volatile-queue-full", count);
                    }
                }
            }
        }
    }

    fn keep(&mut self, parcel: Parcel) {
        let Parcel::Durable { at, sightings, readings, state } = parcel else {
            return;
        };
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
    fn beat(&mut self, radio: Option<&Queue>) {
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
        self.pulse.send_replace(Pulse { at: now.monotonic, counts: self.pipeline.counts().clone() });
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
        let lost = [
            ("spool-full", standing.over_bounds.sightings + standing.over_bounds.readings),
            ("disk-refused", standing.disk_refused.sightings + standing.disk_refused.readings),
        ];
        dropped.extend(lost.into_iter().filter(|(_, count)| *count > 0).map(|(code, count)| (code.to_owned(), count)));
        dropped.truncate(up::DROP_CODES_MAX);
        up::Health {
            spool_batches: (standing.last + 1).saturating_sub(standing.oldest),
            spool_bytes: standing.bytes,
            oldest_unsent_ms: u64::try_from(uplink::waited(standing.oldest_at, now.wall).0).unwrap_or(0),
            adverts_heard: counts.heard,
            sightings_sent: counts.sightings,
            dropped,
            receivers: counts.receivers().collect(),
            sightings_lost: standing.over_bounds.sightings + standing.disk_refused.sightings,
            readings_lost: standing.over_bounds.readings + standing.disk_refused.readings,
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

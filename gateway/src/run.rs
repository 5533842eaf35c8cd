//! The whole box at work: opens what it needs in order, runs the pipeline, and stops without losing anything.

mod work;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use model::ids::BootId;
use runtime::clock::Clock;
use runtime::mqtt::{self, Events, Options, Qos};
use runtime::notify::Notifier;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wire::state::PrivacyMode;
use wire::uplink as up;
use wire::uplink::clock::Belief;

use crate::config::Config;
use crate::intake::http;
use crate::metric;
use crate::now::Now;
use crate::objections::Keeper;
use crate::pipeline::Pipeline;
use crate::privacy;
use crate::radio;
use crate::radio::state::State;
use crate::settings::Ends;
use crate::spool::worker::{self, Handle};
use crate::spool::{Limits, Past, Recovery};
use crate::status::{self, Intake, Pulse, Sources};
use crate::timeline::{self, Timeline};
use crate::uplink::way::Way;
use crate::uplink::{self, Identity, Inputs, Link, Uplink};
use crate::watchdog;
use work::Work;

/// Most documents of settings that wait to be looked at.
const DESIRED_MAX: usize = 4;

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
    metric::privacy(config.privacy.mode);
    let listener =
        TcpListener::bind(config.status.listen).await.context("listen for the status page (status.listen)")?;
    let status = listener.local_addr().context("read the status page's address")?;
    let time_kept = timeline::Kept::new(&config.gateway.data_dir);
    let line = Arc::new(Timeline::start(clock, time_kept.get()));
    // From here on everybody goes by the line; who needs the wall clock asks it for that.
    let clock: Arc<dyn Clock> = line.clone();
    let now = Now::read(clock.as_ref());
    let (spool, recovery) = open_spool(config, &line)?;
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
        privacy: config.privacy.mode,
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
        taken: 0,
    };
    let stopping = stop.clone();
    tasks.spawn(async move {
        let ended = work.run(events, posts, radio, stopping).await;
        stop_uplink.cancel();
        ended
    });
    Ok(Running { status, tasks, watched, ends: Some(ends) })
}

fn open_spool(config: &Config, line: &Arc<Timeline>) -> anyhow::Result<(Handle, Recovery)> {
    // The key of a day lives in memory alone; what was named by it may not outlive the day on the disk of a box that was off.
    let drift = (line.belief() != Belief::NeverSet).then(|| line.drift());
    let is_day = config.privacy.mode == PrivacyMode::Day;
    let past = is_day.then_some(Past { drift, drift_of: uplink::drift_of });
    let folder = config.gateway.data_dir.join("spool");
    worker::start(&folder, Limits::new(config.spool.bytes_max, config.age_max()), line.clone(), past)
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

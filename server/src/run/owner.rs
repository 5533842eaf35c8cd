//! The owner: takes requests in rounds, feeds the core, commits what it caused, and only then answers.

mod shops;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::core::{Core, CoreConfig, Input, Which};
use locate::calibrate::Calibration;
use locate::quality::Quality;
use model::consent::Consent;
use model::delivery::DeliveryState;
use model::ids::{CustomerId, DecisionId, GatewayId, StoreId};
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::effects::Effects;
use super::history::Histories;
use super::identity::{Identity, Link};
use super::ill::Ill;
use super::places::Places;
use super::trace::Trace;
use super::watch::Watch;
use super::{Job, Slot, Stopped, Taken};
use crate::ingest::clocks::Clocks;
use crate::ingest::marks::Marks;
use crate::live::{DECISIONS_SHOWN, Live, day_start};
use crate::secret::ServerSecret;
use crate::store::{Committed, LeverRow, RefusedDecision, Store};

/// Most requests in one round, and so in one commit.
const ROUND_MAX: usize = 512;
/// How often the shops' versions are looked at.
const PLANS_EVERY: Duration = Duration::from_millis(1_000);
/// How often it is written how well people were placed, and what was learnt of the radio.
const QUALITY_EVERY: Duration = Duration::from_mins(1);
/// How long a commit that failed waits before its next try: doubled each time, up to the bound.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// A clock that goes back less than this is held instead of followed.
const CLOCK_SLACK: Millis = Millis::seconds(10);

/// What the owner is made with.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) live: Live,
    pub(crate) secret: ServerSecret,
    pub(crate) prefix: [u8; 4],
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: CancellationToken,
}

/// The owner of the core.
pub(crate) struct Owner {
    pub(super) core: Core,
    pub(super) store: Store,
    pub(super) live: Live,
    pub(super) identity: Identity,
    pub(super) places: Places,
    pub(super) watermarks: BTreeMap<(GatewayId, [u8; 16]), Marks>,
    /// How far the boxes' clocks are off.
    pub(super) clocks: Clocks,
    /// What is told of the past, beside what happens now.
    pub(super) histories: Histories,
    pub(super) effects: Effects,
    /// Consents of this round that are not committed yet; none is forgotten.
    pub(super) consents: BTreeMap<CustomerId, Option<Consent>>,
    /// Questions of this round, to be answered after its commit.
    pub(super) asked: Vec<(Vec<DecisionId>, Slot)>,
    /// Where the notes of what came in stand.
    trace: Trace,
    pub(super) now: Timestamp,
    /// Set when what was taken must be committed before anything else is.
    pub(super) must_commit: bool,
    pub(super) versions: BTreeMap<StoreId, i64>,
    /// When the survey of each store was kept that is in force.
    pub(super) surveys: BTreeMap<StoreId, Timestamp>,
    /// What the stores learnt of their radio, as far as it is not written yet.
    pub(super) learnt: BTreeMap<StoreId, Calibration>,
    /// Receivers that are not well by what they hear, as pages were told last.
    pub(super) ill: Ill,
    /// How well people were placed, as far as it is not written yet.
    pub(super) qualities: BTreeMap<StoreId, Quality>,
    /// What the stores count, and whether it is what it should be.
    pub(super) watch: Watch,
    pub(super) clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
}

impl Owner {
    /// Brings back what was committed: plans, links, stays, visits, watermarks, budgets.
    pub(crate) async fn restore(parts: Parts) -> crate::store::Result<Self> {
        let Parts { store, live, secret, prefix, clock, shutdown } = parts;
        let mut owner = Self {
            core: Core::new(CoreConfig { seed: secret.seed() }),
            identity: Identity::new(secret, prefix),
            places: Places::default(),
            watermarks: BTreeMap::new(),
            clocks: Clocks::default(),
            histories: Histories::default(),
            effects: Effects::default(),
            consents: BTreeMap::new(),
            asked: Vec::new(),
            trace: Trace::default(),
            now: clock.now(),
            must_commit: false,
            versions: BTreeMap::new(),
            surveys: BTreeMap::new(),
            learnt: BTreeMap::new(),
            ill: Ill::default(),
            qualities: BTreeMap::new(),
            watch: Watch::default(),
            store,
            live,
            clock,
            shutdown,
        };
        owner.core.record();
        owner.trace.restart(owner.store.next_input().await?, owner.now);
        owner.store.return_leases().await?;
        owner.watermarks = owner.store.marks().await?;
        owner.recall_clocks().await?;
        for (device, customer, locating) in owner.store.links().await? {
            if locating {
                owner.core.handle(Input::Link { device, customer: customer.clone() }, owner.now);
            }
            owner.identity.put(device, Link { customer, locating });
        }
        for epoch in owner.store.epochs().await? {
            owner.core.handle(Input::Epoch(epoch), owner.now);
        }
        owner.load_plans().await?;
        owner.recall_learnt().await?;
        for row in owner.store.levers().await? {
            let LeverRow { store, offer, lever, .. } = row;
            owner.core.handle(Input::Lever { store, offer, lever }, owner.now);
        }
        owner.check_surveys().await?;
        for store in owner.versions.keys().cloned().collect::<Vec<_>>() {
            owner.restore_store(&store).await?;
        }
        owner.drain();
        Ok(owner)
    }

    /// Tells the core what it had learnt.
    async fn recall_learnt(&mut self) -> crate::store::Result<()> {
        let mut rows: BTreeMap<Which, Vec<_>> = BTreeMap::new();
        for (which, row) in self.store.learnt().await? {
            rows.entry(which).or_default().push(row);
        }
        for (which, rows) in rows {
            self.core.handle(Input::Learnt { which, rows }, self.now);
        }
        Ok(())
    }

    async fn restore_store(&mut self, store: &StoreId) -> crate::store::Result<()> {
        self.recall_radio(store).await?;
        let (stays, visits) = (self.store.open_presences(store).await?, self.store.open_visits(store).await?);
        for stay in &stays {
            if let model::subject::Subject::Device(device) = stay.subject
                && let Some(link) = self.identity.link(device)
            {
                let customer = link.customer.clone();
                self.load(&customer).await?;
            }
        }
        let day = self.live.plan(store).map_or(self.now, |plan| day_start(&plan, self.now));
        let readings = self.store.readings(store, day, self.now).await?;
        let decisions = self.store.decisions(store, Timestamp(i64::MIN), Timestamp(i64::MAX), DECISIONS_SHOWN).await?;
        self.live.restore(store, &stays, decisions, &readings);
        self.core.handle(Input::Restore { store: store.clone(), stays, visits }, self.now);
        Ok(())
    }

    /// Works until the server stops; every request that was taken is answered or dropped unanswered, never half.
    pub(crate) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let [mut plans, mut qualities] = [PLANS_EVERY, QUALITY_EVERY].map(tokio::time::interval);
        plans.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        qualities.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // What restoring caused, such as leases, is committed first.
        if self.finish(Vec::new()).await.is_err() {
            return;
        }
        let shutdown = self.shutdown.clone();
        loop {
            let round = tokio::select! {
                () = shutdown.cancelled() => return self.keep_account().await,
                job = jobs.recv() => match job {
                    Some(job) => self.round(job, &mut jobs).await,
                    None => return self.keep_account().await,
                },
                () = sleep_until(self.core.poll_timeout(), self.clock.now()) => self.wake().await,
                _ = plans.tick() => {
                    self.close_histories();
                    self.keep_clocks().await;
                    self.check_shops().await
                }
                _ = qualities.tick() => {
                    self.keep_account().await;
                    self.watch(self.clock.now()).await;
                    Ok(())
                }
            };
            if round.is_err() {
                return;
            }
        }
    }

    async fn round(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) -> Result<(), Stopped> {
        self.tick();
        let mut replies = Vec::new();
        let mut next = Some(first);
        while let Some(Job { request, reply }) = next {
            let taken = self.take_patiently(request).await?;
            replies.push((reply, taken));
            if self.must_commit || replies.len() >= ROUND_MAX {
                break;
            }
            next = jobs.try_recv().ok();
        }
        self.finish(replies).await
    }

    async fn wake(&mut self) -> Result<(), Stopped> {
        self.tick();
        self.core.handle_timeout(self.now);
        self.drain();
        self.finish(Vec::new()).await
    }

    /// Takes the time, held where the clock went back a little: the core's time does not.
    fn tick(&mut self) {
        let now = self.clock.now();
        let back = self.now.since(now);
        if back > CLOCK_SLACK {
            tracing::warn!(back_ms = back.0, "the clock went back");
        }
        self.now = if back > Millis::ZERO && back <= CLOCK_SLACK { self.now } else { now };
        self.identity.refresh(self.now);
    }

    /// Takes what the core wants done.
    pub(super) fn drain(&mut self) {
        while let Some(command) = self.core.poll_command() {
            self.effects.take(command, &self.identity, &self.places);
        }
    }

    /// Feeds the core, with what was saved of a customer first when it is not in memory.
    pub(super) async fn feed(&mut self, input: Input) -> crate::store::Result<()> {
        while let Some(customer) = self.core.needs(&input) {
            self.load(&customer).await?;
        }
        self.core.handle(input, self.now);
        self.drain();
        Ok(())
    }

    pub(super) async fn load(&mut self, customer: &CustomerId) -> crate::store::Result<()> {
        let saved = self.store.profile(customer).await?;
        let state = saved.and_then(|saved| match saved.state() {
            Ok(state) => Some(Box::new(state)),
            Err(cause) => {
                tracing::error!(%cause, "a customer's saved state can't be read; the profile starts again");
                None
            }
        });
        let is_new = state.is_none();
        self.core.handle(Input::Load { customer: customer.clone(), state }, self.now);
        if is_new && let Some(known) = self.store.customer(customer).await? {
            self.core.handle(Input::Consent { customer: customer.clone(), record: known.consent }, self.now);
        }
        Ok(())
    }

    /// Commits the round, then answers and shows it. Tries until it succeeds or the server stops.
    pub(super) async fn finish(
        &mut self,
        replies: Vec<(Option<oneshot::Sender<Taken>>, Taken)>,
    ) -> Result<(), Stopped> {
        let (refused, cancelled) = self.commit_round(replies).await?;
        if refused.is_empty() && cancelled.is_empty() {
            return Ok(());
        }
        for (customer, decision) in cancelled {
            self.core.handle(Input::Delivery { customer, decision, state: DeliveryState::Withheld }, self.now);
        }
        // What the store refused was never said: the core takes it back, and that is committed too.
        for (customer, decision, refusal) in refused {
            metrics::counter!("decisions_refused_at_commit_total", "code" => refusal.code()).increment(1);
            let (code, kept) = (refusal.code().to_owned(), refusal.kept());
            self.core.handle(Input::Refused { customer, decision, code, kept }, self.now);
        }
        self.drain();
        self.commit_round(Vec::new()).await.map(|_| ())
    }

    /// One commit, with its answers; gives the decisions that it refused, and the deliveries that it called back.
    async fn commit_round(
        &mut self,
        replies: Vec<(Option<oneshot::Sender<Taken>>, Taken)>,
    ) -> Result<(Vec<RefusedDecision>, Vec<(CustomerId, DecisionId)>), Stopped> {
        for (customer, packed) in self.core.take_changed() {
            let profile = packed.map(|packed| packed.as_bytes().to_vec());
            self.effects.changes.profiles.insert(customer, profile);
        }
        self.effects.changes.learnt = self.core.take_learnt();
        self.effects.changes.epochs = self.core.take_epochs();
        self.trace.collect(&mut self.core, &mut self.effects.changes.inputs, self.now);
        let mut effects = std::mem::take(&mut self.effects);
        self.consents.clear();
        self.must_commit = false;
        let committed = self.commit(&effects).await?;
        self.lease(&effects, &committed);
        effects.refuse(&committed.refused);
        self.answer(|id| effects.changes.decisions.get(&id).cloned());
        for (reply, taken) in replies {
            if let Some(reply) = reply {
                // Who asked may be gone; what was asked is done all the same.
                let _ = reply.send(taken);
            }
        }
        self.live.apply(&effects.presences, &effects.readings, effects.events, self.now);
        self.ill.tell(&self.core, &self.live, self.versions.keys(), self.now);
        Ok((committed.refused, committed.cancelled))
    }

    async fn commit(&mut self, effects: &Effects) -> Result<Committed, Stopped> {
        let mut pause = RETRY_FIRST;
        loop {
            match self.store.commit(&effects.changes).await {
                Ok(committed) => return Ok(committed),
                Err(cause) => {
                    metrics::counter!("commit_failures_total").increment(1);
                    let cause = anyhow::Error::new(cause);
                    tracing::error!(
                        cause = format!("{cause:#}"),
                        retry_ms = pause.as_millis(),
                        "could not commit; nothing is acknowledged until it works"
                    );
                }
            }
            self.pause(&mut pause).await?;
        }
    }

    /// Takes a request, and tries again while the database can't be read.
    async fn take_patiently(&mut self, request: super::Request) -> Result<Taken, Stopped> {
        let mut pause = RETRY_FIRST;
        loop {
            match self.take(request.clone()).await {
                Ok(taken) => return Ok(taken),
                Err(cause) => {
                    let cause = anyhow::Error::new(cause);
                    tracing::error!(
                        cause = format!("{cause:#}"),
                        retry_ms = pause.as_millis(),
                        "could not read the database"
                    );
                }
            }
            self.pause(&mut pause).await?;
        }
    }

    async fn pause(&self, pause: &mut Duration) -> Result<(), Stopped> {
        tokio::select! {
            () = self.shutdown.cancelled() => return Err(Stopped),
            () = tokio::time::sleep(*pause) => {}
        }
        *pause = pause.saturating_mul(2).min(RETRY_MAX);
        Ok(())
    }

    fn lease(&mut self, effects: &Effects, committed: &Committed) {
        for (lease, (units, used)) in effects.changes.leases.iter().zip(committed.leased.iter().zip(&committed.used)) {
            let (offer, store) = (lease.offer.clone(), lease.store.clone());
            self.core.handle(Input::Lease { offer, store, units: *units, used: Some(*used) }, self.now);
        }
        self.drain();
    }
}

/// Waits until the core wants to be woken; for ever when it does not.
async fn sleep_until(at: Option<Timestamp>, now: Timestamp) {
    match at {
        Some(at) => {
            let ms = u64::try_from(at.since(now).0).unwrap_or(0);
            // A moment that is due at once still gives other work its turn.
            tokio::time::sleep(Duration::from_millis(ms.clamp(1, 60_000))).await;
        }
        None => std::future::pending().await,
    }
}

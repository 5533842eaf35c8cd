//! The stage: children, bus, push service, devices and phones, all at their places, and the world that moves them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use futures::future::try_join_all;
use model::time::Timestamp;
use runtime::clock::{Clock, SystemClock};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Demo;
use super::child::{Child, peak_kib};
use super::config::RECEIVERS;
use super::observe::Observer;
use super::secrets::Secrets;
use super::show::Show;
use super::start;
use crate::api::Api;
use crate::bluez::{BlueZ, Bus};
use crate::chance::Chance;
use crate::device::{Output, Wall};
use crate::fleet::{Broker, Fleet};
use crate::person::{Kind, Person};
use crate::phone::{self, Input, Network, Phone, Shown, Tally};
use crate::push_service::{PushService, Pushed};
use crate::scenario::Scenario;
use crate::truth::PersonId;
use crate::world::{Happening, World};

/// Shown offers waiting for the world.
const SHOWN_MAX: usize = 256;

/// Where a person looks.
#[derive(Debug, Clone)]
pub(super) struct Whereabouts {
    pub(super) base: String,
    pub(super) gateway: String,
    pub(super) token: Option<String>,
    pub(super) write_key: String,
    /// Somebody with the app and every consent, whose second screen the demo phone can be.
    pub(super) shopper: Option<String>,
    pub(super) data: String,
}

/// What comes from outside.
pub(super) enum News {
    Pushed(Pushed),
    Shown(Shown),
    Seen(Value),
}

/// Everything that runs.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) api: Api,
    pub(super) devices: BTreeMap<String, PersonId>,
    pub(super) radio_told: u64,
    pub(super) lost_inputs: u64,
    pub(super) push_service: PushService,
    gateway_status: String,
    start: Timestamp,
    chance: Chance,
    wall: Wall,
    fleet: Option<Fleet>,
    bluez: BlueZ,
    bus: Bus,
    server: Child,
    gateway: Child,
    broker: Broker,
    phones: BTreeMap<PersonId, Phone>,
    network: Network,
    shown: mpsc::Receiver<Shown>,
    pushed: mpsc::Receiver<Pushed>,
    seen: mpsc::Receiver<Value>,
    seen_sender: mpsc::Sender<Value>,
    looking: Option<JoinHandle<()>>,
    whereabouts: Whereabouts,
    bus_memory_kib: Option<u64>,
    _temporary: Option<start::Temporary>,
}

impl Stage {
    /// Writes the files and starts every process, each after what it needs.
    pub(super) async fn set(demo: &Demo, show: &Show) -> anyhow::Result<Self> {
        let scenario = Scenario::read(demo.scenario).context("read the scenario's own files")?;
        let (folder, temporary) = start::folder(demo)?;
        folder.write_shop(demo.scenario)?;
        folder.write_server(start::listen(demo.listen)?)?;
        show.line("loading the shop, making keys and users")?;
        let secrets = Secrets::make(&folder).await?;
        show.line("starting attimo-server")?;
        let (server, base, broker, token) = start::server(&folder).await?;
        let (bus, bluez) = start::bluez(&folder, &scenario).await?;
        show.line("starting attimo-gateway")?;
        let radio = start::radio(&scenario)?;
        folder.write_gateway(&scenario, &broker, &radio)?;
        let (gateway, gateway_status) = start::gateway(&folder, &secrets, bus.address()).await?;
        let (push_service, pushed) = PushService::start().await.context("start the push service")?;
        let api = Api::new(&base, &secrets.write_key, &secrets.api_key)?;
        let start = SystemClock::new().now();
        let (sender, shown) = mpsc::channel(SHOWN_MAX);
        let (seen_sender, seen) = mpsc::channel(1);
        let network = network(&api, &scenario, sender);
        let world = World::new(scenario.clone(), demo.seed, start);
        let everything = |person: &&Person| matches!(person.kind, Kind::AppFull);
        let shopper = world.people().iter().find(everything).map(|person| phone::user(person.id));
        let whereabouts = Whereabouts {
            base,
            gateway: gateway_status.clone(),
            token,
            write_key: secrets.write_key,
            shopper,
            data: folder.root().display().to_string(),
        };
        Ok(Self {
            wall: Wall::new(&scenario, start),
            world,
            api,
            devices: BTreeMap::new(),
            radio_told: 0,
            lost_inputs: 0,
            push_service,
            gateway_status,
            start,
            chance: Chance::root(demo.seed).branch("stage", 0),
            fleet: None,
            bluez,
            bus,
            server,
            gateway,
            broker: Broker {
                url: broker,
                username: Some(RECEIVERS.to_owned()),
                password: Some(secrets.receivers_password),
            },
            phones: BTreeMap::new(),
            network,
            shown,
            pushed,
            seen,
            seen_sender,
            looking: None,
            whereabouts,
            bus_memory_kib: None,
            _temporary: temporary,
        })
    }

    /// Connects the devices and registers the phones; then the world begins.
    pub(super) async fn connect(&mut self, show: &Show) -> anyhow::Result<()> {
        show.line("connecting devices, registering phones")?;
        let scenario = self.world.scenario().clone();
        self.push_service.restrict(&self.api.push_key().await?);
        // What a sensor says before the gateway listens is lost, and with it the counter's beginning.
        start::wait_until_well(&self.gateway_status).await?;
        self.fleet = Some(Fleet::connect(&self.broker, &scenario).await?);
        let apps: Vec<Person> = self.world.people().iter().filter(|p| p.kind.has_app()).cloned().collect();
        let registered = try_join_all(apps.iter().map(|person| self.register(person))).await?;
        for (person, registered) in apps.iter().zip(registered) {
            self.world.set_air(person.id, registered.air, registered.prefix);
            self.devices.insert(registered.device.clone(), person.id);
            self.network.count(|tally| tally.stored += u64::from(registered.stored));
            // Every second phone has its page open and hears by the stream too.
            let streams = person.consent.marketing_push && person.id.0.is_multiple_of(2);
            let phone = Phone::start(person, registered, self.network.clone(), streams);
            self.phones.insert(person.id, phone);
        }
        let now = SystemClock::new().now();
        self.say(now).await
    }

    /// Moves the world on, and gives everybody what happened.
    pub(super) async fn step(&mut self, now: Timestamp) -> anyhow::Result<()> {
        for happening in self.world.step(now) {
            for output in self.wall.notice(&happening) {
                self.put_out(output, now).await?;
            }
            if let Happening::Acted { at, person, act } = happening
                && let Some(phone) = self.phones.get(&person)
            {
                self.lost_inputs += u64::from(!phone.give(Input::Act(at, act)));
            }
        }
        self.say(now).await
    }

    /// Asks the server what it sees now; the answer comes as news. While one question is open no other is asked.
    pub(super) fn look(&mut self) {
        if self.looking.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (api, seen) = (self.api.clone(), self.seen_sender.clone());
        let path = format!("/api/v1/stores/{}/now", self.world.scenario().shop.store.id);
        self.looking = Some(tokio::spawn(async move {
            match api.ask(&path).await {
                Ok(now) => drop(seen.send(now).await),
                Err(error) => tracing::warn!("ask the server what it sees: {error:#}"),
            }
        }));
    }

    /// The next thing that comes from outside.
    pub(super) async fn news(&mut self) -> News {
        // The stage holds a sender of every queue, so none of them ever ends.
        tokio::select! {
            Some(pushed) = self.pushed.recv() => News::Pushed(pushed),
            Some(shown) = self.shown.recv() => News::Shown(shown),
            Some(now) = self.seen.recv() => News::Seen(now),
            else => std::future::pending().await,
        }
    }

    /// Gives news to whom it is for.
    pub(super) fn take(&mut self, news: News, observer: &mut Observer) {
        match news {
            News::Pushed(pushed) => {
                if let Some(phone) = self.phones.get(&pushed.person) {
                    self.lost_inputs += u64::from(!phone.give(Input::Pushed(pushed.message)));
                }
            }
            News::Shown(shown) => {
                observer.shown(self.world.truth(), &self.world.scenario().shop, &shown);
                self.world.told(shown.person, shown.decision, &shown.offer);
            }
            News::Seen(now) => observer.seen(self.world.truth(), &self.located(), &now),
        }
    }

    /// Whom the server may locate by a name: who allows it, and the carts.
    fn located(&self) -> BTreeMap<String, PersonId> {
        let people = self.world.people();
        let allows = |id: &&PersonId| people[id.0].consent.locating;
        let devices = self.devices.iter().filter(|(_, id)| allows(id)).map(|(d, id)| (format!("device:{d}"), *id));
        let tags = &self.world.scenario().shop.tags;
        let cart = |person: &Person| match person.kind {
            Kind::Cart(number) => Some((format!("tag:{}", tags.get(number)?.id), person.id)),
            Kind::AppFull
            | Kind::AppWithdraws
            | Kind::AppNoPush
            | Kind::AppProfileOnly
            | Kind::AppNoConsent
            | Kind::Anonymous
            | Kind::Silent => None,
        };
        devices.chain(people.iter().filter_map(cart)).collect()
    }

    /// Fails if a child has died.
    pub(super) fn check_children(&mut self) -> anyhow::Result<()> {
        self.bus_memory_kib = self.bus.process().and_then(peak_kib).or(self.bus_memory_kib);
        while self.server.line().is_some() || self.gateway.line().is_some() {}
        self.server.check()?;
        self.gateway.check()
    }

    /// When the world began.
    pub(super) const fn started(&self) -> Timestamp {
        self.start
    }

    /// The gateway's own counters.
    pub(super) async fn gateway_metrics(&self) -> anyhow::Result<String> {
        let page = Api::new(&self.gateway_status, "", "")?;
        page.text("/metrics").await
    }

    pub(super) const fn whereabouts(&self) -> &Whereabouts {
        &self.whereabouts
    }

    pub(super) fn tally(&self) -> Tally {
        self.network.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Messages published per device, and dropped in all.
    pub(super) fn published(&self) -> (BTreeMap<String, u64>, u64) {
        self.fleet.as_ref().map_or_else(Default::default, |fleet| (fleet.published().clone(), fleet.dropped()))
    }

    /// The most memory each process ever had, in KiB.
    pub(super) fn memory_kib(&self) -> BTreeMap<&'static str, u64> {
        let of = [
            ("attimo-server", self.server.memory_kib()),
            ("attimo-gateway", self.gateway.memory_kib()),
            ("attimo-sim", peak_kib(std::process::id())),
            ("dbus-daemon", self.bus_memory_kib),
        ];
        of.into_iter().filter_map(|(name, kib)| Some((name, kib?))).collect()
    }

    /// Stops everything, each before what it needs.
    pub(super) async fn strike(&mut self, show: &Show) -> anyhow::Result<()> {
        show.line("stopping")?;
        self.network.stop.cancel();
        if let Some(fleet) = &self.fleet {
            fleet.disconnect().await;
        }
        let gateway = self.gateway.stop().await;
        let server = self.server.stop().await;
        self.bluez.stop().await;
        self.bus.stop().await;
        gateway.and(server)
    }

    async fn register(&self, person: &Person) -> anyhow::Result<crate::api::Registered> {
        let wants_push = person.consent.marketing_push;
        let push = wants_push.then(|| self.push_service.subscribe(person.id, &self.chance));
        self.api.register(phone::registration(person), push.as_ref()).await.context("register a phone")
    }

    async fn say(&mut self, now: Timestamp) -> anyhow::Result<()> {
        for output in self.wall.tick(now) {
            self.put_out(output, now).await?;
        }
        Ok(())
    }

    async fn put_out(&mut self, output: Output, now: Timestamp) -> anyhow::Result<()> {
        match (output, &mut self.fleet) {
            (Output::Radio(advertisement), _) => {
                let told = self.bluez.receive(&advertisement, now).await.context("tell the radio's clients")?;
                self.radio_told += u64::from(told);
            }
            (output @ Output::Publish { .. }, Some(fleet)) => fleet.send(output),
            (Output::Publish { .. }, None) => {}
        }
        Ok(())
    }
}

fn network(api: &Api, scenario: &Scenario, shown: mpsc::Sender<Shown>) -> Network {
    Network {
        api: api.clone(),
        shop: Arc::new(scenario.shop.clone()),
        shown,
        tally: Arc::new(Mutex::new(Tally::default())),
        stop: CancellationToken::new(),
        clock: Arc::default(),
    }
}

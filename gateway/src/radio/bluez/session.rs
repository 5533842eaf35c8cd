//! One stay on the bus: listens to BlueZ's signals, and does for each adapter what its watch asks for.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use model::time::{Millis, Timestamp};
use tokio_util::sync::CancellationToken;
use zbus::fdo::DBusProxy;
use zbus::{Connection, MatchRule, Message, MessageStream, ObjectPath, message};

use super::Source;
use super::control::{self, ADAPTER, BLUEZ, Control, DEVICE, OBJECTS, Objects, PROPERTIES};
use super::devices::{self, Devices, Heard, Properties};
use super::watch::{Fare, Todo, Watch};
use crate::metric::{self, Name};
use crate::radio::port::{Kind, RawAdvertisement};
use crate::radio::state::State;

/// Signals that may wait between the socket and us; beyond that the bus waits.
const SIGNALS_MAX: NonZeroUsize = NonZeroUsize::new(1_024).expect("not zero");
/// Signals that are worked off before anything else gets its turn.
const SIGNALS_AT_ONCE: usize = 256;
/// The longest sleep; nothing is late by more.
const SLEEP_MAX: Millis = Millis(1_000);
/// A daemon that is missing is waited for so long, before the bus is left and come back to.
const DAEMON_WAIT: Duration = Duration::from_secs(15);

/// Why a stay ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// The gateway stops.
    Stopped,
    /// The bus can't be reached, or is gone.
    Bus(String),
    /// Nobody answers for BlueZ.
    NoDaemon,
    /// The daemon is there again, or another one.
    NewDaemon,
    /// BlueZ answers with an error.
    Refused(String),
    /// The only adapter is gone.
    AdapterGone(String),
    /// It was quiet for so long that the bus itself is doubted.
    Quiet,
}

impl Ended {
    /// Whether to come back at once, and what people are told.
    pub(super) fn consequence(self) -> (bool, Option<String>) {
        match self {
            Self::Stopped | Self::NewDaemon | Self::Quiet => (true, None),
            Self::AdapterGone(name) => (true, Some(format!("the adapter {name} is gone: plug it in again"))),
            Self::Bus(problem) => (false, Some(format!("the system's message bus does not answer: {problem}"))),
            Self::NoDaemon => (false, Some(NO_DAEMON.to_owned())),
            Self::Refused(problem) => (false, Some(format!("BlueZ refuses: {problem}"))),
        }
    }
}

const NO_DAEMON: &str = "no Bluetooth daemon answers: install bluez, or start it with systemctl start bluetooth";

struct Adapter {
    watch: Watch,
    devices: Devices,
    last: Timestamp,
}

type Done = (String, Todo, Result<(), String>);

/// A stay on the bus.
pub(super) struct Session<'s> {
    source: &'s Source,
    control: Control,
    signals: MessageStream,
    owner: String,
    adapters: BTreeMap<String, Adapter>,
    tasks: FuturesUnordered<BoxFuture<'static, Done>>,
    quiet_rounds: u32,
}

impl<'s> Session<'s> {
    /// Connects, and learns what is there.
    pub(super) async fn open(source: &'s Source, quiet_rounds: u32) -> Result<Self, Ended> {
        let bus = source.options.bus.as_deref();
        let gone = |cause: zbus::Error| Ended::Bus(cause.to_string());
        let control = Control::new(control::connect(bus).await.map_err(gone)?);
        let listening = control::connect(bus).await.map_err(gone)?;
        let mut signals = listen(&listening).await.map_err(gone)?;
        let (owner, objects) = match control.objects().await {
            Ok(found) => found,
            Err(cause) if control::is_missing(&cause) => {
                source.tell(State::Silent { reason: NO_DAEMON.to_owned() });
                return Err(wait_for_daemon(&mut signals).await);
            }
            Err(cause) => return Err(Ended::Refused(control::words(&cause))),
        };
        let tasks = FuturesUnordered::new();
        let mut session = Self { source, control, signals, owner, adapters: BTreeMap::new(), tasks, quiet_rounds };
        session.learn(&objects);
        session.report();
        Ok(session)
    }

    /// Listens until something ends it.
    pub(super) async fn run(&mut self, stop: &CancellationToken) -> Ended {
        let control = self.control.clone();
        loop {
            if let Some(ended) = self.begin_what_is_due() {
                return ended;
            }
            let sleep = self.sleep();
            let step = tokio::select! {
                () = stop.cancelled() => Err(Ended::Stopped),
                () = control.closed() => Err(Ended::Bus("it closed the connection".to_owned())),
                message = self.signals.next() => self.signals(message),
                Some(done) = self.tasks.next() => self.done(done),
                () = tokio::time::sleep(sleep) => Ok(()),
            };
            if let Err(ended) = step {
                return ended;
            }
        }
    }

    /// Ends discovery in order.
    pub(super) async fn close(self) {
        let Self { control, adapters, .. } = self;
        for name in adapters.keys() {
            control.stop(name).await;
        }
    }

    /// The quiet rounds in a row, of the adapter that had most.
    pub(super) fn quiet_rounds(&self) -> u32 {
        self.adapters.values().map(|adapter| adapter.watch.quiet_rounds()).max().unwrap_or(0)
    }

    fn learn(&mut self, objects: &Objects) {
        let found = control::adapters(objects);
        let named = self.source.options.adapters.clone();
        let first = found.first().map(|(name, _)| name.clone());
        let wanted = if named.is_empty() { first.into_iter().collect() } else { named };
        for name in wanted {
            self.add(&name);
        }
        let now = self.source.now();
        for (name, powered) in found {
            if let Some(adapter) = self.adapters.get_mut(&name) {
                adapter.watch.appeared(powered, now);
            }
        }
        let by_path: BTreeMap<_, _> = objects.iter().map(|(path, interfaces)| (path.as_str(), interfaces)).collect();
        for (path, interfaces) in by_path {
            let Some((name, address)) = devices::device_path(path) else { continue };
            if let (Some(adapter), Some(properties)) = (self.adapters.get_mut(name), interfaces.get(DEVICE)) {
                let kind = properties.get("AddressType").map(|kind| ("AddressType", kind.try_clone()));
                if let Some((key, Ok(kind))) = kind {
                    adapter.devices.remember(address, &Properties::from([(key, kind.into())]));
                }
            }
        }
    }

    fn add(&mut self, name: &str) {
        let mut watch = Watch::new(self.source.options.power_on, self.source.silence());
        watch.keep_quiet(self.quiet_rounds);
        let adapter = Adapter { watch, devices: Devices::default(), last: self.source.time() };
        self.adapters.insert(name.to_owned(), adapter);
    }

    fn begin_what_is_due(&mut self) -> Option<Ended> {
        let now = self.source.now();
        let mut began = false;
        for (name, adapter) in &mut self.adapters {
            let Some(todo) = adapter.watch.due(now) else { continue };
            if todo == Todo::Reconnect {
                return Some(Ended::Quiet);
            }
            if adapter.watch.fare() != Fare::Starting {
                metric::add(Name::RadioRestarts, 1);
            }
            self.source.sink.broke(name);
            began = true;
            let (control, name) = (self.control.clone(), name.clone());
            self.tasks.push(async move { (name.clone(), todo, control.perform(&name, todo).await) }.boxed());
        }
        if began {
            self.report();
        }
        None
    }

    fn sleep(&self) -> Duration {
        let now = self.source.now();
        let due = self.adapters.values().filter_map(|adapter| adapter.watch.deadline()).min();
        let wait = due.map_or(SLEEP_MAX.0, |due| due.0.saturating_sub(now.0).clamp(0, SLEEP_MAX.0));
        Duration::from_millis(u64::try_from(wait).unwrap_or(0))
    }

    fn done(&mut self, (name, todo, result): Done) -> Result<(), Ended> {
        if let Some(adapter) = self.adapters.get_mut(&name) {
            adapter.watch.done(todo, result, self.source.now());
        }
        self.report();
        Ok(())
    }

    /// Works off what is there, so that the bus never has to wait for us.
    fn signals(&mut self, first: Option<Result<Message, zbus::Error>>) -> Result<(), Ended> {
        let mut next = Some(first);
        for _ in 0..SIGNALS_AT_ONCE {
            let Some(message) = next else { return Ok(()) };
            let Some(message) = message else { return Err(Ended::Bus("it closed the connection".to_owned())) };
            let message = message.map_err(|cause| Ended::Bus(cause.to_string()))?;
            self.signal(&message)?;
            next = self.signals.next().now_or_never();
        }
        // The last one was taken out already.
        if let Some(Some(Ok(message))) = next { self.signal(&message) } else { Ok(()) }
    }

    fn signal(&mut self, message: &Message) -> Result<(), Ended> {
        let header = message.header();
        let member = header.member().map_or("", |member| member.as_str());
        if member == "NameOwnerChanged" {
            return owner_change(message).map_or(Ok(()), Err);
        }
        // Anybody on the bus may send something that looks like a signal of BlueZ.
        if header.sender().is_none_or(|sender| sender.as_str() != self.owner) {
            return Ok(());
        }
        let path = header.path().map_or("", |path| path.as_str());
        match member {
            "PropertiesChanged" => self.properties_changed(message, path),
            "InterfacesAdded" => self.interfaces_added(message),
            "InterfacesRemoved" => self.interfaces_removed(message),
            _ => Ok(()),
        }
    }

    fn properties_changed(&mut self, message: &Message, path: &str) -> Result<(), Ended> {
        let body = message.body();
        let Ok((interface, changed, _)) = body.deserialize::<(&str, Properties<'_>, Vec<&str>)>() else {
            return Ok(());
        };
        if interface == DEVICE {
            let Some((name, address)) = devices::device_path(path) else { return Ok(()) };
            if let Some(adapter) = self.adapters.get_mut(name) {
                let heard = adapter.devices.changed(address, &changed);
                self.pass_on(name, heard);
            }
        } else if interface == ADAPTER
            && let Some(name) = devices::adapter_path(path)
            && let Some(adapter) = self.adapters.get_mut(name)
        {
            let now = self.source.now();
            if let Some(zbus::Variant::Bool(on)) = changed.get("Powered") {
                adapter.watch.powered(*on, now);
            }
            if let Some(zbus::Variant::Bool(on)) = changed.get("Discovering") {
                adapter.watch.discovering(*on, now);
            }
            self.report();
        }
        Ok(())
    }

    fn interfaces_added(&mut self, message: &Message) -> Result<(), Ended> {
        let body = message.body();
        let Ok((path, interfaces)) = body.deserialize::<(ObjectPath<'_>, HashMap<&str, Properties<'_>>)>() else {
            return Ok(());
        };
        if let (Some((name, address)), Some(properties)) = (devices::device_path(&path), interfaces.get(DEVICE)) {
            if let Some(adapter) = self.adapters.get_mut(name) {
                let heard = adapter.devices.appeared(address, properties);
                self.pass_on(name, heard);
            }
        } else if let (Some(name), Some(properties)) = (devices::adapter_path(&path), interfaces.get(ADAPTER)) {
            if self.adapters.is_empty() && self.source.options.adapters.is_empty() {
                self.add(name);
            }
            let powered = matches!(properties.get("Powered"), Some(zbus::Variant::Bool(true)));
            if let Some(adapter) = self.adapters.get_mut(name) {
                adapter.watch.appeared(powered, self.source.now());
                self.report();
            }
        }
        Ok(())
    }

    fn interfaces_removed(&mut self, message: &Message) -> Result<(), Ended> {
        let body = message.body();
        let Ok((path, interfaces)) = body.deserialize::<(ObjectPath<'_>, Vec<&str>)>() else {
            return Ok(());
        };
        if interfaces.contains(&DEVICE)
            && let Some((name, address)) = devices::device_path(&path)
            && let Some(adapter) = self.adapters.get_mut(name)
        {
            adapter.devices.vanished(address);
        } else if interfaces.contains(&ADAPTER)
            && let Some(name) = devices::adapter_path(&path)
            && let Some(adapter) = self.adapters.get_mut(name)
        {
            self.source.sink.broke(name);
            if self.source.options.adapters.is_empty() {
                return Err(Ended::AdapterGone(name.to_owned()));
            }
            adapter.watch.vanished();
            adapter.devices = Devices::default();
            self.report();
        }
        Ok(())
    }

    fn pass_on(&mut self, name: &str, heard: Option<Heard>) {
        let (Some(heard), Some(adapter)) = (heard, self.adapters.get_mut(name)) else { return };
        let (now, time) = (self.source.now(), self.source.time());
        adapter.last = time;
        let Heard { address, rssi, bytes } = heard;
        let raw = RawAdvertisement { time, adapter: name.to_owned(), address, kind: Kind::Unknown, rssi, bytes };
        self.source.sink.put(raw, now);
        if adapter.watch.heard(now) {
            self.report();
        }
    }

    /// Says how the radio fares; with several adapters, what is worst.
    fn report(&self) {
        let state = |(name, adapter): (&String, &Adapter)| match adapter.watch.fare() {
            Fare::Gone => State::Silent { reason: format!("the adapter {name} is not there: plug it in") },
            Fare::Off => State::Silent { reason: format!("the adapter {name} is switched off") },
            Fare::Failed(problem) => State::Silent { reason: format!("the adapter {name} does not start: {problem}") },
            Fare::Starting => State::Starting,
            Fare::Hearing => State::Hearing,
            Fare::Quiet => State::Quiet { adapter: name.clone(), since: adapter.last },
        };
        let worst = self.adapters.iter().map(state).reduce(State::worse);
        let none = || State::Silent { reason: "there is no Bluetooth adapter: plug one in".to_owned() };
        self.source.tell(worst.unwrap_or_else(none));
    }
}

/// Asks the bus for everything that is to be heard, and gives it in the order it comes.
async fn listen(connection: &Connection) -> Result<MessageStream, zbus::Error> {
    let mut signals = MessageStream::from(connection);
    signals.set_max_queued(SIGNALS_MAX);
    let bus = DBusProxy::new(connection).await?;
    let signal = || MatchRule::builder().msg_type(message::Type::Signal);
    let names = signal().sender("org.freedesktop.DBus").member("NameOwnerChanged").add_arg(BLUEZ).build()?;
    let objects = signal().sender(BLUEZ).interface(OBJECTS).build()?;
    let properties = signal().sender(BLUEZ).interface(PROPERTIES).path_namespace("/org/bluez").build()?;
    for rule in [names, objects, properties] {
        bus.add_match_rule(rule).await?;
    }
    Ok(signals)
}

/// Somebody else answers for BlueZ now, or nobody.
fn owner_change(message: &Message) -> Option<Ended> {
    let header = message.header();
    if header.sender().is_none_or(|sender| sender.as_str() != "org.freedesktop.DBus") {
        return None;
    }
    let body = message.body();
    let (name, _, new) = body.deserialize::<(&str, &str, &str)>().ok()?;
    (name == BLUEZ).then_some(if new.is_empty() { Ended::NoDaemon } else { Ended::NewDaemon })
}

/// Waits for BlueZ to come, so that the radio is back the moment it does.
async fn wait_for_daemon(signals: &mut MessageStream) -> Ended {
    let waiting = async {
        while let Some(Ok(message)) = signals.next().await {
            let named = message.header().member().is_some_and(|member| member.as_str() == "NameOwnerChanged");
            if named && owner_change(&message) == Some(Ended::NewDaemon) {
                return Ended::NewDaemon;
            }
        }
        Ended::Bus("it closed the connection".to_owned())
    };
    tokio::time::timeout(DAEMON_WAIT, waiting).await.unwrap_or(Ended::NoDaemon)
}

//! A simulated BlueZ: `org.bluez` on a private `dbus-daemon`, with an adapter, as many devices as asked, and faults on demand.
//!
//! It behaves as bluetoothd does towards a scanning client: nothing is told before discovery was started, a device seen
//! for the first time is announced with its data, later advertisements come as one change of properties each,
//! and devices not heard for a while are removed.

mod adapter;
mod bus;
mod device;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use model::time::{Millis, Timestamp};
use wire::ble::ad;
use wire::ble::address::{Address, AddressKind};
use zbus::fdo::{ObjectManager, Properties};
use zbus::object_server::SignalEmitter;
use zbus::{Connection, Variant, connection};

pub use bus::Bus;
use device::Device;

/// Devices not heard for so long are removed, as bluetoothd's `TemporaryTimeout` does.
const TEMPORARY: Millis = Millis::seconds(30);
/// How often it is looked for them.
const LOOK_EVERY: Millis = Millis::seconds(1);
/// Without a proximity filter bluetoothd tells only changes of so many dB.
const RSSI_STEP: i16 = 8;
/// The name on the bus.
const NAME: &str = "org.bluez";

/// Why the simulated BlueZ failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the bus could not be written or read.
    #[error("prepare the private bus in {folder}")]
    Folder {
        /// Where.
        folder: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// `dbus-daemon` does not start.
    #[error("start dbus-daemon: {problem}; install the package dbus")]
    Daemon {
        /// Why.
        problem: String,
    },
    /// The bus refused something.
    #[error("talk over the private bus")]
    Bus(#[from] zbus::Error),
}

/// How bluetoothd treats signal strengths; it changed in July 2026.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Version {
    /// Any filter at all makes it tell every strength.
    #[default]
    UpTo587,
    /// Only a filter on RSSI or path loss does; others get steps of 8 dB.
    From588,
}

/// What clients have asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// `StartDiscovery`, this often.
    pub start_discovery: u32,
    /// `StopDiscovery`, this often.
    pub stop_discovery: u32,
    /// The keys of each `SetDiscoveryFilter`, in order.
    pub filters: Vec<Vec<String>>,
    /// `Powered` was set, this often.
    pub powered: u32,
}

/// An advertisement as the adapter receives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Advertisement {
    /// From which address.
    pub address: Address,
    /// How strong, in dBm.
    pub rssi: i16,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// The adapter's state, shared between the bus objects and the simulator.
#[derive(Debug, Default)]
struct State {
    powered: bool,
    discovering: bool,
    filter: Vec<String>,
    calls: Calls,
}

#[derive(Debug)]
struct Known {
    facts: device::Shared,
    path: String,
    last: Timestamp,
    told_rssi: i16,
}

/// The simulated daemon with one adapter.
#[derive(Debug)]
pub struct BlueZ {
    bus: String,
    adapter: String,
    version: Version,
    connection: Option<Connection>,
    state: Arc<Mutex<State>>,
    devices: BTreeMap<Address, Known>,
    looked: Timestamp,
    silent: bool,
    plugged: bool,
}

impl BlueZ {
    /// Starts it on a bus, with one adapter that is off until a client or [`BlueZ::set_powered`] turns it on.
    ///
    /// # Errors
    /// [`Error`] when the bus can't be reached or the name is taken.
    pub async fn start(bus: &str, adapter: &str) -> Result<Self, Error> {
        let mut bluez = Self {
            bus: bus.to_owned(),
            adapter: adapter.to_owned(),
            version: Version::default(),
            connection: None,
            state: Arc::new(Mutex::new(State::default())),
            devices: BTreeMap::new(),
            looked: Timestamp(0),
            silent: false,
            plugged: true,
        };
        bluez.connect().await?;
        Ok(bluez)
    }

    /// Behaves as another version does.
    pub const fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// Whether a client has discovery running.
    #[must_use]
    pub fn is_discovering(&self) -> bool {
        lock(&self.state).discovering
    }

    /// What clients have asked for since the start.
    #[must_use]
    pub fn calls(&self) -> Calls {
        lock(&self.state).calls.clone()
    }

    /// Devices known now.
    #[must_use]
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// Takes an advertisement in; true if a client was told of it.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn receive(&mut self, advertisement: &Advertisement, now: Timestamp) -> Result<bool, Error> {
        let listening = {
            let state = lock(&self.state);
            state.powered && state.discovering
        };
        if !listening || self.silent || !self.plugged || self.connection.is_none() {
            return Ok(false);
        }
        self.forget_unheard(now).await?;
        match self.devices.contains_key(&advertisement.address) {
            true => self.update(advertisement, now).await?,
            false => self.announce(advertisement, now).await?,
        }
        Ok(true)
    }

    /// Fault: turns the adapter off or on, as a person or rfkill does. Discovery ends when it goes off.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn set_powered(&mut self, powered: bool) -> Result<(), Error> {
        {
            let mut state = lock(&self.state);
            state.powered = powered;
            state.discovering &= powered;
        }
        let discovering = self.is_discovering();
        let changed = HashMap::from([("Powered", Variant::from(powered)), ("Discovering", Variant::from(discovering))]);
        let path = self.adapter_path();
        self.tell(&path, "org.bluez.Adapter1", changed).await
    }

    /// Fault: hears nothing more, without saying so, as a stuck controller does.
    pub const fn set_silent(&mut self, silent: bool) {
        self.silent = silent;
    }

    /// Fault: the dongle is pulled. The adapter and its devices leave the bus, the daemon stays.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn unplug(&mut self) -> Result<(), Error> {
        self.plugged = false;
        let devices = std::mem::take(&mut self.devices);
        self.forget_calls();
        let Some(connection) = &self.connection else { return Ok(()) };
        for known in devices.values() {
            connection.object_server().remove::<Device, _>(known.path.as_str()).await?;
        }
        connection.object_server().remove::<adapter::Adapter, _>(self.adapter_path().as_str()).await?;
        Ok(())
    }

    /// The dongle is back, switched off as after a cold start. Nobody's discovery runs there.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn plug(&mut self) -> Result<(), Error> {
        self.plugged = true;
        let Some(connection) = &self.connection else { return Ok(()) };
        let adapter = adapter::Adapter::new(&self.adapter, self.state.clone());
        connection.object_server().at(self.adapter_path(), adapter).await?;
        Ok(())
    }

    /// Fault: the daemon dies. Its name leaves the bus, and all it knew is forgotten.
    pub async fn stop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
        self.devices.clear();
        self.plugged = true;
        self.forget_calls();
    }

    /// Fault: the daemon dies and another one starts. Nobody's discovery runs there.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.stop().await;
        self.connect().await
    }

    /// What clients have asked of an adapter goes with it.
    fn forget_calls(&self) {
        let mut state = lock(&self.state);
        state.powered = false;
        state.discovering = false;
        state.filter.clear();
    }

    async fn connect(&mut self) -> Result<(), Error> {
        let adapter = adapter::Adapter::new(&self.adapter, self.state.clone());
        let connection = connection::Builder::address(self.bus.as_str())
            .serve_at("/", ObjectManager)
            .serve_at("/org/bluez", adapter::Agents)
            .serve_at(self.adapter_path(), adapter)
            .name(NAME)
            .build()
            .await?;
        self.connection = Some(connection);
        Ok(())
    }

    fn adapter_path(&self) -> String {
        format!("/org/bluez/{}", self.adapter)
    }

    async fn announce(&mut self, advertisement: &Advertisement, now: Timestamp) -> Result<(), Error> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let name = colons(&advertisement.address).replace(':', "_");
        let path = format!("{}/dev_{name}", self.adapter_path());
        let facts = device::Shared::default();
        facts.set(advertisement);
        let device = Device::new(advertisement.address, self.adapter_path(), facts.clone());
        connection.object_server().at(path.as_str(), device).await?;
        let known = Known { facts, path, last: now, told_rssi: advertisement.rssi };
        self.devices.insert(advertisement.address, known);
        Ok(())
    }

    async fn update(&mut self, advertisement: &Advertisement, now: Timestamp) -> Result<(), Error> {
        let exact = self.tells_every_rssi();
        let Some(known) = self.devices.get_mut(&advertisement.address) else { return Ok(()) };
        known.last = now;
        let mut told = advertisement.clone();
        if !exact && (advertisement.rssi - known.told_rssi).abs() < RSSI_STEP {
            told.rssi = known.told_rssi;
        }
        let rssi_changed = exact || told.rssi != known.told_rssi;
        known.told_rssi = told.rssi;
        known.facts.set(&told);
        let changed = known.facts.changes(rssi_changed);
        let path = known.path.clone();
        self.tell(&path, "org.bluez.Device1", changed).await
    }

    fn tells_every_rssi(&self) -> bool {
        let state = lock(&self.state);
        match self.version {
            Version::UpTo587 => !state.filter.is_empty(),
            Version::From588 => state.filter.iter().any(|key| key == "RSSI" || key == "Pathloss"),
        }
    }

    async fn forget_unheard(&mut self, now: Timestamp) -> Result<(), Error> {
        let Some(connection) = &self.connection else { return Ok(()) };
        // Thousands of devices are not looked through for every advertisement.
        if now.since(self.looked).0.abs() < LOOK_EVERY.0 {
            return Ok(());
        }
        self.looked = now;
        let unheard = |known: &Known| now.since(known.last) > TEMPORARY;
        let gone: Vec<Address> = self.devices.iter().filter(|(_, k)| unheard(k)).map(|(a, _)| *a).collect();
        for address in gone {
            if let Some(known) = self.devices.remove(&address) {
                connection.object_server().remove::<Device, _>(known.path.as_str()).await?;
            }
        }
        Ok(())
    }

    async fn tell(&self, path: &str, interface: &str, changed: HashMap<&str, Variant<'_>>) -> Result<(), Error> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let emitter = SignalEmitter::new(connection, path)?;
        let interface = zbus::names::InterfaceName::try_from(interface)?;
        Properties::properties_changed(&emitter, interface, changed, (&[][..]).into()).await?;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A task that panicked while it held the lock left plain values behind: they are still right.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn colons(address: &Address) -> String {
    address.to_colons()
}

const fn kind_word(kind: AddressKind) -> &'static str {
    match kind {
        AddressKind::Public | AddressKind::Unknown => "public",
        AddressKind::Random => "random",
    }
}

/// An advertisement's parts, as bluetoothd splits them.
#[derive(Debug, Clone, Default, PartialEq)]
struct Parts {
    manufacturer: Vec<(u16, Vec<u8>)>,
    service: Vec<(String, Vec<u8>)>,
    uuids: Vec<String>,
}

fn split(bytes: &[u8]) -> Parts {
    let mut parts = Parts::default();
    for structure in ad::structures(bytes) {
        if let Some((company, data)) = structure.manufacturer() {
            parts.manufacturer.push((company, data.to_vec()));
        } else if let Some((uuid, data)) = structure.service16() {
            parts.service.push((long_uuid(uuid), data.to_vec()));
        } else if structure.kind == ad::COMPLETE_UUIDS16 {
            parts
                .uuids
                .extend(structure.data.chunks_exact(2).map(|uuid| long_uuid(u16::from_le_bytes([uuid[0], uuid[1]]))));
        }
    }
    parts
}

fn long_uuid(uuid: u16) -> String {
    format!("0000{uuid:04x}-0000-1000-8000-00805f9b34fb")
}

#[cfg(test)]
mod tests;

//! One adapter of the simulated daemon: what clients asked of it, which devices it knows, and its faults.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use model::time::{Millis, Timestamp};
use wire::ble::address::Address;
use zbus::fdo::Properties;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, Variant};

use super::adapter::Adapter;
use super::device::{self, Device};
use super::{Advertisement, Calls, Error, State, Version, colons, lock};

/// Devices not heard for so long are removed, as bluetoothd's `TemporaryTimeout` does.
const TEMPORARY: Millis = Millis::seconds(30);
/// How often it is looked for them.
const LOOK_EVERY: Millis = Millis::seconds(1);
/// Without a proximity filter bluetoothd tells only changes of so many dB.
const RSSI_STEP: i16 = 8;

#[derive(Debug)]
struct Known {
    facts: device::Shared,
    path: String,
    last: Timestamp,
    told_rssi: i16,
}

/// An adapter, off until a client or [`Radio::set_powered`] turns it on.
#[derive(Debug)]
pub struct Radio {
    name: String,
    version: Version,
    /// None while no daemon runs.
    connection: Option<Connection>,
    state: Arc<Mutex<State>>,
    devices: BTreeMap<Address, Known>,
    looked: Timestamp,
    silent: bool,
    plugged: bool,
}

impl Radio {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: Version::default(),
            connection: None,
            state: Arc::new(Mutex::new(State::default())),
            devices: BTreeMap::new(),
            looked: Timestamp(0),
            silent: false,
            plugged: true,
        }
    }

    pub(super) const fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// Its object, for the daemon that begins to serve it.
    pub(super) fn object(&self) -> Adapter {
        Adapter::new(&self.name, self.state.clone())
    }

    pub(super) fn path(&self) -> String {
        format!("/org/bluez/{}", self.name)
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    pub(super) fn serve(&mut self, connection: Connection) {
        self.connection = Some(connection);
    }

    /// The daemon is gone, and with it all that it knew.
    pub(super) fn lose_daemon(&mut self) {
        self.connection = None;
        self.devices.clear();
        self.plugged = true;
        self.forget_calls();
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
        self.tell(&self.path(), "org.bluez.Adapter1", changed).await
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
        connection.object_server().remove::<Adapter, _>(self.path().as_str()).await?;
        Ok(())
    }

    /// The dongle is back, switched off as after a cold start. Nobody's discovery runs there.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn plug(&mut self) -> Result<(), Error> {
        self.plugged = true;
        let Some(connection) = &self.connection else { return Ok(()) };
        connection.object_server().at(self.path(), self.object()).await?;
        Ok(())
    }

    /// What clients have asked of an adapter goes with it.
    fn forget_calls(&self) {
        let mut state = lock(&self.state);
        state.powered = false;
        state.discovering = false;
        state.filter.clear();
    }

    async fn announce(&mut self, advertisement: &Advertisement, now: Timestamp) -> Result<(), Error> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let name = colons(&advertisement.address).replace(':', "_");
        let path = format!("{}/dev_{name}", self.path());
        let facts = device::Shared::default();
        facts.set(advertisement);
        let device = Device::new(advertisement.address, self.path(), facts.clone());
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
            Version::From588 => state.filter.keys().any(|key| key == "RSSI" || key == "Pathloss"),
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

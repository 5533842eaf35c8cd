//! A simulated BlueZ: `org.bluez` on a private `dbus-daemon`, with adapters, as many devices as asked, and faults on demand.
//!
//! It behaves as bluetoothd does towards a scanning client: nothing is told before discovery was started, a device seen
//! for the first time is announced with its data, later advertisements come as one change of properties each,
//! and devices not heard for a while are removed.

mod adapter;
mod bus;
mod device;
mod radio;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use model::time::Timestamp;
use wire::ble::ad;
use wire::ble::address::{Address, AddressKind};
use zbus::fdo::ObjectManager;
use zbus::{Connection, connection};

pub use bus::Bus;
pub use radio::Radio;

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

/// What a client wants to be told, by key, with the values as D-Bus writes them.
pub type Filter = BTreeMap<String, String>;

/// What clients have asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// `StartDiscovery`, this often.
    pub start_discovery: u32,
    /// `StopDiscovery`, this often.
    pub stop_discovery: u32,
    /// Each `SetDiscoveryFilter` in order, with its values in words.
    pub filters: Vec<Filter>,
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
    filter: Filter,
    calls: Calls,
}

/// The simulated daemon. What is asked of it without naming an adapter is asked of the first one.
#[derive(Debug)]
pub struct BlueZ {
    bus: String,
    connection: Option<Connection>,
    first: Radio,
    others: Vec<Radio>,
}

impl BlueZ {
    /// Starts it on a bus, with one adapter that is off until a client or [`BlueZ::set_powered`] turns it on.
    ///
    /// # Errors
    /// [`Error`] when the bus can't be reached or the name is taken.
    pub async fn start(bus: &str, adapter: &str) -> Result<Self, Error> {
        let mut bluez = Self { bus: bus.to_owned(), connection: None, first: Radio::new(adapter), others: Vec::new() };
        bluez.connect().await?;
        Ok(bluez)
    }

    /// Plugs one more adapter in, which is off.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn add(&mut self, adapter: &str) -> Result<(), Error> {
        let mut radio = Radio::new(adapter);
        if let Some(connection) = &self.connection {
            radio.serve(connection.clone());
        }
        radio.plug().await?;
        self.others.push(radio);
        Ok(())
    }

    /// One of the adapters.
    pub fn adapter(&mut self, name: &str) -> Option<&mut Radio> {
        self.radios_mut().find(|radio| radio.is(name))
    }

    /// Behaves as another version does.
    pub fn set_version(&mut self, version: Version) {
        self.radios_mut().for_each(|radio| radio.set_version(version));
    }

    /// Whether a client has discovery running.
    #[must_use]
    pub fn is_discovering(&self) -> bool {
        self.first.is_discovering()
    }

    /// What clients have asked for since the start.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.first.calls()
    }

    /// Devices known now.
    #[must_use]
    pub fn device_count(&self) -> usize {
        self.first.device_count()
    }

    /// Takes an advertisement in; true if a client was told of it.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn receive(&mut self, advertisement: &Advertisement, now: Timestamp) -> Result<bool, Error> {
        self.first.receive(advertisement, now).await
    }

    /// Fault: turns the adapter off or on, as a person or rfkill does. Discovery ends when it goes off.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn set_powered(&mut self, powered: bool) -> Result<(), Error> {
        self.first.set_powered(powered).await
    }

    /// Fault: hears nothing more, without saying so, as a stuck controller does.
    pub const fn set_silent(&mut self, silent: bool) {
        self.first.set_silent(silent);
    }

    /// Fault: the dongle is pulled. The adapter and its devices leave the bus, the daemon stays.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn unplug(&mut self) -> Result<(), Error> {
        self.first.unplug().await
    }

    /// The dongle is back, switched off as after a cold start. Nobody's discovery runs there.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn plug(&mut self) -> Result<(), Error> {
        self.first.plug().await
    }

    /// Fault: the daemon dies. Its name leaves the bus, and all it knew is forgotten.
    pub async fn stop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
        self.radios_mut().for_each(Radio::lose_daemon);
    }

    /// Fault: the daemon dies and another one starts. Nobody's discovery runs there.
    ///
    /// # Errors
    /// [`Error`] when the bus is gone.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.stop().await;
        self.connect().await
    }

    async fn connect(&mut self) -> Result<(), Error> {
        let mut builder = connection::Builder::address(self.bus.as_str())
            .serve_at("/", ObjectManager)
            .serve_at("/org/bluez", adapter::Agents);
        for radio in self.radios_mut() {
            builder = builder.serve_at(radio.path(), radio.object());
        }
        let connection = builder.name(NAME).build().await?;
        self.radios_mut().for_each(|radio| radio.serve(connection.clone()));
        self.connection = Some(connection);
        Ok(())
    }

    fn radios_mut(&mut self) -> impl Iterator<Item = &mut Radio> {
        std::iter::once(&mut self.first).chain(&mut self.others)
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

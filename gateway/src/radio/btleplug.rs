//! Advertisements from the system's Bluetooth service through `btleplug`; on Linux that is BlueZ over D-Bus.
//!
//! Its event stream falls silent without an end or an error when the adapter loses power, the service restarts, the dongle
//! is pulled or the bus dies. So silence is the one symptom that counts: after it, the session is started anew.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use btleplug::api::{Central, CentralEvent, CentralState, Manager as _, Peripheral as _, ScanFilter};
use btleplug::platform::{Adapter, Manager, PeripheralId};
use futures::StreamExt;
use model::time::Timestamp;
use runtime::clock::Clock;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::ble::address::{Address, AddressKind};

use super::join::{Joiner, Part};
use super::port::{Kind, RawAdvertisement, Sink};
use super::state::State;
use super::structures::Uuid;
use crate::metric::{self, Name};

/// Longest wait for one answer of the Bluetooth service while a session starts.
const START_MAX: Duration = Duration::from_secs(10);
/// The first pause after a session that could not start.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// A source of advertisements.
pub struct Source {
    adapter: Option<String>,
    silence: Duration,
    sink: Sink,
    clock: Arc<dyn Clock>,
    state: watch::Sender<State>,
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the gateway stops")]
    Stopped,
    #[error("the Bluetooth service does not answer")]
    Bluetooth(#[from] btleplug::Error),
    #[error("the Bluetooth service took too long to answer")]
    Slow,
    #[error("there is no adapter {0}")]
    NoAdapter(String),
    #[error("the adapter was switched off")]
    PoweredOff,
    #[error("nothing was heard on {0}")]
    Silence(String),
    #[error("the stream of events ended")]
    Stream,
}

impl Source {
    /// A source that has not been started.
    #[must_use]
    pub const fn new(
        adapter: Option<String>,
        silence: Duration,
        sink: Sink,
        clock: Arc<dyn Clock>,
        state: watch::Sender<State>,
    ) -> Self {
        Self { adapter, silence, sink, clock, state }
    }

    /// Listens until it is stopped; starts anew whenever a session ends or falls silent.
    pub async fn run(self, stop: CancellationToken) {
        let mut manager = None;
        let mut pause = PAUSE_MIN;
        loop {
            self.state.send_if_modified(|state| {
                let quiet = matches!(state, State::Off);
                if quiet {
                    *state = State::Starting;
                }
                quiet
            });
            let ended = self.session(&mut manager, &stop).await;
            if matches!(ended, Ended::Stopped) {
                return;
            }
            pause = if self.was_hearing() { PAUSE_MIN } else { (pause * 2).min(PAUSE_MAX) };
            self.tell(&ended);
            if must_reconnect(&ended) {
                manager = None;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn session(&self, manager: &mut Option<Manager>, stop: &CancellationToken) -> Ended {
        let started = tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            started = tokio::time::timeout(START_MAX, self.start(manager)) => started,
        };
        let (adapter, name) = match started {
            Ok(Ok(started)) => started,
            Ok(Err(ended)) => return ended,
            Err(_) => return Ended::Slow,
        };
        let ended = tokio::select! {
            () = stop.cancelled() => Ended::Stopped,
            ended = self.listen(&adapter, &name) => ended,
        };
        // A service that is gone can't be asked to stop.
        let _ = tokio::time::timeout(START_MAX, adapter.stop_scan()).await;
        ended
    }

    /// Finds the adapter. The connection is kept over sessions, because `btleplug` never closes one that still works.
    async fn start(&self, manager: &mut Option<Manager>) -> Result<(Adapter, String), Ended> {
        let manager = match manager {
            Some(manager) => manager,
            None => manager.insert(Manager::new().await?),
        };
        for adapter in manager.adapters().await? {
            let name = adapter_name(&adapter).await?;
            if self.adapter.as_ref().is_none_or(|wanted| *wanted == name) {
                return Ok((adapter, name));
            }
        }
        Err(Ended::NoAdapter(self.adapter.clone().unwrap_or_else(|| "at all".into())))
    }

    async fn listen(&self, adapter: &Adapter, name: &str) -> Ended {
        self.listen_until_silence(adapter, name).await.unwrap_or_else(|ended| ended)
    }

    async fn listen_until_silence(&self, adapter: &Adapter, name: &str) -> Result<Ended, Ended> {
        // Devices that are there already are told again at the start, with what they said long ago.
        let mut old: HashSet<PeripheralId> = adapter.peripherals().await?.iter().map(|p| p.id()).collect();
        let mut events = adapter.events().await?;
        adapter.start_scan(ScanFilter::default()).await?;
        let mut joiner = Joiner::default();
        let mut heard_at = tokio::time::Instant::now();
        loop {
            let next = tokio::time::timeout_at(heard_at + self.silence, events.next()).await;
            let Ok(event) = next else {
                return Ok(Ended::Silence(name.to_owned()));
            };
            let heard = match event {
                None => return Ok(Ended::Stream),
                Some(CentralEvent::StateUpdate(CentralState::PoweredOff)) => return Ok(Ended::PoweredOff),
                Some(CentralEvent::DeviceDiscovered(id)) => !old.remove(&id) && self.first(adapter, name, &id).await,
                Some(event) => self.part(&mut joiner, name, event),
            };
            if heard {
                heard_at = tokio::time::Instant::now();
                if self.state.send_if_modified(|state| std::mem::replace(state, State::Hearing) != State::Hearing) {
                    metric::set(Name::RadioHearing, 1);
                }
            }
        }
    }

    /// The first advertisement of a device comes without its data: that has to be fetched.
    async fn first(&self, adapter: &Adapter, name: &str, id: &PeripheralId) -> bool {
        let Ok(peripheral) = adapter.peripheral(id).await else {
            return false;
        };
        let Ok(Some(properties)) = peripheral.properties().await else {
            return false;
        };
        let Some(rssi) = properties.rssi else {
            return false;
        };
        let mut joiner = Joiner::default();
        let device = id.to_string();
        let now = self.clock.monotonic();
        joiner.add(&device, &Part::Strength(rssi), now);
        let data = [
            Part::Manufacturer(properties.manufacturer_data.into_iter().collect()),
            Part::Service(by_uuid(properties.service_data.into_iter().map(|(uuid, data)| (uuid.as_u128(), data)))),
        ];
        for whole in data.iter().filter_map(|part| joiner.add(&device, part, now)) {
            self.put(name, &device, whole);
        }
        true
    }

    fn part(&self, joiner: &mut Joiner, name: &str, event: CentralEvent) -> bool {
        let (id, part) = match event {
            CentralEvent::RssiUpdate { id, rssi } => (id, Part::Strength(rssi)),
            CentralEvent::ManufacturerDataAdvertisement { id, manufacturer_data } => {
                (id, Part::Manufacturer(manufacturer_data.into_iter().collect()))
            }
            CentralEvent::ServiceDataAdvertisement { id, service_data } => {
                (id, Part::Service(by_uuid(service_data.into_iter().map(|(uuid, data)| (uuid.as_u128(), data)))))
            }
            CentralEvent::DeviceDiscovered(_)
            | CentralEvent::DeviceUpdated(_)
            | CentralEvent::DeviceConnected(_)
            | CentralEvent::DeviceDisconnected(_)
            | CentralEvent::DeviceServicesModified(_)
            | CentralEvent::ServicesAdvertisement { .. }
            | CentralEvent::StateUpdate(_) => return false,
        };
        let device = id.to_string();
        if let Some(whole) = joiner.add(&device, &part, self.clock.monotonic()) {
            self.put(name, &device, whole);
        }
        true
    }

    fn put(&self, adapter: &str, device: &str, whole: super::join::Whole) {
        let advertisement = RawAdvertisement {
            time: self.clock.now(),
            adapter: adapter.to_owned(),
            address: address(device),
            kind: Kind::Unknown,
            rssi: whole.rssi,
            bytes: whole.bytes,
        };
        self.sink.put(advertisement, self.clock.monotonic());
    }

    fn was_hearing(&self) -> bool {
        *self.state.borrow() == State::Hearing
    }

    /// Says once that the radio fell silent; a shop at night is silent for hours.
    fn tell(&self, ended: &Ended) {
        metric::add(Name::RadioRestarts, 1);
        metric::set(Name::RadioHearing, 0);
        self.sink.all_broke();
        if let Ended::Silence(adapter) = ended {
            self.state.send_if_modified(|state| {
                // Since when is not changed by another round without a word.
                let changed = !matches!(state, State::Quiet { .. });
                if changed {
                    let silence = i64::try_from(self.silence.as_millis()).unwrap_or(i64::MAX / 2);
                    let since = Timestamp(self.clock.now().0.saturating_sub(silence));
                    *state = State::Quiet { adapter: adapter.clone(), since };
                    tracing::info!(adapter, "the own radio stands and hears nobody; it is started anew");
                }
                changed
            });
            return;
        }
        let chain = match std::error::Error::source(ended) {
            Some(source) => format!("{ended}: {source}"),
            None => ended.to_string(),
        };
        if self.was_hearing() || *self.state.borrow() == State::Starting {
            tracing::warn!(reason = chain, "the radio fell silent and is started anew until it hears something");
        } else {
            tracing::debug!(reason = chain, "the radio is started anew");
        }
        self.state.send_replace(State::Silent { reason: chain });
    }
}

/// A connection that broke is no use any more; one that works must be kept.
fn must_reconnect(ended: &Ended) -> bool {
    match ended {
        Ended::Bluetooth(cause) => {
            let text = format!("{cause:?}").to_lowercase();
            // The last is what the library says of every question after the bus has ended.
            ["disconnect", "connection is closed", "failed to send message"].iter().any(|words| text.contains(words))
        }
        Ended::Slow => true,
        Ended::Stopped | Ended::NoAdapter(_) | Ended::PoweredOff | Ended::Silence(_) | Ended::Stream => false,
    }
}

/// The adapter's short name: `hci0` of `hci0 (usb:...)`.
async fn adapter_name(adapter: &Adapter) -> Result<String, btleplug::Error> {
    let info = adapter.adapter_info().await?;
    Ok(info.split_whitespace().next().unwrap_or_default().to_owned())
}

/// The address at the end of a device's name on the bus; elsewhere a stand-in that is as steady as the name.
fn address(device: &str) -> Address {
    let text = device.rsplit("dev_").next().unwrap_or(device).replace('_', ":");
    Address::parse(&text, AddressKind::Unknown).unwrap_or_else(|| {
        let digest = Sha256::digest(device.as_bytes());
        let mut bytes = [0; 6];
        bytes.copy_from_slice(&digest[..6]);
        Address { bytes, kind: AddressKind::Unknown }
    })
}

/// Service data by UUID, as short as it can be said.
fn by_uuid(data: impl IntoIterator<Item = (u128, Vec<u8>)>) -> Vec<(Uuid, Vec<u8>)> {
    let mut all: Vec<(u128, Vec<u8>)> = data.into_iter().collect();
    all.sort_unstable();
    all.into_iter().map(|(uuid, data)| (Uuid::new(uuid), data)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_as_long_as_it_works() {
        let failed = |words: &str| Ended::Bluetooth(btleplug::Error::RuntimeError(words.to_owned()));
        for broken in ["Failed to send message", "Connection is closed", "org.freedesktop.DBus.Error.Disconnected"] {
            assert!(must_reconnect(&failed(broken)), "{broken}");
        }
        assert!(must_reconnect(&Ended::Slow));
        assert!(!must_reconnect(&failed("The name org.bluez was not provided by any .service files")));
        assert!(!must_reconnect(&Ended::Silence("hci0".into())));
    }

    #[test]
    fn the_address_is_read_from_the_devices_name_on_the_bus() {
        let found = address("hci0/dev_C0_FF_EE_12_34_56");
        assert_eq!(found.bytes, [0xc0, 0xff, 0xee, 0x12, 0x34, 0x56]);
        let stand_in = address("6f2b1c1e-0000-4000-8000-00805f9b34fb");
        assert_eq!(stand_in, address("6f2b1c1e-0000-4000-8000-00805f9b34fb"));
        assert_ne!(stand_in, address("6f2b1c1e-0000-4000-8000-00805f9b34fc"));
    }
}

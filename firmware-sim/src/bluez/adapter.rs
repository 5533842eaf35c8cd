//! The adapter on the bus: `org.bluez.Adapter1`, with discovery and power.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, fdo, interface};

use super::{Filter, State, lock};

/// An adapter.
#[derive(Debug)]
pub(super) struct Adapter {
    name: String,
    state: Arc<Mutex<State>>,
}

impl Adapter {
    pub(super) fn new(name: &str, state: Arc<Mutex<State>>) -> Self {
        Self { name: name.to_owned(), state }
    }
}

#[interface(name = "org.bluez.Adapter1")]
impl Adapter {
    async fn start_discovery(&self, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) -> fdo::Result<()> {
        {
            let mut state = lock(&self.state);
            state.calls.start_discovery += 1;
            if !state.powered {
                return Err(fdo::Error::Failed("Resource Not Ready".into()));
            }
            state.discovering = true;
        }
        self.discovering_changed(&emitter).await?;
        Ok(())
    }

    async fn stop_discovery(&self, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) -> fdo::Result<()> {
        {
            let mut state = lock(&self.state);
            state.calls.stop_discovery += 1;
            state.discovering = false;
        }
        self.discovering_changed(&emitter).await?;
        Ok(())
    }

    fn set_discovery_filter(&self, properties: HashMap<String, OwnedVariant>) {
        let filter: Filter = properties.iter().map(|(key, value)| (key.clone(), value.to_string())).collect();
        let mut state = lock(&self.state);
        state.calls.filters.push(filter.clone());
        state.filter = filter;
    }

    fn get_discovery_filters(&self) -> Vec<&'static str> {
        vec!["UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData", "Discoverable", "Pattern"]
    }

    fn remove_device(&self, _device: zbus::ObjectPath<'_>) {}

    #[zbus(property)]
    fn address(&self) -> &'static str {
        "00:1A:7D:DA:71:13"
    }

    #[zbus(property)]
    fn address_type(&self) -> &'static str {
        "public"
    }

    #[zbus(property)]
    fn name(&self) -> String {
        self.name.clone()
    }

    #[zbus(property)]
    fn alias(&self) -> String {
        self.name.clone()
    }

    #[zbus(property)]
    fn class(&self) -> u32 {
        0x0010_0000
    }

    #[zbus(property)]
    fn powered(&self) -> bool {
        lock(&self.state).powered
    }

    #[zbus(property)]
    fn set_powered(&mut self, powered: bool) {
        let mut state = lock(&self.state);
        state.calls.powered += 1;
        state.powered = powered;
        state.discovering &= powered;
    }

    #[zbus(property)]
    fn discoverable(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn discoverable_timeout(&self) -> u32 {
        180
    }

    #[zbus(property)]
    fn pairable(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn pairable_timeout(&self) -> u32 {
        0
    }

    #[zbus(property)]
    fn discovering(&self) -> bool {
        lock(&self.state).discovering
    }

    #[zbus(property, name = "UUIDs")]
    fn uuids(&self) -> Vec<String> {
        vec!["00001800-0000-1000-8000-00805f9b34fb".into()]
    }

    #[zbus(property)]
    fn modalias(&self) -> &'static str {
        "usb:v1D6Bp0246d0543"
    }

    #[zbus(property)]
    fn roles(&self) -> Vec<String> {
        vec!["central".into(), "peripheral".into()]
    }
}

/// The daemon's own object, where clients register pairing agents. Nobody pairs here.
#[derive(Debug)]
pub(super) struct Agents;

#[interface(name = "org.bluez.AgentManager1")]
impl Agents {
    fn register_agent(&self, _agent: zbus::ObjectPath<'_>, _capability: &str) {}

    fn unregister_agent(&self, _agent: zbus::ObjectPath<'_>) {}

    fn request_default_agent(&self, _agent: zbus::ObjectPath<'_>) {}
}

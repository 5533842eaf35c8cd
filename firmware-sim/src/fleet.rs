//! The devices' connections: one MQTT client each, with its will, so that a device can vanish like a real one.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use model::ids::ReceiverId;
use runtime::mqtt::{self, Client, Event, Options, Qos, Will};
use wire::vendor::espresense;

use crate::device::Output;
use crate::scenario::{Scenario, Vendor};

/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the devices publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// `mqtt://host:port`.
    pub url: String,
    /// The user, if the broker wants one.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
}

/// All devices' connections.
#[derive(Debug)]
pub struct Fleet {
    clients: BTreeMap<String, Client>,
    published: BTreeMap<String, u64>,
    dropped: u64,
}

impl Fleet {
    /// Connects every device that speaks MQTT, and waits until all are connected.
    ///
    /// # Errors
    /// When the broker does not answer or refuses.
    pub async fn connect(broker: &Broker, scenario: &Scenario) -> anyhow::Result<Self> {
        let mut fleet = Self { clients: BTreeMap::new(), published: BTreeMap::new(), dropped: 0 };
        for entry in scenario.devices.iter().filter(|entry| entry.vendor != Vendor::Bluez) {
            fleet.add_receiver(broker, &entry.receiver, entry.vendor).await?;
        }
        for sensor in &scenario.shop.sensors {
            fleet.add(broker, sensor.id.as_str(), None).await?;
        }
        Ok(fleet)
    }

    /// Sends a device's message; a device whose queue is full drops it, as real ones do.
    pub fn send(&mut self, output: Output) {
        let Output::Publish { device, message, retain } = output else { return };
        let Some(client) = self.clients.get(&device) else { return };
        match client.try_publish(&message.topic, message.payload, Qos::AtMostOnce, retain) {
            Ok(()) => *self.published.entry(device).or_default() += 1,
            Err(_) => self.dropped += 1,
        }
    }

    /// Messages published, per device.
    #[must_use]
    pub const fn published(&self) -> &BTreeMap<String, u64> {
        &self.published
    }

    /// Messages dropped because the broker did not keep up.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Says goodbye for every device.
    pub async fn disconnect(&self) {
        for client in self.clients.values() {
            client.disconnect().await;
        }
    }

    async fn add_receiver(&mut self, broker: &Broker, receiver: &ReceiverId, vendor: Vendor) -> anyhow::Result<()> {
        match vendor {
            Vendor::Espresense => {
                let (online, offline) =
                    (espresense::encode_status(receiver, true), espresense::encode_status(receiver, false));
                let will =
                    Will { topic: offline.topic, payload: offline.payload.into(), qos: Qos::AtMostOnce, retain: true };
                self.add(broker, receiver.as_str(), Some(will)).await?;
                self.send(Output::Publish { device: receiver.to_string(), message: online, retain: true });
                Ok(())
            }
            Vendor::Theengs | Vendor::OpenMqttGateway | Vendor::Minew => {
                self.add(broker, receiver.as_str(), None).await
            }
            Vendor::Bluez => Ok(()),
        }
    }

    async fn add(&mut self, broker: &Broker, name: &str, will: Option<Will>) -> anyhow::Result<()> {
        let client = connect(broker, &format!("sim-{name}"), will).await?;
        self.clients.insert(name.to_owned(), client);
        Ok(())
    }
}

/// Connects one client and waits for the broker's word; what comes later is not read.
pub(crate) async fn connect(broker: &Broker, name: &str, will: Option<Will>) -> anyhow::Result<Client> {
    let mut options = Options::new(&broker.url, name);
    options.username.clone_from(&broker.username);
    options.password.clone_from(&broker.password);
    options.will = will;
    let (client, mut events) = mqtt::connect(&options).context("connect a device to the broker")?;
    let first = tokio::time::timeout(PATIENCE, events.next()).await;
    match first.with_context(|| format!("{} does not answer", broker.url))? {
        Some(Event::Connected { .. }) => {}
        Some(Event::Disconnected { reason }) => bail!("{} refuses {name}: {reason}", broker.url),
        Some(Event::Message { .. }) | None => bail!("{} ended the connection of {name}", broker.url),
    }
    // A queue that nobody reads would fill up with connection events and count as lost messages.
    tokio::spawn(async move { while events.next().await.is_some() {} });
    Ok(client)
}

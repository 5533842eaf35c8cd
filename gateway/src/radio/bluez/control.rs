//! What is asked of BlueZ: its objects, power and discovery. On a connection of its own, so that no flood of signals can hold an answer up.

use std::collections::HashMap;
use std::time::Duration;

use zbus::{Connection, DBusError, Message, OwnedObjectPath, OwnedVariant, Variant};

use super::devices::adapter_path;
use super::watch::Todo;

/// The name of BlueZ on the bus.
pub(super) const BLUEZ: &str = "org.bluez";
pub(super) const ADAPTER: &str = "org.bluez.Adapter1";
pub(super) const DEVICE: &str = "org.bluez.Device1";
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
pub(super) const OBJECTS: &str = "org.freedesktop.DBus.ObjectManager";
/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Every strength is told only to those who filter on strength; this lets all pass.
const RSSI_ALL: i16 = -127;

/// Objects by path, each with its interfaces' properties.
pub(super) type Objects = HashMap<OwnedObjectPath, HashMap<String, HashMap<String, OwnedVariant>>>;

/// Connects to the bus.
///
/// # Errors
/// When it does not answer.
pub(super) async fn connect(bus: Option<&str>) -> Result<Connection, zbus::Error> {
    let builder = match bus {
        Some(address) => zbus::connection::Builder::address(address),
        None => zbus::connection::Builder::system(),
    };
    builder.method_timeout(ANSWER_MAX).build().await
}

/// Whoever asks.
#[derive(Debug, Clone)]
pub(super) struct Control {
    connection: Connection,
}

impl Control {
    pub(super) const fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Ends when the bus does.
    pub(super) async fn closed(&self) {
        self.connection.closed().await;
    }

    /// The unique name of who answers for BlueZ now, and everything that it knows. Starts it if the system can.
    pub(super) async fn objects(&self) -> Result<(String, Objects), zbus::Error> {
        let answer = self.connection.call_method(Some(BLUEZ), "/", Some(OBJECTS), "GetManagedObjects", &()).await?;
        let owner = answer.header().sender().map(ToString::to_string).unwrap_or_default();
        Ok((owner, answer.body().deserialize()?))
    }

    /// Does it to the adapter; the problem is in words for people.
    pub(super) async fn perform(&self, adapter: &str, todo: Todo) -> Result<(), String> {
        let done = match todo {
            Todo::PowerOn => self.power_on(adapter).await,
            Todo::Start => self.start(adapter).await,
            Todo::Reconnect => Ok(()),
        };
        done.map_err(|cause| words(&cause))
    }

    /// Ends discovery, if there is still somebody to ask.
    pub(super) async fn stop(&self, adapter: &str) {
        let _ = self.call(adapter, ADAPTER, "StopDiscovery", &()).await;
    }

    async fn power_on(&self, adapter: &str) -> Result<(), zbus::Error> {
        self.call(adapter, PROPERTIES, "Set", &(ADAPTER, "Powered", Variant::from(true))).await.map(drop)
    }

    async fn start(&self, adapter: &str) -> Result<(), zbus::Error> {
        // Whether it ran does not matter: BlueZ refuses both a second start and a needless stop.
        self.stop(adapter).await;
        let filter = HashMap::from([
            ("Transport", Variant::from("le")),
            ("DuplicateData", Variant::from(true)),
            ("RSSI", Variant::from(RSSI_ALL)),
        ]);
        self.call(adapter, ADAPTER, "SetDiscoveryFilter", &(filter,)).await?;
        self.call(adapter, ADAPTER, "StartDiscovery", &()).await.map(drop)
    }

    async fn call<B>(&self, adapter: &str, interface: &str, method: &str, body: &B) -> Result<Message, zbus::Error>
    where
        B: serde::Serialize + zbus::wire::DynamicType + Sync,
    {
        let path = format!("/org/bluez/{adapter}");
        self.connection.call_method(Some(BLUEZ), path.as_str(), Some(interface), method, body).await
    }
}

/// The adapters among the objects, in order, each with whether it is switched on.
pub(super) fn adapters(objects: &Objects) -> Vec<(String, bool)> {
    let one = |(path, interfaces): (&OwnedObjectPath, &HashMap<String, HashMap<String, OwnedVariant>>)| {
        let name = adapter_path(path.as_str())?.to_owned();
        let powered = interfaces.get(ADAPTER)?.get("Powered").is_some_and(|on| matches!(&**on, Variant::Bool(true)));
        Some((name, powered))
    };
    let mut found: Vec<(String, bool)> = objects.iter().filter_map(one).collect();
    found.sort();
    found
}

/// Whether nobody answers for BlueZ, and nobody can be started who would.
pub(super) fn is_missing(cause: &zbus::Error) -> bool {
    const MISSING: [&str; 2] =
        ["org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"];
    code(cause).is_some_and(|code| MISSING.contains(&code.as_str()))
}

/// What went wrong, for people, with the fix where there is one.
pub(super) fn words(cause: &zbus::Error) -> String {
    match code(cause).as_deref() {
        Some("org.freedesktop.DBus.Error.AccessDenied") => {
            "the system does not let this user talk to BlueZ: add the user to the group bluetooth".to_owned()
        }
        Some("org.bluez.Error.NotReady") => "the adapter is not ready".to_owned(),
        Some("org.bluez.Error.Blocked") => "the adapter is blocked: rfkill unblock bluetooth".to_owned(),
        Some(_) | None => cause.to_string(),
    }
}

/// The name under which the bus or BlueZ reported an error.
fn code(cause: &zbus::Error) -> Option<String> {
    if let zbus::Error::MethodError(name, _, _) = cause {
        Some(name.to_string())
    } else if let zbus::Error::FDO(error) = cause {
        Some(error.name().to_string())
    } else if let zbus::Error::DBus(error) = cause {
        Some(error.name().to_string())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use zbus::fdo;

    use super::*;

    fn said(error: fdo::Error) -> zbus::Error {
        zbus::Error::FDO(Box::new(error))
    }

    #[test]
    fn what_the_bus_says_is_told_apart_and_names_the_fix() {
        assert!(is_missing(&said(fdo::Error::ServiceUnknown("org.bluez".into()))));
        assert!(is_missing(&said(fdo::Error::NameHasNoOwner("org.bluez".into()))));
        let denied = said(fdo::Error::AccessDenied("rejected send message".into()));
        assert!(!is_missing(&denied) && words(&denied).contains("group bluetooth"));
        let other = said(fdo::Error::Failed("out of luck".into()));
        assert!(!is_missing(&other) && words(&other).contains("out of luck"), "{}", words(&other));
    }
}

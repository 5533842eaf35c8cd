use std::collections::HashMap;

use futures::StreamExt;
use model::time::Millis;
use wire::ble::{eddystone, rolling};
use zbus::{MatchRule, MessageStream, OwnedVariant, Proxy, Variant, message};

use super::*;

const NOW: Timestamp = Timestamp(1_795_000_000_000);

fn advertisement(number: u8, rssi: i16, bytes: Vec<u8>) -> Advertisement {
    let address = Address { bytes: [0x40, 1, 2, 3, 4, number], kind: AddressKind::Random };
    Advertisement { address, rssi, bytes: bytes.into() }
}

fn ibeacon() -> Vec<u8> {
    rolling::to_ibeacon(model::sighting::RollingId { prefix: [1; 4], eid: [2; 8], tag: [3; 8] }, -59)
}

struct Fixture {
    _folder: tempfile::TempDir,
    _bus: Bus,
    bluez: BlueZ,
    client: Connection,
}

async fn start() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bus = Bus::start(folder.path()).await.expect("dbus-daemon starts");
    let bluez = BlueZ::start(bus.address(), "hci0").await.expect("the fake starts");
    let client = connection::Builder::address(bus.address()).build().await.expect("a client");
    Fixture { _folder: folder, _bus: bus, bluez, client }
}

async fn adapter(client: &Connection) -> Proxy<'static> {
    Proxy::new(client, "org.bluez", "/org/bluez/hci0", "org.bluez.Adapter1").await.expect("the adapter")
}

/// Turns the adapter on and starts discovery as btleplug does.
async fn discover(client: &Connection, filter: &[(&str, Variant<'_>)]) {
    let adapter = adapter(client).await;
    adapter.set_property("Powered", true).await.expect("powered");
    let filter: HashMap<&str, &Variant<'_>> = filter.iter().map(|(key, value)| (*key, value)).collect();
    adapter.call_method("SetDiscoveryFilter", &(filter,)).await.expect("a filter");
    adapter.call_method("StartDiscovery", &()).await.expect("discovery");
}

async fn changes(client: &Connection) -> MessageStream {
    let rule = MatchRule::builder()
        .msg_type(message::Type::Signal)
        .interface("org.freedesktop.DBus.Properties")
        .member("PropertiesChanged")
        .path_namespace("/org/bluez/hci0")
        .build()
        .expect("a rule");
    MessageStream::for_match_rule(rule, client, None).await.expect("a stream")
}

async fn next_rssi(stream: &mut MessageStream) -> Option<i16> {
    loop {
        let message = stream.next().await.expect("a signal").expect("a message");
        let body = message.body();
        let (interface, changed, _): (String, HashMap<String, OwnedVariant>, Vec<String>) =
            body.deserialize().expect("properties");
        if interface == "org.bluez.Device1" {
            assert!(changed.contains_key("ManufacturerData"), "strength and data come together: {changed:?}");
            return changed.get("RSSI").map(|rssi| i16::try_from(rssi).expect("a number"));
        }
    }
}

#[tokio::test]
async fn a_client_finds_every_property_that_btleplug_needs() {
    let mut fixture = start().await;
    discover(&fixture.client, &[("DuplicateData", Variant::from(true))]).await;
    fixture.bluez.receive(&advertisement(1, -60, ibeacon()), NOW).await.expect("told");
    fixture.bluez.receive(&advertisement(2, -70, eddystone::eid_adv([9; 8], -18)), NOW).await.expect("told");
    let objects = fdo_objects(&fixture.client).await;
    let device = &objects["/org/bluez/hci0/dev_40_01_02_03_04_01"]["org.bluez.Device1"];
    let needed = [
        "Address",
        "AddressType",
        "Paired",
        "Connected",
        "Trusted",
        "Blocked",
        "LegacyPairing",
        "ServicesResolved",
        "RSSI",
        "UUIDs",
        "ManufacturerData",
        "ServiceData",
        "Alias",
        "Adapter",
    ];
    for key in needed {
        assert!(device.contains_key(key), "Device1.{key}");
    }
    assert_eq!(<&str>::try_from(&device["Address"]).expect("text"), "40:01:02:03:04:01");
    assert_eq!(<&str>::try_from(&device["AddressType"]).expect("text"), "random");
    let adapter = &objects["/org/bluez/hci0"]["org.bluez.Adapter1"];
    for key in ["Address", "AddressType", "Name", "Alias", "Powered", "Discovering", "Modalias"] {
        assert!(adapter.contains_key(key), "Adapter1.{key}");
    }
    let beacon = &objects["/org/bluez/hci0/dev_40_01_02_03_04_02"]["org.bluez.Device1"];
    let data: HashMap<String, OwnedVariant> =
        beacon["ServiceData"].try_clone().expect("a copy").try_into().expect("a map");
    assert!(data.contains_key("0000feaa-0000-1000-8000-00805f9b34fb"));
    let calls = fixture.bluez.calls();
    assert_eq!((calls.start_discovery, calls.powered), (1, 1));
    assert_eq!(calls.filters, vec![Filter::from([("DuplicateData".to_owned(), "true".to_owned())])]);
}

async fn fdo_objects(client: &Connection) -> BTreeMap<String, BTreeMap<String, HashMap<String, OwnedVariant>>> {
    let manager = zbus::fdo::ObjectManagerProxy::builder(client)
        .destination("org.bluez")
        .path("/")
        .build()
        .await
        .expect("the object manager");
    let objects = manager.get_managed_objects().await.expect("objects");
    let named = |interfaces: HashMap<zbus::names::OwnedInterfaceName, HashMap<String, OwnedVariant>>| {
        interfaces.into_iter().map(|(name, properties)| (name.to_string(), properties)).collect()
    };
    objects.into_iter().map(|(path, interfaces)| (path.to_string(), named(interfaces))).collect()
}

#[tokio::test]
async fn nothing_is_told_before_discovery_and_after_power_off() {
    let mut fixture = start().await;
    let heard = advertisement(1, -60, ibeacon());
    assert!(!fixture.bluez.receive(&heard, NOW).await.expect("the bus is there"));
    discover(&fixture.client, &[]).await;
    assert!(fixture.bluez.receive(&heard, NOW).await.expect("the bus is there"));
    fixture.bluez.set_powered(false).await.expect("off");
    assert!(!fixture.bluez.receive(&heard, NOW).await.expect("the bus is there"));
    assert!(!fixture.bluez.is_discovering());
    fixture.bluez.set_powered(true).await.expect("on");
    assert!(!fixture.bluez.is_discovering(), "discovery does not come back by itself");
}

#[tokio::test]
async fn a_restarted_daemon_knows_nothing_and_discovers_nothing() {
    let mut fixture = start().await;
    discover(&fixture.client, &[]).await;
    fixture.bluez.receive(&advertisement(1, -60, ibeacon()), NOW).await.expect("told");
    fixture.bluez.restart().await.expect("it starts again");
    assert_eq!(fixture.bluez.device_count(), 0);
    assert!(!fixture.bluez.receive(&advertisement(1, -60, ibeacon()), NOW).await.expect("the bus is there"));
    discover(&fixture.client, &[]).await;
    assert!(fixture.bluez.receive(&advertisement(1, -60, ibeacon()), NOW).await.expect("told again"));
}

#[tokio::test]
async fn strengths_freeze_in_steps_without_a_proximity_filter_on_new_versions() {
    let mut fixture = start().await;
    fixture.bluez.set_version(Version::From588);
    let mut stream = changes(&fixture.client).await;
    discover(&fixture.client, &[("DuplicateData", Variant::from(true))]).await;
    for rssi in [-60, -63, -70] {
        fixture.bluez.receive(&advertisement(1, rssi, ibeacon()), NOW).await.expect("told");
    }
    assert_eq!(next_rssi(&mut stream).await, None, "3 dB are not told");
    assert_eq!(next_rssi(&mut stream).await, Some(-70));
    discover(&fixture.client, &[("RSSI", Variant::from(-127_i16))]).await;
    fixture.bluez.receive(&advertisement(1, -69, ibeacon()), NOW).await.expect("told");
    assert_eq!(next_rssi(&mut stream).await, Some(-69), "with the filter every strength is");
}

#[tokio::test]
async fn devices_not_heard_for_a_while_are_removed() {
    let mut fixture = start().await;
    discover(&fixture.client, &[]).await;
    fixture.bluez.receive(&advertisement(1, -60, ibeacon()), NOW).await.expect("told");
    fixture.bluez.receive(&advertisement(2, -60, ibeacon()), NOW + Millis::seconds(31)).await.expect("told");
    assert_eq!(fixture.bluez.device_count(), 1);
    assert!(!fdo_objects(&fixture.client).await.contains_key("/org/bluez/hci0/dev_40_01_02_03_04_01"));
}

#[tokio::test]
async fn each_adapter_hears_for_itself_and_goes_by_itself() {
    let mut fixture = start().await;
    fixture.bluez.add("hci1").await.expect("plugged in");
    discover(&fixture.client, &[]).await;
    let heard = advertisement(1, -60, ibeacon());
    assert!(!fixture.bluez.adapter("hci1").expect("it is there").receive(&heard, NOW).await.expect("the bus is there"));
    assert!(fixture.bluez.receive(&heard, NOW).await.expect("told"));
    fixture.bluez.unplug().await.expect("pulled");
    let objects = fdo_objects(&fixture.client).await;
    assert!(objects.contains_key("/org/bluez/hci1") && !objects.contains_key("/org/bluez/hci0"), "{objects:?}");
    fixture.bluez.restart().await.expect("another daemon");
    let objects = fdo_objects(&fixture.client).await;
    assert!(objects.contains_key("/org/bluez/hci1") && objects.contains_key("/org/bluez/hci0"), "{objects:?}");
}

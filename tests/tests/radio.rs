//! The gateway's own radio: its binary on a private bus, by either source, and a simulated BlueZ that fails in every silent way.

#[path = "radio/adapters.rs"]
mod adapters;
#[path = "radio/flood.rs"]
mod flood;
#[path = "radio/box.rs"]
mod gateway_box;
#[path = "radio/recording.rs"]
mod recording;

use std::time::Duration;

use firmware_sim::bluez::{Advertisement, BlueZ, Bus, Filter, Version};
use gateway_box::{GatewayBox, until};
use model::sighting::{RollingId, Transmitter};
use model::time::Timestamp;
use tests::process::program;
use wire::ble::address::{Address, AddressKind};
use wire::ble::{eddystone, rolling};

/// Ten advertisements a second, as tags do.
const INTERVAL: Duration = Duration::from_millis(100);
const PREFIX: [u8; 4] = [0xa7, 0x71, 0x00, 0x01];

fn advertisement(number: u8, rssi: i16) -> Advertisement {
    let address = Address { bytes: [0xc0, 0xff, 0xee, 0x5a, 0x17, number], kind: AddressKind::Random };
    let bytes = if number.is_multiple_of(2) {
        rolling::to_ibeacon(phone(number), -59)
    } else {
        eddystone::eid_adv([number; 8], -18)
    };
    Advertisement { address, rssi, bytes: bytes.into() }
}

fn phone(number: u8) -> RollingId {
    RollingId { prefix: PREFIX, eid: [number; 8], tag: [number; 8] }
}

/// Lets devices advertise; how often the adapter heard one.
async fn advertise(bluez: &mut BlueZ, devices: u8, rounds: u64) -> u64 {
    let mut told = 0;
    let mut pace = tokio::time::interval(INTERVAL);
    for round in 0..rounds {
        pace.tick().await;
        for number in 0..devices {
            let rssi = -60 - i16::from(number) - i16::from(u8::try_from(round % 3).expect("small"));
            let at = Timestamp(1_795_000_000_000 + i64::try_from(round).expect("small") * 100);
            told += u64::from(bluez.receive(&advertisement(number, rssi), at).await.expect("the bus is there"));
        }
    }
    told
}

async fn until_discovering(bluez: &BlueZ) {
    until("discovery runs", async || bluez.is_discovering()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bluez_hears_every_advertisement_and_its_strength_and_id_are_right() {
    hears_all_by("bluez", Version::From588).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_advertisement_is_heard_and_its_strength_and_id_are_right() {
    hears_all_by("btleplug", Version::UpTo587).await;
}

async fn hears_all_by(source: &str, version: Version) {
    let folder = tempfile::tempdir().expect("a folder");
    let bus = Bus::start(folder.path()).await.expect("a bus: install dbus");
    let mut bluez = BlueZ::start(bus.address(), "hci0").await.expect("a simulated BlueZ");
    bluez.set_version(version);
    let mut gateway = GatewayBox::start(&program("attimo-gateway"), source, folder.path(), bus.address());
    until_discovering(&bluez).await;

    let told = advertise(&mut bluez, 10, 30).await;
    assert_eq!(told, 300);
    until("all is heard", async || gateway.heard().await >= told).await;
    assert_eq!(gateway.heard().await, told, "the first of each device is not lost, and none is heard twice");

    let sightings = gateway.stop_and_read();
    for number in 0..10 {
        let transmitter =
            if number % 2 == 0 { Transmitter::Rolling(phone(number)) } else { Transmitter::Eid([number; 8]) };
        let of: Vec<_> = sightings.iter().filter(|s| s.transmitter == transmitter).collect();
        assert_eq!(of.iter().map(|s| u32::from(s.count)).sum::<u32>(), 30, "{transmitter:?}");
        for sighting in of {
            let strongest = -60.0 - f32::from(number);
            assert_eq!(sighting.receiver.as_str(), "ceiling");
            assert!(sighting.rssi.max.0 <= strongest && sighting.rssi.min.0 >= strongest - 2.0, "{sighting:?}");
            assert!(sighting.power_at_1m == Some(-59), "{sighting:?}");
        }
    }
    gateway.assert_wrote_no_address([0xc0, 0xff, 0xee, 0x5a, 0x17]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_radio_comes_back_after_every_silent_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bus = Bus::start(folder.path()).await.expect("a bus: install dbus");
    let mut bluez = BlueZ::start(bus.address(), "hci0").await.expect("a simulated BlueZ");
    let mut gateway = GatewayBox::start(&program("attimo-gateway"), "btleplug", folder.path(), bus.address());
    until_discovering(&bluez).await;
    still_hears(&mut gateway, &mut bluez).await;

    bluez.set_powered(false).await.expect("off");
    until_discovering(&bluez).await;
    still_hears(&mut gateway, &mut bluez).await;

    bluez.restart().await.expect("another daemon");
    assert!(!bluez.is_discovering(), "nobody's discovery runs there");
    until_discovering(&bluez).await;
    still_hears(&mut gateway, &mut bluez).await;

    bluez.stop().await;
    until("the silence is seen", async || gateway.health().await.contains("radio-silent")).await;
    bluez.restart().await.expect("another daemon");
    until_discovering(&bluez).await;
    still_hears(&mut gateway, &mut bluez).await;

    bluez.set_silent(true);
    let before = bluez.calls().start_discovery;
    until("discovery is started anew", async || bluez.calls().start_discovery > before).await;
    bluez.set_silent(false);
    until_discovering(&bluez).await;
    still_hears(&mut gateway, &mut bluez).await;

    bus.stop().await;
    until("the dead bus is seen", async || gateway.health().await.contains("radio-silent")).await;
    bus.restart().await.expect("another bus");
    bluez.restart().await.expect("another daemon");
    until_discovering(&bluez).await;
    still_hears(&mut gateway, &mut bluez).await;
    assert!(gateway.is_alive());
}

#[tokio::test(flavor = "multi_thread")]
async fn bluez_comes_back_by_itself_after_every_silent_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bus = Bus::start(folder.path()).await.expect("a bus: install dbus");
    let mut bluez = BlueZ::start(bus.address(), "hci0").await.expect("a simulated BlueZ");
    bluez.stop().await;
    let mut gateway = GatewayBox::start(&program("attimo-gateway"), "bluez", folder.path(), bus.address());
    says(&gateway, "no Bluetooth daemon answers").await;

    bluez.restart().await.expect("the daemon comes late");
    still_hears(&mut gateway, &mut bluez).await;
    let asked = [("DuplicateData", "true"), ("RSSI", "int16 -127"), ("Transport", "\"le\"")];
    let asked = asked.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(bluez.calls().filters.last().expect("a filter"), &Filter::from(asked));

    bluez.set_powered(false).await.expect("off");
    hears_again(&mut gateway, &mut bluez, 1).await;

    bluez.restart().await.expect("another daemon");
    assert!(!bluez.is_discovering(), "nobody's discovery runs there");
    hears_again(&mut gateway, &mut bluez, 2).await;

    bluez.stop().await;
    says(&gateway, "no Bluetooth daemon answers").await;
    bluez.restart().await.expect("another daemon");
    hears_again(&mut gateway, &mut bluez, 3).await;

    bluez.unplug().await.expect("pulled");
    says(&gateway, "the adapter hci0 is not there").await;
    bluez.plug().await.expect("plugged in");
    hears_again(&mut gateway, &mut bluez, 4).await;

    bluez.set_silent(true);
    says(&gateway, "no advertisement on hci0 for").await;
    assert!(!gateway.health().await.contains("radio-silent"), "nobody may be there: that is no fault");
    let before = bluez.calls().start_discovery;
    until("discovery is started anew", async || bluez.calls().start_discovery > before).await;
    bluez.set_silent(false);
    hears_again(&mut gateway, &mut bluez, 5).await;

    bus.stop().await;
    says(&gateway, "message bus does not answer").await;
    bus.restart().await.expect("another bus");
    bluez.restart().await.expect("another daemon");
    hears_again(&mut gateway, &mut bluez, 6).await;

    assert!(gateway.metric("attimo_gateway_radio_gap_milliseconds_total{receiver=\"ceiling\"} ").await > 0);
    assert!(gateway.is_alive());
}

async fn says(gateway: &GatewayBox, what: &str) {
    until(what, async || gateway.page().await.contains(what)).await;
}

/// Hears again after a fault, and counts it: so many gaps since the start.
async fn hears_again(gateway: &mut GatewayBox, bluez: &mut BlueZ, gaps: u64) {
    still_hears(gateway, bluez).await;
    until("the gap is counted", async || {
        until_discovering(bluez).await;
        advertise(bluez, 1, 1).await;
        gateway.metric("attimo_gateway_radio_gaps_total{receiver=\"ceiling\"} ").await >= gaps
    })
    .await;
}

async fn still_hears(gateway: &mut GatewayBox, bluez: &mut BlueZ) {
    let before = gateway.heard().await;
    until("advertisements come in", async || {
        // A session that is just being replaced may miss some.
        until_discovering(bluez).await;
        advertise(bluez, 3, 2).await;
        gateway.heard().await > before
    })
    .await;
    until("the box says that it hears", async || {
        advertise(bluez, 1, 1).await;
        !gateway.health().await.contains("radio")
    })
    .await;
}

//! A box with several adapters: each is a receiver of its own, and one that goes silences no other.

use std::collections::BTreeSet;

use firmware_sim::bluez::{BlueZ, Bus};
use model::time::Timestamp;
use tests::process::program;

use crate::gateway_box::{GatewayBox, until};
use crate::{advertisement, says};

const AT: Timestamp = Timestamp(1_795_000_000_000);

/// A bus with two adapters, and a box that listens.
async fn start(folder: &std::path::Path, adapters: &str) -> (Bus, BlueZ, GatewayBox) {
    let bus = Bus::start(folder).await.expect("a bus: install dbus");
    let mut bluez = BlueZ::start(bus.address(), "hci0").await.expect("a simulated BlueZ");
    bluez.add("hci1").await.expect("a second adapter");
    let gateway = GatewayBox::start_with(&program("attimo-gateway"), "bluez", adapters, folder, bus.address());
    (bus, bluez, gateway)
}

/// Somebody advertises near one adapter until the box has counted it there.
async fn until_heard_by(adapter: &str, receiver: &str, bluez: &mut BlueZ, gateway: &GatewayBox) {
    let name = format!("attimo_gateway_radio_heard_total{{receiver=\"{receiver}\"}} ");
    let before = gateway.metric(&name).await;
    until(&format!("{adapter} hears"), async || {
        let radio = bluez.adapter(adapter).expect("it is there");
        radio.receive(&advertisement(2, -60), AT).await.expect("the bus is there");
        gateway.metric(&name).await > before
    })
    .await;
}

fn is_discovering(bluez: &mut BlueZ, adapter: &str) -> bool {
    bluez.adapter(adapter).is_some_and(|radio| radio.is_discovering())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_adapters_are_several_receivers_and_one_gone_silences_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_bus, mut bluez, mut gateway) = start(folder.path(), "adapters = [\"hci0\", \"hci1\"]").await;
    until_heard_by("hci0", "ceiling-hci0", &mut bluez, &gateway).await;
    until_heard_by("hci1", "ceiling-hci1", &mut bluez, &gateway).await;

    bluez.adapter("hci1").expect("it is there").unplug().await.expect("pulled");
    says(&gateway, "the adapter hci1 is not there").await;
    assert!(gateway.health().await.contains("radio-silent"), "one that is missing is said");
    until_heard_by("hci0", "ceiling-hci0", &mut bluez, &gateway).await;

    bluez.adapter("hci1").expect("it is there").plug().await.expect("plugged in");
    until_heard_by("hci1", "ceiling-hci1", &mut bluez, &gateway).await;
    until("all is well", async || !gateway.health().await.contains("radio")).await;
    let gaps = gateway.metric("attimo_gateway_radio_gaps_total{receiver=\"ceiling-hci1\"} ").await;
    assert!(gaps >= 1, "the time without it is counted");

    let sightings = gateway.stop_and_read();
    let receivers: BTreeSet<&str> = sightings.iter().map(|sighting| sighting.receiver.as_str()).collect();
    assert_eq!(receivers, BTreeSet::from(["ceiling-hci0", "ceiling-hci1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_none_named_another_adapter_is_taken_when_the_first_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_bus, mut bluez, gateway) = start(folder.path(), "").await;
    until_heard_by("hci0", "ceiling", &mut bluez, &gateway).await;
    assert!(!is_discovering(&mut bluez, "hci1"), "one is enough while it is there");

    bluez.unplug().await.expect("pulled");
    until("the other is taken", async || is_discovering(&mut bluez, "hci1")).await;
    until_heard_by("hci1", "ceiling", &mut bluez, &gateway).await;
    until("all is well", async || !gateway.health().await.contains("radio")).await;

    bluez.plug().await.expect("plugged in");
    until_heard_by("hci1", "ceiling", &mut bluez, &gateway).await;
    assert!(!is_discovering(&mut bluez, "hci0"), "nobody changes back and forth");
}

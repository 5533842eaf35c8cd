//! A flood that nobody works off: memory stays bounded, every loss is counted, and each sender's newest advertisement stays.

use std::sync::Arc;
use std::time::Duration;

use firmware_sim::bluez::{Advertisement, BlueZ, Bus};
use gateway::radio::bluez::{Options, Source};
use gateway::radio::port::{self, QUEUE_MAX};
use gateway::radio::state::State;
use model::time::Timestamp;
use runtime::clock::SystemClock;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::ble::address::{Address, AddressKind};
use wire::ble::ibeacon::IBeacon;

use crate::gateway_box::until;

/// More senders than wait at most, and each says something twice.
const SENDERS: u16 = 2_500;

fn advertisement(sender: u16, round: i16) -> Advertisement {
    let [high, low] = sender.to_be_bytes();
    let address = Address { bytes: [0x40, 0, 0, 0, high, low], kind: AddressKind::Random };
    let beacon = IBeacon { uuid: [3; 16], major: sender, minor: 0, power: -59 };
    Advertisement { address, rssi: -50 - round, bytes: beacon.to_advertisement().into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_bounded_counted_and_keeps_each_senders_newest() {
    let folder = tempfile::tempdir().expect("a folder");
    let bus = Bus::start(folder.path()).await.expect("a bus: install dbus");
    let mut bluez = BlueZ::start(bus.address(), "hci0").await.expect("a simulated BlueZ");
    let (sink, queue) = port::channel();
    let (state, seen) = watch::channel(State::Off);
    let options = Options {
        bus: Some(bus.address().to_owned()),
        adapters: Vec::new(),
        power_on: true,
        silence: Duration::from_secs(60),
    };
    let stop = CancellationToken::new();
    let source = Source::new(options, sink, Arc::new(SystemClock::new()), state);
    let running = tokio::spawn(source.run(stop.clone()));
    until("discovery runs", async || bluez.is_discovering()).await;

    let at = Timestamp(1_795_000_000_000);
    for round in 0..2 {
        for sender in 0..SENDERS {
            assert!(bluez.receive(&advertisement(sender, round), at).await.expect("the bus is there"));
        }
    }
    let told = u64::from(SENDERS) * 2;
    until("all is heard", async || queue.heard().get("hci0").is_some_and(|heard| heard.adverts == told)).await;
    let counts = queue.heard()["hci0"];
    assert_eq!(queue.len(), QUEUE_MAX);
    assert_eq!(counts.dropped, told - QUEUE_MAX as u64);
    assert_eq!(*seen.borrow(), State::Hearing);
    let left = queue.take(usize::MAX);
    let first = left.iter().filter(|one| one.rssi == -50).count();
    assert_eq!(first, 0, "every sender that waits, waits with what it said last");

    stop.cancel();
    tokio::time::timeout(Duration::from_secs(60), running).await.expect("it stops").expect("no panic");
    until("discovery ends", async || !bluez.is_discovering()).await;
}

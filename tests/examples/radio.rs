//! What the gateway's own radio carries: adverts a second by each source, and what one costs. Prints a table; asserts nothing.
//!
//! `cargo build -p gateway && cargo run -p tests --example radio -- 10`: ten seconds a row.

#[path = "../tests/radio/box.rs"]
#[expect(dead_code, reason = "the stories need more of the box than a measurement does")]
mod gateway_box;

use std::io::Write;
use std::time::{Duration, Instant};

use firmware_sim::bluez::{Advertisement, BlueZ, Bus};
use gateway_box::{GatewayBox, until};
use model::time::Timestamp;
use tests::process::program;
use wire::ble::address::{Address, AddressKind};
use wire::ble::ibeacon::IBeacon;

/// Every device advertises so often a second.
const RATE: u64 = 10;
/// How often adverts are handed to the simulated adapter.
const TICK: Duration = Duration::from_millis(10);
/// What is not heard after so long without anything new is lost.
const LAST_WORD: Duration = Duration::from_secs(3);
/// So long it is waited for a source that is behind.
const BEHIND_MAX: Duration = Duration::from_secs(20);
/// What `/proc` counts processor time in.
const TICKS_PER_S: f64 = 100.0;

struct Row {
    told_s: f64,
    heard_s: f64,
    lost: f64,
    late_ms: u128,
    cpu_us: f64,
    bus_us: f64,
    rss_mb: f64,
}

fn advertisement(number: u64, round: u64) -> Advertisement {
    let [.., a, b, c] = number.to_be_bytes();
    let address = Address { bytes: [0x40, 0, 0, a, b, c], kind: AddressKind::Random };
    let uuid = u128::from(number).to_be_bytes();
    let beacon = IBeacon { uuid, major: 1, minor: 2, power: -59 };
    let rssi = -50 - i16::try_from(round % 20).unwrap_or(0);
    Advertisement { address, rssi, bytes: beacon.to_advertisement().into() }
}

/// Processor time of a process so far, in seconds, and its memory in MB.
fn usage(process: u32) -> (f64, f64) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    let status = read("status");
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let rss = rss.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks / TICKS_PER_S, rss / 1024.0)
}

async fn measure(source: &str, devices: u64, seconds: u64) -> Row {
    let folder = tempfile::tempdir().expect("a folder");
    let bus = Bus::start(folder.path()).await.expect("a bus: install dbus");
    let mut bluez = BlueZ::start(bus.address(), "hci0").await.expect("a simulated BlueZ");
    let gateway = GatewayBox::start(&program("attimo-gateway"), source, folder.path(), bus.address());
    until("discovery runs", async || bluez.is_discovering()).await;
    let daemon = bus.process().expect("it runs");
    let before = (usage(gateway.process()).0, usage(daemon).0);

    let start = Instant::now();
    let (mut told, mut sent) = (0u64, 0u64);
    let mut pace = tokio::time::interval(TICK);
    while start.elapsed() < Duration::from_secs(seconds) {
        pace.tick().await;
        let due = u64::try_from(start.elapsed().as_millis()).expect("short") * devices * RATE / 1_000;
        while sent < due && start.elapsed() < Duration::from_secs(seconds) {
            let at = Timestamp(1_795_000_000_000 + i64::try_from(start.elapsed().as_millis()).expect("short"));
            let heard = advertisement(sent % devices, sent / devices);
            told += u64::from(bluez.receive(&heard, at).await.expect("the bus is there"));
            sent += 1;
        }
    }
    let spent = start.elapsed().as_secs_f64();
    let in_time = gateway.heard().await;
    let (mut heard, mut last) = (in_time, Instant::now());
    let end = Instant::now();
    while heard < told && last.elapsed() < LAST_WORD && end.elapsed() < BEHIND_MAX {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = gateway.heard().await;
        if now > heard {
            (heard, last) = (now, Instant::now());
        }
    }
    let late_ms = last.duration_since(start).as_millis().saturating_sub(u128::from(seconds) * 1_000);
    let (cpu, rss_mb) = usage(gateway.process());
    let (told, heard) = (told as f64, heard as f64);
    Row {
        told_s: told / spent,
        heard_s: in_time as f64 / spent,
        lost: (told - heard) / told * 100.0,
        late_ms,
        cpu_us: (cpu - before.0) / heard * 1e6,
        bus_us: (usage(daemon).0 - before.1) / heard * 1e6,
        rss_mb,
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| source | devices | told/s | heard/s in time | not heard 20 s later | last one late by | gateway CPU an advert | \
         bus CPU an advert | memory |\n|---|---|---|---|---|---|---|---|---|"
    )?;
    for devices in [100, 1_000] {
        for source in ["bluez", "btleplug"] {
            let row = measure(source, devices, seconds).await;
            writeln!(
                out,
                "| {source} | {devices} | {:.0} | {:.0} | {:.1} % | {} ms | {:.0} us | {:.0} us | {:.1} MB |",
                row.told_s, row.heard_s, row.lost, row.late_ms, row.cpu_us, row.bus_us, row.rss_mb
            )?;
        }
    }
    Ok(())
}

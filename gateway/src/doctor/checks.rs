//! What the box itself has: clock, disk, certificate, radio.

use std::path::{Path, PathBuf};

use model::time::Timestamp;
use wire::uplink::clock::Belief;

use super::Finding;
use crate::config::{Config, RadioSource};
use crate::enrol::identity::{Enrolment, Kept};
use crate::privacy;
use crate::status::SKEW_MAX;

/// Where the system's bus is.
const BUS: &str = "/run/dbus/system_bus_socket";
/// Where the system lists its radios.
const ADAPTERS: &str = "/sys/class/bluetooth";
/// Days before the end of a certificate at which somebody should look, because it was not renewed.
const CERTIFICATE_DAYS: i64 = 7;

/// `ahead_s` is how far the clock is ahead of the server's, as the running gateway was told.
pub(super) fn clock(belief: Belief, ahead_s: Option<f64>) -> Finding {
    let fix = "set the time (timedatectl set-time ..), or let the box reach a time server (timedatectl set-ntp true)";
    match ahead_s {
        _ if belief == Belief::NeverSet => Finding::wrong("clock", "the clock is not set", fix),
        Some(ahead) if ahead.abs() > SKEW_MAX.as_seconds() => {
            let way = if ahead > 0.0 { "ahead of" } else { "behind" };
            let found = format!("the clock is {:.0} min {way} the server's, which corrects it", ahead.abs() / 60.0);
            Finding::warning("clock", found, fix)
        }
        Some(_) | None if belief == Belief::Synchronised => Finding::well("clock", "set, and it follows a time server"),
        Some(_) | None => {
            Finding::well("clock", "set; whether it follows a time server is not known (see timedatectl)")
        }
    }
}

pub(super) fn configuration(config: &Config) -> Finding {
    let well = "every key is known and every value possible";
    Finding::well(
        "config",
        match config.in_force {
            Some(version) => format!("{well}; version {version} of settings from afar is laid over the file"),
            None => well.to_owned(),
        },
    )
}

/// By the settings that a run of the gateway goes by, those from afar included.
pub(super) fn privacy(config: &Config) -> Finding {
    Finding::well("privacy", privacy::keeps(config.privacy.mode))
}

pub(super) async fn data_folder(config: &Config) -> Finding {
    let folder = config.gateway.data_dir.clone();
    let tried = tokio::task::spawn_blocking(move || try_write(&folder)).await;
    let folder = config.gateway.data_dir.display();
    match tried {
        Ok(Ok(())) => Finding::well("data", format!("{folder} can be written")),
        Ok(Err(cause)) => Finding::wrong(
            "data",
            format!("{folder} can't be written: {cause}"),
            "run this as the user of the gateway, or give it the folder: chown -R attimo-gateway",
        ),
        Err(cause) => Finding::wrong("data", cause.to_string(), "run it again"),
    }
}

fn try_write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let probe = folder.join(".doctor");
    runtime::files::write_private(&probe, b"probe")?;
    std::fs::remove_file(probe)
}

/// The standard library does not tell how much is free; `df` does on every system that this runs on.
pub(super) async fn disk(config: &Config) -> Finding {
    let folder: PathBuf = config.gateway.data_dir.clone();
    let asked = tokio::process::Command::new("df").arg("-Pk").arg(&folder).output().await;
    let free_kib = asked.ok().and_then(|answer| free_of(&String::from_utf8_lossy(&answer.stdout)));
    let wanted = config.spool.bytes_max / 1024;
    match free_kib {
        None => Finding::warning("disk", "how much is free is not known", "look with: df -h"),
        Some(free) if free < 16 * 1024 => {
            let fix = "delete what is not needed (journalctl --vacuum-size=50M), or lower spool.bytes_max";
            Finding::wrong("disk", format!("{} MiB are free", free / 1024), fix)
        }
        Some(free) if free < wanted => Finding::warning(
            "disk",
            format!("{} MiB are free, less than the spool may take ({} MiB)", free / 1024, wanted / 1024),
            "lower spool.bytes_max, or free the disk",
        ),
        Some(free) => Finding::well("disk", format!("{} MiB are free", free / 1024)),
    }
}

/// The fourth figure of the last line that `df -Pk` prints.
pub(super) fn free_of(table: &str) -> Option<u64> {
    table.lines().skip(1).last()?.split_whitespace().nth(3)?.parse().ok()
}

pub(super) fn certificate(config: &Config, now: Timestamp) -> Finding {
    match Kept::new(&config.gateway.data_dir).get() {
        Err(cause) => Finding::wrong(
            "certificate",
            cause.to_string(),
            "enrol the box again: attimo-gateway enrol --server URL --token TOKEN",
        ),
        Ok(None) if config.uplink.url.is_some() => {
            Finding::well("certificate", "none: the box goes up with user and password")
        }
        Ok(None) => Finding::wrong(
            "certificate",
            "the box was never enrolled, and uplink.url is not set",
            "attimo-gateway enrol --server URL --token TOKEN (the server makes one: attimo-server gateway token ID)",
        ),
        Ok(Some((_, enrolment))) => certificate_ends(&enrolment, now),
    }
}

pub(super) fn certificate_ends(enrolment: &Enrolment, now: Timestamp) -> Finding {
    let days = enrolment.lasts(now).0 / 86_400_000;
    let again = "enrol the box again with a new token: attimo-server gateway token ID, then attimo-gateway enrol";
    if enrolment.is_expired(now) {
        let ago = (now.0 - enrolment.expires_at) / 86_400_000;
        return Finding::wrong("certificate", format!("it ended {ago} days ago"), again);
    }
    if days < CERTIFICATE_DAYS {
        let found = format!("it ends in {days} days and was not renewed");
        return Finding::warning("certificate", found, format!("see that the box reaches its server; else {again}"));
    }
    Finding::well("certificate", format!("valid for {days} more days"))
}

pub(super) fn radio(config: &Config) -> Finding {
    if config.radio.source == RadioSource::Off {
        return Finding::well("radio", "off: this box hears receivers over the network only");
    }
    if cfg!(not(target_os = "linux")) {
        return Finding::well("radio", "the system's own");
    }
    radio_of(config.radio.adapter.as_deref(), Path::new(BUS), Path::new(ADAPTERS))
}

/// What a system has whose bus and list of radios lie there.
pub(super) fn radio_of(adapter: Option<&str>, bus: &Path, listed: &Path) -> Finding {
    if !bus.exists() {
        let fix = "install and start D-Bus and BlueZ: apt install dbus bluez && systemctl enable --now bluetooth";
        return Finding::wrong("radio", "there is no system bus, and so no Bluetooth service", fix);
    }
    let adapters = std::fs::read_dir(listed).map(|all| all.flatten().count()).unwrap_or(0);
    let named = adapter.filter(|name| !listed.join(name).exists());
    match (adapters, named) {
        (0, _) => {
            Finding::wrong("radio", "the system has no Bluetooth radio", "plug the dongle in; see: rfkill list, lsusb")
        }
        (_, Some(name)) => Finding::wrong(
            "radio",
            format!("there is no adapter {name}"),
            "set radio.adapter to one of /sys/class/bluetooth",
        ),
        (count, None) => Finding::well("radio", format!("{count} adapter(s)")),
    }
}

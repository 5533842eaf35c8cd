//! A disk without room and a spool without room, on demand: what fills them, and who comes in meanwhile.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::alone::{Alone, Order};
use crate::need;
use crate::sensors::{STEP, door};

/// The door's section of the configuration.
pub const DOOR: &str = "[sensors.door]\nkind = \"counter-cumulative\"\ntopic = \"counter/door\"\n";
/// Strangers of one message.
const AT_ONCE: u16 = 500;
/// Messages for one person at the door.
const MESSAGES: u32 = 4;

/// A list of strangers as a Minew gateway tells it in bytes.
fn strangers(from: u32, count: u16) -> Vec<u8> {
    let mut payload = vec![0xbb, 1];
    payload.extend_from_slice(&(2 + 4 + 6 + 2 + u32::from(count) * 14 + 1).to_be_bytes());
    payload.extend_from_slice(&[0xac, 0x23, 0x3f, 0xc0, 1, 2]);
    payload.extend_from_slice(&count.to_be_bytes());
    for number in from..from + u32::from(count) {
        let [_, a, b, c] = number.to_be_bytes();
        payload.extend_from_slice(&[0xc3, 0x5a, 0xd7, a, b, c, 0, 1, 3, 2, 1, 6, 2, 0xc0]);
    }
    payload.push(0xdd);
    payload
}

/// A box whose data lies in a file system of 1 MB, and where that is; none where this machine allows no mount and the
/// test may be left out.
///
/// # Errors
/// When it does not start.
pub fn on_a_small_disk(folder: &Path) -> anyhow::Result<Option<(Alone, PathBuf)>> {
    let tried =
        Command::new("unshare").args(["-Urm", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]).output();
    if !need::mounts(tried.is_ok_and(|tried| tried.status.success()))? {
        return Ok(None);
    }
    let data = folder.join("data");
    std::fs::create_dir(&data)?;
    let mount = format!("mount -t tmpfs -o size=1m none {} && exec \"$@\"", data.display());
    let by = ["unshare", "-Urm", "sh", "-c", &mount, "sh"].map(str::to_owned).to_vec();
    let alone = Alone::start(folder, Order { sections: DOOR.into(), by, ..Order::default() })?;
    let inside = PathBuf::from(format!("/proc/{}/root", alone.running.id())).join(data.strip_prefix("/")?);
    Ok(Some((alone, inside)))
}

/// A box whose spool holds 1 MiB and keeps strangers as well.
///
/// # Errors
/// When it does not start.
pub fn with_a_small_spool(folder: &Path) -> anyhow::Result<Alone> {
    let sections = format!("{DOOR}[privacy]\nmode = \"day\"\n[spool]\nbytes_max = 1048576\n");
    Alone::start(folder, Order { sections, ..Order::default() })
}

/// Lets people in one by one until the box has done something; how long that took.
///
/// # Errors
/// When it never does, or takes no post.
pub async fn come_in_until(
    alone: &Alone,
    entered: &mut u32,
    mut is: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Duration> {
    let (mut pace, began) = (tokio::time::interval(STEP), Instant::now());
    alone
        .until("the box has done what is waited for", async || {
            pace.tick().await;
            *entered += 1;
            alone.post("counter/door", door(*entered, 0)).await?;
            is().await
        })
        .await?;
    Ok(began.elapsed())
}

/// The same with crowds of strangers, until more than so many of what was kept had to go.
///
/// # Errors
/// As [`come_in_until`].
pub async fn crowd_until_lost(alone: &Alone, entered: &mut u32, lost: u64) -> anyhow::Result<()> {
    let mut stranger = 0;
    come_in_until(alone, entered, async || {
        for _ in 0..MESSAGES {
            alone.try_post("minew/AC233FC00102/status", strangers(stranger, AT_ONCE)).await?;
            stranger += u32::from(AT_ONCE);
        }
        Ok(alone.metric("attimo_gateway_spool_lost_total").await? > lost)
    })
    .await
    .map(drop)
}

/// Takes all the room that is left.
///
/// # Errors
/// When nothing can be written there at all.
pub fn fill(folder: &Path) -> anyhow::Result<()> {
    let mut filler = std::fs::File::create(folder.join("filler"))?;
    while filler.write_all(&[7; 512]).is_ok() {}
    Ok(())
}

/// Makes room again.
///
/// # Errors
/// When it was never filled.
pub fn make_room(folder: &Path) -> std::io::Result<()> {
    std::fs::remove_file(folder.join("filler"))
}

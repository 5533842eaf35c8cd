//! A disk that is full, a spool that is full, and a disk that fails now and then: what counts is kept, the rest is counted.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::alone::{Alone, Order, crossed, kept_in};
use tests::sensors::{STEP, door};

const DOOR: &str = "[sensors.door]\nkind = \"counter-cumulative\"\ntopic = \"counter/door\"\n";

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

/// Lets people in one by one until the box has done something; how many.
async fn come_in_until(
    alone: &Alone,
    entered: &mut u32,
    mut is: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut pace = tokio::time::interval(STEP);
    alone
        .until("the box has done what is waited for", async || {
            pace.tick().await;
            *entered += 1;
            alone.post("counter/door", door(*entered, 0)).await?;
            is().await
        })
        .await
}

/// Whether this machine lets us mount in a namespace of our own.
///
/// # Errors
/// When it does not, and the test may not be left out.
fn may_mount() -> anyhow::Result<bool> {
    let tried =
        Command::new("unshare").args(["-Urm", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]).output();
    tests::need::mounts(tried.is_ok_and(|tried| tried.status.success()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_waited_out_and_costs_no_reading() -> anyhow::Result<()> {
    if !may_mount()? {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let mount = format!("mount -t tmpfs -o size=1m none {} && exec \"$@\"", data.display());
    let by = ["unshare", "-Urm", "sh", "-c", &mount, "sh"].map(str::to_owned).to_vec();
    let mut alone = Alone::start(folder.path(), Order { sections: DOOR.into(), by, ..Order::default() })?;
    let inside = PathBuf::from(format!("/proc/{}/root", alone.running.id())).join(data.strip_prefix("/")?);

    let mut entered = 100;
    come_in_until(&alone, &mut entered, async || Ok(alone.metric("attimo_gateway_spool_batches").await? > 2)).await?;
    fill(&inside)?;
    come_in_until(&alone, &mut entered, async || Ok(alone.page("healthz").await?.contains("disk-refuses"))).await?;
    for _ in 0..5 {
        tokio::time::sleep(STEP).await;
        entered += 1;
        alone.post("counter/door", door(entered, 0)).await?;
    }
    std::fs::remove_file(inside.join("filler"))?;
    let resumed = alone.until_health("disk-refuses", false).await?;
    println!("the disk was free, and {resumed:?} later the box had written what waited");
    let last = entered;
    alone
        .until("everybody who came in is on disk", async || Ok(crossed(&kept_in(&inside)?) == (last - 101, 0)))
        .await?;
    assert!(alone.metric("attimo_gateway_spool_errors_total").await? > 0, "the disk was not even full");
    assert_eq!(alone.metric("attimo_gateway_spool_lost_total").await?, 0);
    assert!(alone.running.is_alive());
    Ok(())
}

/// Takes all the room that is left.
fn fill(folder: &Path) -> anyhow::Result<()> {
    use std::io::Write;
    let mut filler = std::fs::File::create(folder.join("filler"))?;
    while filler.write_all(&[7; 512]).is_ok() {}
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_spool_lets_the_oldest_sightings_go_and_no_reading_and_counts_each() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let sections = format!("{DOOR}[privacy]\nmode = \"day\"\n[spool]\nbytes_max = 1048576\n");
    let mut alone = Alone::start(folder.path(), Order { sections, ..Order::default() })?;
    let mut entered = 100;
    let mut stranger = 0;
    come_in_until(&alone, &mut entered, async || {
        for _ in 0..4 {
            alone.try_post("minew/AC233FC00102/status", strangers(stranger, 500)).await?;
            stranger += 500;
        }
        Ok(alone.metric("attimo_gateway_spool_lost_total").await? > 5_000)
    })
    .await?;
    assert!(alone.page("healthz").await?.contains("spool-full"));
    assert!(alone.page("").await?.contains("spool-full"));
    alone.until("the last window is on disk", async || Ok(crossed(&alone.kept()?).0 == entered - 101)).await?;
    let metrics = alone.page("metrics").await?;
    let count = |start: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(start));
        line.and_then(|rest| rest.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let passed_on = count("attimo_gateway_sightings_total{lane=\"durable\"}");
    let lost = count("attimo_gateway_spool_lost_total{reason=\"spool-full\",class=\"sightings\"}");
    let kept: usize = alone.kept()?.iter().map(|batch| batch.sightings.len()).sum();
    assert_eq!(passed_on, lost + kept as u64, "every sighting is on disk or was counted");
    assert_eq!(count("attimo_gateway_spool_lost_total{reason=\"spool-full\",class=\"readings\"}"), 0);
    assert_eq!(crossed(&alone.kept()?), (entered - 101, 0), "no reading went");
    let bytes: u64 = std::fs::read_dir(folder.path().join("data/spool"))?
        .map(|entry| Ok(entry?.metadata()?.len()))
        .sum::<std::io::Result<u64>>()?;
    assert!(bytes <= 1_048_576 * 9 / 8, "{bytes} bytes lie on disk");
    assert_eq!(alone.running.stop()?, Some(0));
    Ok(())
}

//! A disk that is full, a spool that is full, and a disk that fails now and then: what counts is kept, the rest is counted.

use tests::alone::{crossed, kept_in};
use tests::disk::{come_in_until, crowd_until_lost, fill, make_room, on_a_small_disk, with_a_small_spool};
use tests::sensors::{STEP, door};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_waited_out_and_costs_no_reading() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let Some((mut alone, inside)) = on_a_small_disk(folder.path())? else { return Ok(()) };
    let mut entered = 100;
    come_in_until(&alone, &mut entered, async || Ok(alone.metric("attimo_gateway_spool_batches").await? > 2)).await?;
    fill(&inside)?;
    let refuses = async || Ok(alone.page("healthz").await?.contains("disk-refuses"));
    let degraded = come_in_until(&alone, &mut entered, refuses).await?;
    for _ in 0..5 {
        tokio::time::sleep(STEP).await;
        entered += 1;
        alone.post("counter/door", door(entered, 0)).await?;
    }
    make_room(&inside)?;
    let resumed = alone.until_health("disk-refuses", false).await?;
    println!(
        "the disk was full, and {degraded:?} later the box said so; {resumed:?} after there was room all was written"
    );
    let last = entered;
    alone
        .until("everybody who came in is on disk", async || Ok(crossed(&kept_in(&inside)?) == (last - 101, 0)))
        .await?;
    assert!(alone.metric("attimo_gateway_spool_errors_total").await? > 0, "the disk was not even full");
    assert_eq!(alone.metric("attimo_gateway_spool_lost_total").await?, 0);
    assert!(alone.running.is_alive());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_spool_lets_the_oldest_sightings_go_and_no_reading_and_counts_each() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut alone = with_a_small_spool(folder.path())?;
    let mut entered = 100;
    crowd_until_lost(&alone, &mut entered, 5_000).await?;
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

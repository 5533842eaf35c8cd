//! `kill -9` of the box at random, again and again: what was lost, how soon it works again, and how soon after the kill the
//! server has committed what the box heard since. Then a disk and a spool without room: how soon the box says so, and is well again.
//! Prints; ends with 1 if anything was lost that the server had acknowledged, or was counted twice.
//!
//! `make faults`, or `cargo build --release -p gateway -p server && cargo run --release -p tests --example faults -- 200 1800`:
//! kills, and seconds for all of them.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use model::time::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use runtime::clock::{Clock, SystemClock};
use tests::disk::{come_in_until, crowd_until_lost, fill, make_room, on_a_small_disk, with_a_small_spool};
use tests::house::{Database, House};
use tests::tables::count;

/// One number decides every moment of a kill.
const SEED: u64 = 200;
/// What a counter says that tells differences.
const ONE_CAME_IN: &str = r#"{"in":1,"out":0}"#;
/// How often somebody comes in.
const EVERY: Duration = Duration::from_millis(50);
/// What is not counted by then never will be.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u32>());
    let kills = words.next().transpose()?.unwrap_or(200);
    let seconds = words.next().transpose()?.unwrap_or(1_800);
    let mut house = House::start(Database::Sqlite)?;
    tell_differences(&mut house)?;
    let receivers = house.receivers()?;
    let mut chance = ChaCha12Rng::seed_from_u64(SEED);
    let each = Duration::from_secs(seconds.into()) / kills.max(1);
    let (mut said, mut lost, mut longest_loss) = (0i64, 0, 0);
    let (mut back, mut forwarded) = (Vec::new(), Vec::new());
    until_healthy(&house).await?;
    for kill in 1..=kills {
        let until = Instant::now() + each.mul_f64(chance.random_range(0.2..0.9));
        while Instant::now() < until {
            said += 1;
            receivers.publish("counter/door", ONE_CAME_IN).await?;
            tokio::time::sleep(EVERY.mul_f64(chance.random_range(0.5..1.5))).await;
        }
        let acknowledged = entered(&house).await?;
        let killed = Instant::now();
        house.gateway.kill_9();
        let dead = SystemClock::new().now();
        house.kill_gateway()?;
        until_healthy(&house).await?;
        back.push(killed.elapsed());
        // Nothing is waited for in between: what still waits on the disk goes up beside what is new.
        while !has_since(&house, dead).await? {
            anyhow::ensure!(killed.elapsed() < PATIENCE, "nothing is forwarded:\n{}", house.gateway.log_tail());
            said += 1;
            receivers.publish("counter/door", ONE_CAME_IN).await?;
            tokio::time::sleep(EVERY).await;
        }
        forwarded.push(killed.elapsed());
        let now = settled(&house, said - lost).await?;
        if now < acknowledged || now > said - lost {
            writeln!(
                std::io::stdout(),
                "kill {kill}: {acknowledged} were acknowledged, {now} are there, {} were said (seed {SEED})",
                said - lost
            )?;
            return Ok(ExitCode::FAILURE);
        }
        let loss = said - lost - now;
        (lost, longest_loss) = (lost + loss, longest_loss.max(loss));
    }
    back.sort();
    forwarded.sort();
    writeln!(
        std::io::stdout(),
        "{kills} kills: of {said} people none that was acknowledged is lost and none is counted twice; {lost} that nobody had \
         acknowledged are lost, at most {longest_loss} at one kill ({:.2} s of input)",
        longest_loss as f64 * EVERY.as_secs_f64(),
    )?;
    tell("up and well again after a kill", &back)?;
    tell("forwarding again: from the kill to what was heard after it and the server has committed", &forwarded)?;
    no_room().await?;
    Ok(ExitCode::SUCCESS)
}

fn tell(what: &str, sorted: &[Duration]) -> std::io::Result<()> {
    let (Some(median), Some(most)) = (sorted.get(sorted.len() / 2), sorted.last()) else { return Ok(()) };
    writeln!(std::io::stdout(), "{what}: {median:?} (median), {most:?} at most")
}

/// A disk and a spool without room: from the fault to what `/healthz` says of it, and back.
async fn no_room() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut come = 100;
    if let Some((alone, inside)) = on_a_small_disk(folder.path())? {
        let keeps = async || Ok(alone.metric("attimo_gateway_spool_batches").await? > 2);
        come_in_until(&alone, &mut come, keeps).await?;
        fill(&inside)?;
        // The file that is written to still has the rest of its last block.
        let is_refused = async || Ok(alone.metric("attimo_gateway_spool_errors_total").await? > 0);
        let refused = come_in_until(&alone, &mut come, is_refused).await?;
        let degraded = alone.until_health("disk-refuses", true).await?;
        make_room(&inside)?;
        let resumed = alone.until_health("disk-refuses", false).await?;
        writeln!(
            std::io::stdout(),
            "disk full: the first write is refused after {refused:?}, degraded {degraded:?} later; all written {resumed:?} \
             after there is room"
        )?;
    }
    let folder = tempfile::tempdir()?;
    let alone = with_a_small_spool(folder.path())?;
    crowd_until_lost(&alone, &mut come, 0).await?;
    let alarm = alone.until_health("spool-full", true).await?;
    writeln!(std::io::stdout(), "spool full: said {alarm:?} after the first loss was counted")?;
    Ok(())
}

/// Makes the door tell differences: what is lost of them stays lost, while a total makes up for it with its next report.
fn tell_differences(house: &mut House) -> anyhow::Result<()> {
    let file = house.folder().join("gateway.toml");
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, text.replace("counter-cumulative", "counter-delta"))?;
    house.kill_gateway()
}

/// What the server has counted, once nothing more comes.
async fn settled(house: &House, all: i64) -> anyhow::Result<i64> {
    let until = Instant::now() + PATIENCE;
    let (mut before, mut since) = (entered(house).await?, Instant::now());
    while before < all && since.elapsed() < Duration::from_secs(2) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = entered(house).await?;
        if now != before {
            (before, since) = (now, Instant::now());
        }
    }
    Ok(before)
}

async fn entered(house: &House) -> anyhow::Result<i64> {
    let query = "SELECT coalesce(sum(json_extract(reading, '$.crossing.entered')), 0) FROM readings";
    count(&house.database_url(), query).await
}

/// Whether the server has committed something that was heard since then.
async fn has_since(house: &House, then: Timestamp) -> anyhow::Result<bool> {
    let query = format!("SELECT count(*) FROM readings WHERE at > {}", then.0);
    Ok(count(&house.database_url(), &query).await? > 0)
}

async fn until_healthy(house: &House) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    while !reqwest::get(format!("http://{}/healthz", house.gateway_status)).await?.status().is_success() {
        anyhow::ensure!(Instant::now() < until, "the box is not well:\n{}", house.gateway.log_tail());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

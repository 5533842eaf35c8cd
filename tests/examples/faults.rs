//! `kill -9` of the box at random, again and again: what was lost, and how soon it works again. Prints; ends with 1 if
//! anything was lost that the server had acknowledged, or was counted twice.
//!
//! `make faults`, or `cargo build --release -p gateway -p server && cargo run --release -p tests --example faults -- 200 1800`:
//! kills, and seconds for all of them.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use tests::house::{Database, House};
use tests::sensors::{STEP, door};
use tests::tables::count;

/// One number decides every moment of a kill.
const SEED: u64 = 200;
/// What is not counted by then never will be.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u32>());
    let kills = words.next().transpose()?.unwrap_or(200);
    let seconds = words.next().transpose()?.unwrap_or(1_800);
    let mut house = House::start(Database::Sqlite)?;
    let receivers = house.receivers()?;
    let mut chance = ChaCha12Rng::seed_from_u64(SEED);
    let each = Duration::from_secs(seconds.into()) / kills.max(1);
    let (mut said, mut lost, mut longest_loss, mut back) = (100u32, 0, 0, Vec::new());
    for _ in 0..kills {
        receivers.publish("counter/door", door(said, 0)).await?;
        until_healthy(&house).await?;
        // Where the counter stands after a pause is a beginning: who came in between was lost to the counter alone.
        let counted = entered(&house).await?;
        receivers.publish("counter/door", door(said, 0)).await?;
        tokio::time::sleep(STEP).await;
        let (first, until) = (said, Instant::now() + each.mul_f64(chance.random_range(0.2..0.9)));
        while Instant::now() < until {
            said += 1;
            receivers.publish("counter/door", door(said, 0)).await?;
            tokio::time::sleep(STEP).await;
        }
        let acknowledged = entered(&house).await?;
        let killed = Instant::now();
        house.kill_gateway()?;
        until_healthy(&house).await?;
        back.push(killed.elapsed());
        let now = settled(&house, counted + i64::from(said - first)).await?;
        anyhow::ensure!(now >= acknowledged, "what was acknowledged is gone: {now} of {acknowledged} (seed {SEED})");
        anyhow::ensure!(now <= counted + i64::from(said - first), "somebody was counted twice (seed {SEED})");
        let loss = counted + i64::from(said - first) - now;
        lost += loss;
        longest_loss = longest_loss.max(loss);
    }
    back.sort();
    writeln!(
        std::io::stdout(),
        "{kills} kills: 0 acknowledged lost, 0 counted twice; of {} people {lost} lost that nobody had acknowledged, at most {longest_loss} \
         at one kill ({:.2} s of input); up again after {:?} (median), {:?} at most",
        said - 100,
        longest_loss as f64 * STEP.as_secs_f64(),
        back[back.len() / 2],
        back.last()
    )?;
    Ok(ExitCode::SUCCESS)
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

async fn until_healthy(house: &House) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    while !reqwest::get(format!("http://{}/healthz", house.gateway_status)).await?.status().is_success() {
        anyhow::ensure!(Instant::now() < until, "the box is not well:\n{}", house.gateway.log_tail());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

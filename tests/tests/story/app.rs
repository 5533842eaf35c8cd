//! The moment that all is built for, with Segment's official Node SDK, pointed at the server with nothing changed but its
//! address: looked at online, walked in, stood at the shelf, got the offer, used it, paid; every step chained by ids.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::house::{Consent, Database, House};
use tests::need;
use tests::process::output;
use tests::push::PushService;
use tests::tables::count;
use tests::tree::root;
use tests::walker::AT_THE_WINE;

use crate::on_both_databases;

on_both_databases!(a_view_and_an_order_sent_by_segments_node_sdk_frame_the_moment);

async fn a_view_and_an_order_sent_by_segments_node_sdk_frame_the_moment(database: Database) -> anyhow::Result<()> {
    let folder = root().join("tests/sdk");
    let npm = Command::new("npm").arg("--version").output().ok().filter(|output| output.status.success());
    if need::or_leave_out(npm, "Node is not installed", "install Node 20 or newer")?.is_none() {
        return Ok(());
    }
    install(&folder)?;
    let shop = said_on_a_dwell()?;
    let house = House::start_shop(database, Vec::new(), shop.path())?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("carla", 11)?;
    let app = house.app();
    let phone = app.register("carla", Consent::ALL, Some(&browser)).await?;
    let say = |event: &str, properties: Value| -> anyhow::Result<()> {
        let said = output(
            Command::new("node")
                .arg("say.mjs")
                .args([&house.http, &house.write_key, "carla", event, &properties.to_string()])
                .current_dir(&folder),
        )?;
        anyhow::ensure!(said.contains("flushed 2"), "{said}");
        Ok(())
    };

    say("Product Viewed", json!({ "product_id": "SKU-WINE" }))?;
    let walking = house.receivers()?.keep_hearing(phone.air, AT_THE_WINE);
    let push = match pushes.wait(&browser, Duration::from_secs(40)).await {
        Ok(push) => push,
        Err(error) => {
            let decided = house.api("/api/v1/stores/corner/decisions?limit=5").await?;
            return Err(error.context(format!("decided instead: {decided:#}")));
        }
    };
    assert_eq!(push["offerId"], "barolo-today");

    let decision = push["id"].as_str().unwrap_or_default().to_owned();
    app.outcome(&phone, &decision, "delivered").await?;
    app.outcome(&phone, &decision, "opened").await?;
    // The coupon of a decision has its id.
    say("Coupon Applied", json!({ "order_id": "o-77", "coupon_id": decision }))?;
    say(
        "Order Completed",
        json!({ "order_id": "o-77", "products": [{ "product_id": "SKU-WINE", "quantity": 1, "price": 27 }] }),
    )?;

    let told = told_with(&house, &decision, "purchased").await?;
    let stay = stay(&house).await?;
    walking.abort();
    assert_eq!((&told["choice"], &told["offerId"]), (&json!("offer"), &json!("barolo-today")));
    assert_eq!((&told["delivery"], &told["zone"]), (&json!("sent"), &json!("wine")));
    let chain = chain(&told)?;
    let steps: Vec<&str> = chain.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(steps, ["decided", "delivered", "opened", "redeemed", "purchased"], "each once, in this order");
    assert!(chain.is_sorted_by_key(|(_, at)| *at), "{chain:?}");
    tell_how_long(&house, &told, &chain, stay)
}

/// The small shop, with its wine offered to those who dwell at the shelf, and not to those who only come to it.
fn said_on_a_dwell() -> anyhow::Result<TempDir> {
    let (from, folder) = (root().join("tests/shops/small"), tempfile::tempdir()?);
    let files = std::fs::read_dir(&from)?.collect::<Result<Vec<_>, _>>()?;
    for file in files {
        std::fs::copy(file.path(), folder.path().join(file.file_name()))?;
    }
    let path = folder.path().join("shop.toml");
    let (wine, text) = ("id = \"barolo-today\"\n", std::fs::read_to_string(&path)?);
    anyhow::ensure!(text.matches(wine).count() == 1, "the small shop has this offer");
    // Their speed is known from five seconds on; before that a belief that settles looks like a walk.
    let text = text.replace("dwell_s = 2\n", "dwell_s = 6\n");
    std::fs::write(&path, text.replace(wine, &format!("{wine}moments = [\"dwelling\"]\n")))?;
    Ok(folder)
}

/// The steps of a decision by the server's own log, with their times in milliseconds: first the decision, then what
/// became of it.
fn chain(told: &Value) -> anyhow::Result<Vec<(String, i64)>> {
    let at = |value: &Value| -> anyhow::Result<i64> {
        let text = value["at"].as_str().with_context(|| format!("a time: {value}"))?;
        Ok(text.parse::<jiff::Timestamp>()?.as_millisecond())
    };
    let mut steps = vec![("decided".to_owned(), at(told)?)];
    for outcome in told["outcomes"].as_array().context("outcomes")? {
        steps.push((outcome["kind"].as_str().context("a kind")?.to_owned(), at(outcome)?));
    }
    Ok(steps)
}

/// Prints what the server's log says about the time from the stay at the shelf to the phone. It is said and not
/// asserted: how long it takes is the machine's, that it all happens in this order is ours.
fn tell_how_long(house: &House, told: &Value, chain: &[(String, i64)], stay: [i64; 2]) -> anyhow::Result<()> {
    let id = told["id"].as_str().context("an id")?;
    let log = std::fs::read_to_string(house.folder().join("server.log"))?;
    let sent = log.lines().map(plain).find(|line| line.contains("a delivery is over: sent") && line.contains(id));
    let sent = sent.with_context(|| format!("the log tells that {id} was sent:\n{log}"))?;
    let took: Option<i64> = sent.split_once("took_ms=").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    let took = took.with_context(|| format!("how long it took: {sent}"))?;
    let [came, dwell] = stay;
    let (decided, delivered) = (chain[0].1, chain[1].1);
    assert_eq!(told["trigger"], "dwelling");
    assert!(came < dwell && dwell <= decided, "there, dwelt, and then told: {came} {dwell} {decided}");
    println!(
        "from the dwell ({} ms after coming to the shelf) to the decision ({}) {} ms, to the push service {} ms, to the \
         phone's word {} ms",
        dwell - came,
        told["trigger"].as_str().unwrap_or_default(),
        decided - dwell,
        decided + took - dwell,
        delivered - dwell,
    );
    Ok(())
}

/// When the server saw somebody come to the shelf, and when that stay had become a dwell, once it has.
async fn stay(house: &House) -> anyhow::Result<[i64; 2]> {
    let until = Instant::now() + Duration::from_secs(20);
    let of = async |what: &str| {
        let query =
            format!("SELECT COALESCE(MIN({what}), 0) FROM presence WHERE zone = 'wine' AND dwelling_at IS NOT NULL");
        count(&house.database_url(), &query).await
    };
    loop {
        let stay = [of("since").await?, of("dwelling_at").await?];
        if stay[1] > 0 {
            return Ok(stay);
        }
        anyhow::ensure!(Instant::now() < until, "nobody dwelt at the shelf");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A line of the log without its colours.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

/// Installs the SDK, once for both databases: two installations in one folder break each other, also from two processes.
fn install(folder: &Path) -> anyhow::Result<()> {
    let turn = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk.lock"))?;
    turn.lock()?;
    // Written last, when all of it is there.
    let done = folder.join("node_modules/.package-lock.json").metadata().and_then(|file| file.modified());
    let wanted = folder.join("package-lock.json").metadata()?.modified()?;
    if !done.is_ok_and(|done| done >= wanted) {
        output(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(folder))?;
    }
    Ok(())
}

/// What the office tells of a decision, once a certain outcome is among what became of it.
async fn told_with(house: &House, decision: &str, awaited: &str) -> anyhow::Result<Value> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let told = house.api(&format!("/api/v1/decisions/{decision}")).await?;
        let all = told["outcomes"].as_array().map_or(&[][..], Vec::as_slice);
        if all.iter().any(|outcome| outcome["kind"] == awaited) {
            return Ok(told);
        }
        anyhow::ensure!(Instant::now() < until, "no {awaited} came: {told}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

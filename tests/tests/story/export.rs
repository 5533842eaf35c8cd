//! Our own log leaves a running server as files, opens in pandas and in the Open Bandit Pipeline, and is judged again:
//! by `evaluate offers`, by that pipeline and, where no model is needed, by the arithmetic written out here: the same numbers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};
use reqwest::Client;
use serde_json::{Value, json};
use tests::alone::faketime;
use tests::house::{Consent, Database, House};
use tests::python;
use tests::tree::root;

/// So many customers ask once each.
const CUSTOMERS: usize = 600;
/// One question at a time would take long; the server takes many.
const AT_ONCE: usize = 16;
/// What the two figures of one thing may differ by: rounding.
const EXACT: f64 = 1e-9;
/// The candidate leaves this offer out.
const OFF: &str = "chianti-today";

/// Two more bottles on the shelf.
const MORE: &str = r#"
[[product]]
id = "SKU-CHIANTI"
name = "Chianti"
category = "wine"
price = 1500
margin = 700
zone = "wine"

[[product]]
id = "SKU-SOAVE"
name = "Soave"
category = "wine"
price = 1200
margin = 600
zone = "wine"

[[offer]]
id = "chianti-today"
product = "SKU-CHIANTI"
discount = 150
intent_min = 0.0
[offer.content.en]
title = "Chianti: 1.50 euro off"
body = "Today."

[[offer]]
id = "soave-today"
product = "SKU-SOAVE"
discount = 100
intent_min = 0.0
[offer.content.en]
title = "Soave: 1 euro off"
body = "Today."
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_log_opens_in_pandas_and_obp_and_is_judged_alike() -> anyhow::Result<()> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // The pipeline's last release without a deep-learning library, and the pandas that it was written for.
    let pipeline = ["obp==0.4.0", "pandas<2", "numpy<2"];
    let Some(library) = faketime()? else { return Ok(()) };
    let Some(pandas) = python::with(tools, "pandas", &["pandas", "pyarrow"])? else { return Ok(()) };
    let Some(obp) = python::with(tools, "obp", &pipeline)? else { return Ok(()) };

    let house = House::start(Database::Sqlite)?;
    apply_three_offers(&house).await?;
    let redeemed = ask_all(&house).await?;
    let folder = house.folder().join("log");
    export(&house, &library, &folder)?;

    let log = read(&folder.join("decisions.ndjson"))?;
    assert_eq!(log.len(), CUSTOMERS);
    let rounds: Vec<&Value> = log.iter().filter(|row| row["holdout"] == false).collect();
    assert!(rounds.len() < log.len(), "some are kept back to compare with");
    let at = folder.to_str().context("a path of text")?;

    let opened = python::told(&pandas, include_str!("../../python/opened.py"), &[at])?;
    assert_eq!(opened["rows"], CUSTOMERS);
    assert_eq!((&opened["known"], &opened["rounds"]), (&json!(rounds.len()), &json!(rounds.len())));
    assert_eq!(opened["redeemed"], json!(redeemed), "the outcomes of each row are what was told");
    assert_eq!(opened["rewarded"], json!(redeemed));
    assert_eq!(opened["silent"].as_array().map(Vec::len), Some(CUSTOMERS - redeemed.len()));
    assert_eq!(opened["times"], true);

    let ours = evaluate(&house, at)?;
    let expect = by_hand(&rounds)?;
    let off = item_of(&folder, OFF)?;
    let theirs = python::told(&obp, include_str!("../../python/judged.py"), &[at, &off.to_string(), OFF])?;
    assert_eq!((&theirs["rounds"], &theirs["actions"]), (&json!(rounds.len()), &json!(4)));
    let run = &ours["runs"][0];
    assert_eq!((&run["from"], &run["to"]), (&json!("even"), &json!("without-one")));
    assert_eq!(run["skipped"], json!(log.len() - rounds.len()));
    assert_eq!(run["refused"], json!([]), "the log carries the candidate");
    for (name, told, by_hand, by_obp) in [
        ("logged", &run["logged"], expect.logged, &theirs["logged"]),
        ("ips", &run["estimates"]["ips"]["value"], expect.ips, &theirs["ips"]),
        ("snips", &run["estimates"]["snips"]["value"], expect.snips, &theirs["snips"]),
    ] {
        let (told, by_obp) = (told.as_f64().context(name)?, by_obp.as_f64().context(name)?);
        assert!(told > 0.0 && (told - by_hand).abs() < EXACT, "{name}: {told} and by hand {by_hand}");
        assert!((told - by_obp).abs() < EXACT, "{name}: {told} and by the pipeline {by_obp}");
    }
    for name in ["dm", "dr", "sndr"] {
        let told = run["estimates"][name]["value"].as_f64().context(name)?;
        let by_obp = theirs[name].as_f64().context(name)?;
        assert!((0.0..1.0).contains(&told) && (told - by_obp).abs() < EXACT, "{name}: {told} and {by_obp}");
    }
    let again = evaluate(&house, at)?;
    assert_eq!(ours, again, "the same log gives the same digits");
    Ok(())
}

/// Gives the running server a shop with three bottles, of which one in ten customers is told nothing, and a policy that takes
/// any of the three or none, so that its log carries every other.
async fn apply_three_offers(house: &House) -> anyhow::Result<()> {
    let (from, to) = (root().join("tests/shops/small"), house.folder().join("shop"));
    std::fs::create_dir(&to)?;
    std::fs::copy(from.join("floor.geojson"), to.join("floor.geojson"))?;
    let text = std::fs::read_to_string(from.join("shop.toml"))?;
    let text = text.replace("holdout = 0.0", "holdout = 0.1").replace("lifetime_s = 120", "intent_min = 0.0");
    let text = text.replace("choose = \"best\"", "id = \"even\"\nchoose = \"uniform\"");
    std::fs::write(to.join("shop.toml"), format!("{text}{MORE}"))?;
    house.server_cli(&["apply", to.to_str().context("a path of text")?])?;
    for _ in 0..300 {
        let known = house.api("/api/v1/stores/corner/offers").await;
        let known = known.with_context(|| format!("the offers:\n{}", house.server.log_tail()))?;
        if known["offers"].as_array().map(Vec::len) == Some(3) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("the shop was not taken over:\n{}", house.server.log_tail())
}

/// Everybody asks at the kiosk by the wine; every third who is told something uses it. The decisions that were redeemed.
async fn ask_all(house: &House) -> anyhow::Result<BTreeSet<String>> {
    let http = Client::new();
    let asked = futures::stream::iter((0..CUSTOMERS).map(|n| one(house, &http, n))).buffer_unordered(AT_ONCE);
    let redeemed: Vec<Option<String>> = asked.try_collect().await?;
    let redeemed: BTreeSet<String> = redeemed.into_iter().flatten().collect();
    anyhow::ensure!(redeemed.len() > CUSTOMERS / 20, "{} of {CUSTOMERS} redeemed", redeemed.len());
    Ok(redeemed)
}

async fn one(house: &House, http: &Client, n: usize) -> anyhow::Result<Option<String>> {
    let customer = format!("customer-{n}");
    house.app().register(&customer, Consent::ALL, None).await?;
    let body = json!({"customer": customer, "store": "corner", "zone": "wine", "options": {"channel": "kiosk"}});
    let answer = post(house, http, "/v1/decide", body).await?;
    let decision = answer["decisionId"].as_str().context("a decision")?.to_owned();
    if !n.is_multiple_of(3) || answer["offers"][0]["offerId"].is_null() {
        return Ok(None);
    }
    post(house, http, &format!("/v1/decisions/{decision}/outcomes"), json!({"kind": "redeemed"})).await?;
    Ok(Some(decision))
}

async fn post(house: &House, http: &Client, path: &str, body: Value) -> anyhow::Result<Value> {
    let ask = http.post(format!("{}{path}", house.http)).bearer_auth(&house.api_key).json(&body);
    let answer = ask.send().await?;
    anyhow::ensure!(answer.status().is_success(), "{path}: {} {}", answer.status(), answer.text().await?);
    Ok(answer.json().await?)
}

/// Writes every form, when the time to answer is over.
fn export(house: &House, library: &Path, folder: &Path) -> anyhow::Result<()> {
    let out = |folder: &Path| folder.to_str().map(str::to_owned).context("a path of text");
    for (format, out) in [("ndjson", out(folder)?), ("parquet", out(folder)?), ("obd", out(&folder.join("bts"))?)] {
        let words = ["export", "decisions", "--format", format, "--name", "all", "--out", &out];
        let times = ["--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"];
        let said = house.server_cli_later(3, library, &[&words[..], &times].concat())?;
        anyhow::ensure!(said.starts_with(&format!("{CUSTOMERS} decisions, 4 items")), "{said}");
    }
    Ok(())
}

fn read(path: &PathBuf) -> anyhow::Result<Vec<Value>> {
    std::fs::read_to_string(path)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The number that the exported items give to an offer.
fn item_of(folder: &Path, offer: &str) -> anyhow::Result<usize> {
    let items = std::fs::read_to_string(folder.join("items.csv"))?;
    let found = items.lines().find_map(|line| line.strip_suffix(&format!(",{offer}"))?.parse().ok());
    found.with_context(|| format!("{offer} is no item: {items}"))
}

/// What the program says of a policy that leaves one offer out and takes any other, or none.
fn evaluate(house: &House, log: &str) -> anyhow::Result<Value> {
    let policy = house.folder().join("candidate.toml");
    std::fs::write(&policy, format!("id = \"without-one\"\nchoose = \"uniform\"\noff = [\"{OFF}\"]\n"))?;
    let policy = policy.to_str().context("a path of text")?;
    let said = house.server_cli(&["evaluate", "offers", "--log", log, "--policy", policy, "--json"])?;
    Ok(serde_json::from_str(&said)?)
}

/// The textbook's figures of the same policy, from nothing but the lines of the log.
struct ByHand {
    logged: f64,
    ips: f64,
    snips: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred rounds")]
fn by_hand(rounds: &[&Value]) -> anyhow::Result<ByHand> {
    let (mut rewards, mut weights, mut earned) = (0.0, 0.0, 0.0);
    for row in rounds {
        let candidates: Vec<Value> = serde_json::from_str(row["candidates"].as_str().context("candidates")?)?;
        let ranked = candidates.iter().filter(|one| one["mean"].is_number());
        let left = ranked.filter(|one| one["offer"] != OFF).count();
        let chance = if row["action"] == OFF { 0.0 } else { 1.0 / (left as f64 + 1.0) };
        let weight = chance / row["pscore"].as_f64().context("pscore")?;
        let reward = row["reward"].as_f64().context("its time is over")?;
        rewards += reward;
        weights += weight;
        earned += weight * reward;
    }
    let n = rounds.len() as f64;
    Ok(ByHand { logged: rewards / n, ips: earned / n, snips: earned / weights })
}

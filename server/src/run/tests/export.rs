//! The log of decisions as other tools read it: the same rows in each form, and no customer's name in any.

use std::path::Path;
use std::process::Command;

use model::time::Millis;

use super::bench::*;
use crate::export::{Format, Options, run};
use crate::secret::ServerSecret;

/// What a data person would do first.
const SCRIPT: &str = r#"
import json, sys, pandas
table = pandas.read_parquet(sys.argv[1] + "/decisions.parquet")
lines = pandas.read_json(sys.argv[1] + "/decisions.ndjson", lines=True, dtype={"customer_hash": str, "decision_id": str})
assert list(table.decision_id) == list(lines.decision_id), "the same decisions"
assert len(table) >= 2 and (table.pscore > 0).all()
assert str(table.timestamp.dt.tz) == "UTC"
assert list(table.item_id) == list(lines.item_id) and set(table.action) >= {"wine-week"}
assert all(isinstance(json.loads(text), list) for text in table.candidates)
bandit = pandas.read_csv(sys.argv[1] + "/attimo/attimo.csv", index_col=0)
items = pandas.read_csv(sys.argv[1] + "/attimo/item_context.csv", index_col=0)
assert set(bandit.item_id) <= set(items.item_id) and len(bandit) == table.reward.notna().sum()
print("opened", len(table))
"#;

pub(super) async fn export(server: &Server, folder: &Path, format: Format) -> String {
    let options = Options {
        format,
        from: START,
        to: START + Millis::hours(1),
        out: folder.to_owned(),
        name: "attimo".to_owned(),
    };
    let now = START + Millis::hours(24);
    run(&options, &server.store, &ServerSecret::new([3; 32]), now).await.expect("exported")
}

#[test]
fn pandas_opens_every_form_of_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    Bench::new().run(async |server| {
        server.consenting("ada").await;
        server.run.event(customer("ada"), viewed("m1")).await.expect("taken");
        server.walk(0, 20).await;
        for format in [Format::Ndjson, Format::Parquet, Format::Obd] {
            assert!(export(server, folder.path(), format).await.contains("decisions"));
        }
        let decided = server.decisions().await.len();
        let text = std::fs::read_to_string(folder.path().join("decisions.ndjson")).expect("written");
        assert_eq!(text.lines().count(), decided);
        assert!(!text.contains("ada-9f3c"), "no customer's name leaves");
        let first: serde_json::Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        assert_eq!(first["customer_hash"].as_str().map(str::len), Some(32));
    });
    match opened(folder.path()) {
        Ok(said) => assert!(said.starts_with("opened"), "{said}"),
        Err(why) => eprintln!("pandas could not be had here, so only our own checks were made: {why}"),
    }
}

#[test]
fn silence_means_no_only_when_the_shop_waits_no_longer() {
    let folder = tempfile::tempdir().expect("a folder");
    Bench::new().run(async |server| {
        server.consenting("ada").await;
        server.run.event(customer("ada"), viewed("m1")).await.expect("taken");
        server.walk(0, 20).await;
        let rewards = async || {
            export(server, folder.path(), Format::Ndjson).await;
            let text = std::fs::read_to_string(folder.path().join("decisions.ndjson")).expect("written");
            let row = |line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["reward"].as_f64();
            text.lines().map(row).collect::<Vec<_>>()
        };
        let over = rewards().await;
        assert!(!over.is_empty() && over.iter().all(|reward| *reward == Some(0.0)), "{over:?}");
        let patient = format!("{SHOP}\n[policy]\noutcome_window_s = 604800\n");
        server.store.put_shop(&shop(), &patient, FLOOR, START).await.expect("kept");
        assert_eq!(rewards().await, vec![None; over.len()]);
    });
}

/// Lets pandas open the files; why not, when there is none to be had.
fn opened(folder: &Path) -> Result<String, String> {
    let home = folder.join("venv");
    let python = home.join("bin/python");
    let done = |command: &mut Command| -> Result<(), String> {
        let output = command.output().map_err(|cause| cause.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        output.status.success().then_some(()).ok_or(said)
    };
    done(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    done(Command::new(&python).args(["-m", "pip", "install", "--quiet", "pandas", "pyarrow"]))?;
    let output = Command::new(&python).args(["-c", SCRIPT]).arg(folder).output().map_err(|cause| cause.to_string())?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

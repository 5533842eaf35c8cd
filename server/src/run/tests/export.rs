//! The log of decisions as other tools read it: the same rows in each form, and no customer's name in any.

use std::path::Path;

use model::time::Millis;

use super::bench::*;
use crate::export::{Format, Options, run};
use crate::secret::ServerSecret;

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
fn a_log_has_a_row_for_each_decision_and_nobodys_name() {
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
        assert_eq!(first["outcomes"], "[]", "nothing became of it yet");
    });
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

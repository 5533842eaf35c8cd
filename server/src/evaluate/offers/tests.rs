//! The command line against the shared reference, where it lies beside the repository, and against small folders.

use std::path::Path;

use clap::Parser;
use serde_json::Value;

use super::*;
use crate::testing::shared_data;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn said(line: &[&str]) -> anyhow::Result<String> {
    run(&Cli::try_parse_from(["offers"].iter().chain(line)).expect("a command line").options)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

fn close(ours: &Value, theirs: &Value, what: &str) {
    let (ours, theirs) = (ours.as_f64().expect(what), theirs.as_f64().expect(what));
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{what}: {ours} against {theirs}");
}

#[test]
fn every_estimate_equals_the_reference() {
    let Some(folder) = shared_data("obd") else { return };
    let dir = folder.display().to_string();
    let reference = read(&folder.join("reference/reference.json"));
    let mut compared = 0;
    for campaign in ["all", "men"] {
        let line = ["--obd", &dir, "--campaign", campaign, "--json"];
        let found: Value = serde_json::from_str(&said(&line).expect("the folder is whole")).expect("JSON");
        for run in found["runs"].as_array().expect("runs") {
            let same = |theirs: &&Value| {
                theirs["campaign"] == campaign && theirs["behavior"] == run["from"] && theirs["evaluation"] == run["to"]
            };
            let theirs = reference["runs"].as_array().expect("runs").iter().find(same).expect("the same run");
            compare(run, theirs);
            compared += 1;
        }
    }
    assert_eq!(compared, 4);
}

fn compare(run: &Value, theirs: &Value) {
    assert_eq!((&run["rounds"], &run["actions"]), (&theirs["n"], &theirs["n_actions"]));
    assert_eq!(run["clicks"], theirs["clicks_behavior"]);
    close(&run["logged"], &theirs["value_behavior"], "logged");
    close(&run["truth"], &theirs["on_policy_truth"], "truth");
    for key in ["mean", "max", "ess"] {
        close(&run["weights"][key], &theirs["weights"][key], key);
    }
    for (ours, name) in [("ips", "ipw"), ("snips", "snipw"), ("dm", "dm"), ("dr", "dr"), ("sndr", "sndr")] {
        let estimate = &run["estimates"][ours];
        close(&estimate["value"], &theirs["converged"][name], name);
        close(&estimate["low"], &theirs["converged_ci95_boot1000"][name][0], name);
        close(&estimate["high"], &theirs["converged_ci95_boot1000"][name][1], name);
    }
    for (ours, name) in [("ips", "ipw"), ("snips", "snipw_delta"), ("dm", "dm"), ("dr", "dr")] {
        close(&run["estimates"][ours]["se"], &theirs["se"][name], name);
    }
}

#[test]
fn chances_from_the_prior_equal_the_exact_ones() {
    use measure::ope::prior::Prior;
    let Some(folder) = shared_data("obd") else { return };
    let priors = std::fs::read_to_string(folder.join("prior_bts.yaml")).expect("the priors");
    for campaign in ["all", "men"] {
        let ours = Prior::parse(&priors, campaign).expect("the campaign").positions(3);
        let path = folder.join(format!("action_dist_bts_exact_{campaign}.csv"));
        let mut reader = csv::Reader::from_path(path).expect("the exact chances");
        for (item, row) in reader.records().map(|row| row.expect("a row")).enumerate() {
            for (position, chances) in ours.iter().enumerate() {
                let exact: f64 = row[position + 1].parse().expect("a number");
                assert!((chances[item] - exact).abs() < 1e-9, "{campaign} {item} {position}: {}", chances[item]);
            }
        }
    }
}

/// A folder of a campaign with 3 items and one position, in which `random` drew 600 times and `bts` never.
fn small(pscore: f64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let home = dir.path().join("random/shoes");
    std::fs::create_dir_all(&home).expect("a folder");
    let mut rounds = String::from(",timestamp,item_id,position,click,propensity_score,user_feature_0\n");
    for i in 0..600 {
        let click = u8::from(i % 3 == 1 && i % 5 == 0);
        rounds += &format!("{i},2026-01-01 00:{:02}:{:02},{},1,{click},{pscore},u{}\n", i / 60, i % 60, i % 3, i % 2);
    }
    let files = [
        ("random/shoes/shoes.csv", rounds.as_str()),
        ("random/shoes/item_context.csv", ",item_id,item_feature_0,item_feature_1\n0,0,0.5,x\n1,1,-0.5,y\n2,2,1.0,x\n"),
        ("prior_bts.yaml", "shoes:\n  alpha:\n    - 1\n    - 2\n    - 1\n  beta:\n    - 20\n    - 10\n    - 20\n"),
    ];
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    dir
}

#[test]
fn a_campaign_without_written_chances_is_judged_by_its_prior() {
    let dir = small(1.0 / 3.0);
    let folder = dir.path().display().to_string();
    let found = said(&["--obd", &folder, "--campaign", "shoes", "--json"]).expect("the folder is whole");
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found["runs"].as_array().expect("runs").len(), 1);
    let run = &found["runs"][0];
    assert_eq!((run["from"].as_str(), run["to"].as_str(), run["truth"].as_f64()), (Some("random"), Some("bts"), None));
    // The favoured item earns 0.2 of the time; the log earned a third of that.
    let dr = run["estimates"]["dr"]["value"].as_f64().expect("an estimate");
    assert!(dr > 0.1 && dr < 0.2, "{run}");
    let page = said(&["--obd", &folder, "--campaign", "shoes"]).expect("the folder is whole");
    assert!(page.contains("shoes: bts judged on the log of random") && page.contains("SNDR"), "{page}");
}

#[test]
fn a_log_that_can_not_carry_a_number_gives_none_and_says_why() {
    let dir = small(0.05);
    let folder = dir.path().display().to_string();
    let found = said(&["--obd", &folder, "--campaign", "shoes", "--json"]).expect("the folder is whole");
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert!(found["runs"][0]["estimates"].is_null());
    assert_eq!(found["runs"][0]["refused"][0]["code"], "mean-weight");
    let page = said(&["--obd", &folder, "--campaign", "shoes"]).expect("the folder is whole");
    assert!(page.contains("no estimate") && page.contains("should be near 1"), "{page}");
}

#[test]
fn folders_that_are_wrong_say_what_and_how_to_mend_it() {
    let dir = small(1.0 / 3.0);
    let folder = dir.path().display().to_string();
    let none = said(&["--obd", &folder, "--campaign", "hats"]).expect_err("no such campaign").to_string();
    assert!(none.contains("check --obd and --campaign"), "{none}");
    let from = said(&["--obd", &folder, "--campaign", "shoes", "--from", "bts"]).expect_err("no such log").to_string();
    assert!(from.contains("raw/bts/shoes/shoes.csv.gz"), "{from}");
    let out = said(&["--obd", &folder, "--campaign", "../shoes"]).expect_err("no name").to_string();
    assert!(out.contains("no name of a folder"), "{out}");
    std::fs::write(dir.path().join("random/shoes/shoes.csv"), ",timestamp,item_id\n0,2026,0\n").expect("a file");
    let bad = format!("{:#}", said(&["--obd", &folder, "--campaign", "shoes"]).expect_err("columns are missing"));
    assert!(bad.contains("the log has no column \"position\""), "{bad}");
}

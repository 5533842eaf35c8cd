//! `attimo-server doctor` as it is called: what it prints, and how it ends.

use std::path::PathBuf;
use std::process::{Command, Output};

fn doctor(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attimo-server"));
    command.arg("doctor").args(arguments).env_remove("DATABASE_URL").env_remove("ATTIMO_SERVER_CONFIG");
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn small() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/shops/small")
}

#[test]
fn a_plan_needs_neither_configuration_nor_database() {
    let folder = small();
    let done = doctor(&["plan", folder.to_str().expect("a path")]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let said = text(&done.stdout);
    assert!(said.starts_with("Corner shop: what its plan promises") && !said.contains('\x1b'), "{said}");
    let json = doctor(&["plan", folder.to_str().expect("a path"), "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("json");
    assert_eq!(json["forecast"]["floors"][0]["receivers"], 6);
}

#[test]
fn what_is_wrong_is_said_and_ends_with_64() {
    let done = doctor(&["plan", "/nowhere/at/all"]);
    assert_eq!(done.status.code(), Some(64));
    assert!(text(&done.stderr).contains("shop.toml: can't be read"), "{}", text(&done.stderr));
}

#[test]
fn a_shop_is_examined_by_its_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("server.toml");
    let written = format!("[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = {:?}\n", folder.path().join("data"));
    std::fs::write(&config, written).expect("written");
    let config = config.to_str().expect("a path");
    let done = doctor(&["place", "--config", config]);
    assert_eq!(done.status.code(), Some(64), "{}", text(&done.stdout));
    assert!(text(&done.stderr).contains("attimo-server apply"), "{}", text(&done.stderr));

    let mut apply = Command::new(env!("CARGO_BIN_EXE_attimo-server"));
    let applied = apply.arg("apply").arg(small()).args(["--config", config]).output().expect("the program starts");
    assert!(applied.status.success(), "{}", text(&applied.stderr));
    let done = doctor(&["place", "--config", config, "--store", "corner", "--since", "24h"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("too little to say anything"), "{}", text(&done.stdout));
    let planned = doctor(&["plan", "--config", config]);
    assert!(text(&planned.stdout).contains("Corner shop"), "{}", text(&planned.stderr));
}

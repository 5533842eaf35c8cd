//! Wrong configuration: said with its key and its fix, before a port is opened.

use std::process::{Command, Stdio};

use tests::process::program;

fn fails(name: &str, text: &str, key: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("wrong.toml");
    std::fs::write(&path, text).expect("a file");
    let output = Command::new(program(name))
        .arg("run")
        .arg("--config")
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{name} must end with 64: {said}");
    assert!(said.contains(key), "{name} must name {key:?}: {said}");
    assert!(said.contains("config template"), "{name} must say the fix: {said}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("ready"), "{name} opened a port");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left.len(), 1, "{name} wrote something before it read its configuration: {left:?}");
}

#[test]
fn a_typo_in_the_servers_configuration_names_the_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let right = format!("[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"{}\"\n", folder.path().display());
    fails("attimo-server", &format!("{right}\n[broker]\nlisen = \"127.0.0.1:0\"\n"), "broker.lisen");
    fails("attimo-server", &right.replace("127.0.0.1:0", "localhost"), "server.listen");
}

#[test]
fn a_typo_in_the_gateways_configuration_names_the_key() {
    let right = "[gateway]\nid = \"edge-1\"\nstore = \"corner\"\ndata_dir = \"unused\"\n\n[uplink]\nurl = \"mqtt://127.0.0.1:1\"\n";
    fails("attimo-gateway", &right.replace("store =", "stor ="), "gateway.stor");
    fails("attimo-gateway", &right.replace("edge-1", "edge/1"), "gateway.id");
}

#[test]
fn the_committed_templates_are_what_the_programs_write() {
    for (name, file) in [("attimo-server", "server.toml"), ("attimo-gateway", "gateway.toml")] {
        let written =
            tests::process::output(Command::new(program(name)).args(["config", "template"])).expect("a template");
        let committed =
            std::fs::read_to_string(tests::tree::root().join("deploy/config").join(file)).unwrap_or_default();
        assert!(written == committed, "deploy/config/{file} is old: make deploy-config");
    }
}

//! That nothing of a person and no secret is in the bundle, and that any tar opens it.

use std::process::Command;

use super::*;

const CANARIES: [&str; 6] = [
    "c0ffee5a1701",
    "C0:FF:EE:5A:17:01",
    "01-17-5a-ee-ff-c0",
    "212464000046849",
    "hunter2-secret",
    "-----BEGIN PRIVATE KEY-----",
];

fn config(folder: &Path) -> (PathBuf, Config) {
    let path = folder.join("gateway.toml");
    let text = format!(
        "[gateway]\nid = \"gw-1\"\nstore = \"demo\"\ndata_dir = {:?}\n\
         [receivers]\nurl = \"mqtt://127.0.0.1:9\"\nusername = \"rec-user\"\npassword = \"hunter2-secret\"\n\
         [uplink]\nurl = \"mqtt://127.0.0.1:9\"\nusername = \"gw-1\"\npassword = \"hunter2-secret\"\n\
         [status]\nlisten = \"127.0.0.1:9\"\n",
        folder.join("data")
    );
    std::fs::write(&path, &text).expect("written");
    (path.clone(), Config::parse(&text, "gateway.toml").expect("a configuration"))
}

#[tokio::test]
async fn nothing_of_a_person_and_no_secret_is_in_the_bundle() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, config) = config(folder.path());
    let log = folder.path().join("log");
    let lines: Vec<String> = CANARIES.iter().map(|canary| format!("INFO something of {canary} happened")).collect();
    std::fs::write(&log, lines.join("\n") + "\nINFO the last line\n").expect("written");
    let options = Options { out: folder.path().join("diag.tar"), log: Some(log) };
    let names = bundle(&options, &path, &config, Timestamp(1_790_000_000_000)).await.expect("a bundle");
    assert_eq!(names, ["version.txt", "gateway.toml", "doctor.txt", "healthz.txt", "metrics.txt", "log.txt"]);
    let bytes = std::fs::read(&options.out).expect("read");
    let text = String::from_utf8_lossy(&bytes);
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} is in the bundle");
    }
    assert!(text.contains("password = \"(hidden)\"") && text.contains("data_dir"), "{text}");
    let opened = Command::new("tar").arg("-tf").arg(&options.out).output().expect("tar");
    assert_eq!(String::from_utf8_lossy(&opened.stdout).lines().collect::<Vec<_>>(), names);
}

//! `record` on a real bus: it wants a reason and a span, ends by itself, and both ends stand in the log.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use firmware_sim::bluez::{BlueZ, Bus};
use serde_json::Value;
use tests::process::program;

use crate::gateway_box::until;
use crate::{advertise, until_discovering};

const WHY: &str = "ticket 812: the door hears nobody";

/// `record` with its own configuration, and the log as JSON lines on standard error.
fn record(folder: &Path, bus: &str, arguments: &[&str]) -> Command {
    let config = folder.join("gateway.toml");
    let text = format!(
        "[gateway]\nid = \"edge-1\"\nstore = \"corner\"\ndata_dir = {:?}\n\
         [radio]\nsource = \"bluez\"\n[log]\nformat = \"json\"\n",
        folder.join("data")
    );
    std::fs::write(&config, text).expect("a configuration");
    let mut command = Command::new(program("attimo-gateway"));
    command.arg("record").args(arguments).arg(folder.join("door.jsonl")).arg("--config").arg(config);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", bus).env_remove("RUST_LOG");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Every line of the log, each a JSON object with what readers of logs look for.
fn log_of(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stderr.clone()).expect("text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        for key in ["timestamp", "level", "target", "message"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_ends_by_its_span_and_both_ends_are_logged() {
    let folder = tempfile::tempdir().expect("a folder");
    let bus = Bus::start(folder.path()).await.expect("a bus: install dbus");
    let mut bluez = BlueZ::start(bus.address(), "hci0").await.expect("a simulated BlueZ");
    let mut running =
        record(folder.path(), bus.address(), &["--for", "3s", "--why", WHY]).spawn().expect("the program starts");
    until_discovering(&bluez).await;
    // Somebody is to be heard as long as it listens, and still when it has ended.
    until("it ends by itself", async || {
        advertise(&mut bluez, 3, 2).await;
        running.try_wait().expect("a child").is_some()
    })
    .await;
    let output = running.wait_with_output().expect("an end");
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let adverts = said["advertisements"].as_u64().expect("a number");
    assert!(adverts > 0 && said["full"] == false, "{said}");

    let text = std::fs::read_to_string(folder.path().join("door.jsonl")).expect("a recording");
    assert_eq!(text.lines().count() as u64, adverts + 1, "the header and every advertisement");
    assert!(text.lines().next().expect("a header").contains(WHY));
    let log = log_of(&output);
    let of = |start: &str| {
        let found: Vec<&Value> =
            log.iter().filter(|line| line["message"].as_str().is_some_and(|text| text.starts_with(start))).collect();
        assert_eq!(found.len(), 1, "{start} in {log:?}");
        found[0].clone()
    };
    let begun = of("a raw recording begins");
    assert_eq!((&begun["level"], &begun["why"], &begun["seconds"]), (&"WARN".into(), &WHY.into(), &3.into()));
    let ended = of("the raw recording has ended");
    assert_eq!((&ended["level"], &ended["adverts"]), (&"WARN".into(), &adverts.into()));
    let logged = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(!logged.contains("c0:ff:ee") && !logged.contains("c0ffee"), "{logged}");

    let mut replay = Command::new(program("attimo-gateway"));
    replay.arg("replay").arg(folder.path().join("door.jsonl"));
    let replayed = replay.arg("--config").arg(folder.path().join("gateway.toml")).output().expect("an end");
    assert!(replayed.status.success(), "{replayed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_without_a_reason_or_an_end_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let bus = Bus::start(folder.path()).await.expect("a bus: install dbus");
    let bluez = BlueZ::start(bus.address(), "hci0").await.expect("a simulated BlueZ");
    let file = folder.path().join("door.jsonl");
    for (arguments, why) in [
        (&["--for", "3s"][..], "--why"),
        (&["--why", WHY][..], "--for"),
        (&["--for", "3s", "--why", " "][..], "say why"),
        (&["--for", "2h", "--why", WHY][..], "at most 1h"),
    ] {
        let output = record(folder.path(), bus.address(), arguments).output().expect("an end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{arguments:?}: {said}");
        assert!(!file.exists(), "{arguments:?}");
    }
    std::fs::write(&file, "of another day").expect("a file");
    let output = record(folder.path(), bus.address(), &["--for", "3s", "--why", WHY]).output().expect("an end");
    assert!(!output.status.success());
    assert_eq!(std::fs::read_to_string(&file).expect("text"), "of another day");
    assert_eq!(bluez.calls().start_discovery, 0, "nobody listened");
}

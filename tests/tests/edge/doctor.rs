//! `doctor` as somebody in a shop starts it: what is wrong stands there with what to do, and its end says so to a script.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::alone::{Alone, Order};
use tests::house::{Database, House};
use tests::process::program;

/// What it says as JSON, and whether it ended well.
struct Said {
    report: Value,
    is_well: bool,
}

impl Said {
    /// One finding: how it stands, what was found, and what to do.
    fn of(&self, check: &str) -> (String, String, String) {
        let all = self.report["findings"].as_array().expect("a list");
        let found = all.iter().find(|one| one["check"] == check).unwrap_or_else(|| panic!("{check}: {}", self.report));
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        (text("state"), text("found"), text("fix"))
    }

    fn assert(&self, check: &str, state: &str, found: &str, fix: &str) {
        let (is, what, todo) = self.of(check);
        assert!(is == state && what.contains(found) && todo.contains(fix), "{check}: {is}: {what}: {todo}");
    }
}

fn doctor(config: &Path, status: &str, more: &[&str]) -> Command {
    let mut command = Command::new(program("attimo-gateway"));
    command.arg("doctor").args(more).arg("--config").arg(config).env("ATTIMO_GATEWAY__STATUS__LISTEN", status);
    command
}

fn ask(config: &Path, status: &str) -> anyhow::Result<Said> {
    let output = doctor(config, status, &["--json"]).output()?;
    assert!(output.stderr.is_empty(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["well"], output.status.success(), "{report}");
    assert_eq!(output.status.code(), Some(i32::from(!output.status.success())));
    Ok(Said { report, is_well: output.status.success() })
}

/// What this machine lacks of a radio `hci77`; what each of them is told with is the doctor's own test.
fn missing_of_the_radio() -> &'static str {
    let radios = std::fs::read_dir("/sys/class/bluetooth").map_or(0, Iterator::count);
    match (Path::new("/run/dbus/system_bus_socket").exists(), radios) {
        (false, _) => "there is no system bus",
        (true, 0) => "the system has no Bluetooth radio",
        (true, _) => "there is no adapter hci77",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_at_work_is_well() -> anyhow::Result<()> {
    let house = House::start(Database::Sqlite)?;
    let config = house.folder().join("gateway.toml");
    let is_well = async || {
        let said = ask(&config, &house.gateway_status)?;
        assert!(said.is_well, "{}", said.report);
        said.assert("broker", "well", "lets this box in", "");
        said.assert("dns", "well", "127.0.0.1", "");
        said.assert("privacy", "well", "mode count", "");
        said.assert("radio", "well", "off", "");
        Ok(said.of("gateway").1.contains("all is well"))
    };
    house.until("the running box is well", is_well).await?;
    let output = doctor(&config, &house.gateway_status, &[]).output()?;
    let text = String::from_utf8(output.stdout)?;
    assert!(output.status.success() && text.ends_with("nothing is wrong\n"), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_found_and_what_the_running_box_says_of_it() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let alone = Alone::start(folder.path(), Order::default())?;
    alone.until_health("broker-away", true).await?;
    let config = folder.path().join("gateway.toml");
    let said = ask(&config, &alone.status)?;
    said.assert("broker", "wrong", "", "see that the server runs");
    said.assert("gateway", "warning", "uplink-gone", &alone.status);
    assert!(said.of("gateway").1.contains("broker-away"), "{}", said.report);
    let output = doctor(&config, &alone.status, &[]).output()?;
    let text = String::from_utf8(output.stdout)?;
    assert!(text.contains("WRONG    broker") && text.contains("do: see that the server runs"), "{text}");
    assert!(text.ends_with("something is wrong, see above\n"), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_missing_radio_and_a_box_that_does_not_run_are_found() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("gateway.toml");
    let text = format!(
        "[gateway]\nid = \"edge-1\"\nstore = \"corner\"\ndata_dir = {:?}\n\
         [radio]\nsource = \"bluez\"\nadapter = \"hci77\"\n\
         [uplink]\nurl = \"mqtt://server.shop.invalid:1883\"\n[privacy]\nmode = \"day\"\n",
        folder.path().join("data")
    );
    std::fs::write(&config, text)?;
    let said = ask(&config, &format!("127.0.0.1:{}", tests::free_port()?))?;
    assert!(!said.is_well);
    said.assert("dns", "wrong", "server.shop.invalid is not known", "write the IP address");
    said.assert("radio", "wrong", missing_of_the_radio(), "");
    assert!(!said.of("radio").2.is_empty(), "it says what to do: {}", said.report);
    said.assert("gateway", "warning", "it does not run", "systemctl start attimo-gateway");
    said.assert("privacy", "well", "mode day", "");
    Ok(())
}

//! `attimo-gateway decode`, run as people run it: what comes out, and with which exit code.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const PHONE: &str = "0201061AFF4C000215A7710001B97EF0466857531C0102030405060708C5";

fn decode(args: &[&str], input: &[u8]) -> (i32, Vec<Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attimo-gateway"));
    command.arg("decode").args(args).env_remove("ATTIMO_GATEWAY_CONFIG");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    // A program that wants no input may be gone already.
    let _ = child.stdin.take().expect("an input").write_all(input);
    let Output { status, stdout, .. } = child.wait_with_output().expect("it ends");
    let lines = String::from_utf8(stdout).expect("text");
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
    (status.code().expect("an exit code"), lines)
}

#[test]
fn decode_says_what_an_advertisement_holds() {
    let (code, lines) = decode(&["--hex", PHONE], b"");
    assert_eq!((code, lines.len()), (0, 1));
    assert_eq!(lines[0]["transmitter"], "customer");
    assert_eq!(
        (lines[0]["frame"]["format"].as_str(), lines[0]["frame"]["power"].as_i64()),
        (Some("ibeacon"), Some(-59))
    );
    let (code, lines) = decode(&["--hex", "0201060B094449592D73656E736F720A16D2FC4002C40903BF13"], b"");
    assert_eq!((code, &lines[0]["frame"]["temperature_c"]), (0, &Value::from(25.0)));
}

#[test]
fn decode_reads_a_controller_s_event() {
    // Two plain reports: a phone's id, and flags alone.
    let reports = format!("0001D49D24B20EF3{:02X}{PHONE}C4 0000010203040506030201061AB0", PHONE.len() / 2);
    let reports = reports.replace(' ', "");
    let bytes = format!("043E{:02X}0202{reports}", reports.len() / 2 + 2);
    let (code, lines) = decode(&["--hex", &bytes], b"");
    assert_eq!((code, lines.len()), (0, 2), "{lines:?}");
    assert_eq!((&lines[0]["transmitter"], &lines[0]["rssi"]), (&Value::from("customer"), &Value::from(-60)));
    assert_eq!(lines[0]["frames"][0]["format"], "ibeacon");
    assert!(lines[0]["address"].is_null(), "addresses stay hidden: {lines:?}");
    assert_eq!(lines[1]["frames"], Value::Array(Vec::new()));
    let (_, lines) = decode(&["--hex", &bytes, "--addresses"], b"");
    assert_eq!(lines[0]["address"], "F3:0E:B2:24:9D:D4");
}

#[test]
fn decode_reads_a_message_from_argument_file_and_input() {
    let topic = "espresense/devices/x/wine";
    let payload = r#"{"mac":"58b1294494d3","id":"phone:x","name":"Anna's phone","rssi":-71.5,"irk":"00112233445566778899aabbccddeeff"}"#;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), payload).expect("written");
    let path = file.path().to_str().expect("text");
    let ways: [(&[&str], &[u8]); 4] = [
        (&["-t", topic, payload], b""),
        (&["-t", topic, "--file", path], b""),
        (&["-t", topic, "--file", "-"], payload.as_bytes()),
        (&["-t", topic], payload.as_bytes()),
    ];
    for (args, input) in ways {
        let (code, lines) = decode(args, input);
        assert_eq!((code, lines.len()), (0, 1), "{args:?}");
        assert_eq!((lines[0]["receiver"].as_str(), lines[0]["rssi"].as_f64()), (Some("wine"), Some(-71.5)));
        let text = lines[0].to_string();
        assert!(!text.contains("Anna") && !text.contains("0011223344") && !text.contains("58:B1"), "{text}");
    }
    let (_, lines) = decode(&["-t", topic, "--addresses", payload], b"");
    assert_eq!(lines[0]["address"], "58:B1:29:44:94:D3");
}

#[test]
fn decode_says_why_not_with_its_exit_code() {
    for (args, exit, word) in [
        (&["-t", "some/where", "{}"][..], 65, "unknown-topic"),
        (&["-t", "espresense/devices/x/wine", "{}"], 65, "missing-field"),
        (&["-t", "espresense/devices/x/wine", "{"], 65, "not-json"),
        (&["-t", "espresense/devices/x/wine", "--file", "/nowhere/at/all"], 66, "no-input"),
        (&["--hex", "0x"], 65, "no-frame"),
        (&["--hex", "020106"], 65, "no-frame"),
        (&["--hex", "zz"], 65, "not-hex"),
        (&["--config", "/dev/null", "--hex", "020106"], 64, "configuration"),
    ] {
        let (code, lines) = decode(args, b"");
        assert_eq!((code, lines[0]["code"].as_str()), (exit, Some(word)), "{args:?}: {lines:?}");
        assert!(lines[0]["why"].as_str().is_some_and(|why| why.len() > 10), "{lines:?}");
    }
    assert_eq!(decode(&[], b"").0, 2, "neither topic nor digits");
}

#[test]
fn decode_of_somebody_who_is_gone_is_no_error() {
    let (code, lines) = decode(&["-t", "home/gw/BTtoMQTT/x", r#"{"id":"60:87:57:4C:9B:C2","presence":"absent"}"#], b"");
    assert_eq!((code, &lines[0]["kind"]), (0, &Value::from("nothing")));
}

#[test]
fn decode_writes_raddecs() {
    let payload = format!(r#"{{"gw_mac":"C8:25:2D:8E:9C:2C","rssi":-60,"ts":"1653668027","data":"{PHONE}"}}"#);
    let (code, lines) = decode(&["--raddec", "-t", "ruuvi/C8:25:2D:8E:9C:2C/C0:FF:EE:00:00:01", &payload], b"");
    assert_eq!(code, 0);
    assert_eq!(lines[0]["transmitterId"], "c0ffee000001");
    assert_eq!(lines[0]["rssiSignature"][0]["receiverId"], "c8252d8e9c2c");
}

#[test]
fn decode_knows_the_sensors_of_the_configuration() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let sensor = "\n[sensors.hall]\nkind = \"counter-level\"\ntopic = \"density\"\n";
    std::fs::write(file.path(), format!("{}{sensor}", gateway::config::TEMPLATE)).expect("written");
    let path = file.path().to_str().expect("text");
    let (code, lines) = decode(&["--config", path, "-t", "density", r#"{"event":"count_change","count":47}"#], b"");
    assert_eq!((code, lines[0]["sensor"].as_str()), (0, Some("hall")));
    assert_eq!(lines[0]["reading"], serde_json::json!({"level": 47}));
    let (code, lines) = decode(&["--config", path, "-t", "density", "--retained", r#"{"in":1}"#], b"");
    assert_eq!((code, lines[0]["code"].as_str()), (65, Some("missing-field")));
}

#[test]
fn decode_tells_who_says_that_it_is_there() {
    let (code, lines) = decode(&["-t", "espresense/rooms/wine/status", "online"], b"");
    let told = serde_json::json!({"kind": "status", "receiver": "wine", "form": "espresense", "online": true});
    assert_eq!((code, lines), (0, vec![told]));
    let (code, lines) = decode(&["-t", "home/till/LWT", "Offline"], b"");
    assert_eq!((code, &lines[0]["receiver"], &lines[0]["online"]), (0, &"till".into(), &false.into()));
    let (code, lines) = decode(&["-t", "home/till/LWT", "Offlin"], b"");
    assert_eq!((code, lines[0]["code"].as_str()), (65, Some("malformed")), "{lines:?}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let sensor = "\n[sensors.radar]\nkind = \"presence\"\ntopic = \"stat/hall/PIR1\"\n";
    std::fs::write(file.path(), format!("{}{sensor}", gateway::config::TEMPLATE)).expect("written");
    let config = file.path().to_str().expect("text");
    let (code, lines) = decode(&["--config", config, "-t", "tele/hall/LWT", "Online"], b"");
    let sensor = lines.iter().find(|line| line["sensor"] == "radar").unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!((code, &sensor["kind"], &sensor["online"]), (0, &"status".into(), &true.into()));
}

#[test]
fn decode_help_has_examples() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_attimo-gateway")).args(["decode", "--help"]).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("Examples:") && text.contains("Exit codes:") && text.contains("--hex"), "{text}");
}

//! `attimo-gateway decode`: what this box makes of a message or an advertisement, or why nothing.

mod show;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use model::ids::SensorId;
use model::time::{Millis, Timestamp};
use serde_json::{Value, json};
use wire::ble::{frame, hci};
use wire::vendor::{PAYLOAD_LEN_MAX, raddec};

use crate::config::{Config, TEMPLATE};
use crate::intake::Intake;
use crate::now::Now;
use crate::sensor::{Refused, Sensors};

/// What was given can't be read (`EX_DATAERR`).
const UNREADABLE: u8 = 65;
/// The file is not there (`EX_NOINPUT`).
const NO_INPUT: u8 = 66;

/// Says what this box makes of a message or an advertisement: one JSON object a line, or why nothing.
///
/// Topics and sensors are those of the configuration, if it is there; else the usual ones.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topic of the message.
    #[arg(long, short, value_name = "TOPIC", conflicts_with = "hex", required_unless_present = "hex")]
    topic: Option<String>,
    /// An advertisement, or a controller's event with its reports of some, in hexadecimal digits, in place of a message.
    #[arg(long, value_name = "DIGITS")]
    hex: Option<String>,
    /// The message is in this file; `-` is the standard input.
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["payload", "hex"])]
    file: Option<PathBuf>,
    /// The message was one that the broker had kept.
    #[arg(long)]
    retained: bool,
    /// Shows radio addresses, which otherwise stay hidden.
    #[arg(long)]
    addresses: bool,
    /// Writes raddecs, reelyActive's form; they name addresses.
    #[arg(long, conflicts_with = "hex")]
    raddec: bool,
    /// The message.
    #[arg(value_name = "PAYLOAD", conflicts_with = "hex")]
    payload: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  attimo-gateway decode --hex 0201061AFF4C000215A7710001B97EF0466857531C0102030405060708C5
  attimo-gateway decode --hex 043E0F020103010605040302010302011AC5
  attimo-gateway decode -t espresense/devices/x/wine '{\"mac\":\"58b1294494d3\",\"id\":\"phone:x\",\"rssi\":-71.5}'
  attimo-gateway decode -t minew/AC233FC001EA/status --file capture.bin
  mosquitto_sub -C 1 -t up/CC:1B:E0:E2:8F:2C/scan | attimo-gateway decode -t up/CC:1B:E0:E2:8F:2C/scan

Without PAYLOAD and --file the message comes from the standard input.
Exit codes: 0 it was read, also when it tells of nobody; 2 wrong use; 64 wrong configuration;
65 it can't be read; 66 no such file.";

/// Why nothing comes out.
#[derive(Debug)]
struct Failure {
    exit: u8,
    code: &'static str,
    why: String,
}

/// Runs the command.
#[must_use]
pub fn run(args: &Args, config: &Path) -> ExitCode {
    match decode(args, config) {
        Ok(lines) => write(&lines, ExitCode::SUCCESS),
        Err(failure) => {
            let line = json!({"kind": "rejected", "code": failure.code, "why": failure.why});
            write(&[line], ExitCode::from(failure.exit))
        }
    }
}

fn decode(args: &Args, path: &Path) -> Result<Vec<Value>, Failure> {
    let config = if path.exists() { Config::load(path) } else { Config::parse(TEMPLATE, "template") };
    let wrong = |cause: runtime::config::ConfigError| Failure {
        exit: runtime::exit::CONFIG,
        code: "configuration",
        why: cause.to_string(),
    };
    let config = config.map_err(wrong)?;
    if let Some(digits) = &args.hex {
        return decode_hex(digits, &config, args.addresses);
    }
    let topic = args.topic.as_deref().unwrap_or_default();
    let payload = read_payload(args)?;
    let mut sensors = Sensors::new(&config.sensors, config.receivers.zigbee2mqtt.as_deref(), None);
    let intake = Intake::new(&config.receivers);
    if let Some(said) = decode_status(&intake, &mut sensors, topic, &payload) {
        return said;
    }
    if sensors.knows(topic) {
        return decode_sensor(&mut sensors, topic, &payload, args.retained);
    }
    let heard = intake.read(topic, &payload);
    let heard = heard.map_err(|rejected| unreadable(rejected.code(), rejected.to_string()))?;
    if heard.is_empty() {
        return Ok(nothing("the message was read and tells of nobody"));
    }
    if args.raddec {
        return Ok(raddecs(&heard));
    }
    Ok(heard.iter().map(|heard| show::heard(heard, &config, args.addresses)).collect())
}

fn decode_hex(digits: &str, config: &Config, addresses: bool) -> Result<Vec<Value>, Failure> {
    let bare: String = digits.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    let bytes = hex::decode(bare.strip_prefix("0x").unwrap_or(&bare));
    let bytes =
        bytes.map_err(|cause| unreadable("not-hex", format!("--hex is no pairs of hexadecimal digits: {cause}")))?;
    let frames = frame::decode(&bytes);
    let lines: Vec<Value> = frames.iter().map(|frame| show::advertisement(&frame, config)).collect();
    if !lines.is_empty() {
        return Ok(lines);
    }
    if let Ok(reports) = hci::reports(&bytes) {
        return Ok(reports.iter().map(|report| show::report(report, config, addresses)).collect());
    }
    let structures = wire::ble::ad::structures(&bytes).map(|structure| format!("{:02x}", structure.kind));
    let kinds: Vec<String> = structures.collect();
    let why = if kinds.is_empty() {
        "no structure of an advertisement is whole; give the bytes behind the address, such as 02 01 06 ...".to_owned()
    } else {
        format!("no frame that is read here; it has structures of the types {}", kinds.join(", "))
    };
    Err(unreadable("no-frame", why))
}

fn nothing(why: &str) -> Vec<Value> {
    vec![json!({"kind": "nothing", "why": why})]
}

/// Who says that it is there or gone; nothing by a topic that tells something else.
fn decode_status(
    intake: &Intake,
    sensors: &mut Sensors,
    topic: &str,
    payload: &[u8],
) -> Option<Result<Vec<Value>, Failure>> {
    let (of_sensors, of_receiver) = (sensors.hear_status(topic, payload), intake.status(topic, payload));
    if of_sensors.is_none() && (of_receiver.is_none() || sensors.knows(topic)) {
        return None;
    }
    let sensor = |(id, online): (SensorId, bool)| json!({"kind": "status", "sensor": id.as_str(), "online": online});
    let mut lines: Vec<Value> = sensors.are_there().into_iter().map(sensor).collect();
    let refused = match (of_receiver, of_sensors) {
        (Some(Ok((receiver, form, online))), _) => {
            lines.push(json!({"kind": "status", "receiver": receiver.as_str(), "form": form, "online": online}));
            None
        }
        (Some(Err(rejected)), _) | (None, Some(Err(rejected))) => Some(rejected),
        (None, Some(Ok(())) | None) => None,
    };
    if let Some(rejected) = refused {
        return Some(Err(unreadable(rejected.code(), rejected.to_string())));
    }
    if lines.is_empty() {
        lines = nothing("it was read, and tells of no sensor that is declared");
    }
    Some(Ok(lines))
}

fn decode_sensor(sensors: &mut Sensors, topic: &str, payload: &[u8], retained: bool) -> Result<Vec<Value>, Failure> {
    let now = Now::new(Timestamp(0), Millis(0));
    let readings = sensors.report(topic, payload, retained, now).map_err(|refused| {
        let why = match &refused {
            Refused::Unreadable(rejected) => rejected.to_string(),
            Refused::Undeclared => "no sensor is declared for the topic; see [sensors] of the configuration".to_owned(),
            Refused::Ignored(ignored) => format!("it was read and would not count: {}", ignored.code()),
            Refused::Unheard(cause) => cause.to_string(),
        };
        unreadable(refused.code(), why)
    })?;
    if readings.is_empty() {
        return Ok(nothing(
            "the report was read and is a beginning, or nothing that counts: differences need a second one",
        ));
    }
    Ok(readings
        .iter()
        .map(|reading| json!({"kind": "reading", "sensor": reading.sensor.as_str(), "reading": reading.kind}))
        .collect())
}

/// One raddec for each transmitter, with all who heard it.
fn raddecs(heard: &[wire::vendor::Heard]) -> Vec<Value> {
    let mut rest = heard.to_vec();
    let mut lines = Vec::new();
    while let Some(address) = rest.first().map(|heard| heard.address) {
        let (of_it, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|heard| heard.address == address);
        rest = others;
        lines.extend(raddec::encode(&of_it).and_then(|raddec| serde_json::from_slice::<Value>(&raddec).ok()));
    }
    lines
}

fn read_payload(args: &Args) -> Result<Vec<u8>, Failure> {
    if let Some(payload) = &args.payload {
        return Ok(payload.clone().into_bytes());
    }
    let mut payload = Vec::new();
    // One byte more than is read, so that what is too long is told as such.
    let limit = PAYLOAD_LEN_MAX as u64 + 1;
    let missing = |what: &str, cause: std::io::Error| Failure {
        exit: NO_INPUT,
        code: "no-input",
        why: format!("{what} can't be read: {cause}"),
    };
    match args.file.as_deref().filter(|file| *file != Path::new("-")) {
        Some(file) => {
            let name = file.display().to_string();
            let opened = std::fs::File::open(file).map_err(|cause| missing(&name, cause))?;
            opened.take(limit).read_to_end(&mut payload).map_err(|cause| missing(&name, cause))?;
        }
        None => {
            let input = std::io::stdin().lock();
            input.take(limit).read_to_end(&mut payload).map_err(|cause| missing("the standard input", cause))?;
        }
    }
    Ok(payload)
}

const fn unreadable(code: &'static str, why: String) -> Failure {
    Failure { exit: UNREADABLE, code, why }
}

fn write(lines: &[Value], exit: ExitCode) -> ExitCode {
    let mut out = std::io::stdout().lock();
    for line in lines {
        if writeln!(out, "{line}").is_err() {
            // Whoever was reading is gone.
            return ExitCode::FAILURE;
        }
    }
    exit
}

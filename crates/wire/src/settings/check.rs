//! Which keys can be set from afar, and to what.

use serde_json::{Map, Value};

use super::{Refused, Settings};

/// Most sensors of one document.
const SENSORS_MAX: usize = 256;
/// Most topic filters of one maker.
const FILTERS_MAX: usize = 16;
/// Longest topic filter, address or word, in bytes.
const TEXT_LEN_MAX: usize = 256;
/// Makers whose topic filters can be set.
pub const MAKERS: [&str; 11] = [
    "espresense",
    "theengs",
    "openmqttgateway",
    "minew",
    "kontakt",
    "ruuvi",
    "moko",
    "cassia",
    "tasmota",
    "raddec",
    "shelly",
];
/// Levels that a log can be set to: the next one below would write down every advertisement.
const LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];

/// Every key that can be set from afar, and what for.
pub const KEYS: &[(&str, &str)] = &[
    ("uplink.url", "the broker to go up to, for a box that was enrolled: mqtts://host:port"),
    ("uplink.backlog_per_s", "most batches a second of what was kept back, 1 to 100000"),
    ("radio.silence_s", "seconds of silence after which the radio is started anew, 1 to 86400"),
    ("radio.power_on", "whether an adapter that is off is switched on"),
    ("receivers.MAKER", "topic filters of a maker, as in gateway.toml; an empty list turns it off"),
    ("receivers.zigbee2mqtt", "the base topic of zigbee2mqtt"),
    ("privacy.mode", "only \"count\", the strictest"),
    ("log.filter", "error, warn, info or debug"),
    ("sensors.ID", "a sensor as in gateway.toml, but for its key"),
];

/// Checks settings, as far as that can be done without the box's own file.
///
/// # Errors
/// [`Refused`] names the first key that can't be, and why.
pub fn check(settings: &Settings) -> Result<(), Refused> {
    for (section, keys) in settings {
        let Value::Object(keys) = keys else {
            return refuse(section, "it is no section", "write {\"uplink\": {\"backlog_per_s\": 200}}");
        };
        if section == "sensors" {
            check_sensors(keys)?;
            continue;
        }
        for (key, value) in keys {
            check_key(section, key, value)?;
        }
    }
    Ok(())
}

fn check_key(section: &str, key: &str, value: &Value) -> Result<(), Refused> {
    let field = format!("{section}.{key}");
    match (section, key) {
        ("uplink", "url") => {
            let host = value.as_str().and_then(|url| url.strip_prefix("mqtts://"));
            let is_host =
                |host: &str| !host.is_empty() && host.len() <= TEXT_LEN_MAX && !host.contains([' ', '@', '/']);
            expect(&field, host.is_some_and(is_host), "write mqtts://host:port")
        }
        ("uplink", "backlog_per_s") => expect(&field, is_within(value, 1, 100_000), "write 1 to 100000"),
        ("radio", "silence_s") => expect(&field, is_within(value, 1, 86_400), "write 1 to 86400"),
        ("radio", "power_on") => expect(&field, value.is_boolean(), "write true or false"),
        ("receivers", "zigbee2mqtt") => expect(&field, is_text(value), "write a base topic"),
        ("receivers", maker) if MAKERS.contains(&maker) => {
            let filters = value.as_array().filter(|list| list.len() <= FILTERS_MAX);
            expect(&field, filters.is_some_and(|list| list.iter().all(is_filter)), "write at most 16 topic filters")
        }
        ("privacy", "mode") => {
            expect(&field, value == "count", "write \"count\": what is kept of people can only become less from afar")
        }
        ("log", "filter") => {
            let is_level = value.as_str().is_some_and(|level| LEVELS.contains(&level));
            expect(&field, is_level, "write error, warn, info or debug")
        }
        (_, _) => refuse_key(&field),
    }
}

/// The shape alone: what a sensor can be, the box's own reader knows.
fn check_sensors(sensors: &Map<String, Value>) -> Result<(), Refused> {
    if sensors.len() > SENSORS_MAX {
        return refuse("sensors", "there are too many", "set at most 256 sensors");
    }
    for (id, sensor) in sensors {
        let field = format!("sensors.{id}");
        expect(&field, model::ids::SensorId::new(id).is_ok(), "name it with letters, digits, '.', '_', ':' or '-'")?;
        let Value::Object(keys) = sensor else {
            return refuse(&field, "it is no section", "write {\"kind\": \"presence\", \"topic\": \"..\"}");
        };
        for (key, value) in keys {
            let field = format!("sensors.{id}.{key}");
            if key == "key" {
                return refuse(&field, "secrets are not set from afar", "write it into the box's gateway.toml");
            }
            let is_plain = is_text(value) || value.is_number() || value.is_boolean();
            expect(&field, is_plain, "write a text, a number, true or false")?;
        }
    }
    Ok(())
}

fn is_within(value: &Value, low: u64, high: u64) -> bool {
    value.as_u64().is_some_and(|number| (low..=high).contains(&number))
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| (1..=TEXT_LEN_MAX).contains(&text.len()) && !text.contains(char::is_control))
}

fn is_filter(value: &Value) -> bool {
    // Everything there is would be the gateways' own topics as well.
    is_text(value) && value.as_str().is_some_and(|filter| filter != "#" && !filter.starts_with('$'))
}

fn expect(field: &str, is_well: bool, fix: &str) -> Result<(), Refused> {
    if is_well { Ok(()) } else { refuse(field, "it can't have this value", fix) }
}

fn refuse_key(field: &str) -> Result<(), Refused> {
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    refuse(
        field,
        "it can't be set from afar",
        &format!("set it in the box's gateway.toml; from afar go {}", keys.join(", ")),
    )
}

fn refuse(field: &str, problem: &str, fix: &str) -> Result<(), Refused> {
    Err(Refused { field: field.chars().take(120).collect(), problem: problem.to_owned(), fix: fix.to_owned() })
}

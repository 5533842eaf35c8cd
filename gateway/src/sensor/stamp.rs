//! The sensor's own time, good for one thing only: to tell which of two reports of one sensor is the newer one.

use serde::Deserialize;
use serde_json::Value;

/// Digits of a date and a time to the second.
const DIGITS: usize = 14;

#[derive(Deserialize)]
struct Stamped {
    #[serde(alias = "Time", alias = "time", alias = "to")]
    timestamp: Option<Value>,
}

/// A number that grows from report to report; none if the report has no time. The payload was read as JSON before.
pub(super) fn read(payload: &[u8]) -> Option<u64> {
    let stamped: Stamped = serde_json::from_slice(payload).ok()?;
    match stamped.timestamp? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => {
            let digits: String = text.chars().filter(char::is_ascii_digit).take(DIGITS).collect();
            digits.parse().ok()
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_to_write_a_time_gives_a_growing_number() {
        for (earlier, later) in [
            (r#"{"timestamp":"20170503112756"}"#, r#"{"timestamp":"20170503112757"}"#),
            (r#"{"Time":"2021-01-02T12:08:40"}"#, r#"{"Time":"2021-01-02T12:08:41"}"#),
            (r#"{"timestamp":"2024-01-01T00:00:00.9Z"}"#, r#"{"timestamp":"2024-01-01T00:00:01Z"}"#),
            (r#"{"timestamp":1727735832000}"#, r#"{"timestamp":1727735832001}"#),
        ] {
            assert!(read(earlier.as_bytes()).expect("a time") < read(later.as_bytes()).expect("a time"));
        }
        for none in [r#"{"in":1}"#, r#"{"timestamp":null}"#, r#"{"timestamp":"soon"}"#, "[]"] {
            assert_eq!(read(none.as_bytes()), None);
        }
    }
}

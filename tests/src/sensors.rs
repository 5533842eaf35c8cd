//! A counter over a door, as the box is told of it: its total grows, and nobody is to be counted twice or not at all.

use std::time::Duration;

use serde_json::json;

/// Slower than people can pass a door, as a real counter is.
pub const STEP: Duration = Duration::from_millis(150);

/// What the counter says: where its two totals stand.
#[must_use]
pub fn door(entered: u32, left: u32) -> String {
    json!({ "serial": "00408CAC512B", "name": "door", "timestamp": "20261122112756", "in": entered, "out": left })
        .to_string()
}

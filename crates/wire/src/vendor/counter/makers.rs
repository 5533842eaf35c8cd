//! How makers of people counters shape their messages. What the numbers mean is said by people: here they are only found.
//!
//! A message may tell of several lines, regions or spaces; `part` names the one that a sensor stands for. Pictures are not read.

use model::time::Timestamp;

use super::Totals;
use crate::vendor::Rejected;
use crate::vendor::json::{Range, Tree, document};

/// Most records that one message may bring.
const RECORDS_MAX: usize = 1_000;

/// What crossed in one span of time, or since the counter's own start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// A number that grows with the span's beginning, or from total to total; none if the message has no time.
    pub stamp: Option<u64>,
    /// Who crossed.
    pub crossed: Totals,
}

/// How many people there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// People.
    pub count: u32,
    /// Since when it is so, if the message says.
    pub at: Option<Timestamp>,
}

/// Reads differences: Xovis' logics with their records, or `in` and `out`. A record that the sensor only saw in part is one as well.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read_records(payload: &[u8], part: Option<&str>) -> Result<Vec<Record>, Rejected> {
    let document = document(payload)?;
    let message = document.object()?;
    refuse_live(message)?;
    let logics = message.get("logics_data").get("logics");
    if logics.is_nothing() {
        return Ok(vec![Record { stamp: stamp_of(message), crossed: in_and_out(message)? }]);
    }
    let mut records = Vec::new();
    for logic in one_part(logics, part, &["name", "id"])? {
        for record in logic.get("records").each().take(RECORDS_MAX) {
            records.push(Record { stamp: number_of(record.get("from")), crossed: forward_and_back(record)? });
        }
    }
    Ok(records)
}

/// Reads totals: Milesight's lines, or `in` and `out`.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read_totals(payload: &[u8], part: Option<&str>) -> Result<Record, Rejected> {
    let document = document(payload)?;
    let message = document.object()?;
    let total = |line: &str, way: &str| message.get_any_case(&format!("line_{line}_total_{way}"));
    let (line, stamp) = (part.unwrap_or("1"), stamp_of(message));
    if total(line, "in").is_nothing() {
        return Ok(Record { stamp, crossed: in_and_out(message)? });
    }
    if part.is_none() && !total("2", "in").is_nothing() {
        return Err(several("one line; name the sensor's line in `part`, such as \"1\""));
    }
    let (entered, left) = (count("total_in", total(line, "in"))?, count("total_out", total(line, "out"))?);
    Ok(Record { stamp, crossed: Totals { entered, left } })
}

/// Reads how many people there are: Butlr's `data`, Milesight's `current_total` or a region of it, or `count`.
/// Nothing when the message tells of another part.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read_level(payload: &[u8], part: Option<&str>) -> Result<Option<Level>, Rejected> {
    let document = document(payload)?;
    let message = document.object()?;
    refuse_live(message)?;
    let regions = message.get_any_case("numbering_regions");
    if let Some(region) = part.filter(|_| !regions.is_nothing()) {
        let wanted =
            |number: Tree<'_>| matches!(number.whole("region", &Range::U16), Ok(Some(n)) if n.to_string() == region);
        let Some(place) = regions.each().position(wanted) else { return Ok(None) };
        let mut counts = message.get_any_case("current_counted").each();
        let here = counts.nth(place).ok_or(Rejected::MissingField { field: "current_counted" })?;
        return Ok(Some(Level { count: count("current_counted", here)?, at: time_of(message) }));
    }
    if let Some(part) = part {
        let mut names = ["zone_id", "space_id", "room_id", "zone"].iter().map(|key| message.get(key));
        let is_it = |name: Tree<'_>| matches!(name.text("part"), Ok(Some(name)) if name == part);
        if !names.any(is_it) {
            return Ok(None);
        }
    }
    let by_name = |key: &'static str| (key, message.get_any_case(key));
    let found = [by_name("count"), by_name("current_total"), by_name("data")]
        .into_iter()
        .find(|(_, value)| !value.is_nothing());
    let (field, value) = found.ok_or(Rejected::MissingField { field: "count" })?;
    Ok(Some(Level { count: count(field, value)?, at: time_of(message) }))
}

/// Xovis also tells of each frame of its picture, ten times a second, where everybody stands: more than a counter is asked for.
fn refuse_live(message: Tree<'_>) -> Result<(), Rejected> {
    let is_live = ["tracked_objects", "framenumber", "frames"].iter().any(|key| !message.get(key).is_nothing());
    let refused = Rejected::KnownUnread { form: "Xovis' live frames", instead: "push its logics' records" };
    if is_live { Err(refused) } else { Ok(()) }
}

fn several(expected: &'static str) -> Rejected {
    Rejected::Malformed { field: "the message", expected }
}

/// The wanted part, or the only one.
fn one_part<'t>(all: Tree<'t>, part: Option<&str>, names: &[&str]) -> Result<Vec<Tree<'t>>, Rejected> {
    let Some(part) = part else {
        return match all.each().nth(1) {
            Some(_) => Err(several("one logic; name the sensor's logic in `part`")),
            None => Ok(all.each().collect()),
        };
    };
    let is_it = |name: Tree<'_>| match name.text("part") {
        Ok(Some(name)) => name == part,
        Ok(None) => false,
        Err(_) => matches!(name.whole("part", &Range::U32), Ok(Some(number)) if number.to_string() == part),
    };
    Ok(all.each().filter(|one| names.iter().any(|key| is_it(one.get(key)))).collect())
}

fn forward_and_back(record: Tree<'_>) -> Result<Totals, Rejected> {
    let mut crossed = Totals::default();
    for one in record.get("counts").each() {
        let value = count("value", one.get("value"))?;
        match one.get("name").text("name")? {
            Some("fw") => crossed.entered = crossed.entered.saturating_add(value),
            Some("bw") => crossed.left = crossed.left.saturating_add(value),
            Some(_) | None => {}
        }
    }
    Ok(crossed)
}

fn in_and_out(message: Tree<'_>) -> Result<Totals, Rejected> {
    Ok(Totals { entered: count("in", message.get("in"))?, left: count("out", message.get("out"))? })
}

fn count(field: &'static str, value: Tree<'_>) -> Result<u32, Rejected> {
    let number = value.whole(field, &Range::U32)?.ok_or(Rejected::MissingField { field })?;
    u32::try_from(number).map_err(|_| Rejected::OutOfRange { field, range: "0 to 4294967295" })
}

/// A number that grows with time: the number itself, or the digits of a date and a time to the second.
fn number_of(time: Tree<'_>) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range that was checked")]
    if let Ok(Some(number)) = time.number("time", &Range::MILLISECONDS) {
        return Some(number as u64);
    }
    let digits: String = time.text("time").ok()??.chars().filter(char::is_ascii_digit).take(14).collect();
    digits.parse().ok()
}

fn stamp_of(message: Tree<'_>) -> Option<u64> {
    ["timestamp", "Time", "time", "to"].iter().find_map(|key| number_of(message.get(key)))
}

/// When it was so: milliseconds, seconds, or a text with its zone, also Milesight's local time beside `UTC+8:00`.
fn time_of(message: Tree<'_>) -> Option<Timestamp> {
    let stamp = message.get("timestamp");
    if let Ok(Some(number)) = stamp.number("timestamp", &Range::MILLISECONDS) {
        // Seconds reach this number of milliseconds in the year 5138.
        let milliseconds = if number < 100_000_000_000.0 { number * 1_000.0 } else { number };
        #[expect(clippy::cast_possible_truncation, reason = "within the range that was checked")]
        return Some(Timestamp(milliseconds as i64));
    }
    if let Ok(Some(text)) = stamp.text("timestamp") {
        return text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()));
    }
    let info = message.get_any_case("time_info");
    let local = info.get_any_case("end_time").text("end_time").ok()??;
    let local = jiff::civil::DateTime::strptime("%Y/%m/%d %H:%M:%S", local).ok()?;
    let offset = offset_minutes(info.get_any_case("timezone").text("timezone").ok()??)?;
    let summer = if info.get_any_case("dst_status").truth() == Some(true) { 60 } else { 0 };
    let utc = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    Some(Timestamp(utc - (offset + summer) * 60_000))
}

/// Minutes east of Greenwich in `UTC+8:00`.
fn offset_minutes(zone: &str) -> Option<i64> {
    let rest = zone.strip_prefix("UTC")?;
    let (hours, minutes) = rest.trim_start_matches(['+', '-']).split_once(':').unwrap_or((rest.get(1..)?, "0"));
    let minutes = hours.parse::<i64>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?;
    (minutes <= 14 * 60).then_some(if rest.starts_with('-') { -minutes } else { minutes })
}

#[cfg(test)]
mod tests;

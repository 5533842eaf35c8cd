//! The store's local day and hour, from the zone data that travels with the binary.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::time::Timestamp;

/// The wall clock in a time zone. A zone that does not exist reads as UTC: the shop's files were checked before.
pub(crate) fn wall_clock(timezone: &str, at: Timestamp) -> DateTime {
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone).datetime()
}

/// The wall clock of a zone that was looked up before.
pub(crate) fn clock(zone: &TimeZone, at: Timestamp) -> DateTime {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone.clone()).datetime()
}

/// What the wall clock of a zone shows, in milliseconds since its own 1970 began.
pub(crate) fn wall_ms(zone: &TimeZone, at: Timestamp) -> i64 {
    let there = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.0.saturating_add(i64::from(zone.to_offset(there).seconds()) * 1_000)
}

/// Local midnights between two moments; 0 is the same day, 1 is yesterday.
#[must_use]
pub fn days_between(timezone: &str, earlier: Timestamp, later: Timestamp) -> i32 {
    let (from, to) = (wall_clock(timezone, earlier).date(), wall_clock(timezone, later).date());
    from.until(to).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("an instant").as_millisecond())
    }

    #[test]
    fn a_day_is_the_store_s_and_not_utc_s() {
        // 23:30 and 00:30 in Rome lie on one UTC day.
        assert_eq!(days_between("Europe/Rome", at("2026-03-10T22:30:00Z"), at("2026-03-10T23:30:00Z")), 1);
        assert_eq!(days_between("UTC", at("2026-03-10T22:30:00Z"), at("2026-03-10T23:30:00Z")), 0);
        assert_eq!(days_between("Europe/Rome", at("2026-02-20T12:00:00Z"), at("2026-03-20T12:00:00Z")), 28);
    }

    #[test]
    fn summer_time_moves_the_clock() {
        assert_eq!(wall_clock("Europe/Rome", at("2026-03-29T00:30:00Z")).time().to_string(), "01:30:00");
        assert_eq!(wall_clock("Europe/Rome", at("2026-03-29T01:30:00Z")).time().to_string(), "03:30:00");
    }
}

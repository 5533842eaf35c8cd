//! The makers' own samples, and how they go wrong.

use super::*;

const XOVIS: &str = r#"{"logics_data":{"package_info":{"version":"5.0","id":7,"agent_id":1},"sensor_info":{"serial_number":"80:1F:12:D0:00:01","name":"Door","timezone":"Europe/Rome"},"logics":[{"id":1,"name":"Entrance","records":[{"from":"2024-05-01T09:00:00+02:00","to":"2024-05-01T09:01:00+02:00","samples":600,"samples_expected":750,"counts":[{"id":1,"name":"fw","value":3},{"id":2,"name":"bw","value":1}]},{"from":"2024-05-01T09:01:00+02:00","to":"2024-05-01T09:02:00+02:00","samples":750,"samples_expected":750,"counts":[{"id":1,"name":"fw","value":2},{"id":2,"name":"bw","value":0}]}]},{"id":2,"name":"Back door","records":[]}]}}"#;

const fn totals(entered: u32, left: u32) -> Totals {
    Totals { entered, left }
}

#[test]
fn xovis_records_are_differences_of_the_named_logic() {
    for part in ["Entrance", "1"] {
        let records = read_records(XOVIS.as_bytes(), Some(part)).expect("a push");
        let crossed: Vec<Totals> = records.iter().map(|record| record.crossed).collect();
        assert_eq!(crossed, [totals(3, 1), totals(2, 0)], "{part}");
        assert!(records[0].stamp < records[1].stamp && records[0].stamp.is_some());
    }
    assert_eq!(read_records(XOVIS.as_bytes(), Some("2")), Ok(Vec::new()));
    assert_eq!(read_records(XOVIS.as_bytes(), None).expect_err("which logic?").code(), "malformed");
}

#[test]
fn xovis_record_that_was_seen_in_part_counts_those_who_were_seen() {
    let whole = XOVIS.replace("\"samples\":600", "\"samples\":750");
    assert_ne!(whole, XOVIS);
    let (part, whole) = (read_records(XOVIS.as_bytes(), Some("1")), read_records(whole.as_bytes(), Some("1")));
    assert_eq!(part, whole, "whoever crossed while the sensor saw has crossed");
    assert_eq!(part.expect("a push")[0].crossed, totals(3, 1));
    let none = XOVIS.replace("\"samples\":600,\"samples_expected\":750,", "");
    assert_eq!(read_records(none.as_bytes(), Some("1")), whole, "an older sensor does not say");
}

#[test]
fn xovis_live_frames_are_known_and_refused_by_name() {
    let live = br#"{"framenumber":7,"time":1714546800000,"tracked_objects":[{"track_id":3,"type":"PERSON","position":[1.0,2.0,1.7]}],"events":[{"type":"COUNT_INCREMENT","attributes":{"counter_id":1001,"counter_value":4,"track_id":3}}]}"#;
    assert_eq!(read_records(live, Some("1")).expect_err("live").code(), "known-unread");
    assert_eq!(read_level(live, None).expect_err("live").code(), "known-unread");
}

#[test]
fn xovis_times_may_be_milliseconds() {
    let payload = XOVIS.replace("\"2024-05-01T09:00:00+02:00\"", "1714546800000");
    let records = read_records(payload.as_bytes(), Some("1")).expect("a push");
    assert_eq!(records[0].stamp, Some(1_714_546_800_000));
}

#[test]
fn milesight_lines_are_totals_and_the_line_is_never_guessed() {
    let one = br#"{"line_1_total_in":72,"line_1_total_out":200}"#;
    assert_eq!(read_totals(one, None).map(|record| record.crossed), Ok(totals(72, 200)));
    let two = br#"{"line_1_total_in":72,"line_1_total_out":200,"line_2_total_in":5,"line_2_total_out":6}"#;
    assert_eq!(read_totals(two, Some("2")).map(|record| record.crossed), Ok(totals(5, 6)));
    assert_eq!(read_totals(two, None).expect_err("which line?").code(), "malformed");
    let axis = br#"{"serial":"00408CAC512B","name":"Exit south","timestamp":"20170503112756","in":12,"out":318}"#;
    assert_eq!(read_totals(axis, None).map(|record| record.crossed), Ok(totals(12, 318)));
    assert_eq!(read_totals(br#"{"line_1_total_in":72}"#, None).expect_err("half").code(), "missing-field");
}

#[test]
fn milesight_level_has_regions_a_local_time_and_keys_of_any_case() {
    let payload = br#"{"event":"Region People Counting","time_info":{"timezone":"UTC+8:00","dst_status":false,"start_time":"2022/12/20 18:15:52","end_time":"2022/12/20 19:15:52"},"Current_total":10,"Max_counted":12,"numbering_regions":[1,2],"current_counted":[4,6],"current_total":11}"#;
    let level = read_level(payload, None).expect("a report").expect("a level");
    assert_eq!(level.count, 11, "of a key that stands there twice the last counts");
    assert_eq!(level.at, Some(Timestamp(1_671_534_952_000)), "11:15:52 in Greenwich");
    assert_eq!(read_level(payload, Some("2")).expect("a report").map(|level| level.count), Some(6));
    assert_eq!(read_level(payload, Some("9")), Ok(None));
}

#[test]
fn milesight_summer_time_is_an_hour_beside_its_zone() {
    let at = |status: &str| {
        let payload = format!(
            r#"{{"time_info":{{"timezone":"UTC+1:00","dst_status":{status},"end_time":"2022/07/20 19:15:52"}},"current_total":3}}"#
        );
        read_level(payload.as_bytes(), None).expect("a report").expect("a level").at
    };
    let summer = Some(Timestamp(1_658_337_352_000));
    assert_eq!(at("true"), summer, "17:15:52 in Greenwich");
    for other in ["false", "null"] {
        assert_eq!(at(other), Some(Timestamp(1_658_340_952_000)), "{other}: 18:15:52 in Greenwich");
    }
}

#[test]
fn density_and_butlr_tell_levels_of_their_own_space() {
    let density = br#"{"event":"count_change","space_id":"spc_abc123","count":47,"direction":"in","timestamp":"2024-01-01T00:00:00Z"}"#;
    let level = Level { count: 47, at: Some(Timestamp(1_704_067_200_000)) };
    assert_eq!(read_level(density, None), Ok(Some(level)));
    assert_eq!(read_level(density, Some("spc_abc123")), Ok(Some(level)));
    assert_eq!(read_level(density, Some("spc_other")), Ok(None));
    let butlr = br#"{"id":"event_1","type":"ZONE_OCCUPANCY","timestamp":1727735832000,"data":4,"zone_id":"zone_7"}"#;
    assert_eq!(read_level(butlr, Some("zone_7")), Ok(Some(Level { count: 4, at: Some(Timestamp(1_727_735_832_000)) })));
    let seconds = br#"{"timestamp":1727735832,"data":4}"#;
    assert_eq!(read_level(seconds, None), Ok(Some(Level { count: 4, at: Some(Timestamp(1_727_735_832_000)) })));
}

#[test]
fn zones_are_read_east_and_west_of_greenwich() {
    for (zone, minutes) in [
        ("UTC+8:00", Some(480)),
        ("UTC-3:30", Some(-210)),
        ("UTC+0:00", Some(0)),
        ("UTC", None),
        ("CET", None),
        ("UTC+99:00", None),
    ] {
        assert_eq!(offset_minutes(zone), minutes, "{zone}");
    }
}

use super::*;

const RSSI: &str = "track,t,rx,rssi,phone\nb,0.5,r1,-70,P1\na,2.0,r1,-60,P2\na,1.0,r2,-65,P2\n";
const QUERIES: &str = "sample_id,track,t\na2,a,2\na1,a,1\nc1,c,1\n";

#[test]
fn tracks_come_sorted_with_their_devices() {
    let part = Part::parse(RSSI, QUERIES, Some("sample_id,track,t,x,y,zone\na1,a,1,2,3,z\n")).expect("a part");
    let names: Vec<&str> = part.tracks.iter().map(|track| track.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let a = part.track("a").expect("it is there");
    assert_eq!(a.frames.iter().map(|frame| frame.t).collect::<Vec<_>>(), [1.0, 2.0]);
    assert_eq!(a.queries.iter().map(|query| query.sample.as_str()).collect::<Vec<_>>(), ["a1", "a2"]);
    assert_eq!(a.device, "P2");
    assert!(part.track("c").is_some_and(|track| track.frames.is_empty()), "asked, though never heard");
    assert_eq!(part.truth[0].point, Some(Point { x: 2.0, y: 3.0 }));
    assert_eq!(part.only(|name| name == "b").tracks.len(), 1);
    assert_eq!((a.between(1.0, 2.0).len(), a.before(2.0, 1.0).len()), (1, 1));
}

#[test]
fn a_survey_point_is_a_track_on_which_nothing_moves() {
    let raw = "point,x,y,t,rx,rssi\np,1,2,0.0,r1,-70\np,1,2,21.0,r1,-71\n";
    let part = Part::still(raw, |_| "z".into()).expect("a part");
    assert_eq!(part.truth.iter().map(|truth| truth.sample.as_str()).collect::<Vec<_>>(), ["p_010", "p_020"]);
    assert_eq!(part.tracks[0].queries.len(), 2);
    assert_eq!(part.truth[1].zone, "z");
}

#[test]
fn a_piece_begins_anew_and_its_first_seconds_are_not_asked() {
    let rssi = "track,t,rx,rssi,phone\na,119.5,r1,-60,P\na,120.5,r1,-61,P\nb,250,r1,-62,P\n";
    let queries = "sample_id,track,t\na1,a,119\na2,a,121\na3,a,125\n";
    let truth = "sample_id,track,t,x,y,zone\na1,a,119,1,1,z\na2,a,121,2,2,z\na3,a,125,3,3,z\n";
    let pieces = Part::parse(rssi, queries, Some(truth)).expect("a part").pieces(120.0);
    let names: Vec<&str> = pieces.tracks.iter().map(|track| track.name.as_str()).collect();
    assert_eq!(names, ["a 000", "a 001", "b 002"]);
    let second = pieces.track("a 001").expect("it is there");
    assert_eq!((second.frames[0].t, second.frames[0].rssi, second.device.as_str()), (0.5, -61.0, "P"));
    assert_eq!(second.queries, [Query { sample: "a3".into(), t: 5.0 }]);
    let told: Vec<(&str, &str, f64)> =
        pieces.truth.iter().map(|truth| (truth.sample.as_str(), truth.track.as_str(), truth.t)).collect();
    assert_eq!(told, [("a1", "a 000", 119.0), ("a3", "a 001", 5.0)]);
}

#[test]
fn strengths_that_no_radio_gives_are_left_out_and_counted() {
    let part = Part::parse(&RSSI.replace("-60", "100"), QUERIES, None).expect("a part");
    assert_eq!((part.implausible, part.tracks[0].frames.len()), (1, 1));
}

#[test]
fn a_walk_may_know_its_times_without_its_places() {
    let check = |text: &str| read_truth(text).map(|truth| truth[0].point);
    assert_eq!(check("sample_id,track,t\na1,a,1\n"), Ok(None));
    assert_eq!(check("sample_id,track,t,x,y,zone\na1,a,1,,,\n"), Ok(None));
    assert_eq!(check("sample_id,track,t,x,y\na1,a,1,2,3\n"), Ok(Some(Point { x: 2.0, y: 3.0 })));
    assert!(check("sample_id,track,t,x,y\na1,a,1,2,\n").is_err(), "half a place is a slip");
}

#[test]
fn what_is_wrong_is_named() {
    let check = |rssi: &str, queries: &str, expect: &str| {
        let said = Part::parse(rssi, queries, None).expect_err("something is wrong").to_string();
        assert!(said.contains(expect), "{said}");
    };
    check(&RSSI.replace("-60", "loud"), QUERIES, "rssi.csv, line 3, column rssi: \"loud\" is not a number");
    check(&RSSI.replace("2.0", "soon"), QUERIES, "rssi.csv, line 3, column t: \"soon\" is not a number");
    check(RSSI, &QUERIES.replace("a2,a,2", "a2,a,1e300"), "queries.csv, line 2, column t");
    check(RSSI, "sample_id,t\n", "queries.csv, line 1, column track: is missing");
}

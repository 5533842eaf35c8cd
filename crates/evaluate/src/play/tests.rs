use super::*;
use crate::part::{Part, Query};
use crate::set::SetFiles;

fn set() -> Set {
    let receivers = Some("rx,x,y,z\nr1,1,1,2.3\nr2,9,1,2.3\nr3,9,5,2.3\nr4,1,5,2.3\n".into());
    let zones_csv = Some("zone,x0,y0,x1,y1\nleft,0,0,5,6\nright/hand,5,0,10,6\n".into());
    Set::parse(&SetFiles { receivers, zones_csv, ..SetFiles::default() }).expect("a place")
}

/// Ten seconds at one end, with a frame of each receiver every 0.4 s.
fn track(queries: &[(&str, f64)]) -> Track {
    let mut rssi = String::from("track,t,rx,rssi,phone\n");
    for n in 0..25 {
        for (receiver, level) in [("r1", -80), ("r2", -62), ("r3", -62), ("r4", -80)] {
            rssi += &format!("a,{:.1},{receiver},{level},P1\n", f64::from(n) * 0.4);
        }
    }
    let part = Part::parse(&rssi, "sample_id,track,t\n", None).expect("a part");
    let queries = queries.iter().map(|(sample, t)| Query { sample: (*sample).into(), t: *t }).collect();
    Track { queries, ..part.tracks[0].clone() }
}

#[test]
fn every_question_is_answered_in_the_words_of_the_recording() {
    let set = set();
    let answers = Stage::new(&set, &Knowledge::Plan).play(&track(&[("early", -1.0), ("q5", 5.0), ("late", 200.0)]));
    let names: Vec<&str> = answers.iter().map(|answer| answer.sample.as_str()).collect();
    assert_eq!(names, ["early", "q5", "late"]);
    assert_eq!((answers[0].point, answers[0].zone.as_str()), (Point { x: 5.0, y: 3.0 }, ""));
    assert!(answers[0].claim.is_none());
    assert_eq!((answers[1].zone.as_str(), answers[1].floor.as_str()), ("right/hand", ""));
    assert!(answers[1].claim.as_ref().is_some_and(|claim| claim.uncertainty > 0.0 && !claim.zones.is_empty()));
    assert!(answers[2].point.x > 5.0, "who fell silent is where he was last seen");
}

#[test]
fn frames_after_a_question_do_not_change_its_answer() {
    let set = set();
    let stage = Stage::new(&set, &Knowledge::Plan);
    for t in [0.0, 0.4, 1.0, 2.2, 3.0] {
        let whole = track(&[("q", t)]);
        let cut =
            Track { frames: whole.frames.iter().filter(|frame| frame.t <= t).cloned().collect(), ..whole.clone() };
        let longer =
            Track { frames: whole.frames.iter().filter(|frame| frame.t < t).cloned().collect(), ..whole.clone() };
        assert_eq!(stage.play(&whole), stage.play(&cut));
        if whole.frames.iter().any(|frame| frame.t == t) {
            assert_ne!(stage.play(&longer), stage.play(&cut), "what is heard at {t} counts at {t}");
        }
    }
}

#[test]
fn asking_does_not_change_what_is_answered_later_at_whole_half_seconds() {
    let set = set();
    let stage = Stage::new(&set, &Knowledge::Plan);
    let often: Vec<(&str, f64)> = (1..=8).map(|n| (if n == 8 { "q" } else { "x" }, f64::from(n))).collect();
    let (often, once) = (stage.play(&track(&often)), stage.play(&track(&[("q", 8.0)])));
    assert_eq!(often.last(), once.last());
}

#[test]
fn a_fingerprint_heard_in_one_instant_gets_an_answer() {
    let rssi = "track,t,rx,rssi\nf,0,r1,-60\nf,0,r2,-75\nf,0,r4,-66\n";
    let part = Part::parse(rssi, "sample_id,track,t\nf,f,0\n", None).expect("a part");
    let set = set();
    let answers = Stage::new(&set, &Knowledge::Plan).play(&part.tracks[0]);
    assert!(answers[0].claim.is_some());
    assert_eq!(answers[0].zone, "left");
}

use super::*;
use crate::part::{Part, Query};
use crate::set::SetFiles;

fn set() -> Set {
    let receivers = Some("rx,x,y,z\nr1,0,0,2.3\nr2,10,0,2.3\nr3,10,6,2.3\nr4,0,6,2.3\n".into());
    let zones_csv = Some("zone,x0,y0,x1,y1\nleft,0,0,5,6\nright,5,0,10,6\n".into());
    Set::parse(&SetFiles { receivers, zones_csv, ..SetFiles::default() }).expect("a place")
}

/// Still at (8, 3) for 20 s, without noise, by the usual constants.
fn track(set: &Set) -> Track {
    let ground = Ground::of(set);
    let mut rssi = String::from("track,t,rx,rssi\n");
    for n in 0..20 {
        for (receiver, place) in &ground.places {
            let away = place.point.distance(Point { x: 8.0, y: 3.0 });
            rssi += &format!("a,{n},{receiver},{:.3}\n", POWER_DEFAULT - 10.0 * EXPONENT_DEFAULT * away.log10());
        }
    }
    let part = Part::parse(&rssi, "sample_id,track,t\n", None).expect("a part");
    let query = |(sample, t): (&str, f64)| Query { sample: sample.into(), t };
    Track { queries: [("early", -1.0), ("late", 19.0)].map(query).to_vec(), ..part.tracks[0].clone() }
}

#[test]
fn every_method_finds_a_tag_that_stands_still_in_clear_air() {
    let set = set();
    let (ground, track) = (Ground::of(&set), track(&set));
    for method in Method::ALL.into_iter().filter(|method| ground.can(*method)) {
        let answers = play(method, &ground, &track);
        assert_eq!(answers.len(), 2);
        assert_eq!((answers[0].zone.as_str(), answers[0].point), ("", Point { x: 5.0, y: 3.0 }));
        assert_eq!(answers[1].zone, "right", "{}", method.name());
    }
    let found = play(Method::NelderMead, &ground, &track)[1].point;
    assert!(found.distance(Point { x: 8.0, y: 3.0 }) < 0.05, "{found:?}");
    assert!(!ground.can(Method::Neighbours), "without a survey there are no fingerprints");
}

#[test]
fn constants_and_places_come_from_a_survey() {
    let set = set();
    let (floor, _) = set.centre();
    let spot = |x: f64, y: f64| {
        let point = Point { x, y };
        let level = |receiver: &str, place: Point| model::survey::Heard {
            receiver: crate::names::receiver(receiver),
            level: -1.0 - 10.0 * 2.0 * (place.distance(point).max(0.5).log10() as f32),
            frames: 1,
        };
        let heard = vec![level("r1", Point { x: 0.0, y: 0.0 }), level("new", Point { x: 5.0, y: 3.0 })];
        model::survey::Spot { floor: floor.clone(), point, device: String::new(), seconds: 1.0, heard }
    };
    let spots = (0..11).flat_map(|x| (0..7).map(move |y| (f64::from(x), f64::from(y)))).map(|(x, y)| spot(x, y));
    let survey = Survey { spots: spots.collect() };
    let mut ground = Ground::of(&set);
    let known = ground.fitted(&survey).expect("a line");
    assert!((known.0 + 60.0).abs() < 0.1 && (known.1 - 2.0).abs() < 0.05, "{known:?}");
    ground.place_by(&survey);
    let new = &ground.places[&crate::names::receiver("new")];
    assert!(new.point.distance(Point { x: 5.0, y: 3.0 }) < 0.1, "{new:?}");
}

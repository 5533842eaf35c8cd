//! Other shops than a floor with receivers: beacons that a phone hears, and floors with stairs between them.

use model::floor::Point;
use model::ids::ReceiverId;

use super::*;

#[test]
fn a_phone_that_hears_beacons_is_followed_as_one_that_receivers_hear() {
    let mut plan = (*whole_plan()).clone();
    plan.beacons = std::mem::take(&mut plan.receivers);
    let mut shop = shop(&Arc::new(plan));
    let heard = sightings(THROUGH, 500, 1);
    let mut commands = play(&mut shop, &phone(), &promptly(heard), LATER);
    let mut errors: Vec<f64> = positions(&commands)
        .iter()
        .map(|position| position.point.distance(at(THROUGH, position.at.since(START).as_seconds())))
        .collect();
    errors.sort_by(f64::total_cmp);
    assert!(errors.len() > 100 && errors[errors.len() / 2] < 1.5, "{} {}", errors.len(), errors[errors.len() / 2]);
    wait(&mut shop, LATER + Millis::seconds(60), &mut commands);
    assert_eq!(story(&commands), STORY);
    let known = |id: &ReceiverId| RECEIVERS.iter().any(|(beacon, ..)| *beacon == id.as_str());
    let told = presences(&commands);
    let named: Vec<&ReceiverId> = told.iter().flat_map(|one| &one.reason.heard).map(|word| &word.receiver).collect();
    assert!(named.len() >= 3 && named.iter().all(|id| known(id)), "the reasons name beacons: {named:?}");
    shop.handle(Input::Sighting { subject: phone(), sighting: sighting("b9", LATER, -60.0) }, LATER);
    assert_eq!(shop.dropped().unknown_receiver, 1, "a beacon that is on no plan");
}

/// The hall with a storey above it that is as large, one zone on each, the same receivers on both, and stairs in the middle.
fn storeys() -> Arc<Plan> {
    let square = "[[[0,0],[24,0],[24,12],[0,12],[0,0]]]";
    let (mut features, mut file) =
        (Vec::new(), String::from("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n"));
    for (level, floor) in ["f", "u"].iter().enumerate() {
        for properties in [
            format!(r#""feature":"floor","id":"{floor}","level":{level}"#),
            format!(r#""feature":"zone","id":"z{floor}","floor":"{floor}","kind":"department""#),
        ] {
            features.push(format!(
                r#"{{"type":"Feature","properties":{{{properties}}},"geometry":{{"type":"Polygon","coordinates":{square}}}}}"#
            ));
        }
        features.push(format!(
            r#"{{"type":"Feature","properties":{{"feature":"passage","id":"stairs","floor":"{floor}"}},"geometry":{{"type":"Point","coordinates":[12,6]}}}}"#
        ));
        for (id, x, y) in RECEIVERS {
            file += &format!("[[receiver]]\nid = \"{id}{floor}\"\nfloor = \"{floor}\"\nx = {x:.1}\ny = {y:.1}\n");
        }
    }
    let plan = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    Arc::new(Plan::parse(&file, &plan).expect("a right shop"))
}

#[test]
fn somebody_who_takes_the_stairs_is_told_on_the_next_floor() {
    let route = &[
        (0.0, 3.0, 6.0),
        (20.0, 3.0, 6.0),
        (29.0, 12.0, 6.0),
        (41.0, 12.0, 6.0),
        (49.0, 20.0, 6.0),
        (70.0, 20.0, 6.0),
    ];
    // Halfway up the stairs the receivers above begin to hear better than those below.
    let climbed = START + Millis::seconds(35);
    let mut heard = Vec::new();
    for (floor, above) in [("f", false), ("u", true)] {
        for through in [0.0, -14.0] {
            let names = RECEIVERS.map(|(id, ..)| format!("{id}{floor}"));
            let ears: [_; 8] = std::array::from_fn(|n| (names[n].as_str(), RECEIVERS[n].1, RECEIVERS[n].2, through));
            let here = |sighting: &Sighting| ((sighting.at >= climbed) == above) == (through == 0.0);
            heard.extend(heard_by(&ears, &HALL, route, 500, 3).into_iter().filter(here));
        }
    }
    heard.sort_by_key(|sighting| sighting.at);
    let commands = play(&mut shop(&storeys()), &phone(), &promptly(heard), START + Millis::seconds(72));
    assert_eq!(story(&commands), ["zf entered", "zf dwelling", "zf left", "zu entered", "zu dwelling"]);
    let entered = presences(&commands)[3].at.since(climbed).as_seconds();
    assert!((0.0..8.0).contains(&entered), "{entered} s after half of the stairs");
    let (below, above): (Vec<_>, Vec<_>) = positions(&commands).into_iter().partition(|position| position.at < climbed);
    assert!(below.iter().all(|position| position.floor.as_str() == "f"));
    let late = above.iter().filter(|position| position.floor.as_str() == "f").count();
    assert!(late <= 6, "three seconds: {late} half seconds");
    let last = above.last().expect("a position");
    assert!(last.point.distance(Point { x: 20.0, y: 6.0 }) < 2.5, "{last:?}");
}

#[test]
fn a_change_says_how_far_its_receivers_were_off() {
    let mean_of = |commands: &[Command], receiver: &str| {
        let heard = presences(commands).into_iter().flat_map(|presence| &presence.reason.heard);
        let own: Vec<f32> = heard.filter(|w| w.receiver.as_str() == receiver).filter_map(|w| w.residual).collect();
        own.iter().sum::<f32>() / own.len() as f32
    };
    let [usual, loud] = [0.0, 10.0].map(|more| {
        let ears = RECEIVERS.map(|(id, x, y)| (id, x, y, if id == "r7" { more } else { 0.0 }));
        play(&mut shop(&whole_plan()), &phone(), &promptly(heard_by(&ears, &HALL, THROUGH, 500, 1)), LATER)
    });
    let all = presences(&usual).into_iter().filter(|presence| presence.reason.rule != "silence");
    for presence in all {
        let heard = &presence.reason.heard;
        assert!(!heard.is_empty(), "{presence:?}");
        for witness in heard {
            // The truth fades by 3 dB, and the plan knows no exponent.
            assert!(witness.residual.is_some_and(|residual| residual.abs() < 16.0), "{presence:?}");
        }
    }
    let (usual, loud) = (mean_of(&usual, "r7"), mean_of(&loud, "r7"));
    assert!(loud > usual + 4.0, "what hears 10 dB more is seen to: {usual} {loud}");
}

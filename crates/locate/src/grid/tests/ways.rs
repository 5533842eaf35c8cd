//! What is in the way, and what leads from floor to floor.

use super::*;

/// A shelf of 1 m across the room up to so far, and what it takes from a signal in a metre.
fn shelf(until: f64, loss: f64) -> Arc<Field> {
    let shelf = format!(
        r#",{{"type":"Feature","properties":{{"feature":"obstacle","floor":"f","loss_db_m":{loss}}},"geometry":{{"type":"Polygon","coordinates":[[[10.5,0],[11.5,0],[11.5,{until}],[10.5,{until}],[10.5,0]]]}}}}"#
    );
    Arc::new(Field::new(&shop_with(&shelf, "")))
}

/// The filter after somebody was heard on the left for five seconds, and not for half a minute since.
fn after_silence(field: &Arc<Field>) -> (Estimate, Workspace) {
    let mut filter = Filter::new(Arc::clone(field), START);
    heard(false, 5).iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
    let mut work = Workspace::default();
    (filter.estimate(slot_of(START) + 9 + 60, &mut work), work)
}

#[test]
fn a_shelf_stops_a_walk_and_who_goes_around_it_gets_past() {
    let [shut, around, free] = [shelf(10.0, 0.0), shelf(7.0, 0.0), field(&[])].map(|field| {
        let (_, work) = after_silence(&field);
        let beyond = field.ground.centres().zip(&work.belief.walking).zip(&work.belief.standing);
        let beyond = beyond.filter(|(((_, point), _), _)| point.x > 11.5);
        beyond.map(|((_, walking), standing)| f64::from(walking + standing)).sum::<f64>()
    });
    // Through a shelf that leaves no way nobody gets but by the share that is laid anew everywhere.
    assert!(shut < 0.04 && around > 2.0 * shut && free > 1.2 * around, "{shut} {around} {free}");
}

#[test]
fn nobody_stands_in_a_shelf() {
    let field = shelf(7.0, 0.0);
    let (_, work) = after_silence(&field);
    let inside = |point: Point| (10.5..11.5).contains(&point.x) && point.y < 7.0;
    let cells = field.ground.centres().enumerate().filter(|(_, (_, point))| inside(*point));
    let held: Vec<f32> = cells.map(|(cell, _)| work.belief.walking[cell] + work.belief.standing[cell]).collect();
    assert_eq!(held.len(), 2 * 14);
    assert!(held.iter().all(|held| *held == 0.0), "{held:?}");
}

#[test]
fn a_shelf_weakens_a_signal_by_the_metre() {
    let (open, shelved) = (field(&[]), shelf(7.0, 6.0));
    let loss = |x: f64, y: f64| {
        let cell = open.ground.cell_at(&open.ground.floors[0].id, Point { x, y }).expect("a cell");
        let place = open.ground.centre_of(cell);
        // The receiver at (0.5, 0.5) looks across the shelf at a slant, so that its way in it is longer than a metre.
        let (right, up) = (place.x - 0.5, place.y - 0.5);
        (open.ears[0].levels[0][cell] - shelved.ears[0].levels[0][cell], (right.hypot(up) / right) as f32)
    };
    assert!(loss(5.0, 5.0).0.abs() < 1e-3, "nothing is between");
    let (taken, metres) = loss(15.0, 5.0);
    assert!((taken - 6.0 * metres).abs() < 0.01, "{taken} {metres}");
    assert!(loss(14.0, 9.75).0.abs() < 1e-3, "past its end: {:?}", loss(14.0, 9.75));
}

/// The room with another one above it, with stairs between them or without.
fn two_floors(stairs: bool) -> Arc<Field> {
    let mut features = String::from(
        r#",{"type":"Feature","properties":{"feature":"floor","id":"u","level":1},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,10],[0,10],[0,0]]]}}"#,
    );
    for floor in ["f", "u"].iter().filter(|_| stairs) {
        write!(
            features,
            r#",{{"type":"Feature","properties":{{"feature":"passage","id":"stairs","floor":"{floor}","seconds":8}},"geometry":{{"type":"Point","coordinates":[5.2,5.2]}}}}"#
        )
        .expect("a string grows");
    }
    let mut above = String::new();
    for (n, (x, y)) in EARS.iter().enumerate() {
        write!(above, "[[receiver]]\nid = \"r{}\"\nfloor = \"u\"\nx = {x:.1}\ny = {y:.1}\n", n + 5)
            .expect("a string grows");
    }
    Arc::new(Field::new(&shop_with(&features, &above)))
}

/// What all ten receivers hear of somebody at (5, 5) on one of the two floors.
fn heard_on(above: bool, seconds: std::ops::Range<i64>) -> Vec<Sighting> {
    let frames = (seconds.start * 2..seconds.end * 2).flat_map(|n| (0_usize..10).map(move |receiver| (n, receiver)));
    let frame = |(n, receiver): (i64, usize)| {
        let (x, y) = EARS[receiver % 5];
        let rise = if (receiver >= 5) == above { 1.2 } else { 3.5 };
        let ceiling = if (receiver >= 5) == above { 0.0 } else { 10.0 };
        let metres = (x - 5.0).hypot(y - 5.0).hypot(rise);
        let noise = ((n * 7 + receiver as i64 * 5) % 13 - 6) as f64;
        sighting(receiver, n * 500 + receiver as i64 * 20, (-59.0 - 20.0 * metres.log10() - ceiling + noise) as f32)
    };
    frames.map(frame).collect()
}

#[test]
fn stairs_lead_from_floor_to_floor() {
    let [with, without] = [true, false].map(|stairs| {
        let field = two_floors(stairs);
        let mut filter = Filter::new(Arc::clone(&field), START);
        heard_on(false, 0..5).iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
        let mut work = Workspace::default();
        filter.update(slot_of(START) + 9 + 40, &mut work);
        let above = field.ground.floors[1].start..;
        f64::from(work.belief.walking[above.clone()].iter().chain(&work.belief.standing[above]).sum::<f32>())
    });
    assert!(without < 0.025, "only what is laid anew in twenty seconds: {without}");
    assert!(with > 3.0 * without, "{with} {without}");
}

#[test]
fn somebody_is_followed_up_the_stairs_and_down_again() {
    // A sleepy device: one receiver of each floor hears it in a slot.
    let frames = [heard_on(false, 0..20), heard_on(true, 20..40), heard_on(false, 40..60)].concat();
    let slots: Vec<[&Sighting; 2]> =
        frames.chunks(10).enumerate().map(|(n, slot)| [&slot[n % 5], &slot[n % 5 + 5]]).collect();
    let [with, without] = [true, false].map(|stairs| {
        let field = two_floors(stairs);
        let mut filter = Filter::new(Arc::clone(&field), START);
        let mut work = Workspace::default();
        let above = slots.iter().map(|slot| {
            slot.iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
            let number = slot_of(slot[0].at);
            filter.update(number, &mut work);
            let cells = field.ground.floors[1].start..;
            let above: f32 = work.belief.walking[cells.clone()].iter().chain(&work.belief.standing[cells]).sum();
            filter.commit(number, &mut work);
            f64::from(above)
        });
        let above: Vec<f64> = above.collect();
        assert!(above[20..40].iter().chain(&above[84..]).all(|above| *above < 0.1), "{above:?}");
        assert!(above[44..80].iter().all(|above| *above > 0.9), "two seconds after the change: {above:?}");
        above[40..44].iter().sum::<f64>() + 4.0 - above[80..84].iter().sum::<f64>()
    });
    assert!(with > without + 0.2, "the stairs are where somebody is expected to come out: {with} {without}");
}

/// Where the stairs at a place lead to on a floor above with a wall at x = 6 and a shelf.
fn landings(x: f64, y: f64) -> Vec<Point> {
    let above = r#",{"type":"Feature","properties":{"feature":"floor","id":"u","level":1},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,10],[0,10],[0,0]]]}}
        ,{"type":"Feature","properties":{"feature":"wall","floor":"u","loss_db":3},"geometry":{"type":"LineString","coordinates":[[6,0],[6,10]]}}
        ,{"type":"Feature","properties":{"feature":"obstacle","floor":"u"},"geometry":{"type":"Polygon","coordinates":[[[12,4],[15,4],[15,6],[12,6],[12,4]]]}}"#;
    let end = |floor: &str| {
        format!(
            r#",{{"type":"Feature","properties":{{"feature":"passage","id":"stairs","floor":"{floor}","seconds":8}},"geometry":{{"type":"Point","coordinates":[{x},{y}]}}}}"#
        )
    };
    let field = Field::new(&shop_with(&format!("{above}{}{}", end("f"), end("u")), ""));
    field.ground.steps.iter().map(|step| field.ground.centre_of(step.to as usize)).collect()
}

#[test]
fn stairs_beside_a_wall_do_not_lead_behind_it() {
    let beside = landings(5.2, 5.2);
    assert!(beside.len() > 10 && beside.iter().all(|point| point.x < 6.0), "{beside:?}");
    let free = landings(9.0, 2.0);
    assert!(free.iter().any(|point| point.x < 8.0) && free.iter().any(|point| point.x > 10.0), "{free:?}");
}

#[test]
fn stairs_that_are_drawn_within_furniture_lead_beside_it() {
    let inside = landings(13.0, 5.0);
    assert!(
        !inside.is_empty() && inside.iter().all(|point| point.x < 12.0 || point.y < 4.0 || point.y > 6.0),
        "{inside:?}"
    );
}

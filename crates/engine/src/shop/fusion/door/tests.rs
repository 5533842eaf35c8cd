use proptest::prelude::*;

use super::*;

/// Noon of a day in UTC.
const NOON: i64 = 1_700_049_600_000;

fn sensor(name: &str) -> SensorId {
    SensorId::new(name).expect("a slug")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(NOON + seconds * 1_000)
}

fn door(crossings: &[(i64, u32, u32)]) -> Door {
    let mut door = Door::default();
    for (seconds, entered, left) in crossings {
        door.cross(&sensor("door"), at(*seconds), *entered, *left);
    }
    door
}

#[test]
fn the_count_bounds_who_can_be_inside_and_forgives_a_tenth() {
    let door = door(&[(0, 20, 0), (60, 5, 3), (90, 0, 2)]);
    assert_eq!(door.inside(at(100)), Some(20));
    assert_eq!(door.ceiling(at(100)), Some(20 + 2 + 2), "a tenth, and two; thirty crossings are too few to drift");
    assert_eq!(door.inside(at(3 * 3_600)), None, "counters that are silent for hours bound nothing");
    assert_eq!(Door::default().ceiling(at(0)), None, "nor do those that never said a word");
}

#[test]
fn nobody_leaves_who_was_not_inside() {
    assert_eq!(door(&[(0, 2, 0), (10, 0, 5), (20, 3, 0)]).inside(at(30)), Some(3));
}

#[test]
fn the_night_begins_a_new_count_in_the_store_s_own_time() {
    let mut counted = door(&[(0, 9, 0), (16 * 3_600 - 60, 0, 1)]);
    assert_eq!(counted.inside(at(16 * 3_600)), Some(8), "before four in the night it is still the same day");
    counted.cross(&sensor("door"), at(20 * 3_600), 1, 0);
    assert_eq!(counted.inside(at(20 * 3_600)), Some(1));
    let mut rome = door(&[(15 * 3_600 + 1_000, 4, 0)]);
    rome.set_timezone("America/New_York");
    rome.cross(&sensor("door"), at(17 * 3_600), 1, 0);
    assert_eq!(rome.inside(at(17 * 3_600)), Some(5), "it is midnight there");
}

#[test]
fn a_lost_count_is_found_again_the_next_day() {
    let mut door = door(&[(0, 5, 0)]);
    door.lose_count();
    door.cross(&sensor("door"), at(20), 1, 0);
    assert_eq!(door.ceiling(at(30)), None);
    door.cross(&sensor("door"), at(86_400), 2, 0);
    assert_eq!(door.inside(at(86_400)), Some(2));
}

#[test]
fn who_is_heard_is_counted_at_least() {
    let mut door = door(&[(0, 2, 0)]);
    door.at_least(7);
    assert_eq!(door.inside(at(1)), Some(7));
    door.at_least(3);
    assert_eq!(door.inside(at(1)), Some(7));
}

#[test]
fn who_was_heard_after_the_last_going_out_is_kept_in() {
    let door = door(&[(0, 5, 0), (600, 0, 1)]);
    assert!(door.kept_in(at(700)));
    assert!(!door.kept_in(at(620)), "it may have been them: a visit outlasts its last frame");
    assert!(!door.kept_in(at(300)));
    assert!(!Door::default().kept_in(at(700)));
}

proptest! {
    #[test]
    fn shuffled_and_repeated_crossings_count_the_same(
        crossings in prop::collection::vec((0_i64..400, 0_u8..3, 0_u32..4, 0_u32..4), 1..60),
        delays in prop::collection::vec(0_i64..9, 60),
        again in prop::collection::vec(any::<bool>(), 60),
    ) {
        let count = |coming: Vec<(i64, (i64, u8, u32, u32))>| {
            let mut door = Door::default();
            for (_, (seconds, name, entered, left)) in coming {
                door.cross(&sensor(&format!("d{name}")), at(seconds), entered, left);
            }
            // A last word from far away settles the rest.
            door.cross(&sensor("far"), at(900), 1, 0);
            door.now()
        };
        let mut prompt: Vec<_> = crossings.iter().map(|crossing| (crossing.0, *crossing)).collect();
        prompt.sort_unstable();
        prompt.dedup();
        let mut late: Vec<_> = crossings.iter().zip(&delays).map(|(crossing, delay)| (crossing.0 + delay, *crossing)).collect();
        late.extend(crossings.iter().zip(&again).filter(|(_, again)| **again).map(|(crossing, _)| (crossing.0 + 9, *crossing)));
        late.sort_by_key(|(coming, _)| *coming);
        prop_assert_eq!(count(prompt), count(late));
    }

    #[test]
    fn the_bound_is_never_below_what_is_always_forgiven(
        crossings in prop::collection::vec((0_i64..200_000, any::<u32>(), any::<u32>()), 0..80),
        heard in 0_u64..500,
    ) {
        let mut door = door(&crossings);
        door.at_least(heard);
        if let (Some(inside), Some(ceiling)) = (door.inside(at(200_000)), door.ceiling(at(200_000))) {
            prop_assert!(ceiling >= inside + SLACK && inside >= heard);
            prop_assert!(inside <= heard + 80 * u64::from(CROSSING_MAX));
        }
    }
}

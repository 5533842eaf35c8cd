mod plans;

use proptest::prelude::*;

use self::plans::*;
use super::*;

fn chart(shop: &Shop, radio: Radio) -> Chart {
    Chart::new(shop, ears(shop), radio)
}

fn told(shop: &Shop) -> Forecast {
    forecast(&chart(shop, Radio::default()))
}

/// Twelve receivers in an office of 364 m2: tetam, CC0 1.0; Danis, Naskali, Cemgil, Ersoy, "An Indoor Localization Dataset and
/// Data Collection Framework with High Precision Position Annotation", Pervasive and Mobile Computing 81 (2022).
/// For its measured exponent and noise the bound for one answer from five seconds is 1.71 m, the median over where the tag was.
#[test]
fn the_bound_of_a_real_office_is_the_published_one() {
    let shop = tetam();
    let radio = Radio { exponent: 1.56, noise_db: 3.27, offset_db: 0.0, carried_m: 1.85, ..Radio::default() };
    let chart = chart(&shop, radio);
    let floor = shop.floors[0].id.clone();
    let mut errors: Vec<f64> = TRACK
        .iter()
        .filter_map(|(x, y)| chart.spot_at(&floor, Point { x: *x, y: *y }))
        .map(|spot| chart.ellipse(spot).rms())
        .collect();
    errors.sort_by(f64::total_cmp);
    assert!(errors.len() >= 25, "{}", errors.len());
    let median = errors[errors.len() / 2];
    assert!((median / 1.71 - 1.0).abs() < 0.1, "{median} m");
}

#[test]
fn answers_land_as_far_off_as_the_information_says_where_nothing_is_in_the_way() {
    // With little noise: with more, answers are not round any more, and the walls of the hall hold them.
    let hall = hall(24.0, 24.0, &corners_and_middles(24.0, 24.0), &[]);
    let forecast = forecast(&chart(&hall, Radio { noise_db: 1.5, ..Radio::default() }));
    let middle = Point { x: 7.0, y: 17.0 };
    let spot = forecast.spots.iter().min_by(|a, b| a.point.distance(middle).total_cmp(&b.point.distance(middle)));
    let spot = spot.expect("spots");
    // The median of a round Gauss law is 0.83 of its root mean square.
    let expected = 0.8326 * spot.ellipse.rms();
    assert!((spot.error_m / expected - 1.0).abs() < 0.15, "{} m, {expected} m", spot.error_m);
}

#[test]
fn what_is_not_known_of_the_device_costs_accuracy() {
    let shop = tetam();
    let known = forecast(&chart(&shop, Radio { offset_db: 0.0, ..Radio::default() }));
    let unknown = told(&shop);
    assert!(unknown.error_m > known.error_m + 0.1, "{} m, {} m", unknown.error_m, known.error_m);
}

#[test]
fn large_zones_are_told_apart_and_small_ones_side_by_side_are_not() {
    let large = [("a", [0.0, 0.0, 10.0, 20.0]), ("b", [10.0, 0.0, 20.0, 20.0])];
    let receivers = corners_and_middles(20.0, 20.0);
    let forecast = told(&hall(20.0, 20.0, &receivers, &large));
    assert!(forecast.zone_share.expect("zones") > 0.8, "{:?}", forecast.zone_share);
    assert!(forecast.pairs.is_empty());

    let small = [("a", [9.0, 10.0, 10.0, 11.0]), ("b", [10.0, 10.0, 11.0, 11.0])];
    let tight = told(&hall(20.0, 20.0, &receivers, &small));
    assert!(tight.zones.iter().all(|zone| zone.share < 0.4), "{:?}", tight.zones);
    assert_eq!(tight.pairs.len(), 1, "most answers land in neither, and of the others as many in the wrong one");
    assert_eq!(tight.pairs[0].why, Why::TooClose);
    assert!(tight.zones.iter().all(|zone| zone.nowhere > 0.3 && zone.nowhere < 0.99), "{:?}", tight.zones);
    let columns: Vec<(String, [f64; 4])> =
        (0..20).map(|n| (format!("z{n}"), [f64::from(n), 0.0, f64::from(n) + 1.0, 20.0])).collect();
    let columns: Vec<(&str, [f64; 4])> = columns.iter().map(|(id, square)| (id.as_str(), *square)).collect();
    let striped = told(&hall(20.0, 20.0, &receivers, &columns));
    assert!(striped.zone_share.expect("zones") < 0.4);
}

#[test]
fn two_halves_of_a_small_room_are_named_and_why() {
    let halves = [("left", [0.0, 0.0, 1.5, 3.0]), ("right", [1.5, 0.0, 3.0, 3.0])];
    let corners = [("r1", 0.0, 0.0), ("r2", 3.0, 0.0), ("r3", 0.0, 3.0), ("r4", 3.0, 3.0)];
    let near = told(&hall(3.0, 3.0, &corners, &halves));
    assert_eq!((near.pairs.len(), near.pairs[0].why), (1, Why::TooClose), "{:?}", near.zones);

    let wide = [("left", [0.0, 0.0, 4.0, 6.0]), ("right", [4.0, 0.0, 8.0, 6.0])];
    let lonely = told(&hall(8.0, 6.0, &[("r1", 4.0, 3.0)], &wide));
    assert_eq!(lonely.pairs.len(), 1, "{:?}", lonely.zones);
    assert_eq!(lonely.pairs[0].why, Why::TooFewReceivers);
    let in_line = [("r1", 4.0, 0.0), ("r2", 4.0, 2.0), ("r3", 4.0, 4.0), ("r4", 4.0, 6.0)];
    let mirror = told(&hall(8.0, 6.0, &in_line, &wide));
    assert_eq!(mirror.pairs.len(), 1, "{:?}", mirror.zones);
    assert_eq!(mirror.pairs[0].why, Why::SoundAlike);
    assert!((mirror.pairs[0].a_as_b - 0.5).abs() < 0.02, "a mirror image sounds the same: {:?}", mirror.pairs);
}

#[test]
fn a_wall_tells_two_rooms_apart() {
    let rooms = [("left", [0.0, 0.0, 4.0, 6.0]), ("right", [4.0, 0.0, 8.0, 6.0])];
    let corners = [("r1", 0.2, 0.2), ("r2", 7.8, 0.2), ("r3", 0.2, 5.8), ("r4", 7.8, 5.8)];
    let mut shop = hall(8.0, 6.0, &corners, &rooms);
    let open = told(&shop).zone_share.expect("zones");
    shop.floors[0].walls.push(wall(4.0, 0.0, 4.0, 6.0, 12.0));
    let closed = told(&shop).zone_share.expect("zones");
    assert!(closed > open + 0.04, "{open} {closed}");
}

#[test]
fn floors_are_told_apart_by_their_ceilings() {
    let shop = two_floors(&["r1", "r2", "r3", "r4"], &["s1", "s2", "s3", "s4"]);
    let forecast = told(&shop);
    assert!(
        forecast.floors.iter().all(|floor| floor.floor_share > 0.97 && floor.receivers == 4),
        "{:?}",
        forecast.floors
    );
    let bare = told(&two_floors(&["r1"], &[]));
    assert!(bare.floors[1].floor_share < forecast.floors[1].floor_share - 0.05, "{:?}", bare.floors);
}

#[test]
fn one_more_receiver_is_put_where_there_is_none() {
    let zones = [("west", [0.0, 0.0, 5.0, 8.0]), ("middle", [5.0, 0.0, 15.0, 8.0]), ("east", [15.0, 0.0, 20.0, 8.0])];
    let shop = hall(20.0, 8.0, &[("r1", 1.0, 1.0), ("r2", 1.0, 7.0), ("r3", 5.0, 4.0), ("r4", 5.2, 4.2)], &zones);
    let advice = advise(&chart(&shop, Radio::default()), &BTreeMap::new());
    let add = advice.add.expect("there is room");
    assert!(add.point.x > 10.0, "{add:?}");
    let (before, after) = add.effect.zone_share.expect("zones");
    assert!(after > before + 0.03, "{add:?}");
    assert!(add.effect.error_m.1 < add.effect.error_m.0);
    let least = advice.least.expect("four receivers");
    assert!(["r3", "r4"].contains(&least.id.as_str()), "{least:?}");
    let (before, after) = least.effect.zone_share.expect("zones");
    assert!(before - after < 0.05, "one of two in the same place is missed little: {least:?}");
    // Where only one zone matters, the place follows it.
    let west = BTreeMap::from([("west".parse().expect("an id"), 1.0)]);
    assert!(advise(&chart(&shop, Radio::default()), &west).add.expect("room").point.x < 15.0);
}

#[test]
fn what_is_promised_of_one_more_receiver_comes_true() {
    let zones = [("west", [0.0, 0.0, 5.0, 8.0]), ("middle", [5.0, 0.0, 15.0, 8.0]), ("east", [15.0, 0.0, 20.0, 8.0])];
    let receivers = [("r1", 1.0, 1.0), ("r2", 1.0, 7.0), ("r3", 5.0, 4.0)];
    let before = hall(20.0, 8.0, &receivers, &zones);
    let add = advise(&chart(&before, Radio::default()), &BTreeMap::new()).add.expect("there is room");
    let mut more = receivers.to_vec();
    more.push(("r4", add.point.x, add.point.y));
    let after = told(&hall(20.0, 8.0, &more, &zones));
    let promised = add.effect.zone_share.expect("zones").1;
    assert!((after.zone_share.expect("zones") - promised).abs() < 0.03, "{promised} {:?}", after.zone_share);
}

#[test]
fn a_shop_without_receivers_zones_or_room_is_answered_too() {
    let bare = hall(10.0, 10.0, &[], &[]);
    let forecast = told(&bare);
    assert_eq!(forecast.zone_share, None);
    assert!(forecast.error_m > 3.0 && forecast.error_m.is_finite(), "{}", forecast.error_m);
    let advice = advise(&chart(&bare, Radio::default()), &BTreeMap::new());
    assert!(advice.add.is_some() && advice.least.is_none());
    let tiny = told(&hall(10.0, 10.0, &[("r1", 5.0, 5.0)], &[("pin", [2.1, 2.1, 2.3, 2.35])]));
    assert!(tiny.zones[0].standing && tiny.zones[0].share < 0.05, "{:?}", tiny.zones);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn more_receivers_never_take_information_away(
        places in prop::collection::vec((0.0..10.0_f64, 0.0..8.0_f64), 1..6),
    ) {
        let names: Vec<String> = (0..places.len()).map(|n| format!("r{n}")).collect();
        let receivers: Vec<(&str, f64, f64)> = names.iter().zip(&places).map(|(id, (x, y))| (id.as_str(), *x, *y)).collect();
        let all = chart(&hall(10.0, 8.0, &receivers, &[]), Radio::default());
        let fewer = chart(&hall(10.0, 8.0, &receivers[1..], &[]), Radio::default());
        for spot in 0..all.spots.len() {
            let (with, without) = (all.ellipse(spot), fewer.ellipse(spot));
            prop_assert!(with.minor > 0.0 && with.major >= with.minor && with.major.is_finite());
            prop_assert!(with.rms() <= without.rms() * (1.0 + 1e-9));
            prop_assert!((all.without(spot, 0).ellipse().rms() - without.rms()).abs() < 1e-9);
        }
    }

    #[test]
    fn a_mirrored_shop_gets_mirrored_answers(
        places in prop::collection::vec((0.0..10.0_f64, 0.0..8.0_f64), 1..5),
        cut in 2.0..8.0_f64,
    ) {
        let names: Vec<String> = (0..places.len()).map(|n| format!("r{n}")).collect();
        let shop = |mirrored: bool| {
            let flip = |x: f64| if mirrored { 10.0 - x } else { x };
            let receivers: Vec<(&str, f64, f64)> =
                names.iter().zip(&places).map(|(id, (x, y))| (id.as_str(), flip(*x), *y)).collect();
            let square = |from: f64, to: f64| [flip(from).min(flip(to)), 0.0, flip(from).max(flip(to)), 8.0];
            hall(10.0, 8.0, &receivers, &[("a", square(0.0, cut)), ("b", square(cut, 10.0))])
        };
        let (one, other) = (told(&shop(false)), told(&shop(true)));
        prop_assert!((one.error_m - other.error_m).abs() < 0.02, "{} {}", one.error_m, other.error_m);
        for (a, b) in one.zones.iter().zip(&other.zones) {
            prop_assert!((a.share - b.share).abs() < 0.02, "{:?} {:?}", a, b);
            prop_assert!((0.0..=1.001).contains(&a.share));
        }
    }
}

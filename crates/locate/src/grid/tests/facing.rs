//! Who carries the phone that hears takes levels from one side: the field of beacons knows, the one of receivers does not.

use nalgebra::{Matrix3, Vector3};

use super::super::facing::Turn;
use super::*;

/// How much the carrier's body takes from behind and leaves in front, in dB.
const BODY_DB: f64 = 7.0;

/// What is heard in one slot at a place by somebody who faces this way, in radians from the east.
fn facing(place: Point, way: f64, body: f64) -> Vec<Sighting> {
    let frame = |receiver: usize| {
        let (right, up) = (EARS[receiver].0 - place.x, EARS[receiver].1 - place.y);
        let metres = right.hypot(up).hypot(1.2);
        let cosine = (right * way.cos() + up * way.sin()) / metres;
        sighting(receiver, receiver as i64 * 20, (-59.0 - 20.0 * metres.log10() + body * cosine) as f32)
    };
    (0..EARS.len()).map(frame).collect()
}

/// The mean error over places and ways to face, in metres.
fn error(field: &Arc<Field>, body: f64) -> f64 {
    let places = [(4.0, 3.0), (7.0, 7.0), (12.0, 4.0), (15.0, 8.0)].map(|(x, y)| Point { x, y });
    let ways = (0..8).map(|eighth| f64::from(eighth) * std::f64::consts::FRAC_PI_4);
    let all = places.into_iter().flat_map(|place| ways.clone().map(move |way| (place, way)));
    let errors: Vec<f64> =
        all.map(|(place, way)| estimate(field, &facing(place, way, body)).point.distance(place)).collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}

#[test]
fn a_phone_whose_carrier_turns_is_found_where_a_tag_would_be_lost() {
    let (phone, tag) = (error(&field_of(true, &[]), BODY_DB), error(&field(&[]), BODY_DB));
    assert!(phone < 0.9 * tag, "{phone} m, without the body in mind {tag} m");
    let (calm, plain) = (error(&field_of(true, &[]), 0.0), error(&field(&[]), 0.0));
    assert!(calm < plain + 0.5, "no body in the way: {calm} m, {plain} m");
}

#[test]
fn a_slot_of_beacons_and_receivers_is_weighed_as_a_whole() {
    let mut shop = shop(&[]);
    let half = shop.receivers.split_off(2);
    shop.beacons = half;
    let mixed = Arc::new(Field::new(&shop));
    let place = Point { x: 6.0, y: 5.0 };
    let found = estimate(&mixed, &facing(place, 1.0, 0.0));
    assert!(found.point.distance(place) < 3.0, "{found:?}");
    assert!((found.believed.iter().map(|(_, p)| p.get()).sum::<f64>() - 1.0).abs() < 1e-3);
}

proptest! {
    /// Beside a library's solution of the same equations.
    #[test]
    fn the_turn_is_what_the_equations_say(
        words in proptest::collection::vec((0.01_f32..0.3, -20.0_f32..20.0, 0.0_f32..6.2, 0.0_f32..1.0), 0..24),
        offset in -10.0_f32..10.0,
        variance in 2.0_f32..30.0,
    ) {
        let mut turn = Turn::<1>::new(offset, variance);
        let facing = 1.0 / 16.0;
        let mut matrix = Matrix3::from_diagonal(&Vector3::new(1.0 / f64::from(variance), facing, facing));
        let mut right = Vector3::new(f64::from(offset) / f64::from(variance), 0.0, 0.0);
        let before = matrix.determinant();
        for (weight, over, way, far) in words {
            let (east, north) = (way.cos() * far, way.sin() * far);
            turn.add(&[weight], &[over], (&[east], &[north]));
            let row = Vector3::new(1.0, f64::from(east), f64::from(north));
            matrix += row * row.transpose() * f64::from(weight);
            right += row * f64::from(weight * over);
        }
        let solved = turn.solve(offset, variance);
        let exact = matrix.lu().solve(&right).expect("the priors make it regular");
        let unlike = |one: f32, other: f64| (f64::from(one) - other).abs() / (1.0 + other.abs());
        prop_assert!(unlike(solved.offset[0], exact[0]) < 1e-3, "{} {exact}", solved.offset[0]);
        prop_assert!(unlike(solved.east[0], exact[1]) < 1e-3, "{} {exact}", solved.east[0]);
        prop_assert!(unlike(solved.north[0], exact[2]) < 1e-3, "{} {exact}", solved.north[0]);
        let strange = (exact[0] - f64::from(offset)).powi(2) / f64::from(variance)
            + (exact[1] * exact[1] + exact[2] * exact[2]) * facing;
        let log = -0.5 * (strange + (matrix.determinant() / before).ln());
        prop_assert!(unlike(solved.logs[0], log) < 2e-3, "{} {log}", solved.logs[0]);
    }
}

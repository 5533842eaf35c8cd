//! A line that holds everything back for up to ten seconds and then brings it at once, in its order: what is told is what a
//! straight line tells, with the same times.

use super::*;

const WINDOW: Millis = Millis(500);
const LATE_MAX_MS: f64 = 10_000.0;
/// Long enough away that it is another visit, by half a window: a line that is late must not make it one.
const AWAY: Millis = Millis(300_500);

/// What a box has to send: all that it heard in a window, at the window's end.
fn batches(world: u64) -> Vec<(Timestamp, Vec<Sighting>)> {
    let first = sightings(THROUGH, 500, world);
    let again =
        first.iter().cloned().map(|sighting| Sighting { at: sighting.at + Millis::seconds(63) + AWAY, ..sighting });
    let mut batches: Vec<(Timestamp, Vec<Sighting>)> = Vec::new();
    for sighting in first.iter().cloned().chain(again) {
        let at = Timestamp((sighting.at.0.div_euclid(WINDOW.0) + 1) * WINDOW.0);
        let sighting = Sighting { at, window: WINDOW, ..sighting };
        match batches.last_mut().filter(|(last, _)| *last == at) {
            Some((_, batch)) => batch.push(sighting),
            None => batches.push((at, vec![sighting])),
        }
    }
    batches
}

/// When each batch comes: a tenth of them late, and none before the one before it.
fn in_order(batches: &[(Timestamp, Vec<Sighting>)], one_in: f64, seed: u64) -> Vec<(Timestamp, Sighting)> {
    let mut chance = Chance(seed);
    let mut line = START;
    let mut coming = Vec::new();
    for (at, batch) in batches {
        let is_late = chance.unit() * one_in < 1.0;
        let late = Millis(if is_late { (chance.unit() * LATE_MAX_MS) as i64 } else { 20 });
        line = line.max(*at + late);
        coming.extend(batch.iter().map(|sighting| (line, sighting.clone())));
    }
    coming
}

/// Stays and visits as they stand in the end; how often a visit is told on the way is not compared.
fn told(coming: &[(Timestamp, Sighting)]) -> (String, Vec<Visit>) {
    let commands = play(&mut shop(&whole_plan()), &phone(), coming, START + Millis::minutes(30));
    let ended = visits(&commands).into_iter().filter(|visit| visit.ended.is_some());
    (serde_json::to_string(&presences(&commands)).expect("presences are JSON"), ended.cloned().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_late_and_at_once_is_told_as_over_a_straight_line(world in 0_u64..1_000, order in any::<u64>()) {
        let batches = batches(world);
        let straight = told(&in_order(&batches, f64::INFINITY, order));
        prop_assert_eq!(straight.1.len(), 2);
        prop_assert_eq!(told(&in_order(&batches, 10.0, order)), straight);
    }
}

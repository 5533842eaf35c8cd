//! What is measured covers what is true.

use decide::gates::holdout::is_held_out;
use firmware_sim::response::{Appeal, Responses};
use measure::conversions::{K, ratio_interval};
use model::ids::CustomerId;

const RUNS: u64 = 1_000;
const PEOPLE: u64 = 1_500;
/// Share of people who may be told.
const SHARE: f64 = 0.9;

/// Conversions of those who were told, and of the holdout.
fn conversions(seed: u64, responses: &Responses) -> (u64, u64) {
    let mut counts = (0, 0);
    for person in 0..PEOPLE {
        let would = responses.would(person, 0, 0);
        let customer = CustomerId::new(&format!("customer-{person}")).expect("a reference");
        if is_held_out(seed, &customer, 1.0 - SHARE) {
            counts.1 += u64::from(would.buy_anyway);
        } else {
            counts.0 += u64::from(would.buy_told);
        }
    }
    counts
}

/// In how many runs the interval covers the truth, and in how many it tells anything: ends within a factor of ten.
fn covered(anyway: f64, told: f64) -> [u64; 2] {
    let appeal = Appeal { kind: 0, anyway, told, taste: 0.6 };
    let run = |seed: u64| {
        let responses = Responses::new(seed, vec![appeal]);
        let (treated, control) = conversions(seed, &responses);
        let interval = ratio_interval(treated, control, SHARE, K, 0.05);
        // Of whom the truth is asked: everybody, since nobody was chosen for what they would do.
        [interval.covers(responses.lift(0..PEOPLE, 0)), interval.low > 0.1 && interval.high < 10.0]
    };
    let runs = (0..RUNS).map(run);
    runs.fold([0, 0], |sum, run| [sum[0] + u64::from(run[0]), sum[1] + u64::from(run[1])])
}

#[test]
fn measured_lift_covers_the_true_lift() {
    for (anyway, told) in [(0.08, 0.12), (0.1, 0.1), (0.12, 0.084)] {
        let [covered, telling] = covered(anyway, told);
        assert!(covered >= RUNS * 95 / 100, "{anyway} to {told}: {covered} of {RUNS}");
        assert!(telling >= RUNS * 9 / 10, "coverage must not come from saying nothing: {telling} of {RUNS}");
    }
}

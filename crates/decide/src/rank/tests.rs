use proptest::prelude::*;

use super::*;
use crate::fixture::{World, offer};

fn case_terms(world: &World, index: usize) -> Terms {
    let context = world.context();
    let offer = &world.shop.offers[index];
    let intent = world.intent.towards(offer, &world.shop, world.now);
    terms(&Case { context: &context, offer, intent })
}

#[test]
fn terms_are_what_the_priors_say() {
    let world = World::new();
    let terms = case_terms(&world, 0);
    // Viewed an hour ago: evidence 0.9 * 2^(-1/24).
    let intent = 1.0 - (-0.9 * (-1.0_f64 / 24.0).exp2()).exp();
    let anyway = 0.5 * intent;
    let told = anyway * (1.0 + 1.0 + 2.62 * 0.1);
    assert!((terms.gain - (told - anyway) * 600.0 * 0.9).abs() < 1e-9, "{terms:?}");
    assert!((terms.giveaway + anyway * 300.0).abs() < 1e-9);
    assert_eq!((terms.attention, terms.fatigue), (-5.0, -0.0));
    assert_eq!(terms.score().to_bits(), (terms.gain + terms.giveaway + terms.attention + terms.fatigue).to_bits());
}

#[test]
fn a_discount_that_gives_more_away_than_it_brings_scores_below_silence() {
    let mut world = World::new();
    world.shop.offers[0].discount = model::units::Cents(890);
    assert!(case_terms(&world, 0).score() < 0.0);
}

#[test]
fn telling_often_costs_more() {
    let mut world = World::new();
    let fresh = case_terms(&world, 0).score();
    world.history.tell(model::ids::DecisionId(9), offer("penne-1"), world.now);
    assert!((fresh - case_terms(&world, 0).score() - 5.0).abs() < 1e-9, "one fresh contact costs the attention again");
}

#[test]
fn a_category_is_valued_on_what_is_most_wanted_of_it() {
    let mut world = World::new();
    let by_barolo = case_terms(&world, 1);
    world.shop.products[0].in_stock = false;
    let by_chianti = case_terms(&world, 1);
    assert!(by_barolo.gain > by_chianti.gain, "{by_barolo:?} {by_chianti:?}");
}

#[test]
fn silence_wins_ties_and_the_floor_is_shared() {
    assert_eq!(chances(&[]), Chances { offers: vec![], silence: 1.0, best: None });
    let tie = chances(&[0.0]);
    assert_eq!(tie.best, None);
    assert!((tie.silence - 0.975).abs() < 1e-12 && (tie.offers[0] - 0.025).abs() < 1e-12);
    let two = chances(&[3.0, 7.0]);
    assert_eq!(two.best, Some(1));
    assert!((two.offers[1] - (0.95 + 0.05 / 3.0)).abs() < 1e-12);
}

proptest! {
    #[test]
    fn propensities_sum_to_1_and_only_reachable_arms_are_drawn(
        scores in prop::collection::vec(-100.0..100.0_f64, 0..60),
        draw in 0.0..1.0_f64,
    ) {
        let chances = chances(&scores);
        let sum = chances.silence + chances.offers.iter().sum::<f64>();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        let reachable = chances.offers.iter().filter(|chance| **chance > 0.0).count();
        prop_assert_eq!(reachable, scores.len().min(ARMS_MAX - 1));
        for chance in chances.offers.iter().filter(|chance| **chance > 0.0).chain([&chances.silence]) {
            prop_assert!(*chance >= EPSILON / 20.0 - 1e-12);
        }
        if let Some(arm) = chances.pick(draw) {
            prop_assert!(chances.offers[arm] > 0.0);
        }
        let best = scores.iter().copied().fold(0.0, f64::max);
        prop_assert_eq!(chances.best.map_or(0.0, |index| scores[index]), best);
    }
}

#[test]
fn drawn_shares_are_the_propensities() {
    let chances = chances(&[3.0, 7.0, -2.0]);
    let mut counts = [0_u32; 4];
    for n in 0..100_000 {
        let draw = crate::keyed::draw(7, model::ids::DecisionId(n));
        counts[chances.pick(draw).unwrap_or(3)] += 1;
    }
    let expected = [chances.offers[0], chances.offers[1], chances.offers[2], chances.silence];
    for (count, chance) in counts.into_iter().zip(expected) {
        assert!((f64::from(count) / 100_000.0 - chance).abs() < 0.005, "{count} {chance}");
    }
}

//! What is learnt, how soon, how it is forgotten, and that it survives being written down.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;

const PATH: Path<'_> = Path { offer: "espresso", category: "coffee", store: "centro" };

fn feature(block: Block, name: &str, value: f64) -> Feature {
    Feature { block, name: name.to_owned(), value }
}

fn day(day: i64) -> Timestamp {
    Timestamp(day * 86_400_000)
}

#[test]
fn places_of_features_never_change() {
    let names = ["", "dwell", "intent", "zone:coffee", "visits"];
    assert_eq!(names.map(index), [10_444, 146_578, 54_639, 15_648, 52_331]);
}

#[test]
fn a_new_offer_starts_at_the_base_rate() {
    let model = Logistic::new(Config { base_rate: 0.02, ..Config::default() });
    let chance = model.chance(&Example { path: PATH, features: &[] });
    assert!((chance - 0.02).abs() < 1e-12, "{chance}");
}

#[test]
fn a_new_offer_starts_where_its_category_is() {
    let mut model = Logistic::default();
    for i in 0..400 {
        let path = Path { offer: "cappuccino", ..PATH };
        model.teach(&Example { path, features: &[] }, i % 5 == 0, day(0));
        let path = Path { offer: "novel", category: "books", ..PATH };
        model.teach(&Example { path, features: &[] }, i % 100 == 0, day(0));
    }
    let like = model.chance(&Example { path: PATH, features: &[] });
    let unlike = model.chance(&Example { path: Path { category: "books", ..PATH }, features: &[] });
    assert!((like - 0.195).abs() < 0.02 && (unlike - 0.015).abs() < 0.01, "{like} {unlike}");
    // It is as unsure as twenty views are.
    let known = model.opinion(&Example { path: Path { offer: "cappuccino", ..PATH }, features: &[] }).belief.sd;
    let new = model.opinion(&Example { path: PATH, features: &[] }).belief.sd;
    assert!(new > 3.0 * known, "{new} {known}");
}

#[test]
fn parts_add_up_to_the_mean() {
    let mut model = Logistic::default();
    let blocks = [Block::Offer, Block::Micro, Block::Relational, Block::Personal];
    let features: Vec<Feature> =
        blocks.iter().enumerate().map(|(i, block)| feature(*block, &format!("f{i}"), 0.3 + i as f64)).collect();
    let example = Example { path: PATH, features: &features };
    for i in 0..50 {
        model.teach(&example, i % 3 == 0, day(0));
    }
    let opinion = model.opinion(&example);
    assert!((opinion.logit.sum() - opinion.belief.mean).abs() < 1e-12);
    assert!([opinion.logit.micro, opinion.logit.relational, opinion.logit.personal].iter().all(|part| *part != 0.0));
    // Without a block its part is gone.
    let opinion = model.opinion(&Example { path: PATH, features: &features[..1] });
    assert!(opinion.logit.personal == 0.0 && opinion.logit.micro == 0.0);
}

/// A made-up world: the truth of a chance from two features and the offer.
fn truth(offer: usize, dwell: f64, wants: f64) -> f64 {
    sigmoid([-3.0, -2.0, -4.0][offer] + 0.8 * dwell + 1.5 * wants)
}

/// Teaches `rounds` outcomes of the made-up world; the squared errors of the chances of the last thousand.
fn live(model: &mut Logistic, rounds: usize) -> f64 {
    let mut chance = ChaCha8Rng::seed_from_u64(4);
    let mut error = 0.0;
    for round in 0..rounds {
        let (offer, dwell, wants) = (round % 3, chance.random::<f64>() * 2.0 - 1.0, chance.random::<f64>() * 2.0 - 1.0);
        let features = [feature(Block::Micro, "dwell", dwell), feature(Block::Personal, "wants", wants)];
        let path = Path { offer: ["a", "b", "c"][offer], ..PATH };
        let example = Example { path, features: &features };
        let right = truth(offer, dwell, wants);
        if round + 1_000 >= rounds {
            error += (model.chance(&example) - right).powi(2) / 1_000.0;
        }
        model.teach(&example, chance.random::<f64>() < right, day(0));
    }
    error.sqrt()
}

#[test]
fn chances_come_near_the_truth() {
    let mut model = Logistic::default();
    let early = live(&mut model, 1_000);
    let mut model = Logistic::default();
    let late = live(&mut model, 20_000);
    assert!(late < 0.035 && late < early, "early {early}, late {late}");
    let chance = model.weights[&index("wants")];
    assert!((chance.mean - 1.5).abs() < 0.3, "{chance:?}");
}

#[test]
fn tens_of_yes_are_enough_to_tell_offers_apart() {
    let mut model = Logistic::default();
    let mut chance = ChaCha8Rng::seed_from_u64(8);
    let mut yes = 0;
    for round in 0..600 {
        let offer = ["good", "poor"][round % 2];
        let hit = chance.random::<f64>() < [0.15, 0.03][round % 2];
        yes += u32::from(hit);
        model.teach(&Example { path: Path { offer, ..PATH }, features: &[] }, hit, day(0));
    }
    let of = |offer| model.opinion(&Example { path: Path { offer, ..PATH }, features: &[] }).belief;
    let (good, poor) = (of("good"), of("poor"));
    assert!(yes < 70, "{yes}");
    assert!(good.mean - poor.mean > 2.0 * good.sd.hypot(poor.sd), "{good:?} {poor:?}");
}

#[test]
fn a_late_yes_repairs_the_no() {
    let features = [feature(Block::Personal, "wants", 1.0)];
    let example = Example { path: PATH, features: &features };
    let (mut late, mut timely) = (Logistic::default(), Logistic::default());
    for model in [&mut late, &mut timely] {
        for i in 0..100 {
            model.teach(&example, i % 9 == 0, day(0));
        }
    }
    late.teach(&example, false, day(1));
    late.correct(&example, day(1));
    timely.teach(&example, true, day(1));
    let (late, timely) = (late.opinion(&example).belief, timely.opinion(&example).belief);
    assert!((late.mean - timely.mean).abs() < 1e-9 && (late.sd - timely.sd).abs() < 1e-9, "{late:?} {timely:?}");
}

#[test]
fn what_is_old_counts_less() {
    let example = Example { path: PATH, features: &[] };
    let mut model = Logistic::new(Config { forget: 0.9, ..Config::default() });
    for _ in 0..200 {
        model.teach(&example, true, day(0));
    }
    for _ in 0..20 {
        model.teach(&example, false, day(60));
    }
    let mut stubborn = Logistic::new(Config { forget: 1.0, ..Config::default() });
    for _ in 0..200 {
        stubborn.teach(&example, true, day(0));
    }
    for _ in 0..20 {
        stubborn.teach(&example, false, day(60));
    }
    assert!(model.chance(&example) < 0.2 && stubborn.chance(&example) > 0.6);
}

#[test]
fn rows_bring_a_model_back() {
    let mut model = Logistic::default();
    live(&mut model, 500);
    let mut rows = model.take_changed();
    assert!(model.take_changed().is_empty());
    let mut back = Logistic::default();
    back.restore(rows.clone());
    assert_eq!(model, back);
    assert_eq!(back.version(), 500);
    model.mark_all();
    assert_eq!(model.take_changed(), rows);
    // Written as text and read again it is still the same.
    rows = serde_json::from_str(&serde_json::to_string(&rows).unwrap()).unwrap();
    let mut again = Logistic::default();
    again.restore(rows);
    assert_eq!(model, again);
}

#[test]
fn rows_that_make_no_sense_are_passed_over() {
    let mut model = Logistic::default();
    let bad = ["", "w", "w:-1", "w:999999999", "n:offer:no-slash", "x:1"];
    let row = |key: &str, a, b| Row { key: key.to_owned(), a, b, at: day(0) };
    model.restore(bad.map(|key| row(key, 1.0, 1.0)));
    model.restore([row("n:chain:", f64::NAN, 1.0), row("n:chain:", 1.0, -1.0)]);
    assert_eq!(model, Logistic::default());
}

#[test]
fn values_out_of_range_do_no_harm() {
    let features = [feature(Block::Micro, "a", f64::NAN), feature(Block::Micro, "b", 1e300)];
    let example = Example { path: PATH, features: &features };
    let mut model = Logistic::default();
    for i in 0..20 {
        model.teach(&example, i % 2 == 0, day(0));
    }
    let belief = model.opinion(&example).belief;
    assert!(belief.mean.is_finite() && belief.sd.is_finite());
}

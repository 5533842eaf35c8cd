use model::decision::Terms;
use model::shop::QuietHours;
use model::time::Millis;
use proptest::prelude::*;

use super::*;
use crate::fixture::{World, offer, product, zone};

fn worth(world: &World, index: usize) -> Worth {
    let context = world.context();
    let scene = Scene::new(&context, false);
    Ranking::new(&context, &scene).worth(&Case::new(&context, &scene, index)).expect("a product")
}

fn case_terms(world: &World, index: usize) -> Terms {
    worth(world, index).terms
}

#[test]
fn with_an_empty_brain_the_terms_are_what_the_priors_say() {
    let mut world = World::new();
    world.history.tell(model::ids::DecisionId(9), offer("penne-1"), world.now);
    let terms = case_terms(&world, 0);
    // Viewed an hour ago: evidence 0.9 * 2^(-1/24).
    let intent = 1.0 - (-0.9 * (-1.0_f64 / 24.0).exp2()).exp();
    let anyway = 0.5 * intent;
    let told = anyway * (1.0 + 1.0 + 2.62 * 0.1);
    let base = (told - anyway) * 600.0 - anyway * 300.0;
    let close = |is: f64, expect: f64| assert!((is - expect).abs() < 1e-6, "{is} {expect} {terms:?}");
    close(terms.gain, (told - anyway) * 600.0);
    close(terms.giveaway, -anyway * 300.0);
    close(terms.context, base * (0.9 - 1.0));
    close(terms.fatigue, -5.0);
    assert_eq!((terms.lever, terms.distance, terms.pacing, terms.attention), (0.0, 0.0, 0.0, -5.0));
    close(terms.score(), base * 0.9 - 10.0);
}

#[test]
fn every_factor_is_a_term_and_a_lever_of_55_percent_multiplies_by_1_55() {
    let mut world = World::new();
    let plain = case_terms(&world, 0);
    let base = (plain.gain + plain.giveaway + plain.context) * 1.0;
    let lever = model::offer::Lever { weight: 1.55, ..Lever::default() };
    world.levers.insert(offer("barolo-3"), lever);
    assert!((case_terms(&world, 0).lever - 0.55 * base).abs() < 1e-9);
    world.brain.course_mut(&world.moment.store, &offer("barolo-3")).brake = 0.5;
    assert!((case_terms(&world, 0).pacing + 1.55 * base * 0.5).abs() < 1e-9);
    world.moment.around.distance_m = Some(model::signal::Aged { value: 10.0, at: world.now });
    let terms = case_terms(&world, 0);
    assert!((terms.distance - 1.55 * base * ((-1.0_f64).exp() - 1.0)).abs() < 1e-9, "{terms:?}");
    assert!((terms.score() - (1.55 * base * (-1.0_f64).exp() * 0.5 - 5.0)).abs() < 1e-9);
}

#[test]
fn the_way_to_the_shelf_counts_by_the_plan_when_no_channel_tells_it() {
    let mut world = World::new();
    assert!(case_terms(&world, 0).distance.abs() < 1e-9, "she stands before it");
    world.moment.zone = model::ids::ZoneId::new("pasta").expect("a slug");
    let terms = case_terms(&world, 0);
    let base = terms.gain + terms.giveaway + terms.context;
    assert!((terms.distance - base * ((-0.1_f64).exp() - 1.0)).abs() < 1e-6, "a metre from wine to pasta: {terms:?}");
    world.moment.around.distance_m = Some(model::signal::Aged { value: 0.0, at: world.now });
    assert!(case_terms(&world, 0).distance.abs() < 1e-9, "what a channel tells comes first");
}

#[test]
fn lessons_take_the_place_of_the_priors() {
    let mut world = World::new();
    let before = worth(&world, 0);
    assert!((learn::special::expected_chance(before.belief.mean, before.belief.sd) - 0.656).abs() < 0.01);
    let path = learn::logistic::Path { offer: "barolo-3", category: "wine", store: "rome-1" };
    for _ in 0..200 {
        world.brain.teach(path, &[], false, world.now);
    }
    let after = worth(&world, 0);
    let chance = learn::special::expected_chance(after.belief.mean, after.belief.sd);
    assert!(chance < 0.1, "nobody ever answered: {chance}");
    assert!(after.terms.score() < before.terms.score());
}

#[test]
fn what_priors_say_of_buying_anyway_moves_with_the_answer_and_what_ghosts_taught_does_not() {
    let mut world = World::new();
    let path = learn::logistic::Path { offer: "barolo-3", category: "wine", store: "rome-1" };
    for (ghosts, part) in [(0, 1.0), (20, 0.5), (960, 0.02)] {
        for _ in world.brain.anyway.version()..ghosts {
            world.brain.teach_anyway(path, &[], false, world.now);
        }
        let Worth { terms, arm, .. } = worth(&world, 0);
        // From what is shown: 900 are earned at full price, 300 given away, nine tenths of it by the belief in the place.
        let anyway = -terms.giveaway / 300.0;
        let taken = terms.gain / 600.0 + anyway;
        let scale = 0.9 * (600.0 - part * anyway / taken * 900.0);
        let shift = -0.9 * (1.0 - part) * anyway * 900.0 - 5.0;
        assert!(
            (arm.scale - scale).abs() < 1e-6 && (arm.shift - shift).abs() < 1e-6,
            "{ghosts}: {arm:?} {scale} {shift}"
        );
    }
}

#[test]
fn moment_relation_and_person_have_their_parts() {
    let mut world = World::new();
    world.person.visits = 5;
    let path = learn::logistic::Path { offer: "barolo-3", category: "wine", store: "rome-1" };
    let (features, _) = crate::features::features(&world.context(), 0);
    (0..40).for_each(|n| assert_eq!(world.brain.teach(path, &features, n % 9 != 0, world.now), None));
    let logit = worth(&world, 0).logit;
    assert!([logit.micro, logit.relational, logit.personal].iter().all(|part| part.abs() > 1e-3), "{logit:?}");
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

proptest! {
    #[test]
    fn a_parametric_discount_stays_in_its_bounds_and_keeps_the_margin(
        least in 0..900_i64,
        span in 0..2_000_i64,
        margin_min in 0..900_i64,
        weight in 0.2..5.0_f64,
    ) {
        let mut world = World::new();
        let bounds = [model::units::Cents(least), model::units::Cents(least + span)];
        world.shop.offers[0].range = Some(bounds);
        world.shop.offers[0].margin_min = Some(model::units::Cents(margin_min));
        world.policy.weight.insert(offer("barolo-3"), weight);
        let context = world.context();
        let scene = Scene::new(&context, false);
        let case = Case::new(&context, &scene, 0);
        prop_assume!(crate::gates::ask(&crate::gates::ALL, &case).is_ok());
        let discount = worth(&world, 0).discount;
        prop_assert!(bounds[0] <= discount && discount <= bounds[1], "{discount:?}");
        prop_assert!(900 - discount.0 >= margin_min.max(1), "{discount:?}");
    }

    #[test]
    fn terms_add_up_to_the_arm_s_worth_and_parts_to_the_mean(
        intent_h in 0..200_i64,
        weight in 0.1..8.0_f64,
        pace in -1.0..2.0_f64,
        metres in 0.0..80.0_f64,
        crowd in 0.0..40.0_f64,
        lessons in prop::collection::vec(any::<bool>(), 0..60),
        index in 0..3_usize,
    ) {
        let mut world = World::new();
        world.now = world.now + model::time::Millis::hours(intent_h);
        world.policy.weight.insert(offer("any-wine"), weight);
        world.brain.course_mut(&world.moment.store, &offer("barolo-3")).brake = pace;
        let aged = |value| Some(model::signal::Aged { value, at: world.now });
        world.moment.around.distance_m = aged(metres);
        world.moment.around.crowding = aged(crowd);
        let path = learn::logistic::Path { offer: "barolo-3", category: "wine", store: "rome-1" };
        let (features, _) = crate::features::features(&world.context(), index);
        for (n, yes) in lessons.iter().enumerate() {
            if n % 3 == 0 { world.brain.teach_anyway(path, &features, *yes, world.now) }
            world.brain.teach(path, &features, *yes, world.now);
        }
        let worth = worth(&world, index);
        prop_assert!((worth.terms.score() - worth.arm.worth()).abs() < 1e-9, "{worth:?}");
        prop_assert!((worth.logit.sum() - worth.belief.mean).abs() < 1e-9);
        if index == 0 {
            // Of what is not sure only the offer's own part counts, and the mean is the mixture of prior and lessons.
            let (own, whole) = (world.brain.opinion(path, &features[..crate::features::OWN]), world.brain.opinion(path, &features));
            prop_assert!((worth.belief.sd - own.belief.sd).abs() < 1e-9);
            let (context, part) = (world.context(), Brain::house_part(world.brain.version(), &world.policy));
            let scene = Scene::new(&context, false);
            let (told, _) = house(&Case::new(&context, &scene, 0), 3_000.0, 300.0);
            let mean = part * logit(told) * widening(own.belief.sd) + (1.0 - part) * whole.belief.mean;
            prop_assert!((worth.belief.mean - mean).abs() < 1e-9, "{worth:?} {mean}");
        }
    }
}

/// Two wines on which much the same depends: the dear one earns more and is seldom taken, the cheap one less and often.
/// What `on` adds makes people take both. Says which is best with it, and which without.
fn best_with_and_without(on: impl Fn(&mut World)) -> [String; 2] {
    let mut world = World::new();
    world.shop.offers.truncate(2);
    (world.shop.offers[0].discount, world.shop.offers[1].discount) = (Cents(0), Cents(0));
    (world.shop.offers[1].product, world.shop.offers[1].category) = (Some(product("chianti")), None);
    world.intent.touch(model::event::Interest::Viewed, Some(&product("chianti")), None, world.now - Millis::hours(1));
    world.shop.products[0].margin = Cents(650);
    world.policy.choose = model::policy::Choose::Best;
    let taught = |world: &mut World, yes_of_ten: [u32; 2]| {
        for (index, offer) in ["barolo-3", "any-wine"].into_iter().enumerate() {
            let (features, _) = crate::features::features(&world.context(), index);
            let path = learn::logistic::Path { offer, category: "wine", store: "rome-1" };
            for n in 0..10 {
                world.brain.teach(path, &features, n < yes_of_ten[index], world.now);
            }
        }
    };
    let mut with = World::new();
    (with.shop, with.intent, with.policy) = (world.shop.clone(), world.intent.clone(), world.policy.clone());
    on(&mut with);
    for _ in 0..20 {
        taught(&mut world, [0, 5]);
        with.brain = std::mem::take(&mut world.brain);
        taught(&mut with, [8, 9]);
        world.brain = std::mem::take(&mut with.brain);
    }
    with.brain = world.brain.clone();
    [&with, &world].map(|world| match crate::evaluate::evaluate(&world.context()).choice {
        model::decision::Choice::Offer { offer } => offer.to_string(),
        model::decision::Choice::Silence { code } => code,
    })
}

#[test]
fn each_part_of_what_is_known_changes_the_ranks_when_it_is_taken_away() {
    use model::offer::Channel;
    use model::signal::Aged;
    let micro: &[fn(&mut World)] = &[
        |world| {
            world.shop.offers.iter_mut().for_each(|offer| offer.zones = [zone("wine"), zone("pasta")].into());
            world.moment.zone = zone("pasta");
        },
        |world| world.moment.trigger = model::decision::Trigger::Intent,
        |world| world.moment.around.company = Some(Aged { value: 4, at: world.now }),
        |world| world.moment.dwell = Millis::minutes(9),
    ];
    let relational: &[fn(&mut World)] = &[
        |world| world.person.complain(world.now - Millis::hours(720)),
        |world| world.person.visits = 40,
        |world| world.person.waits(world.now - Millis::minutes(25), world.now),
        |world| (0..3).for_each(|hour| world.person.contacted(world.now - Millis::hours(hour + 1))),
    ];
    let personal: &[fn(&mut World)] = &[
        |world| (0..10).for_each(|n| world.person.mute(&offer(&format!("other-{n}")), None)),
        |world| world.person.preferences.quiet = Some(QuietHours { from: "22:00".into(), to: "07:00".into() }),
        |world| world.person.spend = 90_000.0,
        |world| world.person.preferences.channels = Some([Channel::Push].into()),
        |world| world.person.preferences.a_day_max = Some(1),
    ];
    for (name, block) in [("micro", micro), ("relational", relational), ("personal", personal)] {
        for (n, on) in block.iter().enumerate() {
            assert_eq!(best_with_and_without(*on), ["barolo-3", "any-wine"], "{name} {n}");
        }
    }
}

#[test]
fn zone_waits_contacts_complaints_and_wishes_are_seen_in_their_blocks() {
    use model::decision::Block;
    let mut world = World::new();
    world.person.waits(world.now - Millis::minutes(5), world.now);
    world.person.complain(world.now - Millis::hours(720));
    world.person.contacted(world.now);
    world.person.mute(&crate::fixture::offer("other"), None);
    world.person.preferences.quiet = Some(model::shop::QuietHours { from: "22:00".into(), to: "07:00".into() });
    let (seen, _) = crate::features::features(&world.context(), 0);
    let value = |block, name: &str| {
        let feature = seen.iter().find(|feature| feature.name == name).unwrap_or_else(|| panic!("{name}: {seen:?}"));
        assert_eq!(feature.block, block, "{name}");
        feature.value
    };
    assert_eq!(value(Block::Micro, "zone:wine").to_bits(), 1.0_f64.to_bits());
    assert!((value(Block::Relational, "wait") - 0.5).abs() < 1e-12);
    assert!((value(Block::Relational, "complaint") - 0.5).abs() < 1e-12);
    assert!((value(Block::Relational, "contacts") - 0.2).abs() < 1e-12);
    assert!(value(Block::Personal, "muted") > 0.2 && value(Block::Personal, "own-hours") > 0.9);
}

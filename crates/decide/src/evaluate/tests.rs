use model::decision::{Candidate, Word};
use model::units::Cents;
use proptest::prelude::*;

use super::*;
use crate::fixture::{World, offer, product, zone};

fn offered(decision: &Decision) -> Option<&str> {
    match &decision.choice {
        Choice::Offer { offer } => Some(offer.as_str()),
        Choice::Silence { .. } => None,
    }
}

fn silence(decision: &Decision) -> Option<&str> {
    match &decision.choice {
        Choice::Offer { .. } => None,
        Choice::Silence { code } => Some(code),
    }
}

/// The first decision, over ids, that is not exploration.
fn greedy(world: &mut World) -> Decision {
    let decisions = (0..100).map(|n| {
        world.id = DecisionId(n);
        evaluate(&world.context())
    });
    decisions.into_iter().find(|decision| decision.propensity.get() > 0.5).expect("95 of 100 are greedy")
}

#[test]
fn what_was_looked_at_today_is_offered_where_it_stands() {
    let decision = greedy(&mut World::new());
    assert_eq!(offered(&decision), Some("barolo-3"));
    assert_eq!(decision.explanation.candidates.len(), 3);
    assert_eq!(decision.explanation.candidates[2].refused.as_ref().map(Refusal::code), Some("place"));
}

#[test]
fn a_refused_offer_tells_what_every_other_gate_would_have_said() {
    let also = |world: &World| {
        let decision = evaluate(&world.context());
        let one = decision.explanation.candidates[2].clone();
        (one.refused.map(|first| first.code()), one.also.map(|also| also.iter().map(Refusal::code).collect::<Vec<_>>()))
    };
    let mut world = World::new();
    assert_eq!(also(&world), (Some("place"), Some(vec!["intent"])));
    world.shop.offers[2].budget = Some(1);
    world.shop.offers[2].intent_min = 0.0;
    assert_eq!(also(&world), (Some("place"), Some(vec![])), "no unit is held for it, so the budget is not asked");
    world.shop.offers[2].cap.times = 0;
    world.shop.offers[2].paused = true;
    assert_eq!(also(&world), (Some("schedule"), Some(vec!["place", "cap"])));
    world.consent.marketing_push = false;
    assert_eq!(
        also(&world),
        (Some("schedule"), Some(vec!["consent"])),
        "of who does not consent nothing more is looked at"
    );
    world.shop.offers[2].paused = false;
    assert_eq!(also(&world), (Some("consent"), None));
    let passed = &evaluate(&World::new().context()).explanation.candidates[0];
    assert_eq!((&passed.refused, &passed.also), (&None, &None));
}

#[test]
fn silence_tells_the_refusal_that_came_furthest() {
    let mut world = World::new();
    world.history.buy(&product("barolo"), None, world.now);
    world.shop.offers[1].intent_min = 0.99;
    assert_eq!(silence(&greedy(&mut world)), Some("intent"), "the category offer came further than the product's");
    world.shop.offers.clear();
    assert_eq!(silence(&greedy(&mut world)), Some(NO_OFFER));
}

#[test]
fn silence_is_chosen_when_no_offer_is_worth_it_and_sometimes_to_learn() {
    let mut world = World::new();
    world.shop.store.attention = Cents(100_000);
    assert_eq!(silence(&greedy(&mut world)), Some(NOT_WORTH_IT));
    let mut world = World::new();
    let explored = (0..1_000).filter(|n| {
        world.id = DecisionId(*n);
        silence(&evaluate(&world.context())) == Some(EXPLORE)
    });
    let explored = explored.count();
    assert!((5..40).contains(&explored), "0.05 / 3 of 1000, not {explored}");
}

#[test]
fn the_holdout_goes_through_the_whole_decision() {
    let mut world = World::new();
    let treated = evaluate(&world.context());
    world.shop.store.holdout = 1.0;
    let held = evaluate(&world.context());
    assert!(held.holdout && !treated.holdout);
    assert_eq!(held.choice, treated.choice, "a ghost offer is the offer that would have been made");
    assert_eq!(held.propensity, treated.propensity);
    for (held, treated) in held.explanation.candidates.iter().zip(&treated.explanation.candidates) {
        assert_eq!((held.terms, held.propensity), (treated.terms, treated.propensity));
        let expected = treated.refused.clone().or(Some(Refusal::Holdout));
        assert_eq!(held.refused, expected);
    }
}

#[test]
fn only_offers_that_their_budget_alone_could_stop_need_one() {
    let mut world = World::new();
    for offer in &mut world.shop.offers {
        offer.budget = Some(10);
    }
    let needed: BTreeSet<OfferId> = budgets_needed(&world.context()).into_keys().collect();
    assert_eq!(needed, BTreeSet::from([offer("barolo-3"), offer("any-wine")]), "penne are elsewhere");
    assert_eq!(silence(&greedy(&mut world)), Some("budget"));
    world.granted = needed;
    assert_eq!(offered(&greedy(&mut world)), Some("barolo-3"));
}

#[derive(Debug, Clone)]
struct Twist {
    paused: bool,
    budget: Option<bool>,
    intent_min: f64,
    discount: i64,
}

fn any_twist() -> impl Strategy<Value = Twist> {
    (any::<bool>(), any::<Option<bool>>(), 0.0..1.0_f64, 0..900_i64)
        .prop_map(|(paused, budget, intent_min, discount)| Twist { paused, budget, intent_min, discount })
}

proptest! {
    #[test]
    fn every_decision_is_complete_additive_and_exact(
        twists in prop::collection::vec(any_twist(), 0..30),
        id: u128,
        in_pasta: bool,
        holdout in prop_oneof![Just(0.0), Just(1.0)],
    ) {
        let mut world = World::new();
        world.id = DecisionId(id);
        world.shop.store.holdout = holdout;
        if in_pasta { world.moment.zone = zone("pasta") }
        let templates = std::mem::take(&mut world.shop.offers);
        for (n, twist) in twists.iter().enumerate() {
            let mut copy = templates[n % templates.len()].clone();
            copy.id = offer(&format!("offer-{n}"));
            copy.paused = twist.paused;
            copy.budget = twist.budget.map(|_| 10);
            copy.intent_min = twist.intent_min;
            copy.discount = Cents(twist.discount);
            if twist.budget == Some(true) { world.granted.insert(copy.id.clone()); }
            world.shop.offers.push(copy);
        }
        let decision = evaluate(&world.context());
        prop_assert_eq!(&decision, &evaluate(&world.context()), "the same twice");

        let candidates = &decision.explanation.candidates;
        let listed: Vec<_> = candidates.iter().map(|c| &c.offer).collect();
        let catalogue: Vec<_> = world.shop.offers.iter().map(|o| &o.id).collect();
        prop_assert_eq!(listed, catalogue, "every offer, in the catalogue's order");

        let sum = decision.explanation.silence.get() + candidates.iter().map(|c| c.propensity.get()).sum::<f64>();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);

        for candidate in candidates {
            let passed = matches!(candidate.refused, None | Some(Refusal::Holdout));
            prop_assert_eq!(passed, candidate.terms.is_some());
            prop_assert!(passed || candidate.propensity.get() == 0.0);
            if let Some(terms) = candidate.terms {
                prop_assert!(terms.giveaway <= 0.0 && terms.attention <= 0.0 && terms.fatigue <= 0.0);
                let said = [terms.gain, terms.giveaway, terms.context, terms.lever, terms.distance, terms.pacing];
                let sum = said.iter().sum::<f64>() + terms.fatigue + terms.attention;
                prop_assert!((terms.score() - sum).abs() < 1e-9);
                let (belief, logit) = (candidate.belief.expect("it was ranked"), candidate.logit.expect("it was ranked"));
                prop_assert!((logit.sum() - belief.mean).abs() < 1e-9);
            }
        }
        let logged = match &decision.choice {
            Choice::Offer { offer } => candidates.iter().find(|c| c.offer == *offer).expect("it is listed").propensity,
            Choice::Silence { .. } => decision.explanation.silence,
        };
        prop_assert_eq!(decision.propensity, logged);
        prop_assert!(logged.get() > 0.0);
        prop_assert!(!decision.explanation.en.is_empty() && !decision.explanation.it.is_empty());
    }
}

#[test]
fn of_many_offers_those_that_matter_are_listed_and_all_are_counted() {
    let mut world = World::new();
    let template = world.shop.offers[0].clone();
    for n in 0..500 {
        let mut copy = template.clone();
        copy.id = offer(&format!("copy-{n}"));
        copy.paused = n % 2 == 0;
        world.shop.offers.push(copy);
    }
    let explanation = evaluate(&world.context()).explanation;
    let reached = explanation.candidates.iter().filter(|one| one.propensity.get() > 0.0).count();
    assert_eq!((reached, explanation.candidates.len()), (19, 19 + LISTED_REST));
    let more: u32 = explanation.more.values().sum();
    assert_eq!(usize::try_from(more).expect("few") + explanation.candidates.len(), 503);
    assert_eq!(explanation.more["schedule"], 250, "{:?}", explanation.more);
    assert!(!explanation.features.is_empty());
}

#[test]
fn a_pinned_offer_is_said_if_it_may_be_and_a_banned_one_never() {
    let mut world = World::new();
    world.levers.insert(offer("any-wine"), Lever { pin: true, ..Lever::default() });
    let decision = greedy(&mut world);
    assert_eq!(offered(&decision), Some("any-wine"));
    assert!((decision.propensity.get() - (0.95 + 0.05 / 3.0)).abs() < 1e-12);
    world.levers.insert(offer("any-wine"), Lever { pin: true, ban: true, ..Lever::default() });
    let decision = greedy(&mut world);
    assert_eq!(offered(&decision), Some("barolo-3"));
    assert_eq!(decision.explanation.candidates[1].refused.as_ref().map(Refusal::code), Some("approval"));
}

#[test]
fn a_share_of_customers_is_decided_on_without_weight_and_pin_and_stays_there() {
    let mut world = World::new();
    world.shop.store.words_aside = 0.25;
    world.shop.offers[0].control = 0.5;
    let id = offer("any-wine");
    let mut aside = 0;
    for n in 0..400 {
        world.customer = model::ids::CustomerId::new(&format!("c{n}")).expect("a reference");
        world.levers.clear();
        let silent = greedy(&mut world);
        assert_eq!(silent.words, [], "nobody said anything");
        for lever in [Lever { pin: true, ..Lever::default() }, Lever { weight: 5.0, ..Lever::default() }] {
            world.levers.insert(id.clone(), lever);
            let decision = greedy(&mut world);
            assert_eq!(decision.words_aside, words::is_aside(7, &world.customer, 0.25), "the side sticks");
            let word = Word { offer: id.clone(), weight: lever.weight, pin: lever.pin, share: 0.25 };
            assert_eq!(decision.words, [word], "both sides meet the same words");
            let terms = decision.explanation.candidates[1].terms.expect("ranked");
            assert_eq!(terms.lever > 0.0, lever.weight > 1.0 && !decision.words_aside);
            if decision.words_aside {
                let chances =
                    |of: &Decision| of.explanation.candidates.iter().map(|c| c.propensity).collect::<Vec<_>>();
                assert_eq!((&decision.choice, chances(&decision)), (&silent.choice, chances(&silent)));
            } else if lever.pin {
                assert_eq!(offered(&decision), Some("any-wine"));
            }
        }
        aside += usize::from(silent.words_aside);
        for lever in [Lever { ban: true, pin: true, ..Lever::default() }, Lever { approved: false, ..Lever::default() }]
        {
            world.levers.insert(id.clone(), lever);
            let decision = greedy(&mut world);
            let refused = decision.explanation.candidates[1].refused.as_ref().map(Refusal::code);
            assert_eq!((refused, decision.words), (Some("approval"), vec![]), "what protects holds for everybody");
        }
    }
    assert!((70..130).contains(&aside), "a quarter of 400, not {aside}");
    world.shop.store.words_aside = 0.5;
    world.shop.offers[1].control = 0.5;
    world.levers.insert(id.clone(), Lever { pin: true, ..Lever::default() });
    let kept = (0..50).filter(|n| {
        world.customer = model::ids::CustomerId::new(&format!("c{n}")).expect("a reference");
        let decision = evaluate(&world.context());
        assert_eq!(
            decision.words.is_empty(),
            decision.explanation.candidates[1].control,
            "who can't hear it is left out"
        );
        decision.words.is_empty()
    });
    assert!((10..40).contains(&kept.count()));
}

#[test]
fn an_offer_in_shadow_is_decided_apart_and_takes_no_place() {
    let mut world = World::new();
    let before = evaluate(&world.context());
    assert_eq!(evaluate_shadow(&world.context()), None);
    let mut copy = world.shop.offers[0].clone();
    copy.id = offer("shadow");
    copy.stage = Stage::Shadow;
    copy.budget = Some(1);
    world.shop.offers.push(copy);
    let after = evaluate(&world.context());
    assert_eq!((after.choice, after.propensity), (before.choice, before.propensity));
    let shadows = (0..20).filter_map(|n| {
        world.id = DecisionId(n);
        evaluate_shadow(&world.context())
    });
    let said = shadows.filter(|one| offered(one) == Some("shadow") && one.is_ghost() && one.shadow).count();
    assert!(said > 10, "{said}");
}

#[test]
fn who_is_kept_without_one_offer_gets_it_as_a_ghost() {
    let mut world = World::new();
    world.shop.offers[0].control = 0.5;
    let mut ghosts = 0;
    for n in 0..400 {
        world.customer = model::ids::CustomerId::new(&format!("c{n}")).expect("a reference");
        world.id = DecisionId(n);
        let decision = evaluate(&world.context());
        if offered(&decision) == Some("barolo-3") {
            let control = gates::stage::is_in_control(7, &offer("barolo-3"), &world.customer, 0.5);
            assert_eq!((decision.control, decision.is_ghost()), (control, control));
            ghosts += usize::from(control);
            assert!(
                !control || decision.explanation.en.contains("kept without this offer"),
                "{}",
                decision.explanation.en
            );
        }
    }
    assert!((120..260).contains(&ghosts), "{ghosts}");
}

#[test]
fn once_enough_was_learnt_the_chance_to_be_best_is_the_share() {
    let mut world = World::new();
    for (id, yes) in [("barolo-3", 3), ("any-wine", 6)] {
        let path = learn::logistic::Path { offer: id, category: "wine", store: "rome-1" };
        for n in 0..30 {
            world.brain.teach(path, &[], n < yes, world.now);
        }
    }
    let decision = evaluate(&world.context());
    let arms: Vec<Arm> = arms_of(&decision).into_iter().map(|(_, arm)| arm).collect();
    let expect = thompson::shares(&arms, 0.0).with_floor(0.05);
    let told: Vec<f64> =
        decision.explanation.candidates.iter().map(|one| one.propensity.get()).filter(|share| *share > 0.0).collect();
    assert_eq!(told, expect.arms);
    assert!(told.iter().all(|share| *share > 0.02 && *share < 0.9), "unsure is unsure: {told:?}");
}

/// The arms of a decision as they were compared; silence is worth 0.
fn arms_of(decision: &Decision) -> Vec<(OfferId, Arm)> {
    let reached = decision.explanation.candidates.iter().filter(|one| one.propensity.get() > 0.0);
    let arm = |one: &Candidate| {
        let (belief, [scale, shift]) = (one.belief?, one.money?);
        Some((one.offer.clone(), Arm { mean: belief.mean, sd: belief.sd, scale, shift }))
    };
    reached.filter_map(arm).collect()
}

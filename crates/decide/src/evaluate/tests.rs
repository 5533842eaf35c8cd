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
    let needed = budgets_needed(&world.context());
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
                let sum = terms.gain + terms.giveaway + terms.attention + terms.fatigue;
                prop_assert_eq!(terms.score().to_bits(), sum.to_bits());
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

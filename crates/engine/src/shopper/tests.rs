mod any;
mod late;
mod rig;

use model::decision::{Choice, Trigger};
use model::event::Interest;
use model::outcome::OutcomeKind;
use model::presence::PresenceKind::{Dwelling, Entered, Left};
use proptest::prelude::*;

use self::any::{Op, any_ops};
use self::rig::Rig;
use super::*;
use crate::fixture::{NOON, after, all, presence, product, record};

/// A customer who allowed everything and viewed Barolo.
fn keen() -> Rig {
    let mut rig = Rig::new(0.0);
    rig.input(Input::Consent(record(all(), NOON)), NOON);
    rig.interest("m0", Interest::Viewed, "barolo", NOON);
    rig
}

/// The same, before the wine, with an offer on its way.
fn told() -> Rig {
    for seed in 0..20 {
        let mut rig = keen();
        rig.reseed(seed);
        rig.input(Input::Presence(presence("pasta", Entered, NOON, NOON)), NOON);
        if rig.delivered().len() == 1 {
            return rig;
        }
    }
    panic!("an offer is made in 19 of 20 moments");
}

#[test]
fn an_offer_is_made_when_somebody_who_wants_it_comes_in() {
    let rig = told();
    let delivery = &rig.delivered()[0];
    assert_eq!(delivery.offer.as_str(), "barolo-3");
    assert_eq!(delivery.expires_at, NOON + Millis::seconds(300));
}

#[test]
fn a_presence_told_twice_makes_one_decision() {
    let mut rig = keen();
    for _ in 0..3 {
        rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), after(1));
    }
    assert_eq!(rig.decided().len(), 1);
    rig.input(Input::Presence(presence("wine", Dwelling, NOON, after(8))), after(8));
    rig.input(Input::Presence(presence("wine", Dwelling, NOON, after(8))), after(8));
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), after(9));
    assert_eq!(rig.decided().len(), 2);
}

#[test]
fn a_stale_presence_makes_no_moment_and_neither_does_intent_into_it() {
    let mut rig = keen();
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), after(31));
    rig.interest("m1", Interest::Viewed, "barolo", after(31));
    assert!(rig.decided().is_empty());
    rig.input(Input::Presence(presence("wine", Dwelling, NOON, after(32))), after(32));
    assert_eq!(rig.decided().len(), 1, "the stay is known, and news of it counts");
}

#[test]
fn intent_that_comes_while_the_customer_is_there_makes_a_moment() {
    let mut rig = Rig::new(0.0);
    rig.input(Input::Consent(record(all(), NOON)), NOON);
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), NOON);
    rig.interest("m1", Interest::Viewed, "barolo", after(5));
    rig.interest("m1", Interest::Viewed, "barolo", after(5));
    let triggers: Vec<Trigger> = rig.decided().iter().map(|d| d.moment.trigger).collect();
    assert_eq!(triggers, [Trigger::Entered, Trigger::Intent]);
    rig.input(Input::Presence(presence("wine", Left, NOON, after(9))), after(9));
    rig.interest("m2", Interest::Viewed, "barolo", after(10));
    assert_eq!(rig.decided().len(), 2, "nobody is there any more");
}

#[test]
fn private_zones_tags_and_the_anonymous_make_no_moment() {
    let mut rig = keen();
    rig.input(Input::Presence(presence("staff", Entered, NOON, NOON)), NOON);
    for subject in [
        model::subject::Subject::Tag(model::ids::TagId::new("cart").expect("a slug")),
        model::subject::Subject::Anonymous(model::subject::Pseudonym(1)),
    ] {
        rig.input(Input::Presence(Presence { subject, ..presence("wine", Entered, NOON, NOON) }), NOON);
    }
    assert!(rig.decided().is_empty() && !rig.shopper().state().is_present());
}

#[test]
fn ten_seconds_at_the_product_after_an_offer_are_a_visit() {
    let mut rig = told();
    rig.input(Input::Presence(presence("wine", Entered, after(60), after(60))), after(60));
    rig.wake(after(69));
    assert!(rig.outcomes().is_empty());
    assert_eq!(rig.shopper().poll_timeout(), Some(after(70)));
    rig.wake(after(70));
    rig.wake(after(90));
    assert_eq!(rig.outcomes(), [(OutcomeKind::Visited, after(70))]);
}

#[test]
fn a_phone_and_a_watch_make_one_visit() {
    let mut rig = keen();
    let come = |rig: &mut Rig, device: u128, zone: &str, kind, at| {
        let subject = model::subject::Subject::Device(DeviceId(device));
        let told = Presence { subject, visit: model::ids::VisitId(device), ..presence(zone, kind, at, at) };
        rig.input(Input::Presence(told), at);
    };
    for n in 0..4_i64 {
        for (device, later) in [(1, 0), (2, 1)] {
            come(&mut rig, device, "wine", Entered, after(100 * n + later));
            come(&mut rig, device, "pasta", Entered, after(100 * n + 40 + later));
        }
        for (device, later) in [(1, 0), (2, 1)] {
            come(&mut rig, device, "wine", Left, after(100 * n + 50 + later));
            come(&mut rig, device, "pasta", Left, after(100 * n + 60 + later));
        }
    }
    assert_eq!(rig.shopper().state().person.visits, 1);
    come(&mut rig, 3, "wine", Entered, after(9_000));
    assert_eq!(rig.shopper().state().person.visits, 2);
    // No farewell of that one ever came: a day later the watch alone is a visit all the same.
    come(&mut rig, 4, "wine", Entered, after(9_000 + 86_400));
    assert_eq!(rig.shopper().state().person.visits, 3);
}

#[test]
fn more_like_this_raises_interest_and_not_for_me_ends_it() {
    let wants = |rig: &Rig, at| rig.shopper().state().wants(&product("barolo"), at);
    let mut rig = told();
    let (decision, day) = (rig.delivered()[0].decision, after(86_400));
    let before = wants(&rig, day);
    rig.input(Input::Outcome(Outcome { decision, kind: OutcomeKind::More, at: after(5) }), after(5));
    assert!(wants(&rig, day) > before + 0.1, "{before} {}", wants(&rig, day));
    rig.input(Input::Outcome(Outcome { decision, kind: OutcomeKind::Muted, at: after(6) }), after(6));
    rig.input(Input::Presence(presence("wine", Entered, day, day)), day);
    let next = rig.decided().pop().expect("there was a moment");
    assert_eq!(next.explanation.candidates[0].refused.as_ref().map(|refused| refused.code()), Some("preference"));
}

/// Nobody is told of a wish list who never had one; what was kept before there was a word for it stays what it was.
#[test]
fn more_like_this_is_named_as_what_it_was_also_after_a_rest() {
    let mut rig = told();
    let (decision, later) = (rig.delivered()[0].decision, after(10 * 86_400));
    let because = |rig: &Rig| {
        let intent = &rig.shopper().state().intent;
        intent.because(Some(&product("barolo")), None, None, later, &BTreeMap::new())
    };
    rig.input(Input::Outcome(Outcome { decision, kind: OutcomeKind::More, at: after(5) }), after(5));
    assert_eq!(because(&rig), Some(Interest::MoreWanted));
    rig.report(DeliveryState::Sent, after(6));
    rig.rest();
    assert_eq!(because(&rig), Some(Interest::MoreWanted));
    rig.restart();
    assert_eq!(because(&rig), Some(Interest::MoreWanted));
    let text = serde_json::to_string(&rig.shopper().snapshot()).expect("JSON");
    assert!(text.contains("more_wanted"), "{text}");
    let old: ShopperState = serde_json::from_str(&text.replace("more_wanted", "wished")).expect("reads");
    let because = old.intent.because(Some(&product("barolo")), None, None, later, &BTreeMap::new());
    assert_eq!(because, Some(Interest::Wished));
}

#[test]
fn passing_by_the_product_or_coming_too_late_is_no_visit() {
    let mut rig = told();
    rig.report(DeliveryState::Sent, after(1));
    rig.input(Input::Presence(presence("wine", Entered, after(60), after(60))), after(60));
    rig.input(Input::Presence(presence("wine", Left, after(60), after(69))), after(69));
    rig.input(Input::Presence(presence("wine", Entered, after(1_795), after(1_795))), after(1_795));
    rig.wake(after(1_899));
    assert_eq!(rig.outcomes(), [(OutcomeKind::Expired, after(1_800))]);
}

#[test]
fn a_purchase_of_the_product_is_an_outcome_once_and_stops_the_offer() {
    let mut rig = told();
    rig.buy("o1", "barolo", after(100));
    rig.buy("o2", "barolo", after(101));
    assert_eq!(rig.outcomes(), [(OutcomeKind::Purchased, after(100))]);
    rig.input(Input::Presence(presence("wine", Entered, after(7_200), after(7_200))), after(7_200));
    let decision = rig.decided().pop().expect("there was a moment");
    let refused = decision.explanation.candidates[0].refused.as_ref().expect("it was bought");
    assert_eq!(refused.code(), "bought");
}

#[test]
fn a_return_of_the_whole_order_turns_intent_on_again() {
    let mut rig = keen();
    rig.buy("o1", "barolo", after(1));
    let what = EventKind::Returned { order: Some("o1".into()), lines: vec![] };
    rig.event("back", what, after(2));
    rig.input(Input::Presence(presence("wine", Entered, after(3), after(3))), after(3));
    let decision = rig.decided().pop().expect("there was a moment");
    assert_eq!(decision.explanation.candidates[0].refused, None);
    assert!(decision.explanation.candidates[0].intent > 0.5);
}

#[test]
fn what_was_not_delivered_gives_cap_and_budget_back() {
    for state in [DeliveryState::Failed, DeliveryState::Expired, DeliveryState::Withheld] {
        let mut rig = told();
        assert_eq!(rig.pool(), 2);
        rig.report(state, after(5));
        rig.report(state, after(5));
        assert_eq!(rig.pool(), 3, "{state:?}");
        assert!(rig.shopper().state().history.told().is_empty());
        assert_eq!(!rig.outcomes().is_empty(), state == DeliveryState::Expired);
    }
}

#[test]
fn what_was_sent_is_spent_also_when_a_failure_follows() {
    let mut rig = told();
    rig.report(DeliveryState::Sent, after(1));
    rig.report(DeliveryState::Failed, after(2));
    rig.wake(after(10_000));
    assert_eq!(rig.pool(), 2);
    assert_eq!(rig.shopper().state().history.told().len(), 1);
}

#[test]
fn an_offer_of_which_nothing_is_heard_is_taken_back_after_its_expiry() {
    let mut rig = told();
    assert_eq!(rig.shopper().poll_timeout(), Some(after(330)));
    rig.wake(after(329));
    assert_eq!(rig.pool(), 2);
    rig.wake(after(330));
    assert_eq!((rig.pool(), rig.outcomes()), (3, vec![(OutcomeKind::Expired, after(330))]));
}

#[test]
fn withdrawing_profiling_empties_the_state_and_gives_the_unit_back() {
    let mut rig = told();
    rig.input(Input::Consent(record(Consent { profiling: false, ..all() }, after(1))), after(1));
    assert_eq!(rig.pool(), 3);
    assert!(rig.shopper().state().intent.is_empty() && rig.shopper().state().history.is_empty());
    rig.input(Input::Consent(record(Consent::default(), after(2))), after(2));
    assert!(rig.shopper().state().is_empty());
}

#[test]
fn an_older_consent_that_comes_late_does_not_undo_a_withdrawal() {
    let mut rig = keen();
    let kept = Consent { locating: true, ..Consent::default() };
    rig.input(Input::Consent(record(kept, after(10))), after(10));
    rig.input(Input::Consent(record(all(), after(5))), after(11));
    assert_eq!(rig.shopper().state().consent(), kept);
    // A clock that ran ahead does not lock the next word out.
    rig.input(Input::Consent(record(all(), after(99_999))), after(12));
    rig.input(Input::Consent(record(kept, after(13))), after(13));
    assert_eq!(rig.shopper().state().consent(), kept);
}

#[test]
fn an_event_can_take_consent_away_and_give_only_profiling() {
    let mut rig = Rig::new(0.0);
    rig.event("c1", EventKind::Consent(record(all(), NOON)), NOON);
    let profiling = Consent { profiling: true, ..Consent::default() };
    assert_eq!(rig.shopper().state().consent(), profiling);
    rig.input(Input::Consent(record(all(), after(1))), after(1));
    rig.event("c2", EventKind::Consent(record(profiling, after(2))), after(2));
    assert_eq!(rig.shopper().state().consent(), profiling);
}

#[test]
fn the_holdout_gets_a_ghost_offer_and_its_outcomes_but_no_delivery() {
    let mut rig = Rig::new(0.5);
    rig.hold_out();
    rig.input(Input::Consent(record(all(), NOON)), NOON);
    rig.interest("m0", Interest::Viewed, "barolo", NOON);
    rig.input(Input::Presence(presence("pasta", Entered, NOON, NOON)), NOON);
    rig.input(Input::Presence(presence("pasta", Dwelling, NOON, after(8))), after(8));
    let ghost = rig.decided().into_iter().find(|d| matches!(d.choice, Choice::Offer { .. })).expect("a ghost offer");
    assert!(ghost.holdout && rig.delivered().is_empty());
    assert_eq!(rig.pool(), 3, "a ghost spends nothing");
    rig.buy("o1", "barolo", after(60));
    assert_eq!(rig.outcomes(), [(OutcomeKind::Purchased, after(60))]);
}

#[test]
fn a_decision_goes_on_without_budgets_that_are_not_answered() {
    let mut rig = keen();
    rig.answers = false;
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), NOON);
    assert!(rig.decided().is_empty());
    assert_eq!(rig.shopper().poll_timeout(), Some(after(2)));
    rig.wake(after(2));
    let refused = rig.decided()[0].explanation.candidates[0].refused.clone().expect("no unit was reserved");
    assert_eq!(refused.code(), "budget");
    rig.input(Input::Budget { offer: refused_offer(&rig), granted: true }, after(3));
    assert!(rig.delivered().is_empty(), "an answer that comes too late changes nothing");
}

fn refused_offer(rig: &Rig) -> OfferId {
    rig.decided()[0].explanation.candidates[0].offer.clone()
}

#[test]
fn state_is_bounded() {
    let mut rig = keen();
    for n in 0..2_000 {
        let at = after(n);
        rig.interest(&format!("i{n}"), Interest::Viewed, &format!("p{n}"), at);
        rig.buy(&format!("o{n}"), &format!("p{n}"), at);
        rig.input(Input::Presence(presence("wine", Entered, at, at)), at);
    }
    let state = rig.shopper().state();
    assert!(state.stays.len() <= STAYS_MAX && state.open.len() <= OPEN_MAX && state.orders.len() <= ORDERS_MAX);
    assert!(state.seen.len() <= SEEN_MAX && state.messages.len() <= MESSAGES_MAX);
    assert!(state.intent.len() <= 2 * decide::intent::TOPICS_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The limits hold whatever comes, in whatever order, however often.
    #[test]
    fn caps_pauses_and_budgets_are_never_exceeded(ops in any_ops(), seed: u64) {
        let mut rig = Rig::new(0.0);
        rig.reseed(seed);
        rig.play(&ops);
        rig.check_limits()?;
    }

    #[test]
    fn every_decision_is_made_once(ops in any_ops(), seed: u64) {
        let mut rig = Rig::new(0.3);
        rig.reseed(seed);
        rig.play(&ops);
        let ids: Vec<DecisionId> = rig.decided().iter().map(|d| d.id).collect();
        let unique: BTreeSet<DecisionId> = ids.iter().copied().collect();
        prop_assert_eq!(unique.len(), ids.len());
        for delivery in rig.delivered() {
            let decision = rig.decided().into_iter().find(|d| d.id == delivery.decision).expect("decided before");
            prop_assert!(!decision.holdout);
            prop_assert_eq!(decision.choice, Choice::Offer { offer: delivery.offer });
        }
    }

    #[test]
    fn without_consent_nothing_is_kept_and_nothing_is_decided(ops in any_ops()) {
        let mut rig = Rig::new(0.0);
        for op in ops.iter().filter(|op| !matches!(op, Op::Consent(_))) {
            rig.play(std::slice::from_ref(op));
            prop_assert!(rig.shopper().state().is_empty());
        }
        prop_assert!(rig.all().is_empty());
    }

    #[test]
    fn withdrawal_at_any_point_empties_the_state(ops in any_ops()) {
        let mut rig = keen();
        rig.play(&ops);
        let later = rig.now() + Millis::seconds(1);
        rig.input(Input::Consent(record(Consent::default(), later)), later);
        prop_assert!(rig.shopper().state().is_empty());
    }

    #[test]
    fn a_snapshot_goes_on_alike_at_any_point_through_json_or_packed(ops in any_ops(), seed: u64) {
        let (mut whole, mut broken, mut rested) = (keen(), keen(), keen());
        for rig in [&mut whole, &mut broken, &mut rested] {
            rig.reseed(seed);
        }
        for op in &ops {
            whole.play(std::slice::from_ref(op));
            broken.play(std::slice::from_ref(op));
            broken.restart();
            rested.play(std::slice::from_ref(op));
            rested.rest();
        }
        for other in [broken, rested] {
            prop_assert_eq!(whole.all(), other.all());
            prop_assert_eq!(whole.shopper().state(), other.shopper().state());
        }
    }
}

#[test]
fn products_are_found_in_the_catalogue() {
    let rig = keen();
    assert_eq!(rig.shopper().category_of(&product("penne")).expect("it is sold").as_str(), "pasta");
}

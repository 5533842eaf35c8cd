//! The gates about people, stages, wishes, money and rules: what each refuses, and what passes it.

use model::decision::Trigger;
use model::ids::{CustomerId, SegmentId};
use model::offer::{About, CapScope, ScopedCap};
use model::segment::Segment;
use model::shop::TopicCap;
use model::units::Cents;

use super::*;
use crate::evaluate::evaluate;

#[test]
fn approval_refuses_the_banned_the_unapproved_the_turned_off_and_the_harmful() {
    let said = |lever: Lever| move |w: &mut World| assert!(w.levers.insert(offer("barolo-3"), lever).is_none());
    check(said(Lever { ban: true, ..Lever::default() }), Some("approval"));
    check(said(Lever { approved: false, ..Lever::default() }), Some("approval"));
    check(said(Lever::default()), None);
    check(|w| w.policy.off.push(offer("barolo-3")), Some("approval"));
    check(|w| w.brain.course_mut(&w.moment.store, &offer("barolo-3")).stopped = true, Some("approval"));
    let elsewhere = model::ids::StoreId::new("milan-9").expect("a slug");
    check(|w| w.brain.course_mut(&elsewhere, &offer("barolo-3")).stopped = true, None);
}

#[test]
fn a_pilot_is_said_where_and_to_whom_it_is_let_out() {
    let pilot = |stores: &[&str], zones: &[&str], share| Stage::Pilot {
        stores: stores.iter().map(|id| model::ids::StoreId::new(id).expect("a slug")).collect(),
        zones: zones.iter().map(|id| zone(id)).collect(),
        share,
    };
    check(|w| w.shop.offers[0].stage = pilot(&[], &[], 1.0), None);
    check(|w| w.shop.offers[0].stage = pilot(&["rome-1"], &["wine"], 1.0), None);
    check(|w| w.shop.offers[0].stage = pilot(&["milan"], &[], 1.0), Some("stage"));
    check(|w| w.shop.offers[0].stage = pilot(&[], &["pasta"], 1.0), Some("stage"));
    check(|w| w.shop.offers[0].stage = Stage::Shadow, Some("stage"));
}

#[test]
fn a_pilot_and_a_control_have_their_share_and_keep_whom_they_have() {
    let customers = (0..100_000).map(|n| CustomerId::new(&format!("customer-{n}")).expect("a reference"));
    let (mut pilot, mut control, mut both) = (0_u32, 0_u32, 0_u32);
    for customer in customers {
        let small = stage::is_in_pilot(7, &offer("o"), &customer, 0.1);
        let kept = stage::is_in_control(7, &offer("o"), &customer, 0.2);
        assert!(!small || stage::is_in_pilot(7, &offer("o"), &customer, 0.5), "a promotion keeps its customers");
        pilot += u32::from(small);
        control += u32::from(kept);
        both += u32::from(small && kept);
    }
    let share = |n: u32| f64::from(n) / 100_000.0;
    assert!((share(pilot) - 0.1).abs() < 0.005 && (share(control) - 0.2).abs() < 0.005, "{pilot} {control}");
    assert!((share(both) - 0.02).abs() < 0.005, "one says nothing of the other: {both}");
}

#[test]
fn moments_are_named_by_what_happened_or_by_the_pattern() {
    let only = |w: &mut World, id: &str| {
        w.shop.offers[0].moments = vec![model::ids::MomentId::new(id).expect("a slug")];
    };
    check(|w| only(w, "dwelling"), None);
    check(|w| only(w, "entered"), Some("moment"));
    check(
        |w| {
            only(w, "second-pass");
            w.moment.trigger = Trigger::Pattern;
            w.moment.pattern = model::ids::MomentId::new("second-pass").ok();
        },
        None,
    );
    check(
        |w| {
            only(w, "second-pass");
            w.moment.trigger = Trigger::Asked;
        },
        None,
    );
}

#[test]
fn minors_and_those_who_did_not_say_hear_nothing_of_what_is_for_adults() {
    check(|w| w.shop.products[0].age_min = Some(18), Some("age"));
    let born = |year| {
        move |w: &mut World| {
            w.shop.products[0].age_min = Some(18);
            w.person.preferences.birth_year = Some(year);
        }
    };
    check(born(2007), None);
    check(born(2008), Some("age"));
    check(born(2015), Some("age"));
    check(|w| w.shop.products[0].sensitive = true, Some("sensitive"));
}

#[test]
fn price_and_margin_are_looked_at_as_they_are_now() {
    check(|w| w.shop.offers[0].price = Some(Cents(3_000)), None);
    check(|w| w.shop.offers[0].price = Some(Cents(2_900)), Some("price"));
    check(|w| w.shop.offers[0].margin_min = Some(Cents(600)), None);
    check(|w| w.shop.offers[0].margin_min = Some(Cents(601)), Some("margin"));
    check(|w| w.shop.offers[0].discount = Cents(900), Some("margin"));
    check(|w| w.shop.offers[0].range = Some([Cents(100), Cents(5_000)]), None);
    check(|w| w.shop.offers[0].range = Some([Cents(900), Cents(5_000)]), Some("margin"));
}

#[test]
fn the_first_segment_that_fits_is_the_customer_s() {
    let segment = |id: &str, rule: &str| Segment {
        id: SegmentId::new(id).expect("a slug"),
        rule: rule.into(),
        weight: 1.0,
        budget_share: 0.0,
    };
    let shop = move |w: &mut World, only: &str, visits| {
        w.shop.segments = vec![segment("gold", "visits > 9"), segment("known", "visits > 3"), segment("all", "true")];
        w.shop.offers[0].segments = vec![SegmentId::new(only).expect("a slug")];
        w.person.visits = visits;
    };
    check(|w| shop(w, "gold", 10), None);
    check(|w| shop(w, "known", 10), Some("segment"));
    check(|w| shop(w, "known", 4), None);
    check(|w| shop(w, "all", 0), None);
    check(|w| shop(w, "gold", 0), Some("segment"));
}

#[test]
fn a_decision_names_the_segment_that_it_asked_for() {
    let mut world = World::new();
    assert_eq!(evaluate(&world.context()).explanation.segment, None, "there are none");
    let gold = SegmentId::new("gold").expect("a slug");
    world.shop.segments = vec![Segment { id: gold.clone(), rule: "visits > 9".into(), weight: 2.0, budget_share: 0.0 }];
    assert_eq!(evaluate(&world.context()).explanation.segment, None, "it is for others");
    world.person.visits = 10;
    assert_eq!(evaluate(&world.context()).explanation.segment, Some(gold));
}

#[test]
fn a_complaint_pauses_promotions_for_its_days_and_not_service() {
    check(|w| w.person.complain(NOON - Millis::hours(7 * 24 - 1)), Some("complaint"));
    check(|w| w.person.complain(NOON - Millis::hours(7 * 24)), None);
    check(
        |w| {
            w.person.complain(NOON);
            w.shop.offers[0].about = About::Service;
        },
        None,
    );
}

#[test]
fn wishes_are_heard() {
    check(|w| w.person.mute(&offer("barolo-3"), None), Some("preference"));
    check(|w| w.person.mute(&offer("other"), Some(&category("wine"))), Some("preference"));
    check(|w| w.person.mute(&offer("other"), Some(&category("pasta"))), None);
    check(
        |w| {
            w.shop.products[0].brand = Some("Borgogno".into());
            w.person.preferences.mute_brands.insert("Borgogno".into());
        },
        Some("preference"),
    );
    check(|w| w.person.not_now(&offer("barolo-3"), NOON - Millis::hours(1)), Some("preference"));
    check(|w| w.person.not_now(&offer("barolo-3"), NOON - Millis::hours(25)), None);
    check(|w| w.person.preferences.channels = Some([Channel::Web].into()), Some("preference"));
    check(
        |w| w.person.preferences.quiet = Some(QuietHours { from: "10:30".into(), to: "12:00".into() }),
        Some("preference"),
    );
    check(|w| w.person.preferences.quiet = Some(QuietHours { from: "19:00".into(), to: "08:00".into() }), None);
    check(
        |w| {
            w.person.preferences.a_day_max = Some(1);
            w.person.contacted(NOON - Millis::hours(3));
        },
        Some("preference"),
    );
}

#[test]
fn a_way_and_a_place_on_a_page_are_the_offer_s() {
    check(|w| w.shop.offers[0].channels = vec![Channel::Kiosk, Channel::Push], None);
    check(|w| w.shop.offers[0].channels = vec![Channel::Kiosk], Some("channel"));
    let placed = |at: &'static str| {
        move |w: &mut World| {
            w.shop.offers[0].placements = vec!["hero".into()];
            w.moment.placement = Some(at.into());
        }
    };
    check(placed("hero"), None);
    check(placed("footer"), Some("channel"));
}

#[test]
fn caps_count_by_category_brand_and_all_and_others_words_too() {
    let told = |w: &mut World, id: &str, wine: bool| {
        let about = wine.then(|| category("wine"));
        w.history.tell_about(model::ids::DecisionId(9), offer(id), about, Some("B".into()), NOON - Millis::hours(2));
    };
    let cap = |scope| ScopedCap { scope, times: 1, hours: 24 };
    check(
        |w| {
            told(w, "elsewhere", true);
            w.shop.offers[0].caps = vec![cap(CapScope::Category)];
        },
        Some("cap"),
    );
    check(
        |w| {
            told(w, "elsewhere", false);
            w.shop.offers[0].caps = vec![cap(CapScope::Category)];
        },
        None,
    );
    check(
        |w| {
            told(w, "any-wine", false);
            w.shop.store.caps = vec![TopicCap { category: Some(category("wine")), brand: None, times: 1, hours: 24 }];
        },
        Some("cap"),
    );
    check(
        |w| {
            told(w, "elsewhere", false);
            w.shop.products[0].brand = Some("B".into());
            w.shop.store.caps = vec![TopicCap { category: None, brand: Some("B".into()), times: 1, hours: 24 }];
        },
        Some("cap"),
    );
    check(
        |w| {
            (0..5).for_each(|n| w.person.contacted(NOON - Millis::hours(n)));
        },
        Some("cap"),
    );
}

#[test]
fn nobody_is_disturbed_at_the_till_or_walking_by() {
    let till = |w: &mut World| {
        w.shop.floors[0].zones[0].kind = model::zone::ZoneKind::Checkout;
    };
    check(till, Some("still"));
    check(
        |w| {
            till(w);
            w.shop.store.till_silent = false;
        },
        None,
    );
    check(
        |w| {
            till(w);
            w.moment.channel = Channel::Till;
        },
        None,
    );
    check(|w| w.moment.around.speed = Some(Aged { value: 1.3, at: NOON }), Some("still"));
    check(|w| w.moment.around.speed = Some(Aged { value: 0.4, at: NOON }), None);
    check(|w| w.moment.around.speed = Some(Aged { value: 1.3, at: NOON - Millis::seconds(31) }), None);
}

#[test]
fn a_rule_that_fails_refuses() {
    check(|w| w.shop.offers[0].rule = Some("dwell_s >= 8.0 && intent > 0.4".into()), None);
    check(|w| w.shop.offers[0].rule = Some("dwell_s > 60.0".into()), Some("rule"));
    check(|w| w.shop.offers[0].rule = Some("1 / 0 > 2".into()), Some("rule"));
    check(|w| w.shop.offers[0].rule = Some("nonsense(".into()), Some("rule"));
}

#[test]
fn a_product_comes_back_after_its_cycle() {
    let bought =
        |days: i64| move |w: &mut World| w.history.buy(&product("barolo"), None, NOON - Millis::hours(24 * days));
    check(bought(29), Some("bought"));
    check(bought(31), None);
    let declared = |days: i64| {
        move |w: &mut World| {
            w.shop.products[0].replenish_days = Some(10.0);
            bought(days)(w);
        }
    };
    check(declared(8), Some("bought"));
    check(declared(9), None);
    let learnt = |days: i64| {
        move |w: &mut World| {
            for n in [20, 15, 10, 5] {
                w.person.buy(&product("barolo"), 0.0, NOON - Millis::hours(24 * (days + n)));
            }
            w.person.buy(&product("barolo"), 0.0, NOON - Millis::hours(24 * days));
            declared(days)(w);
        }
    };
    check(learnt(4), Some("bought"));
    check(learnt(5), None);
}

#[test]
fn a_page_that_knows_no_place_has_none_to_be_elsewhere_of() {
    let asked = |channel| {
        move |w: &mut World| {
            w.moment.trigger = Trigger::Asked;
            w.moment.channel = channel;
            w.moment.zone = zone("nowhere");
            w.moment.probability = Probability::ZERO;
            w.consent.locating = false;
            w.consent.marketing_push = false;
        }
    };
    check(asked(Channel::Web), None);
    check(asked(Channel::Kiosk), Some("place"));
    check(asked(Channel::Push), Some("consent"));
}

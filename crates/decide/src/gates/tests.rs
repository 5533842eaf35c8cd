use model::offer::{Cap, Channel, Lever, Stage};
use model::shop::QuietHours;
use model::signal::Aged;
use model::time::{Millis, Timestamp};
use model::units::Probability;
use proptest::prelude::*;

use super::*;
use crate::fixture::{NOON, World, category, offer, product, zone};

/// The code of the first gate that refuses the first offer.
fn code(world: &World) -> Option<&'static str> {
    refusal(world).map(|refusal| refusal.code())
}

fn refusal(world: &World) -> Option<Refusal> {
    let context = world.context();
    let scene = Scene::new(&context, false);
    ask(&ALL, &Case::new(&context, &scene, 0)).err()
}

fn check(change: impl Fn(&mut World), expect: Option<&str>) {
    let mut world = World::new();
    change(&mut world);
    assert_eq!(code(&world), expect);
}

#[test]
fn an_offer_that_nothing_speaks_against_passes() {
    check(|_| {}, None);
}

#[test]
fn schedule_refuses_paused_early_and_late() {
    check(|w| w.shop.offers[0].paused = true, Some("schedule"));
    check(|w| w.shop.offers[0].starts = Some(NOON + Millis(1)), Some("schedule"));
    check(|w| w.shop.offers[0].starts = Some(NOON), None);
    check(|w| w.shop.offers[0].ends = Some(NOON), Some("schedule"));
    check(|w| w.shop.offers[0].ends = Some(NOON + Millis(1)), None);
}

#[test]
fn consent_refuses_when_any_purpose_is_missing() {
    for bits in 0..8_u8 {
        let expect = if bits == 7 { None } else { Some("consent") };
        check(
            |w| {
                w.consent.locating = bits & 1 != 0;
                w.consent.profiling = bits & 2 != 0;
                w.consent.marketing_push = bits & 4 != 0;
            },
            expect,
        );
    }
}

#[test]
fn place_refuses_elsewhere_unsure_unknown_and_private() {
    check(|w| w.moment.zone = zone("pasta"), Some("place"));
    check(|w| w.moment.zone = zone("nowhere"), Some("place"));
    check(|w| w.moment.probability = Probability::clamped(0.69), Some("place"));
    check(|w| w.moment.probability = Probability::clamped(0.7), None);
    check(
        |w| {
            w.shop.offers[0].zones = vec![zone("staff")];
            w.moment.zone = zone("staff");
        },
        Some("place"),
    );
}

#[test]
fn stock_refuses_a_product_that_is_gone_and_a_category_that_is_all_gone() {
    check(|w| w.shop.products[0].in_stock = false, Some("stock"));
    let by_category = |w: &mut World| w.shop.offers.swap(0, 1);
    check(
        |w| {
            by_category(w);
            w.shop.products[0].in_stock = false;
        },
        None,
    );
    check(
        |w| {
            by_category(w);
            w.shop.products[0].in_stock = false;
            w.shop.products[1].in_stock = false;
        },
        Some("stock"),
    );
}

#[test]
fn bought_refuses_the_product_for_a_month_and_its_category_for_a_day() {
    let bought = |w: &mut World, ago: Millis| w.history.buy(&product("barolo"), Some(&category("wine")), NOON - ago);
    check(|w| bought(w, Millis::hours(1)), Some("bought"));
    check(|w| bought(w, Millis(bought::PRODUCT_REST.0 - 1)), Some("bought"));
    check(|w| bought(w, bought::PRODUCT_REST), None);
    let by_category = |ago: Millis| {
        move |w: &mut World| {
            w.shop.offers.swap(0, 1);
            w.history.buy(&product("chianti"), Some(&category("wine")), NOON - ago);
        }
    };
    check(by_category(Millis::hours(23)), Some("bought"));
    check(by_category(Millis::hours(24)), None);
}

#[test]
fn cap_counts_the_offer_and_all_offers_together() {
    let tell = |w: &mut World, n: u128, id: &str, hours: i64| {
        w.history.tell(model::ids::DecisionId(n), offer(id), NOON - Millis::hours(hours));
    };
    check(|w| tell(w, 1, "barolo-3", 23), Some("cap"));
    check(|w| tell(w, 1, "barolo-3", 24), None);
    check(|w| (1..5).for_each(|n| tell(w, n, "penne-1", 23)), None);
    check(|w| (1..6).for_each(|n| tell(w, n, "penne-1", 23)), Some("cap"));
    // A clock that was set back does not forget.
    check(|w| tell(w, 1, "barolo-3", -5), Some("cap"));
}

#[test]
fn pause_refuses_right_after_another_offer() {
    let tell = |w: &mut World, seconds: i64| {
        w.history.tell(model::ids::DecisionId(1), offer("penne-1"), NOON - Millis::seconds(seconds));
    };
    check(|w| tell(w, 119), Some("pause"));
    check(|w| tell(w, 120), None);
}

#[test]
fn quiet_hours_follow_the_local_clock_and_pass_midnight() {
    let quiet = |from: &str, to: &str, at: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        let at = Timestamp(at.parse::<jiff::Timestamp>().expect("an instant").as_millisecond());
        move |w: &mut World| {
            w.shop.store.quiet_hours = Some(QuietHours { from: from.clone(), to: to.clone() });
            w.now = at;
        }
    };
    // 11:00 in Rome is 10:00 UTC in winter.
    check(quiet("11:00", "12:00", "2026-03-11T10:00:00Z"), Some("quiet-hours"));
    check(quiet("10:00", "11:00", "2026-03-11T10:00:00Z"), None);
    check(quiet("20:30", "08:00", "2026-03-11T22:30:00Z"), Some("quiet-hours"));
    check(quiet("20:30", "08:00", "2026-03-11T10:00:00Z"), None);
    // The day the clocks go forward 08:00 in Rome comes an hour earlier in UTC.
    check(quiet("20:30", "08:00", "2026-03-29T05:59:00Z"), Some("quiet-hours"));
    check(quiet("00:00", "00:00", "2026-03-11T10:00:00Z"), Some("quiet-hours"));
}

#[test]
fn intent_refuses_below_the_offer_s_least() {
    check(|w| w.intent = crate::intent::Intent::default(), Some("intent"));
    check(|w| w.shop.offers[0].intent_min = 1.0, Some("intent"));
    check(|w| w.shop.offers[0].intent_min = f64::NAN, Some("intent"));
}

#[test]
fn budget_refuses_without_a_reserved_unit() {
    check(|w| w.shop.offers[0].budget = Some(5), Some("budget"));
    check(
        |w| {
            w.shop.offers[0].budget = Some(5);
            w.granted.insert(offer("barolo-3"));
        },
        None,
    );
}

#[test]
fn holdout_refuses_last() {
    check(|w| w.shop.store.holdout = 1.0, Some("holdout"));
}

#[test]
fn gates_are_asked_in_the_order_of_the_codes() {
    // Everything speaks against it; one gate after the other is satisfied.
    let mut world = World::new();
    let id = || offer("barolo-3");
    world.shop.offers[0].paused = true;
    world.levers.insert(id(), Lever { ban: true, ..Lever::default() });
    world.consent.locating = false;
    world.shop.offers[0].stage = Stage::Pilot { stores: vec![], zones: vec![], share: 0.0 };
    world.moment.zone = zone("pasta");
    world.shop.offers[0].moments = vec![model::ids::MomentId::new("lingering").expect("a slug")];
    world.shop.products[0].sensitive = true;
    world.shop.products[0].age_min = Some(18);
    world.shop.products[0].in_stock = false;
    world.shop.offers[0].price = Some(model::units::Cents(2_000));
    world.shop.offers[0].margin_min = Some(model::units::Cents(800));
    world.history.buy(&product("barolo"), None, NOON);
    world.shop.offers[0].segments = vec![model::ids::SegmentId::new("gold").expect("a slug")];
    world.person.complain(NOON);
    world.person.mute(&id(), None);
    world.shop.offers[0].channels = vec![Channel::Kiosk];
    world.history.tell(model::ids::DecisionId(1), id(), NOON);
    world.shop.store.quiet_hours = Some(QuietHours { from: "00:00".into(), to: "00:00".into() });
    world.moment.around.speed = Some(Aged { value: 1.4, at: NOON });
    world.intent = crate::intent::Intent::default();
    world.shop.offers[0].rule = Some("visits > 3".into());
    world.shop.offers[0].budget = Some(1);
    world.shop.store.holdout = 1.0;
    let satisfy: [fn(&mut World); 24] = [
        |w| w.shop.offers[0].paused = false,
        |w| w.levers.clear(),
        |w| w.consent.locating = true,
        |w| w.shop.offers[0].stage = Stage::Live,
        |w| w.moment.zone = zone("wine"),
        |w| w.shop.offers[0].moments.clear(),
        |w| w.shop.products[0].sensitive = false,
        |w| w.person.preferences.birth_year = Some(1990),
        |w| w.shop.products[0].in_stock = true,
        |w| w.shop.offers[0].price = Some(model::units::Cents(3_000)),
        |w| w.shop.offers[0].margin_min = None,
        |w| w.history.give_back(&product("barolo")),
        |w| w.shop.offers[0].segments.clear(),
        |w| w.person.complaint_at = None,
        |w| w.person.preferences.mute_offers.clear(),
        |w| w.shop.offers[0].channels = vec![Channel::Push],
        |w| w.shop.offers[0].cap = Cap { times: 9, hours: 24 },
        |w| w.shop.store.pause_s = 0,
        |w| w.shop.store.quiet_hours = None,
        |w| w.moment.around.speed = None,
        |w| w.shop.offers[0].intent_min = 0.0,
        |w| w.person.visits = 4,
        |w| {
            w.granted.insert(offer("barolo-3"));
        },
        |w| w.shop.store.holdout = 0.0,
    ];
    for (expected, satisfy) in Refusal::CODES.into_iter().zip(satisfy) {
        assert_eq!(code(&world), Some(expected));
        assert_eq!(refusal(&world).map(|r| reached(&r)), Refusal::CODES.iter().position(|c| *c == expected));
        satisfy(&mut world);
    }
    assert_eq!(code(&world), None);
}

mod further;
mod wishes;

proptest! {
    #[test]
    fn holdout_is_sticky_and_grows_without_letting_anybody_out(name in "[a-z0-9]{1,20}", seed: u64, share in 0.0..0.5_f64) {
        let customer = model::ids::CustomerId::new(&name).expect("a reference");
        let held = holdout::is_held_out(seed, &customer, share);
        prop_assert_eq!(held, holdout::is_held_out(seed, &customer, share));
        if held {
            prop_assert!(holdout::is_held_out(seed, &customer, share + 0.1));
        }
    }
}

#[test]
fn holdout_has_its_share() {
    let held = (0..100_000).filter(|n| {
        let customer = model::ids::CustomerId::new(&format!("customer-{n}")).expect("a reference");
        holdout::is_held_out(7, &customer, 0.1)
    });
    let share = f64::from(u32::try_from(held.count()).expect("small")) / 100_000.0;
    assert!((share - 0.1).abs() < 0.005, "{share}");
}

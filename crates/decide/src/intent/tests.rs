use proptest::prelude::*;

use super::*;
use crate::fixture::{NOON, category, product};

const HOUR: i64 = 3_600_000;

fn days_ago(days: i64) -> Timestamp {
    NOON - Millis::hours(24 * days)
}

fn view(intent: &mut Intent, id: &str, at: Timestamp) {
    intent.touch(Interest::Viewed, Some(&product(id)), Some(&category("wine")), at);
}

fn towards(intent: &Intent, id: &str) -> f64 {
    intent.product(&product(id), Some(&category("wine")), NOON)
}

#[test]
fn a_view_counts_today_and_tomorrow_and_no_longer() {
    let check = |days, passes: bool| {
        let mut intent = Intent::default();
        view(&mut intent, "barolo", days_ago(days));
        assert_eq!(towards(&intent, "barolo") >= 0.3, passes, "{days} days ago");
    };
    check(0, true);
    check(1, true);
    check(2, false);
}

#[test]
fn being_listed_is_never_enough_by_itself() {
    let mut intent = Intent::default();
    for _ in 0..100 {
        intent.touch(Interest::Listed, Some(&product("barolo")), None, NOON);
    }
    assert!(intent.product(&product("barolo"), None, NOON) < 0.3);
}

#[test]
fn a_purchase_turns_intent_off_and_a_return_turns_it_on_again() {
    let mut intent = Intent::default();
    view(&mut intent, "barolo", days_ago(1));
    intent.touch(Interest::Viewed, None, Some(&category("wine")), days_ago(1));
    let before = (towards(&intent, "barolo"), intent.category(&category("wine"), NOON));
    intent.buy(&product("barolo"), Some(&category("wine")), NOON);
    assert_eq!(towards(&intent, "barolo"), 0.0);
    assert_eq!(intent.category(&category("wine"), NOON), 0.0);
    intent.give_back(&product("barolo"));
    assert_eq!((towards(&intent, "barolo"), intent.category(&category("wine"), NOON)), before);
}

#[test]
fn an_older_view_that_comes_after_the_purchase_is_answered_too() {
    let mut intent = Intent::default();
    intent.buy(&product("barolo"), Some(&category("wine")), days_ago(1));
    view(&mut intent, "barolo", days_ago(2));
    assert_eq!(towards(&intent, "barolo"), 0.0);
    view(&mut intent, "barolo", NOON);
    assert!(towards(&intent, "barolo") > 0.5, "a new view is new intent");
}

#[test]
fn taking_out_of_the_cart_undoes_putting_in() {
    let mut intent = Intent::default();
    intent.touch(Interest::Added, Some(&product("barolo")), None, NOON);
    intent.touch(Interest::Removed, Some(&product("barolo")), None, NOON);
    assert_eq!(intent.product(&product("barolo"), None, NOON), 0.0);
}

#[test]
fn one_other_wine_is_not_enough_and_two_are() {
    let mut intent = Intent::default();
    view(&mut intent, "chianti", NOON);
    assert!(towards(&intent, "barolo") < 0.3);
    view(&mut intent, "soave", NOON);
    assert!(towards(&intent, "barolo") > 0.3);
    assert!(intent.category(&category("wine"), NOON) > 0.8);
}

#[test]
fn memory_is_bounded_and_forgets_the_least_wanted() {
    let mut intent = Intent::default();
    view(&mut intent, "old", days_ago(300));
    for n in 0..1_000 {
        view(&mut intent, &format!("p{n}"), days_ago(1));
    }
    view(&mut intent, "barolo", NOON);
    assert_eq!(intent.len(), TOPICS_MAX);
    assert!(towards(&intent, "barolo") > 0.5);
    assert_eq!(intent.product(&product("old"), None, NOON), 0.0);
}

fn any_interest() -> impl Strategy<Value = Interest> {
    prop_oneof![
        Just(Interest::Listed),
        Just(Interest::Viewed),
        Just(Interest::Added),
        Just(Interest::Removed),
        Just(Interest::Wished),
        Just(Interest::Shared),
        Just(Interest::PickedUp),
        Just(Interest::MoreWanted),
    ]
}

proptest! {
    #[test]
    fn one_view_today_beats_any_year_of_views_until_yesterday(ages in prop::collection::vec(24..8_760_i64, 1..400)) {
        let mut intent = Intent::default();
        for age in ages {
            intent.touch(Interest::Viewed, Some(&product("old")), None, NOON - Millis(age * HOUR));
        }
        intent.touch(Interest::Viewed, Some(&product("new")), None, NOON);
        let (old, new) = (intent.product(&product("old"), None, NOON), intent.product(&product("new"), None, NOON));
        prop_assert!(new >= old, "{new} < {old}");
    }

    #[test]
    fn intent_stays_within_0_and_1_and_only_fades(
        touches in prop::collection::vec((any_interest(), 0..5_usize, 0..1_000_i64, any::<bool>()), 0..60),
        later in 0..10_000_i64,
    ) {
        let mut intent = Intent::default();
        for (interest, n, age, buys) in touches {
            let id = product(&format!("p{n}"));
            let at = NOON - Millis(age * HOUR);
            intent.touch(interest, Some(&id), Some(&category("wine")), at);
            if buys { intent.buy(&id, Some(&category("wine")), at) }
        }
        for n in 0..5 {
            let at = |hours: i64| intent.product(&product(&format!("p{n}")), Some(&category("wine")), NOON + Millis(hours * HOUR));
            prop_assert!((0.0..=1.0).contains(&at(0)));
            prop_assert!((0.0..=1.0).contains(&at(later)));
        }
    }

    #[test]
    fn order_of_arrival_does_not_matter_below_saturation(ages in Just(vec![1_i64, 30, 200]).prop_shuffle()) {
        let mut intent = Intent::default();
        for age in ages {
            intent.touch(Interest::Wished, Some(&product("p")), None, NOON - Millis(age * HOUR));
        }
        let expected = [1.0_f64, 30.0, 200.0].map(|age| 0.8 * (-age / (14.0 * 24.0)).exp2()).iter().sum::<f64>();
        let evidence = -(-intent.product(&product("p"), None, NOON)).ln_1p();
        prop_assert!((evidence - expected.min(1.6)).abs() < 0.25, "{evidence} and {expected}");
    }
}

#[test]
fn what_one_person_wanted_under_two_names_adds_up_and_a_purchase_answers_both() {
    let product = ProductId::new("p-absorb").expect("an id");
    let day = Millis::hours(24);
    let (mut one, mut other) = (Intent::default(), Intent::default());
    one.touch(Interest::Viewed, Some(&product), None, Timestamp(0));
    other.touch(Interest::Added, Some(&product), None, Timestamp(0) + day);
    let mut both = one.clone();
    both.absorb(other.clone());
    let mut back = other.clone();
    back.absorb(one.clone());
    assert_eq!(both, back, "whoever goes on wants the same");
    let now = Timestamp(0) + day;
    assert!(both.product(&product, None, now) > other.product(&product, None, now));
    let mut bought = Intent::default();
    bought.buy(&product, None, now);
    both.absorb(bought);
    assert!(both.product(&product, None, now) < 1e-9, "it was bought under another name");
    both.give_back(&product);
    assert!(both.product(&product, None, now) > 0.5);
}

#[test]
fn what_was_touched_of_a_brand_counts_a_little_for_its_other_products() {
    let looked = |intent: &mut Intent, id: &str, brand: Option<&str>, at| {
        let touch = Touch {
            interest: Interest::Viewed,
            product: Some(&product(id)),
            category: None,
            brand,
            at,
            probability: Probability::ONE,
        };
        intent.take(&touch);
    };
    let mut intent = Intent::default();
    looked(&mut intent, "barolo", Some("borgo"), NOON);
    looked(&mut intent, "grappa", Some("borgo"), NOON);
    let towards = |id: &str, brand: Option<&str>, at| {
        intent.level(at, &BTreeMap::new()).product(&product(id), Some(&category("other")), brand)
    };
    // Two views of 0.9 each, of which a tenth counts.
    assert!((towards("amaro", Some("borgo"), NOON) - (1.0 - (-0.18_f64).exp())).abs() < 1e-12);
    let own = 1.0 - (-(0.9_f64 + 0.09)).exp();
    assert!((towards("barolo", Some("borgo"), NOON) - own).abs() < 1e-12, "its own view counts once, as its own");
    let (other, none) = (towards("amaro", Some("valle"), NOON), towards("amaro", None, NOON));
    assert_eq!((other, none), (0.0, 0.0), "nothing is known of another brand");
    let day = Millis(24 * HOUR);
    assert!((towards("amaro", Some("borgo"), NOON + day) - (1.0 - (-0.09_f64).exp())).abs() < 1e-12, "it fades");
    // A brand that was touched by its name alone counts too, and a longer name than is kept does not.
    let mut intent = Intent::default();
    let long = "b".repeat(BRAND_LEN_MAX + 1);
    looked(&mut intent, "x", Some(&long), NOON);
    assert!(intent.brands.is_empty());
}

use super::*;
use crate::fixture::World;

fn holds(text: &str) -> Result<bool, String> {
    let world = World::new();
    let context = world.context();
    let scene = Scene::new(&context, false);
    let case = Case::new(&context, &scene, 0);
    Rule::compile(text).map_err(|error| error.to_string())?.holds(&Facts::of_offer(&case))
}

#[test]
fn a_rule_reads_the_moment_the_customer_and_the_offer() {
    for (text, expect) in [
        ("zone == 'wine' && dwell_s >= 8.0", true),
        ("hour >= 11 && hour < 12 && weekday == 3", true),
        ("intent > 0.5 && price <= 3000 && discount == 300", true),
        ("product == 'barolo' && category in ['wine', 'beer']", true),
        ("['a', 'b', category].exists(c, c == 'wine')", true),
        ("visits > 3 || told_today == 0", true),
        ("bought_days < 30.0", false),
        ("trigger.startsWith('dwell') ? channel == 'push' : false", true),
    ] {
        assert_eq!(holds(text), Ok(expect), "{text}");
    }
}

#[test]
fn what_fails_or_is_not_known_is_an_error() {
    assert_eq!(holds("crowding < 5.0"), Err("crowding is not known".into()));
    assert_eq!(holds("hour + 1"), Err("it is neither true nor false".into()));
    assert!(holds("1 / (hour - 11) > 0").is_err(), "11 o'clock: a division by 0");
    assert!(holds("zone > 3").is_err());
}

#[test]
fn a_rule_is_bounded_and_names_only_what_there_is() {
    let wrong = |text: &str| Rule::compile(text).map(|_| ()).expect_err("it is refused");
    assert!(matches!(wrong(""), RuleError::Bound { .. }));
    assert!(matches!(wrong(&format!("zone == '{}'", "x".repeat(600))), RuleError::Bound { .. }));
    assert!(matches!(wrong("((((hour > 1))))"), RuleError::Bound { .. }));
    assert!(matches!(wrong("!!!!(hour > 1)"), RuleError::Bound { .. }));
    assert!(matches!(wrong(&"1+".repeat(150)), RuleError::Bound { .. }));
    assert!(matches!(wrong("[[1],[2],[3],[4],[5],[6],[7],[8]] == []"), RuleError::Bound { .. }));
    assert!(matches!(wrong("hour >"), RuleError::Syntax { .. }));
    assert_eq!(wrong("password == 'x'"), RuleError::Unknown { name: "password".into() });
    assert_eq!(wrong("matches(zone, 'a.*')"), RuleError::Unknown { name: "matches".into() });
    assert_eq!(wrong("[1, 2].all(a, [3, 4].all(b, a < b))"), RuleError::Nested);
    assert_eq!(Rule::compile("visits > 2 && zone == 'a'").expect("a rule").reads(), ["visits", "zone"]);
}

#[test]
fn a_rule_as_deep_and_long_as_may_be_is_read_on_an_ordinary_stack() {
    let deep = (0..8).fold("hour".to_owned(), |inner, n| format!("({n} + {inner} - 0)"));
    assert_eq!(holds(&format!("{deep} > 3")), Ok(true));
    let long = vec!["hour > 1"; 40].join(" && ");
    assert_eq!(holds(&long), Ok(true));
}

//! What is kept of a budget for the first segments goes to nobody else.

use model::decision::{Decision, Refusal};
use model::event::OrderLine;
use model::ids::SegmentId;
use model::units::Cents;

use super::*;

/// Of three units two are kept for whoever spends most; everybody else is in a segment after it.
const SEGMENTS: &str = r#"
[policy]
choose = "best"
epsilon = 0.0

[[segment]]
id = "gold"
rule = "spend > 50.0"
budget_share = 0.67

[[segment]]
id = "known"
rule = "spend >= 0.0"

[[segment]]
id = "all"
rule = "true"
"#;

fn spends(core: &mut Core, n: u128) {
    let line = OrderLine { product: product("penne"), quantity: 1, price: Some(Cents(2_000)) };
    let what = EventKind::Purchased { order: None, lines: vec![line] };
    core.handle(Input::Event { customer: customer(n), event: Event { id: message("paid"), at: NOON, what } }, NOON);
}

/// Somebody comes where the offer is said: what is decided about it.
fn comes(core: &mut Core, n: u128, at: Timestamp) -> Decision {
    tell(core, n, "pasta", PresenceKind::Entered, at);
    let decided = drain(core).into_iter().find_map(|c| if let Command::Decided(one) = c { Some(one) } else { None });
    decided.expect("a decision")
}

fn said(decision: &Decision) -> bool {
    matches!(&decision.choice, Choice::Offer { offer } if offer.as_str() == "barolo-3")
}

#[test]
fn the_last_of_a_budget_are_kept_for_the_segments_that_come_first() {
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(Input::Plan(PlanFiles::parse(&format!("{SHOP}{SEGMENTS}"), FLOOR).expect("right")), NOON);
    (1..=6).for_each(|n| welcome(&mut core, n));
    (4..=6).for_each(|n| spends(&mut core, n));
    lease(&mut core, 3, NOON);
    drain(&mut core);
    let first = comes(&mut core, 1, after(1));
    assert!(said(&first), "{first:?}");
    assert_eq!(first.explanation.segment, Some(SegmentId::new("known").expect("a slug")), "the first that fits of two");
    for n in [2, 3] {
        let other = comes(&mut core, n, after(1));
        let refused = other.explanation.candidates[0].refused.clone();
        assert_eq!(refused, Some(Refusal::Budget { budget: 3, kept: 2 }), "{other:?}");
        assert!(!said(&other) && delivered(&drain(&mut core)).is_empty());
    }
    for (n, expect) in [(4, true), (5, true), (6, false)] {
        let gold = comes(&mut core, n, after(2));
        assert_eq!(gold.explanation.segment, Some(SegmentId::new("gold").expect("a slug")), "the first of three");
        assert_eq!(said(&gold), expect, "{gold:?}");
    }
}

#[test]
fn a_question_knows_what_is_kept_too() {
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(Input::Plan(PlanFiles::parse(&format!("{SHOP}{SEGMENTS}"), FLOOR).expect("right")), NOON);
    (1..=2).for_each(|n| welcome(&mut core, n));
    spends(&mut core, 2);
    let ask = Ask { zone: Some(ZoneId::new("pasta").expect("a slug")), ..Ask::new(DecisionId(9), store()) };
    let would = |core: &Core, n| said(&core.ask(Some(&customer(n)), &ask, after(1)).expect("a store"));
    lease(&mut core, 2, NOON);
    core.handle(
        Input::Lease { offer: OfferId::new("barolo-3").expect("a slug"), store: store(), units: 0, used: Some(3) },
        NOON,
    );
    assert!(!would(&core, 1), "one is gone, and two are kept");
    assert!(would(&core, 2));
}

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

/// What the servers share of the budget: how much is leased, and how much was said.
#[derive(Default)]
struct Shared {
    leased: u64,
    said: u64,
}

impl Shared {
    const BUDGET: u64 = 100;
    const KEPT: u64 = 50;

    /// Gives a core what it asks for, as the database does.
    fn lease(&mut self, core: &mut Core, commands: &[Command], at: Timestamp) {
        for _ in commands.iter().filter(|command| matches!(command, Command::NeedLease { .. })) {
            let units = (Self::BUDGET - self.leased).min(10);
            self.leased += units;
            let (offer, used) = (OfferId::new("barolo-3").expect("a slug"), Some(self.leased));
            core.handle(Input::Lease { offer, store: store(), units, used }, at);
        }
    }

    /// Somebody comes to a server, and the decision is committed: what they are told of.
    fn comes(&mut self, core: &mut Core, n: u128, at: Timestamp) -> Option<String> {
        tell(core, n, "pasta", PresenceKind::Entered, at);
        let commands = drain(core);
        self.lease(core, &commands, at);
        let decided = commands.into_iter().find_map(|c| if let Command::Decided(one) = c { Some(one) } else { None });
        let decision = decided.expect("a decision");
        let first = decision.explanation.segment == Some(SegmentId::new("gold").expect("a slug"));
        let kept = if first { 0 } else { Self::KEPT };
        if said(&decision) && self.said >= Self::BUDGET - kept {
            let (customer, code, kept) = (customer(n), "budget".to_owned(), Some(kept));
            core.handle(Input::Refused { customer, decision: decision.id, code, kept }, at);
            let commands = drain(core);
            self.lease(core, &commands, at);
            return None;
        }
        self.said += u64::from(said(&decision));
        match decision.choice {
            Choice::Offer { offer } => Some(offer.to_string()),
            Choice::Silence { .. } => None,
        }
    }
}

#[test]
fn what_another_server_has_spent_is_refused_once_and_then_the_next_best_is_said() {
    let shop = SHOP.replace("budget = 3", "budget = 100") + &SEGMENTS.replace("0.67", "0.5");
    let mut shared = Shared::default();
    let mut server = || {
        let mut core = Core::new(CoreConfig { seed: 7 });
        core.handle(Input::Plan(PlanFiles::parse(&shop, FLOOR).expect("right")), NOON);
        let commands = drain(&mut core);
        shared.lease(&mut core, &commands, NOON);
        core
    };
    let (mut here, mut there) = (server(), server());
    for n in 1..=50 {
        welcome(&mut there, n);
        spends(&mut there, n);
        assert_eq!(shared.comes(&mut there, n, after(1)).as_deref(), Some("barolo-3"), "{n}");
    }
    // This one holds ten, and knows nothing of the others' fifty.
    let keen = |core: &mut Core, n| {
        welcome(core, n);
        let (interest, product, probability) = (Interest::Viewed, Some(product("penne")), Probability::clamped(0.5));
        let what = EventKind::Interest { interest, product, category: None, probability };
        core.handle(Input::Event { customer: customer(n), event: Event { id: message("m1"), at: NOON, what } }, NOON);
    };
    (101..=104).for_each(|n| keen(&mut here, n));
    let told: Vec<_> = (101..=103).map(|n| shared.comes(&mut here, n, after(2))).collect();
    assert_eq!(told, [None, Some("penne-1".into()), Some("penne-1".into())]);
    let leased = shared.leased;
    spends(&mut here, 104);
    assert_eq!(shared.comes(&mut here, 104, after(3)).as_deref(), Some("barolo-3"), "the unit is still in hand");
    assert_eq!(shared.leased, leased, "and no more were taken from the others");
}

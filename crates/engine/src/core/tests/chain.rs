//! Ten thousand decisions, each chained to what became of it: every answer and every order counts once, however often it
//! is told, and the chances follow.

use std::collections::{BTreeMap, BTreeSet};

use decide::evaluate::NO_OFFER;
use model::decision::Decision;
use model::event::OrderLine;
use model::outcome::{Outcome, OutcomeKind};

use super::*;
use crate::core::Ask;

const CUSTOMERS: u128 = 2_500;
const DAYS: i64 = 4;

/// Everybody may hear everything, whoever asks, and nothing runs out.
fn generous() -> String {
    SHOP.replace("budget = 3\n", "")
        .replace("cap = { times = 3, hours = 24 }", "pause_s = 1\nattention = 0")
        .replace("cap = { times = 2, hours = 2 }", "intent_min = 0.0")
}

/// What was told, to whom, about what, and when.
type Told = BTreeMap<DecisionId, (u128, &'static str, Timestamp)>;

/// What came of the decisions, as the core says.
#[derive(Default)]
struct Account {
    decisions: BTreeSet<DecisionId>,
    told: Told,
    credited: BTreeMap<DecisionId, Vec<String>>,
    orders: BTreeMap<String, usize>,
    bought: usize,
}

impl Account {
    fn take(&mut self, n: u128, commands: Vec<Command>) -> Option<Decision> {
        let mut last = None;
        for command in commands {
            match command {
                Command::Decided(decision) => {
                    assert!(self.decisions.insert(decision.id), "decided once");
                    if let Choice::Offer { offer } = &decision.choice {
                        let about = if offer.as_str() == "barolo-3" { "barolo" } else { "penne" };
                        self.told.insert(decision.id, (n, about, decision.moment.at));
                    }
                    last = Some(decision);
                }
                Command::Bought { customer: who, purchase } => {
                    assert_eq!(who, customer(n));
                    *self.orders.entry(purchase.order.to_string()).or_default() += 1;
                    if let Some(decision) = purchase.decision {
                        self.credited.entry(decision).or_default().push(purchase.order.to_string());
                        let (whose, about, at) = self.told[&decision];
                        assert_eq!(
                            (whose, about),
                            (n, purchase.product.as_str()),
                            "theirs, and about what they bought"
                        );
                        assert!(purchase.at >= at && purchase.at.since(at) <= Millis::hours(24));
                    }
                }
                Command::Outcome { outcome, .. } => self.bought += usize::from(outcome.kind == OutcomeKind::Purchased),
                Command::Presence(_)
                | Command::Position { .. }
                | Command::Visit(_)
                | Command::Reading { .. }
                | Command::Quiet { .. }
                | Command::Attribution { .. }
                | Command::Occupancy { .. }
                | Command::Deliver(_)
                | Command::Cancel { .. }
                | Command::Stopped { .. }
                | Command::Alarm { .. }
                | Command::NeedLease { .. } => {}
            }
        }
        last
    }
}

/// Tells the core something twice, the second time a minute later.
fn twice(core: &mut Core, input: &Input, at: Timestamp) {
    core.handle(input.clone(), at);
    core.handle(input.clone(), at + Millis::minutes(1));
}

#[test]
fn ten_thousand_decisions_are_chained_to_their_answers_and_orders_once() {
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(Input::Plan(PlanFiles::parse(&generous(), FLOOR).expect("right")), NOON);
    let (mut account, mut redeemed, mut ordered) = (Account::default(), 0_u64, 0_usize);
    for n in 1..=CUSTOMERS {
        welcome(&mut core, n);
        let lines = vec![OrderLine { product: product("penne"), quantity: 1, price: None }];
        drain(&mut core);
        for day in 0..DAYS {
            let at = NOON + Millis::hours(24 * day) + Millis(i64::try_from(n).expect("small"));
            let zone = Some(ZoneId::new("pasta").expect("a slug"));
            let id = DecisionId(n * 10 + u128::try_from(day).expect("small"));
            let ask = Ask { zone, channel: model::offer::Channel::Kiosk, ..Ask::new(id, store()) };
            twice(&mut core, &Input::Ask { customer: customer(n), ask }, at);
            let commands = drain(&mut core);
            let decision = account.take(n, commands).expect("one for each question");
            assert_ne!(decision.choice, Choice::Silence { code: NO_OFFER.to_owned() });
            let Choice::Offer { offer } = &decision.choice else { continue };
            let at = at + Millis::minutes(5);
            if offer.as_str() == "barolo-3" && n % 3 == 0 {
                redeemed += 1;
                let outcome = Outcome { decision: decision.id, kind: OutcomeKind::Redeemed, at };
                twice(&mut core, &Input::Outcome { customer: customer(n), outcome }, at);
            }
            if offer.as_str() == "penne-1" && n % 5 == 0 {
                ordered += 1;
                let order = format!("order-{n}-{day}");
                for (word, channel) in [("till", "a"), ("shop", "b")] {
                    let what = EventKind::Purchased { order: Some(order.clone()), lines: lines.clone() };
                    let event = Event { id: message(&format!("{word}-{order}-{channel}")), at, what };
                    twice(&mut core, &Input::Event { customer: customer(n), event }, at);
                }
            }
            account.take(n, drain(&mut core));
        }
    }
    assert_eq!(account.decisions.len(), 10_000, "every question has its decision, asked twice the same one");
    assert!(
        account.told.len() > 3_000 && redeemed > 500 && ordered > 200,
        "{} {redeemed} {ordered}",
        account.told.len()
    );
    assert_eq!((account.orders.len(), account.credited.len(), account.bought), (ordered, ordered, ordered));
    assert!(account.orders.values().all(|lines| *lines == 1), "an order told four times, by two ways, is one");
    assert!(account.credited.values().all(|orders| orders.len() == 1), "and one decision's");
    assert!(core.brain().version() > redeemed, "each answer and each silence after it is a lesson");
}

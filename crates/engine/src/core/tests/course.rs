//! The course of an offer in the core: in shadow, by its budget, stopped by harm, over two stores and two channels.

use model::decision::Decision;

use super::*;
use crate::core::Ask;

fn plan_of(shop: &str) -> Input {
    Input::Plan(PlanFiles::parse(shop, FLOOR).expect("the files are right"))
}

fn decided(commands: &[Command]) -> Vec<&Decision> {
    commands.iter().filter_map(|c| if let Command::Decided(decision) = c { Some(decision) } else { None }).collect()
}

fn barolo() -> OfferId {
    OfferId::new("barolo-3").expect("a slug")
}

fn refusal<'d>(decision: &'d Decision, offer: &OfferId) -> Option<&'d str> {
    let one = decision.explanation.candidates.iter().find(|one| one.offer == *offer)?;
    one.refused.as_ref().map(model::decision::Refusal::code)
}

fn bought(n: u128, order: &str, of: &str, at: Timestamp) -> Input {
    let lines = vec![model::event::OrderLine { product: product(of), quantity: 1, price: None }];
    let what = EventKind::Purchased { order: Some(order.to_owned()), lines };
    Input::Event { customer: customer(n), event: Event { id: message(order), at, what } }
}

/// The shop with one offer more, which runs in shadow: a second word about the Barolo.
fn with_shadow() -> String {
    format!(
        "{SHOP}\n[[offer]]\nid = \"barolo-dark\"\nproduct = \"barolo\"\ndiscount = 200\n[offer.stage]\nkind = \
         \"shadow\"\n[offer.content.en]\ntitle = \"Barolo\"\nbody = \"\"\n"
    )
}

#[test]
fn what_runs_in_shadow_is_decided_beside_each_moment_and_never_sent() {
    let (mut said, mut alone) = (Vec::new(), Vec::new());
    for (shop, told) in [(with_shadow(), &mut said), (SHOP.to_owned(), &mut alone)] {
        let mut core = Core::new(CoreConfig { seed: 7 });
        core.handle(plan_of(&shop), NOON);
        (1..=20).for_each(|n| welcome(&mut core, n));
        lease(&mut core, 3, NOON);
        (1..=20).for_each(|n| tell(&mut core, n, "wine", PresenceKind::Entered, after(1)));
        (1..=20).for_each(|n| tell(&mut core, n, "wine", PresenceKind::Dwelling, after(200)));
        (1..=20).for_each(|n| core.handle(bought(n, &format!("o{n}"), "barolo", after(300)), after(300)));
        *told = drain(&mut core);
    }
    let dark = OfferId::new("barolo-dark").expect("a slug");
    let shadows: Vec<&Decision> = decided(&said).into_iter().filter(|decision| decision.shadow).collect();
    assert_eq!(shadows.len(), 40, "one beside each moment");
    let spoken = |d: &&&Decision| d.choice == Choice::Offer { offer: dark.clone() };
    assert!(
        (17..=20).contains(&shadows.iter().filter(spoken).count()),
        "once for each customer but those it explores on"
    );
    assert!(shadows.iter().all(|d| !d.explanation.en.is_empty() && d.is_ghost()));
    assert!(delivered(&said).iter().all(|delivery| delivery.offer != dark), "and never said");
    let live = |commands: &[Command]| -> Vec<(DecisionId, Choice)> {
        decided(commands).into_iter().filter(|d| !d.shadow).map(|d| (d.id, d.choice.clone())).collect()
    };
    assert_eq!(live(&said), live(&alone), "it takes no live offer's place");
    let credits = |commands: &[Command]| -> Vec<Option<DecisionId>> {
        let credit =
            |c: &Command| if let Command::Bought { purchase, .. } = c { Some(purchase.decision) } else { None };
        commands.iter().filter_map(credit).collect()
    };
    assert_eq!(credits(&said), credits(&alone), "nor its credit");
    let answered = said.iter().filter(|command| {
        let Command::Outcome { outcome, .. } = command else { return false };
        outcome.kind == model::outcome::OutcomeKind::Purchased && shadows.iter().any(|d| d.id == outcome.decision)
    });
    assert!(answered.count() >= 17, "what would have come of it is known");
}

/// The shop with a budget of 200 for ten days of twelve hours each; without an end nothing is paced.
fn with_budget(ends: bool) -> String {
    let ends = if ends { "starts = 1773212400000\nends = 1774076400000\n" } else { "" };
    SHOP.replace("budget = 3", &format!("budget = 200\n{ends}"))
        .replace("holdout = 0.0", "holdout = 0.0\nquiet_hours = { from = \"20:00\", to = \"08:00\" }")
}

/// Ten days on which somebody new comes to the wine every twelve minutes: when units were spent, and the pacing terms.
fn ten_days(shop: &str) -> (Vec<Timestamp>, Vec<f64>) {
    let mut core = Core::new(CoreConfig { seed: 7 });
    let start = NOON - Millis::hours(3);
    core.handle(plan_of(shop), start);
    let (mut used, mut spent, mut pacing) = (0_u64, Vec::new(), Vec::new());
    for n in 0..600_u128 {
        let (day, turn) = (n / 60, n % 60);
        let at = start + Millis::hours(24 * i64::try_from(day).expect("small"));
        let at = at + Millis::minutes(12 * i64::try_from(turn).expect("small")) + Millis::seconds(1);
        core.handle(Input::Load { customer: customer(n), state: None }, at);
        core.handle(Input::Link { device: DeviceId(n), customer: customer(n) }, at);
        core.handle(Input::Consent { customer: customer(n), record: record(all(), at) }, at);
        core.handle(viewed(n, "m0", at), at);
        let mut told = presence("wine", PresenceKind::Entered, at, at);
        (told.subject, told.visit) = (Subject::Device(DeviceId(n)), VisitId(n));
        core.pass_on(told);
        let mut commands = drain(&mut core);
        while commands.iter().any(|command| matches!(command, Command::NeedLease { .. })) {
            let units = (200 - used).min(10);
            used += units;
            core.handle(Input::Lease { offer: barolo(), store: store(), units, used: Some(used) }, at);
            commands = [commands, drain(&mut core)].concat();
            commands.retain(|command| !matches!(command, Command::NeedLease { .. }));
        }
        for told in delivered(&commands) {
            let (customer, decision) = (told.customer.clone(), told.decision);
            core.handle(Input::Delivery { customer, decision, state: DeliveryState::Sent }, at);
        }
        spent.extend(delivered(&commands).iter().filter(|told| told.offer == barolo()).map(|told| told.decided_at));
        let terms = decided(&commands).into_iter().flat_map(|d| &d.explanation.candidates).filter_map(|one| one.terms);
        pacing.extend(terms.map(|terms| terms.pacing));
        core.handle(Input::Forget { customer: customer(n) }, at);
        drain(&mut core);
    }
    (spent, pacing)
}

#[test]
fn a_budget_lasts_over_the_days_of_its_offer() {
    let start = NOON - Millis::hours(3);
    let by = |spent: &[Timestamp], hours: i64| spent.iter().filter(|at| at.since(start) < Millis::hours(hours)).count();
    let (hasty, unpaced) = ten_days(&with_budget(false));
    assert!(by(&hasty, 24 * 5) == hasty.len() && unpaced.iter().all(|term| *term == 0.0), "gone in half the time");
    let (spent, pacing) = ten_days(&with_budget(true));
    assert!(spent.len() <= 200 && spent.len() >= 180, "it is used: {}", spent.len());
    for day in 1..10 {
        let share = by(&spent, 24 * day) as f64 / 200.0;
        assert!((share - day as f64 / 10.0).abs() < 0.06, "after {day} days {share} is spent");
    }
    assert!(by(&spent, 24 * 9 + 6) < spent.len(), "and there is some on the last afternoon");
    assert!(pacing.iter().any(|term| *term < 0.0) && pacing.iter().all(|term| *term <= 0.0), "the explanation says so");
}

/// A shop that keeps half of its customers without offers, and learns so slowly that it would go on by itself.
fn halved() -> String {
    let shop = SHOP.replace("holdout = 0.0", "holdout = 0.5").replace("budget = 3\n", "");
    format!("{shop}\n[policy]\npseudo_views = 10000.0\n")
}

/// Customers come one after the other; every fourth who is not told buys, and nobody who is.
fn harm(core: &mut Core, people: std::ops::Range<u128>) -> Vec<Command> {
    let mut commands = Vec::new();
    for n in people {
        let at = after(i64::try_from(n).expect("small"));
        welcome(core, n);
        tell(core, n, "wine", PresenceKind::Entered, at);
        let news = drain(core);
        let ghost = decided(&news).iter().any(|d| d.is_ghost() && d.choice == Choice::Offer { offer: barolo() });
        if ghost && n % 4 == 0 {
            core.handle(bought(n, &format!("o{n}"), "barolo", at), at);
        }
        commands.extend(news);
        commands.extend(drain(core));
    }
    commands
}

#[test]
fn an_offer_that_does_harm_stops_in_the_running_core_and_stays_stopped_after_a_restart() {
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(plan_of(&halved()), NOON);
    let commands = harm(&mut core, 1..800);
    let stops = commands.iter().filter(|c| matches!(c, Command::Stopped { offer, .. } if *offer == barolo()));
    assert_eq!(stops.count(), 1, "it is said once");
    let last = decided(&commands).last().copied().cloned().expect("somebody came");
    assert_eq!(refusal(&last, &barolo()), Some("approval"));
    let stopped = commands.iter().position(|c| matches!(c, Command::Stopped { .. })).expect("it stopped");
    let later = delivered(&commands[stopped..]);
    assert!(later.iter().all(|delivery| delivery.offer != barolo()), "nobody is told any more");

    let epochs = core.take_epochs();
    let mut next = Core::new(CoreConfig { seed: 7 });
    epochs.into_iter().for_each(|epoch| next.handle(Input::Epoch(epoch), after(900)));
    next.handle(plan_of(&halved()), after(900));
    let commands = harm(&mut next, 900..910);
    assert!(decided(&commands).iter().all(|d| refusal(d, &barolo()) == Some("approval")), "after a restart, too");
    // A person who changes the offer begins anew.
    next.handle(plan_of(&halved().replace("discount = 300", "discount = 250")), after(1_000));
    let commands = harm(&mut next, 1_000..1_010);
    assert!(decided(&commands).iter().any(|d| refusal(d, &barolo()) != Some("approval")));
}

#[test]
fn a_harmless_offer_goes_on() {
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(plan_of(&halved()), NOON);
    let mut commands = Vec::new();
    for n in 1..200 {
        let at = after(i64::try_from(n).expect("small"));
        welcome(&mut core, n);
        tell(&mut core, n, "wine", PresenceKind::Entered, at);
        core.handle(bought(n, &format!("o{n}"), "barolo", at), at);
        commands.extend(drain(&mut core));
    }
    assert!(!commands.iter().any(|command| matches!(command, Command::Stopped { .. })), "both arms buy alike");
}

#[test]
fn one_customer_in_two_stores_has_one_history_and_one_cap() {
    let mut core = core_with(1);
    core.handle(plan_of(&SHOP.replace("rome-1", "milan-2")), NOON);
    for store in [store(), StoreId::new("milan-2").expect("a slug")] {
        core.handle(Input::Lease { offer: barolo(), store, units: 3, used: None }, NOON);
    }
    drain(&mut core);
    let visit = |core: &mut Core, name: &str, at: Timestamp| {
        let mut told = presence("wine", PresenceKind::Entered, at, at);
        (told.store, told.visit) = (StoreId::new(name).expect("a slug"), VisitId(at.0 as u128));
        core.handle(Input::Wake, at);
        core.pass_on(told);
        let commands = drain(core);
        for told in delivered(&commands) {
            let decision = told.decision;
            core.handle(Input::Delivery { customer: customer(1), decision, state: DeliveryState::Sent }, at);
        }
        decided(&commands).first().copied().cloned().expect("a moment")
    };
    let rome = visit(&mut core, "rome-1", after(10));
    assert_eq!(rome.choice, Choice::Offer { offer: barolo() });
    let milan = visit(&mut core, "milan-2", after(3_600));
    assert_eq!(refusal(&milan, &barolo()), Some("cap"), "what was said in Rome counts in Milan");
    core.handle(bought(1, "o1", "barolo", after(3_700)), after(3_700));
    let later = visit(&mut core, "milan-2", after(90_000));
    assert_eq!(refusal(&later, &barolo()), Some("bought"), "and so does what was bought");
}

#[test]
fn channels_that_ask_at_the_same_instant_agree_on_the_best() {
    let mut core = core_with(1);
    lease(&mut core, 3, NOON);
    tell(&mut core, 1, "pasta", PresenceKind::Entered, after(1));
    let pushed = decided(&drain(&mut core)).first().copied().cloned().expect("a moment");
    let mut core = core_with(1);
    lease(&mut core, 3, NOON);
    core.handle(Input::Wake, after(1));
    let best = |decision: &Decision| {
        let ranked = decision.explanation.candidates.iter().filter_map(|one| Some((&one.offer, one.terms?.score())));
        let best = ranked.filter(|(_, score)| *score > 0.0).reduce(|a, b| if b.1 > a.1 { b } else { a });
        best.map(|(offer, _)| offer.clone()).expect("something is worth it")
    };
    for channel in [model::offer::Channel::Kiosk, model::offer::Channel::Web, model::offer::Channel::Till] {
        let zone = Some(ZoneId::new("pasta").expect("a slug"));
        let ask = Ask { channel, zone, ..Ask::new(DecisionId(channel as u128), store()) };
        let asked = core.ask(Some(&customer(1)), &ask, after(1)).expect("the store is known");
        assert_eq!(best(&asked), best(&pushed), "{channel:?}");
    }
}

#[test]
fn many_openings_without_a_purchase_lose_to_few_that_bring_one() {
    use model::outcome::{Outcome, OutcomeKind};
    // Two words about one bottle: by what each says alone the opened one would win.
    let shop = format!(
        "{}\n[[offer]]\nid = \"opened\"\nproduct = \"barolo\"\ndiscount = 310\nzones = [\"wine\"]\n[offer.content.en]\n\
         title = \"You will not believe this\"\nbody = \"\"\n",
        SHOP.replace("budget = 3\n", "").replace("holdout = 0.0", "holdout = 0.0\npause_s = 1")
    );
    let opened = OfferId::new("opened").expect("a slug");
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(plan_of(&shop), NOON);
    let (mut told, mut first) = ([0, 0], None);
    for n in 1..=300_u128 {
        let at = after(i64::try_from(n).expect("small") * 60);
        core.handle(Input::Wake, at);
        core.handle(Input::Load { customer: customer(n), state: None }, at);
        core.handle(Input::Link { device: DeviceId(n), customer: customer(n) }, at);
        core.handle(Input::Consent { customer: customer(n), record: record(all(), at) }, at);
        core.handle(viewed(n, "m0", at), at);
        let mut came = presence("wine", PresenceKind::Entered, at, at);
        (came.subject, came.visit) = (Subject::Device(DeviceId(n)), VisitId(n));
        core.pass_on(came);
        let news = drain(&mut core);
        first = first.or_else(|| delivered(&news).first().map(|delivery| delivery.offer.clone()));
        for delivery in delivered(&news) {
            let kind = if delivery.offer == opened { OutcomeKind::Opened } else { OutcomeKind::Redeemed };
            core.handle(
                Input::Delivery { customer: customer(n), decision: delivery.decision, state: DeliveryState::Sent },
                at,
            );
            // Every one of these is opened; of the others only every fourth is even looked at, and redeemed.
            if delivery.offer == opened || n % 4 == 0 {
                let outcome = Outcome { decision: delivery.decision, kind, at };
                core.handle(Input::Outcome { customer: customer(n), outcome }, at);
            }
            if n > 200 {
                told[usize::from(delivery.offer == opened)] += 1;
            }
        }
    }
    let [brings, opens] = told;
    assert!(brings > 4 * opens, "at the end the one that brings something is said: {brings} to {opens}");
}

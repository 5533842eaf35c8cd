//! One customer as the core knows them: ten devices, every state of consent, the app in the store, a wait at the till.

use std::collections::BTreeMap;

use model::decision::Decision;

use super::*;

const TEN: u128 = 10;

fn decided(commands: &[Command]) -> Vec<&Decision> {
    commands.iter().filter_map(|c| if let Command::Decided(decision) = c { Some(decision) } else { None }).collect()
}

/// What one of the customer's devices is seen to do.
fn seen(core: &mut Core, device: u128, zone: &str, kind: PresenceKind, at: Timestamp) -> Vec<Command> {
    core.handle(Input::Wake, at);
    let mut told = presence(zone, kind, at, at);
    (told.subject, told.visit) = (Subject::Device(DeviceId(device)), VisitId(device));
    core.pass_on(told);
    drain(core)
}

#[test]
fn ten_devices_are_one_customer_with_one_set_of_limits() {
    let mut core = core_with(1);
    (1..=TEN).for_each(|n| core.handle(Input::Link { device: DeviceId(n), customer: customer(1) }, NOON));
    lease(&mut core, 3, NOON);
    drain(&mut core);
    let penne = EventKind::Interest {
        interest: Interest::Viewed,
        product: Some(product("penne")),
        category: None,
        probability: Probability::ONE,
    };
    core.handle(
        Input::Event { customer: customer(1), event: Event { id: message("m9"), at: NOON, what: penne } },
        NOON,
    );
    let (mut told, mut moments, mut at): (Vec<Delivery>, usize, Timestamp) = (Vec::new(), 0, NOON);
    // Each device comes to both shelves, every five minutes another one, three times over.
    for round in 0..3 {
        for device in 1..=TEN {
            for zone in ["wine", "pasta"] {
                at = at + Millis::seconds(150);
                let mut commands = seen(&mut core, device, zone, PresenceKind::Entered, at);
                commands.extend(seen(&mut core, device, zone, PresenceKind::Left, at + Millis::seconds(20)));
                moments += decided(&commands).len();
                assert!(decided(&commands).iter().all(|one| one.customer == customer(1)), "round {round}");
                for one in delivered(&commands) {
                    let sent = DeliveryState::Sent;
                    core.handle(Input::Delivery { customer: customer(1), decision: one.decision, state: sent }, at);
                    told.push(one.clone());
                }
            }
        }
    }
    assert_eq!(moments, 60, "every device makes its moments");
    let mut offers: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    told.iter().for_each(|one| offers.entry(one.offer.as_str()).or_default().push(one.decided_at));
    assert_eq!(told.len(), 3, "three a day over all ten: {offers:?}");
    assert_eq!(offers["barolo-3"].len(), 1, "and one of an offer that may be said once");
    let state = core.shoppers[&customer(1)].state(&core.names).into_owned();
    assert!(!state.is_present(), "whoever left with every device is gone");
}

#[test]
fn who_is_there_with_one_of_ten_devices_has_not_left_with_another() {
    let mut core = core_with(1);
    (1..=TEN).for_each(|n| core.handle(Input::Link { device: DeviceId(n), customer: customer(1) }, NOON));
    let mut moments = 0;
    for n in 1..=TEN {
        let commands = seen(&mut core, n, "wine", PresenceKind::Entered, after(i64::try_from(n).expect("small")));
        moments += decided(&commands).len();
    }
    assert_eq!(moments, 1, "ten devices come in together as one");
    for n in 1..TEN {
        seen(&mut core, n, "wine", PresenceKind::Left, after(20 + i64::try_from(n).expect("small")));
        assert!(core.shoppers[&customer(1)].state(&core.names).is_present());
    }
    seen(&mut core, TEN, "wine", PresenceKind::Left, after(40));
    assert!(!core.shoppers[&customer(1)].state(&core.names).is_present());
}

#[test]
fn every_state_of_consent_allows_what_it_says_and_nothing_else() {
    for bits in 0..8_u8 {
        let consent = Consent { locating: bits & 1 > 0, profiling: bits & 2 > 0, marketing_push: bits & 4 > 0 };
        let mut core = core_with(1);
        lease(&mut core, 3, NOON);
        core.handle(Input::Consent { customer: customer(1), record: record(consent, after(1)) }, after(1));
        core.handle(viewed(1, "m1", after(2)), after(2));
        drain(&mut core);
        let commands = seen(&mut core, 1, "wine", PresenceKind::Entered, after(3));
        let state = core.shoppers[&customer(1)].state(&core.names).into_owned();
        // A place is kept with both consents to it, a wish with the one to a profile, and a push needs all three.
        assert_eq!(state.is_present(), consent.locating && consent.profiling, "{consent:?}");
        assert_eq!(state.wants(&product("barolo"), after(3)) > 0.0, consent.profiling, "{consent:?}");
        assert_eq!(decided(&commands).len(), usize::from(consent.locating && consent.profiling), "{consent:?}");
        assert_eq!(delivered(&commands).len(), usize::from(consent == all()), "{consent:?}");
        // Whoever asks in an app is answered with a profile alone.
        let ask = Ask { zone: Some(ZoneId::new("wine").expect("a slug")), ..Ask::new(DecisionId(9), store()) };
        core.handle(Input::Ask { customer: customer(1), ask }, after(200));
        assert_eq!(decided(&drain(&mut core)).len(), usize::from(consent.profiling), "{consent:?}");
        assert_eq!(state.is_empty(), !consent.any(), "{consent:?}");
    }
}

#[test]
fn the_app_that_is_opened_in_the_store_makes_the_declared_moment() {
    let declared = "\n[[moment]]\nid = \"app\"\non = [\"app_opened\"]\nscope = \"customer\"\n";
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(Input::Plan(PlanFiles::parse(&format!("{SHOP}{declared}"), FLOOR).expect("right")), NOON);
    (1..=2).for_each(|n| welcome(&mut core, n));
    lease(&mut core, 3, NOON);
    drain(&mut core);
    assert!(decided(&seen(&mut core, 1, "wine", PresenceKind::Entered, after(1))).is_empty(), "it alone is declared");
    let opened = |core: &mut Core, n: u128, at: Timestamp| {
        let event = Event { id: message(&format!("open-{n}")), at, what: EventKind::Opened };
        core.handle(Input::Event { customer: customer(n), event: event.clone() }, at);
        core.handle(Input::Event { customer: customer(n), event }, at);
        core.handle(Input::Wake, at + Millis::seconds(5));
        drain(core)
    };
    let commands = opened(&mut core, 1, after(60));
    let there = decided(&commands);
    assert_eq!(there.len(), 1, "told twice it is one moment");
    assert_eq!(there[0].moment.pattern.as_ref().map(|pattern| pattern.as_str()), Some("app"));
    assert_eq!(there[0].moment.zone.as_str(), "wine");
    assert_eq!(delivered(&commands).len(), 1, "{there:?}");
    assert!(delivered(&opened(&mut core, 2, after(60))).is_empty(), "whoever is not in the store hears nothing");
}

#[test]
fn a_wait_at_the_till_is_remembered_and_seen_by_the_model() {
    let floor = FLOOR.replace(
        "\"id\":\"pasta\",\"floor\":\"ground\",\"kind\":\"shelf\"",
        "\"id\":\"pasta\",\"floor\":\"ground\",\"kind\":\"checkout\"",
    );
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(Input::Plan(PlanFiles::parse(SHOP, &floor).expect("right")), NOON);
    welcome(&mut core, 1);
    let wait = |commands: &[Command]| {
        let features = decided(commands).into_iter().flat_map(|one| &one.explanation.features);
        features.filter(|one| one.name == "wait").map(|one| one.value).next()
    };
    lease(&mut core, 3, NOON);
    drain(&mut core);
    seen(&mut core, 1, "pasta", PresenceKind::Entered, after(10));
    seen(&mut core, 1, "pasta", PresenceKind::Left, after(10 + 600));
    let commands = seen(&mut core, 1, "wine", PresenceKind::Entered, after(700));
    let seen_wait = wait(&commands).expect("a wait of ten minutes");
    assert!((seen_wait - 1.0).abs() < 0.01, "{seen_wait}");
}

#[test]
fn one_view_today_comes_before_a_year_of_another_and_falls_back_when_it_is_old() {
    use model::offer::Channel;
    let mut core = Core::new(CoreConfig { seed: 7 });
    // Both earn the same and stand on one shelf.
    let shop = SHOP.replace("budget = 3\n", "").replace("discount = 300", "discount = 100");
    let shop =
        shop.replace("price = 3000\nmargin = 900\nzone = \"wine\"", "price = 2000\nmargin = 600\nzone = \"pasta\"");
    core.handle(Input::Plan(PlanFiles::parse(&shop, FLOOR).expect("right")), NOON);
    core.handle(Input::Load { customer: customer(1), state: None }, NOON);
    core.handle(Input::Consent { customer: customer(1), record: record(all(), NOON) }, NOON);
    let day = |days: i64| NOON + Millis::hours(24 * days);
    let views = |core: &mut Core, of: &str, at: Timestamp, now: Timestamp| {
        let what = EventKind::Interest {
            interest: Interest::Viewed,
            product: Some(product(of)),
            category: None,
            probability: Probability::ONE,
        };
        let event = Event { id: message(&format!("{of}-{}", at.0)), at, what };
        core.handle(Input::Event { customer: customer(1), event }, now);
    };
    // Of what passed every gate, the best first.
    let ranks = |core: &Core, now: Timestamp| -> Vec<String> {
        let zone = Some(ZoneId::new("pasta").expect("a slug"));
        let ask = Ask { zone, channel: Channel::Kiosk, ..Ask::new(DecisionId(1), store()) };
        let decision = core.ask(Some(&customer(1)), &ask, now).expect("the store is known");
        let scored = decision.explanation.candidates.iter();
        let mut scored: Vec<_> = scored.filter_map(|one| Some((one.terms?.score(), one.offer.to_string()))).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().map(|(_, offer)| offer).collect()
    };
    (1..=365).rev().for_each(|days| views(&mut core, "penne", day(-days), NOON));
    assert_eq!(ranks(&core, after(1)), ["penne-1"], "of the other nothing is known");
    views(&mut core, "barolo", after(1), after(1));
    assert_eq!(ranks(&core, after(2)), ["barolo-3", "penne-1"], "a second later it comes first");
    (1..=10).for_each(|days| views(&mut core, "penne", day(days), day(days)));
    assert_eq!(ranks(&core, day(10) + Millis::hours(1)), ["penne-1"], "and it fades");
}

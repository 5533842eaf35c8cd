use model::decision::Choice;
use model::delivery::{Delivery, DeliveryState};
use model::event::{Event, EventKind, Interest};
use model::fusion::Attribution;
use model::ids::{DecisionId, OfferId, SensorId, TagId, VisitId, ZoneId};
use model::presence::{Presence, PresenceKind};
use model::subject::Pseudonym;
use model::units::Probability;

use super::*;
use crate::fixture::{FLOOR, NOON, SHOP, ada, after, all, message, presence, product, record, store};
use crate::log::{self, Entry};

mod chain;
mod course;
mod customer;
mod declared;
mod floor;
mod limits;
mod segments;

fn files() -> PlanFiles {
    PlanFiles::parse(SHOP, FLOOR).expect("the files are right")
}

fn customer(n: u128) -> CustomerId {
    CustomerId::new(&format!("customer-{n}")).expect("a reference")
}

fn drain(core: &mut Core) -> Vec<Command> {
    std::iter::from_fn(|| core.poll_command()).collect()
}

/// A core with the plan and so many keen customers, each with a device of the same number.
fn core_with(customers: u128) -> Core {
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(Input::Plan(files()), NOON);
    for n in 1..=customers {
        welcome(&mut core, n);
    }
    core
}

fn welcome(core: &mut Core, n: u128) {
    core.handle(Input::Load { customer: customer(n), state: None }, NOON);
    core.handle(Input::Link { device: DeviceId(n), customer: customer(n) }, NOON);
    core.handle(Input::Consent { customer: customer(n), record: record(all(), NOON) }, NOON);
    core.handle(viewed(n, "m0", NOON), NOON);
}

fn viewed(n: u128, id: &str, at: Timestamp) -> Input {
    let what = EventKind::Interest {
        interest: Interest::Viewed,
        product: Some(product("barolo")),
        category: None,
        probability: Probability::ONE,
    };
    Input::Event { customer: customer(n), event: Event { id: message(id), at, what } }
}

/// What the Shop machine would say about a device.
fn tell(core: &mut Core, n: u128, zone: &str, kind: PresenceKind, at: Timestamp) {
    core.handle(Input::Wake, at);
    let since = if kind == PresenceKind::Entered { at } else { NOON };
    let mut told = presence(zone, kind, since, at);
    (told.subject, told.visit) = (Subject::Device(DeviceId(n)), VisitId(n));
    core.pass_on(told);
}

fn lease(core: &mut Core, units: u64, at: Timestamp) {
    let offer = OfferId::new("barolo-3").expect("a slug");
    core.handle(Input::Lease { offer, store: store(), units, used: None }, at);
}

fn delivered(commands: &[Command]) -> Vec<&Delivery> {
    commands.iter().filter_map(|c| if let Command::Deliver(delivery) = c { Some(delivery) } else { None }).collect()
}

#[test]
fn a_budget_is_leased_at_the_plan_and_never_overspent_by_many_customers() {
    let mut core = core_with(20);
    let need = Command::NeedLease { store: store(), offer: OfferId::new("barolo-3").expect("a slug") };
    assert_eq!(drain(&mut core), [need]);
    lease(&mut core, 3, NOON);
    for n in 1..=20 {
        tell(&mut core, n, "pasta", PresenceKind::Entered, after(1));
        tell(&mut core, n, "wine", PresenceKind::Entered, after(2));
    }
    let commands = drain(&mut core);
    assert_eq!(delivered(&commands).iter().filter(|d| d.offer.as_str() == "barolo-3").count(), 3);
    let asked = commands.iter().filter(|c| matches!(c, Command::NeedLease { .. })).count();
    assert_eq!(asked, 1, "more is asked for once, until it is answered");
}

#[test]
fn a_unit_that_was_not_delivered_goes_to_somebody_else() {
    let mut core = core_with(2);
    lease(&mut core, 1, NOON);
    tell(&mut core, 1, "pasta", PresenceKind::Entered, after(1));
    let commands = drain(&mut core);
    let decision = delivered(&commands).first().expect("the only unit").decision;
    tell(&mut core, 2, "pasta", PresenceKind::Entered, after(2));
    assert!(delivered(&drain(&mut core)).is_empty());
    let failed = Input::Delivery { customer: customer(1), decision, state: DeliveryState::Failed };
    core.handle(failed, after(3));
    tell(&mut core, 2, "wine", PresenceKind::Entered, after(4));
    assert_eq!(delivered(&drain(&mut core)).len(), 1);
}

#[test]
fn the_anonymous_tags_and_unlinked_devices_reach_nobody() {
    let mut core = core_with(1);
    for subject in [
        Subject::Anonymous(Pseudonym(1)),
        Subject::Tag(TagId::new("cart").expect("a slug")),
        Subject::Device(DeviceId(99)),
    ] {
        core.pass_on(Presence { subject, ..presence("wine", PresenceKind::Entered, NOON, NOON) });
    }
    assert!(!drain(&mut core).iter().any(|command| matches!(command, Command::Decided(_))));
    tell(&mut core, 1, "wine", PresenceKind::Entered, after(1));
    assert!(drain(&mut core).iter().any(|command| matches!(command, Command::Decided(_))));
}

#[test]
fn an_unlinked_device_leaves_without_a_word() {
    let mut core = core_with(1);
    tell(&mut core, 1, "wine", PresenceKind::Entered, after(1));
    core.handle(Input::Unlink { device: DeviceId(1) }, after(2));
    assert_eq!(core.owner(&DeviceId(1)), None);
    drain(&mut core);
    core.handle(viewed(1, "m1", after(3)), after(3));
    assert!(drain(&mut core).is_empty(), "intent finds nobody there");
}

#[test]
fn an_input_names_the_customer_that_it_needs() {
    let mut core = core_with(1);
    assert_eq!(core.needs(&viewed(1, "m1", NOON)), None);
    assert_eq!(core.needs(&viewed(2, "m1", NOON)), Some(customer(2)));
    core.handle(Input::Load { customer: customer(2), state: None }, NOON);
    assert!(core.knows(&customer(2)));
    assert_eq!(core.needs(&viewed(2, "m1", NOON)), None);
    // An input to somebody who was not loaded is lost, not misread.
    core.handle(viewed(3, "m1", NOON), NOON);
    assert!(!core.knows(&customer(3)));
}

#[test]
fn a_second_load_does_not_overwrite_what_is_newer() {
    let mut core = core_with(1);
    let before = core.state(&customer(1)).map(Cow::into_owned);
    core.handle(Input::Load { customer: customer(1), state: None }, after(1));
    assert_eq!(core.state(&customer(1)).map(Cow::into_owned), before);
}

#[test]
fn what_changed_is_given_once() {
    let mut core = core_with(2);
    let changed: Vec<CustomerId> = core.take_changed().into_iter().map(|(customer, _)| customer).collect();
    assert_eq!(changed, [customer(1), customer(2)]);
    assert!(core.take_changed().is_empty());
    let withdrawn = Input::Consent { customer: customer(1), record: record(Consent::default(), after(1)) };
    core.handle(withdrawn, after(1));
    let changed = core.take_changed();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].1, None);
}

#[test]
fn the_idle_are_evicted_and_come_back_as_they_were() {
    let (mut kept, mut evicting) = (core_with(1), core_with(1));
    let saved = evicting.take_changed();
    let later = NOON + IDLE;
    for core in [&mut kept, &mut evicting] {
        core.handle(Input::Wake, later);
        drain(core);
    }
    assert!(evicting.take_changed().is_empty());
    assert!(!evicting.knows(&customer(1)) && kept.knows(&customer(1)));
    let bytes = saved[0].1.as_ref().expect("something is kept").as_bytes().to_vec();
    let state = Some(Box::new(Packed::from_bytes(&bytes).unpack().expect("it reads back")));
    evicting.handle(Input::Load { customer: customer(1), state }, later);
    for core in [&mut kept, &mut evicting] {
        lease(core, 3, later);
        tell(core, 1, "wine", PresenceKind::Entered, later + Millis(1));
    }
    let (kept, evicting) = (drain(&mut kept), drain(&mut evicting));
    assert!(kept.iter().any(|command| matches!(command, Command::Decided(_))));
    assert_eq!(log::write_commands(&kept), log::write_commands(&evicting));
}

#[test]
fn somebody_who_is_there_is_not_evicted() {
    let mut core = core_with(1);
    tell(&mut core, 1, "wine", PresenceKind::Entered, after(1));
    core.take_changed();
    core.handle(Input::Wake, NOON + Millis::hours(2));
    core.take_changed();
    assert!(core.knows(&customer(1)));
}

#[test]
fn the_forgotten_leave_nothing_and_give_their_unit_back() {
    let mut core = core_with(2);
    lease(&mut core, 1, NOON);
    tell(&mut core, 1, "pasta", PresenceKind::Entered, after(1));
    assert_eq!(delivered(&drain(&mut core)).len(), 1);
    core.handle(Input::Forget { customer: customer(1) }, after(2));
    assert!(!core.knows(&customer(1)));
    assert_eq!(core.owner(&DeviceId(1)), None);
    assert!(core.take_changed().iter().all(|(changed, _)| *changed != customer(1)));
    assert_eq!(core.timers.len(), 0);
    tell(&mut core, 2, "pasta", PresenceKind::Entered, after(3));
    assert_eq!(delivered(&drain(&mut core)).len(), 1, "the unit is free again");
}

#[test]
fn it_makes_no_difference_whether_the_core_is_woken_in_between() {
    let run = |wakes: bool| {
        let mut core = core_with(3);
        lease(&mut core, 3, NOON);
        for n in 1..=3 {
            tell(&mut core, n, "wine", PresenceKind::Entered, after(1));
        }
        while let Some(at) = core.poll_timeout().filter(|at| wakes && *at < after(4_000)) {
            core.handle_timeout(at);
        }
        core.handle(Input::Wake, after(4_000));
        drain(&mut core)
    };
    let (woken, slept) = (run(true), run(false));
    let mut sorted = [log::write_commands(&woken), log::write_commands(&slept)].map(|text| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    });
    let outcomes = woken.iter().filter(|c| matches!(c, Command::Outcome { .. })).count();
    assert!(outcomes > 0, "somebody visited or nothing came");
    assert_eq!(std::mem::take(&mut sorted[0]), std::mem::take(&mut sorted[1]));
}

#[test]
fn a_plan_is_logged_as_its_two_texts() {
    let text = serde_json::to_string(&Input::Plan(files())).expect("an input is JSON");
    assert!(text.contains("shop_toml") && text.contains("floor_geojson"));
    assert_eq!(serde_json::from_str::<Input>(&text).expect("and reads back"), Input::Plan(files()));
    let broken = text.replace("Europe/Rome", "Rome");
    let error = serde_json::from_str::<Input>(&broken).expect_err("the time zone is wrong").to_string();
    assert!(error.contains("store.timezone"), "{error}");
}

#[test]
fn a_log_replays_to_the_same_commands() {
    let customer = ada();
    let inputs = [
        Input::Plan(files()),
        Input::Load { customer: customer.clone(), state: Some(Box::default()) },
        Input::Link { device: DeviceId(1), customer: customer.clone() },
        Input::Consent { customer: customer.clone(), record: record(all(), NOON) },
        Input::Lease { offer: OfferId::new("barolo-3").expect("a slug"), store: store(), units: 2, used: None },
        Input::Restore { store: store(), stays: vec![], visits: vec![] },
        viewed(1, "m1", NOON),
        Input::Wake,
        Input::Unlink { device: DeviceId(1) },
        Input::Forget { customer },
    ];
    let entries: Vec<Entry> =
        inputs.into_iter().enumerate().map(|(n, input)| Entry { now: NOON + Millis(n as i64), input }).collect();
    let text = log::write(&entries);
    let read = log::read(&text).expect("what was written can be read");
    assert_eq!(read, entries);
    let config = CoreConfig { seed: 7 };
    assert_eq!(log::write_commands(&log::replay(config, entries)), log::write_commands(&log::replay(config, read)));
}

#[test]
fn a_broken_log_names_its_line() {
    let good = Entry { now: NOON, input: Input::Wake }.to_line();
    let error = log::read(&format!("{good}\n\n{}\n", &good[..good.len() - 2])).expect_err("the third line is cut");
    assert!(error.to_string().starts_with("line 3 "), "{error}");
    let long = "x".repeat(log::LINE_LEN_MAX + 1);
    assert!(matches!(log::read(&long), Err(log::Error::TooLong { line: 1, .. })));
}

#[test]
fn other_seeds_give_other_ids() {
    let run = |seed| {
        let mut core = Core::new(CoreConfig { seed });
        core.handle(Input::Plan(files()), NOON);
        welcome(&mut core, 1);
        tell(&mut core, 1, "wine", PresenceKind::Entered, after(1));
        let decided =
            drain(&mut core).into_iter().find_map(|c| if let Command::Decided(d) = c { Some(d) } else { None });
        decided.expect("there was a moment")
    };
    assert_ne!(run(1).id, run(2).id);
    assert_eq!(run(1), run(1));
    assert!(matches!(run(1).choice, Choice::Silence { code } if code == "budget"), "nothing was leased");
}

/// Something that was taken from the shelf, probably by a device.
fn taken(n: u128, share: f64, at: Timestamp) -> Attribution {
    Attribution {
        sensor: SensorId::new("shelf").expect("a slug"),
        zone: ZoneId::new("wine").expect("a slug"),
        product: Some(product("penne")),
        at,
        items: 1,
        shares: vec![(Subject::Device(DeviceId(n)), Probability::clamped(share))],
        unknown: Probability::clamped(1.0 - share),
    }
}

fn touch(core: &mut Core, attribution: &Attribution, interest: Interest) {
    core.touched(&store(), attribution, interest);
}

fn wants(core: &Core, n: u128, at: Timestamp) -> f64 {
    core.state(&customer(n)).expect("in memory").wants(&product("penne"), at)
}

#[test]
fn a_pick_up_is_interest_as_far_as_it_is_believed_to_be_theirs() {
    let mut wanted = Vec::new();
    for share in [0.1, 0.5, 0.8] {
        let mut core = core_with(2);
        touch(&mut core, &taken(1, share, after(3)), Interest::PickedUp);
        touch(&mut core, &taken(1, share, after(3)), Interest::PickedUp);
        // 2.0 of evidence for a pick-up that is surely theirs, once.
        let expect = 1.0 - (-2.0 * share).exp();
        assert!((wants(&core, 1, NOON) - expect).abs() < 1e-9, "{share}");
        assert!(wants(&core, 2, after(3)).abs() < 1e-9, "nobody else took it");
        wanted.push(wants(&core, 1, NOON));
    }
    assert!(wanted.is_sorted() && wanted[0] > 0.0);
    let mut core = core_with(2);
    touch(&mut core, &Attribution { product: None, ..taken(1, 0.9, after(2)) }, Interest::PickedUp);
    assert!(wants(&core, 1, after(3)).abs() < 1e-9, "nothing is not interesting");
}

#[test]
fn two_devices_of_one_customer_share_their_belief_and_a_put_back_takes_it_again() {
    let mut core = core_with(2);
    core.handle(Input::Link { device: DeviceId(7), customer: customer(1) }, after(1));
    let shares = [(7, 0.3), (2, 0.4), (1, 0.25)];
    let shares = shares.map(|(n, p)| (Subject::Device(DeviceId(n)), Probability::clamped(p))).to_vec();
    let both = Attribution { shares, ..taken(1, 0.0, after(3)) };
    touch(&mut core, &both, Interest::PickedUp);
    assert!((wants(&core, 1, NOON) - (1.0 - (-2.0 * 0.55_f64).exp())).abs() < 1e-9);
    assert!(wants(&core, 2, after(3)).abs() < 1e-9);
    core.handle(Input::Wake, after(4));
    touch(&mut core, &Attribution { at: after(4), ..both }, Interest::PutBack);
    assert!(wants(&core, 1, after(4)) < 0.01, "{}", wants(&core, 1, after(4)));
}

#[test]
fn only_a_pick_up_that_is_likely_theirs_makes_a_moment() {
    for (share, moments) in [(0.3, 0), (0.8, 1)] {
        let mut core = core_with(1);
        lease(&mut core, 3, NOON);
        tell(&mut core, 1, "wine", PresenceKind::Entered, after(1));
        drain(&mut core);
        touch(&mut core, &taken(1, share, after(3)), Interest::PickedUp);
        let decided = drain(&mut core).into_iter().filter(|command| matches!(command, Command::Decided(_)));
        assert_eq!(decided.count(), moments, "{share}");
    }
}

#[test]
fn a_pick_up_is_nothing_to_a_customer_without_profiling() {
    let mut core = core_with(1);
    let located = Consent { profiling: false, ..all() };
    core.handle(Input::Consent { customer: customer(1), record: record(located, after(1)) }, after(1));
    let before = core.state(&customer(1)).map(Cow::into_owned);
    touch(&mut core, &taken(1, 0.95, after(2)), Interest::PickedUp);
    assert_eq!(core.state(&customer(1)).map(Cow::into_owned), before);
}

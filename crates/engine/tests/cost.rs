//! What an active customer costs: at most 2 KB of memory, and at most 2 KB in the database.
//!
//! Everybody lives three busy days: 40 events about ten products, offers in the app and words of others, two orders,
//! wishes, three devices, and a visit, in which they are measured.

use std::fmt::Write as _;

use engine::core::{Ask, Command, Core, CoreConfig, Input, PlanFiles};
use model::consent::{Consent, ConsentRecord};
use model::decision::Choice;
use model::delivery::DeliveryState;
use model::event::{Event, EventKind, Interest, OrderLine};
use model::ids::{CategoryId, CustomerId, DecisionId, DeviceId, MessageId, ProductId, StoreId, VisitId, ZoneId};
use model::outcome::{Outcome, OutcomeKind};
use model::preferences::Preferences;
use model::presence::{Presence, PresenceKind, PresenceReason};
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::units::{Cents, Probability};

/// What one active customer may take.
const BYTES_MAX: usize = 2_048;
const CUSTOMERS: u128 = 200;
const PRODUCTS: usize = 10;
const DAYS: i64 = 3;
/// Monday 9 March 2026, 9:00 in Rome.
const MONDAY: Timestamp = Timestamp(1_773_043_200_000);

#[test]
fn an_active_customer_takes_at_most_2_kb() {
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(plan(), MONDAY);
    // What all customers share grows with the first.
    live(&mut core, 0..1);
    core.take_changed();
    core.handle(Input::Forget { customer: customer(0) }, MONDAY);
    drain(&mut core);
    let (mut sizes, mut told) = (Vec::with_capacity(CUSTOMERS as usize), 0);
    let counted = allocation_counter::measure(|| {
        told = live(&mut core, 1..1 + CUSTOMERS);
        let saved = core.take_changed();
        sizes.extend(saved.iter().map(|(_, packed)| packed.as_ref().map_or(0, |packed| packed.as_bytes().len())));
    });
    let in_memory = usize::try_from(counted.bytes_current).expect("more than before") / sizes.len();
    let (mean, most) = (sizes.iter().sum::<usize>() / sizes.len(), sizes.iter().max().copied().unwrap_or_default());
    println!(
        "{in_memory} bytes in memory, {mean} as stored, {most} at most; {told} offers told to {CUSTOMERS} customers"
    );
    assert_eq!(sizes.len() as u128, CUSTOMERS, "everybody is active");
    assert!(told as u128 >= 4 * CUSTOMERS, "they are told something: {told}");
    assert!(in_memory <= BYTES_MAX, "{in_memory} bytes in memory");
    assert!(most <= BYTES_MAX, "{most} bytes in the database");
}

fn store() -> StoreId {
    StoreId::new("rome-prati").expect("a slug")
}

fn product(n: usize) -> ProductId {
    ProductId::new(&format!("8001234567{:03}", n % PRODUCTS)).expect("a reference")
}

fn customer(n: u128) -> CustomerId {
    CustomerId::new(&format!("customer-{n:08}")).expect("a reference")
}

/// An id as random as ids are.
fn id(parts: [u128; 2]) -> u128 {
    let mixed = (parts[0] << 32 ^ parts[1]).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    mixed ^ mixed >> 59
}

/// Lets everybody live their three days, hour by hour; gives how many offers they were told.
fn live(core: &mut Core, who: std::ops::Range<u128>) -> usize {
    let mut told = 0;
    for n in who.clone() {
        arrive(core, n);
    }
    for day in 0..DAYS {
        for event in 0..13 {
            let at = MONDAY + Millis::hours(24 * day) + Millis::minutes(7 * event);
            who.clone().for_each(|n| look(core, n, usize::try_from(13 * day + event).expect("small"), at));
        }
        if day + 1 < DAYS {
            let at = MONDAY + Millis::hours(24 * day + 4);
            for n in who.clone() {
                told += ask(core, n, day, at - Millis::hours(1));
                buy(core, n, at);
            }
        }
    }
    for zone in 0..5 {
        let at = MONDAY + Millis::hours(24 * DAYS) + Millis::minutes(9 * zone);
        who.clone().for_each(|n| told += stand(core, n, usize::try_from(zone).expect("small"), at));
    }
    told
}

fn arrive(core: &mut Core, n: u128) {
    let consent = Consent { locating: true, profiling: true, marketing_push: true };
    let record = ConsentRecord { consent, at: MONDAY, text_version: "2026-03".into(), channel: "app".into() };
    core.handle(Input::Load { customer: customer(n), state: None }, MONDAY);
    core.handle(Input::Consent { customer: customer(n), record }, MONDAY);
    for device in 0..3 {
        core.handle(Input::Link { device: DeviceId(id([n, device])), customer: customer(n) }, MONDAY);
    }
    let muted = CategoryId::new("tobacco").expect("a reference");
    let wishes = Preferences { mute_categories: [muted].into(), quiet: None, ..Preferences::default() };
    event(core, n, "wishes", EventKind::Preferences(wishes), MONDAY);
    for other in 0..8 {
        let at = MONDAY + Millis::minutes(other);
        event(core, n, &format!("newsletter-{other}"), EventKind::Contacted { channel: "email".into() }, at);
    }
}

fn event(core: &mut Core, n: u128, name: &str, what: EventKind, at: Timestamp) {
    let id = MessageId::new(&format!("ajs-next-{n}-{name}-f81d4fae7dec")).expect("a reference");
    core.handle(Input::Event { customer: customer(n), event: Event { id, at, what } }, at);
    drain(core);
}

fn look(core: &mut Core, n: u128, number: usize, at: Timestamp) {
    let interest = match number % 8 {
        0 => Interest::Listed,
        1 => Interest::Added,
        2 => Interest::Wished,
        _ => Interest::Viewed,
    };
    let of = (number * 3 + usize::try_from(n % 7).expect("small")) % PRODUCTS;
    let what =
        EventKind::Interest { interest, product: Some(product(of)), category: None, probability: Probability::ONE };
    event(core, n, &format!("event-{number}"), what, at);
}

/// Looks at the offers in the app.
fn ask(core: &mut Core, n: u128, day: i64, at: Timestamp) -> usize {
    let number = u128::try_from(day).expect("small");
    let ask = Ask { count: 4, ..Ask::new(DecisionId(id([n, 2_000 + number])), store()) };
    core.handle(Input::Ask { customer: customer(n), ask }, at);
    let decided = std::iter::from_fn(|| core.poll_command());
    let offers =
        decided.filter_map(|command| if let Command::Decided(decision) = command { Some(decision) } else { None });
    let told: Vec<DecisionId> =
        offers.filter(|decision| matches!(decision.choice, Choice::Offer { .. })).map(|decision| decision.id).collect();
    told.iter().for_each(|decision| answer(core, n, *decision, decision.0.is_multiple_of(2), at));
    told.len()
}

/// Comes to a shelf with the phone, stays there and goes on to the next; takes every other offer.
fn stand(core: &mut Core, n: u128, zone: usize, at: Timestamp) -> usize {
    let mut told = 0;
    let all = [(PresenceKind::Entered, 0), (PresenceKind::Dwelling, 9), (PresenceKind::Left, 500)];
    // They are still at the last one.
    for (kind, after) in all.into_iter().take(if zone < 4 { 3 } else { 2 }) {
        {
            let now = at + Millis::seconds(after);
            let presence = Presence {
                store: store(),
                subject: Subject::Device(DeviceId(id([n, 0]))),
                zone: ZoneId::new(&format!("shelf-{}", (zone * 2) % PRODUCTS)).expect("a slug"),
                kind,
                at: now,
                since: at,
                probability: Probability::clamped(0.931_7),
                visit: VisitId(id([n, 1_000])),
                reason: PresenceReason::default(),
            };
            core.handle(Input::Presence { customer: customer(n), presence }, now);
            for (decision, index) in drain(core).into_iter().zip(0..) {
                told += 1;
                answer(core, n, decision, (index + zone).is_multiple_of(2), now);
            }
        }
    }
    told
}

fn answer(core: &mut Core, n: u128, decision: DecisionId, takes: bool, at: Timestamp) {
    core.handle(Input::Delivery { customer: customer(n), decision, state: DeliveryState::Sent }, at);
    let kinds = if takes { [OutcomeKind::Opened, OutcomeKind::Redeemed].as_slice() } else { &[OutcomeKind::Delivered] };
    for kind in kinds {
        let outcome = Outcome { decision, kind: *kind, at };
        core.handle(Input::Outcome { customer: customer(n), outcome }, at);
    }
    drain(core);
}

fn buy(core: &mut Core, n: u128, at: Timestamp) {
    let line = |of| OrderLine { product: product(of), quantity: 1, price: Some(Cents(2_700)) };
    let first = usize::try_from(n % 5).expect("small");
    let order = Some(format!("order-{n}-{}", at.0));
    let name = format!("order-{}", at.0);
    event(core, n, &name, EventKind::Purchased { order, lines: vec![line(first), line(first + 3)] }, at);
}

/// Takes what the core wants done, and gives the decisions that are to be told.
fn drain(core: &mut Core) -> Vec<DecisionId> {
    let commands = std::iter::from_fn(|| core.poll_command());
    commands
        .filter_map(|command| if let Command::Deliver(told) = command { Some(told.decision) } else { None })
        .collect()
}

fn plan() -> Input {
    let feature = |properties: &str, [left, right]: [usize; 2]| {
        format!(
            r#"{{"type":"Feature","properties":{{{properties}}},"geometry":{{"type":"Polygon","coordinates":[[[{left},0],[{right},0],[{right},1],[{left},1],[{left},0]]]}}}}"#
        )
    };
    let mut features = vec![feature(r#""feature":"floor","id":"ground""#, [0, PRODUCTS])];
    let mut shop = "[store]\nid = \"rome-prati\"\nname = \"Rome\"\ntimezone = \"Europe/Rome\"\nholdout = 0.0\n\
                    pause_s = 0\ncap = { times = 5, hours = 24 }\n"
        .to_owned();
    for n in 0..PRODUCTS {
        features.push(feature(
            &format!(r#""feature":"zone","id":"shelf-{n}","floor":"ground","kind":"shelf""#),
            [n, n + 1],
        ));
        let (id, group) = (product(n), n % 4);
        let _ = write!(
            shop,
            "[[product]]\nid = \"{id}\"\nname = \"P\"\ncategory = \"category-{group}\"\nbrand = \"brand-{group}\"\n\
             price = 3000\nmargin = 1500\nzone = \"shelf-{n}\"\n[[offer]]\nid = \"spring-offer-{n}\"\nproduct = \"{id}\"\n\
             discount = 300\n[offer.content.en]\ntitle = \"T\"\nbody = \"\"\n"
        );
    }
    let floor = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    Input::Plan(PlanFiles::parse(&shop, &floor).unwrap_or_else(|errors| panic!("{errors:?}")))
}

//! What is shown of a shop, and when it goes.

use model::floor::Point;
use model::fusion::Occupancy;
use model::ids::{BootId, ReceiverId, SensorId, VisitId, ZoneId};
use model::position::{Patch, Spread};
use model::presence::{PresenceKind, PresenceReason};
use model::reading::ReadingKind;
use model::subject::Pseudonym;
use model::time::Millis;
use model::units::{Metres, Probability};
use wire::state::Liveness;
use wire::uplink::ReceiverHealth;

use super::*;

const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"ground","name":"Ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"door","name":"Door","floor":"ground","kind":"entrance"},"geometry":{"type":"Polygon","coordinates":[[[8,0],[12,0],[12,2],[8,2],[8,0]]]}}
]}"#;
const SHOP: &str = "[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Europe/Rome\"\n\
    [[receiver]]\nid = \"r1\"\nfloor = \"ground\"\nx = 1.0\ny = 2.0\n\
    [[sensor]]\nid = \"d1\"\nkind = \"counter-delta\"\nzone = \"door\"\n";
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn store() -> StoreId {
    StoreId::new("s").expect("an id")
}

fn live() -> Live {
    let live = Live::default();
    live.put_plan(&Arc::new(Shop::parse(SHOP, FLOOR).expect("a shop")));
    live
}

fn now(live: &Live, at: Timestamp) -> Now {
    live.snapshot(&store(), at).expect("a shop")
}

fn position(subject: Subject) -> LiveEvent {
    let position = Position {
        subject,
        at: NOW,
        floor: model::ids::FloorId::new("ground").expect("an id"),
        point: Point { x: 9.0, y: 1.0 },
        uncertainty: Metres(1.0),
        spread: Spread { xx: 0.5, xy: 0.0, yy: 0.5 },
        zone: Some(ZoneId::new("door").expect("an id")),
        cloud: Vec::new(),
        zones: vec![(ZoneId::new("door").expect("an id"), Probability::clamped(0.8))],
    };
    LiveEvent::Position { store: store(), position: Arc::new(position) }
}

fn presence(subject: Subject, kind: PresenceKind) -> Presence {
    Presence {
        store: store(),
        subject,
        zone: ZoneId::new("door").expect("an id"),
        kind,
        at: NOW,
        since: NOW,
        probability: Probability::ONE,
        visit: VisitId(1),
        reason: PresenceReason::default(),
    }
}

#[test]
fn people_are_counted_per_zone_and_go_when_they_leave() {
    let live = live();
    let who = Subject::Anonymous(Pseudonym(7));
    live.apply(&[presence(who.clone(), PresenceKind::Entered)], &[], vec![position(who.clone())], NOW);
    let seen = now(&live, NOW);
    assert_eq!((seen.people.total, seen.people.anonymous, seen.zones[0].people.total), (1, 1, 1));
    assert_eq!((seen.dots.len(), seen.dots[0].kind), (1, "anonymous"));

    let quiet = LiveEvent::Quiet { store: store(), subject: who.clone() };
    live.apply(&[], &[], vec![quiet], NOW);
    let silent = now(&live, NOW);
    assert_eq!((silent.people.total, silent.zones[0].people.total, silent.dots.len()), (1, 1, 0), "quiet is not left");
    live.apply(&[presence(who, PresenceKind::Left)], &[], vec![], NOW);
    let later = now(&live, NOW + Millis::minutes(2));
    assert_eq!((later.people.total, later.zones[0].people.total, later.dots.len()), (0, 0, 0));
}

#[test]
fn people_are_expected_where_nobody_is_heard() {
    let live = live();
    let door = ZoneId::new("door").expect("an id");
    for (zone, people) in [(Some(door), 2.5), (None, 7.0)] {
        let occupancy = Occupancy { zone, at: NOW, people, sources: Vec::new() };
        live.apply(&[], &[], vec![LiveEvent::Occupancy { store: store(), occupancy }], NOW);
    }
    let seen = now(&live, NOW);
    assert_eq!((seen.people.total, seen.estimated, seen.zones[0].estimated), (0, 7.0, 2.5));
}

#[test]
fn who_is_forgotten_is_gone_at_once() {
    let live = live();
    let who = Subject::Device(model::ids::DeviceId(1));
    live.apply(&[presence(who.clone(), PresenceKind::Entered)], &[], vec![position(who.clone())], NOW);
    live.forget(&who);
    assert_eq!(now(&live, NOW).people.total, 0);
}

#[test]
fn the_door_counts_its_own_day_only() {
    let live = live();
    let crossing = |at| {
        let sensor = SensorId::new("d1").expect("an id");
        (store(), Reading { sensor, at, kind: ReadingKind::Crossing { entered: 2, left: 1 } })
    };
    live.apply(&[], &[crossing(NOW), crossing(NOW)], vec![], NOW);
    assert_eq!(now(&live, NOW).door, Door { entered: 4, left: 2 });
    assert_eq!(now(&live, NOW + Millis::hours(24)).door, Door::default(), "a new day");
    live.apply(&[], &[crossing(NOW + Millis::hours(24))], vec![], NOW);
    assert_eq!(now(&live, NOW + Millis::hours(24)).door, Door { entered: 2, left: 1 });
}

#[test]
fn receivers_fall_silent_and_go_with_their_gateway() {
    let live = live();
    let gateway = GatewayId::new("g").expect("an id");
    assert_eq!(now(&live, NOW).receivers[0].state, State::Unknown);
    let receiver = ReceiverHealth::new(ReceiverId::new("r1").expect("an id"), NOW, 1);
    let health = Health { receivers: vec![receiver], spool_batches: 3, ..Health::default() };
    live.heard(&gateway, Some(&health), &[], NOW);
    let seen = now(&live, NOW);
    assert_eq!((seen.receivers[0].state, seen.gateways[0].state), (State::Online, State::Online));
    assert_eq!(seen.gateways[0].spool_batches, 3);
    assert_eq!(now(&live, NOW + Millis::minutes(2)).receivers[0].state, State::Silent);

    let state = |boot, state| wire::state::State::new(BootId(boot), state, "1".into(), NOW);
    live.gateway_state(&gateway, &state(2, Liveness::Online), NOW);
    live.gateway_state(&gateway, &state(1, Liveness::Offline), NOW);
    assert_eq!(now(&live, NOW).gateways[0].state, State::Online, "a late will of an older run");
    live.gateway_state(&gateway, &state(2, Liveness::Offline), NOW);
    assert_eq!(now(&live, NOW).receivers[0].state, State::Offline);
}

#[test]
fn a_receiver_whose_will_was_read_is_offline_and_one_that_is_there_and_hears_nothing_is_silent() {
    let live = live();
    let gateway = GatewayId::new("g").expect("an id");
    let told = |there, last_heard| {
        let known = ReceiverHealth::new(ReceiverId::new("r1").expect("an id"), last_heard, 1);
        let health = Health { receivers: vec![ReceiverHealth { there, ..known }], ..Health::default() };
        live.heard(&gateway, Some(&health), &[], NOW + Millis::minutes(2));
        now(&live, NOW + Millis::minutes(2)).receivers[0].state
    };
    assert_eq!(told(Some(false), Timestamp(0)), State::Offline, "it was never heard");
    assert_eq!(told(Some(true), NOW), State::Silent, "its radio, and not its line");
    assert_eq!(told(Some(false), NOW), State::Offline);
    assert_eq!(told(None, NOW), State::Silent, "it does not say");
}

#[test]
fn a_will_keeps_what_the_birth_said_and_who_goes_on_speaking_is_there() {
    let live = live();
    let gateway = GatewayId::new("g").expect("an id");
    let will = wire::state::State::new(BootId(1), Liveness::Offline, "1".into(), NOW);
    let mut birth = wire::state::State { state: Liveness::Online, settings: Some(3), ..will.clone() };
    (birth.adapters, birth.capabilities) = (vec!["hci0".into()], vec!["settings".into()]);
    live.gateway_state(&gateway, &birth, NOW);
    live.gateway_state(&gateway, &will, NOW);
    let seen = live.fleet(NOW).gateways.remove(&gateway).expect("a gateway");
    let known = seen.birth.expect("a birth");
    assert_eq!((known.settings, known.adapters, known.capabilities), (Some(3), birth.adapters, birth.capabilities));
    let state = |at| now(&live, at).gateways[0].state;
    live.heard(&gateway, Some(&Health::default()), &[], NOW + Millis::seconds(1));
    assert_eq!(state(NOW + Millis::seconds(1)), State::Offline, "said before it went, and taken late");
    live.heard(&gateway, Some(&Health::default()), &[], NOW + Millis::seconds(10));
    assert_eq!(state(NOW + Millis::seconds(10)), State::Online, "the will of a line that broke came late");
    assert_eq!(state(NOW + Millis::minutes(2)), State::Silent);
}

#[test]
fn a_receiver_that_is_not_well_says_how_and_since_when() {
    let live = live();
    let id = ReceiverId::new("r1").expect("an id");
    let told = |at| {
        let receiver = now(&live, at).receivers.remove(0);
        (receiver.condition, receiver.condition_since)
    };
    assert_eq!(told(NOW), ("well", None));
    let ill = |condition| BTreeMap::from([(id.clone(), condition)]);
    live.put_ill(&store(), &ill(Condition::Doubtful), NOW);
    live.put_ill(&store(), &ill(Condition::Doubtful), NOW + Millis::minutes(1));
    assert_eq!(told(NOW), ("doubtful", Some(NOW)), "since it began, not since it was last said");
    for (condition, name) in [(Condition::Moved, "moved"), (Condition::Silent, "dead")] {
        live.put_ill(&store(), &ill(condition), NOW + Millis::minutes(2));
        assert_eq!(told(NOW), (name, Some(NOW + Millis::minutes(2))));
    }
    live.put_ill(&store(), &BTreeMap::new(), NOW + Millis::minutes(3));
    assert_eq!(told(NOW), ("well", None));
}

#[test]
fn a_page_is_told_what_positions_rest_on() {
    let live = live();
    assert_eq!(now(&live, NOW).source, None, "nothing was placed yet");
    for source in [Source::Plan, Source::Traffic, Source::Survey] {
        live.put_source(&store(), Some(source));
        assert_eq!(now(&live, NOW).source, Some(source));
    }
}

const PRIVATE: &str = r#",{"type":"Feature","properties":{"feature":"zone","id":"care","name":"Care","floor":"ground","kind":"private"},"geometry":{"type":"Polygon","coordinates":[[[12,20],[18,20],[18,28],[12,28],[12,20]]]}}
]}"#;

/// Believed at the door for the most part, and a little in the private zone.
fn torn(subject: Subject, at: Timestamp) -> Position {
    let patch = |x, y, p| Patch { point: Point { x, y }, side: Metres(1.0), probability: Probability::clamped(p) };
    let zone = |id, p| (ZoneId::new(id).expect("an id"), Probability::clamped(p));
    let LiveEvent::Position { position, .. } = position(subject) else { panic!("a position") };
    Position {
        at,
        point: Point { x: 9.123_456, y: 1.0 },
        cloud: vec![patch(9.5, 0.5, 0.812_345), patch(13.5, 21.5, 0.1)],
        zones: vec![zone("floor-wide", 0.95), zone("door", 0.8), zone("till", 0.1)],
        ..position.as_ref().clone()
    }
}

fn tell(live: &Live, position: Position) {
    let now = position.at;
    live.apply(&[], &[], vec![LiveEvent::Position { store: store(), position: Arc::new(position) }], now);
}

#[test]
fn a_dot_is_a_belief_with_its_cloud_and_its_rival() {
    let live = live();
    let who = Subject::Anonymous(Pseudonym(7));
    tell(&live, torn(who.clone(), NOW));
    let dot = now(&live, NOW).dots.remove(0);
    assert_eq!((dot.x, dot.probability), (9.12, 0.8), "rounded");
    assert_eq!(dot.cloud, Some(vec![[9.5, 0.5, 1.0, 0.812], [13.5, 21.5, 1.0, 0.1]]));
    assert_eq!(dot.runner_up, Some((ZoneId::new("till").expect("an id"), 0.1)), "a zone around it is no rival");
    assert_eq!(Dot::moved(&torn(who, NOW)).cloud, None, "it comes with the whole picture");
    let lost = Position { zone: None, ..torn(Subject::Anonymous(Pseudonym(8)), NOW) };
    assert_eq!(Dot::moved(&lost).runner_up.map(|(_, p)| p), Some(0.95), "any zone is a rival of none");
}

#[test]
fn nothing_of_a_private_zone_is_drawn_of_who_is_known() {
    let live = Live::default();
    let floor = FLOOR.trim_end().trim_end_matches("]}").trim_end().to_owned() + PRIVATE;
    live.put_plan(&Arc::new(Shop::parse(SHOP, &floor).expect("a shop")));
    let known = Subject::Device(model::ids::DeviceId(1));
    for at in [NOW, NOW + Millis::seconds(1)] {
        tell(&live, torn(known.clone(), at));
    }
    let dot = now(&live, NOW).dots.remove(0);
    assert_eq!(dot.cloud.map(|cloud| cloud.len()), Some(1), "the patch in the private zone is left out");
    let heat = live.take_heat(NOW);
    let seconds: f64 = heat.iter().flat_map(|(_, hours)| hours).flat_map(|hour| hour.cells.values()).sum();
    assert!((0.88..0.9).contains(&seconds), "{seconds}: so is its share of the time");

    for who in 0..6 {
        let inside = Position { point: Point { x: 15.0, y: 22.0 }, ..torn(Subject::Anonymous(Pseudonym(who)), NOW) };
        tell(&live, inside);
    }
    let frame = live.frames(NOW).remove(0).1.frames.remove(0);
    assert_eq!((frame.people, frame.marks.len()), ([1, 0, 6], 1), "nor does the replay keep a place in it");
}

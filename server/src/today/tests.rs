use model::delivery::DeliveryState;
use model::ids::{DecisionId, DeviceId, OfferId, StoreId, TagId};
use model::outcome::OutcomeKind;
use model::presence::PresenceKind;
use model::time::Millis;

use super::*;
use crate::testing::shop;

fn rome() -> TimeZone {
    zone_of(&shop())
}

fn day() -> Date {
    jiff::civil::date(2026, 11, 20)
}

/// A moment of the day, by the store's clock.
fn at(hour: i64, minute: i64, second: i64) -> Timestamp {
    bounds(day(), &rome()).expect("a day").0 + Millis::seconds(hour * 3_600 + minute * 60 + second)
}

fn device(number: u128) -> Option<Subject> {
    Some(Subject::Device(DeviceId(number)))
}

fn tag(id: &str) -> Option<Subject> {
    Some(Subject::Tag(TagId::new(id).expect("an id")))
}

fn visit(number: u128, who: Option<Subject>, started: Timestamp, seconds: i64, over: bool) -> (Option<Subject>, Visit) {
    let last_heard = started + Millis::seconds(seconds);
    let visit = Visit {
        id: VisitId(number),
        store: StoreId::new("milano").expect("an id"),
        subject: who.clone().unwrap_or(Subject::Anonymous(model::subject::Pseudonym(0))),
        started,
        last_heard,
        ended: over.then_some(last_heard),
        sightings: 100,
    };
    (who, visit)
}

fn stay(number: u128, who: Option<Subject>, zone: &str, since: Timestamp, seconds: i64) -> PresenceRow {
    let left = since + Millis::seconds(seconds);
    PresenceRow {
        store: StoreId::new("milano").expect("an id"),
        subject: who,
        zone: ZoneId::new(zone).expect("an id"),
        visit: VisitId(number),
        since,
        dwelling_at: None,
        left_at: Some(left),
        kind: PresenceKind::Left,
        at: left,
    }
}

fn crossing(sensor: &str, at: Timestamp, entered: u32, left: u32) -> Reading {
    let sensor = SensorId::new(sensor).expect("an id");
    Reading { sensor, at, kind: ReadingKind::Crossing { entered, left } }
}

fn count(quarter: Timestamp, zone: Option<&str>, kind: CountKind, n: u64) -> Count {
    Count { quarter, zone: zone.map(|zone| ZoneId::new(zone).expect("an id")), kind, n }
}

fn fact(number: u128, offer: bool, code: Option<&str>, holdout: bool, delivery: Option<DeliveryState>) -> DecisionFact {
    DecisionFact {
        id: DecisionId(number),
        at: at(10, 0, 0),
        zone: ZoneId::new("games").expect("an id"),
        offer: offer.then(|| OfferId::new("monopoly").expect("an id")),
        code: code.map(str::to_owned),
        holdout,
        delivery,
    }
}

fn outcome(number: u128, kind: OutcomeKind) -> Outcome {
    Outcome { decision: DecisionId(number), kind, at: at(10, 1, 0) }
}

/// Ten shoppers of 100 to 1,000 s, one too short, one going on, a cart, a badge of staff, and an erased one.
fn rows() -> Rows {
    let mut visits: Vec<_> = (1..=10_u8)
        .map(|n| visit(n.into(), device(n.into()), at(9, i64::from(n), 0), i64::from(n) * 100, true))
        .collect();
    visits.push(visit(11, device(1), at(12, 0, 0), 30, true));
    visits.push(visit(12, device(12), at(13, 0, 0), 300, false));
    visits.push(visit(13, tag("badge-1"), at(8, 0, 0), 20_000, true));
    visits.push(visit(14, None, at(13, 30, 0), 550, true));
    let mut presences: Vec<_> =
        (1..=10_u8).map(|n| stay(n.into(), device(n.into()), "games", at(9, 30, 0), i64::from(n) * 6)).collect();
    // The first came back: its two stays are one visit's time.
    presences.push(stay(1, device(1), "games", at(9, 40, 0), 60));
    presences.push(stay(2, device(2), "wine", at(9, 45, 0), 31));
    presences.push(stay(13, tag("badge-1"), "games", at(8, 0, 0), 9_000));
    Rows {
        visits,
        presences,
        readings: vec![
            crossing("door-1", at(9, 0, 1), 3, 0),
            crossing("door-1", at(13, 59, 59), 2, 4),
            crossing("wine-count", at(13, 0, 0), 50, 50),
        ],
        counts: vec![
            count(at(9, 15, 0), None, CountKind::Visited, 7),
            count(at(9, 15, 0), Some("games"), CountKind::Entered, 5),
            count(at(9, 15, 0), Some("games"), CountKind::Dwelt, 2),
        ],
        ..Rows::default()
    }
}

#[test]
fn traffic_is_what_a_pencil_says() {
    let today = figures(&shop(), day(), &rome(), &rows());
    assert_eq!(today.date, "2026-11-20");
    assert_eq!(today.footfall, Footfall { entered: 5, left: 4 });
    // Ten, the one going on, the erased one, and seven without a name; not the short one, not staff.
    assert_eq!(today.visits, Visits { counted: 19, open: 1 });
    // Ten and the one going on; the erased one is nobody.
    assert_eq!(today.unique_visitors, 11);
    // 100, 200 .. 1,000 and 550: the middle one of eleven is 550; the quarters lie between 300 and 400, 700 and 800.
    let dwell = Dwell { median: Some(550.0), p25: Some(350.0), p75: Some(750.0) };
    assert_eq!(today.dwell_s, dwell);
    let busy: Vec<_> = today.hourly.iter().filter(|h| h.footfall + h.visits > 0).collect();
    let expect = [Hour { hour: 9, footfall: 3, visits: 17 }, Hour { hour: 13, footfall: 2, visits: 2 }];
    assert_eq!(busy, expect.iter().collect::<Vec<_>>());
    assert_eq!(today.hourly.len(), 24);
}

#[test]
fn zones_are_what_a_pencil_says() {
    let today = figures(&shop(), day(), &rome(), &rows());
    let zone = |id: &str| today.zones.iter().find(|zone| zone.zone.as_str() == id).expect("a zone");
    // Ten stays, one return, five without a name. Times: 66, 12, 18, 24, 30, 36, 42, 48, 54, 60; the middle is 39.
    let games = zone("games");
    assert_eq!((games.entries, games.dwell_median_s, games.engaged), (16, Some(39.0), 7));
    let wine = zone("wine");
    assert_eq!((wine.entries, wine.dwell_median_s, wine.engaged, wine.name.as_str()), (1, None, 1, "Wine"));
    assert_eq!((zone("door").entries, zone("door").engaged), (0, 0));
}

#[test]
fn the_funnel_narrows_and_a_later_step_proves_the_earlier() {
    let sent = Some(DeliveryState::Sent);
    let decisions = vec![
        fact(1, false, Some("cap"), false, None),
        fact(2, false, Some("intent"), false, None),
        fact(3, false, Some("intent"), false, None),
        fact(4, true, None, true, None),
        fact(5, false, Some("holdout"), true, None),
        fact(6, true, None, false, Some(DeliveryState::Withheld)),
        fact(7, true, None, false, sent),
        fact(8, true, None, false, sent),
        fact(9, true, None, false, sent),
        fact(10, true, None, false, Some(DeliveryState::Sending)),
        fact(11, true, None, false, sent),
    ];
    let outcomes = vec![
        outcome(4, OutcomeKind::Purchased),
        outcome(8, OutcomeKind::Delivered),
        outcome(8, OutcomeKind::Dismissed),
        outcome(9, OutcomeKind::Delivered),
        outcome(9, OutcomeKind::Opened),
        outcome(9, OutcomeKind::Visited),
        outcome(9, OutcomeKind::Purchased),
        outcome(10, OutcomeKind::Redeemed),
        outcome(11, OutcomeKind::Visited),
        outcome(6, OutcomeKind::Expired),
    ];
    let today = figures(&shop(), day(), &rome(), &Rows { decisions, outcomes, ..Rows::default() });
    let funnel = today.funnel;
    let expect = Funnel {
        moments: 11,
        decided: 8,
        held: 2,
        sent: 5,
        delivered: 3,
        opened: 2,
        dismissed: 1,
        visited: 2,
        redeemed: 1,
        purchased: 1,
    };
    assert_eq!(funnel, expect);
    let steps =
        [funnel.moments, funnel.decided, funnel.sent, funnel.delivered, funnel.opened, funnel.visited, funnel.redeemed];
    assert!(steps.is_sorted_by(|a, b| a >= b), "{steps:?}");
    let silences: Vec<_> = today.silences.iter().map(|s| (s.code.as_str(), s.count)).collect();
    assert_eq!(silences, [("intent", 2), ("cap", 1), ("holdout", 1)]);
}

#[test]
fn a_small_number_gives_no_median() {
    let mut rows = rows();
    rows.visits.truncate(9);
    rows.presences.truncate(9);
    let today = figures(&shop(), day(), &rome(), &rows);
    assert_eq!(today.dwell_s, Dwell::default());
    assert!(today.zones.iter().all(|zone| zone.dwell_median_s.is_none()));
}

#[test]
fn a_day_has_as_many_hours_as_its_clock_shows() {
    let hours = |month, date| {
        let (from, to) = bounds(jiff::civil::date(2026, month, date), &rome()).expect("a day");
        to.since(from).0 / 3_600_000
    };
    assert_eq!((hours(3, 29), hours(10, 25), hours(11, 20)), (23, 25, 24));
    assert_eq!(day_of(at(23, 59, 59), &rome()), day());
    assert_eq!(day_of(at(24, 0, 0), &rome()), day().tomorrow().expect("a day"));
}

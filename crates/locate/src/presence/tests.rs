use model::floor::Point;
use model::ids::{FloorId, ReceiverId, StoreId, VisitId};
use model::position::Spread;
use model::presence::Witness;
use model::subject::{Pseudonym, Subject};
use model::units::{Dbm, Metres};
use proptest::prelude::*;

use super::*;

const DWELL: Millis = Millis::seconds(8);
const QUIET: Millis = Millis::seconds(3);

fn zone(name: &str) -> ZoneId {
    ZoneId::new(name).expect("a slug")
}

fn estimate(ms: i64, zones: &[(&str, f64)]) -> Estimate {
    Estimate {
        at: Timestamp(ms),
        floor: FloorId::new("g").expect("a slug"),
        point: Point::default(),
        uncertainty: Metres(1.0),
        believed: Vec::new(),
        outside: Probability::ZERO,
        spread: Spread::default(),
        cloud: Vec::new(),
        zones: zones.iter().map(|(name, p)| (zone(name), Probability::clamped(*p))).collect(),
        heard: vec![Witness { receiver: ReceiverId::new("r1").expect("a slug"), rssi: Dbm(-50.0), residual: None }],
    }
}

/// Feeds beliefs half a second apart; each pair of numbers is for the zones `a` and `b`.
fn told(tracker: &mut Tracker, from_ms: i64, beliefs: &[(f64, f64)]) -> Vec<String> {
    let changes = beliefs.iter().enumerate().flat_map(|(n, (a, b))| {
        tracker.see(&estimate(from_ms + 500 * n as i64, &[("a", *a), ("b", *b)]), DWELL, QUIET)
    });
    changes.map(|change| format!("{} {:?} {} {}", change.zone, change.kind, change.at.0, change.reason.rule)).collect()
}

#[test]
fn a_stay_begins_only_when_the_belief_holds_for_a_second() {
    let mut tracker = Tracker::default();
    assert_eq!(told(&mut tracker, 0, &[(0.7, 0.0), (0.9, 0.0), (0.69, 0.0), (0.9, 0.0), (0.9, 0.0)]), [""; 0]);
    assert_eq!(told(&mut tracker, 2_500, &[(0.7, 0.0)]), ["a Entered 2500 enter-probability"]);
    assert_eq!(tracker.inside().collect::<Vec<_>>(), [&zone("a")]);
}

#[test]
fn a_stay_ends_by_a_long_low_belief_and_not_by_a_short_one() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.9, 0.0); 3]);
    assert_eq!(told(&mut tracker, 2_000, &[(0.2, 0.0); 10]), [""; 0]);
    assert_eq!(told(&mut tracker, 7_000, &[(0.6, 0.0)]), [""; 0], "the low spell is over");
    assert_eq!(told(&mut tracker, 8_000, &[(0.3, 0.0); 13]), ["a Left 8000 leave-probability"]);
}

#[test]
fn a_stay_ends_at_once_when_another_begins() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.9, 0.0); 3]);
    let told = told(&mut tracker, 2_000, &[(0.1, 0.9), (0.1, 0.9), (0.1, 0.9)]);
    assert_eq!(told, ["a Left 2000 elsewhere", "b Entered 3000 enter-probability"]);
}

#[test]
fn a_shelf_in_a_department_is_a_stay_of_its_own() {
    let mut tracker = Tracker::default();
    assert_eq!(told(&mut tracker, 0, &[(0.95, 0.2); 3]), ["a Entered 1000 enter-probability"]);
    assert_eq!(told(&mut tracker, 2_000, &[(0.95, 0.8); 3]), ["b Entered 3000 enter-probability"]);
    let leaving = told(&mut tracker, 4_000, &[(0.95, 0.1); 13]);
    assert_eq!(leaving, ["a Dwelling 8000 dwell-time", "b Left 4000 leave-probability"]);
}

#[test]
fn dwelling_waits_for_a_belief_that_may_be_acted_on() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.9, 0.0); 15]);
    assert_eq!(told(&mut tracker, 7_500, &[(0.6, 0.0), (0.69, 0.0), (0.4, 0.0)]), [""; 0]);
    assert_eq!(told(&mut tracker, 9_000, &[(0.7, 0.0), (0.9, 0.0)]), ["a Dwelling 9000 dwell-time"]);
}

#[test]
fn dwelling_is_told_once_a_stay_and_counts_from_its_beginning() {
    let mut tracker = Tracker::default();
    let all = told(&mut tracker, 0, &[(0.9, 0.0); 60]);
    assert_eq!(all, ["a Entered 1000 enter-probability", "a Dwelling 8000 dwell-time"]);
}

#[test]
fn a_silence_ends_nothing_by_itself_and_starts_spells_anew() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.9, 0.0); 3]);
    assert_eq!(told(&mut tracker, 2_000, &[(0.2, 0.9)]), [""; 0]);
    assert_eq!(told(&mut tracker, 60_000, &[(0.2, 0.9)]), [""; 0], "neither a minute low nor a minute high");
    let gone = tracker.silence(Timestamp(60_000), "silence");
    assert_eq!(gone.len(), 1);
    assert_eq!((gone[0].at, gone[0].kind), (Timestamp(60_000), PresenceKind::Left));
    assert_eq!(tracker.inside().count(), 0);
}

#[test]
fn an_old_belief_changes_nothing() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.9, 0.0); 3]);
    assert!(tracker.see(&estimate(500, &[("a", 0.0)]), DWELL, QUIET).is_empty());
}

#[test]
fn a_restored_stay_goes_on_and_dwells_only_if_it_had_not() {
    let presence = |kind| Presence {
        store: StoreId::new("s").expect("a slug"),
        subject: Subject::Anonymous(Pseudonym(1)),
        zone: zone("a"),
        kind,
        at: Timestamp(9_000),
        since: Timestamp(1_000),
        probability: Probability::ONE,
        visit: VisitId(1),
        reason: PresenceReason::default(),
    };
    let mut entered = Tracker::restore(&[presence(PresenceKind::Entered)]);
    assert_eq!(told(&mut entered, 10_000, &[(0.9, 0.0); 3]), ["a Dwelling 10000 dwell-time"]);
    let mut dwelt = Tracker::restore(&[presence(PresenceKind::Dwelling)]);
    assert_eq!(told(&mut dwelt, 10_000, &[(0.9, 0.0); 3]), [""; 0]);
    assert_eq!(Tracker::restore(&[presence(PresenceKind::Left)]).inside().count(), 0);
}

#[test]
fn a_zone_that_is_gone_ends_its_stay() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.9, 0.9); 3]);
    let ended = tracker.keep(Timestamp(5_000), |zone| zone.as_str() == "b");
    assert_eq!(ended.iter().map(|change| change.zone.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(tracker.inside().collect::<Vec<_>>(), [&zone("b")]);
}

#[test]
fn a_change_names_its_receivers_and_the_next_likeliest_zone() {
    let mut tracker = Tracker::default();
    let changes: Vec<Change> = (0..3)
        .flat_map(|n| tracker.see(&estimate(n * 500, &[("a", 0.8), ("b", 0.15), ("c", 0.05)]), DWELL, QUIET))
        .collect();
    assert_eq!(changes[0].reason.runner_up.as_ref().map(|(zone, _)| zone.as_str()), Some("b"));
    assert_eq!(changes[0].reason.heard.len(), 1);
}

#[test]
fn a_silence_is_explained_by_what_was_last_believed() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.8, 0.2); 3]);
    let last = estimate(1_000, &[("a", 0.8), ("b", 0.2)]);
    let gone: Vec<Change> =
        tracker.silence(Timestamp(1_000), "door").into_iter().map(|change| change.explained(&last)).collect();
    let reason = &gone[0].reason;
    assert_eq!((reason.rule.as_str(), reason.heard.len()), ("door", 1));
    assert_eq!(reason.runner_up.as_ref().map(|(zone, _)| zone.as_str()), Some("b"));
}

#[test]
fn a_zone_that_is_not_named_any_more_fades_too() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.9, 0.0); 3]);
    let left: Vec<Change> =
        (3..20).flat_map(|n| tracker.see(&estimate(n * 500, &[("c", 0.2)]), DWELL, QUIET)).collect();
    assert_eq!(left.iter().map(|change| change.zone.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn who_comes_back_at_once_is_believed_later_than_who_comes() {
    let mut tracker = Tracker::default();
    told(&mut tracker, 0, &[(0.9, 0.0); 3]);
    told(&mut tracker, 2_000, &[(0.0, 0.9); 3]);
    let back = told(&mut tracker, 4_000, &[(0.9, 0.0); 8]);
    assert_eq!(back, ["b Left 4000 elsewhere", "a Entered 7000 enter-probability"]);
}

/// Beliefs in `a` and `b` that swing between the two every so many half seconds, with the zones' order of change.
fn swing(every: usize, high: f64, low: f64, count: usize) -> Vec<String> {
    let mut tracker = Tracker::default();
    let beliefs: Vec<(f64, f64)> =
        (0..count).map(|n| if (n / every).is_multiple_of(2) { (high, low) } else { (low, high) }).collect();
    let all = told(&mut tracker, 0, &beliefs);
    all.into_iter().filter(|change| change.contains("Entered")).collect()
}

proptest! {
    #[test]
    fn a_belief_that_swings_makes_at_most_one_change_of_place(
        every in 1_usize..=6,
        high in 0.5_f64..=1.0,
        count in 10_usize..200,
    ) {
        let entered = swing(every, high, 1.0 - high, count);
        prop_assert!(entered.len() <= 2, "one coming and one change: {entered:?}");
        if every < 3 {
            prop_assert!(entered.is_empty(), "it never holds for a second: {entered:?}");
        }
    }

    #[test]
    fn a_belief_within_the_hysteresis_changes_nothing(beliefs in prop::collection::vec(0.31_f64..0.7, 1..100)) {
        let mut tracker = Tracker::default();
        told(&mut tracker, 0, &[(0.9, 0.0); 20]);
        let wavering: Vec<(f64, f64)> = beliefs.iter().map(|p| (*p, 1.0 - p)).map(|(a, b)| (a, b.min(0.69))).collect();
        prop_assert_eq!(told(&mut tracker, 10_000, &wavering), Vec::<String>::new());
    }

    #[test]
    fn stays_are_told_in_order_whatever_is_believed(
        steps in prop::collection::vec((100_i64..4_000, 0.0_f64..=1.0, 0.0_f64..=1.0), 1..200),
    ) {
        let mut tracker = Tracker::default();
        let (mut ms, mut open) = (0, BTreeMap::new());
        for (step, a, b) in steps {
            ms += step;
            for change in tracker.see(&estimate(ms, &[("a", a), ("b", b)]), DWELL, QUIET) {
                prop_assert!(change.since <= change.at && change.at <= Timestamp(ms));
                let before = open.remove(&change.zone);
                match change.kind {
                    PresenceKind::Entered => prop_assert_eq!(before, None),
                    PresenceKind::Dwelling => prop_assert_eq!(before, Some((PresenceKind::Entered, change.since))),
                    PresenceKind::Left => prop_assert_eq!(before.map(|(_, since)| since), Some(change.since)),
                }
                if change.kind != PresenceKind::Left {
                    open.insert(change.zone.clone(), (change.kind, change.since));
                }
            }
        }
        prop_assert_eq!(tracker.inside().cloned().collect::<Vec<_>>(), open.into_keys().collect::<Vec<_>>());
    }
}

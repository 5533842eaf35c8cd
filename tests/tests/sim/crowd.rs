//! A part of the crowd for a few minutes of virtual time: zones, ghosts, and who stays one person when ids rotate.

use std::sync::LazyLock;

use model::time::Millis;
use tests::crowd::{Report, Run};

/// Forty people among metal shelves, whose phones change their address every four minutes, so that all do it within the run.
static CROWD: LazyLock<Report> = LazyLock::new(|| {
    let (warm_up, judged) = (Millis::minutes(1), Millis::minutes(10));
    Run { seed: 3, people: 40, address_s: 240, privacy: "day", warm_up, judged }.play(|_| {})
});

#[test]
fn zones_are_mostly_right_among_metal_shelves() {
    let score = &CROWD.position_top;
    assert!(score.moments > 5_000 && score.stays > 100, "{score:?}");
    assert!(score.right_share() > 0.45, "{} of the moments are right", score.right_share());
    assert!(score.missed_share() < 0.4, "{} of the stays are missed", score.missed_share());
    assert!(score.notice.at(0.5) < 4.0, "{} s until half of the stays are noticed", score.notice.at(0.5));
    assert!(CROWD.error.at(0.5) < 4.5, "{} m", CROWD.error.at(0.5));
}

#[test]
fn who_has_a_name_stays_one_visitor_when_id_and_address_rotate() {
    let named = &CROWD.named;
    assert!(named.changes > 30, "{} changes", named.changes);
    assert_eq!(named.split_at_change, 0, "visits that a new id cut");
    assert!(named.visits > 5, "{} visits", named.visits);
    assert_eq!((named.split, named.joined, named.unseen), (0, 0, 0), "visits cut, joined, never seen");
    assert_eq!(
        (named.doubled, CROWD.unnamed.unknown, CROWD.unnamed.refused),
        (0, 0, 0),
        "twice, without owner, refused"
    );
}

#[test]
fn a_stranger_with_a_new_address_is_a_new_stranger() {
    let strangers = &CROWD.strangers;
    assert!(strangers.changes > 10, "{} changes", strangers.changes);
    assert!(strangers.told > strangers.visits, "{} told of {}", strangers.told, strangers.visits);
    assert_eq!(CROWD.strays, 0, "behind every pseudonym is somebody");
}

#[test]
fn who_has_left_is_gone_within_a_minute() {
    let named = &CROWD.named;
    assert!(named.departures > 5, "{} departures", named.departures);
    assert!(named.lingering.at(0.5) < 20.0, "{} s", named.lingering.at(0.5));
    assert!(named.lingering.at(0.95) < 45.0, "{} s", named.lingering.at(0.95));
    assert!(named.ghost_s * 20 < named.inside_s, "{} ghost seconds of {}", named.ghost_s, named.inside_s);
}

#[test]
fn the_door_counts_everybody() {
    for (truth, counted) in CROWD.footfall {
        assert!(truth > 5);
        assert_eq!(counted, truth);
    }
}

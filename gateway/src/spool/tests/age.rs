//! What is too old: sightings go before readings, and in mode `day` nothing of earlier runs stays beyond its age, however
//! long the box was off.

use std::sync::atomic::Ordering;

use tempfile::TempDir;

use super::*;

const DAY: Millis = Millis::hours(24);
const WEEK: Millis = Millis::hours(7 * 24);

fn day() -> Limits {
    Limits { bytes_max: 1 << 20, age_max: DAY, readings_age_max: WEEK, ..limits() }
}

fn sightings(at: Timestamp) -> Entry {
    Entry { at, sightings: 5, readings: 0, state: None, batch: b"seen ".repeat(9) }
}

fn readings(at: Timestamp) -> Entry {
    Entry { at, sightings: 0, readings: 2, state: Some(b"state".to_vec()), batch: b"read ".repeat(9) }
}

/// An hour of sightings and readings, one each a minute, from a moment on.
fn an_hour<M: Medium>(spool: &mut Spool<M>, from: Timestamp) {
    for minute in 0..60 {
        let at = from + Millis::minutes(minute);
        spool.push(sightings(at));
        spool.push(readings(at));
        spool.commit().expect("a good disk");
    }
}

/// How many batches of sightings are left, and how many of readings.
fn left<M: Medium>(spool: &Spool<M>) -> (usize, usize) {
    let all = all(spool);
    let of = |what: &[u8]| all.values().filter(|batch| batch.starts_with(what)).count();
    (of(b"seen"), of(b"read"))
}

fn lost(batches: u64) -> Dropped {
    Dropped { batches, sightings: 5 * batches, readings: 0 }
}

/// A run whose wall clock stood an hour ahead of its line.
fn an_hour_ahead(_: &[u8]) -> Option<Millis> {
    Some(Millis::hours(1))
}

fn nobody_knows(_: &[u8]) -> Option<Millis> {
    None
}

#[test]
fn sightings_go_at_their_age_and_readings_stay_for_longer() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), day());
    an_hour(&mut spool, NOW);
    spool.enforce(NOW + DAY);
    assert_eq!((left(&spool), spool.standing().too_old), ((60, 60), lost(0)));
    for past in 0..60 {
        let now = NOW + DAY + Millis::minutes(past) + Millis(1);
        spool.enforce(now);
        let oldest = usize::try_from(past).expect("small") + 1;
        let (seen, read) = left(&spool);
        assert!(seen <= 60 - oldest && seen + 15 >= 60 - oldest, "{seen} left {past} minutes past the day");
        assert_eq!((read, spool.standing().too_old), (60, lost(60 - seen as u64)));
    }
    assert_eq!(all(&spool).into_keys().collect::<Vec<_>>(), (1..=120).collect::<Vec<_>>(), "numbers have no gap");
    an_hour(&mut spool, NOW + WEEK);
    spool.enforce(NOW + WEEK + Millis::hours(1));
    let (seen, read) = left(&spool);
    assert!(
        seen == 60 && (60..80).contains(&read),
        "{seen} and {read}: readings go too, with the file that they stand in"
    );
    assert_eq!(spool.standing().over_bounds, Dropped::default(), "there was room for all of it");
}

#[test]
fn what_is_too_old_by_a_line_that_begins_in_1970_goes_as_well() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), day());
    an_hour(&mut spool, Timestamp(5_000));
    spool.enforce(Timestamp(5_000) + DAY + Millis::hours(1));
    assert_eq!(left(&spool), (0, 60));
}

#[test]
fn a_box_that_was_off_keeps_of_a_day_what_is_of_the_last_day() {
    // The run before began at `NOW` by its line, which was an hour behind the wall; the line of now is two hours behind.
    let since = |minutes: i64| NOW - Millis::hours(1) + Millis::minutes(minutes);
    let (of_a_day, of_a_week) = (24 * 60, 7 * 24 * 60);
    for (off, seen) in [(120, 60), (of_a_day + 30, 30), (of_a_day + 60, 0), (of_a_week, 0)] {
        let folder = TempDir::new().expect("a folder");
        let (mut spool, _) = open(folder.path(), day());
        an_hour(&mut spool, NOW);
        drop(spool);
        let (mut spool, recovery) = open(folder.path(), day());
        spool.date(Past { drift: Some(Millis::hours(2)), drift_of: an_hour_ahead });
        spool.enforce(since(off));
        let (kept, read) = left(&spool);
        assert!(kept <= seen && kept + 16 >= seen, "{kept} after {off} minutes");
        assert_eq!((read, recovery.state.as_deref()), (60, Some(b"state".as_slice())));
        assert_eq!(spool.standing().too_old, lost(60 - kept as u64));
        // Time goes on, and the rest goes at its own age, not a day after the start.
        spool.enforce(since(off.max(of_a_day + 60)));
        assert_eq!(left(&spool), (0, 60));
        drop(spool);
        let (spool, recovery) = open(folder.path(), day());
        assert_eq!((left(&spool), recovery.state.as_deref()), ((0, 60), Some(b"state".as_slice())));
        assert_eq!(spool.standing().last, 120);
    }
}

#[test]
fn what_nobody_can_date_does_not_stay() {
    let ahead = Some(Millis::ZERO);
    for (drift, drift_of, now) in [
        (None, an_hour_ahead as fn(&[u8]) -> Option<Millis>, NOW),
        (ahead, nobody_knows, NOW + Millis::hours(1)),
        // By what is known it was made tomorrow.
        (ahead, an_hour_ahead, NOW - DAY),
    ] {
        let folder = TempDir::new().expect("a folder");
        let (mut spool, _) = open(folder.path(), day());
        an_hour(&mut spool, NOW);
        drop(spool);
        let (mut spool, _) = open(folder.path(), day());
        spool.date(Past { drift, drift_of });
        spool.enforce(now);
        assert_eq!((left(&spool), spool.standing().too_old), ((0, 60), lost(60)));
        // What this run hears is its own.
        an_hour(&mut spool, now);
        spool.enforce(now + Millis::hours(1));
        assert_eq!(left(&spool), (60, 120));
    }
}

#[test]
fn a_disk_without_room_makes_no_pseudonym_last() {
    let folder = TempDir::new().expect("a folder");
    let medium = Dying::new(folder.path(), u64::MAX);
    let (mut spool, _) = Spool::open(medium.clone(), day(), ID).expect("opens");
    an_hour(&mut spool, NOW);
    drop(spool);
    let (mut spool, _) = Spool::open(medium.clone(), day(), ID).expect("opens");
    medium.bytes_left.store(0, Ordering::SeqCst);
    spool.date(Past { drift: Some(Millis::ZERO), drift_of: an_hour_ahead });
    spool.enforce(NOW + WEEK);
    let files = spool.segments.len();
    assert_eq!(files, 1, "only the last file stays, for the id and the meters");
    medium.bytes_left.store(u64::MAX, Ordering::SeqCst);
    spool.enforce(NOW + WEEK);
    assert_eq!(left(&spool).0, 0, "and it is thinned once there is room");
}

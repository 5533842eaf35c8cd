//! A full spool: sightings go before readings, every item is counted, and what is left can be read after any end.

use std::sync::atomic::Ordering;

use tempfile::TempDir;

use super::*;

/// Every third entry is a sensor's, the others hold sightings alone.
fn mixed(n: u64) -> Entry {
    let batch = format!("batch {n} ").into_bytes().repeat(12);
    if n.is_multiple_of(3) {
        Entry { at: NOW, sightings: 0, readings: 2, state: Some(format!("state {n}").into_bytes()), batch }
    } else {
        Entry { at: NOW, sightings: 5, readings: 0, state: None, batch }
    }
}

fn small() -> Limits {
    Limits { bytes_max: 16 * 1024, ..limits() }
}

fn fill<M: Medium>(spool: &mut Spool<M>, numbers: std::ops::RangeInclusive<u64>) {
    for n in numbers {
        spool.push(mixed(n));
        spool.commit().expect("a good disk");
        spool.enforce(NOW);
    }
}

/// Numbers of what is left whole.
fn left<M: Medium>(spool: &Spool<M>) -> Vec<u64> {
    all(spool).into_iter().filter(|(_, batch)| !batch.is_empty()).map(|(seq, _)| seq).collect()
}

#[test]
fn sightings_go_before_readings_from_the_oldest_on_and_each_is_counted() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), small());
    fill(&mut spool, 1..=150);
    let standing = spool.standing();
    let left = left(&spool);
    let readings: Vec<u64> = left.iter().copied().filter(|n| n.is_multiple_of(3)).collect();
    assert_eq!(readings, (1..=50).map(|n| n * 3).collect::<Vec<_>>(), "no reading went");
    let sightings = (left.len() - readings.len()) as u64;
    assert!(sightings > 10, "the newest sightings stay");
    assert!(left.iter().rev().take(20).eq((131..=150).rev().collect::<Vec<_>>().iter()), "the oldest went");
    assert_eq!(
        standing.over_bounds,
        Dropped { batches: 100 - sightings, sightings: 5 * (100 - sightings), readings: 0 }
    );
    assert!(standing.is_full && standing.bytes <= small().bytes_max + 2 * small().segment_bytes);
    assert_eq!((standing.oldest, standing.last), (1, 150), "numbers have no gap");

    drop(spool);
    let (spool, recovery) = open(folder.path(), small());
    assert_eq!(super::thin::left(&spool), left);
    assert_eq!(recovery, Recovery { state: Some(b"state 150".to_vec()), bytes_cut: 0 });
}

#[test]
fn when_only_readings_are_left_the_oldest_of_them_go_and_are_counted() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), small());
    fill(&mut spool, 1..=1_000);
    let standing = spool.standing();
    let left = left(&spool);
    let (readings, sightings) = left.iter().fold((0, 0), |(readings, sightings), n| match n % 3 {
        0 => (readings + 2, sightings),
        _ => (readings, sightings + 5),
    });
    let lost = standing.over_bounds;
    assert_eq!((lost.readings + readings, lost.sightings + sightings), (2 * 333, 5 * 667));
    assert!(lost.readings > 0 && standing.bytes <= small().bytes_max + 2 * small().segment_bytes);
    let first = left.iter().find(|n| n.is_multiple_of(3)).copied().expect("a reading");
    assert!((first..=1_000).filter(|n| n.is_multiple_of(3)).all(|n| left.contains(&n)), "the newest readings stay");
}

#[test]
fn what_was_acknowledged_above_the_backlog_is_not_counted_as_lost() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), small());
    fill(&mut spool, 1..=20);
    spool.acked(0, Some((1, 20)));
    fill(&mut spool, 21..=120);
    let lost = spool.standing().over_bounds;
    let gone = (21..=120u64).filter(|n| !n.is_multiple_of(3) && !left(&spool).contains(n)).count() as u64;
    assert_eq!(lost, Dropped { batches: gone, sightings: 5 * gone, readings: 0 });
}

#[test]
fn full_is_said_until_a_quarter_is_free_again() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), small());
    fill(&mut spool, 1..=60);
    assert!(!spool.standing().is_full);
    fill(&mut spool, 61..=150);
    assert!(spool.standing().is_full);
    spool.acked(75, None);
    spool.acked(150, None);
    spool.enforce(NOW);
    assert!(!spool.standing().is_full);
}

#[test]
fn a_disk_that_can_not_make_room_by_class_lets_the_oldest_go() {
    let folder = TempDir::new().expect("a folder");
    let medium = Dying::new(folder.path(), u64::MAX);
    let (mut spool, _) = Spool::open(medium.clone(), small(), ID).expect("opens");
    for n in 1..=150 {
        spool.push(mixed(n));
        spool.commit().expect("a good disk");
    }
    medium.bytes_left.store(100, Ordering::SeqCst);
    spool.enforce(NOW);
    let standing = spool.standing();
    assert!(standing.bytes <= small().bytes_max && standing.over_bounds.readings > 0);
    assert_eq!(all(&spool).len() as u64, 150 - standing.over_bounds.batches);
}

#[test]
fn a_full_disk_loses_segments_of_sightings_before_any_reading_and_numbers_have_no_gap() {
    let folder = TempDir::new().expect("a folder");
    let medium = Dying::new(folder.path(), u64::MAX);
    let (mut spool, _) = Spool::open(medium.clone(), small(), ID).expect("opens");
    // Readings, sightings, readings, sightings: each over several segments, the oldest hold readings alone.
    let is_reading = |n: u64| ((n - 1) / 40).is_multiple_of(2);
    for n in 1..=160 {
        let batch = format!("batch {n} ").into_bytes().repeat(12);
        let (sightings, readings) = if is_reading(n) { (0, 2) } else { (5, 0) };
        spool.push(Entry { at: NOW, sightings, readings, state: None, batch });
        spool.commit().expect("a good disk");
    }
    medium.bytes_left.store(100, Ordering::SeqCst);
    spool.enforce(NOW);
    let standing = spool.standing();
    let kept = left(&spool);
    let gone = 160 - kept.len() as u64;
    assert!(gone > 0 && standing.bytes <= small().bytes_max);
    assert_eq!(standing.over_bounds, Dropped { batches: gone, sightings: 5 * gone, readings: 0 });
    assert!((1..=160).filter(|n| is_reading(*n)).all(|n| kept.contains(&n)), "no reading went");
    assert_eq!(all(&spool).into_keys().collect::<Vec<_>>(), (1..=160).collect::<Vec<_>>(), "numbers have no gap");
    let from = spool.read(41, 3).expect("readable").into_iter().map(|stored| stored.seq);
    assert_eq!(from.collect::<Vec<_>>(), [41, 42, 43]);
    drop(spool);
    let (spool, _) = open(folder.path(), small());
    assert_eq!(super::thin::left(&spool), kept);
    assert_eq!(all(&spool).len(), 160);
}

#[test]
fn while_the_disk_refuses_sightings_make_room_for_readings() {
    let folder = TempDir::new().expect("a folder");
    let medium = Dying::new(folder.path(), 0);
    let (mut spool, _) = Spool::open(medium.clone(), small(), ID).expect("opens");
    for n in 1..=300 {
        spool.push(mixed(n));
        assert!(spool.commit().is_err());
    }
    let refused = spool.standing().disk_refused;
    assert_eq!(refused, Dropped { batches: 44, sightings: 5 * 44, readings: 0 });
    medium.bytes_left.store(u64::MAX, Ordering::SeqCst);
    spool.commit().expect("the disk is free again");
    let kept = all(&spool);
    assert!((1..=100).all(|n| kept.values().any(|batch| *batch == mixed(3 * n).batch)), "every reading is kept");
}

#[test]
fn a_file_that_was_not_finished_is_cleared_away() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), small());
    fill(&mut spool, 1..=10);
    drop(spool);
    let torn = folder.path().join(format!("{}{}", segment::name(1), medium::UNFINISHED));
    std::fs::write(&torn, b"half").expect("a file");
    let (spool, _) = open(folder.path(), small());
    assert!(!torn.exists());
    assert_eq!(all(&spool).len(), 10);
}

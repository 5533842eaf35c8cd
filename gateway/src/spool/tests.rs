mod age;
mod dying;
mod failing;
mod thin;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use model::time::Millis;
use proptest::prelude::*;
use tempfile::TempDir;

use super::medium::Folder;
use super::*;
use dying::Dying;

const ID: [u8; 16] = [7; 16];
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn limits() -> Limits {
    Limits { bytes_max: 64 * 1024, age_max: Millis::hours(1), readings_age_max: Millis::hours(1), segment_bytes: 1024 }
}

fn entry(n: u64) -> Entry {
    let batch = format!("batch {n} ").into_bytes().repeat(1 + usize::try_from(n % 7).expect("small"));
    let state = n.is_multiple_of(3).then(|| format!("state {n}").into_bytes());
    Entry { at: NOW, sightings: 2, readings: 1, state, batch }
}

fn open(path: &Path, limits: Limits) -> (Spool<Folder>, Recovery) {
    Spool::open(Folder::open(path).expect("a folder"), limits, ID).expect("a spool")
}

fn all<M: Medium>(spool: &Spool<M>) -> BTreeMap<u64, Vec<u8>> {
    let standing = spool.standing();
    spool.read(standing.oldest, 10_000).expect("readable").into_iter().map(|s| (s.seq, s.batch)).collect()
}

#[test]
fn what_was_kept_is_there_after_a_restart_in_order_and_under_the_same_id() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, recovery) = open(folder.path(), limits());
    assert_eq!(recovery, Recovery { state: None, bytes_cut: 0 });
    for n in 1..=100 {
        spool.push(entry(n));
        spool.commit().expect("a good disk");
    }
    let before = all(&spool);
    drop(spool);

    let (spool, recovery) =
        Spool::open(Folder::open(folder.path()).expect("a folder"), limits(), [9; 16]).expect("opens");

    assert_eq!(spool.id(), ID);
    assert_eq!(recovery, Recovery { state: Some(b"state 99".to_vec()), bytes_cut: 0 });
    assert_eq!(all(&spool), before);
    assert_eq!(before.keys().copied().collect::<Vec<_>>(), (1..=100).collect::<Vec<_>>());
    assert_eq!(before[&100], entry(100).batch);
}

#[test]
fn death_at_every_single_byte_loses_nothing_that_was_kept() {
    for bytes in 0..2_600 {
        let folder = TempDir::new().expect("a folder");
        let (mut spool, _) = Spool::open(Dying::new(folder.path(), bytes), limits(), ID).expect("opens");
        let mut kept = BTreeMap::new();
        let mut acked = 0;
        for n in 1..=30 {
            spool.push(entry(n));
            if spool.commit().is_err() {
                break;
            }
            kept.insert(n, entry(n).batch);
            if n.is_multiple_of(10) {
                acked = n - 5;
                spool.acked(acked, None);
            }
        }
        drop(spool);

        let (mut spool, _) = Spool::open(Dying::new(folder.path(), u64::MAX), limits(), ID).expect("opens");

        let found = all(&spool);
        for (seq, batch) in kept.iter().filter(|(seq, _)| **seq > acked) {
            assert_eq!(found.get(seq), Some(batch), "batch {seq} after death at byte {bytes}");
        }
        spool.push(entry(77));
        spool.commit().expect("a new disk");
        let last = spool.standing().last;
        assert!(last > kept.len() as u64, "number {last} was used already, at byte {bytes}");
        assert_eq!(all(&spool)[&last], entry(77).batch);
    }
}

#[test]
fn a_torn_tail_of_any_length_is_left_out_and_everything_before_it_stays() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), Limits { segment_bytes: 1 << 20, ..limits() });
    for n in 1..=5 {
        spool.push(entry(n));
        spool.commit().expect("a good disk");
    }
    let file = folder.path().join(segment::name(1));
    let synced = std::fs::metadata(&file).expect("the segment").len();
    spool.push(entry(6));
    spool.commit().expect("a good disk");
    drop(spool);
    let whole = std::fs::read(&file).expect("the segment");
    for len in usize::try_from(synced).expect("small")..whole.len() {
        std::fs::write(&file, &whole[..len]).expect("cut");
        let (spool, recovery) = open(folder.path(), limits());
        assert_eq!(all(&spool).len(), 5, "cut at {len}");
        assert_eq!(recovery.bytes_cut, len as u64 - synced);
    }
}

#[test]
fn an_acknowledgement_lets_segments_go_and_nothing_is_counted_as_dropped() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), limits());
    for n in 1..=100 {
        spool.push(entry(n));
        spool.commit().expect("a good disk");
    }
    let full = spool.standing();
    spool.acked(60, None);
    let part = spool.standing();
    assert_eq!((part.oldest, part.last, part.oldest_at), (61, 100, Some(NOW)));
    assert!(part.bytes < full.bytes);
    spool.acked(100, None);
    let empty = spool.standing();
    assert_eq!((empty.oldest, empty.last, empty.oldest_at), (101, 100, None));
    assert_eq!(empty.over_bounds, Dropped::default());
    assert!(Folder::open(folder.path()).and_then(|f| f.list()).expect("names").len() <= 1);
}

#[test]
fn the_acknowledged_number_and_the_meters_survive_when_every_batch_is_gone() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), limits());
    for n in 1..=50 {
        spool.push(entry(n));
        spool.commit().expect("a good disk");
        spool.acked(n, None);
    }
    drop(spool);
    let (mut spool, recovery) = open(folder.path(), limits());
    assert_eq!(recovery.state.as_deref(), Some(b"state 48".as_slice()));
    spool.push(entry(51));
    spool.commit().expect("a good disk");
    assert_eq!(spool.standing().last, 51);
    assert!(spool.standing().oldest >= 50);
}

#[test]
fn over_the_bound_the_oldest_goes_and_every_item_is_counted() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), Limits { bytes_max: 8 * 1024, ..limits() });
    for n in 1..=500 {
        spool.push(entry(n));
        spool.commit().expect("a good disk");
        spool.enforce(NOW);
        assert!(spool.standing().bytes <= 8 * 1024 + 1024 + 200);
    }
    let standing = spool.standing();
    let left = all(&spool).len() as u64;
    assert_eq!(
        standing.over_bounds,
        Dropped { batches: 500 - left, sightings: 2 * (500 - left), readings: 500 - left }
    );
    assert_eq!(standing.oldest, 500 - left + 1);
}

#[test]
fn what_is_too_old_goes_and_the_meters_and_the_id_stay() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), limits());
    for n in 1..=9 {
        spool.push(entry(n));
    }
    spool.commit().expect("a good disk");
    spool.enforce(NOW + Millis::hours(1));
    assert_eq!(spool.standing().too_old.batches, 0);
    spool.enforce(NOW + Millis::hours(1) + Millis(1));
    assert_eq!(spool.standing().too_old.batches, 9);
    drop(spool);
    let (spool, recovery) =
        Spool::open(Folder::open(folder.path()).expect("a folder"), limits(), [9; 16]).expect("opens");
    assert_eq!((spool.id(), recovery.state), (ID, Some(b"state 9".to_vec())));
    assert_eq!(spool.standing().last, 9);
}

#[test]
fn what_earlier_runs_left_is_as_old_as_this_run_whatever_its_clock_shows() {
    for begins in [NOW + Millis::hours(720), NOW - Millis::hours(720), Timestamp(5_000)] {
        let folder = TempDir::new().expect("a folder");
        let (mut spool, _) = open(folder.path(), limits());
        spool.push(entry(1));
        spool.commit().expect("a good disk");
        drop(spool);
        let (mut spool, _) = open(folder.path(), limits());
        spool.enforce(begins);
        spool.enforce(begins + Millis::hours(1));
        assert_eq!(spool.standing().too_old.batches, 0, "it may be minutes old");
        spool.enforce(begins + Millis::hours(1) + Millis(1));
        assert_eq!(spool.standing().too_old.batches, 1);
    }
}

#[test]
fn what_was_stamped_before_the_clock_was_set_has_no_age() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), limits());
    spool.push(Entry { at: Timestamp(5_000), ..entry(1) });
    spool.commit().expect("a good disk");
    spool.enforce(NOW);
    assert_eq!(all(&spool).len(), 1);
}

#[test]
fn a_full_disk_is_waited_out_and_what_it_costs_is_counted() {
    let folder = TempDir::new().expect("a folder");
    let medium = Dying::new(folder.path(), 600);
    let (mut spool, _) = Spool::open(medium.clone(), limits(), ID).expect("opens");
    let mut kept = 0;
    for n in 1..=400 {
        spool.push(entry(n));
        if spool.commit().is_ok() {
            kept = n;
        }
    }
    let standing = spool.standing();
    assert!(standing.disk_errors > 0 && standing.pending == PENDING_MAX);
    assert_eq!(standing.disk_refused.batches, 400 - kept - PENDING_MAX as u64);
    medium.bytes_left.store(u64::MAX, Ordering::SeqCst);
    spool.commit().expect("the disk is free again");
    let after = spool.standing();
    assert_eq!((after.pending, after.last), (0, kept + PENDING_MAX as u64));
    drop(spool);
    let (spool, recovery) = open(folder.path(), limits());
    assert_eq!(all(&spool)[&after.last], entry(400).batch);
    assert_eq!(recovery.state.as_deref(), Some(b"state 399".as_slice()));
}

#[test]
fn after_a_failed_sync_nothing_counts_as_kept_and_the_later_copy_wins() {
    let folder = TempDir::new().expect("a folder");
    let good = Dying::new(folder.path(), u64::MAX);
    let (mut spool, _) = Spool::open(good.clone(), limits(), ID).expect("opens");
    spool.push(entry(1));
    spool.commit().expect("a good disk");
    spool.active.as_mut().expect("an open segment").syncs_fail = true;
    spool.medium.syncs_fail = true;
    spool.push(entry(2));
    assert!(matches!(spool.commit(), Err(Error::Write(_))));
    assert_eq!(spool.standing().last, 1);
    spool.medium.syncs_fail = false;
    // The batch that is number 2 in the file that failed is shed: another one gets the number.
    spool.pending.clear();
    spool.push(entry(5));
    spool.commit().expect("a good disk");
    drop(spool);
    let (spool, _) = open(folder.path(), limits());
    assert_eq!(all(&spool), BTreeMap::from([(1, entry(1).batch), (2, entry(5).batch)]));
}

#[test]
fn a_server_that_is_ahead_moves_the_numbers_on() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), limits());
    spool.push(entry(1));
    spool.commit().expect("a good disk");
    spool.acked(20, None);
    spool.push(entry(2));
    spool.commit().expect("a good disk");
    assert_eq!(all(&spool).keys().copied().collect::<Vec<_>>(), [21]);
    spool.acked(u64::MAX, None);
    assert_eq!(spool.standing().oldest, 21);
    drop(spool);
    assert_eq!(open(folder.path(), limits()).0.standing().last, 21);
}

#[test]
fn a_segment_that_rots_is_given_up_and_the_rest_goes_on() {
    let folder = TempDir::new().expect("a folder");
    let (mut spool, _) = open(folder.path(), limits());
    for n in 1..=60 {
        spool.push(entry(n));
        spool.commit().expect("a good disk");
    }
    let file = folder.path().join(segment::name(1));
    let mut bytes = std::fs::read(&file).expect("the segment");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&file, &bytes).expect("rot");
    assert!(matches!(spool.read(1, 100), Err(Error::Read(_))));
    spool.abandon(1);
    let standing = spool.standing();
    assert!(standing.oldest > 1 && standing.over_bounds.batches == standing.oldest - 1);
    assert_eq!(all(&spool).len() as u64, 60 - standing.over_bounds.batches);
}

#[derive(Debug, Clone)]
enum Step {
    Push(u8),
    Commit,
    Ack(u8),
    Reopen,
    Tear(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4u8).prop_map(Step::Push),
        Just(Step::Commit),
        (0..20u8).prop_map(Step::Ack),
        Just(Step::Reopen),
        (1..200u16).prop_map(Step::Tear),
    ]
}

/// Writes half a record behind the newest file, as a power cut would leave it.
fn tear(folder: &Path, bytes: u16) {
    let Some(newest) = segment::ordinals(&Folder::open(folder).expect("a folder")).expect("names").pop() else {
        return;
    };
    let mut torn = Vec::new();
    Record { kind: Kind::Batch, seq: 9_999, body: &[3; 300] }.write(&mut torn);
    let mut file = std::fs::OpenOptions::new().append(true).open(folder.join(segment::name(newest))).expect("a file");
    file.append(&torn[..usize::from(bytes)]).expect("written");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_keeps_every_batch_until_it_is_acknowledged(steps in prop::collection::vec(step(), 1..60)) {
        let folder = TempDir::new().expect("a folder");
        let (mut spool, _) = open(folder.path(), limits());
        let (mut kept, mut waiting, mut next, mut acked) = (BTreeMap::new(), Vec::new(), 1u64, 0u64);
        for step in steps {
            match step {
                Step::Push(count) => for _ in 0..count {
                    spool.push(entry(next));
                    waiting.push((next, entry(next).batch));
                    next += 1;
                },
                Step::Commit => {
                    spool.commit().expect("a good disk");
                    kept.extend(waiting.drain(..));
                }
                Step::Ack(back) => {
                    acked = acked.max((kept.len() as u64).saturating_sub(u64::from(back)));
                    spool.acked(acked, None);
                }
                Step::Reopen | Step::Tear(_) => {
                    drop(spool);
                    if let Step::Tear(bytes) = step {
                        tear(folder.path(), bytes);
                    }
                    spool = open(folder.path(), limits()).0;
                    next -= waiting.len() as u64;
                    waiting.clear();
                }
            }
            let found = all(&spool);
            for (seq, batch) in kept.iter().filter(|(seq, _)| **seq > acked) {
                prop_assert_eq!(found.get(seq), Some(batch));
            }
            prop_assert!(found.keys().all(|seq| kept.contains_key(seq)));
        }
    }
}

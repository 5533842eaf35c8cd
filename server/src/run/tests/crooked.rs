//! A line that brings a tenth of all batches twice and a tenth up to ten seconds late: the box sends again what is not
//! answered, the server takes each number once and in order, so that a late batch holds back those behind it. Visits, stays,
//! dwells, person-seconds and counts, with all their times, are those of a straight line.

use std::collections::{BTreeMap, BTreeSet};

use model::ids::ZoneId;
use model::sighting::Sighting;
use model::time::{Millis, Timestamp};

use super::bench::*;
use crate::run::Taken;

/// What a box does, in its own figures: batches under way, and how long it waits for an answer.
const UNDER_WAY_MAX: usize = 16;
const PATIENCE: Millis = Millis::seconds(5);
const LATE_MAX_MS: u64 = 10_000;
const WINDOW: Millis = Millis(500);
/// Lines that told another story while a slot was looked at before the rest of its batch was taken, and, the last two, while
/// a visit went on that was over before the next sighting.
const SEEDS: [u64; 6] = [1, 2, 3, 25, 14, 34];

/// One person's way, and for how many seconds: at the wine, where only the far corner hears them, at the wine again, out of
/// hearing for so long that it is another visit, and at the wine once more.
const COURSE: [(Option<(f64, f64)>, i64); 5] =
    [(Some((15.0, 12.5)), 60), (Some((3.0, 4.0)), 60), (Some((15.0, 12.5)), 45), (None, 900), (Some((15.0, 12.5)), 40)];

/// What stands in the tables in the end.
#[derive(Debug, PartialEq)]
struct Told {
    /// Started, last heard, ended, and how many sightings.
    visits: Vec<(Timestamp, Timestamp, Option<Timestamp>, u32)>,
    /// Zone, since, when it became a dwell, left.
    stays: Vec<(ZoneId, Timestamp, Option<Timestamp>, Option<Timestamp>)>,
    counts: Vec<(Timestamp, Option<ZoneId>, u64)>,
}

impl Told {
    fn person_seconds(&self) -> BTreeMap<&ZoneId, i64> {
        let mut seconds = BTreeMap::new();
        for (zone, since, _, left) in &self.stays {
            *seconds.entry(zone).or_default() += left.map_or(0, |left| left.since(*since).0 / 1_000);
        }
        seconds
    }
}

/// What the box has to send, by the window in which it was made.
fn batches(server: &Server) -> Vec<(Timestamp, Vec<Sighting>)> {
    let mut at = START;
    let mut all = Vec::new();
    for (place, seconds) in COURSE {
        for _ in 0..seconds * 2 {
            at = at + WINDOW;
            all.push((at, place.map_or_else(Vec::new, |place| server.heard_at(place, at))));
        }
    }
    all
}

/// A line that bends one message in so many; none when it is straight.
struct Line {
    chance: u64,
    one_in: Option<u64>,
    twice: u64,
    late: u64,
}

impl Line {
    /// When a message comes; once, or twice.
    fn bend(&mut self, at: Timestamp) -> Vec<Timestamp> {
        let mut comes = vec![at];
        let Some(one_in) = self.one_in else { return comes };
        if self.draw().is_multiple_of(one_in) {
            self.twice += 1;
            comes.push(at);
        }
        if self.draw().is_multiple_of(one_in) {
            self.late += 1;
            comes[0] = at + Millis((self.draw() % LATE_MAX_MS).cast_signed());
        }
        comes
    }

    /// Weyl's sequence, mixed: enough for a line.
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.chance ^ self.chance >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ mixed >> 31
    }
}

/// Plays the box against the server: what is new goes at once, all that is under way again after a silence.
async fn play(server: &Server, line: &mut Line) -> Told {
    server.consenting("ada").await;
    let all = batches(server);
    let end = all.last().expect("batches").0;
    let (mut next, mut acked, mut progress_at) = (0, 0, START);
    // What is on the line: when it comes, an order among equals, and which batch it is.
    let mut line_holds: BTreeSet<(Timestamp, u64, usize)> = BTreeSet::new();
    let mut sent = 0;
    let mut now = START;
    while acked < all.len() {
        now = now + Millis(100);
        assert!(now < end + Millis::minutes(10), "the line never delivers");
        server.advance(Millis(100));
        if next > acked && now.since(progress_at) >= PATIENCE {
            next = acked;
        }
        while next < all.len() && next < acked + UNDER_WAY_MAX && all[next].0 <= now {
            progress_at = if next == acked { now } else { progress_at };
            for comes in line.bend(now) {
                sent += 1;
                line_holds.insert((comes, sent, next));
            }
            next += 1;
        }
        while let Some(&(comes, order, index)) = line_holds.first()
            && comes <= now
        {
            line_holds.remove(&(comes, order, index));
            let seq = index as u64 + 1;
            match server.send_with(seq, 1, all[index].1.clone(), (0, false)).await {
                Taken::Stored => {
                    assert_eq!(index, acked, "taken out of its order");
                    (acked, progress_at, next) = (acked + 1, now, next.max(acked + 1));
                }
                Taken::Duplicate => assert!(index < acked),
                Taken::Unknown => assert!(index > acked, "{index} of {acked}"),
                Taken::NotAllowed => unreachable!("batches are allowed"),
            }
        }
    }
    // Whoever is gone has gone, whenever that is seen: the owner's timers are real ones.
    server.advance(Millis::hours(2));
    for _ in 0..1_000 {
        let told = told(server).await;
        if told.visits.iter().all(|(_, _, ended, _)| ended.is_some()) {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    told(server).await
}

async fn told(server: &Server) -> Told {
    let (store, from) = (&server.store, Timestamp(0));
    let visits = store.visits(&shop(), from, LATER).await.expect("read").into_iter().map(|(_, visit)| visit);
    let stays = store.presences(&shop(), from, LATER).await.expect("read").into_iter();
    let counts = store.counts(&shop(), from, LATER).await.expect("read").into_iter();
    Told {
        visits: visits.map(|visit| (visit.started, visit.last_heard, visit.ended, visit.sightings)).collect(),
        stays: stays.map(|stay| (stay.zone, stay.since, stay.dwelling_at, stay.left_at)).collect(),
        counts: counts.map(|count| (count.quarter, count.zone, count.n)).collect(),
    }
}

fn over(seed: u64, one_in: Option<u64>) -> (Told, u64, u64) {
    let mut line = Line { chance: seed, one_in, twice: 0, late: 0 };
    let told = Bench::new().run(async |server| play(server, &mut line).await);
    (told, line.twice, line.late)
}

#[test]
fn visits_stays_dwells_and_person_seconds_are_those_of_a_straight_line() {
    let (straight, ..) = over(0, None);
    assert!(straight.visits.len() == 2 && straight.stays.len() >= 2, "{straight:#?}");
    assert!(straight.stays.iter().all(|(_, _, dwelling, left)| dwelling.is_some() && left.is_some()), "{straight:#?}");
    for seed in SEEDS {
        let (crooked, twice, late) = over(seed, Some(10));
        println!("seed {seed}: {twice} twice, {late} late; person-seconds {:?}", crooked.person_seconds());
        assert!(twice > 20 && late > 20, "the line was hardly crooked");
        assert_eq!(crooked.person_seconds(), straight.person_seconds(), "seed {seed}");
        assert_eq!(crooked, straight, "seed {seed}");
    }
}

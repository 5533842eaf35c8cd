//! What is written of a floor, and what is not lost.

use model::floor::Point;
use model::ids::{DeviceId, FloorId};
use model::position::{Position, Spread};
use model::shop::Shop;
use model::subject::{Pseudonym, Subject};
use model::units::Metres;
use runtime::clock::ManualClock;

use super::*;
use crate::live::LiveEvent;

const START: Timestamp = Timestamp(1_790_000_000_000);
const LATER: Timestamp = Timestamp(1_900_000_000_000);

struct Bench {
    plan: Shop,
    live: Live,
    store: Store,
    clock: ManualClock,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Store::file_url(folder.path())).await.expect("a store");
        let (plan, live) = (crate::testing::shop(), Live::default());
        live.put_plan(&Arc::new(plan.clone()));
        Self { plan, live, store, clock: ManualClock::new(START), _folder: folder }
    }

    fn parts(&self, replay: Replay) -> Parts {
        let (store, live) = (self.store.clone(), self.live.clone());
        Parts { store, live, clock: Arc::new(self.clock.clone()), replay }
    }

    fn desk(&self) -> Desk {
        Desk { parts: self.parts(Replay::default()), chunks: BTreeMap::new() }
    }

    /// `n` people stand in a row, one of them a customer, and say so twice, a second apart.
    fn stand(&self, n: u32) {
        for late in [0, 1_000] {
            let now = self.clock.now() + Millis(late);
            let events = (0..n).map(|who| LiveEvent::Position {
                store: self.plan.store.id.clone(),
                position: Arc::new(self.position(who, now)),
            });
            self.live.apply(&[], &[], events.collect(), now);
        }
        self.clock.advance(Millis(1_000));
    }

    fn position(&self, who: u32, at: Timestamp) -> Position {
        Position {
            subject: if who == 0 { Subject::Device(DeviceId(77)) } else { Subject::Anonymous(Pseudonym(who.into())) },
            at,
            floor: self.floor(),
            point: Point { x: f64::from(who) + 0.5, y: 20.5 },
            uncertainty: Metres(1.0),
            spread: Spread { xx: 1.0, xy: 0.0, yy: 0.25 },
            zone: None,
            zones: vec![],
            cloud: vec![],
        }
    }

    fn floor(&self) -> FloorId {
        self.plan.floors[0].id.clone()
    }

    async fn seconds(&self) -> f64 {
        let hours = self.store.heat(&self.plan.store.id, &self.floor(), Timestamp(0), LATER).await.expect("read");
        hours.iter().flat_map(|hour| hour.cells.values()).sum()
    }

    async fn chunks(&self) -> Vec<Chunk> {
        self.store.frames(&self.plan.store.id, Timestamp(0), LATER, 100).await.expect("read")
    }
}

#[tokio::test]
async fn nothing_is_lost_at_an_orderly_stop() {
    let bench = Bench::new().await;
    let recorder = Recorder::start(bench.parts(Replay::default()));
    bench.stand(7);
    recorder.finish().await;
    assert!((bench.seconds().await - 7.0).abs() < 1e-6, "seven people, a second each");
    assert!(!bench.chunks().await.is_empty());
}

#[tokio::test]
async fn what_could_not_be_written_is_written_later() {
    let bench = Bench::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let away = Store::open(&Store::file_url(folder.path())).await.expect("a store");
    away.close().await;
    let mut desk = bench.desk();
    desk.parts.store = away;
    bench.stand(5);
    desk.write().await;
    desk.parts.store = bench.store.clone();
    bench.stand(5);
    desk.write().await;
    assert!(bench.seconds().await > 9.9, "both times are there");
}

#[tokio::test]
async fn a_frame_names_nobody_and_few_people_leave_no_places() {
    let bench = Bench::new().await;
    let mut desk = bench.desk();
    bench.stand(4);
    desk.shoot().await;
    bench.stand(5);
    desk.shoot().await;
    desk.write().await;
    let chunks = bench.chunks().await;
    let frames: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.frames).collect();
    assert_eq!(frames.len(), 2);
    assert_eq!((frames[0].people, frames[0].marks.len(), frames[0].thin.as_slice()), ([1, 0, 3], 0, [0].as_slice()));
    assert_eq!((frames[1].people, frames[1].marks.len(), frames[1].thin.len()), ([1, 0, 4], 5, 0));
    let first = frames[1].marks[0];
    assert_eq!((first.x, first.y, first.kind, first.major, first.minor, first.angle), (5, 205, 0, 10, 5, 0));
    let text = serde_json::to_string(&chunks).expect("json");
    assert!(!text.contains("77") && !text.contains("device") && !text.contains("anonymous"), "{text}");
}

#[tokio::test]
async fn who_is_forgotten_is_in_no_later_frame() {
    let bench = Bench::new().await;
    let mut desk = bench.desk();
    bench.stand(6);
    bench.live.forget(&Subject::Device(DeviceId(77)));
    desk.shoot().await;
    desk.write().await;
    let chunks = bench.chunks().await;
    assert_eq!((chunks[0].frames[0].people, chunks[0].frames[0].marks.len()), ([0, 0, 5], 5));
}

#[tokio::test]
async fn a_chunk_is_a_minute_long_and_old_ones_go() {
    let bench = Bench::new().await;
    let mut desk = bench.desk();
    for _ in 0..70 {
        desk.shoot().await;
        bench.clock.advance(Millis::seconds(2));
    }
    desk.write().await;
    let lengths: Vec<usize> = bench.chunks().await.iter().map(|chunk| chunk.frames.len()).collect();
    assert_eq!(lengths, [30, 30, 10]);
    bench.clock.advance(Millis::seconds(24 * 3_600 - 70));
    desk.write().await;
    let chunks = bench.chunks().await;
    assert!(chunks.iter().all(|chunk| chunk.frames[0].at > START), "the first minute is too old");
    assert_eq!(chunks.len(), 2);
}

#[tokio::test]
async fn a_replay_of_no_hours_keeps_nothing_and_deletes_what_was_kept() {
    let bench = Bench::new().await;
    let mut desk = bench.desk();
    desk.shoot().await;
    desk.write().await;
    bench.clock.advance(Millis::seconds(2));
    let mut off = Desk { parts: bench.parts(Replay { hours: 0, megabytes: 1 }), chunks: BTreeMap::new() };
    off.shoot().await;
    off.write().await;
    assert!(bench.chunks().await.is_empty());
}

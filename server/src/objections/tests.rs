//! What the boxes are told of objections: each change, also one that was written late, and nothing is lost on the way.

use model::time::{Millis, Timestamp};

use super::*;
use crate::by_hand::execute;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const FLOOR: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"feature":"floor","id":"ground","name":"Ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}}]}"#;

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    secret: ServerSecret,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Store::file_url(folder.path())).await.expect("a store");
        for name in ["como", "milano"] {
            let plan = format!("[store]\nid = \"{name}\"\nname = \"{name}\"\ntimezone = \"Europe/Rome\"\n");
            store.put_shop(&id(name), &plan, FLOOR, NOW).await.expect("kept");
        }
        Self { folder, store, secret: ServerSecret::new([3; 32]) }
    }

    async fn due(&self, board: &Board) -> Vec<Due> {
        board.due(&self.store, &self.secret).await.expect("read")
    }

    /// Tells everything that is due; gives how many stand on each list that was told.
    async fn tell(&self, board: &mut Board) -> Vec<(String, usize)> {
        let mut told = Vec::new();
        for due in self.due(board).await {
            told.push((due.store.to_string(), Objections::decode(&due.list).expect("a list").len()));
            board.told(due);
        }
        told
    }

    /// Writes an entry as another connection may: with a moment and a hash of its own.
    async fn write(&self, store: &str, hash: i64, at: Timestamp) {
        let sql = format!("INSERT INTO objections (store, hash, at) VALUES ('{store}', {hash}, {})", at.0);
        execute(self.folder.path(), &sql).await;
    }
}

fn id(name: &str) -> StoreId {
    StoreId::new(name).expect("an id")
}

#[tokio::test]
async fn an_entry_that_is_written_late_under_a_lower_version_is_told() {
    let (bench, mut board) = (Bench::new().await, Board::default());
    assert_eq!(bench.tell(&mut board).await, [("como".into(), 0), ("milano".into(), 0)], "empty lists are told");
    bench.store.object(&id("milano"), 7, NOW).await.expect("taken");
    assert_eq!(bench.tell(&mut board).await, [("milano".into(), 1)]);
    assert_eq!(bench.tell(&mut board).await, []);
    // Both read the newest moment before either was written.
    for (hash, at) in [(8, NOW), (9, NOW - Millis(5))] {
        bench.write("milano", hash, at).await;
        assert_eq!(bench.tell(&mut board).await, [("milano".into(), usize::try_from(hash).expect("small") - 6)]);
    }
    assert_eq!(bench.tell(&mut board).await, []);
}

#[tokio::test]
async fn what_was_not_told_stays_due_and_a_list_that_cannot_be_read_holds_up_no_other() {
    let (bench, mut board) = (Bench::new().await, Board::default());
    // No hash has 40 bits: this list can't be read.
    bench.write("milano", 1 << 40, NOW).await;
    bench.store.object(&id("como"), 7, NOW).await.expect("taken");
    for _ in 0..2 {
        let due: Vec<_> = bench.due(&board).await.into_iter().map(|due| due.store).collect();
        assert_eq!(due, [id("como")], "nobody said that it was told");
    }
    assert_eq!(bench.tell(&mut board).await, [("como".into(), 1)]);
    execute(bench.folder.path(), "DELETE FROM objections WHERE store = 'milano'").await;
    assert_eq!(bench.tell(&mut board).await, [("milano".into(), 0)]);
}

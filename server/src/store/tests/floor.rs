//! The chapters of heat map and replay.

use std::collections::BTreeMap;

use model::ids::FloorId;

use super::*;

fn ground() -> FloorId {
    FloorId::new("ground").expect("an id")
}

fn hour(at: i64, people: u32, seconds: f64) -> HeatHour {
    let cells = BTreeMap::from([(Cell::at(2.5, 3.5), seconds), (Cell::at(3.5, 3.5), 0.5)]);
    HeatHour { floor: ground(), hour: after(at * 3_600), people, cells }
}

async fn hours(store: &Store) -> Vec<HeatHour> {
    store.heat(&shop(), &ground(), NOW, after(100 * 3_600)).await.expect("read")
}

pub(super) async fn heat_adds_up(store: &Store) {
    store.add_heat(&shop(), &[hour(0, 3, 10.0), hour(1, 7, 1.0)]).await.expect("kept");
    store.add_heat(&shop(), &[hour(0, 2, 2.5)]).await.expect("added");
    store.add_heat(&shop(), &[]).await.expect("nothing");
    let kept = hours(store).await;
    assert_eq!(kept.iter().map(|hour| hour.people).collect::<Vec<_>>(), [3, 7], "the larger number stays");
    assert_eq!(kept[0].cells, BTreeMap::from([(Cell::at(2.5, 3.5), 12.5), (Cell::at(3.5, 3.5), 1.0)]));
    let other = FloorId::new("cellar").expect("an id");
    assert!(store.heat(&shop(), &other, NOW, after(100 * 3_600)).await.expect("read").is_empty());
    assert!(store.heat(&shop(), &ground(), NOW, NOW).await.expect("read").is_empty(), "the end is not part of it");
}

/// An hour that is over and has too few people does not wait for its term.
pub(super) async fn thin_hours_go_first(store: &Store) {
    let long = Millis::hours(10_000);
    let retention = Retention { visits: long, message_ids: long, deliveries: long, heat: long };
    assert_eq!(store.purge(retention, after(3_600)).await.expect("purged"), 0, "it may fill up yet");
    assert_eq!(store.purge(retention, after(3 * 3_600)).await.expect("purged"), 1);
    assert_eq!(hours(store).await.iter().map(|hour| hour.people).collect::<Vec<_>>(), [7]);
}

fn chunk(at: i64, frames: i64) -> Chunk {
    let mark = |n| Mark { floor: 0, x: n, y: -3, kind: 2, major: 12, minor: 7, angle: 90 };
    let frame = |late| Frame {
        at: after(at + late * 2),
        people: [1, 0, 6],
        zones: vec![(0, 4)],
        marks: (0..7).map(mark).collect(),
        thin: vec![1],
    };
    let zones = vec![model::ids::ZoneId::new("wine").expect("an id")];
    Chunk { floors: vec![ground()], zones, frames: (0..frames).map(frame).collect() }
}

pub(super) async fn frames_come_back_and_go_by_age_and_bytes(store: &Store) {
    assert_eq!(store.frames_span(&shop()).await.expect("read"), None);
    store.put_frames(&shop(), &chunk(0, 3)).await.expect("kept");
    store.put_frames(&shop(), &chunk(0, 30)).await.expect("kept in its place");
    store.put_frames(&shop(), &chunk(60, 30)).await.expect("kept");
    store.put_frames(&shop(), &chunk(120, 30)).await.expect("kept");
    store.put_frames(&shop(), &chunk(180, 0)).await.expect("nothing to keep");
    let read = async |from, to, limit| store.frames(&shop(), after(from), after(to), limit).await.expect("read");
    assert_eq!(read(0, 500, 9).await, [chunk(0, 30), chunk(60, 30), chunk(120, 30)]);
    assert_eq!(read(58, 60, 9).await, [chunk(0, 30)], "its last frame is at 58");
    assert_eq!(read(59, 500, 1).await, [chunk(60, 30)]);
    assert_eq!(store.frames_span(&shop()).await.expect("read"), Some((after(0), after(178))));

    assert_eq!(store.trim_frames(&shop(), after(0), i64::MAX).await.expect("trimmed"), 0);
    assert_eq!(store.trim_frames(&shop(), after(60), i64::MAX).await.expect("trimmed"), 1);
    assert_eq!(store.trim_frames(&shop(), after(0), 1).await.expect("trimmed"), 2, "no byte is too many");
    store.put_frames(&shop(), &chunk(120, 30)).await.expect("kept");
}

//! What a filter costs in a hall of 2,000 cells with 12 receivers: no allocation per update, and at most 16 KB.

#[path = "../benches/hall.rs"]
mod hall;

use std::sync::Arc;

use hall::{Hall, slot};
use locate::grid::{Field, Filter, Workspace};

/// Bytes that one person may take.
const BYTES_MAX: usize = 16 * 1024;

/// Everything that is done with a person in one slot.
fn look(filter: &mut Filter, hall: &Hall, number: i64, x: f64, work: &mut Workspace) {
    for sighting in hall.heard_at(number, x, 10.0) {
        filter.hear(&sighting);
    }
    filter.update(slot(number), work);
    filter.commit(slot(number), work);
}

/// The place of somebody after so many slots.
type Walk = fn(i64) -> f64;
/// Halls with receivers that hear a tag, and with beacons that a phone hears, each with its fields.
fn halls() -> Vec<(Hall, Arc<Field>)> {
    let of = |kind| [Hall::new(kind), Hall::new(kind)].into_iter().zip(Hall::new(kind).fields());
    ["receiver", "beacon"].into_iter().flat_map(of).collect()
}

const STANDING: Walk = |_| 12.0;
const WALKING: Walk = |number| 12.0 + 10.0 * (number as f64 * 0.06).sin();

#[test]
fn an_update_allocates_nothing() {
    for (hall, field) in halls() {
        for walk in [STANDING, WALKING] {
            let (mut filter, mut work) = (Filter::new(Arc::clone(&field), hall::START), Workspace::default());
            (0..600).for_each(|number| look(&mut filter, &hall, number, walk(number), &mut work));
            let heard: Vec<_> = (600..700).flat_map(|number| hall.heard_at(number, walk(number), 10.0)).collect();
            let mut slots = heard.chunk_by(|a, b| a.at == b.at).zip(600..);
            let counted = allocation_counter::measure(|| {
                slots.by_ref().for_each(|(heard, number)| {
                    heard.iter().for_each(|sighting| {
                        filter.hear(sighting);
                    });
                    filter.update(slot(number), &mut work);
                    filter.commit(slot(number), &mut work);
                });
            });
            assert_eq!(counted.count_total, 0, "{:?}", field.source());
        }
    }
}

#[test]
fn a_person_takes_at_most_16_kb() {
    for (hall, field) in halls() {
        for (name, walk) in [("standing", STANDING), ("walking", WALKING)] {
            let (mut filter, mut work) = (Filter::new(Arc::clone(&field), hall::START), Workspace::default());
            let (mut most, mut after_30_s) = (0, 0);
            for number in 0..600 {
                look(&mut filter, &hall, number, walk(number), &mut work);
                most = most.max(filter.bytes());
                after_30_s = if number < 60 { filter.bytes() } else { after_30_s };
            }
            println!("{name} by {}: {after_30_s} bytes after 30 s, {most} at most", field.source().name());
            assert!(most <= BYTES_MAX, "{name} by {}: {most}", field.source().name());
        }
        assert!(faint(&field, &hall) <= BYTES_MAX, "{}", faint(&field, &hall));
    }
}

/// The most bytes of somebody whom one receiver hears now and then: the belief is everywhere.
fn faint(field: &Arc<Field>, hall: &Hall) -> usize {
    let (mut filter, mut work) = (Filter::new(Arc::clone(field), hall::START), Workspace::default());
    let bytes = (0..60).map(|number| {
        filter.hear(&hall.heard_at(number * 20, 12.0, 10.0)[5]);
        filter.update(slot(number * 20), &mut work);
        filter.commit(slot(number * 20), &mut work);
        filter.bytes()
    });
    bytes.max().unwrap_or_default()
}

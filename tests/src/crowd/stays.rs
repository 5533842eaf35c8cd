//! Visits, true and told: none twice, none joined, and none cut in two when an id or an address changes.

use firmware_sim::truth::{PersonId, Span};
use firmware_sim::world::World;
use model::presence::Visit;
use model::time::{Millis, Timestamp};
use wire::ble::rolling;

use super::figures::{Counts, Report};
use super::judge::{Class, Judge};

/// A visit that begins so soon after a change of id was cut by it.
const CUT_WITHIN: Millis = Millis::seconds(90);

/// Counts the visits that truly began and ended between two times.
pub(super) fn count(
    world: &World,
    judge: &Judge,
    classes: &[Option<Class>],
    (from, to): (Timestamp, Timestamp),
    report: &mut Report,
) {
    let mut told: Vec<Vec<&Visit>> = vec![Vec::new(); classes.len()];
    for visit in judge.visits.values() {
        if let Some(person) = judge.behind(&visit.subject) {
            told[person.0].push(visit);
        }
    }
    for (number, class) in classes.iter().enumerate() {
        let counts = match class {
            Some(Class::Named) => &mut report.named,
            Some(Class::Stranger) => &mut report.strangers,
            None => continue,
        };
        let life = &world.truth().lives[number];
        let whole = life.visits.iter().filter(|span| span.from > from && span.to.is_some_and(|end| end < to));
        for span in whole {
            weigh(*span, &told[number], counts);
        }
        let spans: Vec<Span> = life.visits.iter().copied().collect();
        counts.joined += told[number].iter().filter(|visit| joins(visit, &spans, from)).count() as u64;
        for change in changes(judge, PersonId(number), *class, from, to) {
            at_change(change, &spans, &told[number], counts);
        }
    }
}

fn weigh(span: Span, told: &[&Visit], counts: &mut Counts) {
    let of_it = told.iter().filter(|visit| overlaps(visit, span)).count() as u64;
    counts.visits += 1;
    counts.told += of_it;
    counts.unseen += u64::from(of_it == 0);
    counts.split += u64::from(of_it > 1);
}

fn joins(visit: &Visit, spans: &[Span], from: Timestamp) -> bool {
    visit.started > from && spans.iter().filter(|span| overlaps(visit, **span)).count() > 1
}

fn overlaps(visit: &Visit, span: Span) -> bool {
    visit.last_heard > span.from && span.to.is_none_or(|to| visit.started < to)
}

/// When a person's sign changed: the rolling id of who has a name, the address of a stranger.
fn changes(judge: &Judge, id: PersonId, class: Option<Class>, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let addresses = judge.changes.iter().filter(|(person, at)| *person == id && *at > from && *at < to);
    let mut all: Vec<Timestamp> = addresses.map(|(_, at)| *at).collect();
    if class == Some(Class::Named) {
        // A cart's tag never changes, and where no address changes no id does.
        let slots = rolling::slot(rolling::seconds(from)) + 1..=rolling::slot(rolling::seconds(to));
        let starts = slots.map(|slot| Timestamp(i64::from(rolling::slot_start(slot)) * 1_000));
        let is_near = |at: &Timestamp| all.iter().any(|change| change.since(*at).0.abs() < 5_000);
        let unseen: Vec<Timestamp> = starts.filter(|at| !all.is_empty() && !is_near(at)).collect();
        all.extend(unseen);
    }
    all
}

fn at_change(at: Timestamp, spans: &[Span], told: &[&Visit], counts: &mut Counts) {
    let Some(span) = spans.iter().find(|span| span.from < at && span.to.is_none_or(|to| at < to)) else { return };
    counts.changes += 1;
    let cut = |visit: &&&Visit| {
        visit.started > span.from + Millis::seconds(30)
            && visit.started >= at - Millis::seconds(1)
            && visit.started.since(at) < CUT_WITHIN
    };
    counts.split_at_change += u64::from(told.iter().any(|visit| cut(&visit)));
}

//! One position update: a slot in which all 12 receivers of a hall of 2,000 cells hear a person, taken, computed and closed;
//! and how long it takes to make a field of what was learnt.

mod hall;
mod laps;

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use hall::{Hall, slot};
use laps::{Work, compare};
use locate::calibrate::{Calibration, Traffic};
use locate::grid::{Field, Filter, Ground, Workspace};
use model::sighting::Sighting;

/// Slots of the walk that is gone over and over.
const WALK: i64 = 400;

fn main() -> io::Result<()> {
    let hall = Hall::new("receiver");
    let heard: Vec<Vec<Sighting>> = (0..WALK).map(|number| hall.heard_at(number, place(number), 10.0)).collect();
    let [plan, survey] = hall.fields();
    let [phone, phone_survey] = Hall::new("beacon").fields();
    let mut updates: Vec<Work<'_>> = vec![
        ("survey field, 4 laws", update(&survey, &heard)),
        ("plan field, 4 laws", update(&plan, &heard)),
        ("a phone, survey field", update(&phone_survey, &heard)),
        ("a phone, plan field", update(&phone, &heard)),
    ];
    compare("update", &mut updates)?;
    let mut told: Vec<Work<'_>> =
        vec![("survey field", told(&survey, &heard)), ("plan field, the widest claim", told(&plan, &heard))];
    compare("update and estimate", &mut told)?;
    let (ground, learnt) = (Arc::new(Ground::new(&hall.shop)), traffic(&plan, &heard));
    let (shop, ground) = (&hall.shop, &ground);
    let mut fields: Vec<Work<'_>> = vec![
        ("plan alone", Box::new(move || drop(black_box(Field::on(ground, shop, None))))),
        ("learnt from traffic", Box::new(move || drop(black_box(Field::on(ground, shop, Some(&learnt)))))),
    ];
    compare("field", &mut fields)
}

/// Somebody who walks to and fro.
fn place(number: i64) -> f64 {
    12.0 + 10.0 * (number as f64 * std::f64::consts::TAU / WALK as f64).sin()
}

/// The walk without an end: after the last slot comes the first one, later.
fn update<'w>(field: &Arc<Field>, heard: &'w [Vec<Sighting>]) -> Box<dyn FnMut() + 'w> {
    let (mut filter, mut work) = (Filter::new(Arc::clone(field), hall::START), Workspace::default());
    let mut number = 0;
    Box::new(move || {
        let round = number / WALK * WALK;
        for sighting in &heard[(number - round) as usize] {
            let mut sighting = sighting.clone();
            sighting.at.0 += round * locate::grid::SLOT.0;
            filter.hear(&sighting);
        }
        filter.update(slot(number), &mut work);
        filter.commit(slot(number), &mut work);
        number += 1;
    })
}

/// The same, and what is told of it each time: claims, zones, the cloud. Somebody who stands is claimed the most widely.
fn told<'w>(field: &Arc<Field>, heard: &'w [Vec<Sighting>]) -> Box<dyn FnMut() + 'w> {
    let (mut filter, mut work) = (Filter::new(Arc::clone(field), hall::START), Workspace::default());
    let mut number = 0;
    Box::new(move || {
        for sighting in &heard[0] {
            let mut sighting = sighting.clone();
            sighting.at.0 += number * locate::grid::SLOT.0;
            filter.hear(&sighting);
        }
        black_box(filter.estimate(slot(number), &mut work));
        filter.commit(slot(number), &mut work);
        number += 1;
    })
}

/// What a plan's beliefs teach in a few minutes.
fn traffic(field: &Arc<Field>, heard: &[Vec<Sighting>]) -> Calibration {
    let (mut filter, mut work) = (Filter::new(Arc::clone(field), hall::START), Workspace::default());
    let mut traffic = Traffic::new(field.ground());
    for (heard, number) in heard.iter().zip(0..) {
        heard.iter().for_each(|sighting| {
            filter.hear(sighting);
        });
        filter.update(slot(number), &mut work);
        filter.teach(slot(number), &mut work, &mut traffic);
        filter.commit(slot(number), &mut work);
    }
    traffic.calibration().expect("more than a minute was heard")
}

//! From what was learnt to what every receiver is expected to hear at every cell: a log-distance law with one exponent for the
//! store and one power for each receiver, and on top of it a Gaussian process where something was found.
//!
//! Where findings are many the process leads, far from all of them the law does: how far a finding reaches is itself learnt.
//! Beside what a survey lets expect, the plan's geometry stays open: each device's frames choose between them.

use model::floor::Point;
use model::ids::ReceiverId;
use model::shop::Shop;

use super::chances::Chances;
use super::geometry::{Geometry, LAWS, openness};
use super::process::{Finding, Process, Shape};
use super::{Calibration, Source, anchor};
use crate::grid::Ground;
use crate::grid::field::{BIAS_DB, Expectation, Radio, SAMPLED, loss_variance};
use crate::grid::ground::{CEILING_DB, Mast, Way};
use crate::lanes::{self, dot};

/// Exponent of the law before anything is known (LOCATE 3.7: 1.5 to 2.1 in the shops measured).
const EXPONENT: f64 = 2.0;
/// Weight of that, in squared slopes: some forty readings at usual distances.
const EXPONENT_WEIGHT: f64 = 2_000.0;
/// Weight of what a ceiling usually takes, in readings through one.
const CEILING_WEIGHT: f64 = 20.0;
/// Weight of the losses as the plan gives them, in squared dB: some twenty readings through a wall.
const LOSSES_WEIGHT: f64 = 300.0;
/// Weight of the receivers' mean power beside a receiver's own readings.
const POWER_WEIGHT: f64 = 1.0;
/// Rounds in which powers and exponent are fitted in turn.
const ROUNDS: usize = 20;
/// Most findings of one receiver that a process is made of: those with the most frames.
const FINDINGS_MAX: usize = 250;
/// The same for what is learnt on the way.
const FINDINGS_QUICK: usize = 80;
/// Most receivers, those with the most findings, and findings of each by which shapes are compared.
const COMPARED: (usize, usize) = (12, 90);
/// Shapes that are compared: spread and reach and nugget.
const SPREADS_DB: [f64; 5] = [2.0, 3.0, 4.0, 5.0, 6.5];
const REACHES_M: [f64; 7] = [1.0, 2.0, 3.0, 4.0, 6.0, 10.0, 16.0];
const NUGGETS_DB: [f64; 4] = [1.5, 2.5, 3.5, 5.0];
/// The shape when a survey has too little to compare.
const USUAL: Shape = Shape { spread: 3.0, reach: 3.0, nugget: 3.5 };
/// The shape of what traffic taught, whose places are only believed: little, and far.
const BELIEVED: Shape = Shape { spread: 2.0, reach: 8.0, nugget: 3.5 };
/// Variance of bodies, hands and turning around, beyond what differs from visit to visit, in dB², by what was learnt from:
/// what is usual where nobody surveyed holds part of it already.
const BODIES: [f64; 3] = [9.0, 9.0, 16.0];
/// Places so near to a cell are walked, in metres; beyond, it is less likely that people go there, ever less with so many metres.
const WALKED_M: f64 = 2.5;
/// The least that a cell which nobody walked is begun with.
const UNWALKED: f64 = 0.02;
/// Height of a receiver that only a survey places, in metres.
const HEIGHT_M: f64 = 2.5;

/// One receiver with what was found of it.
pub(super) struct Subject {
    id: ReceiverId,
    pub(super) mast: Option<Mast>,
    /// Its place is that of the plan.
    pub(super) planned: bool,
    pub(super) power: f64,
    /// Floor, point, level and frames.
    pub(super) readings: Vec<Finding>,
    /// The same readings' places.
    places: Vec<(u32, f64)>,
}

/// Makes the radio of a store from what was learnt.
pub(crate) fn fit(ground: &Ground, shop: &Shop, learnt: &Calibration) -> Radio {
    let joined = anchor::joined(ground, shop, learnt);
    let learnt = joined.as_ref().unwrap_or(learnt);
    let mut subjects = subjects(ground, shop, learnt);
    let law = fit_law(ground, &mut subjects);
    let most = match learnt.source {
        Source::Plan | Source::Traffic => FINDINGS_QUICK,
        Source::Survey => FINDINGS_MAX,
    };
    let findings: Vec<Vec<Finding>> = subjects.iter().map(|subject| residuals(ground, subject, law, most)).collect();
    let (shape, geometry) = match learnt.source {
        // What is learnt on the way must be quick, since everybody waits for it; a survey is taken once.
        Source::Plan | Source::Traffic => (BELIEVED, None),
        Source::Survey => (best_shape(&findings), Geometry::of(&subjects, law)),
    };
    let chances = Chances::new(ground, learnt);
    let mut ears = Vec::with_capacity(subjects.len());
    let mut left_open = 0.0;
    let heard =
        subjects.iter().map(|subject| subject.places.iter().map(|(_, frames)| frames).sum::<f64>()).sum::<f64>();
    for (subject, findings) in subjects.iter().zip(&findings) {
        let process = Process::new(shape, findings);
        let room = || Vec::with_capacity(ground.cells());
        let (mut level, mut variance, mut map, mut open) = (room(), room(), room(), room());
        let mut left = Vec::new();
        let ways = subject.mast.as_ref().map(|mast| ground.ways(mast));
        for (cell, (floor, point)) in ground.centres().enumerate() {
            let way = ways.as_ref().map(|ways| &ways[cell]);
            let loss = way.map_or(0.0, |way| way.loss);
            let (more, unsure) = process.at(floor, point, loss);
            if learnt.source == Source::Survey && cell % SAMPLED == 0 {
                left.push(process.left(floor, point, loss) as f32);
            }
            map.push(unsure as f32);
            open.push(openness(unsure, shape.spread * shape.spread));
            level.push((expected(subject, law, way) + more) as f32);
            let walls = way.map_or(0.0, |way| loss_variance(law.losses * way.loss));
            variance.push((shape.nugget * shape.nugget + BODIES[learnt.source as usize] + unsure + walls) as f32);
        }
        let chance = chances.of(&subject.places);
        let levels = match (&geometry, ways) {
            (Some(geometry), Some(ways)) if subject.planned => geometry.beside(&ways, level, &open),
            (Some(_), _) | (None, _) => vec![level],
        };
        left_open += dot(&open, &ground.open);
        ears.push(Expectation { id: subject.id.clone(), levels, variance, left, chance });
    }
    chances.finish(&mut ears, heard);
    let laws = if geometry.is_some() { LAWS.to_vec() } else { vec![1.0] };
    let bias_db = BIAS_DB[learnt.source as usize]
        * match learnt.source {
            Source::Plan | Source::Traffic => 1.0,
            // Errors of a map come back as a receiver's own where it says little; where it was surveyed closely they
            // differ from step to step.
            Source::Survey => left_open / (lanes::sum(&ground.open) * ears.len() as f32).max(1.0),
        };
    let offset_db = learnt.devices_db as f32;
    Radio { source: learnt.source, ears, laws, start: start(ground, learnt), offset_db, bias_db }
}

fn subjects(ground: &Ground, shop: &Shop, learnt: &Calibration) -> Vec<Subject> {
    let known = shop.receivers.iter().chain(&shop.beacons);
    let mut subjects: Vec<Subject> = known
        .filter_map(|receiver| {
            let mast = ground.mast(&receiver.floor, receiver.point(), receiver.z)?;
            Some(Subject {
                id: receiver.id.clone(),
                mast: Some(mast),
                planned: true,
                power: 0.0,
                readings: Vec::new(),
                places: Vec::new(),
            })
        })
        .collect();
    for (id, readings) in &learnt.receivers {
        let found = readings.iter().filter_map(|reading| {
            let place = learnt.places.get(reading.place as usize)?;
            let floor = ground.floor(&place.floor)?;
            Some(Finding { floor, point: place.point, loss: 0.0, residual: reading.level, frames: reading.frames })
        });
        let found: Vec<Finding> = found.collect();
        let places = readings.iter().map(|reading| (reading.place, reading.frames)).collect();
        match subjects.iter_mut().find(|subject| subject.id == *id) {
            Some(subject) => {
                if learnt.moved.contains(id) {
                    (subject.mast, subject.planned) = (place(ground, &found), false);
                }
                (subject.readings, subject.places) = (found, places);
            }
            None => {
                let mast = place(ground, &found);
                let id = id.clone();
                subjects.push(Subject { id, mast, planned: false, power: 0.0, readings: found, places });
            }
        }
    }
    subjects
}

/// Finds the place of a receiver that the plan does not have: the one from which a usual law explains best what it heard.
fn place(ground: &Ground, readings: &[Finding]) -> Option<Mast> {
    const STEPS: i32 = 12;
    let loud = |reading: &Finding| reading.frames.min(5.0) * 10_f64.powf(reading.residual / 10.0);
    let mut floors = vec![0.0; ground.floors()];
    readings.iter().for_each(|reading| floors[reading.floor] += reading.frames * 10_f64.powf(reading.residual / 20.0));
    let floor = (0..floors.len()).max_by(|a, b| floors[*a].total_cmp(&floors[*b]))?;
    let here: Vec<&Finding> = readings.iter().filter(|reading| reading.floor == floor).collect();
    let weight: f64 = here.iter().map(|reading| loud(reading)).sum();
    if weight <= 0.0 {
        return None;
    }
    let mean =
        |of: fn(&Point) -> f64| here.iter().map(|reading| loud(reading) * of(&reading.point)).sum::<f64>() / weight;
    let centre = Point { x: mean(|point| point.x), y: mean(|point| point.y) };
    let mut best: Option<(f64, Point)> = None;
    for step in 0..(2 * STEPS + 1).pow(2) {
        let (right, up) = (f64::from(step % (2 * STEPS + 1) - STEPS), f64::from(step / (2 * STEPS + 1) - STEPS));
        let mast = Mast { floor, point: Point { x: centre.x + right, y: centre.y + up }, z: HEIGHT_M };
        let powers = here.iter().map(|reading| {
            (reading.residual + EXPONENT * ground.way(&mast, floor, reading.point).slope, reading.frames.min(5.0))
        });
        let powers: Vec<(f64, f64)> = powers.collect();
        // A prior power of -5 dB with a weight of two frames keeps a receiver that was heard once near where that was.
        let (sum, count) =
            powers.iter().fold((-10.0, 2.0), |(sum, count), (power, weight)| (sum + power * weight, count + weight));
        let power = sum / count;
        let misfit: f64 = powers.iter().map(|(other, weight)| weight * (other - power).powi(2)).sum();
        let cost = misfit + 2.0 * (power + 5.0).powi(2) + 0.1 * (right * right + up * up);
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, mast.point));
        }
    }
    best.map(|(_, point)| Mast { floor, point, z: HEIGHT_M })
}

/// The law of a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Law {
    exponent: f64,
    /// Loss through a ceiling, in dB: an open hall takes less than a slab.
    pub(super) ceiling: f64,
    /// How much of the losses that the plan gives walls and furniture was found.
    pub(super) losses: f64,
}

/// Fits each receiver's power, the exponent of the store and what a ceiling takes, each in turn.
fn fit_law(ground: &Ground, subjects: &mut [Subject]) -> Law {
    let ways: Vec<Vec<(Way, f64)>> = subjects
        .iter()
        .map(|subject| {
            let Some(mast) = &subject.mast else { return Vec::new() };
            let way = |reading: &Finding| (ground.way(mast, reading.floor, reading.point), reading.residual);
            subject.readings.iter().map(way).collect()
        })
        .collect();
    let mut law = Law { exponent: EXPONENT, ceiling: CEILING_DB, losses: 1.0 };
    for _ in 0..ROUNDS {
        let beyond = |(way, level): &(Way, f64)| {
            level + law.exponent * way.slope + law.losses * way.loss + law.ceiling * way.storeys
        };
        let own: Vec<Option<f64>> = ways
            .iter()
            .map(|ways| (!ways.is_empty()).then(|| ways.iter().map(beyond).sum::<f64>() / ways.len() as f64))
            .collect();
        let known = own.iter().flatten().count().max(1) as f64;
        let mean = own.iter().flatten().sum::<f64>() / known;
        let (mut product, mut square) = (EXPONENT * EXPONENT_WEIGHT, EXPONENT_WEIGHT);
        let (mut taken, mut storeys) = (CEILING_DB * CEILING_WEIGHT, CEILING_WEIGHT);
        let (mut lost, mut losses) = (LOSSES_WEIGHT, LOSSES_WEIGHT);
        for ((subject, own), ways) in subjects.iter_mut().zip(own).zip(&ways) {
            let count = ways.len() as f64;
            subject.power = (own.unwrap_or(mean) * count + mean * POWER_WEIGHT) / (count + POWER_WEIGHT);
            for (way, level) in ways {
                let below = subject.power - level;
                let (slope, loss, ceilings) =
                    (law.exponent * way.slope, law.losses * way.loss, law.ceiling * way.storeys);
                product += way.slope * (below - loss - ceilings);
                square += way.slope * way.slope;
                taken += way.storeys * (below - slope - loss);
                storeys += way.storeys * way.storeys;
                lost += way.loss * (below - slope - ceilings);
                losses += way.loss * way.loss;
            }
        }
        law = Law {
            exponent: (product / square).clamp(1.2, 4.0),
            ceiling: (taken / storeys).clamp(0.0, 30.0),
            losses: (lost / losses).clamp(0.0, 2.0),
        };
    }
    law
}

/// What the law alone lets expect of a receiver over a way; of one without a place there is none.
fn expected(subject: &Subject, law: Law, way: Option<&Way>) -> f64 {
    let Some(way) = way else { return subject.power };
    subject.power - law.exponent * way.slope - law.losses * way.loss - law.ceiling * way.storeys
}

fn residuals(ground: &Ground, subject: &Subject, law: Law, most: usize) -> Vec<Finding> {
    let residual = |reading: &Finding| {
        let way = subject.mast.as_ref().map(|mast| ground.way(mast, reading.floor, reading.point));
        let loss = way.as_ref().map_or(0.0, |way| way.loss);
        Finding { loss, residual: reading.residual - expected(subject, law, way.as_ref()), ..*reading }
    };
    let mut findings: Vec<Finding> = subject.readings.iter().map(residual).collect();
    if findings.len() > most {
        findings.sort_by(|a, b| b.frames.total_cmp(&a.frames));
        findings.truncate(most);
    }
    findings
}

/// The shape that explains the findings best, the same for all receivers.
fn best_shape(findings: &[Vec<Finding>]) -> Shape {
    let mut told: Vec<&Vec<Finding>> = findings.iter().filter(|findings| findings.len() >= 5).collect();
    told.sort_by_key(|findings| std::cmp::Reverse(findings.len()));
    let compared: Vec<Vec<Finding>> = told
        .iter()
        .take(COMPARED.0)
        .map(|findings| findings.iter().step_by(findings.len().div_ceil(COMPARED.1)).copied().collect())
        .collect();
    if compared.is_empty() {
        return USUAL;
    }
    let mut best = (f64::NEG_INFINITY, USUAL);
    for spread in SPREADS_DB {
        for reach in REACHES_M {
            for nugget in NUGGETS_DB {
                let shape = Shape { spread, reach, nugget };
                let evidence: f64 = compared.iter().map(|findings| shape.evidence(findings)).sum();
                if evidence > best.0 {
                    best = (evidence, shape);
                }
            }
        }
    }
    best.1
}

/// Where somebody may be to begin with: everywhere, but less where a survey never went.
fn start(ground: &Ground, learnt: &Calibration) -> Vec<f32> {
    let mut start = ground.open.clone();
    match learnt.source {
        Source::Plan | Source::Traffic => return start,
        Source::Survey => {}
    }
    let places: Vec<(usize, Point)> =
        learnt.places.iter().filter_map(|place| Some((ground.floor(&place.floor)?, place.point))).collect();
    for (start, (floor, point)) in start.iter_mut().zip(ground.centres()) {
        let near = places.iter().filter(|(other, _)| *other == floor).map(|(_, place)| place.distance(point));
        let beyond = (near.fold(f64::INFINITY, f64::min) - WALKED_M).max(0.0);
        *start *= (-beyond / WALKED_M).exp().max(UNWALKED) as f32;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_were_heard_most_say_how_the_field_varies() {
        let found = |receiver: u32, count: u32, spread: f64| -> Vec<Finding> {
            let finding = |n: u32| {
                let point = Point { x: f64::from(n % 8), y: f64::from(n / 8) };
                // A wave of some metres, another one for every receiver.
                let residual = spread * (0.7 * point.x + 0.5 * point.y + f64::from(receiver)).sin();
                Finding { floor: 0, point, loss: 0.0, residual, frames: 50.0 }
            };
            (0..count).map(finding).collect()
        };
        let quiet: Vec<Vec<Finding>> = (0..12).map(|receiver| found(receiver, 6, 0.2)).collect();
        let rich: Vec<Vec<Finding>> = (0..12).map(|receiver| found(receiver, 60, 6.0)).collect();
        let together = [quiet.clone(), rich.clone()].concat();
        assert_eq!(best_shape(&together), best_shape(&rich), "whoever comes first");
        assert!(best_shape(&together).spread > best_shape(&quiet).spread);
    }
}

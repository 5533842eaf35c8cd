//! Nearest labelled fingerprints by distance in dB, as FIND3 learns a building: what is not heard counts as very weak.

use std::collections::BTreeMap;

use model::floor::Point;
use model::ids::{FloorId, ReceiverId};
use model::survey::{Heard, Survey};

use super::{Estimate, Ground};
use crate::case::Case;
use crate::folds::Fold;
use crate::part::{Frame, Track};
use crate::survey::CLAIM;

const SECONDS: f64 = 5.0;
/// A receiver that does not hear counts with this strength, in dBm.
const SILENT: f32 = -100.0;

/// Labelled fingerprints.
#[derive(Debug, Default)]
pub struct Library {
    receivers: BTreeMap<ReceiverId, usize>,
    prints: Vec<Print>,
}

#[derive(Debug)]
struct Print {
    floor: FloorId,
    point: Point,
    zone: String,
    heard: Vec<(usize, f32)>,
}

impl Library {
    /// The points of a survey as they are; of walks, what was heard in the 5 s up to each labelled moment.
    #[must_use]
    pub fn new(case: &Case, fold: &Fold, survey: &Survey) -> Self {
        let ground = Ground::of(&case.set);
        let mut library = Self::default();
        if !case.labelled.points.is_empty() {
            for spot in &survey.spots {
                let zone = ground.zone_at(&spot.floor, spot.point).unwrap_or_default();
                library.add(spot.floor.clone(), spot.point, zone, &spot.heard);
            }
            return library;
        }
        for truth in case.labelled.tracks.truth.iter().filter(|truth| fold.labels.contains(&truth.track)) {
            let track = case.labelled.tracks.track(&truth.track);
            let floor = case.set.floor(truth.floor.as_deref().unwrap_or_default());
            if let (Some(track), Ok(floor), Some(point)) = (track, floor, truth.point) {
                let heard = crate::survey::heard(track.before(truth.t, SECONDS));
                library.add(floor, point, truth.zone.clone(), &heard);
            }
        }
        library
    }

    fn add(&mut self, floor: FloorId, point: Point, zone: String, heard: &[Heard]) {
        let mut known = |receiver: &ReceiverId| {
            let next = self.receivers.len();
            *self.receivers.entry(receiver.clone()).or_insert(next)
        };
        #[expect(clippy::cast_possible_truncation, reason = "a claim in dBm fits an f32")]
        let heard: Vec<(usize, f32)> =
            heard.iter().map(|one| (known(&one.receiver), one.level + CLAIM as f32)).collect();
        if !heard.is_empty() {
            self.prints.push(Print { floor, point, zone, heard });
        }
    }

    /// The strengths of some frames, by receiver.
    fn strengths(&self, frames: &[Frame]) -> Vec<f32> {
        let mut sums = vec![(0.0f32, 0.0f32); self.receivers.len()];
        for frame in frames {
            if let Some(place) = self.receivers.get(&frame.receiver) {
                let (sum, count) = &mut sums[*place];
                (*sum, *count) = (*sum + frame.rssi, *count + 1.0);
            }
        }
        sums.into_iter().map(|(sum, count)| if count > 0.0 { sum / count } else { SILENT }).collect()
    }

    /// How many neighbours are asked: few among few.
    fn neighbours(&self) -> usize {
        (self.prints.len() / 40).clamp(5, 25)
    }
}

pub(super) fn answer(ground: &Ground<'_>, track: &Track, t: f64) -> Option<Estimate> {
    let library = ground.library.as_ref()?;
    let frames = track.before(t, SECONDS);
    if frames.is_empty() {
        return None;
    }
    let strengths = library.strengths(frames);
    let silence: f32 = strengths.iter().map(|strength| (strength - SILENT).powi(2)).sum();
    let away = |print: &Print| {
        let differs = |(place, strength): &(usize, f32)| {
            (strength - strengths[*place]).powi(2) - (SILENT - strengths[*place]).powi(2)
        };
        (silence + print.heard.iter().map(differs).sum::<f32>()).max(0.0)
    };
    let mut nearest: Vec<(f32, &Print)> = library.prints.iter().map(|print| (away(print), print)).collect();
    let count = library.neighbours().min(nearest.len());
    if count == 0 {
        return None;
    }
    nearest.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
    nearest.truncate(count);
    let floor = most(nearest.iter().map(|(_, print)| print.floor.clone()))?;
    nearest.retain(|(_, print)| print.floor == floor);
    let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
    for (away, print) in &nearest {
        let weight = 1.0 / (f64::from(*away).sqrt() + 1e-3);
        (sum, x, y) = (sum + weight, x + weight * print.point.x, y + weight * print.point.y);
    }
    let zone = most(nearest.iter().map(|(_, print)| print.zone.clone()));
    Some(Estimate { floor, point: Point { x: x / sum, y: y / sum }, zone })
}

/// What is there most often; of equals the first in order.
fn most<T: Ord + Clone>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    let best = *counts.values().max()?;
    counts.into_iter().find(|(_, count)| *count == best).map(|(one, _)| one)
}

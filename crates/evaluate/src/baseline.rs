//! What others do, implemented plainly from their documented behaviour and played on the same rows: each answers a question
//! from the frames of the track up to its moment.

mod bermuda;
mod centroid;
mod neighbours;
mod simplex;
mod strongest;

use std::collections::BTreeMap;

use model::floor::Point;
use model::ids::{FloorId, ReceiverId};
use model::survey::Survey;

pub use neighbours::Library;

use crate::part::Track;
use crate::play::Answer;
use crate::set::Set;
use crate::survey::CLAIM;

/// The power at 1 m that ESPresense's companion takes for a tag, in dBm.
const POWER_DEFAULT: f64 = -65.0;
/// The path loss exponent that it takes.
const EXPONENT_DEFAULT: f64 = 2.7;

/// A way of locating that others use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The place of the receiver that hears the strongest mean over 3 s.
    Strongest,
    /// The mean of the five strongest receivers over 5 s, each weighted by its distance.
    Centroid,
    /// The place that fits the distances best, by the simplex method, as ESPresense's companion does.
    NelderMead,
    /// The nearest labelled fingerprints over 5 s, as FIND3 does.
    Neighbours,
    /// The nearest receiver by filtered distance, with its rule for a change, as Bermuda does.
    Bermuda,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Strongest, Self::Centroid, Self::NelderMead, Self::Neighbours, Self::Bermuda];

    /// Whether a survey tells it more than places that are not on the plan.
    #[must_use]
    pub const fn learns(self) -> bool {
        match self {
            Self::NelderMead | Self::Neighbours => true,
            Self::Strongest | Self::Centroid | Self::Bermuda => false,
        }
    }

    /// What it is called in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strongest => "strongest receiver, 3 s",
            Self::Centroid => "weighted centroid, 5 s",
            Self::NelderMead => "Nelder-Mead on distances, 3 s",
            Self::Neighbours => "nearest fingerprints, 5 s",
            Self::Bermuda => "minimum filter (Bermuda-like)",
        }
    }
}

/// Where one end of the radio stands.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    floor: FloorId,
    point: Point,
}

/// What a baseline knows of a shop.
#[derive(Debug)]
pub struct Ground<'s> {
    set: &'s Set,
    places: BTreeMap<ReceiverId, Place>,
    /// Power at 1 m in dBm, and the path loss exponent.
    radio: (f64, f64),
    library: Option<Library>,
}

/// What a baseline answers.
#[derive(Debug, Clone, PartialEq)]
struct Estimate {
    floor: FloorId,
    point: Point,
    zone: Option<String>,
}

impl<'s> Ground<'s> {
    /// The plan alone, with the usual constants.
    #[must_use]
    pub fn of(set: &'s Set) -> Self {
        let ends = set.plan.receivers.iter().chain(&set.plan.beacons);
        let place = |end: &model::shop::Receiver| Place { floor: end.floor.clone(), point: end.point() };
        let places = ends.map(|end| (end.id.clone(), place(end))).collect();
        Self { set, places, radio: (POWER_DEFAULT, EXPONENT_DEFAULT), library: None }
    }

    /// The plan with a survey: constants fitted to it, receivers that the plan does not place put where they are strongest.
    #[must_use]
    pub fn surveyed(set: &'s Set, survey: &Survey, library: Library) -> Self {
        let mut ground = Self::of(set);
        ground.place_by(survey);
        ground.radio = ground.fitted(survey).unwrap_or(ground.radio);
        ground.library = Some(library);
        ground
    }

    /// With constants that are known.
    #[must_use]
    pub const fn with_radio(mut self, power_at_1m: f64, exponent: f64) -> Self {
        self.radio = (power_at_1m, exponent);
        self
    }

    /// Whether a method can be used: some need places of receivers, one needs fingerprints.
    #[must_use]
    pub fn can(&self, method: Method) -> bool {
        match method {
            Method::Neighbours => self.library.is_some(),
            Method::Strongest | Method::Centroid | Method::NelderMead | Method::Bermuda => !self.places.is_empty(),
        }
    }

    fn distance(&self, rssi: f64) -> f64 {
        10f64.powf((self.radio.0 - rssi) / (10.0 * self.radio.1))
    }

    fn place_by(&mut self, survey: &Survey) {
        let mut heard: BTreeMap<&ReceiverId, Vec<(f64, &FloorId, Point)>> = BTreeMap::new();
        for spot in &survey.spots {
            for one in spot.heard.iter().filter(|one| !self.places.contains_key(&one.receiver)) {
                let weight = 10f64.powf(f64::from(one.level) / 10.0);
                heard.entry(&one.receiver).or_default().push((weight, &spot.floor, spot.point));
            }
        }
        for (receiver, spots) in heard {
            let mut floors: BTreeMap<&FloorId, (f64, f64, f64)> = BTreeMap::new();
            for (weight, floor, point) in spots {
                let (sum, x, y) = floors.entry(floor).or_default();
                (*sum, *x, *y) = (*sum + weight, *x + weight * point.x, *y + weight * point.y);
            }
            if let Some((floor, (sum, x, y))) = floors.into_iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0)) {
                let place = Place { floor: floor.clone(), point: Point { x: x / sum, y: y / sum } };
                self.places.insert(receiver.clone(), place);
            }
        }
    }

    /// The straight line of strength over the logarithm of distance, by least squares.
    fn fitted(&self, survey: &Survey) -> Option<(f64, f64)> {
        let (mut n, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for spot in &survey.spots {
            for one in &spot.heard {
                let Some(place) = self.places.get(&one.receiver).filter(|place| place.floor == spot.floor) else {
                    continue;
                };
                let x = -10.0 * place.point.distance(spot.point).max(0.5).log10();
                let y = f64::from(one.level) + CLAIM;
                (n, sx, sy, sxx, sxy) = (n + 1.0, sx + x, sy + y, sxx + x * x, sxy + x * y);
            }
        }
        let spread = n * sxx - sx * sx;
        if spread <= 1e-9 {
            return None;
        }
        let exponent = ((n * sxy - sx * sy) / spread).clamp(1.0, 6.0);
        Some(((sy - exponent * sx) / n, exponent))
    }

    /// The zone at a place: the one it lies in, else the nearest that reaches out to it.
    fn zone_at(&self, floor: &FloorId, point: Point) -> Option<String> {
        use geo::{Distance as _, Euclidean, Intersects as _};
        let place = geo::Point::new(point.x, point.y);
        let zones = &self.set.plan.floors.iter().find(|other| other.id == *floor)?.zones;
        let near = || {
            let away = zones.iter().map(|zone| (Euclidean.distance(&place, &zone.polygon), zone));
            away.filter(|(away, zone)| *away <= zone.reach).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, zone)| zone)
        };
        let zone = zones.iter().find(|zone| zone.polygon.intersects(&place)).or_else(near)?;
        Some(self.set.zone_name(&zone.id).to_owned())
    }
}

/// Plays a track to a method. It holds its last answer while it has none.
#[must_use]
pub fn play(method: Method, ground: &Ground<'_>, track: &Track) -> Vec<Answer> {
    let mut bermuda = bermuda::Follow::default();
    let mut answer = |t: f64| match method {
        Method::Strongest => strongest::answer(ground, track, t),
        Method::Centroid => centroid::answer(ground, track, t),
        Method::NelderMead => simplex::answer(ground, track, t, simplex::SECONDS),
        Method::Neighbours => neighbours::answer(ground, track, t),
        Method::Bermuda => bermuda.answer(ground, track, t),
    };
    tell(ground, track, &mut answer)
}

/// Plays a track to the simplex method on the frames of the last `seconds` alone.
#[must_use]
pub fn play_simplex(ground: &Ground<'_>, track: &Track, seconds: f64) -> Vec<Answer> {
    tell(ground, track, &mut |t| simplex::answer(ground, track, t, seconds))
}

fn tell(ground: &Ground<'_>, track: &Track, answer: &mut dyn FnMut(f64) -> Option<Estimate>) -> Vec<Answer> {
    let (floor, point) = ground.set.centre();
    let mut last = Estimate { floor, point, zone: None };
    let tell = |query: &crate::part::Query| {
        if let Some(estimate) = answer(query.t) {
            last = estimate;
        }
        Answer {
            sample: query.sample.clone(),
            point: last.point,
            zone: last.zone.clone().unwrap_or_default(),
            floor: ground.set.floor_name(&last.floor).to_owned(),
            claim: None,
        }
    };
    track.queries.iter().map(tell).collect()
}

/// The mean of each receiver with a place over the last `seconds`, strongest first.
fn means<'g>(ground: &'g Ground<'_>, track: &Track, t: f64, seconds: f64) -> Vec<(&'g Place, f64)> {
    let mut sums: BTreeMap<&ReceiverId, (f64, f64)> = BTreeMap::new();
    for frame in track.before(t, seconds) {
        let (sum, count) = sums.entry(&frame.receiver).or_default();
        (*sum, *count) = (*sum + f64::from(frame.rssi), *count + 1.0);
    }
    let placed =
        |(receiver, (sum, count)): (&ReceiverId, (f64, f64))| Some((ground.places.get(receiver)?, sum / count));
    let mut means: Vec<(&Place, f64)> = sums.into_iter().filter_map(placed).collect();
    means.sort_by(|a, b| b.1.total_cmp(&a.1));
    means
}

#[cfg(test)]
mod tests;

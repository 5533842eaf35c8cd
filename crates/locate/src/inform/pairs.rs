//! Zones that are taken for one another, and why.

use geo::Centroid;
use model::floor::Point;
use model::ids::ZoneId;
use serde::Serialize;

use super::chart::Chart;
use super::landing::Landing;
use super::{Ellipse, ZoneForecast};

/// Zones cannot be told apart when, of the answers that name one of the two, so many name the wrong one, both ways.
const CONFUSED: f64 = 0.25;
/// A mistake that is rarer than this is not worth a word, in shares of all answers.
const RARE: f64 = 0.03;
/// With fewer receivers that hear a place well, it is they who are missing.
const RECEIVERS_MIN: f64 = 3.0;
/// An error so much longer one way than the other way comes from receivers that stand in a line.
const SLENDER: f64 = 1.6;
/// Places that are so much nearer in the space of signals than the information about them says are mirror images.
const MIRROR: f64 = 0.3;

/// Why two zones cannot be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// They are smaller or nearer to each other than the radio can tell.
    TooClose,
    /// Fewer than three receivers hear them well.
    TooFewReceivers,
    /// They sound alike: from one to the other, the distance to no receiver changes enough.
    SoundAlike,
}

/// Two zones that cannot be told apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The one.
    pub a: ZoneId,
    /// The other.
    pub b: ZoneId,
    /// How often somebody in `a` is placed in `b`.
    pub a_as_b: f64,
    /// How often somebody in `b` is placed in `a`.
    pub b_as_a: f64,
    /// Between their centres, in metres.
    pub distance_m: f64,
    /// The main reason.
    pub why: Why,
}

/// Whether two zones share a place: then being in both is no mistake.
pub(super) fn overlap(chart: &Chart, a: usize, b: usize) -> bool {
    let (first, second) = if chart.zone_spots[a].len() <= chart.zone_spots[b].len() { (a, b) } else { (b, a) };
    chart.zone_spots[first].iter().any(|spot| chart.spots[*spot].zones.contains(&second))
}

/// The pairs that cannot be told apart, worst first.
pub(super) fn find(chart: &Chart, zones: &[ZoneForecast]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (a, zone) in zones.iter().enumerate() {
        for (id, a_as_b) in zone.elsewhere.iter().filter(|(_, share)| *share >= RARE) {
            let Some(b) = zones.iter().position(|other| other.id == *id).filter(|b| *b > a) else { continue };
            let b_as_a =
                zones[b].elsewhere.iter().find(|(other, _)| *other == zone.id).map_or(0.0, |(_, share)| *share);
            let is_confused = |wrong: f64, right: f64| wrong >= RARE && wrong >= CONFUSED * (wrong + right);
            if !is_confused(*a_as_b, zone.share) || !is_confused(b_as_a, zones[b].share) {
                continue;
            }
            let (distance_m, why) = why(chart, zones, (a, b));
            pairs.push(Pair { a: zone.id.clone(), b: id.clone(), a_as_b: *a_as_b, b_as_a, distance_m, why });
        }
    }
    pairs.sort_by(|x, y| (y.a_as_b + y.b_as_a).total_cmp(&(x.a_as_b + x.b_as_a)).then_with(|| x.a.cmp(&y.a)));
    pairs
}

fn why(chart: &Chart, zones: &[ZoneForecast], (a, b): (usize, usize)) -> (f64, Why) {
    let (from, to) = (middle(chart, a), middle(chart, b));
    let distance = from.distance(to);
    let (x, y) = (to.x - from.x, to.y - from.y);
    let errors: Vec<Ellipse> =
        [a, b].iter().flat_map(|zone| &chart.zone_spots[*zone]).map(|s| chart.ellipse(*s)).collect();
    let mean = |of: &dyn Fn(&Ellipse) -> f64| errors.iter().map(of).sum::<f64>() / errors.len().max(1) as f64;
    let (along, across) = (mean(&|e| e.along(x, y)), mean(&|e| e.along(-y, x)));
    let is_other_floor = chart.zones[a].floor != chart.zones[b].floor;
    let is_mirror = heard_distance(chart, a, b) < MIRROR * (distance / along).powi(2);
    let reason = if zones[a].receivers.min(zones[b].receivers) < RECEIVERS_MIN {
        Why::TooFewReceivers
    } else if is_other_floor || is_mirror || along > SLENDER * across {
        Why::SoundAlike
    } else {
        Why::TooClose
    };
    (distance, reason)
}

/// The squared distance of two zones' middles in the space of signals.
fn heard_distance(chart: &Chart, a: usize, b: usize) -> f64 {
    let spot = |zone: usize| {
        let middle = middle(chart, zone);
        let far = |spot: &usize| chart.spots[*spot].point.distance(middle);
        chart.zone_spots[zone].iter().copied().min_by(|x, y| far(x).total_cmp(&far(y)))
    };
    spot(a).zip(spot(b)).map_or(0.0, |(a, b)| Landing::new(chart, a).distance(chart, b))
}

fn middle(chart: &Chart, zone: usize) -> Point {
    let polygon = &chart.zones[zone].polygon;
    polygon.centroid().map_or_else(Point::default, |centre| Point { x: centre.x(), y: centre.y() })
}

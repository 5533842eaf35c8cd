//! What can be said of each zone, pair, receiver and patch.

use geo::{BooleanOps as _, Centroid as _, Relate as _};
use locate::inform::Forecast;
use locate::quality::{PATCH_M, Quality, ReceiverQuality};
use model::floor::Point;
use model::ids::ZoneId;
use model::shop::{Receiver, Shop};
use model::time::{Millis, Timestamp};
use model::zone::Zone;

use super::{
    PairFinding, PatchFinding, ReceiverFinding, State, Verdict, Worse, ZONE_SECONDS_MIN, ZoneFinding, promised,
};

/// A zone found so much less often than promised has a cause.
const WORSE: f64 = 0.15;
/// Receivers within this distance of a zone's middle are asked first, in metres.
const NEAR_M: f64 = 10.0;
/// Zones are taken for one another when each is the other so often while it is named.
const CONFUSED: f64 = 0.25;
/// Looks at people near a receiver before anything is said of it.
const LOOKS_MIN: u64 = 50;
/// A receiver that hears less than this share of what the others hear near them is weak.
const WEAK: f64 = 0.4;
/// Levels compared before a receiver is said to be elsewhere, and how far off they are then, in dB.
const COMPARED_MIN: u64 = 100;
const ELSEWHERE_DB: f64 = 8.0;
/// A receiver that has heard nobody for so long, while others did, is silent.
const SILENT: Millis = Millis::minutes(30);

/// What is said of every zone.
pub(super) fn zones(
    shop: &Shop,
    sum: &Quality,
    forecast: &Forecast,
    receivers: &[ReceiverFinding],
) -> Vec<ZoneFinding> {
    shop.zones()
        .map(|zone| {
            let quality = sum.zones.get(&zone.id);
            let seconds = quality.map_or(0.0, |quality| quality.seconds);
            let enough = quality.filter(|_| seconds >= ZONE_SECONDS_MIN);
            let right = enough.and_then(|quality| quality.belief(&zone.id));
            let found = enough.and_then(|_| sum.found(&zone.id));
            let promised = promised(forecast, &zone.id);
            ZoneFinding {
                id: zone.id.clone(),
                seconds,
                right,
                found,
                promised,
                uncertainty_m: enough.map(|quality| quality.uncertainty / quality.seconds),
                verdict: right.zip(found).map(|(right, found)| Verdict::of(right.min(found))),
                worse: found.filter(|found| promised - found > WORSE).map(|_| blame(shop, zone, receivers)),
            }
        })
        .collect()
}

/// The nearest receiver in trouble, or else the plan.
fn blame(shop: &Shop, zone: &Zone, receivers: &[ReceiverFinding]) -> Worse {
    let middle = zone.polygon.centroid().map_or_else(Point::default, |at| Point { x: at.x(), y: at.y() });
    let near = |receiver: &&Receiver| receiver.floor == zone.floor && receiver.point().distance(middle) <= NEAR_M;
    let troubled =
        |receiver: &&Receiver| receivers.iter().any(|finding| finding.id == receiver.id && finding.state.is_trouble());
    let ends = shop.receivers.iter().chain(&shop.beacons);
    let nearest = ends
        .filter(near)
        .filter(troubled)
        .min_by(|a, b| a.point().distance(middle).total_cmp(&b.point().distance(middle)));
    nearest.map_or(Worse::Plan, |receiver| Worse::Receiver(receiver.id.clone()))
}

/// The pairs of zones that are taken for one another; zones that share ground are left out.
pub(super) fn pairs(shop: &Shop, sum: &Quality, forecast: &Forecast) -> Vec<PairFinding> {
    let zones: Vec<&Zone> = shop.zones().collect();
    let mut found = Vec::new();
    for (number, a) in zones.iter().enumerate() {
        for b in &zones[number + 1..] {
            let is = |said: &Zone, truth: &ZoneId| {
                let quality = sum.zones.get(&said.id).filter(|quality| quality.seconds >= ZONE_SECONDS_MIN)?;
                quality.belief(truth)
            };
            let Some((a_is_b, b_is_a)) = is(a, &b.id).zip(is(b, &a.id)) else { continue };
            if a_is_b < CONFUSED || b_is_a < CONFUSED || share_ground(a, b) {
                continue;
            }
            let foreseen = forecast
                .pairs
                .iter()
                .any(|pair| (pair.a == a.id && pair.b == b.id) || (pair.a == b.id && pair.b == a.id));
            found.push(PairFinding { a: a.id.clone(), b: b.id.clone(), a_is_b, b_is_a, foreseen });
        }
    }
    found.sort_by(|x, y| (y.a_is_b + y.b_is_a).total_cmp(&(x.a_is_b + x.b_is_a)));
    found
}

fn share_ground(a: &Zone, b: &Zone) -> bool {
    use geo::Area as _;
    a.floor == b.floor
        && a.polygon.relate(&b.polygon).is_intersects()
        && a.polygon.intersection(&b.polygon).unsigned_area() > 0.01
}

/// How every receiver is.
pub(super) fn receivers(shop: &Shop, days: &[(Timestamp, Quality)], sum: &Quality) -> Vec<ReceiverFinding> {
    let latest = sum.receivers.values().filter_map(|receiver| receiver.last).max();
    let mut shares: Vec<f64> = sum.receivers.values().filter(|r| r.near >= LOOKS_MIN).map(share).collect();
    shares.sort_by(f64::total_cmp);
    let usual = shares.get(shares.len() / 2).copied().unwrap_or(0.0);
    let ends = shop.receivers.iter().chain(&shop.beacons);
    ends.map(|end| {
        let quality = sum.receivers.get(&end.id).copied().unwrap_or_default();
        // A receiver that fell silent is known by what it missed since, on the day of its last word and later.
        let missed: u64 = days
            .iter()
            .filter(|(_, day)| day.receivers.get(&end.id).is_some_and(|day| day.heard == 0 || day.last == quality.last))
            .filter_map(|(_, day)| day.receivers.get(&end.id))
            .map(|day| day.near - day.near_heard)
            .sum();
        ReceiverFinding {
            id: end.id.clone(),
            state: state(quality, missed, latest, usual),
            last: quality.last,
            residual_db: quality.residual(),
        }
    })
    .collect()
}

fn share(receiver: &ReceiverQuality) -> f64 {
    receiver.near_heard as f64 / receiver.near.max(1) as f64
}

fn state(quality: ReceiverQuality, missed: u64, latest: Option<Timestamp>, usual: f64) -> State {
    let is_silent = match (quality.last, latest) {
        (Some(last), Some(latest)) => latest.since(last) > SILENT,
        (None, _) => true,
        (Some(_), None) => false,
    };
    if is_silent && missed >= LOOKS_MIN {
        return State::Silent(missed);
    }
    if quality.near >= LOOKS_MIN && share(&quality) < WEAK * usual {
        return State::Weak(share(&quality));
    }
    match quality.residual() {
        Some((mean, _)) if quality.compared >= COMPARED_MIN && mean.abs() >= ELSEWHERE_DB => State::Elsewhere(mean),
        Some(_) if quality.near >= LOOKS_MIN || quality.compared >= COMPARED_MIN => State::Well,
        Some(_) | None => State::Unknown,
    }
}

/// Where people were.
pub(super) fn patches(sum: &Quality) -> Vec<PatchFinding> {
    let middle = |patch: i32| (f64::from(patch) + 0.5) * PATCH_M;
    sum.patches
        .iter()
        .filter(|(_, patch)| patch.seconds > 0.0)
        .map(|((floor, x, y), patch)| PatchFinding {
            floor: floor.clone(),
            point: Point { x: middle(*x), y: middle(*y) },
            seconds: patch.seconds,
            uncertainty_m: patch.uncertainty / patch.seconds,
        })
        .collect()
}

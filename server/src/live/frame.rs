//! The floor at one moment, for the replay: how many, and where somebody stood. Nothing in it says who.

use std::collections::BTreeMap;

use model::position::{Position, Spread};
use model::shop::Shop;
use model::subject::Subject;
use model::time::Timestamp;

use super::now::People;
use crate::store::{Frame, Mark};

/// A floor with fewer people than this keeps none of their places: one alone can be followed.
pub const PEOPLE_MIN: usize = 5;

/// Makes a frame of who is shown now. `zones` are the counts in the order of the plan.
pub(super) fn frame<'a>(
    plan: &Shop,
    at: Timestamp,
    people: People,
    zones: impl Iterator<Item = usize>,
    here: impl Iterator<Item = &'a Position>,
) -> Frame {
    let mut floors: BTreeMap<usize, (usize, Vec<Mark>)> = BTreeMap::new();
    for position in here {
        let Some(floor) = plan.floors.iter().position(|floor| floor.id == position.floor) else { continue };
        let (count, marks) = floors.entry(floor).or_default();
        *count += 1;
        if !super::shop::is_private(plan, &position.floor, position.point) {
            marks.push(mark(position, floor));
        }
    }
    let mut floor_of_zone =
        plan.floors.iter().enumerate().flat_map(|(index, floor)| floor.zones.iter().map(move |_| index));
    let is_thin = |floor: usize| floors.get(&floor).is_none_or(|(count, _)| *count < PEOPLE_MIN);
    let zones = zones.enumerate().filter_map(|(zone, count)| {
        let floor = floor_of_zone.next()?;
        (count > 0 && !is_thin(floor)).then_some((index(zone), u32::try_from(count).unwrap_or(u32::MAX)))
    });
    let zones = zones.collect();
    let thin = floors.iter().filter(|(_, (count, _))| *count < PEOPLE_MIN).map(|(floor, _)| index(*floor)).collect();
    let crowded = floors.into_values().filter(|(count, _)| *count >= PEOPLE_MIN);
    let mut marks: Vec<Mark> = crowded.flat_map(|(_, marks)| marks).collect();
    // Sorted by place: the order of subjects would be a thread through the frames.
    marks.sort_unstable();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Frame { at, people: [count(people.identified), count(people.tags), count(people.anonymous)], zones, marks, thin }
}

fn index(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

fn mark(position: &Position, floor: usize) -> Mark {
    let kind = match position.subject {
        Subject::Device(_) => 0,
        Subject::Tag(_) => 1,
        Subject::Anonymous(_) => 2,
    };
    let (major, minor, angle) = ellipse(position.spread);
    Mark {
        floor: index(floor),
        kind,
        x: tenths(position.point.x),
        y: tenths(position.point.y),
        major: tenths(major).unsigned_abs().min(255) as u8,
        minor: tenths(minor).unsigned_abs().min(255) as u8,
        angle: angle as u8,
    }
}

fn tenths(metres: f64) -> i16 {
    (metres * 10.0).round() as i16
}

/// The two standard deviations of a belief along its own axes, and the angle of the longer one from 0 to 179 degrees.
fn ellipse(spread: Spread) -> (f64, f64, f64) {
    let (middle, half) = ((spread.xx + spread.yy) / 2.0, (spread.xx - spread.yy) / 2.0);
    let reach = half.hypot(spread.xy);
    let angle = 0.5 * spread.xy.atan2(half).to_degrees();
    ((middle + reach).max(0.0).sqrt(), (middle - reach).max(0.0).sqrt(), angle.round().rem_euclid(180.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_has_its_axes_where_the_belief_has_them() {
        assert_eq!(ellipse(Spread { xx: 4.0, xy: 0.0, yy: 1.0 }), (2.0, 1.0, 0.0));
        assert_eq!(ellipse(Spread { xx: 1.0, xy: 0.0, yy: 4.0 }), (2.0, 1.0, 90.0));
        let (major, minor, angle) = ellipse(Spread { xx: 1.0, xy: -1.0, yy: 1.0 });
        assert!((major - 2.0_f64.sqrt()).abs() < 1e-9 && minor < 1e-6);
        assert_eq!(angle, 135.0);
        assert_eq!(ellipse(Spread::default()), (0.0, 0.0, 0.0));
    }
}

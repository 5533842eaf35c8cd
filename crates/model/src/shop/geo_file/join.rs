//! Puts the features of a plan together: every part on its floor, every zone within it, every passage with all its ends.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use geo::{Area, BooleanOps, BoundingRect, Distance, Euclidean, Intersects};

use super::{PASSAGE_SECONDS, error};
use crate::floor::{Floor, Obstacle, Passage, Point, Wall};
use crate::ids::{FloorId, ZoneId};
use crate::shop::ShopError;
use crate::zone::Zone;

/// So far a zone's corner may lie outside its floor, in metres: people draw over a wall.
const ZONE_OUTSIDE_MAX: f64 = 0.5;
/// Share of a zone's area that may lie outside its floor.
const ZONE_SHARE_OUTSIDE_MAX: f64 = 0.1;
/// So far a passage's end may lie outside its floor, in metres: a lift is often behind the wall.
const PASSAGE_OUTSIDE_MAX: f64 = 1.0;
/// Most passages of a store.
const PASSAGES_MAX: usize = 100;

/// Something that lies on a floor.
pub(super) enum Part {
    Zone(Zone),
    Wall(FloorId, Wall),
    Obstacle(FloorId, Obstacle),
    Passage(End),
}

/// One end of a passage.
pub(super) struct End {
    pub(super) id: String,
    pub(super) floor: FloorId,
    pub(super) seconds: Option<f64>,
    pub(super) point: Point,
}

impl Part {
    const fn floor(&self) -> &FloorId {
        match self {
            Self::Zone(zone) => &zone.floor,
            Self::Wall(floor, _) | Self::Obstacle(floor, _) => floor,
            Self::Passage(end) => &end.floor,
        }
    }
}

/// The floors, lowest first, and the passages, in the order of their ids. What is wrong is appended to `errors`.
pub(super) fn join(
    floors: Vec<(String, Floor)>,
    parts: Vec<(String, Part)>,
    errors: &mut Vec<ShopError>,
) -> (Vec<Floor>, Vec<Passage>) {
    let mut plan = Plan { errors, floors: Vec::new(), zones: BTreeMap::new(), ends: BTreeMap::new() };
    plan.take_floors(floors);
    for (key, part) in parts {
        plan.take(&key, part);
    }
    let passages = plan.passages();
    let mut floors = plan.floors;
    floors.sort_by_key(|floor| floor.level);
    (floors, passages)
}

struct Plan<'a> {
    errors: &'a mut Vec<ShopError>,
    floors: Vec<Floor>,
    /// The feature of each zone.
    zones: BTreeMap<ZoneId, String>,
    /// The ends of each passage, each with its feature.
    ends: BTreeMap<String, Vec<(String, End)>>,
}

impl Plan<'_> {
    fn say(&mut self, key: &str, problem: &str, fix: &str) {
        self.errors.push(error(key, problem, fix));
    }

    fn take_floors(&mut self, floors: Vec<(String, Floor)>) {
        if floors.is_empty() {
            self.say("features", "hold no floor", "add a polygon with \"feature\": \"floor\" and an \"id\"");
        }
        for (key, floor) in floors {
            if self.floors.iter().any(|other| other.id == floor.id) {
                let problem = format!("the floor {:?} is there twice", floor.id.as_str());
                self.say(&format!("{key}.properties.id"), &problem, "give each floor an id of its own");
            } else {
                self.floors.push(floor);
            }
        }
    }

    fn take(&mut self, key: &str, part: Part) {
        let Some(floor) = self.floors.iter().position(|floor| floor.id == *part.floor()) else {
            let problem = format!("names the floor {:?}, which is not in the file", part.floor().as_str());
            self.say(&format!("{key}.properties.floor"), &problem, "name a floor of this file or add it");
            return;
        };
        match part {
            Part::Zone(zone) => self.zone(key, floor, zone),
            Part::Wall(_, wall) => self.floors[floor].walls.push(wall),
            Part::Obstacle(_, obstacle) => {
                if !self.floors[floor].outline.intersects(&obstacle.polygon) {
                    let problem = format!("the obstacle lies outside the floor {:?}", self.floors[floor].id.as_str());
                    self.say(&format!("{key}.geometry"), &problem, "move it onto its floor or remove it");
                }
                self.floors[floor].obstacles.push(obstacle);
            }
            Part::Passage(end) => self.end(key, floor, end),
        }
    }

    fn zone(&mut self, key: &str, floor: usize, zone: Zone) {
        match self.zones.entry(zone.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(key.to_owned());
            }
            Entry::Occupied(_) => {
                let problem = format!("the zone {:?} is there twice", zone.id.as_str());
                return self.say(&format!("{key}.properties.id"), &problem, "give each zone an id of its own");
            }
        }
        if let Some(how) = outside(&zone, &self.floors[floor]) {
            let floor = self.floors[floor].id.as_str();
            let problem = format!("zone {:?} lies outside the floor {floor:?}: {how}", zone.id.as_str());
            self.say(&format!("{key}.geometry"), &problem, "draw it within the outline or draw the outline larger");
        }
        self.floors[floor].zones.push(zone);
    }

    fn end(&mut self, key: &str, floor: usize, end: End) {
        let outline = &self.floors[floor].outline;
        let metres = Euclidean.distance(&geo::Point::new(end.point.x, end.point.y), outline);
        if metres > PASSAGE_OUTSIDE_MAX {
            let problem = format!("passage {:?} ends {metres:.1} m outside the floor {:?}", end.id, end.floor.as_str());
            self.say(&format!("{key}.geometry"), &problem, "mark where one steps onto the floor");
        }
        self.ends.entry(end.id.clone()).or_default().push((key.to_owned(), end));
    }

    fn passages(&mut self) -> Vec<Passage> {
        let ends = std::mem::take(&mut self.ends);
        if ends.len() > PASSAGES_MAX {
            self.say("features", "hold more than 100 passages", "keep those that shoppers use");
            return Vec::new();
        }
        ends.into_iter().filter_map(|(id, ends)| self.passage(id, ends)).collect()
    }

    fn passage(&mut self, id: String, mut ends: Vec<(String, End)>) -> Option<Passage> {
        let level = |end: &End| self.floors.iter().find(|floor| floor.id == end.floor).map(|floor| floor.level);
        ends.sort_by_key(|(_, end)| level(end));
        let first = ends.first()?.0.clone();
        if ends.len() < 2 {
            let (problem, fix) =
                (format!("passage {id:?} has one end only"), "add a point with the same id on another floor");
            self.say(&format!("{first}.properties.id"), &problem, fix);
            return None;
        }
        let twice = ends.iter().enumerate().find(|(n, (_, end))| ends[..*n].iter().any(|(_, o)| o.floor == end.floor));
        if let Some((_, (key, end))) = twice {
            let problem = format!("passage {id:?} has two ends on the floor {:?}", end.floor.as_str());
            self.say(&format!("{key}.properties.floor"), &problem, "one end a floor; another passage has another id");
            return None;
        }
        let mut said = ends.iter().filter_map(|(key, end)| Some((key, end.seconds?)));
        let seconds = said.next().map_or(PASSAGE_SECONDS, |(_, seconds)| seconds);
        if let Some((key, _)) = said.find(|(_, other)| (other - seconds).abs() > f64::EPSILON) {
            let (key, problem) = (format!("{key}.properties.seconds"), format!("passage {id:?} has two durations"));
            self.say(&key, &problem, "write the seconds once, from one floor to the next");
            return None;
        }
        Some(Passage { id, ends: ends.into_iter().map(|(_, end)| (end.floor, end.point)).collect(), seconds })
    }
}

/// How a zone lies outside its floor; none if it lies on it, give or take how people draw.
fn outside(zone: &Zone, floor: &Floor) -> Option<String> {
    let (inner, outer) = (zone.polygon.bounding_rect()?, floor.outline.bounding_rect()?);
    let apart = inner.min().x > outer.max().x
        || inner.max().x < outer.min().x
        || inner.min().y > outer.max().y
        || inner.max().y < outer.min().y;
    if apart {
        return Some("the two do not meet".into());
    }
    let far = |corner: &geo::Coord<f64>| {
        let metres = Euclidean.distance(&geo::Point::from(*corner), &floor.outline);
        (metres > ZONE_OUTSIDE_MAX).then(|| format!("({:.1}, {:.1}) is {metres:.1} m away", corner.x, corner.y))
    };
    if let Some(corner) = zone.polygon.exterior().coords().find_map(far) {
        return Some(corner);
    }
    let share = zone.polygon.difference(&floor.outline).unsigned_area() / zone.polygon.unsigned_area();
    (share > ZONE_SHARE_OUTSIDE_MAX).then(|| format!("{:.0} % of it", share * 100.0))
}

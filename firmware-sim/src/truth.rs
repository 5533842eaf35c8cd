//! What really happened: where everybody was and when, and what was sent. The simulator's own knowledge, and nobody else's.

use std::collections::VecDeque;

use geo::{Contains, Polygon};
use model::floor::Point;
use model::ids::ZoneId;
use model::shop::Shop;
use model::time::{Millis, Timestamp};
use serde::Serialize;

/// For how long tracks are kept.
const TRACK_KEPT: Millis = Millis::minutes(10);
/// Most stays and visits kept per person.
const STAYS_KEPT: usize = 512;

/// A person's number in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PersonId(pub usize);

/// Where somebody was at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
    /// In which zone, by its place in [`Truth::zones`].
    pub zone: Option<usize>,
}

/// A time from its beginning to its end, if it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The beginning.
    pub from: Timestamp,
    /// The end.
    pub to: Option<Timestamp>,
}

/// A stay in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stay {
    /// The zone, by its place in [`Truth::zones`].
    pub zone: usize,
    /// When.
    pub span: Span,
}

/// Everything about one person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Life {
    /// The last minutes' places, oldest first.
    pub track: VecDeque<Place>,
    /// Stays in zones, oldest first.
    pub stays: VecDeque<Stay>,
    /// Visits, oldest first.
    pub visits: VecDeque<Span>,
}

/// Sums over the whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// People who came in.
    pub entered: u64,
    /// People who went out.
    pub left: u64,
    /// Visits begun.
    pub visits: u64,
    /// Stays in zones begun.
    pub stays: u64,
    /// Frames sent.
    pub frames: u64,
    /// Frames heard, per receiver in the order of the shop's file.
    pub heard: Vec<u64>,
    /// Items taken from the watched shelf.
    pub taken: u64,
    /// Items put back on it.
    pub put_back: u64,
    /// Purchases at the till.
    pub purchases: u64,
}

/// What really happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The zones, in the order of the shop's file.
    pub zones: Vec<ZoneId>,
    /// Everybody, by number.
    pub lives: Vec<Life>,
    /// Sums over the whole run.
    pub sums: Sums,
    shapes: Vec<Polygon<f64>>,
}

impl Truth {
    pub(crate) fn new(shop: &Shop, people: usize) -> Self {
        Self {
            zones: shop.zones().map(|zone| zone.id.clone()).collect(),
            lives: vec![Life::default(); people],
            sums: Sums { heard: vec![0; shop.receivers.len()], ..Sums::default() },
            shapes: shop.zones().map(|zone| zone.polygon.clone()).collect(),
        }
    }

    /// Where a person was at a moment: the last place known then; none outside the shop or before memory.
    #[must_use]
    pub fn place(&self, person: PersonId, at: Timestamp) -> Option<Place> {
        let life = self.lives.get(person.0)?;
        let after = life.track.partition_point(|place| place.at <= at);
        let place = *life.track.get(after.checked_sub(1)?)?;
        let inside = life.visits.iter().any(|v| v.from <= at && v.to.is_none_or(|to| at < to));
        inside.then_some(place)
    }

    /// The zone in which a person was at a moment.
    #[must_use]
    pub fn zone(&self, person: PersonId, at: Timestamp) -> Option<&ZoneId> {
        self.place(person, at)?.zone.and_then(|zone| self.zones.get(zone))
    }

    /// When a person last came into a zone before or at a moment.
    #[must_use]
    pub fn entered_zone(&self, person: PersonId, zone: &ZoneId, at: Timestamp) -> Option<Stay> {
        let number = self.zones.iter().position(|z| z == zone)?;
        let stays = self.lives.get(person.0)?.stays.iter().rev();
        stays.copied().find(|stay| stay.zone == number && stay.span.from <= at)
    }

    /// Whether a person is in the shop at a moment.
    #[must_use]
    pub fn is_inside(&self, person: PersonId, at: Timestamp) -> bool {
        self.place(person, at).is_some()
    }

    /// The zone around a point; in the order of the file, as zones of a shop do not overlap here.
    #[must_use]
    pub fn zone_around(&self, point: Point) -> Option<usize> {
        let point = geo::Point::new(point.x, point.y);
        self.shapes.iter().position(|shape| shape.contains(&point))
    }

    pub(crate) fn came_in(&mut self, person: PersonId, at: Timestamp) {
        self.sums.entered += 1;
        self.sums.visits += 1;
        keep(&mut self.lives[person.0].visits, Span { from: at, to: None });
    }

    pub(crate) fn went_out(&mut self, person: PersonId, at: Timestamp) {
        self.sums.left += 1;
        self.end_stay(person, at);
        if let Some(visit) = self.lives[person.0].visits.back_mut() {
            visit.to = Some(at);
        }
    }

    pub(crate) fn stood(&mut self, person: PersonId, at: Timestamp, point: Point) {
        let zone = self.zone_around(point);
        let life = &mut self.lives[person.0];
        if life.track.back().is_some_and(|place| place.at == at) {
            return;
        }
        let current = life.stays.back().filter(|stay| stay.span.to.is_none()).map(|stay| stay.zone);
        while life.track.front().is_some_and(|place| at.since(place.at) > TRACK_KEPT) {
            life.track.pop_front();
        }
        life.track.push_back(Place { at, point, zone });
        if current != zone {
            self.end_stay(person, at);
            if let Some(zone) = zone {
                self.sums.stays += 1;
                keep(&mut self.lives[person.0].stays, Stay { zone, span: Span { from: at, to: None } });
            }
        }
    }

    fn end_stay(&mut self, person: PersonId, at: Timestamp) {
        if let Some(stay) = self.lives[person.0].stays.back_mut().filter(|stay| stay.span.to.is_none()) {
            stay.span.to = Some(at);
        }
    }
}

fn keep<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == STAYS_KEPT {
        list.pop_front();
    }
    list.push_back(item);
}

//! Where somebody truly is, in both layers of zones: departments, entrance and checkout, and the shelves within them.

use std::collections::BTreeMap;

use geo::{Contains, Polygon};
use model::floor::Point;
use model::ids::ZoneId;
use model::position::Position;
use model::shop::Shop;
use model::zone::ZoneKind;

/// A layer of zones that do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// Departments, entrance, checkout: together nearly the whole floor.
    Top,
    /// The aisles in front of shelves.
    Shelf,
}

/// A zone by its place in a layer; none is between zones.
pub(super) type Zone = Option<usize>;

/// The zones of a shop.
#[derive(Debug)]
pub(super) struct Ground {
    top: Vec<(ZoneId, Polygon<f64>)>,
    shelves: Vec<(ZoneId, Polygon<f64>)>,
    /// The department of each shelf, by number.
    parent: Vec<Zone>,
    numbers: BTreeMap<ZoneId, (bool, usize)>,
}

impl Ground {
    pub(super) fn new(shop: &Shop) -> Self {
        let layer = |shelf: bool| -> Vec<(ZoneId, Polygon<f64>)> {
            let zones = shop.zones().filter(|zone| (zone.kind == ZoneKind::Shelf) == shelf);
            zones.map(|zone| (zone.id.clone(), zone.polygon.clone())).collect()
        };
        let (top, shelves) = (layer(false), layer(true));
        let parent = shelves.iter().map(|(_, shelf)| {
            let middle = geo::Centroid::centroid(shelf)?;
            top.iter().position(|(_, zone)| zone.contains(&middle))
        });
        let number = |shelf: bool| move |(n, (id, _)): (usize, &(ZoneId, _))| (id.clone(), (shelf, n));
        let numbers = top.iter().enumerate().map(number(false)).chain(shelves.iter().enumerate().map(number(true)));
        let numbers = numbers.collect();
        Self { parent: parent.collect(), top, shelves, numbers }
    }

    /// The zone of a layer around a point.
    pub(super) fn around(&self, layer: Layer, point: Point) -> Zone {
        let point = geo::Point::new(point.x, point.y);
        self.layer(layer).iter().position(|(_, zone)| zone.contains(&point))
    }

    /// A zone's number in a layer, if it lies there.
    pub(super) fn number(&self, layer: Layer, id: &ZoneId) -> Zone {
        let (shelf, number) = *self.numbers.get(id)?;
        (shelf == (layer == Layer::Shelf)).then_some(number)
    }

    /// What a position answers in a layer, and how sure it is of it.
    ///
    /// In the top layer it is the position's own answer, a shelf standing for its department. In the layer of shelves
    /// it is the likeliest shelf, or none when being at none is likelier.
    pub(super) fn answer(&self, layer: Layer, position: &Position) -> (Zone, f64) {
        let beliefs = || position.zones.iter().filter_map(|(id, p)| Some((self.number(layer, id)?, p.get())));
        let belief = |zone: usize| beliefs().find(|(number, _)| *number == zone).map_or(0.0, |(_, p)| p);
        let none = (1.0 - beliefs().map(|(_, p)| p).sum::<f64>()).max(0.0);
        match layer {
            Layer::Top => {
                let (shelf, number) = match position.zone.as_ref().and_then(|id| self.numbers.get(id)) {
                    Some(found) => *found,
                    None => return (None, none),
                };
                match if shelf { self.parent[number] } else { Some(number) } {
                    Some(zone) => (Some(zone), belief(zone)),
                    None => (None, none),
                }
            }
            Layer::Shelf => match beliefs().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, p)| *p >= none) {
                Some((zone, p)) => (Some(zone), p),
                None => (None, none),
            },
        }
    }

    fn layer(&self, layer: Layer) -> &[(ZoneId, Polygon<f64>)] {
        match layer {
            Layer::Top => &self.top,
            Layer::Shelf => &self.shelves,
        }
    }
}

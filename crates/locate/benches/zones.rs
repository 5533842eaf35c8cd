//! In which zones a point lies, among 100, 10,000 and 1,000,000 zones, beside the floor: a plain `rstar` query with `geo`'s contains.
//! The zones are those of one floor, and, as a server has them, those of stores with a hundred each: one index a store, found by
//! the store's name.

mod laps;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io;

use geo::{BoundingRect, Contains, Coord, LineString, Polygon};
use laps::{Work, compare};
use locate::zones::ZoneIndex;
use model::floor::Point;
use model::ids::{FloorId, StoreId};
use model::zone::{Zone, ZoneKind};
use rstar::{AABB, RTree, RTreeObject};

/// Metres between the middles of two zones: no star leaves its square, so that none leaves its store.
const APART_M: f64 = 7.0;
/// Zones along one side of a store.
const STORE: u32 = 10;
/// Points that are asked by turns.
const POINTS: usize = 4_096;

struct Entry {
    polygon: Polygon<f64>,
    lower: [f64; 2],
    upper: [f64; 2],
}

impl RTreeObject for Entry {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.lower, self.upper)
    }
}

fn main() -> io::Result<()> {
    for side in [10_u32, 100, 1_000] {
        let mut chance = Chance(7);
        let polygons: Vec<Polygon<f64>> = (0..side * side).map(|n| star(n % side, n / side, &mut chance)).collect();
        let width = f64::from(side) * APART_M;
        let points: Vec<Point> =
            (0..POINTS).map(|_| Point { x: chance.next() * width, y: chance.next() * width }).collect();
        let (floor, index) = index(&polygons);
        let stores = stores(&polygons, side);
        let named: Vec<(StoreId, Point)> = points.iter().map(|point| (store_of(*point), *point)).collect();
        let tree = RTree::bulk_load(polygons.into_iter().filter_map(entry).collect());
        let mut found = Vec::new();
        let wrong = points.iter().filter(|point| {
            index.find(&floor, **point, &mut found);
            let all = found.len();
            stores[&store_of(**point)].find(&floor, **point, &mut found);
            all != plain(&tree, **point) || all != found.len()
        });
        assert_eq!(wrong.count(), 0, "both find the same zones");
        let (points, index, tree, floor, stores, named) = (&points, &index, &tree, &floor, &stores, &named);
        let (mut first, mut second, mut third) = (0, 0, 0);
        let mut there = Vec::new();
        let mut works: Vec<Work<'_>> = vec![
            (
                "rstar and geo's contains",
                Box::new(move || {
                    first = (first + 1) % POINTS;
                    black_box(plain(tree, points[first]));
                }),
            ),
            (
                "the zone index",
                Box::new(move || {
                    second = (second + 1) % POINTS;
                    index.find(floor, points[second], &mut found);
                    black_box(found.len());
                }),
            ),
            (
                "an index for each store",
                Box::new(move || {
                    third = (third + 1) % POINTS;
                    let (store, point) = &named[third];
                    stores[store].find(floor, *point, &mut there);
                    black_box(there.len());
                }),
            ),
        ];
        compare(&format!("{} zones", side * side), &mut works)?;
    }
    Ok(())
}

fn plain(tree: &RTree<Entry>, point: Point) -> usize {
    let boxes = tree.locate_in_envelope_intersecting(&AABB::from_point([point.x, point.y]));
    boxes.filter(|entry| entry.polygon.contains(&Coord { x: point.x, y: point.y })).count()
}

fn entry(polygon: Polygon<f64>) -> Option<Entry> {
    let bounds = polygon.bounding_rect()?;
    Some(Entry { polygon, lower: bounds.min().into(), upper: bounds.max().into() })
}

/// The store in whose square a point lies.
fn store_of(point: Point) -> StoreId {
    let side = f64::from(STORE) * APART_M;
    format!("store-{}-{}", (point.x / side) as u32, (point.y / side) as u32).parse().expect("a slug")
}

/// An index for every store of a hundred zones.
fn stores(polygons: &[Polygon<f64>], side: u32) -> BTreeMap<StoreId, ZoneIndex> {
    let mut stores: BTreeMap<StoreId, Vec<Polygon<f64>>> = BTreeMap::new();
    for (polygon, n) in polygons.iter().zip(0..) {
        let middle = |n: u32| (f64::from(n) + 0.5) * APART_M;
        let store = store_of(Point { x: middle(n % side), y: middle(n / side) });
        stores.entry(store).or_default().push(polygon.clone());
    }
    stores.into_iter().map(|(store, polygons)| (store, index(&polygons).1)).collect()
}

fn index(polygons: &[Polygon<f64>]) -> (FloorId, ZoneIndex) {
    let floor: FloorId = "f".parse().expect("a slug");
    let zones = polygons.iter().zip(0_u32..).map(|(polygon, n)| Zone {
        id: format!("z{n}").parse().expect("a slug"),
        name: String::new(),
        kind: ZoneKind::Shelf,
        floor: floor.clone(),
        polygon: polygon.clone(),
        reach: 0.0,
    });
    (floor.clone(), ZoneIndex::new(zones))
}

/// A star with 4 to 12 corners, about 5 m wide.
fn star(column: u32, row: u32, chance: &mut Chance) -> Polygon<f64> {
    let corners = 4 + (chance.next() * 9.0) as u32;
    let middle = Coord { x: (f64::from(column) + 0.5) * APART_M, y: (f64::from(row) + 0.5) * APART_M };
    let corner = |n: u32, reach: f64| {
        let turn = f64::from(n) / f64::from(corners) * std::f64::consts::TAU;
        Coord { x: middle.x + reach * turn.cos(), y: middle.y + reach * turn.sin() }
    };
    let ring: Vec<Coord<f64>> = (0..corners).map(|n| corner(n, 1.5 + 2.0 * chance.next())).collect();
    Polygon::new(LineString::new(ring), Vec::new())
}

/// Numbers that look like chance and are the same in every run: the high bits of a Lehmer generator.
struct Chance(u128);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = (self.0.wrapping_mul(0xda94_2042_e4dd_58b5) % (1 << 64)) | 1;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

use geo::{LineString, Polygon};
use model::ids::ZoneId;
use model::zone::ZoneKind;
use proptest::prelude::*;

use super::*;

/// Corners in half metres, so that the oracle can count in whole numbers.
type Corners = Vec<(i64, i64)>;

fn zone(name: &str, floor: &str, corners: &Corners) -> Zone {
    let line: Vec<(f64, f64)> = corners.iter().map(|(x, y)| (*x as f64 / 2.0, *y as f64 / 2.0)).collect();
    Zone {
        id: ZoneId::new(name).expect("a slug"),
        name: name.into(),
        floor: FloorId::new(floor).expect("a slug"),
        kind: ZoneKind::Department,
        polygon: Polygon::new(LineString::from(line), vec![]),
        reach: 0.0,
    }
}

fn names(index: &ZoneIndex, floor: &str, x: f64, y: f64) -> Vec<String> {
    let floor = FloorId::new(floor).expect("a slug");
    index.at(&floor, Point { x, y }).iter().map(|zone| zone.id.to_string()).collect()
}

fn reaching(reach: f64, zone: Zone) -> Zone {
    Zone { reach, ..zone }
}

fn rectangle(x: i64, y: i64, w: i64, h: i64) -> Corners {
    vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
}

#[test]
fn a_shared_border_belongs_to_one_zone_and_nested_zones_are_all_found() {
    let index = ZoneIndex::new([
        zone("left", "g", &rectangle(0, 0, 10, 10)),
        zone("right", "g", &rectangle(10, 0, 10, 10)),
        zone("shelf", "g", &rectangle(2, 2, 2, 2)),
        zone("above", "first", &rectangle(0, 0, 10, 10)),
    ]);
    assert_eq!(names(&index, "g", 5.0, 2.5), ["right"]);
    assert_eq!(names(&index, "g", 4.999_999, 2.5), ["left"]);
    assert_eq!(names(&index, "g", 1.5, 1.5), ["left", "shelf"]);
    assert_eq!(names(&index, "g", 1.0, 1.0), ["left", "shelf"], "its left border is in the shelf");
    assert_eq!(names(&index, "g", 2.0, 2.0), ["left"], "its right border is not");
    for (x, y) in [(10.0, 2.5), (10.0, 0.0), (10.0, 5.0), (7.5, 5.0)] {
        assert_eq!(names(&index, "g", x, y), ["right"], "({x}, {y}) is on the outer border");
    }
    assert_eq!(names(&index, "g", 0.0, 0.0), ["left"]);
    assert_eq!(names(&index, "first", 1.5, 1.5), ["above"]);
    assert_eq!(names(&index, "cellar", 1.5, 1.5), [""; 0]);
    assert_eq!(names(&index, "g", f64::NAN, 1.5), [""; 0]);
    assert_eq!(index.zones().len(), 4);
}

#[test]
fn a_hole_is_outside_and_the_tip_of_a_zone_is_inside() {
    let ring =
        |corners: &Corners| LineString::from(corners.iter().map(|(x, y)| (*x as f64, *y as f64)).collect::<Vec<_>>());
    let outer = rectangle(0, 0, 9, 9);
    let holes = vec![ring(&rectangle(1, 1, 2, 2)), ring(&rectangle(5, 5, 2, 2))];
    let holed = Zone { polygon: Polygon::new(ring(&outer), holes), ..zone("holed", "g", &outer) };
    let index = ZoneIndex::new([holed, zone("tip", "g", &vec![(40, 0), (60, 1), (60, -1)])]);
    for (x, y, inside) in [(2.0, 2.0, false), (6.0, 6.0, false), (4.0, 4.0, true), (0.5, 0.5, true), (8.0, 8.0, true)] {
        assert_eq!(names(&index, "g", x, y).len(), usize::from(inside), "({x}, {y})");
    }
    assert_eq!(names(&index, "g", 20.0, 0.0), ["tip"]);
    let tip = ZoneIndex::new([zone("tip", "g", &vec![(0, 0), (-20, 1), (-20, -1)])]);
    assert_eq!(names(&tip, "g", 0.0, 0.0), ["tip"]);
}

#[test]
fn in_front_of_shelves_the_nearest_one_wins_and_departments_stay() {
    let index = ZoneIndex::new([
        zone("hall", "g", &rectangle(0, 0, 40, 40)),
        reaching(1.5, zone("wine", "g", &rectangle(4, 4, 2, 20))),
        reaching(3.0, zone("beer", "g", &rectangle(10, 4, 2, 20))),
    ]);
    let reached = |x, y| {
        let floor = FloorId::new("g").expect("a slug");
        index.reached(&floor, Point { x, y }).iter().map(|zone| zone.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(reached(2.5, 5.0), ["hall", "wine"], "in it, though beer reaches there");
    assert_eq!(reached(3.9, 5.0), ["hall", "wine"], "0.9 m from wine, 1.1 m from beer");
    assert_eq!(reached(4.1, 5.0), ["hall", "beer"]);
    assert_eq!(reached(0.4, 5.0), ["hall"], "1.6 m from wine, which reaches 1.5 m");
    assert_eq!(reached(8.9, 5.0), ["hall", "beer"]);
    assert_eq!(reached(9.1, 5.0), ["hall"]);
    assert_eq!(reached(30.0, 5.0), [""; 0]);
}

#[test]
fn a_million_zones_are_indexed_and_found() {
    let side = 1_000;
    let zones = (0..side * side).map(|n| zone(&format!("z{n}"), "g", &rectangle(n % side * 2, n / side * 2, 2, 2)));
    let index = ZoneIndex::new(zones);
    let mut found = Vec::new();
    let floor = FloorId::new("g").expect("a slug");
    for n in (0..side * side).step_by(9_973) {
        let (x, y) = (n % side, n / side);
        for (dx, dy) in [(0.0, 0.0), (0.5, 0.5)] {
            index.find(&floor, Point { x: x as f64 + dx, y: y as f64 + dy }, &mut found);
            assert_eq!(found, [u32::try_from(n).expect("small")]);
        }
    }
}

enum Place {
    Inside,
    Border,
    Outside,
}

/// Where a point lies, in whole numbers: on an edge, or else by the crossings of a ray.
fn place(corners: &Corners, (px, py): (i64, i64)) -> Place {
    let mut inside = false;
    for (i, &(ax, ay)) in corners.iter().enumerate() {
        let (bx, by) = corners[(i + 1) % corners.len()];
        let cross = (bx - ax) * (py - ay) - (by - ay) * (px - ax);
        let within = px >= ax.min(bx) && px <= ax.max(bx) && py >= ay.min(by) && py <= ay.max(by);
        if cross == 0 && within {
            return Place::Border;
        }
        if (ay > py) != (by > py) && (cross > 0) == (by > ay) {
            inside = !inside;
        }
    }
    if inside { Place::Inside } else { Place::Outside }
}

fn shape() -> impl Strategy<Value = Corners> {
    let corner = (0_i64..40, 0_i64..40, 1_i64..16, 1_i64..16, 1_i64..8);
    prop_oneof![
        corner.clone().prop_map(|(x, y, w, h, _)| vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h)]),
        corner.clone().prop_map(|(x, y, w, h, s)| vec![(x, y), (x + w, y + s), (x + s, y + h + s)]),
        // An L, so that the bounding box lies.
        corner.prop_map(|(x, y, w, h, s)| {
            vec![(x, y), (x + w + s, y), (x + w + s, y + h), (x + w, y + h), (x + w, y + h + s), (x, y + h + s)]
        }),
    ]
}

/// A tiling of a square: lines that need not be straight, from the left to the right and from the bottom to the top,
/// so that neighbours share their borders but not all of their corners.
fn tiles(xs: &[Vec<i64>], ys: &[i64]) -> Vec<Corners> {
    let mut tiles = Vec::new();
    for row in 0..ys.len() - 1 {
        let xs = &xs[row % xs.len()];
        for pair in xs.windows(2) {
            let (left, right, low, high) = (pair[0], pair[1], ys[row], ys[row + 1]);
            // Each brick is cut in two along a diagonal or a kinked line.
            tiles.push(vec![(left, low), (right, low), (right, high)]);
            tiles.push(vec![(left, low), (right, high), (left, high)]);
        }
    }
    tiles
}

fn cuts(last: i64) -> impl Strategy<Value = Vec<i64>> {
    prop::collection::btree_set(1..last, 0..6)
        .prop_map(move |inner| std::iter::once(0).chain(inner).chain([last]).collect())
}

proptest! {
    #[test]
    fn the_tree_agrees_with_an_exact_search_through_all_zones(
        shapes in prop::collection::vec((shape(), any::<bool>()), 0..24),
        points in prop::collection::vec((-2_i64..60, -2_i64..60), 1..40),
    ) {
        let floor = |upper: bool| if upper { "first" } else { "ground" };
        let zones = shapes.iter().enumerate().map(|(n, (corners, upper))| zone(&format!("z{n}"), floor(*upper), corners));
        let index = ZoneIndex::new(zones);
        for (x, y) in points {
            for upper in [false, true] {
                let expected = |on_border: bool| -> Vec<String> {
                    shapes.iter().enumerate()
                        .filter(|(_, (corners, on))| *on == upper && match place(corners, (x, y)) {
                            Place::Inside => true,
                            Place::Border => on_border,
                            Place::Outside => false,
                        })
                        .map(|(n, _)| format!("z{n}"))
                        .collect()
                };
                let found = names(&index, floor(upper), x as f64 / 2.0, y as f64 / 2.0);
                let (surely, perhaps) = (expected(false), expected(true));
                prop_assert!(surely.iter().all(|zone| found.contains(zone)), "{:?} misses one of {:?}", found, surely);
                prop_assert!(found.iter().all(|zone| perhaps.contains(zone)), "{:?} beyond {:?}", found, perhaps);
                prop_assert!(!found.is_empty() || perhaps.is_empty(), "({}, {}) lies in none of {:?}", x, y, perhaps);
            }
        }
    }

    #[test]
    fn every_point_of_a_tiled_floor_lies_in_exactly_one_tile(
        xs in prop::collection::vec(cuts(30), 1..4),
        ys in cuts(24),
        turn in 0.0..std::f64::consts::TAU,
        points in prop::collection::vec((0_i64..=30, 0_i64..=24), 1..60),
    ) {
        // Whole numbers, and the same plan turned, where no border is straight or exact any more but neighbours share it.
        let tiles = tiles(&xs, &ys);
        for (cos, sin) in [(1.0, 0.0), (0.6, 0.8)] {
            let turned = |(x, y): (i64, i64)| (x as f64 * cos - y as f64 * sin, x as f64 * sin + y as f64 * cos);
            let zones = tiles.iter().enumerate().map(|(n, corners)| {
                let line: Vec<(f64, f64)> = corners.iter().map(|corner| turned(*corner)).collect();
                Zone { polygon: Polygon::new(LineString::from(line), vec![]), ..zone(&format!("t{n}"), "g", corners) }
            });
            let index = ZoneIndex::new(zones);
            for point in &points {
                let (x, y) = turned(*point);
                let found = names(&index, "g", x, y);
                let corner = tiles.iter().any(|tile| tile.contains(point));
                // A bend of a neighbour in the middle of a border is rounded when turned: only shared corners stay exact.
                if sin == 0.0 || corner && xs.len() == 1 {
                    prop_assert!(found.len() == 1, "({}, {}) lies in {:?}", x, y, found);
                }
            }
            let (sin, cos) = turn.sin_cos();
            let inner = (15.0 + 5.0 * cos, 12.0 + 5.0 * sin);
            prop_assert!(names(&index, "g", inner.0, inner.1).len() <= 1);
        }
    }

    #[test]
    fn the_nearest_zone_is_nearest(
        shapes in prop::collection::vec(shape(), 1..20),
        (x, y) in (-10.0..40.0, -10.0..40.0),
    ) {
        let zones: Vec<Zone> = shapes.iter().enumerate().map(|(n, corners)| zone(&format!("z{n}"), "g", corners)).collect();
        let index = ZoneIndex::new(zones.clone());
        let point = Point { x, y };
        let (nearest, metres) = index.nearest(&FloorId::new("g").expect("a slug"), point).expect("there are zones");
        let best = zones.iter().map(|zone| distance(zone, point)).fold(f64::INFINITY, f64::min);
        prop_assert_eq!(metres, best);
        let first = zones.iter().find(|zone| distance(zone, point) <= best);
        prop_assert_eq!(first.map(|zone| &zone.id), Some(&nearest.id));
    }
}

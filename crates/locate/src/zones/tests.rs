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

#[test]
fn a_shared_border_belongs_to_both_zones_and_nested_zones_are_all_found() {
    let index = ZoneIndex::new([
        zone("left", "g", &vec![(0, 0), (10, 0), (10, 10), (0, 10)]),
        zone("right", "g", &vec![(10, 0), (20, 0), (20, 10), (10, 10)]),
        zone("shelf", "g", &vec![(2, 2), (4, 2), (4, 4), (2, 4)]),
        zone("above", "first", &vec![(0, 0), (10, 0), (10, 10), (0, 10)]),
    ]);
    assert_eq!(names(&index, "g", 5.0, 2.5), ["left", "right"]);
    assert_eq!(names(&index, "g", 1.5, 1.0), ["left", "shelf"]);
    assert_eq!(names(&index, "g", 0.0, 0.0), ["left"]);
    assert_eq!(names(&index, "g", 5.000_001, 2.5), ["right"]);
    assert_eq!(names(&index, "first", 1.5, 1.5), ["above"]);
    assert_eq!(names(&index, "cellar", 1.5, 1.5), [""; 0]);
    assert_eq!(names(&index, "g", f64::NAN, 1.5), [""; 0]);
    assert_eq!(index.zones().len(), 4);
}

/// Where a point lies, in whole numbers: on an edge, or else by the crossings of a ray.
fn contains(corners: &Corners, (px, py): (i64, i64)) -> bool {
    let mut inside = false;
    for (i, &(ax, ay)) in corners.iter().enumerate() {
        let (bx, by) = corners[(i + 1) % corners.len()];
        let cross = (bx - ax) * (py - ay) - (by - ay) * (px - ax);
        let within = px >= ax.min(bx) && px <= ax.max(bx) && py >= ay.min(by) && py <= ay.max(by);
        if cross == 0 && within {
            return true;
        }
        if (ay > py) != (by > py) && (cross > 0) == (by > ay) {
            inside = !inside;
        }
    }
    inside
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
                let expected: Vec<String> = shapes.iter().enumerate()
                    .filter(|(_, (corners, on)) | *on == upper && contains(corners, (x, y)))
                    .map(|(n, _)| format!("z{n}"))
                    .collect();
                prop_assert_eq!(names(&index, floor(upper), x as f64 / 2.0, y as f64 / 2.0), expected);
            }
        }
    }
}

//! Shops to work out answers for.

use geo::LineString;
use model::floor::Wall;
use model::shop::Shop;

/// Where tetam's tag was on its four open tracks, every tenth second.
pub(super) const TRACK: [(f64, f64); 25] = [
    (11.2, 4.2),
    (7.0, 4.2),
    (5.6, 5.7),
    (5.7, 10.5),
    (5.9, 13.0),
    (9.9, 13.0),
    (11.8, 12.0),
    (11.8, 6.8),
    (11.5, 4.1),
    (7.4, 4.2),
    (5.9, 4.8),
    (5.9, 9.8),
    (5.9, 12.7),
    (10.0, 12.7),
    (11.8, 11.6),
    (11.7, 6.8),
    (17.8, 4.2),
    (15.0, 4.1),
    (11.8, 4.2),
    (8.0, 4.2),
    (3.9, 4.2),
    (11.5, 3.1),
    (11.5, 7.4),
    (11.5, 12.2),
    (11.6, 17.0),
];

/// The office of tetam, in 4 x 3 bays.
pub(super) fn tetam() -> Shop {
    let receivers = [
        ("sensor10", 7.0, 7.09, 1.22),
        ("sensor11", 7.18, 0.68, 2.3),
        ("sensor12", 0.71, 6.16, 2.3),
        ("sensor20", 7.25, 11.36, 1.22),
        ("sensor21", 0.76, 12.13, 2.3),
        ("sensor22", 7.18, 17.6, 2.3),
        ("sensor30", 13.14, 12.33, 1.22),
        ("sensor31", 12.82, 16.83, 2.3),
        ("sensor32", 18.12, 11.93, 2.3),
        ("sensor40", 13.01, 5.51, 1.22),
        ("sensor41", 17.77, 6.33, 2.3),
        ("sensor42", 12.76, 0.27, 2.3),
    ];
    let zones: Vec<(String, [f64; 4])> = (0..12)
        .map(|bay| {
            let (x, y) = (f64::from(bay / 3) * 5.165, f64::from(bay % 3) * 5.88);
            (format!("Z{}{}", bay / 3, bay % 3), [x, y, x + 5.165, y + 5.88])
        })
        .collect();
    let features = zones.iter().map(|(id, bounds)| zone(id, "f", *bounds)).collect();
    let receivers = receivers.map(|(id, x, y, z)| receiver(id, "f", x, y, z));
    shop(&[("f", 0, 20.66, 17.64)], features, &receivers)
}

/// One floor from the origin, receivers under the ceiling, square zones.
pub(super) fn hall(width: f64, depth: f64, receivers: &[(&str, f64, f64)], zones: &[(&str, [f64; 4])]) -> Shop {
    let features = zones.iter().map(|(id, bounds)| zone(id, "f", *bounds)).collect();
    let receivers: Vec<String> = receivers.iter().map(|(id, x, y)| receiver(id, "f", *x, *y, 2.5)).collect();
    shop(&[("f", 0, width, depth)], features, &receivers)
}

/// Two floors of 12 x 12 m above each other, each with up to four receivers in its corners and one zone.
pub(super) fn two_floors(lower: &[&str], upper: &[&str]) -> Shop {
    let places = [(1.0, 1.0), (11.0, 1.0), (1.0, 11.0), (11.0, 11.0)];
    let hang = |floor: &'static str, ids: &[&str]| -> Vec<String> {
        ids.iter().zip(places).map(|(id, (x, y))| receiver(id, floor, x, y, 2.5)).collect()
    };
    let features = ["f", "g"].iter().map(|floor| zone(&format!("on-{floor}"), floor, [0.0, 0.0, 12.0, 12.0])).collect();
    let receivers: Vec<String> = hang("f", lower).into_iter().chain(hang("g", upper)).collect();
    shop(&[("f", 0, 12.0, 12.0), ("g", 1, 12.0, 12.0)], features, &receivers)
}

/// Receivers in the corners, the middles of the sides and the middle of a hall.
pub(super) fn corners_and_middles(width: f64, depth: f64) -> Vec<(&'static str, f64, f64)> {
    let names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"];
    let place = |n: usize| (names[n], width * (n % 3) as f64 / 2.0, depth * (n / 3) as f64 / 2.0);
    (0..9).map(place).collect()
}

pub(super) fn wall(x0: f64, y0: f64, x1: f64, y1: f64, loss_db: f64) -> Wall {
    Wall { line: LineString::from(vec![(x0, y0), (x1, y1)]), loss_db }
}

fn receiver(id: &str, floor: &str, x: f64, y: f64, z: f64) -> String {
    format!("[[receiver]]\nid = \"{id}\"\nfloor = \"{floor}\"\nx = {x:?}\ny = {y:?}\nz = {z:?}\n")
}

fn zone(id: &str, floor: &str, bounds: [f64; 4]) -> String {
    let properties = format!(r#"{{"feature":"zone","id":"{id}","floor":"{floor}","kind":"department"}}"#);
    feature(&properties, bounds)
}

fn feature(properties: &str, [x0, y0, x1, y1]: [f64; 4]) -> String {
    let ring = format!("[[[{x0},{y0}],[{x1},{y0}],[{x1},{y1}],[{x0},{y1}],[{x0},{y0}]]]");
    format!(r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":{ring}}}}}"#)
}

fn shop(floors: &[(&str, i32, f64, f64)], zones: Vec<String>, receivers: &[String]) -> Shop {
    let outlines = floors.iter().map(|(id, level, width, depth)| {
        feature(&format!(r#"{{"feature":"floor","id":"{id}","level":{level}}}"#), [0.0, 0.0, *width, *depth])
    });
    let features: Vec<String> = outlines.chain(zones).collect();
    let plan = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let store = "[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n";
    Shop::parse(&format!("{store}{}", receivers.concat()), &plan).expect("a right shop")
}

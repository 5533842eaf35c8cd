use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::shop::Shop;

const SHOP: &str = "[store]\nid = \"rome-1\"\nname = \"Rome\"\ntimezone = \"Europe/Rome\"\n";

type Ring = Vec<[f64; 2]>;

fn rectangle(x: f64, y: f64, w: f64, h: f64) -> Ring {
    vec![[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]
}

fn polygon(properties: Value, rings: &[Ring]) -> Value {
    json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": rings}})
}

fn zone(id: &str, rings: &[Ring]) -> Value {
    polygon(json!({"feature": "zone", "id": id, "floor": "ground", "kind": "shelf", "reach_m": 1.5}), rings)
}

fn end(id: &str, floor: &str, (x, y): (f64, f64)) -> Value {
    json!({"type": "Feature", "properties": {"feature": "passage", "id": id, "floor": floor, "seconds": 20},
           "geometry": {"type": "Point", "coordinates": [x, y]}})
}

/// Two floors with two zones, an obstacle and a lift.
fn good() -> Vec<Value> {
    vec![
        polygon(json!({"feature": "floor", "id": "first", "level": 1}), &[rectangle(0.0, 0.0, 20.0, 30.0)]),
        polygon(json!({"feature": "floor", "id": "ground"}), &[rectangle(0.0, 0.0, 20.0, 30.0)]),
        zone("wine", &[rectangle(1.0, 1.0, 4.0, 4.0)]),
        zone("beer", &[rectangle(6.0, 1.0, 4.0, 4.0)]),
        polygon(json!({"feature": "obstacle", "floor": "ground", "loss_db_m": 8}), &[rectangle(2.0, 8.0, 6.0, 0.8)]),
        end("lift", "first", (3.0, 20.0)),
        end("lift", "ground", (3.0, 21.0)),
    ]
}

fn text(features: &[Value]) -> String {
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

fn read(features: &[Value]) -> Result<Shop, Vec<ShopError>> {
    Shop::parse(SHOP, &text(features))
}

/// The plan with one more feature is refused, and the error names the feature, what is wrong and a fix.
fn refused(feature: Value, part: &str, problem: &str) {
    let mut features = good();
    let key = format!("features[{}].{part}", features.len());
    features.push(feature);
    let errors = read(&features).expect_err(problem);
    let named = errors.iter().any(|e| e.key == key && e.problem.contains(problem) && !e.fix.is_empty());
    assert!(named, "{key} {problem}: {errors:?}");
}

#[test]
fn obstacles_passages_and_reaches_are_read() {
    let shop = read(&good()).expect("the plan is right");
    let [ground, first] = shop.floors.as_slice() else { panic!("two floors: {:?}", shop.floors) };
    assert_eq!((ground.level, first.level), (0, 1));
    assert_eq!(ground.obstacles.len(), 1);
    assert!((ground.obstacles[0].loss_db_m - 8.0).abs() < f64::EPSILON);
    assert!(ground.zones.iter().all(|zone| (zone.reach - 1.5).abs() < f64::EPSILON));
    let [lift] = shop.passages.as_slice() else { panic!("one lift: {:?}", shop.passages) };
    assert_eq!((lift.id.as_str(), lift.seconds), ("lift", 20.0));
    let ends: Vec<(&str, f64)> = lift.ends.iter().map(|(floor, point)| (floor.as_str(), point.y)).collect();
    assert_eq!(ends, [("ground", 21.0), ("first", 20.0)], "the lowest floor first");
}

#[test]
fn what_is_left_out_has_its_usual_value() {
    let mut features = good();
    for feature in &mut features {
        let properties = feature["properties"].as_object_mut().expect("an object");
        properties.retain(|name, _| !["reach_m", "loss_db_m", "seconds"].contains(&name.as_str()));
    }
    let shop = read(&features).expect("the plan is right");
    let ground = &shop.floors[0];
    assert_eq!((ground.obstacles[0].loss_db_m, ground.zones[0].reach, shop.passages[0].seconds), (6.0, 0.0, 12.0));
}

#[test]
fn a_shape_that_makes_no_sense_is_refused_with_the_reason() {
    let hole = [rectangle(1.0, 10.0, 8.0, 8.0), rectangle(3.0, 12.0, 1.0, 1.0)];
    refused(zone("ring", &hole), "geometry", "zone \"ring\" has a hole");
    refused(polygon(json!({"feature": "floor", "id": "cellar"}), &hole), "geometry", "floor \"cellar\" has a hole");
    refused(polygon(json!({"feature": "obstacle", "floor": "ground"}), &hole), "geometry", "has a hole");
    let bow = vec![[1.0, 10.0], [5.0, 14.0], [5.0, 10.0], [1.0, 14.0], [1.0, 10.0]];
    refused(zone("bow", &[bow]), "geometry", "crosses or touches itself");
    let spike = vec![[1.0, 10.0], [5.0, 10.0], [9.0, 10.0], [5.0, 10.0], [5.0, 14.0], [1.0, 10.0]];
    refused(zone("spike", &[spike]), "geometry", "crosses or touches itself");
    refused(zone("strip", &[rectangle(1.0, 10.0, 15.0, 0.05)]), "geometry", "is a sliver");
    refused(zone("dot", &[rectangle(1.0, 10.0, 0.1, 0.1)]), "geometry", "is a sliver");
    refused(zone("flat", &[vec![[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [1.0, 1.0]]]), "geometry", "zone \"flat\"");
    let many = (0..1_100).map(|n| f64::from(n) * 0.005).map(|a| [10.0 + 5.0 * a.cos(), 15.0 + 5.0 * a.sin()]);
    refused(zone("round", &[many.collect()]), "geometry", "more than 1000 corners");
}

#[test]
fn what_lies_outside_its_floor_is_refused_with_the_place() {
    refused(zone("yard", &[rectangle(50.0, 1.0, 4.0, 4.0)]), "geometry", "lies outside the floor \"ground\"");
    refused(zone("half", &[rectangle(18.0, 1.0, 4.0, 4.0)]), "geometry", "(22.0, 1.0) is 2.0 m away");
    refused(
        polygon(json!({"feature": "obstacle", "floor": "ground"}), &[rectangle(30.0, 1.0, 2.0, 2.0)]),
        "geometry",
        "lies outside the floor",
    );
    refused(end("lift", "first", (40.0, 1.0)), "geometry", "20.0 m outside the floor \"first\"");
    // Every corner of the zone lies on a floor of the form of a U, its middle does not.
    let u = vec![
        [0.0, 0.0],
        [20.0, 0.0],
        [20.0, 30.0],
        [15.0, 30.0],
        [15.0, 5.0],
        [5.0, 5.0],
        [5.0, 30.0],
        [0.0, 30.0],
        [0.0, 0.0],
    ];
    let mut features = good();
    features[1] = polygon(json!({"feature": "floor", "id": "ground"}), &[u]);
    features[2] = zone("wine", &[rectangle(2.0, 20.0, 16.0, 5.0)]);
    let errors = read(&features).expect_err("the zone bridges the U");
    assert!(errors.iter().any(|e| e.key == "features[2].geometry" && e.problem.contains("62 % of it")), "{errors:?}");
    features[2] = zone("wine", &[rectangle(-0.4, 20.0, 5.0, 5.0)]);
    read(&features).expect("a zone may be drawn over the wall");
}

#[test]
fn a_passage_needs_one_end_on_each_of_two_floors() {
    refused(end("stairs", "ground", (1.0, 1.0)), "properties.id", "passage \"stairs\" has one end only");
    let errors = read(&[good(), vec![end("lift", "ground", (9.0, 9.0))]].concat()).expect_err("two ends");
    assert!(errors.iter().any(|e| e.problem.contains("two ends on the floor \"ground\"")), "{errors:?}");
    refused(end("lift", "attic", (1.0, 1.0)), "properties.floor", "names the floor \"attic\"");
    let mut features = good();
    features[6]["properties"]["seconds"] = json!(30);
    let errors = read(&features).expect_err("20 or 30");
    assert!(errors.iter().any(|e| e.problem.contains("two durations")), "{errors:?}");
}

#[test]
fn a_number_out_of_range_or_of_another_type_is_refused() {
    let with = |feature: &Value, name: &str, value: Value| {
        let mut feature = feature.clone();
        feature["properties"][name] = value;
        feature
    };
    let other = zone("other", &[rectangle(1.0, 10.0, 4.0, 4.0)]);
    for wrong in [json!(-1), json!(21), json!("2"), json!(null)] {
        refused(with(&other, "reach_m", wrong), "properties.reach_m", "is not a number from 0 to 20");
    }
    refused(with(&good()[4], "loss_db_m", json!(41)), "properties.loss_db_m", "is not a number from 0 to 40");
    refused(with(&good()[5], "seconds", json!(0)), "properties.seconds", "is not a number from 1 to 600");
    refused(with(&good()[0], "level", json!(1.5)), "properties.level", "is not a small whole number");
    refused(with(&good()[0], "name", json!("again")), "properties.id", "the floor \"first\" is there twice");
}

#[test]
fn a_receiver_outside_its_floor_is_refused_and_one_on_its_wall_is_not() {
    let place = |x: f64| format!("{SHOP}\n[[receiver]]\nid = \"r1\"\nfloor = \"ground\"\nx = {x:?}\ny = 3.0\n");
    Shop::parse(&place(20.8), &text(&good())).expect("on the outer side of the wall");
    let errors = Shop::parse(&place(23.0), &text(&good())).expect_err("in the street");
    assert_eq!(
        errors[0].to_string(),
        "shop.toml: receiver[0].x: r1 at (23.0, 3.0) lies 3.0 m outside the floor ground; \
         write its place in metres from the floor's origin, or draw the outline larger"
    );
}

/// A defect of one zone, with what is said about it; `n` varies it.
fn defect(kind: u8, n: f64) -> (Vec<Ring>, &'static str) {
    match kind {
        0 => (vec![rectangle(1.0, 10.0, 8.0, 8.0), rectangle(2.0 + n, 11.0 + n, 1.0, 1.0)], "has a hole"),
        1 => (vec![vec![[1.0, 10.0], [5.0 + n, 14.0], [5.0, 10.0], [1.0, 14.0 + n], [1.0, 10.0]]], "crosses"),
        2 => (vec![rectangle(1.0, 10.0 + n, 12.0, 0.01 + 0.008 * n)], "is a sliver"),
        _ => (vec![rectangle(19.0 + n, 10.0, 4.0, 4.0)], "lies outside the floor"),
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-50_i32..50).prop_map(Value::from),
        "[a-z]{0,8}".prop_map(Value::from),
        prop::sample::select(vec!["Feature", "FeatureCollection", "Polygon", "Point", "floor", "zone", "passage"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let name = prop::sample::select(vec!["type", "features", "properties", "geometry", "coordinates", "id"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Polygons with corners anywhere, also where no shop is.
fn wild() -> impl Strategy<Value = Vec<Ring>> {
    let number = prop_oneof![(-40_i32..40).prop_map(f64::from), -40.0..40.0, any::<f64>(), Just(1e300), Just(2000.0)];
    let corner = (number.clone(), number).prop_map(|(x, y)| [x, y]);
    prop::collection::vec(prop::collection::vec(corner, 0..9), 0..3)
}

proptest! {
    #[test]
    fn garbage_never_panics(value in json_value(), noise in ".{0,200}") {
        let _ = Shop::parse(SHOP, &value.to_string());
        let _ = Shop::parse(SHOP, &noise);
        let _ = read(&[good(), vec![value]].concat());
    }

    #[test]
    fn wild_shapes_never_panic_and_what_is_accepted_is_sound(shapes in prop::collection::vec((0_u8..4, wild()), 1..6)) {
        let mut features = good();
        for (n, (kind, rings)) in shapes.iter().enumerate() {
            let properties = match kind {
                0 => json!({"feature": "floor", "id": format!("f{n}"), "level": n}),
                1 => json!({"feature": "obstacle", "floor": "ground"}),
                2 => json!({"feature": "zone", "id": format!("z{n}"), "floor": "first", "kind": "department"}),
                _ => json!({"feature": "zone", "id": format!("z{n}"), "floor": format!("f{}", n / 2), "kind": "shelf"}),
            };
            features.push(polygon(properties, rings));
        }
        if let Ok(shop) = read(&features) {
            for polygon in shop.floors.iter().map(|f| &f.outline).chain(shop.zones().map(|z| &z.polygon)) {
                prop_assert!(geo::Validation::is_valid(polygon) && polygon.interiors().is_empty());
                prop_assert!(geo::Area::unsigned_area(polygon) >= 0.04);
            }
        }
    }

    #[test]
    fn a_defect_in_a_good_plan_is_refused_and_named(kind in 0_u8..4, n in 0.5_f64..4.0, place in 2_usize..8) {
        let (rings, problem) = defect(kind, n);
        let mut features = good();
        let place = place.min(features.len());
        features.insert(place, zone("wrong", &rings));
        let errors = read(&features).expect_err(problem);
        let key = format!("features[{place}].geometry");
        prop_assert!(errors.len() == 1, "{errors:?}");
        let told = errors[0].key == key && errors[0].problem.contains("\"wrong\"") && errors[0].problem.contains(problem);
        prop_assert!(told && !errors[0].fix.is_empty(), "{errors:?}");
    }
}

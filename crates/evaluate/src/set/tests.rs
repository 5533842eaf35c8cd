use geo::Area as _;

use super::*;

fn files() -> SetFiles {
    SetFiles {
        receivers: Some("rx,x,y,z\nr1,1,1,2.3\nr 2,9,5,1.2\n".into()),
        zones_csv: Some("zone,x0,y0,x1,y1\na,0,0,5,6\nb/c,5,0,10,6\n".into()),
        walls_csv: Some("x,y\n5,0\n5,2\n5,2\n5,4\n".into()),
        obstacles_csv: Some("id,x,y\n1,2,2\n1,4,2\n1,4,3\n1,2,3\n1,2,2\n2,1,1\n2,2,2\n".into()),
        ..SetFiles::default()
    }
}

#[test]
fn the_tables_of_a_place_make_a_shop() {
    let set = Set::parse(&files()).expect("a place");
    assert_eq!((set.plan.receivers.len(), set.plan.beacons.len()), (2, 0));
    let floor = &set.plan.floors[0];
    assert_eq!((floor.zones.len(), floor.walls.len(), floor.obstacles.len()), (2, 2, 1));
    assert!((floor.outline.unsigned_area() - 60.0).abs() < 1e-9);
    assert_eq!(set.zone_name(&names::zone("b/c")), "b/c");
    assert_eq!(set.notes, ["the obstacle 2 has no area and is left out"]);
    assert_eq!(set.centre().1, Point { x: 5.0, y: 3.0 });
    assert_eq!(set.floor(""), Ok(floor.id.clone()), "there is only one");
    assert_eq!(set.floor_name(&floor.id), "");
}

#[test]
fn receivers_without_heights_are_beacons() {
    let receivers = Some("rx,x,y\nb1,1,1\n".into());
    let set = Set::parse(&SetFiles { receivers, ..files() }).expect("a place");
    assert_eq!((set.plan.receivers.len(), set.plan.beacons.len()), (0, 1));
}

#[test]
fn units_on_several_floors_reach_out_and_broken_ones_are_mended() {
    let unit = |zone: &str, floor: &str, ring: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"zone":"{zone}","floor":"{floor}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
        )
    };
    let features = [
        unit("u1", "F1", "[[10,10],[20,10],[20,20],[10,20],[10,10]]"),
        unit("u2", "F2", "[[0,0],[9,0],[9,9],[0,9],[0,0]]"),
        unit("bow", "F2", "[[20,0],[30,10],[30,0],[20,8],[20,0]]"),
        unit("line", "F2", "[[0,0],[9,0],[0,0],[0,0]]"),
    ];
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let set = Set::parse(&SetFiles { zones_geojson: Some(text), ..SetFiles::default() }).expect("a place");
    assert_eq!(set.plan.floors.iter().map(|floor| floor.zones.len()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(set.plan.zones().next().map(|zone| zone.reach), Some(10.0));
    assert!((set.plan.floors[0].outline.unsigned_area() - 900.0).abs() < 1e-9);
    assert_eq!(set.notes.len(), 2, "{:?}", set.notes);
    assert_eq!(set.floor("F2").map(|id| set.floor_name(&id).to_owned()), Ok("F2".to_owned()));
    assert!(set.floor("F9").expect_err("no such floor").contains("F1, F2"));
}

#[test]
fn what_is_wrong_is_named() {
    let check = |files: SetFiles, expect: &str| {
        let said = Set::parse(&files).expect_err("something is wrong").to_string();
        assert!(said.contains(expect), "{said}");
    };
    check(SetFiles::default(), "zones.csv: is missing");
    check(SetFiles { zones_csv: Some("zone,x0,y0,x1,y1\n".into()), ..files() }, "zones.csv: has no zone");
    check(SetFiles { receivers: Some("rx,x\n".into()), ..files() }, "receivers.csv, line 1, column y");
    check(SetFiles { zones_csv: Some("zone,x0,y0,x1,y1\na,0,0,0,0\n".into()), ..files() }, "the set: makes no shop");
    check(SetFiles { zones_geojson: Some("{}".into()), ..files() }, "zones.geojson");
}

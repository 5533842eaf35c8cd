use super::*;

const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"wine","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[1,1],[5,1],[5,5],[1,5],[1,1]]]}}
]}"#;

const SHOP: &str = r#"
[store]
id = "rome-1"
name = "Rome"
timezone = "Europe/Rome"

[[receiver]]
id = "r1"
floor = "ground"
x = 1.0
y = 2.0

[[product]]
id = "SKU-1"
name = "Barolo"
category = "wine"
price = 3000
margin = 900
zone = "wine"

[[offer]]
id = "barolo"
product = "SKU-1"
discount = 300
[offer.content.en]
title = "Barolo, 3 euro off"
body = "Today only."
"#;

#[test]
fn a_right_shop_is_read() {
    let shop = Shop::parse(SHOP, FLOOR).expect("both files are right");
    assert_eq!(shop.zones().count(), 1);
    assert_eq!(shop.offer_zones(&shop.offers[0]), vec![shop.products[0].zone.clone()]);
}

#[test]
fn every_error_names_file_key_and_fix() {
    let check = |shop: &str, floor: &str, file: &str, key: &str| {
        let errors = Shop::parse(shop, floor).expect_err("something is wrong");
        assert!(errors.iter().any(|e| e.file == file && e.key.contains(key) && !e.fix.is_empty()), "{key}: {errors:?}");
    };
    check(&SHOP.replace("zone = \"wine\"", "zone = \"beer\""), FLOOR, SHOP_FILE, "product[0].zone");
    check(&SHOP.replace("Europe/Rome", "Rome"), FLOOR, SHOP_FILE, "store.timezone");
    check(&SHOP.replace("discount = 300", "discont = 300"), FLOOR, SHOP_FILE, "line");
    check(&SHOP.replace("product = \"SKU-1\"", ""), FLOOR, SHOP_FILE, "offer[0]");
    check(SHOP, &FLOOR.replace("shelf", "shelve"), FLOOR_FILE, "features[1].properties.kind");
    check(SHOP, &FLOOR.replace("[5,5],[1,5]", "[1,5],[5,5]"), FLOOR_FILE, "features[1].geometry");
    check(SHOP, "nothing", FLOOR_FILE, "(file)");
    check(
        SHOP,
        &FLOOR.replace("\"floor\":\"ground\"", "\"floor\":\"first\""),
        FLOOR_FILE,
        "features[1].properties.floor",
    );
}

#[test]
fn what_is_kept_of_a_budget_is_declared_and_checked() {
    let with = |shares: [f64; 2]| {
        let [gold, silver] = shares;
        let segment =
            |id: &str, share: f64| format!("[[segment]]\nid = \"{id}\"\nrule = \"true\"\nbudget_share = {share:?}\n");
        let shop = SHOP.replace("discount = 300", "discount = 300\nbudget = 10");
        Shop::parse(&format!("{shop}{}{}", segment("gold", gold), segment("silver", silver)), FLOOR)
    };
    let mut shop = with([0.3, 0.2]).expect("a right shop");
    let ids: Vec<_> = shop.segments.iter().map(|segment| segment.id.clone()).collect();
    let kept = |shop: &Shop| [Some(&ids[0]), Some(&ids[1]), None].map(|own| shop.kept_from(own, &shop.offers[0]));
    assert_eq!(kept(&shop), [0, 3, 5], "each leaves what those before it have");
    shop.offers[0].segments = vec![ids[1].clone()];
    assert_eq!(kept(&shop)[1], 0, "nothing is kept for somebody to whom it is never said");
    for (shares, key) in [([1.1, 0.0], "segment[0].budget_share"), ([0.0, -0.1], "segment[1]"), ([0.6, 0.6], "segment")]
    {
        let errors = with(shares).expect_err("a wrong share");
        assert!(errors.iter().any(|e| e.key.starts_with(key) && !e.fix.is_empty()), "{key}: {errors:?}");
    }
}

#[test]
fn the_end_of_a_visit_needs_a_way_out_on_the_plan() {
    let shop = format!("{SHOP}[[moment]]\nid = \"left-behind\"\non = [\"visit_ended\"]\nunbought = true\n");
    let errors = Shop::parse(&shop, FLOOR).expect_err("nobody is seen to leave");
    assert!(errors.iter().any(|e| e.key == "moment[0].on" && e.fix.contains("entrance")), "{errors:?}");
    let floor = FLOOR.replacen("\"kind\":\"shelf\"", "\"kind\":\"entrance\"", 1);
    assert_ne!(floor, FLOOR, "one of the zones becomes the way out");
    assert_eq!(Shop::parse(&shop, &floor).expect("a way out").patterns.len(), 1);
}

#[test]
fn an_offer_without_an_end_is_refused_where_all_must_end() {
    let strict = SHOP.replacen("[store]\n", "[store]\noffers_must_end = true\n", 1);
    assert_ne!(strict, SHOP);
    let errors = Shop::parse(&strict, FLOOR).expect_err("it has no end");
    assert!(errors.iter().any(|e| e.key == "offer[0].ends" && !e.fix.is_empty()), "{errors:?}");
    let dated = strict.replace("discount = 300", "discount = 300\nends = 1774076400000");
    assert!(Shop::parse(&dated, FLOOR).is_ok());
    assert!(Shop::parse(SHOP, FLOOR).is_ok(), "where nobody asks for it, it may last");
}

#[test]
fn all_errors_are_said_at_once() {
    let shop = SHOP.replace("Europe/Rome", "Rome").replace("margin = 900", "margin = 9000");
    let errors = Shop::parse(&shop, &FLOOR.replace("shelf", "shelve")).expect_err("three things are wrong");
    assert!(errors.len() >= 3, "{errors:?}");
}

#[test]
fn what_a_receiver_sends_is_read_checked_and_nobody_elses() {
    let numbers = "e2c56db5-dffb-48d2-b060-d0f5a71096e0-1-7";
    let beacon = "[[beacon]]\nid = \"b1\"\nfloor = \"ground\"\nx = 3.0\ny = 3.0\nadvertises = ";
    let shop = Shop::parse(&format!("{SHOP}\n{beacon}\"{numbers}\""), FLOOR).expect("a right shop");
    let anchors: Vec<_> = shop.anchors().map(|(sent, receiver)| (sent, receiver.id.as_str())).collect();
    // A receiver that says nothing may still be a node of its name.
    assert_eq!(anchors, [(Advertised::node("r1"), "r1"), (Advertised::parse(numbers).expect("numbers"), "b1")]);
    let tag = "[[tag]]\nid = \"cart\"\nuuid = \"e2c56db5dffb48d2b060d0f5a71096e0\"\nmajor = 1\nminor = 7\n";
    for (text, problem) in [
        (format!("{SHOP}\n{beacon}\"kitchen\""), "is no transmitter"),
        (format!("{SHOP}\n{beacon}\"node:r1\""), "is sent by another one too"),
        (format!("{SHOP}\n{beacon}\"{numbers}\"\n{tag}"), "is a tag's"),
    ] {
        let errors = Shop::parse(&text, FLOOR).expect_err("a wrong shop");
        assert!(errors.len() == 1 && errors[0].problem.contains(problem), "{errors:?}");
    }
}

use std::fmt::Write as _;

use model::sighting::{RssiSummary, Transmitter};
use model::units::Dbm;

use super::*;

/// Where receivers hang, how much louder than usual each hears, and how much louder than it claims each sends.
const EARS: [(f64, f64, f64, f64); 7] = [
    (1.0, 1.0, 4.0, -3.0),
    (19.0, 1.0, -5.0, 2.0),
    (10.0, 6.0, 0.0, 5.0),
    (1.0, 11.0, 6.0, 0.0),
    (19.0, 11.0, -2.0, -6.0),
    (6.0, 8.0, -4.0, 1.0),
    (14.0, 3.0, 1.0, 3.0),
];

fn shop() -> Shop {
    let plan = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"feature":"floor","id":"f"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,12],[0,12],[0,0]]]}}]}"#;
    let mut text = String::from("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n");
    for (n, (x, y, ..)) in EARS.iter().enumerate() {
        write!(text, "[[receiver]]\nid = \"r{n}\"\nfloor = \"f\"\nx = {x:?}\ny = {y:?}\n").expect("a string grows");
    }
    Shop::parse(&text, plan).expect("a right shop")
}

fn id(n: usize) -> ReceiverId {
    ReceiverId::new(&format!("r{n}")).expect("a slug")
}

fn sighting(anchor: usize, ear: usize, second: i64) -> (ReceiverId, Sighting) {
    let ((ax, ay, _, loud), (ex, ey, power, _)) = (EARS[anchor], EARS[ear]);
    let noise = ((second * 7 + ear as i64 * 5 + anchor as i64 * 3) % 9) as f64 - 4.0;
    let level = loud + power - 17.0 * (ax - ex).hypot(ay - ey).log10() + noise;
    let mean = Dbm((level - 59.0) as f32);
    let sighting = Sighting {
        receiver: id(ear),
        transmitter: Transmitter::Eid([0; 8]),
        at: Timestamp(1_700_000_000_000 + second * 1_000 + ear as i64),
        window: Millis(500),
        count: 1,
        rssi: RssiSummary { mean, min: mean, max: mean, variance: None },
        power_at_1m: Some(-59),
    };
    (id(anchor), sighting)
}

fn minutes(minutes: i64) -> Vec<(ReceiverId, Sighting)> {
    let pairs = (0..EARS.len()).flat_map(|anchor| (0..EARS.len()).map(move |ear| (anchor, ear)));
    let pairs: Vec<_> = pairs.filter(|(anchor, ear)| anchor != ear).collect();
    (0..minutes * 60).flat_map(|second| pairs.iter().map(move |(a, e)| sighting(*a, *e, second))).collect()
}

#[test]
fn powers_of_receivers_and_anchors_are_told_apart() {
    let (shop, mut anchors) = (shop(), Anchors::default());
    let ground = Ground::new(&shop);
    for (anchor, sighting) in minutes(2) {
        assert!(anchors.hear(&anchor, &sighting));
    }
    assert_eq!(anchors.links(), None, "not for long enough");
    for (anchor, sighting) in minutes(5) {
        anchors.hear(&anchor, &sighting);
    }
    let powers = powers(&ground, &shop, &anchors.links().expect("five minutes")).expect("seven anchors");
    let mean = EARS.iter().map(|ear| ear.2).sum::<f64>() / EARS.len() as f64;
    for (n, (_, _, power, loud)) in EARS.iter().enumerate() {
        assert!((powers.receivers[&id(n)] - (power - mean)).abs() < 1.0, "r{n}: {powers:?}");
        assert!((powers.anchors[&id(n)] - (loud + mean)).abs() < 2.0, "r{n}: {powers:?}");
    }
    assert!((powers.exponent - 1.7).abs() < 0.2, "{powers:?}");
}

#[test]
fn order_and_repetition_change_nothing() {
    let heard = minutes(4);
    let mut other = heard.clone();
    other.chunks_exact_mut(42).for_each(<[_]>::reverse);
    other = other.into_iter().flat_map(|one| [one.clone(), one]).collect();
    let links = [heard, other].map(|heard| {
        let mut anchors = Anchors::default();
        let fresh = heard.iter().filter(|(anchor, sighting)| anchors.hear(anchor, sighting)).count();
        assert_eq!(fresh, minutes(4).len());
        anchors.links()
    });
    assert!(links[0].is_some());
    assert_eq!(links[0], links[1]);
}

#[test]
fn an_anchor_that_is_not_where_it_is_said_to_be_is_left_out() {
    let (shop, mut anchors) = (shop(), Anchors::default());
    let ground = Ground::new(&shop);
    for (anchor, mut sighting) in minutes(4) {
        if anchor == id(2) {
            // It stands at the far end.
            let near = sighting.receiver == id(1) || sighting.receiver == id(4);
            sighting.rssi.mean.0 += if near { 14.0 } else { -14.0 };
        }
        anchors.hear(&anchor, &sighting);
    }
    let powers = powers(&ground, &shop, &anchors.links().expect("links")).expect("six anchors");
    assert!(!powers.anchors.contains_key(&id(2)), "{powers:?}");
    let mean = EARS.iter().map(|ear| ear.2).sum::<f64>() / EARS.len() as f64;
    for (n, (_, _, power, _)) in EARS.iter().enumerate() {
        assert!((powers.receivers[&id(n)] - (power - mean)).abs() < 1.5, "r{n}: {powers:?}");
    }
}

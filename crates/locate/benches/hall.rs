//! A hall of 25 x 20 m, 2,000 cells, with 12 receivers and four zones, and what is heard in it.

use std::fmt::Write as _;
use std::sync::Arc;

use locate::calibrate::Calibration;
use locate::grid::{Field, Ground, SLOT, slot_of};
use model::floor::Point;
use model::shop::Shop;
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::subject::Pseudonym;
use model::survey::{Heard, Spot, Survey};
use model::time::{Millis, Timestamp};
use model::units::Dbm;

/// When the first slot begins.
pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000);

/// The hall with its receivers.
pub(crate) struct Hall {
    pub(crate) shop: Shop,
    receivers: Vec<(String, f64, f64)>,
}

/// The number of a slot after the start.
pub(crate) fn slot(number: i64) -> i64 {
    slot_of(START) + number
}

impl Hall {
    /// With this kind of fixed ends: what hears a tag is a `receiver`, what a phone hears is a `beacon`.
    pub(crate) fn new(kind: &str) -> Self {
        let area = |properties: &str, [x0, y0, x1, y1]: [f64; 4]| {
            format!(
                r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":[[[{x0},{y0}],[{x1},{y0}],[{x1},{y1}],[{x0},{y1}],[{x0},{y0}]]]}}}}"#
            )
        };
        let mut features = area(r#"{"feature":"floor","id":"f"}"#, [0.0, 0.0, 25.0, 20.0]);
        for (n, [x, y]) in [[0.0, 0.0], [12.5, 0.0], [0.0, 10.0], [12.5, 10.0]].into_iter().enumerate() {
            let properties = format!(r#"{{"feature":"zone","id":"z{n}","floor":"f","kind":"department"}}"#);
            write!(features, ",{}", area(&properties, [x, y, x + 12.5, y + 10.0])).expect("a string grows");
        }
        let receivers: Vec<(String, f64, f64)> =
            (0..12).map(|n| (format!("r{n}"), 3.0 + 6.3 * f64::from(n % 4), 3.0 + 7.0 * f64::from(n / 4))).collect();
        let mut shop = String::from("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n");
        for (id, x, y) in &receivers {
            write!(shop, "[[{kind}]]\nid = \"{id}\"\nfloor = \"f\"\nx = {x:?}\ny = {y:?}\n").expect("a string grows");
        }
        let plan = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
        Self { shop: Shop::parse(&shop, &plan).expect("a right shop"), receivers }
    }

    /// The field of the plan, with four laws, and the one of a survey, with its map and three laws.
    pub(crate) fn fields(&self) -> [Arc<Field>; 2] {
        let learnt = Calibration::of_survey(&self.survey());
        let surveyed = Field::on(&Arc::new(Ground::new(&self.shop)), &self.shop, Some(&learnt));
        [Arc::new(Field::new(&self.shop)), Arc::new(surveyed)]
    }

    /// What all receivers hear of somebody at a place in one slot; the noise is the same in every run.
    pub(crate) fn heard_at(&self, number: i64, x: f64, y: f64) -> Vec<Sighting> {
        let one = |(n, (id, rx, ry)): (usize, &(String, f64, f64))| {
            let noise = f64::from(((number * 31 + n as i64 * 17) % 13) as i32 - 6) * 0.5;
            let mean = Dbm((level(*rx - x, *ry - y) + noise - 59.0) as f32);
            Sighting {
                receiver: id.parse().expect("a slug"),
                transmitter: Transmitter::Anonymous(Pseudonym(1)),
                at: START + Millis(number * SLOT.0 + 100),
                window: Millis::ZERO,
                count: 1,
                rssi: RssiSummary { mean, min: mean, max: mean, variance: None },
                power_at_1m: None,
            }
        };
        self.receivers.iter().enumerate().map(one).collect()
    }

    fn survey(&self) -> Survey {
        let spots = (0..80).map(|n| {
            let point = Point { x: 1.5 + 2.5 * f64::from(n % 10), y: 1.5 + 2.4 * f64::from(n / 10) };
            let heard = self.receivers.iter().map(|(id, rx, ry)| Heard {
                receiver: id.parse().expect("a slug"),
                level: level(rx - point.x, ry - point.y) as f32 + (n % 5) as f32 - 2.0,
                frames: 8,
            });
            Spot {
                floor: "f".parse().expect("a slug"),
                point,
                device: String::from("d"),
                seconds: 4.0,
                heard: heard.collect(),
            }
        });
        Survey { spots: spots.collect() }
    }
}

fn level(right: f64, up: f64) -> f64 {
    -18.0 * right.hypot(up).hypot(1.3).log10() - 4.0
}

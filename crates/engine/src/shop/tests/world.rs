//! A small shop with a truth of its own: where people walk, and what receivers would hear of them.
//!
//! The radio here is written apart from the filter's: free-space loss with other constants, fading and lost frames.

use model::floor::Point;
use model::ids::{DeviceId, ReceiverId};
use model::presence::PresenceKind;
use model::sighting::{RssiSummary, Transmitter};
use model::units::Dbm;

use super::super::*;

pub(in crate::shop) const START: Timestamp = Timestamp(1_700_000_000_000);
pub(in crate::shop) const RECEIVERS: [(&str, f64, f64); 8] = [
    ("r1", 1.0, 1.0),
    ("r2", 12.0, 0.5),
    ("r3", 23.0, 1.0),
    ("r4", 1.0, 11.0),
    ("r5", 12.0, 11.5),
    ("r6", 23.0, 11.0),
    ("r7", 6.5, 6.0),
    ("r8", 18.0, 6.0),
];

/// A bare floor of this size with these receivers.
pub(in crate::shop) fn bare(width: f64, depth: f64, ears: &[(&str, f64, f64, f64)]) -> Arc<Plan> {
    let floor = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"feature":"floor","id":"f"}},"geometry":{{"type":"Polygon","coordinates":[[[0,0],[{width},0],[{width},{depth}],[0,{depth}],[0,0]]]}}}}]}}"#
    );
    let mut shop = String::from("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n");
    for (id, x, y, _) in ears {
        shop += &format!("[[receiver]]\nid = \"{id}\"\nfloor = \"f\"\nx = {x:.1}\ny = {y:.1}\n");
    }
    Arc::new(Plan::parse(&shop, &floor).expect("a right shop"))
}

/// Three departments of 8 x 12 m side by side; the last one's kind can be chosen.
pub(in crate::shop) fn plan(last_kind: &str, zones: &[&str]) -> Arc<Plan> {
    let square = |x0: f64, x1: f64| format!("[[[{x0},0],[{x1},0],[{x1},12],[{x0},12],[{x0},0]]]");
    let feature = |properties: &str, shape: String| {
        format!(
            r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":{shape}}}}}"#
        )
    };
    let mut features = vec![feature(r#"{"feature":"floor","id":"f"}"#, square(0.0, 24.0))];
    for (name, kind, x) in [("a", "department", 0.0), ("b", "department", 8.0), ("c", last_kind, 16.0)] {
        if zones.contains(&name) {
            let properties = format!(r#"{{"feature":"zone","id":"{name}","floor":"f","kind":"{kind}"}}"#);
            features.push(feature(&properties, square(x, x + 8.0)));
        }
    }
    let floor = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let mut shop = String::from(
        "[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\ngap_s = 300\n\
         [[sensor]]\nid = \"door\"\nkind = \"counter-delta\"\nzone = \"a\"\n",
    );
    for (id, x, y) in RECEIVERS {
        shop += &format!("[[receiver]]\nid = \"{id}\"\nfloor = \"f\"\nx = {x:.1}\ny = {y:.1}\n");
    }
    Arc::new(Plan::parse(&shop, &floor).expect("a right shop"))
}

pub(in crate::shop) fn whole_plan() -> Arc<Plan> {
    plan("department", &["a", "b", "c"])
}

/// Where somebody is, second by second; a straight line between two entries.
pub(in crate::shop) type Route = [(f64, f64, f64)];

/// Ten seconds at rest in each department, walking at 1 m a second between them.
pub(in crate::shop) const THROUGH: &Route =
    &[(0.0, 3.0, 6.0), (15.0, 3.0, 6.0), (24.0, 12.0, 6.0), (39.0, 12.0, 6.0), (48.0, 21.0, 6.0), (63.0, 21.0, 6.0)];

pub(in crate::shop) fn at(route: &Route, t: f64) -> Point {
    let next = route.partition_point(|(then, _, _)| *then <= t).clamp(1, route.len() - 1);
    let ((t0, x0, y0), (t1, x1, y1)) = (route[next - 1], route[next]);
    let share = ((t - t0) / (t1 - t0)).clamp(0.0, 1.0);
    Point { x: x0 + (x1 - x0) * share, y: y0 + (y1 - y0) * share }
}

/// Chance by a seed: a plain multiplicative generator is enough for noise.
pub(in crate::shop) struct Chance(pub(in crate::shop) u64);

impl Chance {
    pub(in crate::shop) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }

    /// Close to normal, mean 0 and deviation 1.
    pub(in crate::shop) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

pub(in crate::shop) fn phone() -> Subject {
    Subject::Device(DeviceId(0xfeed))
}

/// What all receivers hear of somebody on a route, in the order of time: a frame each `every_ms`, one of five lost.
pub(in crate::shop) fn sightings(route: &Route, every_ms: i64, seed: u64) -> Vec<Sighting> {
    heard_by(&RECEIVERS.map(|(id, x, y)| (id, x, y, 0.0)), &HALL, route, every_ms, seed)
}

/// How a signal fades, and how weak it may be.
pub(in crate::shop) struct Air {
    pub(in crate::shop) exponent: f64,
    pub(in crate::shop) least_dbm: f64,
}

/// A hall in which everybody hears everything.
pub(in crate::shop) const HALL: Air = Air { exponent: 1.85, least_dbm: -200.0 };

/// The same of receivers at other places, each so many dB louder than usual.
pub(in crate::shop) fn heard_by(
    ears: &[(&str, f64, f64, f64)],
    air: &Air,
    route: &Route,
    every_ms: i64,
    seed: u64,
) -> Vec<Sighting> {
    let mut chance = Chance(seed);
    let end_ms = (route.last().expect("a route").0 * 1_000.0) as i64;
    let mut heard = Vec::new();
    for frame in (0..end_ms).step_by(usize::try_from(every_ms).expect("positive")) {
        for (n, (id, x, y, more)) in ears.iter().enumerate() {
            let when = frame + 17 * n as i64;
            let here = at(route, when as f64 / 1_000.0);
            let metres = (here.x - x).hypot(here.y - y).hypot(1.2).max(0.3);
            let rssi = -62.0 + more - 10.0 * air.exponent * metres.log10() + 3.0 * chance.normal();
            if chance.unit() > 0.2 && rssi > air.least_dbm {
                heard.push(sighting(id, START + Millis(when), rssi.round()));
            }
        }
    }
    heard.sort_by_key(|sighting| sighting.at);
    heard
}

pub(in crate::shop) fn sighting(receiver: &str, at: Timestamp, rssi: f64) -> Sighting {
    let rssi = Dbm(rssi as f32);
    Sighting {
        receiver: ReceiverId::new(receiver).expect("a slug"),
        transmitter: Transmitter::Device(DeviceId(0xfeed)),
        at,
        window: Millis::ZERO,
        count: 1,
        rssi: RssiSummary { mean: rssi, min: rssi, max: rssi, variance: None },
        power_at_1m: Some(-59),
    }
}

pub(in crate::shop) fn shop(plan: &Arc<Plan>) -> Shop {
    let mut shop = Shop::new(Config::new(plan.store.id.clone()), 7);
    shop.handle(Input::Plan(Arc::clone(plan)), START);
    shop
}

/// Feeds sightings, each when it comes, and lets time go on to `until` with every timer met.
pub(in crate::shop) fn play(
    shop: &mut Shop,
    subject: &Subject,
    heard: &[(Timestamp, Sighting)],
    until: Timestamp,
) -> Vec<Command> {
    let mut commands = Vec::new();
    for (now, sighting) in heard {
        wait(shop, *now, &mut commands);
        shop.handle(Input::Sighting { subject: subject.clone(), sighting: sighting.clone() }, *now);
        drain(shop, &mut commands);
    }
    wait(shop, until, &mut commands);
    commands
}

pub(in crate::shop) fn wait(shop: &mut Shop, until: Timestamp, commands: &mut Vec<Command>) {
    while let Some(due) = shop.poll_timeout().filter(|due| *due <= until) {
        shop.handle_timeout(due);
        drain(shop, commands);
    }
}

pub(in crate::shop) fn drain(shop: &mut Shop, commands: &mut Vec<Command>) {
    commands.extend(std::iter::from_fn(|| shop.poll_command()));
}

/// Sightings that come the moment they are heard.
pub(in crate::shop) fn promptly(heard: Vec<Sighting>) -> Vec<(Timestamp, Sighting)> {
    heard.into_iter().map(|sighting| (sighting.at, sighting)).collect()
}

pub(in crate::shop) fn presences(commands: &[Command]) -> Vec<&Presence> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Presence(presence) => Some(presence),
            Command::Position(_)
            | Command::Visit(_)
            | Command::Reading(_)
            | Command::Quiet { .. }
            | Command::Attribution(_)
            | Command::PutBack(_)
            | Command::Occupancy(_) => None,
        })
        .collect()
}

pub(in crate::shop) fn visits(commands: &[Command]) -> Vec<&Visit> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Visit(visit) => Some(visit),
            Command::Presence(_)
            | Command::Position(_)
            | Command::Reading(_)
            | Command::Quiet { .. }
            | Command::Attribution(_)
            | Command::PutBack(_)
            | Command::Occupancy(_) => None,
        })
        .collect()
}

pub(in crate::shop) fn positions(commands: &[Command]) -> Vec<&Position> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Position(position) => Some(position),
            Command::Presence(_)
            | Command::Visit(_)
            | Command::Reading(_)
            | Command::Quiet { .. }
            | Command::Attribution(_)
            | Command::PutBack(_)
            | Command::Occupancy(_) => None,
        })
        .collect()
}

/// What changed, as `zone kind`, in the order told.
pub(in crate::shop) fn story(commands: &[Command]) -> Vec<String> {
    let word = |kind| match kind {
        PresenceKind::Entered => "entered",
        PresenceKind::Dwelling => "dwelling",
        PresenceKind::Left => "left",
    };
    presences(commands).iter().map(|presence| format!("{} {}", presence.zone, word(presence.kind))).collect()
}

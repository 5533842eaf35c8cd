//! Watches the server from outside, and compares what it says with what was true. It estimates nothing itself.

use std::collections::BTreeMap;

use model::ids::ZoneId;
use model::shop::Shop;
use model::time::Timestamp;
use serde_json::Value;

use crate::api::read_time;
use crate::phone::Shown;
use crate::truth::{PersonId, Truth};

/// The newest answers are compared only with a truth at most this old, in milliseconds.
const STALE_MS: i64 = 60_000;

/// An offer that a person saw, and when the person had come into the product's zone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrival {
    pub(super) shown: Shown,
    /// None when the person was not in the zone of the offer's product by then.
    pub(super) entered: Option<Timestamp>,
    pub(super) still_there: bool,
}

/// Everything seen.
#[derive(Debug, Default)]
pub(super) struct Observer {
    pub(super) answers: u64,
    /// Distances between the server's position and the true place at the same moment, in metres.
    pub(super) errors_m: Vec<f64>,
    /// Seconds that somebody who may be located by name was in the shop.
    pub(super) person_seconds: u64,
    /// Of these, how many the server knew a position.
    pub(super) seen_seconds: u64,
    /// Of these, how many the server named the zone where the person was at the moment of the answer.
    pub(super) right_seconds: u64,
    /// Positions of somebody who was not in the shop any more.
    pub(super) ghost_seconds: u64,
    /// Positions under names of people who do not allow it. Must stay 0.
    pub(super) forbidden: u64,
    pub(super) arrivals: Vec<Arrival>,
    /// Sum of the server's own uncertainties, to compare with the errors.
    pub(super) uncertainty_m: Vec<f64>,
}

impl Observer {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A phone has shown an offer.
    pub(super) fn shown(&mut self, truth: &Truth, shop: &Shop, shown: &Shown) {
        let product = shop.offer(&shown.offer).and_then(|offer| offer.product.clone());
        let zone: Option<ZoneId> = product.and_then(|product| shop.product(&product).map(|p| p.zone.clone()));
        let stay = zone.and_then(|zone| truth.entered_zone(shown.person, &zone, shown.at));
        let still_there = stay.is_some_and(|stay| stay.span.to.is_none_or(|to| to >= shown.at));
        self.arrivals.push(Arrival { shown: shown.clone(), entered: stay.map(|stay| stay.span.from), still_there });
    }

    /// The server has said what it sees.
    pub(super) fn seen(&mut self, truth: &Truth, located: &BTreeMap<String, PersonId>, now: &Value) {
        let Some(at) = now["at"].as_str().and_then(read_time) else { return };
        self.answers += 1;
        let mut zones = BTreeMap::new();
        for dot in now["dots"].as_array().into_iter().flatten() {
            let subject = dot["subject"].as_str().unwrap_or_default();
            let Some(person) = located.get(subject) else {
                self.forbidden += u64::from(subject.starts_with("device:"));
                continue;
            };
            self.measure(truth, *person, dot, at);
            zones.insert(*person, dot["zone"].as_str());
        }
        for person in located.values() {
            let inside = truth.is_inside(*person, at);
            let dot = zones.get(person);
            self.ghost_seconds += u64::from(!inside && dot.is_some());
            if inside {
                self.person_seconds += 1;
                self.seen_seconds += u64::from(dot.is_some());
                let right = dot.is_some_and(|zone| *zone == truth.zone(*person, at).map(ZoneId::as_str));
                self.right_seconds += u64::from(right);
            }
        }
    }

    fn measure(&mut self, truth: &Truth, person: PersonId, dot: &Value, now: Timestamp) {
        let (Some(at), Some(x), Some(y)) =
            (dot["at"].as_str().and_then(read_time), dot["x"].as_f64(), dot["y"].as_f64())
        else {
            return;
        };
        if now.since(at).0 > STALE_MS {
            return;
        }
        if let Some(place) = truth.place(person, at) {
            self.errors_m.push((place.point.x - x).hypot(place.point.y - y));
            self.uncertainty_m.extend(dot["uncertaintyM"].as_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use model::ids::{DecisionId, OfferId};
    use model::time::Millis;
    use serde_json::json;

    use super::*;
    use crate::api::rfc3339;
    use crate::phone::Channel;
    use crate::scenario::Scenario;
    use crate::world::World;

    const START: Timestamp = Timestamp(1_795_000_000_000);

    fn world() -> World {
        let demo = Scenario::demo().expect("the embedded files are right");
        let mut world = World::new(demo, 7, START);
        world.step(START + Millis::seconds(90));
        world
    }

    #[test]
    fn a_server_that_knows_the_truth_is_always_right_and_one_metre_off_is_one_metre_off() {
        let world = world();
        let truth = world.truth();
        let at = world.now();
        let inside: Vec<PersonId> = world.people().iter().map(|p| p.id).filter(|id| truth.is_inside(*id, at)).collect();
        let located = inside.iter().map(|id| (format!("device:{:032x}", id.0), *id)).collect();
        let dot = |id: &PersonId| {
            let place = truth.place(*id, at).expect("inside");
            json!({"subject": format!("device:{:032x}", id.0), "x": place.point.x + 1.0, "y": place.point.y,
                "zone": truth.zone(*id, at), "at": rfc3339(at)})
        };
        let dots: Vec<Value> = inside.iter().map(dot).collect();
        let mut observer = Observer::new();
        observer.seen(truth, &located, &json!({"at": rfc3339(at), "dots": dots}));
        assert!(observer.person_seconds > 10);
        assert_eq!(observer.person_seconds, observer.right_seconds);
        assert!(observer.errors_m.iter().all(|error| (error - 1.0).abs() < 1e-6));
        observer.seen(truth, &BTreeMap::new(), &json!({"at": rfc3339(at), "dots": dots}));
        assert_eq!(observer.forbidden, observer.person_seconds, "names that nobody gave are counted");
    }

    #[test]
    fn an_offer_is_measured_from_the_entry_into_the_products_zone() {
        let world = world();
        let truth = world.truth();
        let shop = &world.scenario().shop;
        let wine = ZoneId::new("wine").expect("an id");
        let at = world.now();
        let found = world.people().iter().find_map(|p| Some((p.id, truth.entered_zone(p.id, &wine, at)?)));
        let (person, stay) = found.expect("somebody was at the wine");
        let offer = OfferId::new("barolo").expect("an id");
        let mut observer = Observer::new();
        let shown = Shown { person, decision: DecisionId(1), offer, channel: Channel::Push, at };
        observer.shown(truth, shop, &shown);
        assert_eq!(observer.arrivals[0].entered, Some(stay.span.from));
    }
}

//! What the model sees, in three blocks beside the offer itself: the moment, what has been, the customer.
//!
//! Names are stable: what was learnt hangs on them. A value that is too old is left out and named.

use model::decision::{Around, Block, Feature, Trigger};
use model::signal::Aged;
use model::time::{Millis, Timestamp};

use crate::evaluate::Context;
use crate::gates::Case;
use crate::scene::Scene;

/// Crowding and company are known for so long.
pub const PEOPLE_AGE: Millis = Millis::minutes(2);
/// Speed and distance are known for so long.
pub const MOTION_AGE: Millis = Millis::seconds(30);
/// The weather is known for so long.
pub const WEATHER_AGE: Millis = Millis::hours(3);

/// The surroundings that are fresh enough.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) crowding: Option<f64>,
    pub(crate) speed: Option<f64>,
    pub(crate) distance: Option<f64>,
    pub(crate) company: Option<u32>,
    pub(crate) weather: Option<String>,
    pub(crate) stale: Vec<String>,
}

/// Takes what is fresh enough, and names what is not.
pub(crate) fn around(around: &Around, now: Timestamp) -> Seen {
    let mut stale = Vec::new();
    let seen = Seen {
        crowding: fresh("crowding", around.crowding.as_ref(), PEOPLE_AGE, now, &mut stale).filter(|x| *x >= 0.0),
        speed: fresh("speed", around.speed.as_ref(), MOTION_AGE, now, &mut stale).filter(|x| *x >= 0.0),
        distance: fresh("distance", around.distance_m.as_ref(), MOTION_AGE, now, &mut stale).filter(|x| *x >= 0.0),
        company: fresh("company", around.company.as_ref(), PEOPLE_AGE, now, &mut stale),
        weather: fresh("weather", around.weather.as_ref(), WEATHER_AGE, now, &mut stale),
        stale: Vec::new(),
    };
    Seen { stale, ..seen }
}

fn fresh<T: Clone>(
    name: &str,
    value: Option<&Aged<T>>,
    most: Millis,
    now: Timestamp,
    stale: &mut Vec<String>,
) -> Option<T> {
    let value = value?;
    let fresh = value.within(most, now).cloned();
    if fresh.is_none() {
        stale.push(name.to_owned());
    }
    fresh
}

/// Every kind of thing that the model sees: what the names of features are, or begin with before a colon. Whoever tells
/// people what a choice rests on must know them all.
pub const KINDS: [&str; 27] = [
    "discount",
    "category-offer",
    "price",
    "intent",
    "bought-before",
    "dwell",
    "trigger",
    "zone",
    "hour",
    "weekend",
    "crowding",
    "speed",
    "distance",
    "company",
    "weather",
    "relationship",
    "fatigue",
    "visits",
    "returns",
    "contacts",
    "complaint",
    "wait",
    "muted",
    "a-day",
    "own-channel",
    "own-hours",
    "spend",
];

/// The kind of a feature.
#[must_use]
pub fn kind(name: &str) -> &str {
    name.split_once(':').map_or(name, |(kind, _)| kind)
}

/// What the model sees of the moment, of what has been and of the customer, whatever the offer.
pub(crate) fn common(context: &Context<'_>, scene: &Scene<'_>, seen: &Seen) -> Vec<Feature> {
    let mut list = List(Vec::with_capacity(24));
    let moment = &context.moment;
    list.put(Block::Micro, "dwell", (1.0 + moment.dwell.as_seconds().max(0.0)).ln() / 5.0);
    list.put(Block::Micro, trigger(moment.trigger), 1.0);
    if scene.kind.is_some() {
        list.put(Block::Micro, &format!("zone:{}", moment.zone), 1.0);
    }
    list.put(Block::Micro, part_of_day(scene.local.hour()), 1.0);
    list.put(Block::Micro, "weekend", flag(scene.local.weekday().to_monday_zero_offset() >= 5));
    list.some(Block::Micro, "crowding", seen.crowding.map(|people| people.min(20.0) / 5.0));
    list.some(Block::Micro, "speed", seen.speed.map(|speed| speed.min(3.0)));
    list.some(Block::Micro, "distance", seen.distance.map(|metres| metres.min(100.0) / 10.0));
    list.some(Block::Micro, "company", seen.company.map(|others| f64::from(others.min(5)) / 5.0));
    if let Some(weather) = &seen.weather {
        let plain = weather.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
        let word: String = plain.take(24).collect();
        list.put(Block::Micro, &format!("weather:{word}"), 1.0);
    }
    let person = context.person;
    list.put(Block::Relational, "relationship", person.relationship(context.history, context.now));
    list.put(Block::Relational, "fatigue", scene.fatigue.min(10.0) / 5.0);
    list.put(Block::Relational, "visits", (1.0 + f64::from(person.visits)).ln() / 3.0);
    list.put(Block::Relational, "returns", f64::from(person.returns.min(10)) / 5.0);
    list.put(Block::Relational, "contacts", f64::from(scene.contacts_within(24, context.now).min(10)) / 5.0);
    list.some(Block::Relational, "complaint", person.complaint(context.now));
    list.some(Block::Relational, "wait", person.wait(context.now));
    wishes(&mut list, context);
    list.put(Block::Personal, "spend", (1.0 + person.spend.max(0.0) / 100.0).ln() / 10.0);
    list.0
}

/// What the customer has said of how they want to be told.
fn wishes(list: &mut List, context: &Context<'_>) {
    let said = &context.person.preferences;
    let muted = said.mute_categories.len() + said.mute_brands.len() + said.mute_offers.len();
    if muted > 0 {
        let muted = u32::try_from(muted).unwrap_or(u32::MAX);
        list.put(Block::Personal, "muted", (1.0 + f64::from(muted)).ln() / 3.0);
    }
    list.some(Block::Personal, "a-day", said.a_day_max.map(|most| 1.0 / f64::from(most.max(1))));
    let chosen = said.channels.as_ref().is_some_and(|channels| channels.contains(&context.moment.channel));
    list.some(Block::Personal, "own-channel", chosen.then_some(1.0));
    list.some(Block::Personal, "own-hours", said.quiet.as_ref().map(|_| 1.0));
}

/// How many features there are of each offer.
pub(crate) const OWN: usize = 5;

/// A list for the features of one offer after another, so that their names are written once.
pub(crate) fn slots() -> Vec<Feature> {
    let names: [(Block, &str); OWN] = [
        (Block::Offer, "discount"),
        (Block::Offer, "category-offer"),
        (Block::Offer, "price"),
        (Block::Personal, "intent"),
        (Block::Personal, "bought-before"),
    ];
    let mut list = List(Vec::with_capacity(OWN));
    names.into_iter().for_each(|(block, name)| list.put(block, name, 0.0));
    list.0
}

/// What the model sees of one offer at a discount.
pub(crate) fn own(case: &Case<'_>, price: f64, discount: f64, slots: &mut [Feature]) {
    let share = if price > 0.0 { (discount / price).min(1.0) } else { 0.0 };
    let history = case.context.history.bought();
    let products = case.context.catalogue.products_of(case.index).iter();
    let before = match &case.offer.product {
        Some(product) => history.contains_key(product),
        None => products.into_iter().any(|n| history.contains_key(&case.context.catalogue.products[*n].id)),
    };
    let values: [f64; OWN] =
        [share, flag(case.offer.product.is_none()), (1.0 + price / 100.0).ln() / 5.0, case.intent, flag(before)];
    for (slot, value) in slots.iter_mut().zip(values) {
        slot.value = value;
    }
}

/// All that the model sees of one offer at its declared discount, and what it does not see because it is too old.
#[must_use]
pub fn features(context: &Context<'_>, offer: usize) -> (Vec<Feature>, Vec<String>) {
    let scene = Scene::new(context, false);
    let case = Case::new(context, &scene, offer);
    let product = crate::rank::wanted_product(&case);
    let mut list = slots();
    let price = product.map_or(0.0, |product| crate::rank::cents(product.price));
    own(&case, price, crate::rank::cents(case.offer.discount), &mut list);
    let stale = scene.stale.clone();
    list.extend(scene.common);
    (list, stale)
}

struct List(Vec<Feature>);

impl List {
    fn put(&mut self, block: Block, name: &str, value: f64) {
        debug_assert!(KINDS.contains(&kind(name)), "{name} is of no kind that is known");
        self.0.push(Feature { block, name: name.to_owned(), value });
    }

    fn some(&mut self, block: Block, name: &str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.put(block, name, value);
        }
    }
}

const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

const fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Entered => "trigger:entered",
        Trigger::Dwelling => "trigger:dwelling",
        Trigger::Intent => "trigger:intent",
        Trigger::Pattern => "trigger:pattern",
        Trigger::Asked => "trigger:asked",
    }
}

const fn part_of_day(hour: i8) -> &'static str {
    match hour {
        0..=10 => "hour:morning",
        11..=13 => "hour:midday",
        14..=17 => "hour:afternoon",
        _ => "hour:evening",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOON, World};

    #[test]
    fn what_is_too_old_is_missing_and_named() {
        let mut world = World::new();
        let aged = |value: f64, age: Millis| Some(Aged { value, at: NOON - age });
        world.moment.around.crowding = aged(4.0, PEOPLE_AGE);
        world.moment.around.speed = aged(0.5, Millis(MOTION_AGE.0 + 1));
        world.moment.around.weather = Some(Aged { value: "rain".into(), at: NOON - Millis(WEATHER_AGE.0 + 1) });
        let (seen, stale) = features(&world.context(), 0);
        assert_eq!(stale, ["speed", "weather"]);
        let has = |name: &str| seen.iter().any(|feature| feature.name == name);
        assert!(has("crowding") && !has("speed") && !has("weather:rain"));
    }
}

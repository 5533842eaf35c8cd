//! A small shop and a customer who stands in it, for the tests of this crate.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::consent::Consent;
use model::decision::{Around, Moment, Trigger};
use model::event::Interest;
use model::ids::{CategoryId, CustomerId, DecisionId, OfferId, ProductId, StoreId, VisitId, ZoneId};
use model::offer::{Channel, Lever};
use model::policy::Policy;
use model::shop::Shop;
use model::time::{Millis, Timestamp};
use model::units::Probability;

use crate::brain::Brain;
use crate::catalogue::Catalogue;
use crate::evaluate::Context;
use crate::history::History;
use crate::intent::Intent;
use crate::person::Person;

const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"wine","name":"Wine","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[1,1],[5,1],[5,5],[1,5],[1,1]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"pasta","name":"Pasta","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[6,1],[9,1],[9,5],[6,5],[6,1]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"staff","name":"Staff","floor":"ground","kind":"private"},"geometry":{"type":"Polygon","coordinates":[[[10,1],[12,1],[12,5],[10,5],[10,1]]]}}
]}"#;

const SHOP: &str = r#"
[store]
id = "rome-1"
name = "Rome"
timezone = "Europe/Rome"
holdout = 0.0
words_aside = 0.0

[[product]]
id = "barolo"
name = "Barolo"
category = "wine"
price = 3000
margin = 900
zone = "wine"

[[product]]
id = "chianti"
name = "Chianti"
category = "wine"
price = 1200
margin = 400
zone = "wine"

[[product]]
id = "penne"
name = "Penne"
category = "pasta"
price = 200
margin = 60
zone = "pasta"

[[offer]]
id = "barolo-3"
product = "barolo"
discount = 300
[offer.content.en]
title = "Barolo, 3 euro off"
body = "Today only."
[offer.content.it]
title = "Barolo, 3 euro in meno"
body = "Solo oggi."

[[offer]]
id = "any-wine"
category = "wine"
discount = 100
[offer.content.it]
title = "Un euro su ogni vino"
body = ""

[[offer]]
id = "penne-1"
product = "penne"
discount = 20
[offer.content.en]
title = "Penne, a little less"
body = ""
"#;

/// Wednesday 11 March 2026, 11:00 in Rome.
pub(crate) const NOON: Timestamp = Timestamp(1_773_223_200_000);

/// Everything that a context borrows.
pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) customer: CustomerId,
    pub(crate) consent: Consent,
    pub(crate) intent: Intent,
    pub(crate) history: History,
    pub(crate) granted: BTreeSet<OfferId>,
    pub(crate) moment: Moment,
    pub(crate) now: Timestamp,
    pub(crate) id: DecisionId,
    pub(crate) seed: u64,
    pub(crate) person: Person,
    pub(crate) policy: Policy,
    pub(crate) brain: Brain,
    pub(crate) levers: BTreeMap<OfferId, Lever>,
    prepared: RefCell<Option<&'static Catalogue>>,
}

impl World {
    /// Somebody who looked at Barolo an hour ago and stands before the wine.
    pub(crate) fn new() -> Self {
        let mut intent = Intent::default();
        let earlier = NOON - Millis::hours(1);
        intent.touch(Interest::Viewed, Some(&product("barolo")), Some(&category("wine")), earlier);
        Self {
            shop: Shop::parse(SHOP, FLOOR).expect("the files are right"),
            customer: CustomerId::new("ada").expect("a reference"),
            consent: Consent { locating: true, profiling: true, marketing_push: true },
            intent,
            history: History::default(),
            granted: BTreeSet::new(),
            moment: Moment {
                store: StoreId::new("rome-1").expect("a slug"),
                visit: VisitId(1),
                zone: zone("wine"),
                trigger: Trigger::Dwelling,
                at: NOON,
                dwell: Millis::seconds(8),
                probability: Probability::clamped(0.9),
                pattern: None,
                channel: Channel::Push,
                placement: None,
                around: Around::default(),
            },
            now: NOON,
            id: DecisionId(1),
            seed: 7,
            person: Person::default(),
            policy: Policy::default(),
            brain: Brain::default(),
            levers: BTreeMap::new(),
            prepared: RefCell::new(None),
        }
    }

    /// The shop as it is now, prepared; anew only when it has changed.
    fn catalogue(&self) -> &Catalogue {
        let mut known = self.prepared.borrow_mut();
        match *known {
            Some(known) if **known.shop() == self.shop => known,
            _ => known.insert(Box::leak(Box::new(Catalogue::new(Arc::new(self.shop.clone()))))),
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            catalogue: self.catalogue(),
            person: &self.person,
            policy: &self.policy,
            brain: &self.brain,
            levers: &self.levers,
            seed: self.seed,
            now: self.now,
            id: self.id,
            moment: self.moment.clone(),
            customer: &self.customer,
            consent: self.consent,
            intent: &self.intent,
            history: &self.history,
            granted: &self.granted,
        }
    }
}

pub(crate) fn product(id: &str) -> ProductId {
    ProductId::new(id).expect("a reference")
}

pub(crate) fn category(id: &str) -> CategoryId {
    CategoryId::new(id).expect("a reference")
}

pub(crate) fn zone(id: &str) -> ZoneId {
    ZoneId::new(id).expect("a slug")
}

pub(crate) fn offer(id: &str) -> OfferId {
    OfferId::new(id).expect("a slug")
}

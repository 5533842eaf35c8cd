//! A small shop with a holdout, caps, a pause and budgets, for the tests of this crate.

use std::sync::Arc;

use model::consent::{Consent, ConsentRecord};
use model::ids::{CustomerId, DeviceId, MessageId, ProductId, StoreId, VisitId, ZoneId};
use model::presence::{Presence, PresenceKind, PresenceReason};
use model::shop::Shop as Plan;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::units::Probability;

pub(crate) const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"wine","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[1,1],[5,1],[5,5],[1,5],[1,1]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"pasta","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[6,1],[9,1],[9,5],[6,5],[6,1]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"staff","floor":"ground","kind":"private"},"geometry":{"type":"Polygon","coordinates":[[[10,1],[12,1],[12,5],[10,5],[10,1]]]}}
]}"#;

pub(crate) const SHOP: &str = r#"
[store]
id = "rome-1"
name = "Rome"
timezone = "Europe/Rome"
holdout = 0.0
cap = { times = 3, hours = 24 }

[[receiver]]
id = "r1"
floor = "ground"
x = 3.0
y = 3.0

[[product]]
id = "barolo"
name = "Barolo"
category = "wine"
price = 3000
margin = 900
zone = "wine"

[[product]]
id = "penne"
name = "Penne"
category = "pasta"
price = 2000
margin = 600
zone = "pasta"

[[offer]]
id = "barolo-3"
product = "barolo"
discount = 300
budget = 3
zones = ["wine", "pasta", "staff"]
[offer.content.en]
title = "Barolo, 3 euro off"
body = ""

[[offer]]
id = "penne-1"
product = "penne"
discount = 100
cap = { times = 2, hours = 2 }
[offer.content.en]
title = "Penne, 1 euro off"
body = ""
"#;

/// Wednesday 11 March 2026, 11:00 in Rome.
pub(crate) const NOON: Timestamp = Timestamp(1_773_223_200_000);

pub(crate) fn plan(holdout: f64) -> Arc<Plan> {
    let text = SHOP.replace("holdout = 0.0", &format!("holdout = {holdout:?}"));
    Arc::new(Plan::parse(&text, FLOOR).expect("the files are right"))
}

pub(crate) fn all() -> Consent {
    Consent { locating: true, profiling: true, marketing_push: true }
}

pub(crate) fn record(consent: Consent, at: Timestamp) -> ConsentRecord {
    ConsentRecord { consent, at, text_version: "1".into(), channel: "app".into() }
}

pub(crate) fn presence(zone: &str, kind: PresenceKind, since: Timestamp, at: Timestamp) -> Presence {
    Presence {
        store: store(),
        subject: Subject::Device(DeviceId(1)),
        zone: ZoneId::new(zone).expect("a slug"),
        kind,
        at,
        since,
        probability: Probability::clamped(0.9),
        visit: VisitId(1),
        reason: PresenceReason::default(),
    }
}

pub(crate) fn after(seconds: i64) -> Timestamp {
    NOON + Millis::seconds(seconds)
}

pub(crate) fn store() -> StoreId {
    StoreId::new("rome-1").expect("a slug")
}

pub(crate) fn ada() -> CustomerId {
    CustomerId::new("ada").expect("a reference")
}

pub(crate) fn product(id: &str) -> ProductId {
    ProductId::new(id).expect("a reference")
}

pub(crate) fn message(id: &str) -> MessageId {
    MessageId::new(id).expect("a reference")
}

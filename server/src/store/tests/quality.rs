//! How well people were placed: a day's sums add up, and old days go.

use std::collections::BTreeMap;

use locate::quality::{Quality, ZoneQuality};
use model::ids::ZoneId;

use super::*;

fn quality(seconds: f64) -> Quality {
    let zone = ZoneId::new("wine").expect("an id");
    let truth = BTreeMap::from([(zone.clone(), seconds * 0.75)]);
    let named = ZoneQuality { seconds, uncertainty: seconds * 2.0, truth };
    Quality { seconds, zones: BTreeMap::from([(zone, named)]), ..Quality::default() }
}

/// A day's sums add up under the store's own name, days apart, and what is older than a year goes with the next day.
pub(super) async fn a_day_adds_up(store: &Store) {
    let day = Millis::hours(24);
    let began = Timestamp(NOW.0 - NOW.0.rem_euclid(day.0));
    let add = async |seconds, at| store.add_quality(&shop(), &quality(seconds), at).await.expect("kept");
    add(1.0, began - Millis::hours(24 * 402)).await;
    add(10.0, began).await;
    add(20.0, began + Millis::hours(23)).await;
    add(40.0, began + day).await;
    let days = store.qualities(&shop(), Timestamp(0)).await.expect("read");
    assert_eq!(days, [(began, quality(30.0)), (began + day, quality(40.0))]);
    let last = store.qualities(&shop(), began + day + Millis::hours(1)).await.expect("read");
    assert_eq!(last.len(), 1, "the day that lasts counts whole");
    let other = model::ids::StoreId::new("elsewhere").expect("an id");
    assert!(store.qualities(&other, Timestamp(0)).await.expect("read").is_empty());
}
